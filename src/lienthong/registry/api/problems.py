"""Errors as ``application/problem+json`` (RFC 9457) with code, cause and remedy in Vietnamese and English."""

from __future__ import annotations

import msgspec
import structlog
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from lienthong.domain.errors import LienthongError
from lienthong.registry.rules.error_page import explain

MEDIA_TYPE = "application/problem+json"
_FRAMEWORK_CODES = {404: "NotFound", 405: "MethodNotAllowed", 413: "TooLarge", 415: "UnsupportedMediaType"}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem: what failed (`detail`), why in general (`cause_*`), what to do (`remedy_*`), which clause."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    cause_vi: str
    cause_en: str
    remedy_vi: str
    remedy_en: str
    clause: str | None = None


def problem(code: str, detail: str, *, clause: str | None = None) -> Response:
    """The answer for `code`."""
    page = explain(code)
    content = Problem(
        type=f"urn:lienthong:error:{code}",
        title=page.cause_en,
        status=page.status,
        code=code,
        detail=detail,
        cause_vi=page.cause_vi,
        cause_en=page.cause_en,
        remedy_vi=page.remedy_vi,
        remedy_en=page.remedy_en,
        clause=clause,
    )
    headers = {"WWW-Authenticate": "Bearer"} if page.status == 401 else {}
    return Response(msgspec.json.encode(content), page.status, headers, MEDIA_TYPE)


async def on_error(_request: Request, error: Exception) -> Response:
    """A coded error of ours."""
    assert isinstance(error, LienthongError)
    return problem(error.code, error.message, clause=error.clause)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """What the framework refuses before a handler is reached."""
    assert isinstance(error, HTTPException)
    return problem(_FRAMEWORK_CODES.get(error.status_code, "BadRequest"), str(error.detail))


async def on_invalid(_request: Request, error: Exception) -> Response:
    """A query parameter of the wrong form. Values are not repeated."""
    assert hasattr(error, "errors")
    places = [".".join(map(str, one["loc"])) for one in error.errors()]
    return problem("BadRequest", f"wrong or missing: {', '.join(places)[:300]}")


async def on_bug(_request: Request, error: Exception) -> Response:
    """An error of ours that nobody foresaw: logged whole, told without inner detail."""
    structlog.get_logger().error("bug", error=type(error).__name__, exc_info=error)
    return problem("Internal", "the registry has failed; nothing was changed")
