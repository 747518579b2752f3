"""Bounds in front of every handler: bytes of a body, requests of one address; and the count and log of each answer.

Plain ASGI, so that a body is cut off while it streams and nothing is buffered here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lienthong.registry.api.problems import problem

ADDRESSES_MAX = 10_000
_LIMITED = "/api/"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class RateLimit:
    """A token bucket for each client address; of at most 10,000 addresses, the longest silent go first."""

    def __init__(self, per_s: float, burst: int, clock_s: Callable[[], float]) -> None:
        self._per_s, self._burst, self._clock_s = per_s, burst, clock_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Whether one more request of `address` is within its rate; counts it."""
        now_s = self._clock_s()
        bucket = self._buckets.pop(address, None) or _Bucket(float(self._burst), now_s)
        bucket.tokens = min(float(self._burst), bucket.tokens + (now_s - bucket.at_s) * self._per_s)
        bucket.at_s = now_s
        self._buckets[address] = bucket
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True


class _TooLarge(Exception):
    """The body has grown over the bound."""


class Limits:
    """ASGI middleware: refuses what is too large (413) or too often (429)."""

    def __init__(self, app: ASGIApp, *, body_bytes_max: int, rate: RateLimit) -> None:
        self._app, self._body_bytes_max, self._rate = app, body_bytes_max, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        if scope["path"].startswith(_LIMITED) and not self._rate.admits(client[0] if client else ""):
            refusal = problem("TooManyRequests", "too many requests from this address")
            refusal.headers["Retry-After"] = "1"
            await refusal(scope, receive, send)
            return
        await self._bounded(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen, started = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._body_bytes_max:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if _declared_length(scope) > self._body_bytes_max:
                raise _TooLarge
            await self._app(scope, counted, watched)
        except _TooLarge:
            if not started:
                refusal = problem("TooLarge", f"a body has at most {self._body_bytes_max} bytes")
                refusal.headers["Connection"] = "close"
                await refusal(scope, receive, send)


class Watch:
    """ASGI middleware: counts and logs each answer by route, never by address parts that name somebody."""

    def __init__(self, app: ASGIApp, *, metrics: CollectorRegistry, clock_s: Callable[[], float]) -> None:
        self._app, self._clock_s = app, clock_s
        labels = ("method", "route", "status")
        self._count = Counter("lienthong_registry_requests", "Answers of the registry", labels, registry=metrics)
        self._seconds = Histogram("lienthong_registry_seconds", "Time to answer", ("route",), registry=metrics)
        self._log = structlog.get_logger("registry")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_s, status = self._clock_s(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "") or "(none)"
            seconds = self._clock_s() - start_s
            self._count.labels(_known_method(scope["method"]), route, str(status)).inc()
            self._seconds.labels(route).observe(seconds)
            self._log.info(
                "answer", method=scope["method"][:16], route=route, status=status, ms=round(seconds * 1000)
            )


def _known_method(method: str) -> str:
    return method if method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH") else "other"


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and len(value) < 20:
            return int(value)
    return 0
