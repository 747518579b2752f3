"""Declare a record once: it checks what comes in and describes itself as JSON Schema.

PERSON = Record("CongDan", "Công dân", "Citizen", (
    Field("soDinhDanh", "Số định danh cá nhân", "Personal ID", check=read_personal_id, required=True),
    Field("hoTen", "Họ và tên", "Full name"),
))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lienthong.domain.errors import Malformed
from lienthong.domain.network import DataClass
from lienthong.sdk.problems import bad_input


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    DATE = "date"
    PARTIAL_DATE = "partial-date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLAG = "flag"
    OBJECT = "object"
    LIST = "list"


Check = Callable[[str], object]
"""Reads a text strictly and raises Malformed; its result becomes the value."""

_SCHEMAS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.PARTIAL_DATE: {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"},
    Kind.INTEGER: {"type": "integer"},
    Kind.DECIMAL: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.OBJECT: {"type": "object"},
    Kind.LIST: {"type": "array"},
}
_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.INTEGER: (int,),
    Kind.DECIMAL: (int, float),
    Kind.FLAG: (bool,),
    Kind.OBJECT: (dict,),
    Kind.LIST: (list,),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One named value. `fields` are the parts of an OBJECT or of each item of a LIST (without: a list of texts).

    `length_max` bounds texts (characters) and lists (items).
    """

    name: str
    title_vi: str
    title_en: str
    kind: Kind = Kind.TEXT
    required: bool = False
    check: Check | None = None
    data_class: DataClass = DataClass.BASIC
    fields: tuple[Field, ...] = ()
    length_max: int = 200
    example: Any = None


@dataclass(frozen=True, slots=True)
class Record:
    """A named set of fields. `one_of` names fields of which at least one must be there."""

    name: str
    title_vi: str
    title_en: str
    fields: tuple[Field, ...]
    one_of: tuple[str, ...] = ()


def schema(record: Record) -> dict[str, Any]:
    """JSON Schema 2020-12 of `record`, as OpenAPI 3.1 takes it. The data class is told as ``x-data-class``."""
    described = {"title": record.title_vi, "description": record.title_en, **_object_schema(record.fields)}
    if record.one_of:
        described["anyOf"] = [{"required": [name]} for name in record.one_of]
    return described


def _object_schema(fields: tuple[Field, ...]) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "object", "additionalProperties": False}
    described["properties"] = {field.name: field_schema(field) for field in fields}
    if required := [field.name for field in fields if field.required]:
        described["required"] = required
    return described


def field_schema(field: Field) -> dict[str, Any]:
    """JSON Schema of one field."""
    described: dict[str, Any] = {"title": field.title_vi, "description": field.title_en, **_SCHEMAS[field.kind]}
    described["x-data-class"] = field.data_class.value
    if field.kind is Kind.TEXT:
        described["maxLength"] = field.length_max
    if field.kind is Kind.OBJECT:
        described |= _object_schema(field.fields)
    if field.kind is Kind.LIST:
        described["maxItems"] = field.length_max
        described["items"] = _object_schema(field.fields) if field.fields else {"type": "string"}
    if field.example is not None:
        described["examples"] = [field.example]
    return described


def read(record: Record, document: Mapping[str, Any]) -> dict[str, Any]:
    """The checked values of `document`, absent ones left out; raises Problem (400) naming the field."""
    known = {field.name for field in record.fields}
    for name in document:
        if name not in known:
            raise bad_input(name[:64], vi="Trường không có trong mô tả dịch vụ", en="The service has no such field")
    values = {field.name: _read_field(field, document.get(field.name)) for field in record.fields}
    values = {name: value for name, value in values.items() if value is not None}
    if record.one_of and not any(name in values for name in record.one_of):
        names = ", ".join(record.one_of)
        raise bad_input(record.one_of[0], vi=f"Cần ít nhất một trong các trường: {names}", en=f"Give one of: {names}")
    return values


def _read_field(field: Field, value: Any) -> Any:
    if value is None or value == "":
        if field.required:
            raise bad_input(field.name, vi=f"Thiếu: {field.title_vi}", en=f"Missing: {field.title_en}")
        return None
    expected = _TYPES.get(field.kind, (str,))
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        raise bad_input(field.name, vi="Sai kiểu dữ liệu", en=f"The value must be of kind {field.kind}")
    if isinstance(value, (str, list)) and len(value) > field.length_max:
        raise bad_input(field.name, vi="Quá dài", en=f"Longer than {field.length_max}")
    if field.check is None or not isinstance(value, str):
        return value
    try:
        return field.check(value)
    except Malformed as wrong:
        raise bad_input(field.name, vi=f"Không hợp lệ: {field.title_vi}", en=wrong.message) from None


def undeclared(record: Record, document: Mapping[str, Any]) -> list[str]:
    """Dotted paths of `document` that `record` does not declare. Empty for every right answer."""
    return _undeclared(record.fields, document, "")


def _undeclared(fields: tuple[Field, ...], document: Mapping[str, Any], prefix: str) -> list[str]:
    declared = {field.name: field for field in fields}
    strange = [prefix + name for name in document if name not in declared]
    for name, value in document.items():
        if name in declared and declared[name].fields:
            items = value if isinstance(value, list) else [value]
            for item in items:
                strange += _undeclared(declared[name].fields, item or {}, f"{prefix}{name}.")
    return strange


def paths(record: Record) -> list[str]:
    """The dotted paths of all leaves, as grants name them (lists are transparent)."""
    return _paths(record.fields, "")


def _paths(fields: tuple[Field, ...], prefix: str) -> list[str]:
    found: list[str] = []
    for field in fields:
        found += _paths(field.fields, f"{prefix}{field.name}.") if field.fields else [prefix + field.name]
    return found
