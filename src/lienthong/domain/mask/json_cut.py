"""Cutting JSON. Numbers with a fraction or exponent leave as they were written."""

from __future__ import annotations

from typing import Any

import msgspec

from lienthong.domain.grants import RowScope
from lienthong.domain.mask.shape import NESTING_MAX, Tree, unreadable

_DECODER = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode()))
_ENCODER = msgspec.json.Encoder()
_ABSENT = object()


def cut(body: bytes, tree: Tree | None, rows: RowScope | None) -> bytes:
    """`body` cut to `tree` (None = every field) and `rows`; see `Mask.cut_json`."""
    document = _in_scope(_decoded(body), rows)
    if tree is not None:
        document = _cut_object(document, tree) if type(document) is dict else _cut_other(document, tree, 0)
    try:
        return _ENCODER.encode(None if document is _ABSENT else document)
    except RecursionError:
        raise unreadable("it is nested too deep") from None


def found(body: bytes, rows: RowScope | None) -> bytes:
    """Whether `body` holds anything within `rows`; see `Mask.found_json`."""
    document = _in_scope(_decoded(body), rows)
    return b'{"found":false}' if document in (None, {}, []) else b'{"found":true}'


def _decoded(body: bytes) -> Any:
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise unreadable("it is not JSON in UTF-8") from None
    except RecursionError:
        raise unreadable("it is nested too deep") from None


def _cut_object(node: dict[str, Any], tree: Tree, depth: int = 0) -> dict[str, Any]:
    if depth > NESTING_MAX:
        raise unreadable("it is nested too deep")
    kept = {}
    for name, value in node.items():
        if name not in tree:
            continue
        below = tree[name]
        if below is None:
            kept[name] = value
        elif type(value) is dict:
            kept[name] = _cut_object(value, below, depth + 1)
        else:
            value = _cut_other(value, below, depth + 1)
            if value is not _ABSENT:
                kept[name] = value
    return kept


def _cut_other(node: Any, tree: Tree, depth: int) -> Any:
    """A cut array; a plain value where an object is expected is none of the granted fields."""
    if type(node) is not list:
        return _ABSENT
    if depth > NESTING_MAX:
        raise unreadable("it is nested too deep")
    kept = []
    for element in node:
        if type(element) is dict:
            kept.append(_cut_object(element, tree, depth + 1))
        elif type(element) is list:
            kept.append(_cut_other(element, tree, depth + 1))
    return kept


def _in_scope(document: Any, rows: RowScope | None) -> Any:
    if rows is None:
        return document
    document = _scoped(document, rows.field.split("."), rows.values, 0)
    return {} if document is _ABSENT else document


def _scoped(node: Any, path: list[str], values: frozenset[str], depth: int) -> Any:
    """`node` without what lies outside the scope; absent where nothing beneath it along `path` is in scope."""
    if depth > NESTING_MAX:
        raise unreadable("it is nested too deep")
    if type(node) is list:
        kept = [_scoped(element, path, values, depth + 1) for element in node]
        kept = [element for element in kept if element is not _ABSENT]
        return kept if kept or depth == 0 else _ABSENT
    if not path:
        return node if type(node) in (str, int) and str(node) in values else _ABSENT
    if type(node) is not dict or path[0] not in node:
        return _ABSENT
    below = _scoped(node[path[0]], path[1:], values, depth + 1)
    return _ABSENT if below is _ABSENT else {**node, path[0]: below}
