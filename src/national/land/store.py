"""The land store: one SQLite file; parcels, uses, holders, certificates and what rests on them. Readers never write.

Every table carries valid and recorded time: a row is what was true from `valid_from` until before `valid_to` (days),
as it was known from `recorded_at` (ms since the epoch) on. What is in force has no `valid_to`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

_SCHEMA_VERSION = 1
_TIMES = "valid_from TEXT NOT NULL, valid_to TEXT, recorded_at INTEGER NOT NULL"
_CREATE = f"""
CREATE TABLE about (seed INTEGER, province TEXT, schema_version INTEGER NOT NULL);
CREATE TABLE parcel (parcel INTEGER NOT NULL, commune_code TEXT NOT NULL, sheet INTEGER NOT NULL,
  number INTEGER NOT NULL, address TEXT NOT NULL, holder_kind TEXT NOT NULL, {_TIMES});
CREATE TABLE land_use (parcel INTEGER NOT NULL, code TEXT NOT NULL, area_dm2 INTEGER NOT NULL, origin TEXT NOT NULL,
  until TEXT, {_TIMES});
CREATE TABLE holder (parcel INTEGER NOT NULL, personal_id TEXT NOT NULL, name TEXT NOT NULL, born TEXT NOT NULL,
  role TEXT NOT NULL, {_TIMES});
CREATE TABLE land_certificate (parcel INTEGER NOT NULL, serial TEXT NOT NULL, register_number TEXT NOT NULL,
  issued_on TEXT NOT NULL, {_TIMES});
CREATE TABLE encumbrance (parcel INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, document TEXT NOT NULL,
  {_TIMES});
CREATE INDEX parcel_by_key ON parcel (commune_code, sheet, number);
CREATE INDEX parcel_by_number ON parcel (parcel);
CREATE INDEX use_by_parcel ON land_use (parcel);
CREATE INDEX holder_by_parcel ON holder (parcel);
CREATE INDEX holder_by_person ON holder (personal_id);
CREATE INDEX certificate_by_parcel ON land_certificate (parcel);
CREATE INDEX certificate_by_serial ON land_certificate (serial);
CREATE INDEX encumbrance_by_parcel ON encumbrance (parcel);
"""


class ParcelRow(NamedTuple):
    """A parcel; `parcel` is its number inside this store."""

    parcel: int
    commune_code: str
    sheet: int
    number: int
    address: str
    holder_kind: str


class UseRow(NamedTuple):
    """One use; area in square decimetres, `until` an ISO day or None for lasting use."""

    code: str
    area_dm2: int
    origin: str
    until: str | None


class HolderRow(NamedTuple):
    """A right holder as written at registration."""

    personal_id: str
    name: str
    born: str
    role: str


class CertificateRow(NamedTuple):
    """The land certificate in force."""

    serial: str
    register_number: str
    issued_on: str


class EncumbranceRow(NamedTuple):
    """Mortgage (the-chap), block (ngan-chan) or dispute (tranh-chap) in force."""

    kind: str
    body: str
    document: str
    since: str


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is in force on one parcel. `since` and `recorded_at` are used when the entry is written."""

    parcel: ParcelRow
    uses: tuple[UseRow, ...]
    holders: tuple[HolderRow, ...]
    certificate: CertificateRow | None
    encumbrances: tuple[EncumbranceRow, ...]
    since: str
    recorded_at: int


class LandStore:
    """Reads parcels. One connection for each thread, all closed by `close`. Raises FileNotFoundError."""

    def __init__(self, database: Path) -> None:
        if not database.is_file():
            raise FileNotFoundError(database)
        self._uri = f"{database.absolute().as_uri()}?mode=ro"
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def by_key(self, commune_code: str, sheet: int, number: int) -> Entry | None:
        """The parcel in force with this key."""
        query = "SELECT parcel FROM parcel WHERE commune_code = ? AND sheet = ? AND number = ? AND valid_to IS NULL"
        found = self._rows(query, commune_code, sheet, number)
        return self._entry(found[0][0]) if found else None

    def by_serial(self, serial: str) -> Entry | None:
        """The parcel of the certificate in force with this serial."""
        found = self._rows("SELECT parcel FROM land_certificate WHERE serial = ? AND valid_to IS NULL", serial)
        return self._entry(found[0][0]) if found else None

    def of_holder(self, personal_id: str, *, limit: int) -> list[Entry]:
        """The parcels that the person holds now, at most `limit`, in order of their keys."""
        query = """SELECT parcel.parcel FROM holder JOIN parcel ON parcel.parcel = holder.parcel
            WHERE holder.personal_id = ? AND holder.valid_to IS NULL AND parcel.valid_to IS NULL
            ORDER BY commune_code, sheet, number LIMIT ?"""
        return [self._entry(row[0]) for row in self._rows(query, personal_id, limit)]

    def content(self) -> tuple[int | None, str | None]:
        """Seed of invented content and province, None for none."""
        seed, province = self._rows("SELECT seed, province FROM about")[0]
        return seed, province

    def count(self) -> int:
        """How many parcels there are."""
        found: int = self._rows("SELECT count(*) FROM parcel WHERE valid_to IS NULL")[0][0]
        return found

    def close(self) -> None:
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()

    def _entry(self, parcel: int) -> Entry:
        columns = "parcel, commune_code, sheet, number, address, holder_kind, valid_from, recorded_at"
        *row, since, recorded_at = self._in_force(columns, "parcel", parcel)[0]
        certificates = self._in_force("serial, register_number, issued_on", "land_certificate", parcel)
        return Entry(
            parcel=ParcelRow(*row),
            uses=tuple(UseRow(*use) for use in self._in_force("code, area_dm2, origin, until", "land_use", parcel)),
            holders=tuple(
                HolderRow(*one) for one in self._in_force("personal_id, name, born, role", "holder", parcel)
            ),
            certificate=CertificateRow(*certificates[0]) if certificates else None,
            encumbrances=tuple(
                EncumbranceRow(*one)
                for one in self._in_force("kind, body, document, valid_from", "encumbrance", parcel)
            ),
            since=since,
            recorded_at=recorded_at,
        )

    def _in_force(self, columns: str, table: str, parcel: int) -> list[Any]:
        # Column and table names are constants of this module.
        query = f"SELECT {columns} FROM {table} WHERE parcel = ? AND valid_to IS NULL ORDER BY rowid"  # noqa: S608
        return self._rows(query, parcel)

    def _rows(self, query: str, *values: object) -> list[Any]:
        return self._connection().execute(query, values).fetchall()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            self._local.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection


def write_store(database: Path, entries: Iterable[Entry], *, seed: int | None, province: str | None) -> None:
    """Write a whole new store beside `database` and put it in place at once: never half a store."""
    database.parent.mkdir(parents=True, exist_ok=True)
    fresh = database.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    connection = sqlite3.connect(fresh)
    try:
        connection.executescript(_CREATE)
        connection.execute("INSERT INTO about VALUES (?, ?, ?)", (seed, province, _SCHEMA_VERSION))
        for entry in entries:
            _write_entry(connection, entry)
        connection.commit()
    finally:
        connection.close()
    os.replace(fresh, database)


def _write_entry(connection: sqlite3.Connection, entry: Entry) -> None:
    number, times = entry.parcel.parcel, (entry.since, None, entry.recorded_at)
    _insert(connection, "parcel", [(*entry.parcel, *times)])
    _insert(connection, "land_use", [(number, *use, *times) for use in entry.uses])
    _insert(connection, "holder", [(number, *holder, *times) for holder in entry.holders])
    if (paper := entry.certificate) is not None:
        _insert(connection, "land_certificate", [(number, *paper, paper.issued_on, None, entry.recorded_at)])
    resting = [(number, one.kind, one.body, one.document, one.since, None, entry.recorded_at)
               for one in entry.encumbrances]  # fmt: skip
    _insert(connection, "encumbrance", resting)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        places = ", ".join("?" for _ in rows[0])
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - constant table names
