"""Drives an exchange machine as the node does, with everything that can happen in every order that can happen.

`World` holds what is under way: each thing is a function that gives the machine one input (or none) and may start
further things. What is to be answered at once is; the rest waits until the test draws it.
The laws are checked on the way: `World.trace` has inputs and effects in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from tests.doubles.playbook import (
    CANNOT_SIGN,
    RECORDED,
    UNRECORDED,
    Playbook,
    marks,
    signs,
    verifies,
    verifies_mark,
)

from lienthong.exchange import effects, inputs

Happening = Callable[[], None]
STEPS_MAX = 60


class World:
    """One machine and what goes on around it. Subclasses perform the effects of their side in `perform`."""

    ENDS: tuple[type, ...] = ()
    """Effects that end an exchange."""

    def __init__(self, machine: Any, data: st.DataObject) -> None:
        self.play = Playbook(machine)
        self.machine = machine
        self.data = data
        self.under_way: list[Happening] = []
        self.trace: list[Any] = []
        self.appended = 0
        self.durable = 0
        self.lost = False

    def choose(self, *options: Any) -> Any:
        """One of `options`, drawn by the test."""
        return self.data.draw(st.sampled_from(options))

    def give(self, given: Any) -> None:
        """Give the machine an input and perform what it asks for, in order, as the node's runs do."""
        made = given(self.play) if callable(given) else given
        self.trace.append(made)
        found = self.machine.feed(made)
        self.play.seen += found
        for effect in found:
            self.trace.append(effect)
            self.look(effect)
            self._perform(effect)

    def _perform(self, effect: Any) -> None:
        kind = type(effect)
        if kind is effects.Sign:
            signed = self.choose(signs, signs, signs, CANNOT_SIGN)
            if effect.at_once:
                self.give(signed)
            else:
                self.under_way.append(lambda: self.give(signed))
        elif kind is effects.SignMark:
            self.give(self.choose(marks, marks, marks, CANNOT_SIGN))
        elif kind is effects.Verify:
            if effect.at_once:
                self.give(verifies)
            else:
                self.under_way.append(lambda: self.give(verifies))
        elif kind is effects.VerifyMark:
            self.give(verifies_mark)
        elif kind is effects.Append:
            self._append()
        else:
            self.perform(effect)

    def _append(self) -> None:
        self.appended += 1

        def written() -> None:
            lost = self.data.draw(st.integers(0, 5)) == 0
            self.lost |= lost
            self.durable += not lost
            self.give(UNRECORDED if lost else RECORDED)

        self.under_way.append(written)

    def perform(self, effect: Any) -> None:
        """Start what `effect` asks for."""

    def look(self, effect: Any) -> None:
        """Check the laws for one effect."""
        if type(effect) in self.ENDS:
            assert not self.ended, "an exchange ends once"

    @property
    def ended(self) -> bool:
        """Whether an end is in the trace before the last entry."""
        return any(type(entry) in self.ENDS for entry in self.trace[:-1])

    @property
    def all_durable(self) -> bool:
        """Whether every record that the machine asked for is on disk."""
        return self.appended == self.durable

    def came(self, *kinds: type) -> bool:
        """Whether an entry of one of these types is in the trace."""
        return any(type(entry) in kinds for entry in self.trace)

    def run(self) -> None:
        """Let everything happen, in an order that is drawn, until nothing is under way."""
        for _ in range(STEPS_MAX):
            if not self.under_way:
                break
            self.under_way.pop(self.data.draw(st.integers(0, len(self.under_way) - 1)))()
        assert not self.under_way
        ends = [entry for entry in self.trace if type(entry) in self.ENDS]
        assert len(ends) == 1, f"ended {len(ends)} times: {[type(entry).__name__ for entry in self.trace]}"
        assert self.machine.state.name == "DONE"


def believed(trace: list[Any]) -> bool:
    """Whether something was proven."""
    return any(type(entry) in (inputs.SignatureVerified, inputs.MarkVerified) for entry in trace)
