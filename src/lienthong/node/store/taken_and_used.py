"""What the workers of one node must know of each other: which messages were taken, and how much of a quota is used.

Used only where a node runs as several processes; one process keeps it in memory (`ReplayGuard`, `QuotaWindows`). A
SQLite file in the data folder, not synced: after a crash it is filled again from the ledgers, which are. Not trusted
by anybody but this node; when it cannot be read, nothing is executed (Unavailable DatabaseError).
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from lienthong.domain.decision import QuotaWindows
from lienthong.domain.decision.quota import window_end_ms
from lienthong.domain.errors import Refused, Unavailable
from lienthong.domain.grants import Quota
from lienthong.exchange.replay import ReplayGuard
from lienthong.exchange.replay.seen import MessageKey, request_key

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_until ON seen (until_ms);
CREATE TABLE IF NOT EXISTS used (
    grant_id TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL,
    calls INTEGER NOT NULL
) WITHOUT ROWID;
"""
_TAKE = """
INSERT INTO seen VALUES (?, ?)
ON CONFLICT (key) DO UPDATE SET until_ms = excluded.until_ms WHERE until_ms < ?
"""
_COUNT = """
INSERT INTO used VALUES (:grant, :until, 1) ON CONFLICT (grant_id) DO UPDATE SET
    calls = CASE WHEN until_ms <= :at THEN 1 ELSE calls + 1 END,
    until_ms = CASE WHEN until_ms <= :at THEN excluded.until_ms ELSE until_ms END
"""
_PURGE_EVERY = 10_000
_TRIES, _TRY_AGAIN_S = 40, 0.05


def open_shared(path: Path) -> sqlite3.Connection:
    """Open the file; raises Unavailable DatabaseError."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=2.0)
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
    except sqlite3.Error as error:
        raise _failed(error) from error
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Workers begin at the same moment, and who finds another one at this step is told so without any waiting."""
    for _ in range(_TRIES - 1):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            time.sleep(_TRY_AGAIN_S)
    connection.execute("PRAGMA journal_mode = WAL")


class SharedReplay(ReplayGuard):
    """The replay guard of all workers together."""

    __slots__ = ("_connection", "_message_period_ms", "_most", "_request_period_ms", "_takes")

    def __init__(
        self, connection: sqlite3.Connection, *, request_period_ms: int, message_period_ms: int, most: int
    ) -> None:
        super().__init__(request_period_ms=request_period_ms, message_period_ms=message_period_ms, most=most)
        self._connection = connection
        self._request_period_ms = request_period_ms
        self._message_period_ms = message_period_ms
        self._most = most
        self._takes = 0

    def take(self, request_id: str, once_key: MessageKey | None, now_ms: int) -> None:
        """As in the base; also raises Unavailable DatabaseError. Both ids are taken together or not at all."""
        try:
            self._purge(now_ms)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._take_both(request_id, once_key, now_ms)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _take_both(self, request_id: str, once_key: MessageKey | None, now_ms: int) -> None:
        if not self._take_one(request_key(request_id), now_ms + self._request_period_ms, now_ms):
            raise Refused("DuplicateMessage", f"the message with request id {request_id} was received before")
        if once_key is not None and not self._take_one(once_key, now_ms + self._message_period_ms, now_ms):
            raise Refused(
                "DuplicateMessage",
                "a message with this X-Road-Id was taken before and is not executed again; "
                "ask for its outcome, or send a new request under a new X-Road-Id",
            )

    def release(self, request_id: str, once_key: MessageKey | None) -> None:
        """A message that was taken could not be recorded and was not executed: it may come again."""
        keys = (request_key(request_id), once_key or b"")
        try:
            self._connection.execute("DELETE FROM seen WHERE key IN (?, ?)", keys)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def restore(self, request_id: str, once_key: MessageKey | None, at_ms: int) -> None:
        """Remember a message found in the ledger at start."""
        try:
            self._take_one(request_key(request_id), at_ms + self._request_period_ms, at_ms)
            if once_key is not None:
                self._take_one(once_key, at_ms + self._message_period_ms, at_ms)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _take_one(self, key: bytes, until_ms: int, now_ms: int) -> bool:
        return self._connection.execute(_TAKE, (key, until_ms, now_ms)).rowcount == 1

    def _purge(self, now_ms: int) -> None:
        self._takes += 1
        if self._takes % _PURGE_EVERY != 1:
            return
        self._connection.execute("DELETE FROM seen WHERE until_ms < ?", (now_ms,))
        (count,) = self._connection.execute("SELECT count(*) FROM seen").fetchone()
        if count >= 2 * self._most:
            raise Unavailable("Overloaded", "too many messages within the window in which repeats are detected")


class SharedQuota(QuotaWindows):
    """The quota counters of all workers together."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection, grants_max: int) -> None:
        super().__init__(grants_max)
        self._connection = connection

    def remaining(self, grant_id: str, quota: Quota, at_ms: int) -> int:
        """Calls that `grant_id` has left at `at_ms`; raises Unavailable DatabaseError."""
        until_ms, calls = self._window(grant_id)
        return quota.calls if until_ms <= at_ms else max(0, quota.calls - calls)

    def consume(self, grant_id: str, quota: Quota, at_ms: int) -> None:
        """Count one call; raises Unavailable DatabaseError."""
        values = {"grant": grant_id, "until": window_end_ms(quota, at_ms), "at": at_ms}
        try:
            self._connection.execute(_COUNT, values)
        except sqlite3.Error as error:
            raise _failed(error) from error

    def opens_ms(self, grant_id: str, quota: Quota, at_ms: int) -> int:
        """When calls are allowed again; raises Unavailable DatabaseError."""
        until_ms, _ = self._window(grant_id)
        return until_ms if until_ms > at_ms else window_end_ms(quota, at_ms)

    def _window(self, grant_id: str) -> tuple[int, int]:
        try:
            row = self._connection.execute(
                "SELECT until_ms, calls FROM used WHERE grant_id = ?", (grant_id,)
            ).fetchone()
        except sqlite3.Error as error:
            raise _failed(error) from error
        return (row[0], row[1]) if row else (0, 0)


def _failed(error: sqlite3.Error) -> Unavailable:
    return Unavailable("DatabaseError", f"what the node's processes share cannot be read ({type(error).__name__})")
