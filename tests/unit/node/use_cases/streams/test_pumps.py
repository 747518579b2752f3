"""The pumps keep order, memory and back-pressure; nothing passes that no mark proves, no connection is left still."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha512

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.signing import NOW_MS, Signer
from tests.doubles.transport import Transport

from lienthong.adapters.http.flow import FlowControl
from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import MemberId
from lienthong.evidence.stream import MARK_EVERY, Mark, StreamDigest, sign_mark, verify_mark
from lienthong.node.use_cases.streams.pumps import IncomingPump, OutgoingPump, framed_length
from lienthong.node.use_cases.streams.sinks import FrameSink
from lienthong.wire.stream_frames import (
    DATA_MAX,
    FrameReader,
    Head,
    data_frame_start,
    end_frame,
    head_frame,
    mark_frame,
)

SIGNER = Signer(MemberId("VN", "GOV", "G01"))
HEADER = sha512(b"header part").digest()
LIMIT = 64 << 20
HEAD = Head(None, NOW_MS, SIGNER.certificate.digest, b"", b"header part")


def sign(digest: StreamDigest) -> Mark:
    return sign_mark(digest, SIGNER.key, NOW_MS)


def check(digest: StreamDigest, mark: Mark) -> None:
    verify_mark(digest, mark, SIGNER.certificate, now_ms=NOW_MS, window_ms=1000)


class Way:
    """An outgoing pump between two connections."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.source, self.channel = Transport(), Transport()
        self.source_flow, self.channel_flow = FlowControl(self.source), FlowControl(self.channel)
        self.pump = OutgoingPump(StreamDigest(HEADER, response=False), sign, self.source_flow, limit=limit)
        self.told: list[object] = []
        self.pump.on_ended = self.told.append
        self.pump.on_aborted = lambda: self.told.append("aborted")
        self.pump.on_too_large = lambda error: self.told.append(error.code)

    def open(self, *, chunked: bool = True) -> None:
        self.channel_flow.write(head_frame(HEAD))
        self.pump.open(self.channel_flow, chunked=chunked)


class Frames:
    """Reads what the pump sent, as the other node would, and checks the marks."""

    def __init__(self) -> None:
        self.digest = StreamDigest(HEADER, response=False)
        self.body = b""
        self.marked = 0

    def head(self, head: Head) -> None:
        assert head == HEAD

    def data(self, piece: bytes) -> None:
        self.body += piece
        self.digest.add(piece)

    def mark(self, signed_at_ms: int, value: bytes) -> None:
        check(self.digest, Mark(signed_at_ms, value))
        self.marked = len(self.body)

    def end(self, signature: bytes) -> None:
        assert self.marked == len(self.body)


def chunks(raw: bytes) -> Iterator[bytes]:
    """What is inside the chunks of an HTTP body that began with a HEAD frame outside of them."""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size, 16)
        yield raw[:length]
        assert raw[length : length + 2] == b"\r\n"
        raw = raw[length + 2 :]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 700_000), min_size=1, max_size=8), st.integers(0, 8), st.booleans())
def test_what_goes_in_comes_out_under_marks(sizes: list[int], opened_at: int, chunked: bool) -> None:
    way = Way()
    body = b""
    for number, size in enumerate(sizes):
        if number == opened_at:
            way.open(chunked=chunked)
        piece = bytes([number]) * size
        body += piece
        way.pump.data(piece)
    way.pump.ended()
    if opened_at >= len(sizes):
        assert way.told == []
        way.open(chunked=chunked)
    assert way.told == [sha512(body).digest()]
    way.pump.finish(b"signature")
    frames = Frames()
    reader = FrameReader(frames)
    head, raw = head_frame(HEAD), way.channel.written
    reader.feed(head)
    if not chunked:
        assert len(raw) == framed_length(head, len(body)), "the length that HTTP was told"
    for content in chunks(raw[len(head) :]) if chunked else [raw[len(head) :]]:
        reader.feed(content)
    assert frames.body == body
    assert reader.complete


def test_at_most_one_run_is_held() -> None:
    way = Way()
    way.open()
    for _ in range(40):
        way.pump.data(b"x" * 100_000)
        assert way.pump._size < MARK_EVERY
        assert sum(map(len, way.pump._pieces)) == way.pump._size


def test_the_source_stands_still_until_the_channel_is_there() -> None:
    way = Way()
    assert not way.source.reading
    way.open()
    assert way.source.reading


def test_the_source_stands_still_while_the_channel_is_full() -> None:
    way = Way()
    way.open()
    way.channel_flow.pause_writing()
    way.pump.data(b"x" * MARK_EVERY)
    assert not way.source.reading
    way.channel_flow.resume_writing()
    assert way.source.reading


def test_the_source_reads_again_after_the_end() -> None:
    """It is a connection that carries the next request: left standing still, that would never be read."""
    way = Way()
    way.open()
    way.channel_flow.pause_writing()
    way.pump.data(b"x" * MARK_EVERY)
    assert not way.source.reading
    way.pump.ended()
    way.pump.finish(b"signature")
    assert way.source.reading


def test_the_source_reads_again_when_the_channel_is_lost() -> None:
    way = Way()
    way.open()
    way.channel_flow.pause_writing()
    way.pump.data(b"x" * MARK_EVERY)
    way.channel_flow.lost()
    assert way.source.reading


def test_a_body_that_is_too_large() -> None:
    way = Way(limit=10)
    way.open()
    way.pump.data(b"x" * 10)
    assert way.told == []
    way.pump.data(b"x")
    assert way.told == ["MessageTooLarge"]
    way.pump.data(b"x")
    way.pump.ended()
    way.pump.aborted()
    assert way.told == ["MessageTooLarge"]
    assert way.source.reading


def test_a_sender_that_goes_away_is_told_once() -> None:
    way = Way()
    way.pump.data(b"x")
    way.pump.aborted()
    way.pump.aborted()
    assert way.told == ["aborted"]
    assert way.pump.stopped


# ---- incoming
class Outlet:
    """A system that waits for a body."""

    def __init__(self) -> None:
        self.body = b""
        self.transport = Transport()
        self.flow = FlowControl(self.transport)

    def write(self, pieces: list[bytes]) -> None:
        self.body += b"".join(pieces)


class Arrival:
    """An incoming pump with its frames; `stream` sends them as a peer would."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.source = Transport()
        self.flow = FlowControl(self.source)
        self.pump = IncomingPump(self.flow, limit)
        self.pump.verify = check
        self.pump.on_head = lambda _head: self.pump.begin(StreamDigest(HEADER, response=False))
        self.ended: list[tuple[bytes, bytes]] = []
        self.pump.on_end = lambda digest, signature: self.ended.append((digest, signature))
        self.broken: list[str] = []
        self.sink = FrameSink(self.pump, lambda error: self.broken.append(error.code))
        self.digest = StreamDigest(HEADER, response=False)
        self.outlet = Outlet()

    def run(self, run: bytes) -> bytes:
        """The frames of one run with its mark."""
        self.digest.add(run)
        return data_frame_start(len(run)) + run + mark_frame(*sign(self.digest))

    def opened(self) -> Arrival:
        self.sink.data(head_frame(HEAD))
        self.pump.open(self.outlet)
        return self


def test_what_a_mark_proves_passes_one_run_later() -> None:
    """The last proven run is kept back: whether the message is whole, only its end says."""
    arrival = Arrival().opened()
    arrival.sink.data(arrival.run(b"one"))
    assert arrival.outlet.body == b""
    arrival.sink.data(arrival.run(b"two"))
    assert arrival.outlet.body == b"one"
    arrival.sink.data(end_frame(b"signature"))
    assert arrival.ended == [(sha512(b"onetwo").digest(), b"signature")]
    assert arrival.outlet.body == b"one"
    arrival.pump.release()
    assert arrival.outlet.body == b"onetwo"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=6), st.integers(1, 60))
def test_never_more_than_was_proven(runs: list[bytes], size: int) -> None:
    arrival = Arrival().opened()
    raw = b"".join(map(arrival.run, runs)) + end_frame(b"signature")
    for at in range(0, len(raw), size):
        arrival.sink.data(raw[at : at + size])
        assert b"".join(runs[:-1]).startswith(arrival.outlet.body)
        assert sum(map(len, arrival.pump._held)) <= max(map(len, runs))
        assert sum(map(len, arrival.pump._unverified)) <= max(map(len, runs))
    arrival.pump.release()
    assert arrival.outlet.body == b"".join(runs)


def test_a_wrong_mark_breaks_the_stream() -> None:
    arrival = Arrival().opened()
    arrival.sink.data(arrival.run(b"one"))
    arrival.sink.data(data_frame_start(3) + b"two" + mark_frame(*sign(arrival.digest)))
    assert arrival.broken == ["InvalidSignatureValue"]
    assert arrival.source.aborted
    arrival.sink.data(arrival.run(b"three"))
    assert arrival.outlet.body == b""


def test_the_end_waits_for_the_outlet() -> None:
    """All of a short stream may come at once, before the beginning is on record and the system's connection open."""
    arrival = Arrival()
    frames = head_frame(HEAD) + arrival.run(b"one") + arrival.run(b"two") + end_frame(b"signature")
    arrival.sink.data(frames)
    assert arrival.ended == []
    arrival.pump.open(arrival.outlet)
    assert arrival.ended == [(sha512(b"onetwo").digest(), b"signature")]
    assert arrival.outlet.body == b"one"


def test_the_source_stands_still_until_the_outlet_is_there() -> None:
    arrival = Arrival()
    arrival.sink.data(head_frame(HEAD))
    assert not arrival.source.reading
    arrival.pump.open(arrival.outlet)
    assert arrival.source.reading


def test_the_source_stands_still_while_the_outlet_is_full() -> None:
    arrival = Arrival().opened()
    arrival.outlet.flow.pause_writing()
    arrival.sink.data(arrival.run(b"one") + arrival.run(b"two"))
    assert not arrival.source.reading
    arrival.outlet.flow.resume_writing()
    assert arrival.source.reading


def test_the_source_reads_again_when_the_outlet_is_lost() -> None:
    """What comes is taken and dropped: the exchange still gets its end."""
    arrival = Arrival().opened()
    arrival.outlet.flow.pause_writing()
    arrival.sink.data(arrival.run(b"one") + arrival.run(b"two"))
    arrival.outlet.flow.lost()
    assert arrival.source.reading


@pytest.mark.parametrize("how", ["end", "stop", "discard"])
def test_the_source_reads_again_however_it_ends(how: str) -> None:
    arrival = Arrival().opened()
    arrival.outlet.flow.pause_writing()
    arrival.sink.data(arrival.run(b"one") + arrival.run(b"two"))
    assert not arrival.source.reading
    if how == "end":
        arrival.sink.data(end_frame(b"signature"))
    elif how == "discard":
        arrival.pump.discard()
    else:
        arrival.pump._complete = True
        arrival.pump.stop()
    assert arrival.source.reading
    assert not arrival.source.aborted


def test_stopping_cuts_off_what_is_not_complete() -> None:
    arrival = Arrival().opened()
    arrival.sink.data(arrival.run(b"one"))
    arrival.pump.stop()
    assert arrival.source.aborted
    assert arrival.outlet.body == b""


def test_too_large_by_its_own_word() -> None:
    arrival = Arrival(limit=10)
    arrival.sink.data(head_frame(HEAD._replace(length=11)))
    assert arrival.broken == ["MessageTooLarge"]


def test_too_large_in_fact() -> None:
    arrival = Arrival(limit=10).opened()
    arrival.sink.data(arrival.run(b"x" * 11))
    assert arrival.broken == ["MessageTooLarge"]


def test_nobody_verifies_by_default() -> None:
    pump = IncomingPump(FlowControl(None), LIMIT)
    pump.begin(StreamDigest(HEADER, response=False))
    pump.data(b"x")
    with pytest.raises(LienthongError):
        pump.mark(NOW_MS, b"")


def test_a_run_fits_into_what_the_other_side_takes() -> None:
    assert MARK_EVERY <= DATA_MAX
