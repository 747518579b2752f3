"""The door towards the operator: /health says whether the node can do its work, /metrics how much it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from lienthong.adapters.http.flow import BodySink
from lienthong.adapters.http.server import HttpRequest, HttpServerConnection, plain_response
from lienthong.domain.errors import Malformed
from lienthong.node.use_cases.tally import Gauges, Tally


@dataclass(slots=True)
class AdminDoor:
    """Handles every request of the door. `health` gives the facts and whether they are good."""

    tally: Tally
    health: Callable[[], tuple[bool, dict[str, Any]]]
    gauges: Callable[[], Gauges]

    def connected(self, connection: HttpServerConnection) -> None:
        """Nothing to remember."""

    def disconnected(self, connection: HttpServerConnection) -> None:
        """Nothing to do."""

    def handle(self, request: HttpRequest) -> None:
        """One request."""
        path = request.target.partition(b"?")[0]
        if request.method not in (b"GET", b"HEAD"):
            answer = plain_response(405, b"text/plain", b"GET only\n")
        elif path == b"/health":
            good, facts = self.health()
            answer = plain_response(200 if good else 503, b"application/json", msgspec.json.encode(facts) + b"\n")
        elif path == b"/metrics":
            # Its library is read when somebody asks: a node that is ready must not have waited for it.
            from lienthong.node.api.metrics import metrics_page

            answer = plain_response(200, b"text/plain; version=0.0.4", metrics_page(self.tally, self.gauges()))
        else:
            answer = plain_response(404, b"text/plain", b"/health and /metrics are here\n")
        request.connection.respond(answer, keep_alive=request.keep_alive)

    def open_stream(self, _request: HttpRequest) -> BodySink:
        """Nothing large is taken here."""
        raise Malformed("MessageTooLarge", "no bodies are taken here")

    def broken(self, connection: HttpServerConnection, status: int, reason: str) -> None:
        """The bytes broke a bound or the protocol."""
        connection.respond(plain_response(status, b"text/plain", reason.encode()), keep_alive=False)
