"""Back-pressure: the reader stops while the writer is full, and never for ever."""

from __future__ import annotations

from tests.doubles.transport import Transport

from lienthong.adapters.http.flow import FlowControl


def test_room_is_told() -> None:
    flow, told = FlowControl(Transport()), []
    flow.on_room = lambda: told.append(flow.full)
    flow.pause_writing()
    assert flow.full
    flow.resume_writing()
    assert told == [False]


def test_reading_stops_and_goes_on_once() -> None:
    transport = Transport()
    flow = FlowControl(transport)
    flow.pause_reading()
    flow.pause_reading()
    assert (transport.reading, flow.paused) == (False, True)
    flow.resume_reading()
    flow.resume_reading()
    assert (transport.reading, flow.paused) == (True, False)


def test_who_waits_for_room_goes_on_when_the_connection_is_lost() -> None:
    """Otherwise the other side would stand still for ever."""
    transport = Transport()
    flow, told = FlowControl(transport), []
    flow.on_room = lambda: told.append(flow.full)
    flow.pause_writing()
    flow.lost()
    assert told == [False]
    assert flow.gone
    flow.write(b"x")
    flow.write_pieces([b"x"])
    assert transport.written == b""


def test_nothing_is_written_to_a_closing_connection() -> None:
    transport = Transport()
    transport.close()
    FlowControl(transport).write(b"x")
    assert transport.written == b""


def test_without_a_transport_it_has_ended() -> None:
    flow = FlowControl(None)
    flow.pause_reading()
    flow.abort()
    assert flow.gone
