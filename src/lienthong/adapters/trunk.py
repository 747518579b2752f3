"""One trunk: a connection between two nodes that carries frames. Callbacks, no tasks.

Law: what arrives is bounded before it is kept; who is silent is asked, and given up if it stays so; after BYE nothing
new begins, and what is in flight is still answered; its user is told of the end once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lienthong.adapters.http.connect import bound_silence
from lienthong.adapters.http.flow import FlowControl
from lienthong.adapters.http.inbox import InboxProtocol
from lienthong.domain.errors import LienthongError, Unavailable, Unproven
from lienthong.wire.trunk import (
    Bounds,
    Bye,
    Frame,
    Hello,
    Ping,
    Pong,
    Reason,
    bye_frame,
    hello_frame,
    ping_frame,
    pong_frame,
    upgrade_answered,
)
from lienthong.wire.trunk_reader import Role, TrunkReader

SILENCE_S = 15.0
"""So long nothing has to arrive before the peer is asked."""
GIVEN_UP_S = 30.0
"""So long after that it has to say something."""
PATIENCE_S = 3.0
"""So long it has, where it should have answered long ago and not a byte came."""
UNACKNOWLEDGED_S = 20.0
"""So long the kernel sends again what the other machine does not acknowledge: through six losses in a row or so."""
OPENING_S = 10.0
_QUESTION = b"are you?"


class TrunkUser(Protocol):
    """Who sends and takes what a trunk carries."""

    def ready(self) -> None:
        """Both sides have said their bounds: frames may go out."""

    def frame(self, frame: Frame) -> None:
        """A frame that carries messages or speaks of one. Raises Malformed where it does not fit."""

    def closing(self) -> None:
        """The other side said BYE."""

    def ended(self, error: LienthongError) -> None:
        """The connection is gone; told once."""


class TrunkConnection(InboxProtocol):
    """The transport's protocol. `opening`: the bytes that ask for the trunk, where this side opens it."""

    __slots__ = (
        "_asked", "_bounds", "_clock", "_deadline", "_ended", "_head", "_heard_at", "_opening", "_reader",
        "draining", "flow", "ready", "transport", "user",
    )  # fmt: skip

    def __init__(
        self, role: Role, bounds: Bounds, *, clock: Callable[[], float], opening: bytes = b""
    ) -> None:
        super().__init__()
        self._reader = TrunkReader(role, bounds)
        self._bounds = bounds
        self._clock = clock
        self._opening = opening
        self._head = b""
        self._asked = False
        self._ended = False
        self.ready = False
        self.draining = False
        self.user: TrunkUser | None = None
        self.transport: Any = None
        self.flow = FlowControl(None)
        self._heard_at = clock()
        self._deadline = self._heard_at + OPENING_S

    # ---- asyncio callbacks
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        bound_silence(transport, UNACKNOWLEDGED_S)
        self.flow = FlowControl(transport)
        self.write(self._opening or hello_frame(self._bounds))

    def connection_lost(self, _exc: BaseException | None) -> None:
        self.flow.lost()
        self._end(Unavailable("HttpError", "the trunk to the other node ended"))

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        self.flow.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._asked = False
        try:
            if self._opening:
                data = self._opened(data)
            self._reader.feed(data)
            frame = self._reader.next_frame()
            while frame is not None:
                self._take(frame)
                frame = self._reader.next_frame()
        except LienthongError as error:
            if not self._opening:  # else the other side still speaks HTTP
                self.write(bye_frame(Reason.UNPROVEN if isinstance(error, Unproven) else Reason.BROKEN))
            self._end(error)
            self.transport.close()
        else:
            if self.ready:
                self._heard_at = self._clock()
                self._deadline = self._heard_at + SILENCE_S

    def _opened(self, data: bytes) -> bytes:
        """What follows the answer that the trunk was taken up with; raises Unavailable HttpError for any other."""
        self._head += data
        size = upgrade_answered(self._head)
        if size is None:
            return b""
        rest, self._head, self._opening = self._head[size:], b"", b""
        self.write(hello_frame(self._bounds))
        return rest

    def _take(self, frame: Frame) -> None:
        if isinstance(frame, Hello):
            self.ready = True
            if self.draining:
                self.write(bye_frame(Reason.DRAIN))
            if self.user is not None:
                self.user.ready()
        elif isinstance(frame, Ping):
            if not self.flow.full:  # who does not read has enough to hear; else a flood of questions is kept here
                self.write(pong_frame(frame.opaque))
        elif isinstance(frame, Bye):
            if frame.reason != Reason.DRAIN:
                raise Unavailable("HttpError", "the other node ended the trunk")
            if self.user is not None:
                self.user.closing()
        elif not isinstance(frame, Pong) and self.user is not None:
            self.user.frame(frame)

    # ---- for its user and who sweeps
    def take_up(self, user: TrunkUser) -> None:
        """Name the user: it is told what happened before, too."""
        self.user = user
        if self._ended:
            user.ended(Unavailable("HttpError", "the other node does not take up a trunk"))
        elif self.ready:
            user.ready()

    @property
    def bounds(self) -> Bounds:
        """What both sides keep."""
        return self._reader.bounds

    def write(self, data: bytes) -> None:
        """Send, unless it ended."""
        self.flow.write(data)

    def say_bye(self) -> None:
        """Nothing new begins after this: `draining`. Said once, and not before the other side's HELLO."""
        if not self.draining:
            self.draining = True
            if self.ready:
                self.write(bye_frame(Reason.DRAIN))

    def close(self) -> None:
        """End after what was written."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Break off."""
        if self.transport is not None:
            self.transport.abort()

    def sweep(self) -> None:
        """Where the peer was silent for too long: ask, then give up."""
        now = self._clock()
        if self._deadline >= now:
            return
        if not self.ready or self._asked:
            self.abort()
            return
        self._ask(now + GIVEN_UP_S)

    def doubt(self, since: float) -> None:
        """Something should have come after `since` (seconds of the clock): if nothing did, ask now, and give up soon.

        Once asked, whoever is silent has no more time than that.
        """
        if not self.ready or self._heard_at > since:
            return
        soon = self._clock() + PATIENCE_S
        if self._asked:
            self._deadline = min(self._deadline, soon)
        else:
            self._ask(soon)

    def _ask(self, until: float) -> None:
        self._asked = True
        self._deadline = until
        self.write(ping_frame(_QUESTION))

    def _end(self, error: LienthongError) -> None:
        if self._ended:
            return
        self._ended, self.ready = True, False
        if self.user is not None:
            self.user.ended(error)
