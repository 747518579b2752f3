"""Which index a ledger has: a SQLite file beside the segments, or a PostgreSQL database.

A node whose index is in PostgreSQL leaves the address in ``index.database`` beside the segments, so that who looks
for a message needs the data folder only. The address has no password in it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from lienthong.adapters.ledger_files import read_ledger_id
from lienthong.domain.errors import Unavailable
from lienthong.node.store.index_in_sqlite import IndexInSqlite
from lienthong.node.store.ledger_index import LedgerIndex
from lienthong.node.store.places import index_database_path, index_path


def open_index(ledger: Path, database: str) -> LedgerIndex:
    """The index of `ledger` in `database`, or beside the segments where that is empty.

    Raises Unavailable DatabaseError, or NotFound where the ledger has no segment yet.
    """
    if not database:
        return IndexInSqlite(index_path(ledger))
    need_engine(database)
    # Only here: a node with SQLite is not to wait for a library that it does not need.
    from lienthong.node.store.index_in_postgres import IndexInPostgres

    return IndexInPostgres(database, read_ledger_id(ledger))


def need_engine(database: str) -> None:
    """Raises Unavailable DatabaseError where the library that `database` needs is not installed."""
    if database and find_spec("psycopg") is None:
        raise Unavailable(
            "DatabaseError", "an index in PostgreSQL needs the packages of requirements/postgres.txt (psycopg)"
        )


def keep_database(ledger: Path, database: str) -> None:
    """Leave the address of the index for readers, or take it away where it is empty. Raises OSError."""
    path = index_database_path(ledger)
    if not database:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{database}\n", encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)


def find_index(ledger: Path) -> LedgerIndex | None:
    """The index that a node has left, None where there is none. Raises Unavailable DatabaseError, NotFound."""
    try:
        database = index_database_path(ledger).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return IndexInSqlite(index_path(ledger)) if index_path(ledger).exists() else None
    return open_index(ledger, database)
