"""Turn declared services into an ASGI application: what a ministry puts behind its node.

    confirm = Operation("POST", "/xac-nhan", …, handler=find)
    application = provider_app([Service("xac-nhan-cong-dan", …, operations=(confirm,))])
    serve(application, parse_listen("127.0.0.1:9101"))

Paths: ``/<service code><operation path>``, ``/<service code>/openapi.json``, ``/health``. The application believes
the headers in which the node says who asks and why: nobody but the organisation's own node may reach it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lienthong.domain.grants import Reason
from lienthong.sdk.contract import openapi_document
from lienthong.sdk.operations import Asked, Given, Limits, Operation, Service
from lienthong.sdk.problems import Problem, bad_input
from lienthong.sdk.records import Kind, Record, read, undeclared

_log = logging.getLogger("lienthong.sdk")
Application = Starlette
"""An ASGI application."""
_Endpoint = Callable[[Request], Awaitable[Response]]


def provider_app(
    services: Sequence[Service],
    *,
    health: Callable[[], Mapping[str, Any]] = dict,
    limits: Limits | None = None,
    close: Callable[[], None] | None = None,
) -> Application:
    """The application of `services`. `health` adds to the health answer; `close` runs once when it stops."""
    bounds = limits or Limits()
    routes = [Route("/health", _health(health), methods=["GET"])]
    for service in services:
        routes.append(Route(f"/{service.code}/openapi.json", _contract(service), methods=["GET"]))
        for operation in service.operations:
            path = f"/{service.code}{operation.path}"
            routes.append(Route(path, _endpoint(operation, bounds), methods=[operation.method]))
    handlers: dict[Any, Any] = {Problem: _problem_answer, HTTPException: _http_answer, Exception: _bug_answer}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=_closing(close))


def _closing(close: Callable[[], None] | None) -> Any:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        if close is not None:
            close()

    return lifespan


def _endpoint(operation: Operation, limits: Limits) -> _Endpoint:
    async def answer(request: Request) -> Response:
        reason = _reason(request)
        _require_reason(operation, reason)
        values = read(operation.takes, await _inputs(request, operation, limits))
        asked = Asked(values, reason, request.headers.get("x-road-client"), request.headers.get("x-road-id"))
        given = await run_in_threadpool(operation.handler, asked)
        strange = undeclared(operation.gives, given.document)
        assert not strange, f"{operation.path} answers fields that it does not declare: {strange}"
        return JSONResponse(given.document, headers=_age_headers(given))

    return answer


def _reason(request: Request) -> Reason:
    headers = request.headers
    return Reason(
        purpose=headers.get("lienthong-purpose"),
        procedure=headers.get("lienthong-procedure"),
        case=headers.get("lienthong-case"),
        officer=headers.get("x-road-userid"),
    )


def _require_reason(operation: Operation, reason: Reason) -> None:
    if operation.needs_officer and not reason.officer:
        raise Problem(400, "OfficerMissing", vi="Thiếu cán bộ tra cứu", en="X-Road-UserId must name the officer")
    if operation.needs_procedure and not reason.procedure:
        raise Problem(
            400, "ProcedureMissing", vi="Thiếu mã thủ tục", en="Lienthong-Procedure must name the procedure"
        )


async def _inputs(request: Request, operation: Operation, limits: Limits) -> dict[str, Any]:
    if operation.method == "GET":
        return _from_url(request, operation.takes, limits)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "ContentTypeUnknown", vi="Nội dung phải là application/json", en="Send application/json")
    body = await _bounded_body(request, limits)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "BodyNotJson", vi="Nội dung không phải JSON", en="The body is no JSON object") from None


def _from_url(request: Request, takes: Record, limits: Limits) -> dict[str, Any]:
    if len(request.url.query) > limits.query_bytes_max:
        raise Problem(
            414, "QueryTooLong", vi="Tham số quá dài", en=f"The query has over {limits.query_bytes_max} bytes"
        )
    pairs = [*request.path_params.items(), *request.query_params.multi_items()]
    if len({name for name, _ in pairs}) < len(pairs):
        raise Problem(400, "ParameterTwice", vi="Tham số bị lặp", en="A parameter is given twice")
    kinds = {field.name: field.kind for field in takes.fields}
    return {name: _typed(name, value, kinds.get(name, Kind.TEXT)) for name, value in pairs}


def _typed(name: str, value: str, kind: Kind) -> Any:
    if kind is not Kind.INTEGER:
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise bad_input(name, vi="Phải là số nguyên", en="The value must be a whole number")
    return int(value)


async def _bounded_body(request: Request, limits: Limits) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.body_bytes_max:
            en = f"The body has over {limits.body_bytes_max} bytes"
            raise Problem(413, "BodyTooLarge", vi="Nội dung quá lớn", en=en)
    return bytes(body)


def _age_headers(given: Given) -> dict[str, str]:
    headers = {"Lienthong-Data-As-Of": instant(given.as_of_ms), "Lienthong-Method": "online"}
    if given.valid_until_ms is not None:
        headers["Lienthong-Valid-Until"] = instant(given.valid_until_ms)
    return headers


def instant(at_ms: int) -> str:
    """ISO 8601, UTC, milliseconds: ``2021-03-10T02:00:00.000Z``."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _contract(service: Service) -> _Endpoint:
    document = openapi_document(service)

    async def answer(_: Request) -> Response:
        return JSONResponse(document)

    return answer


def _health(health: Callable[[], Mapping[str, Any]]) -> _Endpoint:
    async def answer(_: Request) -> Response:
        return JSONResponse({"status": "ok", **health()})

    return answer


async def _problem_answer(_: Request, problem: Problem) -> Response:
    return JSONResponse(problem.document(), status_code=problem.status)


async def _http_answer(_: Request, problem: HTTPException) -> Response:
    code = {404: "OperationUnknown", 405: "MethodUnknown"}.get(problem.status_code, "RequestRefused")
    said = Problem(
        problem.status_code, code, vi="Dịch vụ không có thao tác này", en="The service has no such operation"
    )
    return JSONResponse(said.document(), status_code=problem.status_code, headers=problem.headers)


async def _bug_answer(_: Request, error: Exception) -> Response:
    _log.error("provider failed: %s", type(error).__name__)
    said = Problem(500, "InternalError", vi="Lỗi hệ thống, hãy báo đơn vị cung cấp", en="Tell the provider")
    return JSONResponse(said.document(), status_code=500)
