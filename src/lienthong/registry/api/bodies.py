"""Request and answer bodies: strict msgspec structs, one for the API and the import alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from lienthong.domain.errors import Malformed
from lienthong.registry.api.problems import Problem

T = TypeVar("T")
REF = "#/components/schemas/{name}"


def body(kind: type[T]) -> Any:
    """A dependency that reads the JSON body as `kind`; raises Malformed (``InvalidDocument``)."""

    async def read(request: Request) -> T:
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/json":
            raise Malformed("UnsupportedMediaType", "the body must be application/json")
        raw = await request.body()
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed("InvalidDocument", f"the body: {error}") from None

    return Depends(read)


def answer(content: Any, status: int = 200) -> Response:
    """`content` (struct or list of structs) as JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def described(*, takes: type | None = None, gives: Any, status: int = 200) -> dict[str, Any]:
    """Arguments of a route that put the bodies' schemas into the OpenAPI document."""
    extra: dict[str, Any] = {}
    if takes is not None:
        schema = {"$ref": REF.format(name=takes.__name__)}
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    schemas, _ = msgspec.json.schema_components([gives], ref_template=REF)
    good = {"description": "done", "content": {"application/json": {"schema": schemas[0]}}}
    bad = {
        "description": "refused: see code, cause and remedy",
        "content": {"application/problem+json": {"schema": {"$ref": REF.format(name=Problem.__name__)}}},
    }
    responses: dict[int | str, dict[str, Any]] = {status: good, "4XX": bad}
    return {"openapi_extra": extra, "responses": responses, "response_model": None, "status_code": status}


def components(structs: Sequence[type]) -> dict[str, Any]:
    """JSON schemas of `structs` and what they are made of."""
    return msgspec.json.schema_components([*structs, Problem], ref_template=REF)[1]
