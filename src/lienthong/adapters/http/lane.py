"""A quick way through a door for whole requests of one known form, past the general parser.

Only bytes that are, as a whole, one request of exactly that form take it, on a connection between two requests;
everything else goes the general way. What the form is, `recognise` says: it gives what it found, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lienthong.adapters.http.request import Bounds, ConnectionRegistry, RequestHandler, Stage
from lienthong.adapters.http.server import HttpServerConnection


class LaneHandler(RequestHandler, Protocol):
    """A handler that also takes what was recognised."""

    def recognise(self, data: bytes) -> Any | None:
        """What `data` is, if it is one whole request of the known form."""

    def handle_recognised(self, connection: HttpServerConnection, found: Any) -> None:
        """Answer it, as `handle` does."""


class LaneServerConnection(HttpServerConnection):
    """A connection of such a door."""

    __slots__ = ("_lane",)

    def __init__(
        self, handler: LaneHandler, *, bounds: Bounds, clock: Callable[[], float], registry: ConnectionRegistry
    ) -> None:
        super().__init__(handler, bounds=bounds, clock=clock, registry=registry)
        self._lane = handler

    def data_received(self, data: bytes) -> None:
        if self._stage is Stage.BETWEEN and self.between_requests:
            found = self._lane.recognise(data)
            if found is not None:
                self._busy = True
                self.deadline = float("inf")
                self._lane.handle_recognised(self, found)
                return
        super().data_received(data)
