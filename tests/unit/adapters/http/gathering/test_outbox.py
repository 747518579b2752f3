"""What a turn writes goes out together at its end; each connection's bytes stay in order, none is lost or doubled."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.transport import Transport
from tests.doubles.turns import Turns

from lienthong.adapters.http.gathering import gathered
from lienthong.adapters.http.gathering.outbox import PORTION, SHORT, GatheredTransport, Outbox
from lienthong.adapters.http.gathering.write_each import MOST

LONG = bytes(SHORT + 1)


class Turn(Turns):
    """A turn of a loop, and connections whose sockets take as much as `room` says."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self.calls: list[dict[int, bytes]] = []
        self.room = 1 << 30
        self.outbox = Outbox(self, self.write_each)  # type: ignore[arg-type]
        self.inner = [Transport() for _ in range(connections)]
        self.all = [GatheredTransport(one, number, self.outbox) for number, one in enumerate(self.inner)]

    def write_each(self, files: list[int], chunks: list[bytes]) -> list[int]:
        for one in self.inner:
            assert (one.written, one.is_closing(), one.eof, one.protocol) == (b"", False, False, None), "it is first"
        self.calls.append(dict(zip(files, chunks, strict=True)))
        return [min(self.room, len(chunk)) for chunk in chunks]

    def usual(self) -> list[bytes]:
        """What went out in the usual way."""
        return [one.written for one in self.inner]


def test_what_a_turn_writes_goes_out_at_its_end_with_one_call() -> None:
    turn = Turn(3)
    for number, transport in enumerate(turn.all):
        transport.write(b"answer %d" % number)
        assert transport.get_write_buffer_size() == 8
    assert turn.calls == []
    turn.turn()
    assert turn.calls == [{0: b"answer 0", 1: b"answer 1", 2: b"answer 2"}]
    assert turn.usual() == [b"", b"", b""]
    assert turn.all[0].get_write_buffer_size() == 0
    turn.turn()
    turn.all[1].write(b"next")
    turn.all[2].write(b"turn")
    turn.turn()
    assert turn.calls[1:] == [{1: b"next", 2: b"turn"}]


def test_what_did_not_go_out_goes_out_in_the_usual_way() -> None:
    turn = Turn(2)
    turn.room = 3
    turn.all[0].write(b"a long answer")
    turn.all[1].write(b"ok")
    turn.turn()
    assert turn.usual() == [b"ong answer", b""]


def test_one_that_is_alone_goes_out_in_the_usual_way() -> None:
    turn = Turn(1)
    turn.all[0].write(b"alone")
    turn.turn()
    assert turn.calls == []
    assert turn.usual() == [b"alone"]


def test_where_something_waits_or_is_long_it_is_written_at_once() -> None:
    turn = Turn(2)
    turn.inner[0].unread = 1
    turn.all[0].write(b"behind it")
    turn.all[1].write(LONG)
    assert turn.usual() == [b"behind it", LONG]
    turn.all[0].write(b"")
    turn.turn()
    assert turn.calls == []


def test_so_many_go_out_before_the_end_of_the_turn() -> None:
    turn = Turn(PORTION + 2)
    for transport in turn.all:
        transport.write(b"x")
    assert [len(call) for call in turn.calls] == [PORTION] and PORTION <= MOST
    turn.turn()
    assert [len(call) for call in turn.calls] == [PORTION, 2]


@pytest.mark.parametrize(
    ("act", "done"),
    [
        (lambda one: one.write(b"more"), lambda inner: inner.written == b"more"),
        (lambda one: one.write(LONG), lambda inner: inner.written == LONG),
        (lambda one: one.writelines([b"more"]), lambda inner: inner.written == b"more"),
        (lambda one: one.close(), lambda inner: inner.closed),
        (lambda one: one.abort(), lambda inner: inner.aborted),
        (lambda one: one.write_eof(), lambda inner: inner.eof),
        (lambda one: one.set_protocol("other"), lambda inner: inner.protocol == "other"),
    ],
)
def test_what_was_written_before_goes_out_before(
    act: Callable[[GatheredTransport], None], done: Callable[[Transport], bool]
) -> None:
    turn = Turn(2)
    turn.all[1].write(b"another's")
    turn.all[0].write(b"first")
    act(turn.all[0])
    assert turn.calls == [{1: b"another's", 0: b"first"}]
    turn.turn()
    assert done(turn.inner[0])


def test_nothing_goes_to_a_descriptor_that_may_be_anothers_by_now() -> None:
    turn = Turn(3)
    for transport in turn.all:
        transport.write(b"x")
    turn.inner[1].aborted = True
    turn.turn()
    assert turn.calls == []
    assert turn.usual() == [b"x", b"x", b"x"], "a transport that is closing drops it itself"


def test_where_it_is_not_known_what_went_out_the_connections_end() -> None:
    turn = Turn(4)

    def broken(_files: list[int], _chunks: list[bytes]) -> list[int]:
        raise OSError(22, "the system does not say")

    turn.outbox = Outbox(turn, broken)  # type: ignore[arg-type]
    turn.all = [GatheredTransport(one, number + 9000, turn.outbox) for number, one in enumerate(turn.inner)]
    for transport in turn.all[:2]:
        transport.write(b"x")
    turn.turn()
    assert [one.aborted for one in turn.inner] == [True, True, False, False]
    assert turn.usual() == [b"", b"", b"", b""]
    for transport in turn.all[2:]:
        transport.write(b"y")
    turn.turn()
    assert turn.usual()[2:] == [b"y", b"y"], "and the next ones go out one by one"


def test_a_transport_with_tls_or_without_a_socket_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for known in ({"ssl_object": object(), "socket": object()}, {}):
        plain = Transport()
        monkeypatch.setattr(plain, "get_extra_info", known.get)
        assert gathered(plain) is plain


Steps = list[list[tuple[int, int]]]
STEPS: st.SearchStrategy[Steps] = st.lists(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from([1, 100, 3000, SHORT, SHORT + 1, 300_000])), max_size=12),
    max_size=8,
)


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@settings(max_examples=25, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_every_connection_gets_its_bytes_in_order(runner: Callable[[Any], Any], steps: Steps, seed: int) -> None:
    runner(_written_and_read(steps, random.Random(seed)))


async def _written_and_read(steps: Steps, chance: random.Random) -> None:
    loop = asyncio.get_running_loop()
    pairs = [socket.socketpair() for _ in range(5)]
    written = [b""] * 5
    transports: list[Any] = []
    for one, _ in pairs:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
        transport, _protocol = await loop.create_connection(asyncio.Protocol, sock=one)
        transports.append(gathered(transport))
    assert all(type(one) is GatheredTransport for one in transports)
    reading = [asyncio.create_task(_all_of(other)) for _, other in pairs]
    for turn in steps:
        for number, size in turn:
            piece = chance.randbytes(size)
            written[number] += piece
            transports[number].write(piece)
        await asyncio.sleep(0)
    for transport in transports:
        transport.close()
    assert await asyncio.gather(*reading) == written


async def _all_of(end: socket.socket) -> bytes:
    reader, writer = await asyncio.open_connection(sock=end)
    found = await reader.read()
    writer.close()
    return found


def test_the_outbox_of_a_loop_is_its_own() -> None:
    async def outbox() -> Outbox:
        one, other = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=one)
        again = [gathered(transport)._outbox for _ in range(2)]
        assert again[0] is again[1]
        transport.close()
        other.close()
        return again[0]  # type: ignore[no-any-return]

    assert asyncio.run(outbox()) is not asyncio.run(outbox())
