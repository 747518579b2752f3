"""Where to find a record of the ledger: a SQLite table beside the segment files.

The index is not evidence and not trusted: every record found is read from the segment and checked there. It is made
again by deleting the file. Synchronous; the indexer job calls it away from the event loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from lienthong.adapters.ledger_files import START, LedgerRecord, Position
from lienthong.evidence.frame_record import listed_records
from lienthong.evidence.record import Record

BATCH_MESSAGES = 512
FOUND_MAX = 100

_VERSION = 2
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
    slot INTEGER NOT NULL
);
"""
_INSERT = "INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND = """
SELECT segment, offset, slot, part, time_ms, kind, direction, request_id, message_id FROM record
WHERE request_id IN (SELECT request_id FROM record WHERE message_id = :id OR request_id = :id LIMIT :most)
ORDER BY segment, offset, slot, part LIMIT :most
"""


class Found(NamedTuple):
    """A record in the index: `position` says where the ledger has it."""

    position: Position
    time_ms: int
    kind: str
    direction: str
    request_id: str
    message_id: str


class LedgerIndex:
    """The index of one ledger. Use as a context manager; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            # The index of an earlier layout: it is made again from the ledger.
            self._connection.executescript(f"{_DROP}PRAGMA user_version = {_VERSION};")
        self._connection.executescript(_SCHEMA)

    def bookmark(self) -> Position:
        """Where indexing goes on: everything before is in the index."""
        row = self._connection.execute("SELECT segment, offset, slot FROM bookmark").fetchone()
        return Position(*row) if row else START

    def take(self, records: Iterable[LedgerRecord]) -> int:
        """Index the next of `records`, which begin at `bookmark()`, until they are 512 messages or more.

        Returns how many messages there were. A frame record is taken whole, with up to some 64 of them.

        Records and bookmark are one transaction; taking the same records twice changes nothing. Raises Malformed
        for a record that cannot be read (the batch is then not taken).
        """
        rows: list[tuple[int | str, ...]] = []
        following = START
        for found in records:
            listed = listed_records(found.encoded)
            rows += [_row(found.position._replace(part=part), record) for part, record in enumerate(listed)]
            following = found.following
            if len(rows) >= BATCH_MESSAGES:
                break
        if not rows:
            return 0
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("INSERT OR REPLACE INTO bookmark VALUES (1, ?, ?, ?)", following[:3])
        return len(rows)

    def find(self, message_or_request_id: str) -> list[Found]:
        """All records of the exchanges with this message id or request id, oldest first, at most 100."""
        rows = self._connection.execute(_FIND, {"id": message_or_request_id, "most": FOUND_MAX})
        return [Found(Position(*row[:4]), *row[4:]) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> LedgerIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _row(position: Position, record: Record) -> tuple[int | str, ...]:
    return (
        *position,
        record.time_ms,
        record.kind.value,
        record.direction.value,
        record.request_id,
        record.message_id,
        record.client,
        record.service,
        record.grant_id,
    )
