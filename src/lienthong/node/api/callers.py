"""For which systems a caller may speak: by client certificate, by OAuth2 token, or by the network it calls from.

Law: a system is itself only by a proof that the node's settings name for it, and a token never leaves with a message.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from typing import Any

from lienthong.adapters.http.server import HttpRequest
from lienthong.domain.identifiers import ClientId, parse_client_id
from lienthong.node.api.tokens import Tokens
from lienthong.node.config import SystemSection

_NOBODY: frozenset[ClientId] = frozenset()


class Callers:
    """All proofs of the systems of this node. `token_key` (32 bytes) seals tokens; workers of one node share it.

    `secrets` are the kept hashes of client secrets by system.
    """

    def __init__(
        self,
        sections: tuple[SystemSection, ...],
        *,
        token_key: bytes,
        clock_ms: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self.tokens = Tokens(token_key, clock_ms=clock_ms, random=random)
        self._by_certificate: dict[str, set[ClientId]] = {}
        self._networks: list[tuple[Any, ClientId]] = []
        self.secrets: dict[str, str] = {}
        for section in sections:
            self._add(section)

    def _add(self, section: SystemSection) -> None:
        client = parse_client_id(section.id)
        for digest in section.certificates:
            self._by_certificate.setdefault(digest.lower(), set()).add(client)
        for network in section.addresses:
            self._networks.append((ipaddress.ip_network(network), client))
        if section.secret_hash is not None:
            self.secrets[section.id] = section.secret_hash

    def of_connection(self, transport: Any) -> frozenset[ClientId]:
        """What the connection itself proves: its certificate, or for plain HTTP its address."""
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is not None:
            der = ssl_object.getpeercert(True)
            if der is None:
                return _NOBODY
            return frozenset(self._by_certificate.get(hashlib.sha256(der).hexdigest(), ()))
        peer = transport.get_extra_info("peername")
        if not peer or not self._networks:
            return _NOBODY
        address = ipaddress.ip_address(peer[0])
        return frozenset(client for network, client in self._networks if address in network)

    def of_request(self, request: HttpRequest) -> frozenset[ClientId]:
        """What connection and token prove together. Every token of ours is taken off the message.

        Raises Refused ClientUnauthenticated for a token that is not valid.
        """
        speaks_for: frozenset[ClientId] = request.connection.peer
        if not self.secrets:
            return speaks_for
        found = [_own_token(name, value) for name, value in request.headers]
        if not any(found):
            return speaks_for
        request.headers = [header for header, token in zip(request.headers, found, strict=True) if token is None]
        return speaks_for.union(*(self.tokens.read(token) for token in found if token is not None))


def _own_token(name: bytes, value: bytes) -> bytes | None:
    """The token of ours in a header, if it holds one."""
    if name.lower() not in (b"authorization", b"lienthong-authorization"):
        return None
    scheme, _, token = value.strip().partition(b" ")
    token = token.strip()
    return token if scheme.lower() == b"bearer" and token[:3].lower() == b"lt1" else None
