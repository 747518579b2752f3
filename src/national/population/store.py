"""The population store: one SQLite file, people with valid and recorded time. Readers never write.

Rows are versions: a version is what was true from `valid_from` until before `valid_to`, as it was known from
`recorded_at` on. The version in force has no `valid_to`. Days are ISO texts, `recorded_at` is ms since the epoch.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One version of one person. Relations are personal IDs."""

    personal_id: str
    old_card: str | None
    name: str
    sex: str
    born: str
    ethnic_code: str
    home_place: str
    birth_registered_in: str
    residence: str
    commune_code: str
    household: int
    head_id: str | None
    relation: str
    marital: str
    father_id: str | None
    mother_id: str | None
    spouse_id: str | None
    valid_from: str
    valid_to: str | None
    recorded_at: int


_COLUMNS = ", ".join(field.name for field in fields(Row))
_CREATE = f"""
CREATE TABLE about (seed INTEGER, schema_version INTEGER NOT NULL);
CREATE TABLE person ({_COLUMNS.replace("personal_id,", "personal_id TEXT NOT NULL,")});
CREATE INDEX person_by_id ON person (personal_id, valid_from);
CREATE INDEX person_by_old_card ON person (old_card, valid_from);
"""
_INSERT = f"INSERT INTO person ({_COLUMNS}) VALUES ({', '.join('?' for _ in fields(Row))})"  # noqa: S608
_SELECT = f"SELECT {_COLUMNS} FROM person WHERE valid_to IS NULL AND "  # noqa: S608 - fixed column names


class PopulationStore:
    """Reads people. One connection for each thread, all closed by `close`. Raises FileNotFoundError."""

    def __init__(self, database: Path) -> None:
        if not database.is_file():
            raise FileNotFoundError(database)
        self._uri = f"{database.absolute().as_uri()}?mode=ro"
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def by_personal_id(self, number: str) -> Row | None:
        """The version in force."""
        return self._one(_SELECT + "personal_id = ?", number)

    def by_old_card(self, number: str) -> Row | None:
        """The version in force of who held the old card."""
        return self._one(_SELECT + "old_card = ?", number)

    def seed(self) -> int | None:
        """The seed of invented content, None for none."""
        found: int | None = self._connection().execute("SELECT seed FROM about").fetchone()[0]
        return found

    def count(self) -> int:
        """How many people there are."""
        found: int = self._connection().execute("SELECT count(*) FROM person WHERE valid_to IS NULL").fetchone()[0]
        return found

    def close(self) -> None:
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()

    def _one(self, query: str, number: str) -> Row | None:
        found = self._connection().execute(query, (number,)).fetchone()
        return None if found is None else Row(*found)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            self._local.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection


def write_store(database: Path, rows: Iterable[Row], *, seed: int | None) -> None:
    """Write a whole new store beside `database` and put it in place at once: never half a store."""
    database.parent.mkdir(parents=True, exist_ok=True)
    fresh = database.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh)
    try:
        connection.executescript(_CREATE)
        connection.execute("INSERT INTO about VALUES (?, ?)", (seed, _SCHEMA_VERSION))
        connection.executemany(_INSERT, map(astuple, rows))
        connection.commit()
    finally:
        connection.close()
    os.replace(fresh, database)
