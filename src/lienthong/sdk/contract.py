"""The OpenAPI 3.1 document of a declared service: the same declaration that checks the inputs describes them."""

from __future__ import annotations

import re
from typing import Any

from lienthong.sdk.operations import Operation, Service
from lienthong.sdk.records import Record, field_schema, schema

_IN_PATH = re.compile(r"\{(\w+)\}")
_PROBLEM = {
    "type": "object",
    "required": ["code", "title", "message"],
    "properties": {
        "code": {"type": "string", "description": "CamelCase, documented"},
        "title": {"type": "string", "description": "Nguyên nhân và cách khắc phục"},
        "message": {"type": "string", "description": "Cause and remedy"},
        "field": {"type": "string", "description": "Trường có lỗi"},
    },
}
_REASON_HEADERS = (
    ("Lienthong-Procedure", "Mã thủ tục hành chính", "needs_procedure"),
    ("X-Road-UserId", "Cán bộ tra cứu", "needs_officer"),
)
_AGE_HEADERS = {
    "Lienthong-Data-As-Of": {
        "description": "Thời điểm của dữ liệu (NĐ 47/2020/NĐ-CP Điều 41)",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Lienthong-Method": {"description": "Hình thức chia sẻ", "schema": {"type": "string"}},
}


def openapi_document(service: Service) -> dict[str, Any]:
    """The document that is registered with the service and answered at ``/<code>/openapi.json``."""
    paths: dict[str, dict[str, Any]] = {}
    records: dict[str, Record] = {}
    for operation in service.operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, service)
        records[operation.gives.name] = operation.gives
        if operation.method != "GET":
            records[operation.takes.name] = operation.takes
    return {
        "openapi": "3.1.0",
        "info": {
            "title": service.title_vi,
            "description": service.title_en,
            "version": service.version,
            "x-data-class": service.data_class.value,
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": {"Problem": _PROBLEM, **{name: schema(found) for name, found in records.items()}}},
    }


def _operation(operation: Operation, service: Service) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{service.code}{operation.path}".replace("/", "_").replace("{", "").replace("}", ""),
        "summary": operation.summary_vi,
        "description": operation.summary_en,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.reads_only and operation.method != "GET":
        described["x-reads-only"] = True
    if operation.method != "GET":
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{operation.takes.name}"}}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    in_path = set(_IN_PATH.findall(operation.path))
    found: list[dict[str, Any]] = []
    if operation.method == "GET":
        for field in operation.takes.fields:
            place = "path" if field.name in in_path else "query"
            required = place == "path" or field.required
            found.append({"name": field.name, "in": place, "required": required, "schema": field_schema(field)})
    for name, meaning, flag in _REASON_HEADERS:
        if getattr(operation, flag):
            plain = {"type": "string"}
            found.append({"name": name, "in": "header", "required": True, "description": meaning, "schema": plain})
    return found


def _responses(operation: Operation) -> dict[str, Any]:
    answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{operation.gives.name}"}}}
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "200": {"description": operation.gives.title_vi, "headers": _AGE_HEADERS, "content": answer},
        "default": {"description": "Lỗi có mã", "content": problem},
    }
