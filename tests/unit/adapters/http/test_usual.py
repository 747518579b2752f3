"""Whole messages of the usual form are read as the general parser reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.adapters.http import usual as u
from lienthong.adapters.http.answer import ClientBounds
from lienthong.adapters.http.request import Bounds, HttpRequest

BOUNDS = Bounds(inline_body=64, header_count=8, header_bytes=600)
ANSWERS = ClientBounds(inline_body=64, header_count=8, header_bytes=600)
REQUEST = b"POST /r1/a HTTP/1.1\r\nHost: n\r\nX-Road-Client: VN/GOV/G01\r\nContent-Length: 4\r\n\r\nbody"
ANSWER = b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nbody"


class Parsed:
    """What the general parser tells."""

    def __init__(self) -> None:
        self.target, self.reason, self.body = b"", b"", b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.parser: Any = None
        self.kept: list[bool] = []

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_status(self, status: bytes) -> None:
        self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.kept.append(self.parser.should_keep_alive())


def read(data: bytes) -> HttpRequest | None:
    return u.usual_request(data, HttpRequest(None), BOUNDS)  # type: ignore[arg-type]


def test_a_whole_request_is_read() -> None:
    found = read(REQUEST)
    assert found is not None
    assert (found.method, found.target, found.body, found.keep_alive) == (b"POST", b"/r1/a", b"body", True)
    assert found.headers == [(b"Host", b"n"), (b"X-Road-Client", b"VN/GOV/G01"), (b"Content-Length", b"4")]


def test_a_whole_answer_is_read() -> None:
    found = u.usual_answer(ANSWER, ANSWERS)
    assert found is not None
    assert (found.status, found.reason, found.body) == (200, b"OK", b"body")
    assert found.headers[0] == (b"Server", b"s")


@pytest.mark.parametrize(
    "changed",
    [
        REQUEST[:-1],
        REQUEST + b"G",
        REQUEST.replace(b"POST", b"CONNECT"),
        REQUEST.replace(b"POST", b"post"),
        REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"),
        REQUEST.replace(b"Host: n", b"Connection: close"),
        REQUEST.replace(b"Host: n", b"Transfer-Encoding: chunked"),
        REQUEST.replace(b"Host: n", b"Expect: 100-continue"),
        REQUEST.replace(b"Host: n", b"Upgrade: h2c"),
        REQUEST.replace(b"Host: n", b"Content-Length: 4"),
        REQUEST.replace(b"Host: n", b"Host: n "),
        REQUEST.replace(b"Host: n", b"Host : n"),
        REQUEST.replace(b"Host: n", b"A: 1\r\n folded"),
        REQUEST.replace(b"Host: n", b"A: 1\n"),
        REQUEST.replace(b"Host: n", b"A: \x00"),
        REQUEST.replace(b"Host: n", b"A: 1\r\n" * 8 + b"B: 1"),
        REQUEST.replace(b"Host: n", b"A: " + b"x" * 600),
        REQUEST.replace(b"Content-Length: 4", b"Content-Length: +4"),
        REQUEST.replace(b"Content-Length: 4", b"Content-Length: 0x4"),
        REQUEST.replace(b"Content-Length: 4\r\n\r\nbody", b"Content-Length: 65\r\n\r\n" + b"x" * 65),
        REQUEST.replace(b"Content-Length: 4", b"Content-Length: 4, 4"),
        REQUEST.replace(b"\r\n", b"\n"),
    ],
)
def test_what_is_not_usual_is_left_to_the_parser(changed: bytes) -> None:
    assert read(changed) is None


@pytest.mark.parametrize(
    "changed",
    [
        ANSWER[:-1],
        ANSWER + b"H",
        ANSWER.replace(b"200 OK", b"204 No Content"),
        ANSWER.replace(b"200 OK", b"304 Not Modified"),
        ANSWER.replace(b"200 OK", b"100 Continue"),
        ANSWER.replace(b"200 OK", b"99 OK"),
        ANSWER.replace(b"HTTP/1.1", b"HTTP/1.0"),
        ANSWER.replace(b"Server: s", b"Connection: close"),
        ANSWER.replace(b"Content-Length: 4\r\n", b""),
        ANSWER.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"),
    ],
)
def test_answers_that_are_not_usual_are_left_to_the_parser(changed: bytes) -> None:
    assert u.usual_answer(changed, ANSWERS) is None


_PIECES = st.sampled_from(
    [
        *(b"POST GET HEAD / /a?b # HTTP/1.1 \r\n \r\n\r\n Host: Content-Length: content-length:4 4 body".split(b" ")),
        *(b"Connection: keep-alive close Upgrade: h2c TE: X: HTTP/1.1 200 OK 404 Not".split(b" ")),
        b" ", b": ", b"\t", b"\n", b"\r", b"\xff", b"\x00",
    ]
)  # fmt: skip


def _mutated(whole: bytes) -> Any:
    places = st.tuples(st.integers(0, len(whole)), st.integers(0, 6), _PIECES)
    return st.lists(places, max_size=3).map(lambda changes: _apply(whole, changes))


def _apply(whole: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for at, gone, piece in changes:
        whole = whole[:at] + piece + whole[at + gone :]
    return whole


@given(_mutated(REQUEST))
@settings(max_examples=600)
def test_what_is_read_is_what_the_parser_reads(data: bytes) -> None:
    found = read(data)
    if found is None:
        return
    parsed = Parsed()
    parser = parsed.parser = httptools.HttpRequestParser(parsed)
    parser.feed_data(data)
    assert (parser.get_method(), parsed.kept) == (found.method, [True])
    assert (parsed.target, parsed.headers, parsed.body or None) == (found.target, found.headers, found.body)


@given(_mutated(ANSWER))
@settings(max_examples=600)
def test_an_answer_is_what_the_parser_reads(data: bytes) -> None:
    found = u.usual_answer(data, ANSWERS)
    if found is None:
        return
    parsed = Parsed()
    parser = parsed.parser = httptools.HttpResponseParser(parsed)
    parser.feed_data(data)
    assert (parser.get_status_code(), parsed.kept) == (found.status, [True])
    assert (parsed.reason, parsed.headers, parsed.body or None) == (found.reason, found.headers, found.body)


def test_ids_of_messages_are_not_remembered() -> None:
    before = len(u._LINES.known)
    for number in range(50):
        assert read(REQUEST.replace(b"Host: n", b"X-Road-Id: %d" % number)) is not None
    assert len(u._LINES.known) <= before + 3


def test_heads_with_an_id_of_the_message_are_not_remembered() -> None:
    before = len(u._REQUESTS.known)
    for number in range(50):
        assert read(REQUEST.replace(b"Host: n", b"Host: m\r\nX-Road-Id: %d" % number)) is not None
    assert len(u._REQUESTS.known) == before


def test_a_head_that_was_seen_has_the_body_of_each_message_and_keeps_its_bounds() -> None:
    begin = REQUEST[: -len(b"body")]
    for body in (b"one!", b"two!", b"tree"):
        found = read(begin + body)
        assert found is not None
        assert found.body == body
        assert found.headers == [(b"Host", b"n"), (b"X-Road-Client", b"VN/GOV/G01"), (b"Content-Length", b"4")]
    assert begin[:-4] in u._REQUESTS.known
    assert read(begin + b"longer") is None
    assert read(begin + b"few") is None
    narrow = [replace(BOUNDS, inline_body=3), replace(BOUNDS, header_count=3), replace(BOUNDS, header_bytes=40)]
    for bounds in narrow:
        assert u.usual_request(begin + b"body", HttpRequest(None), bounds) is None  # type: ignore[arg-type]


def test_a_head_of_a_request_is_none_of_an_answer() -> None:
    assert read(REQUEST) is not None
    assert u.usual_answer(REQUEST, ANSWERS) is None
    assert u.usual_answer(ANSWER, ANSWERS) is not None
    assert read(ANSWER) is None


def test_long_heads_are_not_remembered() -> None:
    wide = Bounds(inline_body=64, header_count=90, header_bytes=60_000)
    many = b"".join(b"A%d: %b\r\n" % (number, b"x" * 100) for number in range(30))
    long = REQUEST.replace(b"Host: n\r\n", many)
    for _ in range(2):
        assert u.usual_request(long, HttpRequest(None), wide) is not None  # type: ignore[arg-type]
    assert long[: -len(b"\r\n\r\nbody")] not in u._REQUESTS.known


def test_lines_of_answers() -> None:
    assert u.status_line(404, b"Not Found") == b"HTTP/1.1 404 Not Found\r\n"
    assert u.content_length(0) == b"Content-Length: 0\r\n"
