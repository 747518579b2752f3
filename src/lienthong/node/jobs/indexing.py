"""Copies committed records into the index, in a thread of its own, in small batches, behind the message path.

Exchanges go first: while many of them end, the index waits, at most `LATE_S`. After a crash it goes on from its
bookmark. A slow disk only makes the index late, never the exchange.
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
_PAUSE_S = 0.5
_REST_S = 0.005
_BUSY_PER_S = 100


class Indexing:
    """The thread of one ledger. `durable_end` says how far it is on disk, `ended` how many exchanges have ended."""

    def __init__(
        self, ledger: Path, durable_end: Callable[[], Position], *, ended: Callable[[], int], log: Logger
    ) -> None:
        self._ledger = ledger
        self._durable_end = durable_end
        self._ended = ended
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
            waited_s, seen = 0.0, self._ended()
            while not self._stop.wait(_PAUSE_S):
                waited_s += _PAUSE_S
                now = self._ended()
                busy, seen = now - seen > _BUSY_PER_S * _PAUSE_S, now
                if not busy or waited_s >= LATE_S:
                    self._catch_up(index, rest_s=_REST_S)
                    waited_s, seen = 0.0, self._ended()
            self._catch_up(index, rest_s=0)

    def _catch_up(self, index: LedgerIndex, *, rest_s: float) -> None:
        end = self._durable_end()
        position = index.bookmark()
        if position >= end:
            return
        records = read_records(self._ledger, position, until=end)
        try:
            while index.take(records):
                if rest_s and self._stop.wait(rest_s):
                    rest_s = 0
        except Exception as error:  # boundary: the index is no evidence, it must not end the node
            self._log.warning("indexing.failed", error=type(error).__name__, text=str(error))
