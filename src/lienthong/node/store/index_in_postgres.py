"""The index of a ledger in a PostgreSQL database, which workers, nodes and hosts may share.

Every key begins with the ledger's id. The bookmark's row is locked while a batch is copied in: whoever else takes
records of the same ledger (a transaction that a killed process left behind) is waited for, and what it has taken is
left out. So rows go straight to their table, with one COPY, and none is there twice.

The layout has its number in the name of its schema. A later one is made beside it, from the ledgers, so that nodes of
two versions can share a database; the earlier is dropped by hand. Nobody waits for the disk: what a server forgets
in a crash, it forgets with its bookmark. No advisory locks, no LISTEN, no temporary tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import conninfo, errors

from lienthong.adapters.ledger_files import START, LedgerRecord, Position
from lienthong.domain.errors import Unavailable
from lienthong.node.store.ledger_index import BEGINNING, FOUND_MAX, Bookmark, Found, Row, next_batch

TEXT_MAX = 255
"""Words that are looked for are cut to so many characters: a key of PostgreSQL holds 2,700 bytes."""
ERROR_TEXT_MAX = 300

_WAITS = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "application_name": "lienthong",
}
"""How soon a server that is gone is known to be gone; what the address says of them goes first."""
_SESSION = """
SELECT set_config('synchronous_commit', 'off', false), set_config('statement_timeout', '30s', false),
    set_config('idle_in_transaction_session_timeout', '30s', false), set_config('tcp_keepalives_idle', '10', false),
    set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)
"""
_IS_THERE = "SELECT to_regclass('lienthong_index_1.bookmark') IS NOT NULL"
_TABLES: tuple[LiteralString, ...] = (
    "CREATE SCHEMA lienthong_index_1",
    """
    CREATE TABLE lienthong_index_1.record (
        ledger uuid NOT NULL,
        segment integer NOT NULL,
        "offset" bigint NOT NULL,
        slot integer NOT NULL,
        part integer NOT NULL,
        time_ms bigint NOT NULL,
        kind text NOT NULL,
        direction text NOT NULL,
        request_id text NOT NULL,
        message_id text NOT NULL,
        client text NOT NULL,
        service text NOT NULL,
        grant_id text NOT NULL,
        PRIMARY KEY (ledger, segment, "offset", slot, part)
    )
    """,
    "CREATE INDEX record_by_request ON lienthong_index_1.record (ledger, request_id)",
    "CREATE INDEX record_by_message ON lienthong_index_1.record (ledger, message_id)",
    "CREATE INDEX record_by_time ON lienthong_index_1.record (ledger, time_ms)",
    """
    CREATE TABLE lienthong_index_1.bookmark (
        ledger uuid PRIMARY KEY,
        segment integer NOT NULL,
        "offset" bigint NOT NULL,
        slot integer NOT NULL,
        last_segment integer NOT NULL,
        last_offset bigint NOT NULL,
        last_slot integer NOT NULL,
        last_digest bytea NOT NULL
    )
    """,
)
_BOOKMARK = """
SELECT segment, "offset", slot, last_segment, last_offset, last_slot, last_digest
FROM lienthong_index_1.bookmark WHERE ledger = %s
"""
_LOCK = 'SELECT segment, "offset", slot FROM lienthong_index_1.bookmark WHERE ledger = %s FOR UPDATE'
_BEGIN = "INSERT INTO lienthong_index_1.bookmark VALUES (%s, %s, %s, %s, 0, 0, 0, '') ON CONFLICT DO NOTHING"
_FORGET_ROWS = "DELETE FROM lienthong_index_1.record WHERE ledger = %s"
_FORGET_BOOKMARK = "DELETE FROM lienthong_index_1.bookmark WHERE ledger = %s"
_COPY = """
COPY lienthong_index_1.record (
    ledger, segment, "offset", slot, part, time_ms, kind, direction, request_id, message_id, client, service, grant_id
) FROM STDIN (FORMAT BINARY)
"""
_TYPES = ("uuid", "int4", "int8", "int4", "int4", "int8", *["text"] * 7)
_SET = """
UPDATE lienthong_index_1.bookmark SET segment = %s, "offset" = %s, slot = %s,
    last_segment = %s, last_offset = %s, last_slot = %s, last_digest = %s WHERE ledger = %s
"""
# In steps, so that a table without statistics is not read from its beginning for the sake of the order.
_FIND = """
WITH exchange AS MATERIALIZED (
    SELECT DISTINCT request_id FROM lienthong_index_1.record
    WHERE ledger = %(ledger)s AND (message_id = %(id)s OR request_id = %(id)s) LIMIT %(most)s
), hit AS MATERIALIZED (
    SELECT found.* FROM exchange, LATERAL (
        SELECT * FROM lienthong_index_1.record
        WHERE ledger = %(ledger)s AND request_id = exchange.request_id LIMIT %(most)s
    ) AS found
)
SELECT segment, "offset", slot, part, time_ms, kind, direction, request_id, message_id FROM hit
ORDER BY segment, "offset", slot, part LIMIT %(most)s
"""


class IndexInPostgres:
    """See `LedgerIndex`. Connects at once; makes its tables when it first takes records: readers need no such right.

    `database` is an address as libpq takes it, without a password (that, libpq finds in a file or in the
    environment); `ledger_id` are the 16 bytes in the header of the ledger's segments.
    """

    def __init__(self, database: str, ledger_id: bytes) -> None:
        self._ledger = UUID(bytes=ledger_id)
        with _coded():
            given = conninfo.conninfo_to_dict(database)
            waits = {name: value for name, value in _WAITS.items() if name not in given}
            # Statements are not prepared: a pooler may give each transaction another session.
            self._connection = psycopg.connect(
                conninfo.make_conninfo(database, **waits), autocommit=True, prepare_threshold=None
            )
        self._made = False

    def bookmark(self) -> Bookmark:
        """See `LedgerIndex`."""
        with _coded():
            try:
                row = self._connection.execute(_BOOKMARK, (self._ledger,)).fetchone()
            except errors.UndefinedTable:
                return BEGINNING
        if row is None or not row[6]:
            return BEGINNING
        return Bookmark(Position(*row[:3]), Position(*row[3:6]), row[6])

    def take(self, records: Iterable[LedgerRecord]) -> int:
        """See `LedgerIndex`."""
        batch = next_batch(records)
        if not batch.rows:
            return 0
        position, last, digest = batch.bookmark
        with _coded():
            self._make_tables()
            with self._connection.transaction(), self._connection.cursor() as cursor:
                taken = self._lock(cursor)
                if position > taken:
                    self._copy(cursor, [row for row in batch.rows if row[:3] >= taken[:3]])
                    cursor.execute(_SET, (*position[:3], *last[:3], digest, self._ledger))
        return len(batch.rows)

    def find(self, message_or_request_id: str) -> list[Found]:
        """See `LedgerIndex`."""
        wanted = {"ledger": self._ledger, "id": _key(message_or_request_id), "most": FOUND_MAX}
        with _coded():
            try:
                rows = self._connection.execute(_FIND, wanted).fetchall()
            except errors.UndefinedTable:
                return []
        return [Found(Position(*row[:4]), *row[4:]) for row in rows]

    def forget(self) -> None:
        """See `LedgerIndex`. Takes as long as it takes: a large ledger has many rows."""
        with _coded():
            self._make_tables()
            with self._connection.transaction():
                self._connection.execute("SET LOCAL statement_timeout = 0")
                self._connection.execute(_FORGET_BOOKMARK, (self._ledger,))
                self._connection.execute(_FORGET_ROWS, (self._ledger,))

    def close(self) -> None:
        """See `LedgerIndex`."""
        self._connection.close()

    def _make_tables(self) -> None:
        """Once a connection. Of several nodes that make them at once one succeeds, and the others find them."""
        if self._made:
            return
        self._connection.execute(_SESSION)
        if not self._are_there():
            try:
                with self._connection.transaction():
                    for statement in _TABLES:
                        self._connection.execute(statement)
            except (errors.UniqueViolation, errors.DuplicateSchema):
                if not self._are_there():
                    raise
        self._made = True

    def _are_there(self) -> bool:
        row = self._connection.execute(_IS_THERE).fetchone()
        return row is not None and bool(row[0])

    def _lock(self, cursor: psycopg.Cursor[tuple[Any, ...]]) -> Position:
        """How far the index is, and nobody else changes it until the transaction ends."""
        row = cursor.execute(_LOCK, (self._ledger,)).fetchone()
        if row is None:
            cursor.execute(_BEGIN, (self._ledger, *START[:3]))
            if cursor.rowcount == 1:
                # Nobody else began meanwhile, whose rows would go too: without a bookmark rows count for nothing.
                cursor.execute(_FORGET_ROWS, (self._ledger,))
            row = cursor.execute(_LOCK, (self._ledger,)).fetchone()
        assert row is not None
        return Position(*row)

    def _copy(self, cursor: psycopg.Cursor[tuple[Any, ...]], rows: list[Row]) -> None:
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for *numbers, kind, direction, request_id, message_id, client, service, grant_id in rows:
                words = (_key(request_id), _key(message_id), _text(client), _text(service), _text(grant_id))
                copy.write_row((self._ledger, *numbers, kind, direction, *words))


def _key(text: str) -> str:
    return _text(text[:TEXT_MAX])


def _text(text: str) -> str:
    """What PostgreSQL can hold: all but the zero byte, which no name on the wire has."""
    return text.replace("\0", "\ufffd")


@contextmanager
def _coded() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise Unavailable("DatabaseError", f"the index in PostgreSQL cannot be used: {_said(error)}") from error


def _said(error: psycopg.Error) -> str:
    """What went wrong, without values: what the server says of data may quote it."""
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return f"{type(error).__name__} ({error.sqlstate})"
    text = " ".join((error.diag.message_primary or str(error)).split())
    return text[:ERROR_TEXT_MAX]
