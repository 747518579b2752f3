"""Usual headers are read as the long way reads them; whatever is not usual is left to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed
from lienthong.wire import header_line as u
from lienthong.wire import headers as h
from lienthong.wire import message as m

TARGET = b"/r1/VN/GOV/G01/dan-cu/tra-cuu/ho-so"
CLIENT = (b"X-Road-Client", b"VN/PROV/H26/mot-cua")

_NAMES = st.sampled_from(
    [
        *(name.title() for name in sorted(h.REQUEST_DROPS | h.RESPONSE_DROPS)),
        *(b"X-Road-Id x-road-id X-Road-Client X-Road-UserId X-Road-Issue Accept X-Other Content-Type".split()),
        *(b"Lienthong-Purpose Lienthong-Case Lienthong-Fields X-Road-Represented-Party".split()),
        b"a b",
        b"",
    ]
)
_VALUES = st.one_of(
    st.sampled_from([b"VN/PROV/H26/mot-cua", b"VN", b"", b"a\rb", b"a\nb", b"a\x00b", b"\tv", b"\xff", b"a,b.c"]),
    st.binary(max_size=12),
    st.just(b"x" * 1100),
)
HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=6)


@given(HEADERS, st.booleans())
@settings(max_examples=400)
def test_usual_headers_of_a_system_are_read_the_same(headers: list[tuple[bytes, bytes]], named: bool) -> None:
    headers = [CLIENT, *headers] if named else headers
    usual = u.usual_of_system(headers)
    if usual is None:
        return
    assert usual.read == h.read_request_headers(headers)
    for generated in (None, "VN-made"):
        ids = {"request_id": "r-1", "generated_id": generated}
        quick = m.usual_request_part(b"POST", TARGET, usual.lines, **ids)
        assert quick == m.request_header_part(b"POST", TARGET, headers=headers, **ids)


def _outcome(read: Callable[[bytes], object], part: bytes) -> object:
    try:
        return read(part)
    except Malformed as broken:
        return broken.code, broken.message


@given(HEADERS, st.sampled_from([b"POST", b"PSOT", b"GET"]), st.sampled_from([TARGET, b"/r1/x", TARGET + b"\r"]))
@settings(max_examples=400)
def test_a_header_part_is_read_the_same(headers: list[tuple[bytes, bytes]], method: bytes, target: bytes) -> None:
    lines = [b"%b:%b" % header for header in [CLIENT, *headers]]
    part = b"\r\n".join([method, target, *lines, b"x-road-request-id:r-1", b"x-road-id:a", b""])
    found, expected = (_outcome(read, part) for read in (m.parse_request_part, m._unusual_request))
    assert found == expected


@given(HEADERS)
def test_the_lines_of_a_service_are_kept_the_same(headers: list[tuple[bytes, bytes]]) -> None:
    usual = u.usual_of_service(headers)
    if usual is not None:
        kept = h.kept_response_headers(headers)
        assert usual == b"".join(b"%b:%b\r\n" % header for header in kept)


def test_the_common_case_is_usual() -> None:
    headers = [CLIENT, (b"Content-Type", b"application/json"), (b"X-Road-UserId", b"cb-7"), (b"Host", b"nut")]
    usual = u.usual_of_system(headers)
    assert usual is not None
    travelling = [b"X-Road-Client:VN/PROV/H26/mot-cua", b"Content-Type:application/json", b"X-Road-UserId:cb-7", b""]
    assert usual.lines == b"\r\n".join(travelling)
    assert u.usual_of_part(usual.lines.split(b"\r\n")[:-1]) is not None


def test_bounds_are_those_of_the_long_way() -> None:
    many = [CLIENT, *[(b"X-A", b"1")] * h.HEADERS_MAX]
    long = [CLIENT, *[(b"X-A", b"1" * 500)] * 65]
    for headers in (many, [*long[:64], (b"X-B", b"1" * (h.HEADER_BYTES_MAX - 63 * 507))]):
        assert u.usual_of_system(headers) is None
        with pytest.raises(Malformed):
            h.read_request_headers(headers)


def test_what_differs_in_each_message_is_not_remembered() -> None:
    before = len(u._BY_HEADER.known)
    for number in range(50):
        assert u.line_of_header((b"X-Road-Id", b"id-%d" % number)) is not None
        assert u.line_of_header((b"Lienthong-Case", b"H26-%d" % number)) is not None
    assert len(u._BY_HEADER.known) == before
