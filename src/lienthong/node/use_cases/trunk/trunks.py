"""The trunks that this node opened: one for each node that offers it, made in the background.

While there is none, requests take the baseline. A node that does not offer it or cannot be reached is asked again
later and later, at most `PAUSE_MAX_S` after the last time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lienthong.adapters.http.connect import Connect
from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import NodeId
from lienthong.domain.network import Node, same_channel
from lienthong.node.use_cases.plane import Ledger, Logger
from lienthong.node.use_cases.signatures import Signatures
from lienthong.node.use_cases.trunk.calling import CallingTrunk
from lienthong.wire.trunk import Bounds, upgrade_request
from lienthong.wire.trunk_reader import Role

PAUSE_S, PAUSE_MAX_S = 1.0, 60.0
CONNECT_S = 5.0


class _Line:
    """What is known of the trunk to one node."""

    __slots__ = ("ask_at", "node", "pause_s", "task", "trunk")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.trunk: CallingTrunk | None = None
        self.task: asyncio.Task[None] | None = None
        self.pause_s = PAUSE_S
        self.ask_at = 0.0


class Trunks:
    """Belongs to the event loop."""

    def __init__(
        self,
        connector: Callable[[Node], Connect],
        signatures: Signatures,
        ledger: Ledger,
        *,
        loop: asyncio.AbstractEventLoop,
        bounds: Bounds,
        answer_s: float,
        log: Logger,
        lost: Callable[[Node], None],
    ) -> None:
        """`lost` is told of a node whose trunk ended: its other connections may be dead too."""
        self._connector = connector
        self._signatures = signatures
        self._ledger = ledger
        self._loop = loop
        self._bounds = bounds
        self._answer_s = answer_s
        self._log = log
        self._lost = lost
        self._lines: dict[NodeId, _Line] = {}
        self._leaving: list[CallingTrunk] = []
        self._closed = False

    def to(self, node: Node) -> CallingTrunk | None:
        """The trunk to `node`, if it is up and takes a request now; else one is asked for, in its time."""
        line = self._lines.get(node.node_id)
        if line is None or line.node is not node:
            line = self._known_as(node, line)
        trunk = line.trunk
        if trunk is not None:
            return trunk if trunk.usable else None
        if line.task is None and not self._closed and self._loop.time() >= line.ask_at:
            line.task = self._loop.create_task(self._open(line))
        return None

    def _known_as(self, node: Node, line: _Line | None) -> _Line:
        """The line of a node that the directory describes anew; the old trunk ends where the channel is another."""
        if line is not None and same_channel(line.node, node):
            line.node = node
            return line
        if line is not None and line.trunk is not None:
            self._let_go(line.trunk)
            line.trunk = None
        made = self._lines[node.node_id] = _Line(node)
        return made

    async def _open(self, line: _Line) -> None:
        node = line.node
        try:
            async with asyncio.timeout(CONNECT_S):
                _, connection = await self._connector(node)(lambda: self._connection(node))
        except (OSError, TimeoutError, LienthongError) as error:
            self._failed(line, error)
            return
        if self._closed or self._lines.get(node.node_id) is not line:
            connection.abort()  # meanwhile the directory says something else, or nothing new begins
            return
        line.trunk = CallingTrunk(
            connection,
            loop=self._loop,
            signatures=self._signatures,
            ledger=self._ledger,
            answer_s=self._answer_s,
            over=lambda error: self._failed(line, error),
        )
        connection.take_up(line.trunk)

    def _connection(self, node: Node) -> TrunkConnection:
        opening = upgrade_request(node.host.encode())
        return TrunkConnection(Role.OPENER, self._bounds, clock=self._loop.time, opening=opening)

    def _failed(self, line: _Line, error: BaseException) -> None:
        trunk, line.trunk, line.task = line.trunk, None, None
        if trunk is not None and trunk.was_ready:
            line.pause_s = PAUSE_S
            self._lost(line.node)
        pause_s, line.pause_s = line.pause_s, min(2 * line.pause_s, PAUSE_MAX_S)
        line.ask_at = self._loop.time() + pause_s
        code = error.code if isinstance(error, LienthongError) else type(error).__name__
        self._log.info("trunk.down", node=str(line.node.node_id), code=code, asked_again_s=pause_s)

    def _let_go(self, trunk: CallingTrunk) -> None:
        trunk.drain()
        self._leaving.append(trunk)

    def renew(self) -> None:
        """Every trunk ends with what is in flight on it; others are opened when they are asked for."""
        for trunk in self._all():
            self._let_go(trunk)
        self._lines.clear()

    def sweep(self) -> None:
        """End calls past their deadline, connections that are silent, and those that were let go and are idle."""
        for trunk in [*self._all(), *self._leaving]:
            trunk.sweep()
        self._leaving = [trunk for trunk in self._leaving if not trunk.idle]

    def drain(self) -> None:
        """Begin nothing new."""
        self._closed = True
        for trunk in self._all():
            trunk.drain()

    def close(self) -> None:
        """End all of them; who waits is told."""
        self._closed = True
        for line in self._lines.values():
            if line.task is not None:
                line.task.cancel()
        for trunk in [*self._all(), *self._leaving]:
            trunk.abort()

    def _all(self) -> list[CallingTrunk]:
        return [line.trunk for line in self._lines.values() if line.trunk is not None]
