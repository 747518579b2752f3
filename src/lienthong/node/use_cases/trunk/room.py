"""Answers that are too large for a trunk, waiting until the other node gets them over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from lienthong.adapters.http.flow import FlowControl
from lienthong.domain.errors import Unavailable
from lienthong.exchange import effects

WAIT_S = 30.0
WAITING_MAX = 1024
_T = TypeVar("_T")


class Door(Protocol):
    """The other node at the door for its answer, which may come in pieces."""

    def reply(self, effect: effects.Reply) -> None:
        """Tell the signed answer."""

    def begin(self, head: bytes, begun: Callable[[FlowControl], None]) -> None:
        """Begin an answer in pieces; `begun` gets where they go, when there is room for them."""

    def end(self) -> None:
        """It is complete."""

    def break_off(self) -> None:
        """It cannot be completed."""


class WaitingRoom(Generic[_T]):
    """What waits, by a token that nobody can guess; for `WAIT_S` at most, and at most `WAITING_MAX` of them."""

    __slots__ = ("_clock", "_given_up", "_make_token", "_waiting")

    def __init__(
        self, make_token: Callable[[], str], clock: Callable[[], float], given_up: Callable[[_T], None]
    ) -> None:
        """`given_up` is told what nobody got in time."""
        self._make_token = make_token
        self._clock = clock
        self._given_up = given_up
        self._waiting: dict[bytes, tuple[_T, float]] = {}

    def put(self, what: _T) -> bytes:
        """The token for `what`; raises Unavailable Overloaded where too many wait."""
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("Overloaded", "too many large answers wait to be got")
        token = self._make_token().encode()
        self._waiting[token] = (what, self._clock() + WAIT_S)
        return token

    def take(self, token: bytes) -> _T | None:
        """What waits under the token, once."""
        found = self._waiting.pop(token, None)
        return None if found is None else found[0]

    def sweep(self) -> None:
        """Give up what nobody got in time; the oldest stands first."""
        now = self._clock()
        while self._waiting:
            token, (what, until) = next(iter(self._waiting.items()))
            if until >= now:
                return
            del self._waiting[token]
            self._given_up(what)
