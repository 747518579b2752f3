"""Connections to other nodes: mutual TLS 1.3, and the certificate must be one that the directory names."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from hashlib import sha256

from lienthong.adapters.http.client import ClientBounds
from lienthong.adapters.http.connect import Connect, connector
from lienthong.adapters.http.pool import ConnectionPool
from lienthong.domain.errors import Unproven
from lienthong.domain.identifiers import NodeId
from lienthong.domain.network import Node, same_channel
from lienthong.node.use_cases.trunk.calling import CallingTrunk
from lienthong.node.use_cases.trunk.trunks import Trunks
from lienthong.wire.node_message import whole_answer


class Peers:
    """One pool per node, and the trunks; remade when the directory gives the node another address or certificate."""

    def __init__(self, context: Callable[[], ssl.SSLContext], bounds: ClientBounds) -> None:
        self._context = context
        self._bounds = bounds
        self._pools: dict[NodeId, tuple[Node, ConnectionPool]] = {}
        self._leaving: list[ConnectionPool] = []
        self.trunks: Trunks | None = None

    def trunk(self, node: Node) -> CallingTrunk | None:
        """The trunk to `node`, if one is up and has room."""
        return None if self.trunks is None else self.trunks.to(node)

    def pool(self, node: Node) -> ConnectionPool:
        """The connections to `node`."""
        known = self._pools.get(node.node_id)
        if known is not None:
            if known[0] is node or same_channel(known[0], node):
                return known[1]
            known[1].retire()
            self._leaving.append(known[1])
        pool = ConnectionPool(
            self.connector(node),
            bounds=self._bounds,
            name=f"node {node.node_id}",
            recognise=whole_answer,
        )
        self._pools[node.node_id] = (node, pool)
        return pool

    def doubt(self, node: Node) -> None:
        """Connections to `node` that are idle are not used again: what ended its trunk may have ended them unsaid."""
        known = self._pools.pop(node.node_id, None)
        if known is not None:
            known[1].retire()
            self._leaving.append(known[1])

    def renew(self) -> None:
        """This node has another channel certificate: connections of before end with what is under way on them."""
        for _, pool in self._pools.values():
            pool.retire()
            self._leaving.append(pool)
        self._pools.clear()
        if self.trunks is not None:
            self.trunks.renew()

    def connector(self, node: Node) -> Connect:
        """What opens a connection to `node`, and to nobody else."""
        return connector(
            node.host,
            node.port,
            tls=self._context(),
            server_hostname=node.host,
            accept_peer=lambda der: _accept(node, der),
        )

    def pools(self) -> list[ConnectionPool]:
        """Every pool, for sweeping and closing; also those that still have calls to end."""
        self._leaving = [pool for pool in self._leaving if not pool.empty]
        return [*self._leaving, *(pool for _, pool in self._pools.values())]


def _accept(node: Node, der: bytes) -> None:
    if sha256(der).digest() not in node.tls_digests:
        raise Unproven("SslAuthenticationFailed", f"who answers at the address of {node.node_id} is somebody else")
