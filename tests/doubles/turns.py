"""An event loop whose turns and time the test makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doubles.transport import Clock


class Turns:
    """Takes what is to be called soon, and calls it in the next turn. An exchange that fails fails the test."""

    def __init__(self) -> None:
        self.time = Clock()
        self._soon: list[Callable[[], None]] = []
        self._later: list[tuple[float, Callable[[], None]]] = []

    def call_soon(self, what: Callable[[], None]) -> None:
        self._soon.append(what)

    def call_later(self, delay_s: float, what: Callable[[], None]) -> None:
        self._later.append((self.time() + delay_s, what))

    def call_exception_handler(self, context: Any) -> None:
        raise context["exception"]

    def turn(self) -> None:
        due = [what for at, what in self._later if at <= self.time()]
        self._later = [one for one in self._later if one[0] > self.time()]
        soon, self._soon = [*due, *self._soon], []
        for what in soon:
            what()
