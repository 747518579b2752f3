"""The ledger of a process together with the day key that its records are sealed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lienthong.domain.errors import Unavailable
from lienthong.evidence.sealing import SealingKey


class Writer(Protocol):
    """Where encoded records become durable."""

    @property
    def failure(self) -> Unavailable | None:
        """Why nothing is taken now."""

    def append(
        self, encoded: bytes, done: Callable[[BaseException | None], None], later: bool = False
    ) -> None:
        """Take a record; raises Unavailable LoggingFailed where it cannot."""


class Keys(Protocol):
    """The day keys of the node."""

    def current(self) -> SealingKey:
        """That of now; raises Unavailable where there is none."""


class SealedLedger:
    """What exchanges see of both (`plane.Ledger`)."""

    __slots__ = ("_keys", "_writer")

    def __init__(self, writer: Writer, keys: Keys) -> None:
        self._writer = writer
        self._keys = keys

    @property
    def failure(self) -> Unavailable | None:
        """Why nothing is taken now. A key that is missing is not said here: it is asked for with each record."""
        return self._writer.failure

    def append(
        self, encoded: bytes, done: Callable[[BaseException | None], None], later: bool = False
    ) -> None:
        """Take a record; raises Unavailable LoggingFailed where it cannot."""
        self._writer.append(encoded, done, later)

    def day_key(self) -> SealingKey:
        """What to seal with now; raises Unavailable where there is none."""
        return self._keys.current()
