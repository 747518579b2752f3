"""Copies committed records into the index, in a thread of its own, in small batches, behind the message path.

Exchanges go first: while many of them end, the index waits, at most `LATE_S`, also in the middle of catching up.
After a crash it goes on from its bookmark. A slow disk only makes the index late, never the exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from lienthong.adapters.ledger_files import Position, read_records
from lienthong.node.store.ledger_index import LedgerIndex
from lienthong.node.store.places import index_path
from lienthong.node.use_cases.plane import Logger

LATE_S = 60.0
"""How long the index may wait for a quieter moment."""
BUSY_PER_S = 100
"""More exchanges a second are so many that the index waits."""
LOOK_S = 0.5
_REST_S = 0.005


class Pace:
    """When the index may work: in quiet moments, and when it is late. `ended`: exchanges so far; `clock`: seconds."""

    def __init__(self, ended: Callable[[], int], clock: Callable[[], float]) -> None:
        self._ended = ended
        self._clock = clock
        self._looked, self._seen = clock(), ended()
        self._current = self._looked
        self._quiet = False

    def may_work(self) -> bool:
        """Whether now is such a moment. Looks around at most twice a second."""
        now = self._clock()
        if now - self._looked >= LOOK_S:
            ended = self._ended()
            self._quiet = ended - self._seen <= BUSY_PER_S * (now - self._looked)
            self._looked, self._seen = now, ended
        return self._quiet or now - self._current >= LATE_S

    def caught_up(self) -> None:
        """The index is complete."""
        self._current = self._clock()


class Indexing:
    """The thread of one ledger. `durable_end` says how far it is on disk."""

    def __init__(self, ledger: Path, durable_end: Callable[[], Position], *, pace: Pace, log: Logger) -> None:
        self._ledger = ledger
        self._durable_end = durable_end
        self._pace = pace
        self._log = log
        self._stop = Event()
        self._thread = Thread(target=self._run, name="indexing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Index what is durable now, then end."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        with LedgerIndex(index_path(self._ledger)) as index:
            while not self._stop.wait(LOOK_S):
                if self._pace.may_work():
                    self._catch_up(index)
            self._catch_up(index)

    def _catch_up(self, index: LedgerIndex) -> None:
        """Take what is durable, as long as it may; all of it when the node stops."""
        end = self._durable_end()
        position = index.bookmark()
        if position >= end:
            self._pace.caught_up()
            return
        records = read_records(self._ledger, position, until=end)
        try:
            while index.take(records):
                if not self._stop.wait(_REST_S) and not self._pace.may_work():
                    return
        except Exception as error:  # boundary: the index is no evidence, it must not end the node
            self._log.warning("indexing.failed", error=type(error).__name__, text=str(error))
            return
        self._pace.caught_up()
