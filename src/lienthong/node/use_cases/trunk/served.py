"""The trunks that other nodes opened, and the answers that wait for these nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import Malformed
from lienthong.domain.network import Node
from lienthong.node.use_cases.plane import Ids, Ledger, Logger
from lienthong.node.use_cases.signatures import Signatures
from lienthong.node.use_cases.trunk.room import Door, WaitingRoom
from lienthong.node.use_cases.trunk.serving import Run, ServingTrunk, Waits
from lienthong.wire.trunk import Bounds
from lienthong.wire.trunk_reader import Role


class ServedTrunks:
    """Belongs to the event loop."""

    def __init__(
        self, signatures: Signatures, ledger: Ledger, *, ids: Ids, bounds: Bounds, log: Logger, loop: Any
    ) -> None:
        self._signatures = signatures
        self._ledger = ledger
        self._bounds = bounds
        self._log = log
        self._loop = loop
        self._room: WaitingRoom[Waits] = WaitingRoom(ids.make, loop.time, Waits.given_up)
        self._open: set[ServingTrunk] = set()

    def accept(self, node: Callable[[], Node], new_run: Callable[[Waits], Run]) -> TrunkConnection:
        """A connection for a trunk that the other node asked for; `node` says which it is, and raises Unproven."""
        connection = TrunkConnection(Role.ACCEPTOR, self._bounds, clock=self._loop.time)
        trunk = ServingTrunk(
            connection,
            node=node,
            new_run=new_run,
            signatures=self._signatures,
            ledger=self._ledger,
            room=self._room,
            log=self._log,
            loop=self._loop,
            over=self._open.discard,
        )
        self._open.add(trunk)
        connection.take_up(trunk)
        return connection

    def hand_out(self, token: bytes, node: Node, door: Door) -> None:
        """Tell the answer that waits under `token`; raises Malformed where none does for this node."""
        waits = self._room.take(token)
        if waits is None or waits.node_id != node.node_id:
            raise Malformed("BadRequest", "no answer waits under this name")
        waits.got(door)

    def sweep(self) -> None:
        """Ask connections that are silent, and give up answers that nobody got."""
        self._room.sweep()
        for trunk in list(self._open):
            trunk.sweep()

    def drain(self) -> None:
        """Let the other nodes ask nothing more."""
        for trunk in list(self._open):
            trunk.drain()

    def close(self) -> None:
        """End all of them."""
        for trunk in list(self._open):
            trunk.abort()
