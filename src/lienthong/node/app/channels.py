"""TLS of the node: mutual TLS 1.3 towards other nodes, HTTPS towards its systems.

What is in force may change while the node runs: whoever connects from then on meets it, who is connected keeps what
the connection began with.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from lienthong.domain.errors import Unavailable
from lienthong.node.app.pairs import TlsPair, load_pair


class _DirectObject(ssl.SSLObject):
    """Its reads and writes are those of OpenSSL, without a Python call around each: 3 µs less a message and node."""

    @classmethod
    def _create(cls, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        made: Any = super()._create(*args, **kwargs)  # type: ignore[misc]
        inner = made._sslobj
        made.read, made.write, made.pending = inner.read, inner.write, inner.pending
        return made  # type: ignore[no-any-return]


class _DirectContext(ssl.SSLContext):
    sslobject_class = _DirectObject


class Door:
    """What a listener is given once, `context`; each handshake goes on with what is in force then."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self._in_force = context
        context.sni_callback = self._take

    def use(self, context: ssl.SSLContext) -> None:
        """Bring another context into force."""
        self._in_force = context

    def _take(self, tls: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        """OpenSSL asks so in every handshake, whether a host was named or not."""
        if self._in_force is not self.context:
            tls.context = self._in_force


class Channel:
    """Mutual TLS with other nodes: the pair in force, the network's authorities, and contexts made of them.

    Nobody without a certificate of the authorities gets through `door`. Of `client`, not the host name but the digest
    in the directory says who answers (see `Peers`).
    """

    def __init__(self, pair: TlsPair, authorities: tuple[str, ...]) -> None:
        """Raises Unavailable CertValidation where the authorities cannot be used."""
        self.pair = pair
        self._authorities = authorities
        self.client = _peer(ssl.PROTOCOL_TLS_CLIENT, pair, authorities)
        self.door = Door(_peer(ssl.PROTOCOL_TLS_SERVER, pair, authorities))

    def use(self, pair: TlsPair) -> None:
        """Show another pair from now on."""
        self._bring_in(pair, self._authorities)

    def trust(self, authorities: tuple[str, ...]) -> None:
        """Believe these authorities from now on; raises Unavailable CertValidation, then those of before stay."""
        if authorities != self._authorities:
            self._bring_in(self.pair, authorities)

    def _bring_in(self, pair: TlsPair, authorities: tuple[str, ...]) -> None:
        client = _peer(ssl.PROTOCOL_TLS_CLIENT, pair, authorities)
        server = _peer(ssl.PROTOCOL_TLS_SERVER, pair, authorities)
        self.pair, self._authorities, self.client = pair, authorities, client
        self.door.use(server)


def _peer(protocol: int, pair: TlsPair, authorities: tuple[str, ...]) -> ssl.SSLContext:
    context = _DirectContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    if not authorities:
        raise Unavailable("CertValidation", "the directory names no authority for the channels between nodes")
    try:
        context.load_verify_locations(cadata="\n".join(authorities))
    except (ssl.SSLError, ValueError) as error:
        raise Unavailable("CertValidation", f"the directory's authorities cannot be used: {error}") from None
    load_pair(context, pair.pem)
    return context


def front_context(pair: TlsPair, client_ca: Path | None) -> ssl.SSLContext:
    """The HTTPS door: a client certificate is asked for, and matched by digest with the settings. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_pair(context, pair.pem)
    if client_ca is not None:
        context.load_verify_locations(cafile=str(client_ca))
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
