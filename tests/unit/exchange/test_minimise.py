"""Nothing outside the granted fields leaves, whatever the service answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.grants import CALL, GRANT
from tests.doubles.values import replace

from lienthong.domain.decision import Permit, QuotaWindows, compile_grant, decide
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.domain.grants import AnswerForm, RowScope
from lienthong.exchange.minimise import ServiceAnswer, minimise

JSON = [(b"Content-Type", b"application/json; charset=utf-8")]
NAMES = ("hoTen", "ngaySinh", "noiO", "tinh", "so")
ROWS = RowScope("tinh", frozenset({"01"}))


def permit(fields: tuple[str, ...] | None, **changes: Any) -> Permit:
    return decide((compile_grant(replace(GRANT, fields=fields, **changes)),), CALL, QuotaWindows(10))


def answer(body: bytes | None, headers: list[tuple[bytes, bytes]] = JSON, status: int = 200) -> ServiceAnswer:
    return ServiceAnswer(status, b"OK", headers, body)


def paths(node: Any, prefix: str = "") -> set[str]:
    """Dotted paths of all leaves; arrays are transparent."""
    if isinstance(node, dict):
        return {path for name, value in node.items() for path in paths(value, f"{prefix}.{name}" if prefix else name)}
    if isinstance(node, list):
        return {path for value in node for path in paths(value, prefix)}
    return {prefix} if prefix else set()


documents = st.recursive(
    st.one_of(st.none(), st.integers(0, 9), st.sampled_from(["01", "79", "x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)),
    max_leaves=20,
)
masks = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(".".join), min_size=1, max_size=4).map(
    tuple
)


@given(masks, documents, st.sampled_from([200, 201, 206, 299]))
def test_only_granted_fields_leave(fields: tuple[str, ...], document: Any, status: int) -> None:
    body = json.dumps(document).encode()
    try:
        left = minimise(permit(fields), answer(body, status=status)).body
    except LienthongError:
        return
    for path in paths(json.loads(left or b"null")):
        assert any(path == field or path.startswith(f"{field}.") for field in fields), path


@given(masks, documents, st.sampled_from([301, 400, 404, 500, 503]))
def test_of_an_error_only_its_general_members_leave(fields: tuple[str, ...], document: Any, status: int) -> None:
    body = json.dumps({"title": "sai", "chiTiet": document, "hoTen": document}).encode()
    left = minimise(permit(fields), answer(body, status=status)).body
    assert json.loads(left or b"{}") == {"title": "sai"}


@given(documents)
def test_yes_or_no_is_all_that_leaves(document: Any) -> None:
    left = minimise(permit(None, answer_form=AnswerForm.YES_NO), answer(json.dumps(document).encode()))
    assert left.body in (b'{"found":true}', b'{"found":false}')
    assert left.headers == [(b"content-type", b"application/json")]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([(b"Content-Type", b"text/plain")], b"hoTen=A"),
        ([], b'{"hoTen":"A"}'),
        ([*JSON, (b"Content-Encoding", b"gzip")], b"\x1f\x8b"),
        (JSON, b"nonsense"),
        ([(b"Content-Type", b"application/xml")], b"<a>"),
        ([(b"Content-Type", b"application/xml")], b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'),
    ],
    ids=["text", "no type", "compressed", "not JSON", "not XML", "DTD"],
)
@pytest.mark.parametrize("how", [{"fields": ("hoTen",)}, {"fields": None, "row_scope": ROWS}], ids=["fields", "rows"])
def test_what_cannot_be_cut_does_not_leave(headers: list[tuple[bytes, bytes]], body: bytes, how: Any) -> None:
    with pytest.raises(Unavailable, match="ServiceFailed"):
        minimise(permit(**how), answer(body, headers))


def test_where_everything_may_leave_nothing_is_read() -> None:
    given_answer = answer(b"\x00anything", [(b"Content-Type", b"image/tiff")])
    assert minimise(permit(None), given_answer) is given_answer


def test_an_answer_without_body_passes() -> None:
    given_answer = answer(None, [], 204)
    assert minimise(permit(("hoTen",)), given_answer) == given_answer


def test_xml_is_cut() -> None:
    xml = b"<nguoi><hoTen>A</hoTen><ngaySinh>1990</ngaySinh></nguoi>"
    left = minimise(permit(("hoTen",)), answer(xml, [(b"content-type", b"application/soap+xml")])).body
    assert left is not None
    assert b"hoTen" in left
    assert b"1990" not in left


def test_digests_of_the_uncut_answer_do_not_leave() -> None:
    """They say what was cut away to whoever can guess it."""
    headers = [*JSON, (b"ETag", b'"x"'), (b"Content-Digest", b"sha-256=:x:"), (b"X-Own", b"1")]
    left = minimise(permit(("hoTen",)), answer(b'{"hoTen":"A","ngaySinh":"1990"}', headers))
    assert left.headers == [*JSON, (b"X-Own", b"1")]


@pytest.mark.parametrize(("status", "body"), [(500, b"{}"), (200, None), (200, b"x")])
def test_neither_yes_nor_no(status: int, body: bytes | None) -> None:
    with pytest.raises(Unavailable):
        minimise(permit(None, answer_form=AnswerForm.YES_NO), answer(body, status=status))
