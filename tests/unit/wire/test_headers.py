"""Which headers travel and what the protocol headers say: outside vectors, bounds, tricks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import load

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import MemberId, NodeId, RepresentedParty, SystemId
from lienthong.wire import headers as h
from lienthong.wire.message import parse_response_part, request_header_part, response_header_part
from lienthong.wire.parts import ResponseIds
from lienthong.wire.request_line import parse_request_line

VECTORS: dict[str, Any] = load("xroad-rest/headers.json")
CLIENT = (b"X-Road-Client", b"VN/GOV/H26/mot-cua")
SERVICE = parse_request_line(b"GET", b"/r1/VN/GOV/G01/dan-cu/xac-nhan").service
IDS = ResponseIds("a-1", SystemId("VN", "GOV", "H26", "mot-cua"), SERVICE, "xid", b"aGFzaA==")


def test_drop_list() -> None:
    assert {name.encode() for name in VECTORS["drop_both_ways"]} == h.HOP_HEADERS


def through(row: dict[str, Any]) -> list[bytes]:
    """The values with which header `row` comes out of the node of its direction."""
    name, value = row["name"].encode(), row.get("value", "some-value").encode()
    kept = h.kept_request_headers if row["direction"] == "request" else h.kept_response_headers
    before, after = (b"A", b"1"), (b"B", b"2")
    out = kept((before, (name, value), after))
    assert out[0] == before and out[-1] == after
    return [found for lower, found in out if lower.lower() == name.lower()]


@pytest.mark.parametrize("row", VECTORS["headers"], ids=lambda row: row["id"])
def test_header(row: dict[str, Any]) -> None:
    expect, value = row["expect"], row.get("value", "some-value").encode()
    if expect in ("drop", "not to be taken from the service") or expect.startswith("drop and replace"):
        assert through(row) == []
    elif expect in ("pass unchanged", "exactly one", "kept; service and client see the same value"):
        assert through(row) == [value]
    elif expect == "same as X-Road-Client":
        assert h.read_request_headers([(row["name"].encode(), value)]) == h.read_request_headers(
            [(b"X-Road-Client", value)]
        )
    elif expect == "consumer server makes <instance>-<uuid>, service and client see it":
        part = request_header_part(b"GET", b"/r1/x", headers=[CLIENT], request_id="r", generated_id="VN-uuid")
        assert part.endswith(b"x-road-id:VN-uuid\r\n")
    else:
        assert expect.startswith("replace by the ")
        part = response_header_part(200, b"OK", headers=[(row["name"].encode(), value)], ids=IDS)
        assert part.lower().count(row["name"].lower().encode() + b":") == 1
        assert value not in part
        parsed = parse_response_part(part)
        assert (parsed.message_id, parsed.service, parsed.request_id) == ("a-1", SERVICE, "xid")


@pytest.mark.parametrize("row", VECTORS["added"], ids=lambda row: row["id"])
def test_added(row: dict[str, Any]) -> None:
    if row["direction"] == "request":
        part = request_header_part(b"GET", b"/x", headers=[CLIENT], request_id="r", generated_id="g")
    else:
        part = response_header_part(200, b"OK", headers=[(b"A", b"1")], ids=IDS)
    names = [line.partition(b":")[0].decode() for line in part.split(b"\r\n")[3:-1]]
    assert names == [name.removesuffix(" if the client sent none") for name in row["order"][1:]]


@pytest.mark.parametrize("row", VECTORS["uniqueness"], ids=lambda row: row["id"])
def test_uniqueness(row: dict[str, Any]) -> None:
    headers = [CLIENT, (b"X-Road-Id", b"same")]
    parts = {request_header_part(b"GET", b"/x", headers=headers, request_id=made) for made in ("one", "two")}
    assert len(parts) == 2, row["expect"]


def test_everything_that_is_read() -> None:
    read = h.read_request_headers(
        [
            CLIENT,
            (b"X-Road-Id", b"a-1"),
            (b"X-Road-UserId", b"VN001085012345"),
            (b"X-Road-Issue", "hồ sơ".encode()),
            (b"X-Road-Security-Server", b"VN/GOV/G01/nut-1"),
            (b"X-Road-Represented-Party", b"GOV/H26.14"),
            (b"Lienthong-Purpose", b"giai-quyet-tthc"),
            (b"Lienthong-Procedure", b"1.004199"),
            (b"Lienthong-Case", b"000.00.01.H26-210310-0001"),
            (b"Lienthong-Fields", b"hoTen, thua.soTo,hoTen"),
            (b"Accept", b"text/xml"),
            (b"accept", b"application/json"),
        ]
    )
    assert read == h.RequestHeaders(
        SystemId("VN", "GOV", "H26", "mot-cua"),
        "a-1",
        "VN001085012345",
        "hồ sơ",
        NodeId("VN", "GOV", "G01", "nut-1"),
        RepresentedParty("GOV", "H26.14"),
        Reason("giai-quyet-tthc", "1.004199", "000.00.01.H26-210310-0001", "VN001085012345"),
        ("hoTen", "thua.soTo"),
        (b"text/xml", b"application/json"),
    )


def test_the_least() -> None:
    read = h.read_request_headers([(b"x-road-client", b"VN/GOV/H26")])
    assert read == h.RequestHeaders(MemberId("VN", "GOV", "H26"), None, None, None, None, None, Reason(), (), ())


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "InvalidClientIdentifier"),
        ([(b"X-Road-Client", b"")], "InvalidClientIdentifier"),
        ([(b"X-Road-Client", b"VN/GOV")], "InvalidClientIdentifier"),
        ([(b"X-Road-Client", b"VN/GOV/\xff")], "InvalidClientIdentifier"),
        ([CLIENT, (b"X-ROAD-CLIENT", b"VN/GOV/H27/x")], "DuplicateHeaderField"),
        ([CLIENT, (b"X-Road-Id", b"1"), (b"x-road-id", b"2")], "DuplicateHeaderField"),
        ([CLIENT, (b"Lienthong-Purpose", b"a"), (b"Lienthong-Purpose", b"b")], "DuplicateHeaderField"),
        ([CLIENT, (b"X-Road-Id", b"")], "BadRequest"),
        ([CLIENT, (b"X-Road-Id", b"a" * 300)], "BadRequest"),
        ([CLIENT, (b"X-Road-Id", b"a\x00b")], "BadRequest"),
        ([CLIENT, (b"X-Road-UserId", b"a" * 1025)], "BadRequest"),
        ([CLIENT, (b"X-Road-Represented-Party", b"a/b/c")], "BadRequest"),
        ([CLIENT, (b"X-Road-Security-Server", b"a/b")], "BadRequest"),
        ([CLIENT, (b"Lienthong-Fields", b"a,,b")], "BadRequest"),
        ([CLIENT, (b"Lienthong-Fields", b"a..b")], "BadRequest"),
        ([CLIENT, (b"Lienthong-Fields", b".".join([b"a"] * 17))], "BadRequest"),
        ([CLIENT, (b"Lienthong-Fields", b",".join(b"f%d" % n for n in range(300)))], "BadRequest"),
        ([CLIENT, (b"Lienthong-Fields", b"\xff")], "BadRequest"),
        ([CLIENT, (b"X-Road-UserId", b"\xff")], "BadRequest"),
        ([CLIENT, (b"X-A", b"a\r\nX-Road-Client: b")], "BadRequest"),
        ([CLIENT, (b"X-A", b"a\nb")], "BadRequest"),
        ([CLIENT, (b"X-A", b"a\x00b")], "BadRequest"),
        ([CLIENT, (b"bad name", b"x")], "BadRequest"),
        ([CLIENT, (b"bad:name", b"x")], "BadRequest"),
        ([CLIENT, (b"", b"x")], "BadRequest"),
        ([CLIENT, *[(b"X-A", b"1")] * 64], "BadRequest"),
        ([CLIENT, (b"X-A", b"a" * 33_000)], "BadRequest"),
    ],
)
def test_broken_headers_are_refused(headers: list[h.Header], code: str) -> None:
    with pytest.raises(Malformed) as refused:
        h.read_request_headers(headers)
    assert refused.value.code == code


def test_the_same_value_twice_is_one_value() -> None:
    assert h.read_request_headers([CLIENT, CLIENT]).client == SystemId("VN", "GOV", "H26", "mot-cua")


NAMES = st.sampled_from([b"X-Road-Id", b"Host", b"x-road-error", b"X-A", b"Lienthong-Clause", b"Connection"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8)), max_size=10))
def test_filters_keep_order_and_are_idempotent(headers: list[h.Header]) -> None:
    for kept in (h.kept_request_headers, h.kept_response_headers):
        once = kept(headers)
        assert kept(once) == once
        rest = iter(headers)
        assert all(any(header == other for other in rest) for header in once)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8)), max_size=10))
def test_headers_that_are_read_can_be_written(headers: list[h.Header]) -> None:
    given_headers = [CLIENT, *headers]
    try:
        h.read_request_headers(given_headers)
    except Malformed:
        return
    assert request_header_part(b"GET", b"/r1/x", headers=given_headers, request_id="r")
