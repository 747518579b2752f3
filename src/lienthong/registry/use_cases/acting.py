"""One act on the register: the transaction, who acts and when; and its row in the audit table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Actor
from lienthong.registry.rules.uuid7 import uuid7_sequence
from lienthong.registry.store.tables import AuditRow, Base
from lienthong.registry.store.unit import Unit, row_digest

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Act:
    """Everything an act may use of the world: one transaction, who, when, randomness, instance, ids."""

    unit: Unit
    actor: Actor
    now_ms: int
    random: RandomBytes
    instance: str
    ids: Iterator[str]

    def new_id(self) -> str:
        """A fresh UUIDv7, above those that this act took before."""
        return next(self.ids)

    def create(self, event: AuditEvent, row: Base, *, why: str = "") -> None:
        """Add `row` and write it down; raises Refused (``AlreadyExists``)."""
        self.unit.add(row)
        self.record(event, name_of(row), after=row_digest(row), reason=why)

    def change(self, event: AuditEvent, row: Base, *, why: str = "", **values: Any) -> None:
        """Set columns of `row` to `values` and write it down, with `why` as the reason."""
        before = row_digest(row)
        for name, value in values.items():
            setattr(row, name, value)
        self.unit.flush()
        self.record(event, name_of(row), before=before, after=row_digest(row), reason=why)

    def record(
        self, event: AuditEvent, object_id: str, *, before: str = "", after: str = "", reason: str = ""
    ) -> None:
        """One row of the audit table, in the transaction of the act."""
        self.unit.put(
            AuditRow(
                id=self.new_id(),
                at_ms=self.now_ms,
                actor=self.actor.holder,
                role=self.actor.role.value,
                event=event.value,
                object_id=object_id,
                before_digest=before,
                after_digest=after,
                reason=reason,
            )
        )


def begin_act(unit: Unit, actor: Actor, now_ms: int, *, random: RandomBytes, instance: str) -> Act:
    """An act of `actor` at `now_ms` in `unit`."""
    return Act(unit, actor, now_ms, random, instance, uuid7_sequence(now_ms, random))


def name_of(row: Base) -> str:
    """What people call the object: its X-Road id, its code, or its key."""
    for column in ("xroad_id", "code", "id"):
        value = getattr(row, column, None)
        if isinstance(value, str):
            return value
    raise AssertionError("a row of the register without a name")
