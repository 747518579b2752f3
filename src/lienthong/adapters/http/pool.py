"""Connections to one address, pooled, for the message plane.

Law: a dead connection leaves the pool at once (a pooled dead one would lose a message); a call waits for a connection
within bounds of number and time, or fails with `Unavailable` Overloaded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from lienthong.adapters.http.answer import Caller, ClientBounds
from lienthong.adapters.http.client import HttpClientConnection
from lienthong.domain.errors import LienthongError, Unavailable


class _Call:
    """What waits for a connection, until when."""

    __slots__ = ("caller", "start", "until", "withdrawn")

    def __init__(self, start: Callable[[HttpClientConnection], None], caller: Caller, until: float) -> None:
        self.start = start
        self.caller = caller
        self.until = until
        self.withdrawn = False


class ConnectionPool:
    """Connections to one address. `connect` makes one (plain or TLS); the pool bounds how many there are."""

    def __init__(
        self,
        connect: Callable[[Callable[[], HttpClientConnection]], Any],
        *,
        bounds: ClientBounds,
        name: str,
        recognise: Callable[[bytes], Any | None] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.bounds = bounds
        self.recognise = recognise
        self.now = loop.time
        self._loop = loop
        self._connect = connect
        self._name = name
        self._idle: list[HttpClientConnection] = []
        self._open: set[HttpClientConnection] = set()
        self._opening = 0
        self._retired = False
        self._waiting: deque[_Call] = deque()
        self._not_sent: dict[Caller, _Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def call(self, data: bytes, caller: Caller, *, no_body: bool = False, resend: bool = False) -> None:
        """Send one whole request; `caller` gets the answer or the failure."""
        if self._idle:
            self._idle.pop().send(data, caller, no_body=no_body, resend=resend)
            return
        self._when_free(lambda connection: connection.send(data, caller, no_body=no_body, resend=resend), caller)

    def stream(self, caller: Caller, ready: Callable[[HttpClientConnection], None]) -> None:
        """Get a connection for a request in pieces: `ready` receives it."""
        if self._idle:
            ready(self._idle.pop())
        else:
            self._when_free(ready, caller)

    def again(self, data: bytes, caller: Caller) -> None:
        """Send once more on a fresh connection: the old one had been closed while idle."""
        self._open_one(_Call(lambda connection: connection.send(data, caller), caller, float("inf")))

    def withdraw(self, caller: Caller) -> bool:
        """Send nothing for `caller`, and tell it nothing; False: it is too late for that."""
        call = self._not_sent.pop(caller, None)
        if call is None:
            return False
        call.withdrawn = True
        return True

    def release(self, connection: HttpClientConnection) -> None:
        """A connection has done its call."""
        if connection not in self._open:
            return
        connection.fresh = False
        connection.deadline = self.now() + self.bounds.idle_s
        usable = connection.reusable and not connection.transport.is_closing()
        call = self._next() if usable else None
        if call is not None:
            self._begin(call, connection)
        elif usable and not self._retired:
            self._idle.append(connection)
        else:
            connection.transport.close()
            self.lost(connection)

    def lost(self, connection: HttpClientConnection) -> None:
        """A connection ended: it is never used again; whoever waits gets another one."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._start_waiting()

    def sweep(self) -> None:
        """End calls past their deadline, idle connections past their time, and waits past the connect time."""
        now = self.now()
        for connection in [one for one in self._open if one.deadline < now]:
            connection.expire()
        while self._waiting and (self._waiting[0].withdrawn or self._waiting[0].until < now):
            self._fail(self._waiting.popleft(), Unavailable("Overloaded", f"no free connection to {self._name}"))

    def retire(self) -> None:
        """No more calls will come: those that were asked for come to their end, connections are closed after them."""
        self._retired = True
        for connection in list(self._idle):
            connection.transport.close()
            self.lost(connection)

    @property
    def empty(self) -> bool:
        """There is no connection, and nobody waits for one."""
        return not (self._open or self._opening or self._waiting)

    def close(self) -> None:
        """End all connections and calls; who waits is told."""
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            self._fail(call, Unavailable("NetworkError", f"the connections to {self._name} are closed"))
        for connection in list(self._open):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()

    def _when_free(self, start: Callable[[HttpClientConnection], None], caller: Caller) -> None:
        call = _Call(start, caller, self.now() + self.bounds.answer_s)
        if len(self._open) + self._opening < self.bounds.connections:
            self._not_sent[caller] = call
            self._open_one(call)
        elif len(self._waiting) < self.bounds.waiting:
            self._not_sent[caller] = call
            self._waiting.append(call)
        else:
            caller.failed(Unavailable("Overloaded", f"too many calls wait for {self._name}"))

    def _next(self) -> _Call | None:
        """Who waits first."""
        while self._waiting:
            call = self._waiting.popleft()
            if not call.withdrawn:
                return call
        return None

    def _begin(self, call: _Call, connection: HttpClientConnection) -> None:
        self._not_sent.pop(call.caller, None)
        call.start(connection)

    def _fail(self, call: _Call, error: LienthongError) -> None:
        if not call.withdrawn:
            self._not_sent.pop(call.caller, None)
            call.caller.failed(error)

    def _open_one(self, call: _Call) -> None:
        self._opening += 1
        task = self._loop.create_task(self._opened(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _opened(self, call: _Call) -> None:
        try:
            connection = await self._made()
        except LienthongError as error:
            self._opening -= 1
            self._start_waiting()
            self._fail(call, error)
            return
        except asyncio.CancelledError:
            self._opening -= 1
            self._fail(call, Unavailable("NetworkError", f"the connections to {self._name} are closed"))
            raise
        self._opening -= 1
        self._open.add(connection)
        if call.withdrawn:
            self.release(connection)
        else:
            self._begin(call, connection)

    async def _made(self) -> HttpClientConnection:
        """A connection that stands; raises Unavailable NetworkError, and what `connect` refuses with."""
        try:
            async with asyncio.timeout(self.bounds.connect_s):
                _, connection = await self._connect(lambda: HttpClientConnection(self))
        except TimeoutError:
            raise Unavailable("NetworkError", f"no connection to {self._name} in time") from None
        except (OSError, UnicodeError) as error:
            kind = type(error).__name__
            raise Unavailable("NetworkError", f"no connection to {self._name}: {kind}") from None
        if connection.transport.is_closing():
            raise Unavailable("NetworkError", f"{self._name} closed the connection at once")
        return connection  # type: ignore[no-any-return]

    def _start_waiting(self) -> None:
        """There is room for a connection: open it for who waits first."""
        if len(self._open) + self._opening < self.bounds.connections:
            call = self._next()
            if call is not None:
                self._open_one(call)
