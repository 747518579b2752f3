"""The consumer's run with large bodies: whatever comes at once, every exchange has its end and no channel is left."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from tests.doubles.exchange_country import POLICE, consumer_context, signer_of
from tests.doubles.plane import Pools, memory_plane
from tests.doubles.playbook import Playbook, answers, ends_answer, request, response_part
from tests.doubles.signing import NOW_MS
from tests.doubles.transport import Transport

from lienthong.adapters.http.answer import HttpAnswer
from lienthong.adapters.http.flow import FlowControl
from lienthong.domain.errors import Unavailable
from lienthong.evidence.signature import decode_signature, encode_signature
from lienthong.evidence.stream import StreamDigest, sign_mark
from lienthong.exchange.effects import Sign
from lienthong.node.use_cases.streams.consume import StreamingConsumerRun
from lienthong.node.use_cases.streams.sinks import HttpOutlet
from lienthong.wire.parts import NodeFault
from lienthong.wire.stream_frames import (
    MEDIA_TYPE,
    FrameReader,
    Head,
    data_frame_start,
    end_frame,
    head_frame,
    mark_frame,
)

LARGE = b"large body " * 1000
LIMIT = 10**6


class Waits:
    """The calling system."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.transport = Transport()
        self.flow = FlowControl(self.transport)

    def answer(self, effect: Any) -> None:
        self.told.append(f"answer {effect.status}")

    def fault(self, effect: Any) -> None:
        self.told.append(effect.error.code)

    def begin(self, effect: Any, length: int | None) -> HttpOutlet:
        self.told.append("begin")
        return HttpOutlet(self.flow, chunked=length is None)

    def end(self, outlet: HttpOutlet) -> None:
        self.told.append("end")

    def break_off(self) -> None:
        self.told.append("broken off")


class Desk:
    """A run with everything around it; it speaks for the provider's node too."""

    def __init__(self) -> None:
        self.plane, self.ledger = memory_plane()
        self.waits = Waits()
        self.pools = Pools()
        self.source = Transport()
        self.peer = Transport()
        self.run = StreamingConsumerRun(
            self.plane,
            consumer_context(),
            self.pools,  # type: ignore[arg-type]
            self.waits,
            limit=LIMIT,
        )
        self.play = Playbook(self.run._exchange)
        self.whole: list[bool] = []
        """Filled when all of the caller's body was read."""

    def upload(self) -> Any:
        """A streamed request begins."""
        source = FlowControl(self.source)
        return self.run.start_stream(request(streamed=True), source, None, lambda: self.whole.append(True))

    def ask(self) -> None:
        """An ordinary request was sent and is on record."""
        self.run.start(request())
        self.sent_whole()
        self.ledger.commit()

    def sent_whole(self) -> None:
        """From now on answers name the whole request: its digests are those of its record."""
        record = self.ledger.records[-1]
        self.play.seen.append(Sign(record.digests, POLICE))

    def answers_stream(self, *, until: str = "end", rest: bytes = b"") -> Any:
        """The provider's node answers with a stream, all at once."""
        sink = self.run.open_stream(stream_answer(), FlowControl(self.peer))
        sink.data(self.frames(until) + rest)
        return sink

    def frames(self, until: str) -> bytes:
        part, signer = response_part(self.play, 200), signer_of(POLICE)
        digest = StreamDigest(sha256(part).digest(), response=True)
        opening = sign_mark(digest, signer.key, NOW_MS)
        raw = head_frame(Head(len(LARGE), NOW_MS, signer.certificate.digest, opening.value, part))
        digest.add(LARGE)
        raw += data_frame_start(len(LARGE)) + LARGE + mark_frame(*sign_mark(digest, signer.key, NOW_MS))
        return raw + end_frame(encode_signature(ends_answer(LARGE)(self.play).signature)) if until == "end" else raw

    def over(self, *told: str) -> None:
        assert self.waits.told == list(told)
        assert self.plane.tally.consumer.in_flight == 0


def stream_answer() -> HttpAnswer:
    made = HttpAnswer()
    made.status, made.headers = 200, [(b"Content-Type", MEDIA_TYPE)]
    return made


def message_answer(desk: Desk, **how: Any) -> HttpAnswer:
    given = answers(**how)(desk.play)
    made = HttpAnswer()
    made.status, made.body = 200, given.header_part + (given.body or b"")
    made.headers = [
        (b"Content-Type", b"application/vnd.lienthong.message"),
        (b"Lienthong-Header-Length", b"%d" % len(given.header_part)),
        (b"Lienthong-Signature", encode_signature(given.signature)),
    ]
    return made


@pytest.fixture
def desk() -> Desk:
    return Desk()


# ---- streamed answers
def test_a_streamed_answer_that_arrives_at_once(desk: Desk) -> None:
    """All of it is there before its beginning is on record."""
    desk.ask()
    desk.answers_stream()
    assert desk.waits.told == []
    desk.ledger.commit()
    assert desk.waits.told == ["begin"]
    assert desk.waits.transport.written == b"", "the end is kept back until it is on record"
    desk.ledger.commit()
    assert desk.waits.transport.written == LARGE
    desk.over("begin", "end")
    assert desk.peer.reading


def test_something_that_follows_the_end(desk: Desk) -> None:
    """The caller never takes an answer for whole whose rest was dropped."""
    desk.ask()
    sink = desk.answers_stream()
    desk.ledger.commit()
    sink.data(b"garbage that follows")
    desk.ledger.commit()
    desk.over("begin", "broken off")
    assert desk.waits.transport.written == b""


def test_a_ledger_that_fails_at_the_end_of_an_answer(desk: Desk) -> None:
    """No error document goes into the middle of a body."""
    desk.ask()
    desk.answers_stream()
    desk.ledger.commit()
    desk.ledger.commit(Unavailable("LoggingFailed", "full"))
    desk.over("begin", "broken off")


def test_a_ledger_that_fails_before_an_answer_begins(desk: Desk) -> None:
    desk.ask()
    desk.answers_stream(until="mark")
    desk.ledger.commit(Unavailable("LoggingFailed", "full"))
    desk.over("LoggingFailed")
    assert desk.peer.aborted


def test_an_answer_after_the_end_of_the_exchange(desk: Desk) -> None:
    """Its connection is read to its end and can be used again."""
    desk.run.start(request())
    desk.sent_whole()
    desk.ledger.commit(Unavailable("LoggingFailed", "full"))
    sink = desk.answers_stream()
    sink.ended()
    desk.over("LoggingFailed")
    assert desk.peer.reading


def test_an_answer_that_breaks_off(desk: Desk) -> None:
    desk.ask()
    sink = desk.answers_stream(until="mark")
    desk.ledger.commit()
    sink.aborted()
    desk.ledger.commit()
    desk.over("begin", "broken off")


def test_an_end_that_cannot_be_read(desk: Desk) -> None:
    desk.ask()
    desk.answers_stream(until="mark", rest=end_frame(b"no signature"))
    desk.ledger.commit()
    desk.ledger.commit()
    desk.over("begin", "broken off")


def test_a_large_answer_of_another_kind_is_not_taken(desk: Desk) -> None:
    desk.ask()
    other = stream_answer()
    other.headers = [(b"Content-Type", b"text/html")]
    with pytest.raises(Unavailable):
        desk.run.open_stream(other, FlowControl(desk.peer))


# ---- streamed requests
class Frames:
    """Reads the frames that went to the provider's node."""

    def __init__(self) -> None:
        self.body, self.ended = b"", b""

    def head(self, head: Head) -> None:
        assert head.length is None

    def data(self, piece: bytes) -> None:
        self.body += piece

    def mark(self, signed_at_ms: int, value: bytes) -> None:
        assert value

    def end(self, signature: bytes) -> None:
        self.ended = signature


def sent_frames(desk: Desk) -> Frames:
    raw = desk.pools.channel.transport.written.partition(b"\r\n\r\n")[2]
    frames = Frames()
    reader = FrameReader(frames)
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        reader.feed(raw[: int(size, 16)])
        raw = raw[int(size, 16) + 2 :]
    return frames


def test_a_streamed_request(desk: Desk) -> None:
    sink = desk.upload()
    sink.data(LARGE)
    sink.ended()
    desk.pools.open()
    assert desk.whole == [True]
    frames = sent_frames(desk)
    assert frames.body == LARGE
    assert decode_signature(frames.ended).signed_at_ms == NOW_MS
    desk.sent_whole()
    desk.ledger.commit()
    desk.run.answered(message_answer(desk))
    desk.ledger.commit()
    desk.over("answer 200")
    assert [record.kind.value for record in desk.ledger.records] == ["stream", "request", "response"]
    assert desk.source.reading


def test_a_refusal_that_crosses_the_end_of_the_body(desk: Desk) -> None:
    sink = desk.upload()
    desk.pools.open()
    sink.data(LARGE)
    sink.ended()
    desk.ledger.commit()
    refusal = NodeFault("Server.ServerProxy.AccessDenied", "purpose")
    desk.run.answered(message_answer(desk, fault=refusal, beginning=True, status=500))
    desk.ledger.commit()
    desk.over("AccessDenied")


def test_the_connection_comes_after_the_caller_has_gone(desk: Desk) -> None:
    sink = desk.upload()
    desk.ledger.commit()
    sink.aborted()
    desk.ledger.commit()
    desk.over("IOError")
    desk.pools.open()
    assert desk.pools.channel.aborted
    assert desk.pools.channel.transport.written == b"", "nothing is sent for an exchange that has ended"


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large(desk: Desk, declared: bool) -> None:
    if declared:
        desk.run.start_stream(request(streamed=True), FlowControl(desk.source), LIMIT + 1, lambda: None)
    else:
        sink = desk.upload()
        desk.pools.open()
        sink.data(b"x" * (LIMIT + 1))
        desk.ledger.commit()
    desk.over("MessageTooLarge")


def test_the_digests_of_a_stream_are_known_at_its_end(desk: Desk) -> None:
    desk.upload()
    assert desk.ledger.records[0].body_digest is None
