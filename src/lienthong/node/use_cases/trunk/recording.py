"""The records of one batch: what comes in one go becomes durable as one record, with the signature they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from lienthong.domain.errors import LienthongError
from lienthong.evidence.record import Record
from lienthong.evidence.sealing import encode_frame
from lienthong.evidence.signature import Signature
from lienthong.node.use_cases.boundary import tell
from lienthong.node.use_cases.plane import RECORDED, Ledger, record_failed

Feed = Callable[[object], None]


class Recording:
    """Belongs to the event loop. It holds what is added until `flush`; after that, each record goes at once."""

    __slots__ = ("_feeds", "_held", "_later", "_leaves", "_ledger", "_loop", "_records", "_signature")

    def __init__(
        self,
        ledger: Ledger,
        loop: asyncio.AbstractEventLoop,
        signature: Signature,
        leaves: Sequence[bytes],
        later: bool = False,
    ) -> None:
        """`later`: as the ledger has it, nobody waits for these records before others come."""
        self._ledger = ledger
        self._loop = loop
        self._signature = signature
        self._leaves = leaves
        self._later = later
        self._records: list[Record] = []
        self._feeds: list[Feed] = []
        self._held = True

    def add(self, record: Record, feed: Feed) -> None:
        """Make `record` durable, then feed Recorded or RecordFailed, once."""
        self._records.append(record)
        self._feeds.append(feed)
        if not self._held:
            self.flush()

    def flush(self) -> None:
        """Nothing more comes with what was added: write it."""
        self._held = False
        self.write()

    def write(self) -> None:
        """Write what was added so far: something else has to stand behind it."""
        records, feeds, self._records, self._feeds = self._records, self._feeds, [], []
        if not records:
            return
        told = _Told(self._loop, feeds)
        ledger = self._ledger
        try:
            encoded = encode_frame(self._signature, self._leaves, records, ledger.day_key())
            ledger.append(encoded, told.done, self._later)
        except LienthongError as error:
            told.done(error)


class _Told:
    """Those who wait for one record."""

    __slots__ = ("_feeds", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, feeds: list[Feed]) -> None:
        self._loop = loop
        self._feeds = feeds

    def done(self, failure: BaseException | None) -> None:
        given: object = RECORDED
        if failure is not None:
            given = record_failed(failure)
        for feed in self._feeds:
            tell(self._loop, feed, given)
