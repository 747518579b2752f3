"""Request lines: outside vectors, tricks, metadata services."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import load

from lienthong.domain.errors import Malformed
from lienthong.wire import request_line as rl

VECTORS: dict[str, Any] = load("xroad-rest/request-line.json")
METASERVICES: dict[str, Any] = load("xroad-rest/metaservices.json")
PREFIX = b"/r1/VN/GOV/G01/dan-cu/"


def test_methods() -> None:
    assert list(rl.METHODS) == VECTORS["methods"]


@pytest.mark.parametrize("row", VECTORS["parse"], ids=lambda row: row["id"])
def test_parse(row: dict[str, Any]) -> None:
    target = row["path"] if row["query"] is None else f"{row['path']}?{row['query']}"
    if row["expect"] == "error":
        with pytest.raises(Malformed):
            rl.parse_request_line(row["method"].encode(), target.encode())
        return
    line = rl.parse_request_line(row["method"].encode(), target.encode())
    assert list(line.service) == row["expect"]["service_id"]
    assert line.service_path == row["expect"]["service_path"]
    assert (line.method, line.path, line.query) == (row["method"], row["path"], row["query"])


@pytest.mark.parametrize("row", VECTORS["service_url"], ids=lambda row: row["id"])
def test_service_url(row: dict[str, Any]) -> None:
    assert rl.service_url(row["service_url"], row["service_path"], row["query"]) == row["expect"]


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        (b"get", PREFIX + b"s", "InvalidHttpMethod"),
        (b"CONNECT", PREFIX + b"s", "InvalidHttpMethod"),
        (b"GET", b"", "BadRequest"),
        (b"GET", b"*", "BadRequest"),
        (b"GET", b"r1/VN/GOV/G01/dan-cu/s", "BadRequest"),
        (b"GET", b"/r1/VN/GOV/G01/dan-cu/", "BadRequest"),
        (b"GET", b"/r1//GOV/G01/dan-cu/s", "BadRequest"),
        (b"GET", b"/r11/VN/GOV/G01/dan-cu/s", "BadRequest"),
        (b"GET", b"/R1/VN/GOV/G01/dan-cu/s", "BadRequest"),
        (b"GET", PREFIX + b"s%", "BadRequest"),
        (b"GET", PREFIX + b"s%FF", "BadRequest"),
        (b"GET", PREFIX + b"s/\xc3\xa9", "BadRequest"),
        (b"GET", PREFIX + b"s/a\\b", "BadRequest"),
        (b"GET", PREFIX + b"s/a\r\nX-Road-Client:b", "BadRequest"),
        (b"GET", PREFIX + b"s?a b", "BadRequest"),
        (b"GET", PREFIX + b"s?a#b", "BadRequest"),
        (b"GET", PREFIX + b"s?" + b"a" * 9000, "BadRequest"),
    ],
)
def test_broken_lines_are_refused(method: bytes, target: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        rl.parse_request_line(method, target)
    assert refused.value.code == code


def test_tricks_reach_the_service_path_untouched() -> None:
    for path in ("/a%2Fb", "/..", "/a/%2e%2e/b", "/a;v=1"):
        assert rl.parse_request_line(b"GET", PREFIX + b"s" + path.encode()).service_path == path


def test_an_empty_query_is_not_no_query() -> None:
    assert rl.parse_request_line(b"GET", PREFIX + b"s?").query == ""
    assert rl.parse_request_line(b"GET", PREFIX + b"s").query is None
    assert rl.parse_request_line(b"GET", PREFIX + b"s?a=/r1/x?y").query == "a=/r1/x?y"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(target: bytes) -> None:
    try:
        line = rl.parse_request_line(b"GET", b"/r1/" + target)
    except Malformed:
        return
    assert line.path.startswith("/r1/")
    assert all(part.strip() for part in line.service)


@pytest.mark.parametrize("code", list(rl.Metaservice))
def test_metaservices_are_known(code: str) -> None:
    assert rl.metaservice(rl.parse_request_line(b"GET", PREFIX + code.encode())) is rl.Metaservice(code)
    assert rl.metaservice(rl.parse_request_line(b"GET", PREFIX + code.encode() + b"/x")) is None
    assert rl.metaservice(rl.parse_request_line(b"POST", PREFIX + code.encode())) is None


@pytest.mark.parametrize("code", [b"listClients", b"getWsdl", b"tra-cuu", b"LISTMETHODS"])
def test_other_codes_are_no_metaservice(code: bytes) -> None:
    assert rl.metaservice(rl.parse_request_line(b"GET", PREFIX + code)) is None


@pytest.mark.parametrize(
    "row", [row for row in METASERVICES["calls"] if "/r1/" not in row["request"]], ids=lambda row: row["id"]
)
def test_list_clients_calls(row: dict[str, Any]) -> None:
    method, target = row["request"].encode().split(b" ")
    call = rl.list_clients_call(method, target)
    if row["expect"] == "not a metaservice call":
        assert call is None
    else:
        assert call == rl.ListClientsCall(None)


def test_list_clients_of_another_instance() -> None:
    assert rl.list_clients_call(b"GET", b"/listClients?xRoadInstance=EE") == rl.ListClientsCall("EE")
    assert rl.list_clients_call(b"GET", b"/listClientsX") is None
    assert rl.list_clients_call(b"GET", b"/listClients/x") is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, None),
        ("", None),
        ("a=1", None),
        ("serviceCode=x", "x"),
        ("a=1&SERVICECODE=tra%20cuu&serviceCode=z", "tra cuu"),
    ],
)
def test_query_parameter(query: str | None, expected: str | None) -> None:
    assert rl.query_parameter(query, "serviceCode") == expected
