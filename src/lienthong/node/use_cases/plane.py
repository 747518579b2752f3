"""What all exchanges of one node process share: clock, ids, keys, ledger, counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.evidence.record import Record, encode_record
from lienthong.evidence.sealing import SealingKey, encode_alone
from lienthong.exchange import inputs
from lienthong.node.use_cases.signatures import Signatures
from lienthong.node.use_cases.tally import Tally

Feed = Callable[[object], None]


class Ledger(Protocol):
    """Where encoded records become durable."""

    @property
    def failure(self) -> Unavailable | None:
        """Why nothing is taken now; None while all is well."""

    def append(
        self, encoded: bytes, done: Callable[[BaseException | None], None], later: bool = False
    ) -> None:
        """Take a record; raises Unavailable LoggingFailed where it cannot.

        `later`: it may wait a moment for others, as nobody waits for it before another one is to be durable, too.
        """

    def day_key(self) -> SealingKey:
        """What header parts and bodies are sealed with now; raises Unavailable where there is none."""


class Logger(Protocol):
    """Structured diagnostics: never personal data, never secrets."""

    def info(self, event: str, **facts: object) -> object:
        """Something that is as it should be."""

    def warning(self, event: str, **facts: object) -> object:
        """Something an operator may want to see."""


_RANDOM_AT_ONCE = 2000


class Ids:
    """Makes request ids: version 7 UUIDs (RFC 9562) from the clock and a source of random bytes."""

    __slots__ = ("_clock_ms", "_head", "_head_ms", "_hex", "_next", "_random")

    def __init__(self, clock_ms: Callable[[], int], random: Callable[[int], bytes]) -> None:
        self._clock_ms = clock_ms
        self._random = random
        self._hex = ""
        self._next = 0
        self._head_ms = -1
        self._head = ""

    def make(self) -> str:
        """A new id."""
        start = self._next
        if start >= len(self._hex):
            self._hex = self._random(_RANDOM_AT_ONCE).hex()
            start = 0
        self._next = start + 20
        now_ms = self._clock_ms()
        if now_ms != self._head_ms:
            time = f"{now_ms:012x}"
            self._head_ms, self._head = now_ms, f"{time[:8]}-{time[8:]}-7"
        tail = self._hex[start : start + 20]
        return f"{self._head}{tail[:3]}-a{tail[3:6]}-{tail[6:18]}"


@dataclass(slots=True)
class Plane:
    """The shared things of one process."""

    clock_ms: Callable[[], int]
    ids: Ids
    ledger: Ledger
    signatures: Signatures
    tally: Tally
    log: Logger

    def append(
        self,
        records: tuple[Record, ...],
        feed: Feed,
        in_frame: Callable[[Record, Feed], None] | None = None,
        *,
        later: bool = False,
    ) -> None:
        """Make `records` durable, then feed Recorded or RecordFailed, once.

        `in_frame` takes those of messages of a batch, which become durable with others; `later` as the ledger has it.
        """
        waiting = _Waiting(len(records), feed)
        try:
            for record in records:
                if record.batch_size and in_frame is not None:
                    in_frame(record, waiting.fed)
                else:
                    self.ledger.append(encoded(record, self.ledger.day_key), waiting.done, later)
        except LienthongError as error:
            waiting.failed(error)


def encoded(record: Record, day_key: Callable[[], SealingKey]) -> bytes:
    """The bytes of a record that stands alone: sealed, where there is something to seal. Raises Unavailable."""
    if record.header_part or record.body is not None:
        return encode_alone(record, day_key())
    return encode_record(record)


class _Waiting:
    """Waits for several records."""

    __slots__ = ("_feed", "_left")

    def __init__(self, count: int, feed: Callable[[object], None]) -> None:
        self._left = count
        self._feed: Callable[[object], None] | None = feed

    def fed(self, given: object) -> None:
        if isinstance(given, inputs.RecordFailed):
            self.failed(given.error)
        else:
            self.done(None)

    def done(self, failure: BaseException | None) -> None:
        if failure is not None:
            self.failed(failure)
            return
        self._left -= 1
        if self._left == 0 and self._feed is not None:
            feed, self._feed = self._feed, None
            feed(RECORDED)

    def failed(self, failure: BaseException) -> None:
        if self._feed is None:
            return
        feed, self._feed = self._feed, None
        feed(record_failed(failure))


def record_failed(failure: BaseException) -> inputs.RecordFailed:
    """What a machine is told of a record that was lost."""
    if isinstance(failure, LienthongError):
        return inputs.RecordFailed(failure)
    return inputs.RecordFailed(Unavailable("LoggingFailed", "the ledger could not take the record"))


RECORDED = inputs.Recorded()
