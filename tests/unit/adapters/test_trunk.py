"""The connection of a trunk: bounded waiting, BYE once, its user told of the end once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.transport import Clock, Transport

from lienthong.adapters.trunk import GIVEN_UP_S, OPENING_S, PATIENCE_S, SILENCE_S, TrunkConnection
from lienthong.domain.errors import LienthongError
from lienthong.wire import trunk
from lienthong.wire.trunk_reader import Role

HELLO = trunk.hello_frame(trunk.Bounds())
DRAIN = trunk.bye_frame(trunk.Reason.DRAIN)


class User:
    """What a connection told its user."""

    def __init__(self) -> None:
        self.frames: list[trunk.Frame] = []
        self.told: list[str] = []

    def ready(self) -> None:
        self.told.append("ready")

    def frame(self, frame: trunk.Frame) -> None:
        self.frames.append(frame)

    def closing(self) -> None:
        self.told.append("closing")

    def ended(self, error: LienthongError) -> None:
        self.told.append(error.code)


class Line:
    """A connection in memory; the test plays the other node."""

    def __init__(self, role: Role) -> None:
        self.clock, self.transport, self.user = Clock(), Transport(), User()
        opening = trunk.upgrade_request(b"nut") if role is Role.OPENER else b""
        self.connection = TrunkConnection(role, trunk.Bounds(), clock=self.clock, opening=opening)
        self.connection.connection_made(self.transport)
        self.connection.take_up(self.user)
        self.transport.taken()

    def hear(self, data: bytes) -> bytes:
        """What is written in answer to `data`."""
        self.connection.data_received(data)
        return self.transport.taken()


@pytest.fixture(params=[Role.OPENER, Role.ACCEPTOR])
def line(request: pytest.FixtureRequest) -> Line:
    """Both have said HELLO."""
    made = Line(request.param)
    made.hear(trunk.UPGRADE_ANSWER + HELLO if request.param is Role.OPENER else HELLO)
    assert made.user.told == ["ready"]
    return made


def test_bye_is_said_once(line: Line) -> None:
    assert not line.connection.draining
    line.connection.say_bye()
    line.connection.say_bye()
    assert line.connection.draining
    assert line.transport.taken() == DRAIN
    assert line.connection.ready


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_who_refuses_the_upgrade_gets_no_frames(answer: bytes) -> None:
    line = Line(Role.OPENER)
    assert line.hear(answer) == b""
    assert line.transport.closed
    assert line.user.told == ["HttpError"]


@pytest.mark.parametrize("role", [Role.OPENER, Role.ACCEPTOR])
def test_bye_waits_for_hello(role: Role) -> None:
    line = Line(role)
    line.connection.say_bye()
    assert line.connection.draining
    assert line.transport.taken() == b""
    if role is Role.OPENER:
        assert line.hear(trunk.UPGRADE_ANSWER) == HELLO
    assert line.hear(HELLO) == DRAIN


def test_who_is_silent_is_asked_once_then_given_up(line: Line) -> None:
    line.connection.sweep()
    line.clock.now += SILENCE_S + 1
    for _ in range(2):
        line.connection.sweep()
    assert line.transport.taken() == trunk.ping_frame(b"are you?")
    line.clock.now += GIVEN_UP_S + 1
    line.connection.sweep()
    assert line.transport.aborted


def test_who_answers_is_not_given_up(line: Line) -> None:
    line.clock.now += SILENCE_S + 1
    line.connection.sweep()
    line.hear(trunk.pong_frame(bytes(8)))
    line.transport.taken()
    line.clock.now += SILENCE_S - 1
    line.connection.sweep()
    assert line.transport.taken() == b""
    assert not line.transport.aborted


def test_who_should_have_answered_is_asked_at_once_and_soon_given_up(line: Line) -> None:
    line.hear(trunk.pong_frame(bytes(8)))
    sent_at = line.clock.now
    line.clock.now += 5
    for _ in range(2):
        line.connection.doubt(sent_at)
        assert line.transport.taken() in (trunk.ping_frame(b"are you?"), b"")
    line.clock.now += PATIENCE_S - 1
    line.connection.doubt(sent_at + 1)
    line.connection.sweep()
    assert not line.transport.aborted
    line.clock.now += 2
    line.connection.sweep()
    assert line.transport.aborted
    assert line.transport.taken() == b"", "asked once"


def test_who_is_asked_already_is_given_up_the_sooner(line: Line) -> None:
    line.clock.now += SILENCE_S + 1
    line.connection.sweep()
    line.connection.doubt(line.clock.now - 10)
    assert line.transport.taken() == trunk.ping_frame(b"are you?")
    line.clock.now += PATIENCE_S + 1
    line.connection.sweep()
    assert line.transport.aborted


def test_who_said_anything_since_is_not_doubted(line: Line) -> None:
    sent_at = line.clock.now
    line.clock.now += 5
    line.hear(trunk.pong_frame(bytes(8)))
    line.connection.doubt(sent_at)
    assert line.transport.taken() == b""
    line.clock.now += PATIENCE_S + 1
    line.connection.sweep()
    assert not line.transport.aborted


def test_what_has_not_begun_is_not_asked() -> None:
    line = Line(Role.OPENER)
    line.connection.doubt(line.clock.now)
    assert line.transport.taken() == b""


@pytest.mark.parametrize("reason", [trunk.Reason.BROKEN, trunk.Reason.UNPROVEN, trunk.Reason.SILENT, 99])
def test_after_any_other_bye_than_drain_nothing_is_answered_any_more(line: Line, reason: int) -> None:
    assert line.hear(trunk.bye_frame(reason)) == trunk.bye_frame(trunk.Reason.BROKEN)
    assert line.transport.closed
    assert line.user.told == ["ready", "HttpError"]


def test_who_asks_and_does_not_read_is_not_answered(line: Line) -> None:
    """Else the answers to a flood of questions would be kept for it here."""
    ping, pong = trunk.ping_frame(bytes(8)), trunk.pong_frame(bytes(8))
    assert line.hear(ping) == pong
    line.connection.pause_writing()
    assert line.hear(ping * 1000) == b""
    line.connection.resume_writing()
    assert line.hear(ping) == pong


def test_what_never_begins_is_given_up_at_once() -> None:
    line = Line(Role.ACCEPTOR)
    line.clock.now += OPENING_S + 1
    line.connection.sweep()
    assert line.transport.aborted
    assert line.transport.taken() == b""


@given(
    st.sampled_from(Role),
    st.lists(st.binary(max_size=20) | st.sampled_from([HELLO, DRAIN, trunk.ping_frame(bytes(8))]), max_size=6),
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
)
def test_any_bytes_end_the_trunk_with_a_reason_or_wait_for_more(
    role: Role, said: list[bytes], sizes: list[int]
) -> None:
    """Whatever comes and in whatever pieces: the same is answered, the user is told the same, once of the end."""
    raw = b"".join(said)
    outcomes = []
    for pieces in ([max(1, len(raw))], [1], sizes):
        line, at, answered = Line(role), 0, b""
        if role is Role.OPENER:
            line.hear(trunk.UPGRADE_ANSWER)
        for turn in range(len(raw)):
            if at >= len(raw):
                break
            size = pieces[turn % len(pieces)]
            answered += line.hear(raw[at : at + size])
            at += size
        assert line.transport.closed == answered.endswith(trunk.bye_frame(trunk.Reason.BROKEN))
        line.connection.connection_lost(None)
        ends = [told for told in line.user.told if told not in ("ready", "closing")]
        assert len(ends) == 1
        outcomes.append((answered, line.user.told, line.user.frames))
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_the_user_is_told_of_the_end_once(line: Line) -> None:
    assert line.hear(b"\xff" * 5) == trunk.bye_frame(trunk.Reason.BROKEN)
    assert line.transport.closed
    line.connection.connection_lost(None)
    assert line.user.told == ["ready", "InvalidMessage"]
