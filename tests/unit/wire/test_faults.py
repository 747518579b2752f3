"""Errors as callers see them: outside vectors, both styles, content negotiation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.vectors import load

from lienthong.domain.error_codes import PAGES
from lienthong.domain.errors import LienthongError, Malformed, Refused, Unavailable, Unproven
from lienthong.wire.faults import CodeStyle, Fault, Side, fault_code, fault_status, has_prefix, in_style, render_fault
from lienthong.wire.headers import read_request_headers
from lienthong.wire.message import check_response, parse_response_part
from lienthong.wire.parts import ResponseIds
from lienthong.wire.request_line import parse_request_line

VECTORS: dict[str, Any] = load("xroad-rest/errors.json")
CODES: dict[str, Any] = load("xroad-rest/error-codes.json")


def raised(call: Any) -> LienthongError:
    with pytest.raises(LienthongError) as caught:
        call()
    return caught.value


def inconsistent() -> LienthongError:
    line = parse_request_line(b"GET", b"/r1/I/C/M/S/s")
    client = read_request_headers([(b"X-Road-Client", b"I/C/M")]).client
    part = parse_response_part(b"200\r\nOK\r\nx-road-request-hash:A\r\n")
    return raised(lambda: check_response(part, ResponseIds("1", client, line.service, "x", b"B")))


BROKEN_PARTY = [(b"X-Road-Client", b"I/C/M"), (b"X-Road-Represented-Party", b"a/b/c")]
SITUATIONS: dict[str, tuple[Side, LienthongError]] = {
    "cases-01": (Side.CONSUMER, raised(lambda: read_request_headers([]))),
    "cases-02": (Side.CONSUMER, raised(lambda: parse_request_line(b"GET", b"/r1/invalid"))),
    "cases-04": (Side.CONSUMER, raised(lambda: read_request_headers(BROKEN_PARTY))),
    "cases-06": (Side.CONSUMER, Refused("UnknownMember", "")),
    "cases-07": (Side.CONSUMER, Unavailable("MaintenanceMode", "")),
    "cases-08": (Side.CONSUMER, Unavailable("OutdatedGlobalConf", "")),
    "cases-10": (Side.PROVIDER, Refused("ServiceType", "")),
    "cases-11": (Side.CONSUMER, Refused("AccessDenied", "")),
    "cases-12": (Side.PROVIDER, Refused("ServiceDisabled", "")),
    "cases-14": (Side.PROVIDER, Unavailable("DatabaseError", "")),
    "cases-16": (Side.PROVIDER, Unproven("ServiceFailed.SslAuthenticationFailed", "")),
    "cases-17": (Side.CONSUMER, inconsistent()),
    "cases-21": (Side.CONSUMER, raised(lambda: parse_request_line(b"GET", b"/r2/I/C/M/S/s"))),
}
FROM_THE_SERVICE = {"cases-18", "cases-19"}
"""Answers of the service itself: no fault of ours, so there is nothing to map."""


@pytest.mark.parametrize("row", VECTORS["cases"], ids=lambda row: row["id"])
def test_case(row: dict[str, Any]) -> None:
    if row["id"] in FROM_THE_SERVICE:
        assert row["expect"]["x_road_error"] is None
        return
    side, error = SITUATIONS[row["id"]]
    documented = row.get("documented") or row["expect"]
    code = fault_code(error, side, CodeStyle.DOCUMENTED)
    assert (code, fault_status(code)) == (documented["type"], documented["status"])
    if "x_road_7_8" in row:
        code = fault_code(error, side, CodeStyle.SNAKE)
        assert (code, fault_status(code)) == (row["x_road_7_8"]["type"], row["x_road_7_8"]["status"])


@pytest.mark.parametrize("row", VECTORS["accept"], ids=lambda row: row["id"])
def test_accept(row: dict[str, Any]) -> None:
    fault = Fault("Client.BadRequest", "x", "y")
    assert render_fault(fault, row["accept"])[0].decode() == row["content_type"]
    assert render_fault(fault, [value.encode() for value in row["accept"]])[0].decode() == row["content_type"]


@pytest.mark.parametrize("row", VECTORS["body"], ids=lambda row: row["id"])
def test_body(row: dict[str, Any]) -> None:
    fault = Fault("Server.ServerProxy.AccessDenied", "không được phép <&> \x01", "9bc95b6e")
    content_type, body = render_fault(fault, ["text/xml"] if row["format"] == "xml" else [])
    if row["format"] == "json":
        assert list(json.loads(body)) == row["members"]
        assert json.loads(body) == fault._asdict()
        return
    root = etree.fromstring(body)
    assert content_type.endswith(b"charset=utf-8")
    assert (root.tag, [child.tag for child in root]) == (row["root"], row["children"])
    assert [child.text for child in root] == [fault.type, "không được phép <&> \ufffd", fault.detail]


@pytest.mark.parametrize("row", CODES["codes"], ids=lambda row: row["x_road_7_8"])
def test_every_word_in_both_styles(row: dict[str, Any]) -> None:
    documented = row["documented"] or row.get("documented_nearest")
    snake = f"server.serverproxy.{row['x_road_7_8']}"
    if documented is None:
        assert in_style(snake, CodeStyle.DOCUMENTED).startswith("Server.ServerProxy.")
        return
    assert in_style(snake, CodeStyle.DOCUMENTED) == f"Server.ServerProxy.{documented}"
    if row["documented"]:
        assert in_style(f"Server.ServerProxy.{documented}", CodeStyle.SNAKE) == snake


@pytest.mark.parametrize("row", CODES["prefixes"], ids=lambda row: row["x_road_7_8"])
def test_every_prefix_in_both_styles(row: dict[str, Any]) -> None:
    assert in_style(f"{row['documented']}.IOError", CodeStyle.SNAKE) == f"{row['x_road_7_8']}.io_error"
    assert in_style(f"{row['x_road_7_8']}.io_error", CodeStyle.DOCUMENTED) == f"{row['documented']}.IOError"
    assert has_prefix(f"{row['documented']}.IOError")


def test_the_code_of_the_other_node_is_kept() -> None:
    told = Refused("Server.ServerProxy.ServiceFailed.HttpError", "")
    assert fault_code(told, Side.CONSUMER) == told.code
    assert fault_code(told, Side.CONSUMER, CodeStyle.SNAKE) == "server.serverproxy.service_failed.http_error"


@pytest.mark.parametrize("side", list(Side))
def test_a_word_of_nobody_is_an_internal_error(side: Side) -> None:
    assert fault_code(Unavailable("KeyError", ""), side) == f"{side.value}.InternalError"
    assert in_style("Server.ServerProxy.KeyError", CodeStyle.SNAKE) == "server.serverproxy.internal_error"
    assert in_style("whatever", CodeStyle.DOCUMENTED) == "Server.ServerProxy.InternalError"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Malformed("MessageTooLarge", ""), "Client.MessageTooLarge", 413),
        (Refused("DuplicateMessage", ""), "Client.DuplicateMessage", 409),
        (Refused("ClientUnauthenticated", ""), "Client.ClientUnauthenticated", 401),
        (Unavailable("Overloaded", ""), "Server.ClientProxy.Overloaded", 503),
        (Unavailable("DeadlineExceeded", ""), "Server.ClientProxy.DeadlineExceeded", 504),
        (Unavailable("OutcomeUnknown", ""), "Server.ClientProxy.OutcomeUnknown", 500),
        (Malformed("DuplicateHeaderField", ""), "Client.BadRequest", 400),
        (Malformed("InvalidMessage", ""), "Server.ClientProxy.InvalidMessage", 500),
    ],
)
def test_our_own_words(error: LienthongError, code: str, status: int) -> None:
    assert fault_code(error, Side.CONSUMER) == code
    assert fault_status(code) == status
    assert fault_status(fault_code(error, Side.CONSUMER, CodeStyle.SNAKE)) in (status, 500)


@given(st.sampled_from(sorted(PAGES)), st.sampled_from(Side), st.sampled_from([Malformed, Refused, Unavailable]))
def test_styles_translate_into_each_other(code: str, side: Side, family: type[LienthongError]) -> None:
    documented = fault_code(family(code, ""), side)
    assert in_style(in_style(documented, CodeStyle.SNAKE), CodeStyle.DOCUMENTED) == documented
    assert 400 <= fault_status(documented) <= 599
    assert fault_status(in_style(documented, CodeStyle.SNAKE)) == fault_status(documented)


@given(st.text(), st.text(), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_makes_well_formed_xml(code: str, message: str, detail: str) -> None:
    try:
        "".join([code, message]).encode()
    except UnicodeEncodeError:
        return
    _, body = render_fault(Fault(code, message, detail), ["application/xml"])
    assert [child.tag for child in etree.fromstring(body)] == ["type", "message", "detail"]
