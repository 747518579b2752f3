"""The consumer's side of an exchange: in the ledger its end stands behind its request, however early it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.doubles.exchange_country import consumer_context
from tests.doubles.plane import MemoryLedger, Pools, memory_plane
from tests.doubles.playbook import request
from tests.doubles.transport import Transport

from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import Unavailable
from lienthong.evidence.record import RecordKind
from lienthong.exchange.consumer import ConsumerExchange
from lienthong.node.use_cases.consume import ConsumerRun
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.trunk.calling import CallingTrunk
from lienthong.wire import trunk
from lienthong.wire.trunk_reader import Role


class Waits:
    """The calling system, and what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def answer(self, effect: Any) -> None:
        self.told.append(str(effect.status))

    def fault(self, effect: Any) -> None:
        self.told.append(effect.error.code)


class Full(Pools):
    """A pool that takes nothing more."""

    def call(self, data: Any, _caller: Any, **_options: Any) -> None:
        raise Unavailable("Overloaded", "too many wait")


class OneTrunk(Pools):
    """The way to the other node is this trunk."""

    def __init__(self, way: CallingTrunk) -> None:
        super().__init__()
        self._way = way

    def trunk(self, _node: Any) -> Any:
        return self._way


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def ended(plane: Plane, ledger: MemoryLedger, pools: Pools, loop: asyncio.AbstractEventLoop) -> list[str]:
    """What the caller of two requests was told, after everything that could happen did."""
    waits = Waits()
    for number in range(2):
        run = ConsumerRun(plane, ConsumerExchange(consumer_context()), pools, waits)  # type: ignore[arg-type]
        run.start(request(request_id=f"r-{number}"))
    for _ in range(5):
        loop.call_soon(loop.stop)
        loop.run_forever()
        ledger.commit()
    return waits.told


def check_order(ledger: MemoryLedger) -> None:
    kinds = [[one.kind for one in ledger.records if one.request_id == f"r-{number}"] for number in range(2)]
    assert kinds == [[RecordKind.REQUEST, RecordKind.OUTCOME]] * 2


def test_a_pool_that_refuses_at_once(loop: asyncio.AbstractEventLoop) -> None:
    plane, ledger = memory_plane()
    assert ended(plane, ledger, Full(), loop) == ["Overloaded"] * 2
    check_order(ledger)


def test_a_trunk_that_ends_while_its_requests_are_being_signed(loop: asyncio.AbstractEventLoop) -> None:
    """After a restart a request behind its end would look as if it had none, and get a second one."""
    plane, ledger = memory_plane()
    opening = trunk.upgrade_request(b"nut")
    connection = TrunkConnection(Role.OPENER, trunk.Bounds(), clock=loop.time, opening=opening)
    connection.connection_made(Transport())
    way = CallingTrunk(
        connection,
        loop=loop,
        signatures=plane.signatures,
        ledger=ledger,
        answer_s=10,
        over=lambda _error: None,
    )
    connection.take_up(way)
    connection.data_received(trunk.UPGRADE_ANSWER + trunk.hello_frame(trunk.Bounds()))
    loop.call_soon(connection.connection_lost, None)
    assert ended(plane, ledger, OneTrunk(way), loop) == ["NetworkError"] * 2
    check_order(ledger)
