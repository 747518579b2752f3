"""The trunks that this node opened: who is asked when, and what becomes of one whose node is described anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.doubles.exchange_country import nodes
from tests.doubles.plane import memory_plane
from tests.doubles.transport import Transport
from tests.doubles.values import replace

from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.network import Node
from lienthong.node.use_cases.trunk.trunks import PAUSE_MAX_S, PAUSE_S, Trunks
from lienthong.wire import trunk

NODE = next(iter(nodes().values()))
ELSEWHERE = replace(NODE, port=NODE.port + 1)


class Log:
    def __init__(self) -> None:
        self.pauses: list[object] = []

    def info(self, event: str, **facts: object) -> None:
        assert event == "trunk.down"
        self.pauses.append(facts["asked_again_s"])

    def warning(self, event: str, **facts: object) -> None:
        """Nobody reads it."""


class Desk:
    """Trunks whose connections come up when the test says so. Runs in an event loop."""

    def __init__(self) -> None:
        self.log = Log()
        self.lost: list[Node] = []
        self.asked: list[tuple[Node, asyncio.Future[None]]] = []
        self.up: list[tuple[TrunkConnection, Transport]] = []
        plane, ledger = memory_plane()
        self.trunks = Trunks(
            self._connector,
            plane.signatures,
            ledger,
            loop=asyncio.get_running_loop(),
            bounds=trunk.Bounds(),
            answer_s=10,
            log=self.log,
            lost=self.lost.append,
        )

    def _connector(self, node: Node) -> Any:
        async def connect(make: Callable[[], TrunkConnection]) -> tuple[Transport, TrunkConnection]:
            may: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.asked.append((node, may))
            await may
            connection, transport = make(), Transport()
            connection.connection_made(transport)
            self.up.append((connection, transport))
            return transport, connection

        return connect

    async def ask(self, node: Node) -> Any:
        """The trunk to `node`; what that begins has begun."""
        found = self.trunks.to(node)
        await turn()
        return found

    async def answer(self, error: Exception | None = None) -> None:
        """The connection asked for last comes up as a trunk, or does not."""
        may = self.asked[-1][1]
        if error is None:
            may.set_result(None)
        else:
            may.set_exception(error)
        await turn()
        if error is None:
            self.up[-1][0].data_received(trunk.UPGRADE_ANSWER + trunk.hello_frame(trunk.Bounds()))


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_trunk_comes_up_in_its_time_and_lets_go_of_another_channel() -> None:
    async def run() -> None:
        desk = Desk()
        assert await desk.ask(NODE) is None
        assert await desk.ask(NODE) is None
        await desk.answer()
        assert (await desk.ask(NODE)).usable
        assert (await desk.ask(replace(NODE, maintenance="nâng cấp"))).usable
        assert len(desk.asked) == 1
        assert await desk.ask(ELSEWHERE) is None
        await desk.answer()
        assert (await desk.ask(ELSEWHERE)).usable
        (_, old), (_, new) = desk.up
        assert old.written.endswith(trunk.bye_frame(trunk.Reason.DRAIN))
        desk.trunks.sweep()
        assert (old.closed, new.closed) == (True, False)

    asyncio.run(run())


def test_a_connection_that_comes_up_too_late_is_no_trunk() -> None:
    async def run() -> None:
        desk = Desk()
        await desk.ask(NODE)
        late = desk.asked[-1][1]
        await desk.ask(ELSEWHERE)
        await desk.answer()
        late.set_result(None)
        await turn()
        (_, new), (_, old) = desk.up
        assert (new.aborted, old.aborted) == (False, True)
        assert (await desk.ask(ELSEWHERE)).usable

    asyncio.run(run())


def test_a_trunk_that_was_up_and_is_lost_casts_doubt_on_its_node() -> None:
    async def run() -> None:
        desk = Desk()
        await desk.ask(NODE)
        await desk.answer(OSError())
        assert desk.lost == []
        desk.trunks._lines[NODE.node_id].ask_at = 0
        await desk.ask(NODE)
        await desk.answer()
        desk.up[-1][0].connection_lost(None)
        assert desk.lost == [NODE]

    asyncio.run(run())


def test_all_are_replaced_when_this_node_has_another_certificate() -> None:
    async def run() -> None:
        desk = Desk()
        await desk.ask(NODE)
        await desk.answer()
        desk.trunks.renew()
        assert await desk.ask(NODE) is None
        await desk.answer()
        assert (await desk.ask(NODE)).usable
        (_, old), (_, new) = desk.up
        assert old.written.endswith(trunk.bye_frame(trunk.Reason.DRAIN))
        desk.trunks.sweep()
        assert (old.closed, new.closed, desk.lost) == (True, False, [])

    asyncio.run(run())


def test_none_comes_up_after_the_last_was_let_go() -> None:
    async def run() -> None:
        desk = Desk()
        await desk.ask(NODE)
        desk.trunks.drain()
        desk.asked[-1][1].set_result(None)
        await turn()
        assert desk.up[-1][1].aborted
        assert await desk.ask(ELSEWHERE) is None
        assert len(desk.asked) == 1

    asyncio.run(run())


def test_who_does_not_answer_is_asked_later_and_later() -> None:
    async def run() -> None:
        desk = Desk()
        for _ in range(9):
            await desk.ask(NODE)
            await desk.answer(OSError())
            await desk.ask(NODE)
            desk.trunks._lines[NODE.node_id].ask_at = 0
        assert len(desk.asked) == 9
        doubled = [PAUSE_S * 2**times for times in range(9)]
        assert desk.log.pauses == [min(pause, PAUSE_MAX_S) for pause in doubled]

    asyncio.run(run())
