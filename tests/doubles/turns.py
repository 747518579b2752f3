"""An event loop whose turns and time the test makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doubles.transport import Clock


class Timer:
    """What is to be called at a time, unless it is cancelled."""

    def __init__(self, at: float, what: Callable[[], None]) -> None:
        self.at = at
        self.what = what
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Turns:
    """Takes what is to be called soon, and calls it in the next turn. An exchange that fails fails the test."""

    def __init__(self) -> None:
        self.time = Clock()
        self._soon: list[Callable[[], None]] = []
        self._later: list[Timer] = []

    def call_soon(self, what: Callable[[], None]) -> None:
        self._soon.append(what)

    def call_later(self, delay_s: float, what: Callable[[], None]) -> Timer:
        timer = Timer(self.time() + delay_s, what)
        self._later.append(timer)
        return timer

    def call_exception_handler(self, context: Any) -> None:
        raise context["exception"]

    def turn(self) -> None:
        due = [one.what for one in self._later if one.at <= self.time() and not one.cancelled]
        self._later = [one for one in self._later if one.at > self.time()]
        soon, self._soon = [*due, *self._soon], []
        for what in soon:
            what()
