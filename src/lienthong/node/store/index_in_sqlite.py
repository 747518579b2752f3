"""The index of a ledger as a SQLite table beside its segment files. It is made again by deleting the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lienthong.adapters.ledger_files import LedgerRecord, Position
from lienthong.domain.errors import Unavailable
from lienthong.node.store.ledger_index import BEGINNING, FOUND_MAX, Bookmark, Found, next_batch

_VERSION = 3
_DROP = "DROP TABLE IF EXISTS record; DROP TABLE IF EXISTS bookmark;"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    part INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,
    request_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    client TEXT NOT NULL,
    service TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    PRIMARY KEY (segment, offset, slot, part)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_by_request ON record (request_id);
CREATE INDEX IF NOT EXISTS record_by_message ON record (message_id);
CREATE INDEX IF NOT EXISTS record_by_time ON record (time_ms);
CREATE TABLE IF NOT EXISTS bookmark (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    last_segment INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    last_slot INTEGER NOT NULL,
    last_digest BLOB NOT NULL
);
"""
_BOOKMARK = "SELECT segment, offset, slot, last_segment, last_offset, last_slot, last_digest FROM bookmark"
_INSERT = "INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SET = "INSERT OR REPLACE INTO bookmark VALUES (1, ?, ?, ?, ?, ?, ?, ?)"
_FIND = """
SELECT segment, offset, slot, part, time_ms, kind, direction, request_id, message_id FROM record
WHERE request_id IN (SELECT request_id FROM record WHERE message_id = :id OR request_id = :id LIMIT :most)
ORDER BY segment, offset, slot, part LIMIT :most
"""


class IndexInSqlite:
    """See `LedgerIndex`. Makes the file where there is none, anew where it has an earlier layout."""

    def __init__(self, path: Path) -> None:
        with _coded():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                self._connection.executescript(f"{_DROP}PRAGMA user_version = {_VERSION};")
            self._connection.executescript(_SCHEMA)

    def bookmark(self) -> Bookmark:
        """See `LedgerIndex`."""
        with _coded():
            row = self._connection.execute(_BOOKMARK).fetchone()
        return Bookmark(Position(*row[:3]), Position(*row[3:6]), row[6]) if row else BEGINNING

    def take(self, records: Iterable[LedgerRecord]) -> int:
        """See `LedgerIndex`."""
        batch = next_batch(records)
        if not batch.rows:
            return 0
        position, last, digest = batch.bookmark
        with _coded(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, batch.rows)
            if position > self.bookmark().position:
                self._connection.execute(_SET, (*position[:3], *last[:3], digest))
        return len(batch.rows)

    def find(self, message_or_request_id: str) -> list[Found]:
        """See `LedgerIndex`."""
        with _coded():
            rows = self._connection.execute(_FIND, {"id": message_or_request_id, "most": FOUND_MAX}).fetchall()
        return [Found(Position(*row[:4]), *row[4:]) for row in rows]

    def forget(self) -> None:
        """See `LedgerIndex`."""
        with _coded(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM record")
            self._connection.execute("DELETE FROM bookmark")

    def close(self) -> None:
        """See `LedgerIndex`."""
        self._connection.close()


@contextmanager
def _coded() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable("DatabaseError", f"the index in SQLite cannot be used: {error}") from error
