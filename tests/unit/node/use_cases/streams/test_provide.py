"""The provider's run with large bodies: whatever comes at once, every exchange has its end and no channel is left."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha512
from typing import Any, NamedTuple

import pytest
from tests.doubles.exchange_country import FIELDS, HANOI, WHOLE, nodes, provider_context, signer_of
from tests.doubles.plane import Services, memory_plane
from tests.doubles.playbook import message, message_part, request, stream_ends
from tests.doubles.signing import NOW_MS
from tests.doubles.transport import Transport

from lienthong.adapters.http.answer import HttpAnswer
from lienthong.adapters.http.flow import FlowControl
from lienthong.domain.errors import Unavailable
from lienthong.domain.identifiers import ServiceId
from lienthong.evidence.signature import encode_signature
from lienthong.evidence.stream import StreamDigest, sign_mark
from lienthong.exchange import effects
from lienthong.node.use_cases.streams.provide import StreamingProviderRun
from lienthong.wire.node_message import CarriedMessage, answer_bytes
from lienthong.wire.stream_frames import Head, data_frame_start, end_frame, head_frame, mark_frame

LARGE = b"large body " * 1000


class Sizes(NamedTuple):
    body_max: int = 10**6
    masked_body_max: int = 10**5


class Door:
    """The other node, waiting; its channel is in memory."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.transport = Transport()
        self.flow = FlowControl(self.transport)
        self.data = b""

    def reply(self, effect: effects.Reply) -> None:
        self.told.append("reply")
        self.data = answer_bytes(effect.header_part, effect.body, signature=encode_signature(effect.signature))

    def fault(self, effect: Any, _detail: str) -> None:
        self.told.append(effect.error.code)

    def begin(self, head: bytes, begun: Callable[[FlowControl], None]) -> None:
        self.told.append("begin")
        self.transport.write(head)
        begun(self.flow)

    def end(self) -> None:
        self.told.append("end")

    def break_off(self) -> None:
        self.told.append("broken off")


class Desk:
    """A run with everything around it."""

    def __init__(self) -> None:
        self.plane, self.ledger = memory_plane()
        self.door = Door()
        self.services = Services()
        self.source = Transport()
        self.run = StreamingProviderRun(
            self.plane,
            provider_context(),
            self.services,
            self.door,
            sizes=Sizes(),  # type: ignore[arg-type]
        )

    def stream(self, service: ServiceId = WHOLE, *, until: str = "end", **changes: Any) -> Any:
        """Begin with a streamed message and give its frames up to `until`, all at once."""
        asked = request(service, streamed=True, **changes)
        sink = self.run.start_stream(nodes()[HANOI], FlowControl(self.source))
        sink.data(frames(asked, until))
        return sink

    def call(self, service: ServiceId = WHOLE) -> None:
        """An ordinary call, up to the service."""
        carried = message(request(service))
        self.run.start(
            CarriedMessage(carried.header_part, carried.body, encode_signature(carried.signature)), nodes()[HANOI]
        )
        self.ledger.commit()

    @property
    def kinds(self) -> list[str]:
        return [record.kind.value for record in self.ledger.records]

    def over(self, *told: str) -> None:
        """The exchange told this, once, and is counted as ended."""
        assert self.door.told == list(told)
        assert self.plane.tally.provider.in_flight == 0


def frames(asked: Any, until: str) -> bytes:
    part = message_part(asked)
    signer = signer_of(HANOI)
    digest = StreamDigest(sha512(part).digest(), response=False)
    opening = sign_mark(digest, signer.key, NOW_MS)
    raw = head_frame(Head(len(LARGE), NOW_MS, signer.certificate.digest, opening.value, part))
    if until == "head":
        return raw
    digest.add(LARGE)
    raw += data_frame_start(len(LARGE)) + LARGE + mark_frame(*sign_mark(digest, signer.key, NOW_MS))
    return raw + end_frame(encode_signature(stream_ends(asked, LARGE).signature)) if until == "end" else raw


def answer(status: int = 200, body: bytes | None = b"{}") -> HttpAnswer:
    made = HttpAnswer()
    made.status, made.reason, made.body = status, b"OK", body
    made.headers = [(b"Content-Type", b"application/json")]
    return made


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_stream_that_arrives_at_once(desk: Desk) -> None:
    """All of it is there before its beginning is on record and before the service's connection is open."""
    desk.stream()
    assert desk.kinds == ["stream"]
    desk.ledger.commit()
    assert desk.kinds == ["stream"]
    desk.services.open()
    assert desk.kinds == ["stream", "request"]
    assert LARGE not in desk.services.channel.transport.written, "the end is kept back until it is on record"
    desk.ledger.commit()
    assert desk.services.channel.transport.written.endswith(LARGE)
    assert desk.services.channel.awaited
    desk.run.answered(answer())
    desk.ledger.commit()
    desk.over("reply")


def test_something_that_follows_the_end(desk: Desk) -> None:
    """The service never gets the end of a request whose rest was dropped."""
    sink = desk.stream()
    desk.ledger.commit()
    desk.services.open()
    sink.data(b"garbage that follows")
    desk.ledger.commit()
    assert LARGE not in desk.services.channel.transport.written
    assert desk.services.channel.aborted
    desk.over("broken off")


def test_the_connection_to_the_service_comes_too_late(desk: Desk) -> None:
    sink = desk.stream(until="head")
    desk.ledger.commit()
    sink.aborted()
    desk.ledger.commit()
    desk.over("broken off")
    desk.services.open()
    assert desk.services.channel.aborted
    assert desk.services.channel.transport.written == b"", "the service is not called for an exchange that has ended"


def test_a_refused_stream_is_read_on(desk: Desk) -> None:
    """Its rest is dropped, so that the refusal arrives."""
    sink = desk.stream(until="head", purpose="khác")
    desk.ledger.commit()
    desk.over("reply")
    assert desk.source.reading
    sink.data(b"whatever comes")
    assert not desk.source.aborted


def test_a_ledger_that_fails_at_the_end_leaves_no_call_behind(desk: Desk) -> None:
    desk.stream()
    desk.ledger.commit()
    desk.services.open()
    desk.ledger.commit(Unavailable("LoggingFailed", "full"))
    assert desk.services.channel.aborted
    desk.over("LoggingFailed")


@pytest.mark.parametrize("raw", [b"nonsense", b""])
def test_a_stream_without_a_beginning(desk: Desk, raw: bytes) -> None:
    sink = desk.run.start_stream(nodes()[HANOI], FlowControl(desk.source))
    sink.data(raw)
    sink.ended()
    desk.over("InvalidMessage")


def test_an_end_that_cannot_be_read(desk: Desk) -> None:
    sink = desk.stream(until="mark")
    sink.data(end_frame(b"no signature"))
    desk.ledger.commit()
    desk.services.open()
    desk.ledger.commit()
    desk.over("broken off")


# ---- streamed answers
def test_a_streamed_answer(desk: Desk) -> None:
    desk.call()
    service = Transport()
    sink = desk.run.open_stream(answer(body=None), FlowControl(service))
    sink.data(LARGE)
    sink.ended()
    assert desk.door.told == []
    desk.ledger.commit()
    assert desk.door.told == ["begin"]
    assert LARGE in desk.door.transport.written
    desk.ledger.commit()
    desk.over("begin", "end")
    assert desk.kinds == ["request", "stream", "response"]
    assert service.reading


def test_a_ledger_that_fails_at_the_beginning_of_the_answer(desk: Desk) -> None:
    desk.call()
    service = Transport()
    desk.run.open_stream(answer(body=None), FlowControl(service)).data(LARGE)
    desk.ledger.commit(Unavailable("LoggingFailed", "full"))
    desk.over("LoggingFailed")
    assert service.aborted, "the service's connection is not left standing still"


def test_an_answer_that_is_too_large(desk: Desk) -> None:
    desk.call()
    sink = desk.run.open_stream(answer(body=None), FlowControl(Transport()))
    desk.ledger.commit()
    sink.data(b"x" * (Sizes().body_max + 1))
    sink.ended()
    desk.ledger.commit()
    desk.over("begin", "broken off")
    assert desk.ledger.records[-1].outcome == "ServiceFailed.MessageTooLarge"


@pytest.mark.parametrize("service", [WHOLE, FIELDS])
def test_an_answer_that_says_that_it_is_too_large(desk: Desk, service: ServiceId) -> None:
    """Nothing of it is read, and the refusal is signed."""
    desk.call(service)
    large = answer(body=None)
    large.headers.append((b"Content-Length", b"%d" % (Sizes().body_max + 1)))
    with pytest.raises(Unavailable) as raised:
        desk.run.open_stream(large, FlowControl(Transport()))
    desk.run.failed(raised.value)
    desk.ledger.commit()
    desk.over("reply")
    assert desk.ledger.records[-1].outcome == "ServiceFailed.MessageTooLarge"


def test_a_service_that_breaks_off(desk: Desk) -> None:
    desk.call()
    sink = desk.run.open_stream(answer(body=None), FlowControl(Transport()))
    desk.ledger.commit()
    sink.data(b"x")
    sink.aborted()
    desk.ledger.commit()
    desk.over("begin", "broken off")


def test_a_large_answer_with_a_broken_header(desk: Desk) -> None:
    desk.call()
    service = Transport()
    broken = answer(body=None)
    broken.headers = [(b"X Y", b"1")]
    sink = desk.run.open_stream(broken, FlowControl(service))
    sink.data(b"x")
    sink.ended()
    desk.ledger.commit()
    desk.over("reply")
    assert service.reading


@pytest.mark.parametrize(
    ("size", "outcome"), [(100, ""), (Sizes().masked_body_max + 1, "ServiceFailed.MessageTooLarge")]
)
def test_what_must_be_cut_is_collected(desk: Desk, size: int, outcome: str) -> None:
    desk.call(FIELDS)
    sink = desk.run.open_stream(answer(body=None), FlowControl(Transport()))
    sink.data(b'{"ngaySinh":"' + b"1" * size + b'","hoTen":"A"}')
    sink.ended()
    desk.ledger.commit()
    desk.over("reply")
    assert desk.ledger.records[-1].outcome == outcome
    assert b"111" not in desk.door.data
