"""The server side of HTTP/1.1 in memory: bounds, order, time, streams."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.transport import Clock, Transport

from lienthong.adapters.http.request import Bounds, ConnectionRegistry, HttpRequest
from lienthong.adapters.http.server import HttpServerConnection

BOUNDS = Bounds(inline_body=100, header_bytes=2000, header_count=10, pipelined=3)


class Sink:
    """Writes down what it gets."""

    def __init__(self) -> None:
        self.body = b""
        self.end = ""

    def data(self, piece: bytes) -> None:
        assert not self.end
        self.body += piece

    def ended(self) -> None:
        self.end += "ended"

    def aborted(self) -> None:
        self.end += "aborted"


class Door:
    """A handler that answers when the test says so."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.streams: list[tuple[HttpRequest, Sink]] = []
        self.wrong: list[int] = []
        self.gone = 0

    def connected(self, connection: Any) -> None:
        """Nothing to find out."""

    def handle(self, request: HttpRequest) -> None:
        self.requests.append(request)

    def open_stream(self, request: HttpRequest) -> Sink:
        sink = Sink()
        self.streams.append((request, sink))
        return sink

    def broken(self, connection: HttpServerConnection, status: int, reason: str) -> None:
        self.wrong.append(status)
        connection.respond(b"HTTP/1.1 %d x\r\n\r\n" % status, keep_alive=False)

    def disconnected(self, connection: Any) -> None:
        self.gone += 1


class Line:
    """One connection with everything around it."""

    def __init__(self, bounds: Bounds = BOUNDS, most: int = 10) -> None:
        self.door = Door()
        self.clock = Clock()
        self.registry = ConnectionRegistry(most=most, clock=self.clock)
        self.connection = HttpServerConnection(self.door, bounds=bounds, clock=self.clock, registry=self.registry)
        self.transport = Transport()
        self.connection.connection_made(self.transport)

    def receive(self, data: bytes) -> None:
        self.connection.data_received(data)

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.registry.sweep()


@pytest.fixture
def line() -> Line:
    return Line()


GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"POST /large HTTP/1.1\r\nContent-Length: 300\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_a_whole_request(line: Line) -> None:
    line.receive(b"POST /a?b HTTP/1.1\r\nX-Own: 1\r\nContent-Length: 3\r\n\r\nabc")
    (request,) = line.door.requests
    assert (request.method, request.target, request.body, request.keep_alive) == (b"POST", b"/a?b", b"abc", True)
    assert request.headers == [(b"X-Own", b"1"), (b"Content-Length", b"3")]
    line.connection.respond(OK)
    assert line.transport.taken() == OK


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_pieces_do_not_matter(sizes: list[int]) -> None:
    line = Line()
    raw = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n2\r\nfg\r\n0\r\nX-Late: 1\r\n\r\n"
    at = turn = 0
    while at < len(raw):
        size = sizes[turn % len(sizes)]
        line.receive(raw[at : at + size])
        at, turn = at + size, turn + 1
    (request,) = line.door.requests
    assert request.body == b"abcdefg"
    assert request.headers == [(b"Transfer-Encoding", b"chunked")], "a trailer is no header"


def test_requests_in_a_row_are_answered_in_order(line: Line) -> None:
    line.receive(GET % 1 + GET % 2)
    assert [request.target for request in line.door.requests] == [b"/1"]
    line.connection.respond(OK)
    assert [request.target for request in line.door.requests] == [b"/1", b"/2"]


def test_nobody_may_send_ahead_without_bound(line: Line) -> None:
    line.receive(b"".join(GET % number for number in range(5)))
    assert not line.transport.reading
    for _ in range(5):
        line.connection.respond(OK)
    assert len(line.door.requests) == 5
    assert line.transport.reading


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(11)) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 2100 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 2100 + b" HTTP/1.1\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: x\r\n y\r\n\r\n", 400),
    ],
)
def test_broken(line: Line, raw: bytes, status: int) -> None:
    line.receive(raw)
    assert line.door.wrong == [status]
    assert not line.door.requests
    assert line.transport.is_closing() or line.transport.eof


def test_a_header_without_end_is_bounded(line: Line) -> None:
    line.receive(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(40):
        line.receive(b"x" * 100)
    assert line.door.wrong == [431]


def test_what_is_wrong_waits_for_its_turn(line: Line) -> None:
    """An error told at once would be taken for the answer to the request before."""
    line.receive(GET % 1 + b"nonsense\r\n\r\n")
    assert line.transport.taken() == b""
    line.connection.respond(OK)
    assert line.transport.taken().startswith(OK + b"HTTP/1.1 400")


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_requests_or_an_error(raw: bytes, size: int) -> None:
    line = Line()
    for at in range(0, len(raw), size):
        line.receive(raw[at : at + size])
    assert len(line.door.wrong) <= 1


def test_expect_continue(line: Line) -> None:
    line.receive(b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert line.transport.taken() == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.receive(b"abc")
    assert line.door.requests[0].body == b"abc"


# ---- streams
def test_a_large_body_passes_in_pieces(line: Line) -> None:
    line.receive(LARGE)
    ((request, sink),) = line.door.streams
    assert request.stream
    line.receive(b"a" * 200)
    line.receive(b"b" * 100 + GET % 2)
    assert (sink.body, sink.end) == (b"a" * 200 + b"b" * 100, "ended")
    assert not line.door.requests
    line.connection.respond(OK)
    assert [request.target for request in line.door.requests] == [b"/2"]


def test_a_body_of_unknown_length_becomes_a_stream_when_it_is_large(line: Line) -> None:
    line.receive(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n" + b"a" * 80 + b"\r\n")
    assert not line.door.streams
    line.receive(b"50\r\n" + b"b" * 80 + b"\r\n0\r\n\r\n")
    ((_, sink),) = line.door.streams
    assert (sink.body, sink.end) == (b"a" * 80 + b"b" * 80, "ended")


def test_a_sender_that_goes_away_is_told_once(line: Line) -> None:
    line.receive(LARGE + b"abc")
    line.connection.connection_lost(None)
    assert line.door.streams[0][1].end == "aborted"
    assert line.door.gone == 1
    assert len(line.registry) == 0


def test_a_large_body_is_not_taken_ahead(line: Line) -> None:
    line.receive(GET % 1 + LARGE)
    assert not line.door.streams
    line.connection.respond(OK)
    assert line.door.wrong == [400]


def test_a_body_that_flows_does_not_expire(line: Line) -> None:
    line.receive(LARGE)
    for _ in range(6):
        line.pass_time(BOUNDS.body_idle_s * 0.8)
        line.receive(b"x" * 40)
    assert not line.transport.aborted
    assert line.door.streams[0][1].body == b"x" * 240


def test_a_body_that_stands_still_expires(line: Line) -> None:
    line.receive(LARGE)
    line.pass_time(BOUNDS.body_idle_s + 1)
    assert line.transport.aborted


def test_a_body_that_we_do_not_read_does_not_expire(line: Line) -> None:
    line.receive(LARGE)
    line.connection.flow.pause_reading()
    line.pass_time(BOUNDS.body_idle_s + 1)
    line.pass_time(BOUNDS.body_idle_s + 1)
    assert not line.transport.aborted


def test_the_answer_to_a_stream_may_take_its_time(line: Line) -> None:
    line.receive(LARGE + b"x" * 300)
    line.pass_time(10_000)
    assert not line.transport.is_closing()
    assert not line.door.wrong


def test_a_reader_that_takes_nothing_expires(line: Line) -> None:
    line.receive(GET % 1)
    line.connection.start(b"HTTP/1.1 200 OK\r\n\r\n")
    line.connection.pause_writing()
    line.pass_time(BOUNDS.body_idle_s - 1)
    assert not line.transport.aborted
    line.pass_time(2)
    assert line.transport.aborted


# ---- time
def test_a_slow_head_expires(line: Line) -> None:
    """Each byte in time does not make the whole in time."""
    for byte in b"GET / HTTP/1.1\r\nX: y":
        line.receive(bytes([byte]))
        line.pass_time(1)
        if line.door.wrong:
            break
    assert line.door.wrong == [408]


def test_an_answer_may_take_its_time(line: Line) -> None:
    line.receive(GET % 1)
    line.pass_time(10_000)
    assert not line.transport.is_closing()


def test_idle_connections_end(line: Line) -> None:
    line.receive(GET % 1)
    line.connection.respond(OK)
    line.pass_time(BOUNDS.idle_s + 1)
    assert line.transport.closed
    assert not line.door.wrong


def test_half_closed_requests_are_answered(line: Line) -> None:
    line.receive(GET % 1)
    assert line.connection.eof_received() is True
    line.connection.respond(OK)
    assert line.transport.taken() == OK
    assert line.transport.closed


def test_too_many_connections_are_closed() -> None:
    line = Line(most=1)
    second, transport = (
        HttpServerConnection(line.door, bounds=BOUNDS, clock=line.clock, registry=line.registry),
        Transport(),
    )
    second.connection_made(transport)
    assert transport.closed
    assert len(line.registry) == 1


def test_draining_lets_answers_go_out(line: Line) -> None:
    line.receive(GET % 1)
    line.registry.drain()
    assert not line.transport.closed
    line.connection.respond(OK)
    assert line.transport.taken() == OK
    assert line.transport.closed
