"""One transaction on the register: everything in it is kept, or nothing.

`Books` holds the engine; `Books.unit()` gives a `Unit`. On SQLite a writing unit takes the write lock at once
(BEGIN IMMEDIATE), so that two writers queue instead of failing half-way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from lienthong.domain.errors import Refused, Unavailable
from lienthong.registry.store.tables import Base

T = TypeVar("T", bound=Base)
BUSY_TIMEOUT_MS = 5000


class Unit:
    """Reads and writes inside one transaction."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, table: type[T], key: Any) -> T | None:
        """The row with primary key `key`."""
        return self._session.get(table, key)

    def find(self, table: type[T], **equal: Any) -> T | None:
        """The one row whose columns equal `equal`."""
        return self._session.scalars(select(table).filter_by(**equal)).one_or_none()

    def need(self, table: type[T], what: str, **equal: Any) -> T:
        """As `find`; raises Refused (``NotFound``) naming `what`."""
        row = self.find(table, **equal)
        if row is None:
            raise Refused("NotFound", f"{what} {next(iter(equal.values()))} is not in the register")
        return row

    def all(self, table: type[T], **equal: Any) -> Sequence[T]:
        """Every row whose columns equal `equal`, in order of the key."""
        key = inspect(table).primary_key
        return self._session.scalars(select(table).filter_by(**equal).order_by(*key)).all()

    def page(self, table: type[T], *, after: str, limit: int, **equal: Any) -> Sequence[T]:
        """At most `limit` rows with a key above `after`, in order of the key."""
        key = inspect(table).primary_key[0]
        query = select(table).filter_by(**equal).where(key > after).order_by(key).limit(limit)
        return self._session.scalars(query).all()

    def last(self, table: type[T]) -> T | None:
        """The row with the highest key: the newest, since keys are in order of time."""
        key = inspect(table).primary_key[0]
        return self._session.scalars(select(table).order_by(key.desc()).limit(1)).first()

    def count(self, table: type[T], **equal: Any) -> int:
        """How many rows there are."""
        return self._session.scalar(select(func.count()).select_from(table).filter_by(**equal)) or 0

    def add(self, *rows: Base) -> None:
        """Add rows, written to the database at once; raises Refused (``AlreadyExists``) on a doubled key."""
        self._session.add_all(rows)
        self.flush()

    def put(self, row: Base) -> None:
        """Add a row with a fresh key, written at the latest when the transaction ends."""
        self._session.add(row)

    def flush(self) -> None:
        """Write what is pending; raises Refused (``AlreadyExists``) where a unique key is doubled."""
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Refused("AlreadyExists", f"already in the register: {_constraint(error)}") from None


class Books:
    """The register's database."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """A transaction that may write: committed at the end, rolled back on any exception. Raises Unavailable."""
        with self._transaction(self._engine) as unit:
            yield unit

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """A transaction that reads: takes no write lock. Raises Unavailable."""
        with self._transaction(self._engine.execution_options(reading=True)) as unit:
            yield unit

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Unit]:
        try:
            with Session(engine, expire_on_commit=False, autoflush=False) as session, session.begin():
                yield Unit(session)
        except OperationalError as error:
            raise Unavailable("DatabaseUnavailable", "the register's database does not answer now") from error

    def run(self, work: Callable[[Connection], None]) -> None:
        """Do `work` on one connection in a transaction (migrations)."""
        with self._engine.begin() as connection:
            work(connection)

    def close(self) -> None:
        self._engine.dispose()


def open_books(url: str) -> Books:
    """The books at a SQLAlchemy `url`; SQLite is set to WAL, foreign keys, busy timeout and explicit BEGIN."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Books(engine)


def row_digest(row: Base) -> str:
    """Hex SHA-256 of a row's columns as canonical JSON: what the audit table keeps of a state."""
    state = {attr.key: getattr(row, attr.key) for attr in inspect(type(row)).column_attrs}
    text = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _constraint(error: IntegrityError) -> str:
    """The table and column of a failed constraint, without values."""
    text = str(error.orig)
    return text.rpartition(": ")[2] if ": " in text else "unique key"
