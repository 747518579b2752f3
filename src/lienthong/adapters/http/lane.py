"""Quick ways through a door for whole requests of a known form, past the general parser.

Only bytes that are, as a whole, one request of exactly that form take them, on a connection between two requests;
everything else goes the general way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from lienthong.adapters.http.request import Bounds, ConnectionRegistry, HttpRequest, RequestHandler, Stage
from lienthong.adapters.http.server import HttpServerConnection
from lienthong.adapters.http.usual import usual_request

_BETWEEN: Final = Stage.BETWEEN


class LaneHandler(RequestHandler, Protocol):
    """A handler that also takes what was recognised."""

    def recognise(self, data: bytes) -> Any | None:
        """What `data` is, if it is one whole request of the known form."""

    def handle_recognised(self, connection: HttpServerConnection, found: Any) -> None:
        """Answer it, as `handle` does."""


class UsualServerConnection(HttpServerConnection):
    """A connection of a door for any requests: those of the usual form are read by their lines (`usual`)."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        if self._stage is _BETWEEN and self.between_requests:
            usual = usual_request(data, self._request, self._bounds)
            if usual is not None:
                self._request = HttpRequest(self)
                self._begin(usual)
                return
        super().data_received(data)

    @property
    def between_requests(self) -> bool:
        """Nothing in flight, nothing kept by the parser, nothing waiting, nothing ending."""
        return not (self._busy or self._waiting or self._held or self._silent or self._lingering or self._break_later)


class LaneServerConnection(UsualServerConnection):
    """A connection of a door that takes one more form: `recognise` says what it found, or None."""

    __slots__ = ("_lane",)

    def __init__(
        self, handler: LaneHandler, *, bounds: Bounds, clock: Callable[[], float], registry: ConnectionRegistry
    ) -> None:
        super().__init__(handler, bounds=bounds, clock=clock, registry=registry)
        self._lane = handler

    def data_received(self, data: bytes) -> None:
        if self._stage is _BETWEEN and self.between_requests:
            found = self._lane.recognise(data)
            if found is not None:
                self._busy = True
                self.deadline = float("inf")
                self._lane.handle_recognised(self, found)
                return
        super().data_received(data)
