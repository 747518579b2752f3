"""Copies committed records into the index, in a thread of its own, in small batches, behind the message path.

Exchanges go first: while many of them end, the index waits, at most `LATE_S`, also in the middle of catching up.
After a crash it goes on from its bookmark. A slow disk, a slow database or one that is gone only makes the index
late, never the exchange: it is opened again, at first soon and then every half minute.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from lienthong.adapters.ledger_files import Position, read_records
from lienthong.node.store.ledger_index import LedgerIndex, fitting_bookmark
from lienthong.node.use_cases.plane import Logger

LATE_S = 60.0
"""How long the index may wait for a quieter moment."""
BUSY_PER_S = 100
"""More exchanges a second are so many that the index waits."""
LOOK_S = 0.5
AGAIN_S_MAX = 30.0
"""Longest pause before an index that failed is opened again."""
_REST_S = 0.005
_STOP_S, _STOP_STEPS = 5.0, 3


class Pace:
    """When the index may work: in quiet moments, and when it is late. `ended`: exchanges so far; `clock`: seconds."""

    def __init__(self, ended: Callable[[], int], clock: Callable[[], float]) -> None:
        self._ended = ended
        self._clock = clock
        self._looked, self._seen = clock(), ended()
        self._current = self._looked
        self._quiet = False

    def may_work(self) -> bool:
        """Whether now is such a moment. One ends at once; whether one has begun is seen twice a second at most."""
        now, ended = self._clock(), self._ended()
        passed, came = now - self._looked, ended - self._seen
        if passed >= LOOK_S:
            self._quiet = came <= BUSY_PER_S * passed
            self._looked, self._seen = now, ended
        elif came > BUSY_PER_S * LOOK_S:
            self._quiet = False
        return self._quiet or now - self._current >= LATE_S

    def caught_up(self) -> None:
        """The index is complete."""
        self._current = self._clock()

    @property
    def late_s(self) -> float:
        """Seconds since the index was complete."""
        return self._clock() - self._current


class IndexState(NamedTuple):
    """How the index is: seconds since it was complete, and why it cannot be written now, if so."""

    late_s: float
    failure: str | None


class Indexing:
    """The thread of one ledger. `durable_end` says how far it is on disk; `open_index` opens the index or raises."""

    def __init__(
        self,
        ledger: Path,
        durable_end: Callable[[], Position],
        *,
        open_index: Callable[[], LedgerIndex],
        pace: Pace,
        log: Logger,
    ) -> None:
        self._ledger = ledger
        self._durable_end = durable_end
        self._open_index = open_index
        self._pace = pace
        self._log = log
        self._index: LedgerIndex | None = None
        self._complete_at: Position | None = None
        self._failure: str | None = None
        self._failures = 0
        self._batches = 0
        self._stop = Event()
        self._thread = Thread(target=self._run, name="indexing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Index what is durable now, then end. Waits while it gets on, 15 s at most: the next start does the rest."""
        self._stop.set()
        for _ in range(_STOP_STEPS):
            batches = self._batches
            self._thread.join(timeout=_STOP_S)
            if self._batches == batches or not self._thread.is_alive():
                return

    @property
    def state(self) -> IndexState:
        """For health and metrics."""
        return IndexState(self._pace.late_s, self._failure)

    def _run(self) -> None:
        while not self._stop.wait(min(AGAIN_S_MAX, LOOK_S * 2**self._failures)):
            if self._pace.may_work():
                self._work()
        self._work()
        self._close()

    def _work(self) -> None:
        try:
            self._catch_up()
        except Exception as error:  # boundary: the index is no evidence, it must not end the node
            self._failed(error)

    def _catch_up(self) -> None:
        """Take what is durable, as long as it may; all of it when the node stops."""
        end = self._durable_end()
        if self._index is None or self._complete_at != end:
            index = self._index = self._index or self._opened()
            records = read_records(self._ledger, index.bookmark().position, until=end)
            while index.take(records):
                self._batches += 1
                self._works()
                if not self._stop.wait(_REST_S) and not self._pace.may_work():
                    return
            self._complete_at = end
        self._works()
        self._pace.caught_up()

    def _opened(self) -> LedgerIndex:
        """The index, which goes on from where it is, or from the beginning where it does not fit the ledger."""
        index = self._open_index()
        try:
            bookmark = index.bookmark()
            if fitting_bookmark(index, self._ledger) != bookmark:
                self._log.warning("indexing.begins_again", segment=bookmark.position.segment)
                index.forget()
        except BaseException:
            index.close()
            raise
        return index

    def _works(self) -> None:
        if self._failure is not None:
            self._log.info("indexing.goes_on", late_s=round(self._pace.late_s))
        self._failure, self._failures = None, 0

    def _failed(self, error: Exception) -> None:
        """Say so, once as long as it stays the same; the next look opens the index again."""
        if str(error) != self._failure:
            self._log.warning("indexing.failed", error=type(error).__name__, text=str(error))
        self._failure, self._failures = str(error), min(self._failures + 1, 10)
        self._close()

    def _close(self) -> None:
        index, self._index, self._complete_at = self._index, None, None
        if index is not None:
            index.close()
