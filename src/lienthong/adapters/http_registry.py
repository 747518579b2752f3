"""Every open connection of a listener: swept for deadlines, bounded in number, drained at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lienthong.adapters.http_server import HttpServerConnection


class ConnectionRegistry:
    """Every open connection of a listener: swept for deadlines, bounded in number, drained at the end."""

    def __init__(self, *, most: int, clock: Callable[[], float]) -> None:
        self._open: set[HttpServerConnection] = set()
        self._most = most
        self._clock = clock
        self.draining = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: HttpServerConnection) -> None:
        """Take note of a connection; past the bound it is closed at once."""
        if len(self._open) >= self._most or self.draining:
            connection.close()
            return
        self._open.add(connection)

    def discard(self, connection: HttpServerConnection) -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def sweep(self) -> None:
        """End every connection whose deadline passed."""
        now = self._clock()
        for connection in [one for one in self._open if one.deadline < now]:
            connection.expire()

    def drain(self) -> None:
        """Close idle connections now, the others after their answer."""
        self.draining = True
        for connection in [one for one in self._open if one.idle]:
            connection.close()
