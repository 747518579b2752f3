"""The systems behind this node that answer its services."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from lienthong.adapters.http.answer import Caller, Channel, ClientBounds
from lienthong.adapters.http.connect import connector
from lienthong.adapters.http.pool import ConnectionPool
from lienthong.adapters.http.usual import content_length
from lienthong.domain.errors import Refused
from lienthong.domain.identifiers import ServiceId, parse_service_id
from lienthong.domain.memo import Memo
from lienthong.exchange.effects import CallService
from lienthong.node.config import ServiceSection
from lienthong.node.use_cases.streams.sinks import length_line
from lienthong.wire.request_line import service_url


class Backend:
    """One service's system: its address and its connections."""

    __slots__ = ("base", "first_lines", "host", "pool")

    def __init__(self, section: ServiceSection, bounds: ClientBounds, tls: ssl.SSLContext | None) -> None:
        url = urlsplit(section.url)
        assert url.hostname is not None
        secure = url.scheme == "https"
        port = url.port or (443 if secure else 80)
        self.host = url.netloc.encode()
        self.base = url.path
        self.first_lines: Memo[tuple[str, str], bytes] = Memo(1024)
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

    def _backend(self, call: CallService) -> Backend:
        """The system that answers the service of the permit; raises Refused UnknownService."""
        backend = self._by_service.get(call.permit.service)
        if backend is None:
            raise Refused("UnknownService", "the service is not behind this node")
        return backend

    def call(self, call: CallService, caller: Caller) -> None:
        """Call the service of the permit. Sent again on a stale connection only where repeating is harmless."""
        backend = self._backend(call)
        head, body = _head(backend, call), call.body
        data = head + b"\r\n" if body is None else b"%b%b\r\n%b" % (head, content_length(len(body)), body)
        backend.pool.call(data, caller, no_body=call.method == "HEAD", resend=call.repeatable)

    def stream(self, call: CallService, caller: Caller, ready: Callable[[Channel], None]) -> None:
        """Get a connection for a request in pieces; raises Refused UnknownService."""
        self._backend(call).pool.stream(caller, ready)

    def withdraw(self, call: CallService, caller: Caller) -> bool:
        """Pass nothing on, and tell `caller` nothing; False: it is too late for that."""
        return self._backend(call).pool.withdraw(caller)

    def beginning(self, call: CallService, length: int | None) -> bytes:
        """What such a request begins with, whose body of `length` bytes (None = not known) follows."""
        return _head(self._backend(call), call) + length_line(length) + b"\r\n"


def _head(backend: Backend, call: CallService) -> bytes:
    """Of the HTTP request to the provider's system: the client's headers as signed, its path as sent."""
    if call.query is not None:
        return _first_lines(backend, call) + call.header_lines
    known = backend.first_lines.known.get((call.method, call.path))
    if known is None:
        known = backend.first_lines.keep((call.method, call.path), _first_lines(backend, call))
    return known + call.header_lines


def _first_lines(backend: Backend, call: CallService) -> bytes:
    target = service_url(backend.base, call.path, call.query) or "/"
    if not target.startswith("/"):
        target = "/" + target
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n" % (call.method.encode(), target.encode(), backend.host)
