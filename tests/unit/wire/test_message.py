"""Header parts, hashes and parsing: outside vectors bit by bit, and laws."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.values import replace
from tests.vectors import load

from lienthong.domain.errors import Malformed, Unproven
from lienthong.domain.identifiers import MemberId, ServiceId, SystemId
from lienthong.wire import message as m
from lienthong.wire import parts as p

VECTORS: dict[str, Any] = load("xroad-rest/message.json")
SERVICE = ServiceId("VN", "GOV", "G01", "dan-cu", "xac-nhan")
IDS = p.ResponseIds("a-1", SystemId("VN", "GOV", "H26", "mot-cua"), SERVICE, "xid", b"aGFzaA==")
TARGET = b"/r1/VN/GOV/G01/dan-cu/xac-nhan"
CLIENT = (b"X-Road-Client", b"VN/GOV/H26/mot-cua")


def pairs(rows: list[list[str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in rows]


def digest(content: bytes) -> bytes:
    return hashlib.sha512(content).digest()


def part_of(row: dict[str, Any]) -> bytes:
    target = row["path"] if row["query"] is None else f"{row['path']}?{row['query']}"
    return m.request_header_part(
        row["method"].encode(),
        target.encode(),
        headers=pairs(row["headers"]),
        request_id=row["request_id"],
        generated_id=row.get("generated_id"),
    )


@pytest.mark.parametrize("row", VECTORS["requests"], ids=lambda row: row["id"])
def test_request(row: dict[str, Any]) -> None:
    part = part_of(row)
    assert part == row["header_part"].encode()
    assert base64.b64encode(digest(part)).decode() == row["header_part_sha512_base64"]
    body = base64.b64decode(row["body_base64"]) if "body_base64" in row else None
    assert m.request_hash(digest(part), None if body is None else digest(body)).decode() == row["request_hash"]
    assert m.metadata_only_part(part) == row["metadata_only_part"].encode()


@pytest.mark.parametrize("row", VECTORS["requests"], ids=lambda row: row["id"])
def test_request_reads_back(row: dict[str, Any]) -> None:
    parsed = m.parse_request_part(part_of(row))
    stated = dict(row["headers"])
    message_id = row.get("generated_id") or stated.get("X-Road-Id") or stated["x-road-id"]
    assert parsed.exchange_ids() == (message_id, row["request_id"])
    assert (parsed.line.method, parsed.line.path, parsed.line.query) == (row["method"], row["path"], row["query"])


@pytest.mark.parametrize("row", VECTORS["responses"], ids=lambda row: row["id"])
def test_response(row: dict[str, Any]) -> None:
    client = row["client_id"]
    ids = p.ResponseIds(
        row["id"],
        MemberId(*client) if len(client) == 3 else SystemId(*client),
        ServiceId(*row["service_id"]),
        row["request_id"],
        row["request_hash"].encode(),
    )
    part = m.response_header_part(
        row["status"], row["reason"].encode(), headers=pairs(row["service_headers"]), ids=ids
    )
    assert part == row["header_part"].encode()
    assert base64.b64encode(digest(part)).decode() == row["header_part_sha512_base64"]
    parsed = m.check_response(m.parse_response_part(part), ids)
    assert (parsed.status, parsed.reason.decode()) == (row["status"], row["reason"])


@pytest.mark.parametrize("row", VECTORS["parse"], ids=lambda row: row["id"])
def test_parse(row: dict[str, Any]) -> None:
    part, expect = row["bytes"].encode(), row["expect"]
    is_response = part[:1] in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9")
    if expect == "error":
        with pytest.raises(Malformed):
            m.parse_response_part(part) if is_response else m.parse_request_part(part)
    elif expect["kind"] == "request":
        line = m.parse_request_part(part).line
        assert (line.method, line.path, line.query) == (expect["method"], expect["path"], expect["query"])
    else:
        response = m.parse_response_part(part)
        assert (response.status, response.reason.decode()) == (expect["status"], expect["reason"])


@pytest.mark.parametrize(
    "part",
    [
        b"GET\r\n" + TARGET,
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c",
        b"GET\n" + TARGET + b"\nX-Road-Client:a/b/c\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\n\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\nno colon\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\nA:1\nB:2\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\nX-Road-Request-Hash:a\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\nx-road-request-id:1\r\nX-Road-Request-Id:1\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\nname :x\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\n:x\r\n",
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\n" + b"A:1\r\n" * 80,
        b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\nA:" + b"x" * 50_000 + b"\r\n",
        b"200\r\nOK\r\nx-road-id:1\r\n",
    ],
)
def test_broken_request_parts_are_refused(part: bytes) -> None:
    with pytest.raises(Malformed):
        m.parse_request_part(part)


@pytest.mark.parametrize(
    "part",
    [
        b"20\r\nOK\r\nx-road-request-hash:A\r\n",
        b"020\r\nOK\r\nx-road-request-hash:A\r\n",
        b"2000\r\nOK\r\nx-road-request-hash:A\r\n",
        b"2x0\r\nOK\r\nx-road-request-hash:A\r\n",
        b"200\r\nOK\r\nx-road-request-hash:\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nx-road-request-hash:A\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nx-road-id:1\r\nX-Road-Id:1\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nServer:x\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nx-road-client:a\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nx-road-id:\xff\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nlienthong-clause:a\x00b\r\n",
        b"200\r\nOK\r\nx-road-request-hash:A\r\nx-road-error:a\x7f\r\n",
        b"200\r\n" + b"x" * 300 + b"\r\nx-road-request-hash:A\r\n",
        b"200\r\nOK",
    ],
)
def test_broken_response_parts_are_refused(part: bytes) -> None:
    with pytest.raises(Malformed):
        m.parse_response_part(part)


@pytest.mark.parametrize("value", [b"a\r\nX-Road-Error:x", b"a\nb", b"a\rb"])
def test_a_line_break_never_gets_into_a_part(value: bytes) -> None:
    with pytest.raises(Malformed):
        m.request_header_part(b"GET", TARGET, headers=[CLIENT, (b"A", value)], request_id="r")
    with pytest.raises(Malformed):
        m.response_header_part(200, value, headers=[], ids=IDS)


def test_a_message_without_ids_has_no_exchange_ids() -> None:
    part = m.parse_request_part(b"GET\r\n" + TARGET + b"\r\nX-Road-Client:VN/GOV/H26/mot-cua\r\n")
    with pytest.raises(Malformed) as refused:
        part.exchange_ids()
    assert refused.value.code == "MissingHeader"


OTHER = p.ResponseIds("b", MemberId("VN", "GOV", "H26"), SERVICE._replace(service_code="x"), "other", b"b3RoZXI=")


@pytest.mark.parametrize("name", [name for name in p.ResponseIds.__annotations__ if name != "addresses"])
def test_an_answer_to_another_request_is_not_believed(name: str) -> None:
    parsed = m.parse_response_part(m.response_header_part(200, b"OK", headers=[], ids=IDS))
    assert m.check_response(parsed, IDS) is parsed
    with pytest.raises(Unproven) as refused:
        m.check_response(parsed, replace(IDS, **{name: getattr(OTHER, name)}))
    assert refused.value.code == "InconsistentResponse"
    with pytest.raises(Unproven):
        m.check_response(replace(parsed, **{name: b"" if name == "request_hash" else None}), IDS)


def test_metadata_of_a_response() -> None:
    part = m.response_header_part(200, b"OK", headers=[(b"Set-Cookie", b"secret")], ids=IDS)
    kept = m.metadata_only_part(part)
    assert b"secret" not in kept
    assert m.check_response(m.parse_response_part(kept), IDS)


def test_a_client_with_as_many_headers_as_allowed_is_read_at_the_other_end() -> None:
    headers = [CLIENT, *[(b"X-A", b"1")] * 63]
    part = m.request_header_part(b"GET", TARGET, headers=headers, request_id="r", generated_id="g")
    assert len(m.parse_request_part(part).headers) == 65


VALUES = st.binary(max_size=20).filter(lambda value: b"\r" not in value and b"\n" not in value)
NAMES = st.from_regex(rb"X-[A-Za-z]{1,8}", fullmatch=True)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_what_is_written_reads_back(headers: list[tuple[bytes, bytes]]) -> None:
    part = m.request_header_part(b"POST", TARGET + b"/a?b", headers=[CLIENT, *headers], request_id="r")
    parsed = m.parse_request_part(part)
    assert parsed.headers == (CLIENT, *headers)
    assert (parsed.target, parsed.request_id) == (TARGET + b"/a?b", "r")
    response = m.parse_response_part(m.response_header_part(404, b"Not Found", headers=headers, ids=IDS))
    assert response.headers == tuple(headers)
    assert m.check_response(response, IDS).status == 404


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    for parse, head in (
        (m.parse_request_part, b"GET\r\n" + TARGET + b"\r\nX-Road-Client:a/b/c\r\n"),
        (m.parse_response_part, b"200\r\nOK\r\nx-road-request-hash:A\r\n"),
    ):
        try:
            parsed = parse(head + tail)
        except Malformed:
            continue
        assert b"".join(b"%b:%b\r\n" % header for header in parsed.headers) in head + tail


def test_a_refusal_of_the_node_reads_back_and_a_service_cannot_make_one() -> None:
    said = [(b"X-Road-Error", b"Server.ServerProxy.Fake"), (b"Lienthong-Clause", b"fake")]
    part = m.response_header_part(200, b"OK", headers=said, ids=IDS)
    assert b"ake" not in part
    parsed = m.parse_response_part(part)
    assert (parsed.fault, parsed.clause) == (None, None)
    fault = p.NodeFault("Server.ServerProxy.AccessDenied", "fields")
    parsed = m.parse_response_part(m.response_header_part(500, b"Error", headers=said, ids=IDS, fault=fault))
    assert (parsed.fault, parsed.clause) == fault
    assert m.check_response(parsed, IDS).headers == ()


def test_header_lines_are_the_signed_ones() -> None:
    part = m.response_header_part(200, b"OK", headers=[(b"A", b"1")], ids=IDS)
    assert m.header_lines(part).startswith(b"A:1\r\nx-road-id:a-1\r\n")
    assert b"200\r\nOK\r\n" + m.header_lines(part) == part


_NAMES = st.sampled_from(
    [b"Content-Type", b"te", b"TE", b"test", b"Host", b"hosts", b"x-road-id", b"X-Road-Error", b"Lienthong-x", b"a b"]
)
_LINES = st.lists(st.tuples(_NAMES, st.sampled_from([b"1", b"", b"a:b", b"host:", b"x\ny"])), max_size=4)


@given(_LINES, st.sampled_from([b"200", b"099", b"2000"]))
def test_the_usual_answer_is_read_as_any_other(lines: list[tuple[bytes, bytes]], status: bytes) -> None:
    tail = m.response_header_part(200, b"OK", headers=(), ids=IDS).split(b"\r\n", 2)[2]
    part = status + b"\r\nOK\r\n" + b"".join(b"%b:%b\r\n" % line for line in lines) + tail
    try:
        expected = m.parse_response_part(part)
    except Malformed:
        with pytest.raises(Malformed):
            m.read_response(part, IDS)
        return
    assert replace(m.read_response(part, IDS), headers=expected.headers) == expected
