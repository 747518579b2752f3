"""The client side of HTTP/1.1 in memory: every call ends exactly once, and no answer goes to the wrong call."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.transport import Transport

from lienthong.adapters.http.answer import ClientBounds, HttpAnswer
from lienthong.adapters.http.client import HttpClientConnection
from lienthong.adapters.http.flow import FlowControl
from lienthong.adapters.http.pool import ConnectionPool
from lienthong.domain.errors import LienthongError, Unproven

BOUNDS = ClientBounds(inline_body=100, header_bytes=2000, header_count=10, connections=1, waiting=2, answer_s=5)
ASK = b"GET / HTTP/1.1\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Waits:
    """A caller that writes down what it is told; `sink` takes a large body."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.answer: HttpAnswer | None = None
        self.flow: FlowControl | None = None
        self.body = b""

    def answered(self, answer: HttpAnswer) -> None:
        self.answer = answer
        self.told.append("answered")

    def failed(self, error: LienthongError) -> None:
        self.told.append(error.code)

    def open_stream(self, answer: HttpAnswer, flow: FlowControl, /) -> Waits:
        self.answer, self.flow = answer, flow
        return self

    def data(self, piece: bytes) -> None:
        self.body += piece

    def ended(self) -> None:
        self.told.append("ended")

    def aborted(self) -> None:
        self.told.append("aborted")


class Net:
    """Connections that the pool makes, in order; `refuse` is raised instead of the next one."""

    def __init__(self, **changes: Any) -> None:
        self.made: list[HttpClientConnection] = []
        self.refuse: list[BaseException] = []
        self.hangs = False
        bounds = dataclasses.replace(BOUNDS, **changes)
        self.pool = ConnectionPool(self._connect, bounds=bounds, name="x")
        self.now = 1000.0
        self.pool.now = lambda: self.now

    async def _connect(self, make: Callable[[], HttpClientConnection]) -> tuple[Any, HttpClientConnection]:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.refuse:
            raise self.refuse.pop(0)
        connection = make()
        connection.connection_made(Transport())
        self.made.append(connection)
        return connection.transport, connection

    async def call(self, data: bytes = ASK, **options: Any) -> Waits:
        waits = Waits()
        self.pool.call(data, waits, **options)
        await settle()
        return waits

    def receive(self, data: bytes, number: int = -1) -> None:
        self.made[number].data_received(data)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.pool.sweep()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_calls_use_one_connection_again() -> None:
    async def test() -> None:
        net = Net()
        for _ in range(2):
            waits = await net.call()
            net.receive(OK)
            assert waits.told == ["answered"]
            assert waits.answer is not None
            assert (waits.answer.status, waits.answer.reason, waits.answer.body) == (200, b"OK", b"hi")
        assert len(net.made) == 1

    run(test)


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(11)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 3000,
        b"HTTP/1.1 200 " + b"x" * 300 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        OK + OK,
    ],
    ids=["no http", "many headers", "large header", "long reason", "upgrade", "two answers"],
)
def test_broken_answers(raw: bytes) -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        for at in range(0, len(raw), 500):
            net.receive(raw[at : at + 500])
        assert len(waits.told) == 1
        assert net.made[0].transport.is_closing()
        second = await net.call()
        net.receive(OK)
        assert second.told == ["answered"]
        assert len(net.made) == 2

    run(test)


@settings(max_examples=50)
@given(st.binary(max_size=200), st.integers(1, 40))
def test_any_bytes_end_a_call_at_most_once(raw: bytes, size: int) -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        for at in range(0, len(raw), size):
            net.receive(raw[at : at + size])
        net.made[0].connection_lost(None)
        assert len(waits.told) == 1

    run(test)


def test_what_nobody_asked_for_is_no_answer() -> None:
    """Bytes on an idle connection must not be the answer to the next call."""

    async def test() -> None:
        net = Net()
        await net.call()
        net.receive(OK)
        net.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfor")
        assert net.made[0].transport.aborted
        waits = await net.call()
        net.receive(OK)
        assert waits.answer is not None
        assert waits.answer.body == b"hi"
        assert len(net.made) == 2

    run(test)


def test_interim_answers_are_passed_over() -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        net.receive(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
        assert waits.answer is not None
        assert (waits.answer.status, len(waits.answer.headers)) == (200, 1)

    run(test)


def test_head_has_no_body_whatever_its_length_says() -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call(b"HEAD / HTTP/1.1\r\n\r\n", no_body=True)
        net.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        assert waits.told == ["answered"]
        assert waits.answer is not None
        assert waits.answer.body is None

    run(test)


@pytest.mark.parametrize("status", [204, 304])
def test_no_content_has_no_body_whatever_its_length_says(status: int) -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        net.receive(b"HTTP/1.1 %d x\r\nContent-Length: 5000\r\n\r\n" % status)
        assert waits.told == ["answered"]

    run(test)


def test_a_body_without_length_ends_with_its_connection() -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        net.receive(b"HTTP/1.0 200 OK\r\n\r\nhello")
        assert waits.told == []
        net.made[0].connection_lost(None)
        assert waits.answer is not None
        assert waits.answer.body == b"hello"

    run(test)


# ---- connections that are gone
@pytest.mark.parametrize("resend", [True, False])
def test_a_stale_connection(resend: bool) -> None:
    """The peer closed it while it was idle: the call is sent again if that is allowed, on a fresh connection."""

    async def test() -> None:
        net = Net()
        await net.call()
        net.receive(OK)
        waits = await net.call(resend=resend)
        net.made[0].connection_lost(None)
        await settle()
        assert len(net.made) == (2 if resend else 1)
        assert waits.told == ([] if resend else ["HttpError"])
        if resend:
            net.made[1].connection_lost(None)
            assert waits.told == ["HttpError"], "a fresh connection is not tried again"

    run(test)


def test_a_call_whose_answer_has_begun_is_not_sent_again() -> None:
    async def test() -> None:
        net = Net()
        await net.call()
        net.receive(OK)
        waits = await net.call(resend=True)
        net.receive(OK[:20])
        net.made[0].connection_lost(None)
        await settle()
        assert waits.told == ["HttpError"]
        assert len(net.made) == 1

    run(test)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (ConnectionRefusedError(), "NetworkError"),
        (UnicodeError(), "NetworkError"),
        (Unproven("SslAuthenticationFailed", "somebody else"), "SslAuthenticationFailed"),
    ],
)
def test_no_connection(refusal: BaseException, code: str) -> None:
    async def test() -> None:
        net = Net()
        net.refuse = [refusal]
        first, second = Waits(), Waits()
        net.pool.call(ASK, first)
        net.pool.call(ASK, second)
        await settle()
        assert first.told == [code]
        net.receive(OK)
        assert second.told == ["answered"], "who waits gets the next connection"

    run(test)


def test_a_connection_that_is_lost_at_once() -> None:
    async def test() -> None:
        net = Net()
        real = net.pool._connect

        async def closes(make: Callable[[], HttpClientConnection]) -> Any:
            transport, connection = await real(make)
            transport.close()
            return transport, connection

        net.pool._connect = closes
        waits = await net.call()
        assert waits.told == ["NetworkError"]

    run(test)


def test_bounds_of_waiting() -> None:
    async def test() -> None:
        net = Net()
        calls = [await net.call() for _ in range(4)]
        assert [call.told for call in calls] == [[], [], [], ["Overloaded"]]
        net.receive(OK)
        net.receive(OK)
        assert [call.told for call in calls[:3]] == [["answered"], ["answered"], []]
        net.pass_time(6)
        assert calls[2].told == ["DeadlineExceeded"]

    run(test)


def test_who_waits_too_long_is_told() -> None:
    async def test() -> None:
        net = Net()
        await net.call()
        second = await net.call()
        net.made[0].deadline = float("inf")
        net.pass_time(6)
        assert second.told == ["Overloaded"]

    run(test)


@pytest.mark.parametrize("when", ["waiting", "opening", "sent"])
def test_closing_the_pool_ends_every_call(when: str) -> None:
    async def test() -> None:
        net = Net()
        net.hangs = when == "opening"
        waits = await net.call()
        if when == "waiting":
            waits = await net.call()
        net.pool.close()
        if when == "sent":
            net.made[0].connection_lost(None)
        await settle()
        assert len(waits.told) == 1

    run(test)


def test_what_is_withdrawn_in_time_is_not_sent() -> None:
    async def test() -> None:
        net = Net()
        first, second, third = [await net.call(data) for data in (b"1", b"2", b"3")]
        assert [net.pool.withdraw(call) for call in (first, second, second)] == [False, True, False]
        net.receive(OK)
        assert net.made[0].transport.written == b"13"
        net.receive(OK)
        net.pass_time(6)
        assert [call.told for call in (first, second, third)] == [["answered"], [], ["answered"]]

    run(test)


@pytest.mark.parametrize("refuse", [[], [OSError()]])
def test_what_is_withdrawn_while_its_connection_opens_is_not_sent(refuse: list[BaseException]) -> None:
    async def test() -> None:
        net, waits = Net(), Waits()
        net.refuse = refuse
        net.pool.call(ASK, waits)
        assert net.pool.withdraw(waits)
        await settle()
        assert waits.told == []
        second = await net.call()
        net.receive(OK)
        assert second.told == ["answered"]
        assert net.made[0].transport.written == ASK

    run(test)


def test_a_retired_pool_ends_what_was_asked_for() -> None:
    async def test() -> None:
        net = Net(connections=2)
        calls = [await net.call(data) for data in (b"1", b"2", b"3")]
        net.receive(OK)
        net.pool.retire()
        assert not net.pool.empty
        assert [call.told for call in calls] == [[], ["answered"], []]
        net.receive(OK, 0)
        net.receive(OK, 1)
        await settle()
        assert [call.told for call in calls] == [["answered"]] * 3
        assert net.pool.empty
        assert all(connection.transport.closed for connection in net.made)

    run(test)


# ---- large bodies
def large(net: Net, size: int = 300) -> None:
    net.receive(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)


def test_a_large_answer_passes_in_pieces() -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        large(net)
        net.receive(b"a" * 100)
        net.receive(b"b" * 200)
        assert (waits.body, waits.told) == (b"a" * 100 + b"b" * 200, ["ended"])
        second = await net.call()
        net.receive(OK)
        assert second.told == ["answered"]
        assert len(net.made) == 1

    run(test)


def test_a_connection_comes_back_to_the_pool_reading() -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        large(net)
        assert waits.flow is not None
        waits.flow.pause_reading()
        net.receive(b"x" * 300)
        assert net.made[0].transport.reading

    run(test)


def test_more_than_was_announced_answers_nobody() -> None:
    async def test() -> None:
        net = Net()
        first, second = await net.call(), await net.call()
        large(net)
        net.receive(b"x" * 300 + OK)
        await settle()
        assert first.told == ["ended"]
        assert second.told == []
        net.receive(OK)
        assert second.told == ["answered"]
        assert len(net.made) == 2

    run(test)


def test_a_sink_that_aborts_at_the_end_does_not_hit_the_next_call() -> None:
    async def test() -> None:
        net = Net()
        first, second = await net.call(), await net.call()
        large(net)
        first.ended = lambda: first.flow and first.flow.abort()  # type: ignore[assignment, method-assign, return-value]
        net.receive(b"x" * 300)
        await settle()
        net.receive(OK)
        assert second.told == ["answered"]
        assert len(net.made) == 2

    run(test)


def test_a_body_that_flows_does_not_expire() -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        large(net)
        for _ in range(5):
            net.pass_time(4)
            net.receive(b"x" * 50)
        net.pass_time(4)
        net.receive(b"x" * 50)
        assert waits.told == ["ended"]

    run(test)


@pytest.mark.parametrize("paused", [True, False])
def test_a_body_that_stands_still_expires_unless_we_do_not_read(paused: bool) -> None:
    async def test() -> None:
        net = Net()
        waits = await net.call()
        large(net)
        assert waits.flow is not None
        if paused:
            waits.flow.pause_reading()
        net.pass_time(6)
        assert net.made[0].transport.aborted is not paused
        net.made[0].connection_lost(None)
        assert waits.told == ["aborted"]

    run(test)


# ---- requests in pieces
def test_a_peer_that_takes_nothing_expires() -> None:
    async def test() -> None:
        net = Net()
        waits, channels = Waits(), []
        net.pool.stream(waits, lambda channel: channels.append((channel, channel.begin(b"head", waits))))
        await settle()
        net.pass_time(100)
        assert waits.told == []
        net.made[0].pause_writing()
        net.pass_time(6)
        assert waits.told == ["DeadlineExceeded"]

    run(test)


def test_an_early_answer_ends_the_connection() -> None:
    async def test() -> None:
        net = Net()
        waits = Waits()
        net.pool.stream(waits, lambda channel: channel.begin(b"head", waits))
        await settle()
        net.receive(OK)
        assert waits.told == ["answered"]
        assert net.made[0].transport.closed

    run(test)


def test_aborting_for_a_caller_hits_only_its_own_call() -> None:
    async def test() -> None:
        net = Net()
        first = await net.call()
        net.receive(OK)
        second = await net.call()
        net.made[0].abort_for(first)
        assert not net.made[0].transport.aborted
        net.made[0].abort_for(second)
        assert net.made[0].transport.aborted

    run(test)
