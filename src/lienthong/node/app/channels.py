"""TLS of the node: mutual TLS 1.3 towards other nodes, HTTPS towards its systems."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from lienthong.domain.errors import Unavailable
from lienthong.node.config import FrontSection, PeerSection


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


def peer_server(section: PeerSection, base: Path, authorities: tuple[str, ...]) -> ssl.SSLContext:
    """The door towards other nodes: nobody without a certificate of the network's authorities gets through."""
    return _peer(_DirectContext(ssl.PROTOCOL_TLS_SERVER), section, base, authorities)


def peer_client(section: PeerSection, base: Path, authorities: tuple[str, ...]) -> ssl.SSLContext:
    """Calls to other nodes. Not the host name but the digest in the directory says who answers (see `Peers`)."""
    context = _DirectContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _peer(context, section, base, authorities)


def _peer(context: ssl.SSLContext, section: PeerSection, base: Path, authorities: tuple[str, ...]) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    if not authorities:
        raise Unavailable("CertValidation", "the directory names no authority for the channels between nodes")
    context.load_verify_locations(cadata="\n".join(authorities))
    _load_chain(context, base / section.tls_certificate, base / section.tls_key)
    return context


def front_server(section: FrontSection, base: Path) -> ssl.SSLContext | None:
    """The HTTPS door: a client certificate is asked for, and matched by digest with the settings."""
    if section.listen_tls is None or section.tls_certificate is None or section.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_chain(context, base / section.tls_certificate, base / section.tls_key)
    if section.client_ca is not None:
        context.load_verify_locations(cafile=str(base / section.client_ca))
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _load_chain(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable("KeyNotFound", f"the channel certificate cannot be used: {error}") from None
