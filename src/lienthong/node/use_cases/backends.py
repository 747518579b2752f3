"""The systems behind this node that answer its services."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lienthong.adapters.http_client import Caller, ClientBounds, ConnectionPool
from lienthong.adapters.http_connect import connector
from lienthong.domain.errors import Refused
from lienthong.domain.identifiers import ServiceId, parse_service_id
from lienthong.exchange.effects import CallService
from lienthong.node.config import ServiceSection
from lienthong.wire.request_line import service_url


class Backend:
    """One service's system: its address and its connections."""

    __slots__ = ("base", "host", "pool")

    def __init__(self, section: ServiceSection, bounds: ClientBounds, tls: ssl.SSLContext | None) -> None:
        url = urlsplit(section.url)
        assert url.hostname is not None
        secure = url.scheme == "https"
        port = url.port or (443 if secure else 80)
        self.host = url.netloc.encode()
        self.base = url.path
        bounds = replace(bounds, answer_s=section.answer_s, connections=section.connections, idle_s=4.0)
        connect = connector(url.hostname, port, tls=tls if secure else None, server_hostname=url.hostname)
        self.pool = ConnectionPool(connect, bounds=bounds, name=section.id)


class Backends:
    """All of them."""

    def __init__(
        self, sections: tuple[ServiceSection, ...], bounds: ClientBounds, tls: ssl.SSLContext | None
    ) -> None:
        self._by_service: Mapping[ServiceId, Backend] = {
            parse_service_id(section.id): Backend(section, bounds, tls) for section in sections
        }

    @property
    def services(self) -> frozenset[ServiceId]:
        """The services that this node can answer."""
        return frozenset(self._by_service)

    def pools(self) -> list[ConnectionPool]:
        """Every pool, for sweeping and closing."""
        return [backend.pool for backend in self._by_service.values()]

    def call(self, effect: CallService, caller: Caller) -> None:
        """Call the service of the permit. Sent again on a stale connection only where repeating is harmless."""
        backend = self._by_service.get(effect.permit.service)
        if backend is None:
            raise Refused("UnknownService", "the service is not behind this node")
        backend.pool.call(
            call_bytes(backend, effect), caller, no_body=effect.method == "HEAD", resend=effect.repeatable
        )


def call_bytes(backend: Any, effect: CallService) -> bytes:
    """The HTTP request to the provider's system: the client's headers as signed, its path as sent."""
    target = service_url(backend.base, effect.path, effect.query) or "/"
    if not target.startswith("/"):
        target = "/" + target
    head = b"%b %b HTTP/1.1\r\nHost: %b\r\n%b" % (
        effect.method.encode(), target.encode(), backend.host, effect.header_lines
    )  # fmt: skip
    if effect.body is None:
        return head + b"\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(effect.body) + effect.body
