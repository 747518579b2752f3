"""The baseline form between nodes: what is written reads back, what is broken is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed, Unavailable, Unproven
from lienthong.wire import node_message as nm


def received(raw: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and content of an HTTP message, read by the letter."""
    head, _, content = raw.partition(b"\r\n\r\n")
    lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
    headers = [(name, value) for name, _, value in lines]
    assert int(dict(headers)[b"Content-Length"]) == len(content)
    return headers, content


@given(st.binary(min_size=1, max_size=50), st.none() | st.binary(min_size=1, max_size=50))
def test_what_is_written_reads_back(part: bytes, body: bytes | None) -> None:
    expected = nm.CarriedMessage(part, body, b"sig")
    request = nm.request_bytes(b"nut.example", part, body, signature=b"sig")
    assert request.startswith(b"POST /exchange HTTP/1.1\r\nHost: nut.example\r\n")
    assert nm.carried_message(*received(request)) == expected
    assert nm.carried_message(*received(nm.answer_bytes(part, body, signature=b"sig"))) == expected


HEADERS = {b"Content-Type": nm.MEDIA_TYPE, b"Lienthong-Signature": b"sig", b"Lienthong-Header-Length": b"3"}


@pytest.mark.parametrize(
    ("changes", "content", "code"),
    [
        ({b"Lienthong-Signature": None}, b"abcd", "MissingSignature"),
        ({b"Lienthong-Header-Length": None}, b"abcd", "InvalidMessage"),
        ({b"Lienthong-Header-Length": b""}, b"abcd", "InvalidMessage"),
        ({b"Lienthong-Header-Length": b"-1"}, b"abcd", "InvalidMessage"),
        ({b"Lienthong-Header-Length": b"+3"}, b"abcd", "InvalidMessage"),
        ({b"Lienthong-Header-Length": b"0"}, b"abcd", "InvalidMessage"),
        ({b"Lienthong-Header-Length": b"5"}, b"abcd", "InvalidMessage"),
        ({b"Lienthong-Header-Length": b"0000003"}, b"abcd", "InvalidMessage"),
        ({}, None, "InvalidMessage"),
        ({}, b"", "InvalidMessage"),
    ],
)
def test_broken_messages_are_refused(changes: dict[bytes, bytes | None], content: bytes | None, code: str) -> None:
    headers = [(name, value) for name, value in (HEADERS | changes).items() if value is not None]
    with pytest.raises(Malformed) as refused:
        nm.carried_message(headers, content)
    assert refused.value.code == code


def test_content_of_another_type_is_no_message() -> None:
    assert nm.carried_message([(b"Content-Type", b"application/json")], b"{}") is None
    assert nm.carried_message([], None) is None


def test_an_unsigned_error_reads_back() -> None:
    body = nm.fault_body("Server.ServerProxy.CertValidation", "expired", "id")
    error = nm.node_fault(403, body)
    assert (type(error), error.code, error.message) == (Unproven, "Server.ServerProxy.CertValidation", "expired")
    assert type(nm.node_fault(500, body)) is Unavailable


def test_what_another_node_says_is_bounded_and_of_its_own_side() -> None:
    assert nm.node_fault(403, nm.fault_body("Client.BadRequest", "", "")).code == "Server.ServerProxy.InternalError"
    assert len(nm.node_fault(403, nm.fault_body("Server.ServerProxy." + "a" * 9000, "", "")).code) == 200


@pytest.mark.parametrize("body", [None, b"", b"<html>", b"[]", b'{"type":1}', b"\xff"])
def test_any_other_answer_is_an_http_error(body: bytes | None) -> None:
    assert nm.node_fault(502, body).code == "HttpError"


def test_an_answer_that_ends_its_connection_says_so() -> None:
    data = nm.answer_bytes(b"part", b"body", signature=b"sig", ends=True)
    assert data.startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    assert nm.carried_message(*received(data)) == nm.CarriedMessage(b"part", b"body", b"sig")
    assert nm.whole_answer(data) is None


def test_an_answer_that_waits_is_asked_for_by_its_token() -> None:
    asked = nm.waiting_request(b"nut.example", b"01937a4e-0000")
    assert asked == b"GET /exchange/01937a4e-0000 HTTP/1.1\r\nHost: nut.example\r\n\r\n"


@pytest.mark.parametrize("token", [b"", b"a b", b"a\r\nX-Y: z", b"a\n", b"\xff", b"x" * 257])
def test_a_token_that_is_more_than_a_word_is_not_asked_for(token: bytes) -> None:
    """The other node writes no second request by our hand."""
    with pytest.raises(Unavailable) as refused:
        nm.waiting_request(b"nut.example", token)
    assert refused.value.code == "HttpError"
