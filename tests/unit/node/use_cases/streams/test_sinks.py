"""Where bodies go: each sink tells its end once, and keeps no more than it may."""

from __future__ import annotations

import pytest
from tests.doubles.transport import Transport

from lienthong.adapters.http.flow import FlowControl
from lienthong.node.use_cases.streams.pumps import IncomingPump
from lienthong.node.use_cases.streams.sinks import (
    BufferSink,
    DiscardSink,
    FrameSink,
    HttpOutlet,
    declared_length,
    length_line,
    media_type,
)
from lienthong.wire.stream_frames import Head, head_frame


class Told:
    def __init__(self) -> None:
        self.what: list[object] = []

    def buffer(self, limit: int) -> BufferSink:
        return BufferSink(limit, self.what.append, lambda error: self.what.append(error.code))


def test_a_body_is_collected() -> None:
    told = Told()
    sink = told.buffer(4)
    sink.data(b"ab")
    sink.data(b"cd")
    sink.ended()
    assert told.what == [b"abcd"]


def test_more_than_the_limit_is_not_kept() -> None:
    told = Told()
    sink = told.buffer(4)
    for _ in range(10):
        sink.data(b"abc")
        assert sum(map(len, sink._pieces)) <= 4
    sink.ended()
    assert told.what == ["MessageTooLarge"]


def test_a_sender_that_goes_away() -> None:
    told = Told()
    told.buffer(4).aborted()
    assert told.what == ["NetworkError"]


def frames() -> tuple[FrameSink, list[str], Transport]:
    told: list[str] = []
    transport = Transport()
    pump = IncomingPump(FlowControl(transport), 100)
    return FrameSink(pump, lambda error: told.append(error.code)), told, transport


def test_content_that_is_no_stream_is_told_once() -> None:
    sink, told, transport = frames()
    sink.data(b"nonsense")
    sink.data(b"nonsense")
    sink.ended()
    sink.aborted()
    assert told == ["InvalidMessage"]
    assert transport.aborted


def test_content_that_ends_before_the_stream() -> None:
    sink, told, _ = frames()
    sink.data(head_frame(Head(None, 1, bytes(32), b"", b"part")))
    sink.ended()
    assert told == ["InvalidMessage"]


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_the_end_of_the_content_is_told_whatever_it_was(content: bytes) -> None:
    order: list[str] = []
    pump = IncomingPump(FlowControl(Transport()), 100)
    sink = FrameSink(pump, lambda error: order.append(error.code), lambda: order.append("whole"))
    sink.data(content)
    sink.ended()
    assert order.count("whole") == 1
    assert order.count("InvalidMessage") == 1


def test_a_connection_that_ends_is_no_end_of_the_content() -> None:
    order: list[str] = []
    pump = IncomingPump(FlowControl(Transport()), 100)
    FrameSink(pump, lambda error: order.append(error.code), lambda: order.append("whole")).aborted()
    assert order == ["NetworkError"]


def test_a_connection_that_ends_before_the_stream() -> None:
    sink, told, _ = frames()
    sink.aborted()
    assert told == ["NetworkError"]


def test_an_outlet_of_known_length_adds_nothing() -> None:
    transport = Transport()
    outlet = HttpOutlet(FlowControl(transport), chunked=False)
    outlet.write([b"ab", b"cd"])
    assert (transport.written, outlet.last) == (b"abcd", b"")


def test_an_outlet_of_unknown_length_writes_chunks() -> None:
    transport = Transport()
    outlet = HttpOutlet(FlowControl(transport), chunked=True)
    outlet.write([b"ab", b"cd"])
    outlet.write([b"e" * 16])
    assert transport.written == b"4\r\nabcd\r\n10\r\n" + b"e" * 16 + b"\r\n"
    assert outlet.last == b"0\r\n\r\n"


def test_discarding() -> None:
    sink = DiscardSink()
    sink.data(b"x")
    sink.ended()
    sink.aborted()


def test_headers() -> None:
    assert declared_length([(b"Content-Length", b"12")]) == 12
    assert declared_length([(b"Content-Length", b"x")]) is None
    assert length_line(12) == b"Content-Length: 12\r\n"
    assert length_line(None) == b"Transfer-Encoding: chunked\r\n"
    assert media_type([(b"CONTENT-TYPE", b"text/plain")]) == b"text/plain"
    assert media_type([]) == b""
