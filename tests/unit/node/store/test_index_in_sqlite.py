"""The index in SQLite is made again where its file has an earlier layout, and says with a code what is wrong.

What both engines do is tested in tests/integration/test_ledger_index.py.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.doubles.ledgers import write_exchanges

from lienthong.adapters.ledger_files import read_records
from lienthong.domain.errors import Unavailable
from lienthong.node.store.exchanges import find_exchanges
from lienthong.node.store.index_in_sqlite import IndexInSqlite
from lienthong.node.store.ledger_index import BEGINNING
from lienthong.node.store.places import index_path, ledger_directory


def test_an_index_of_an_earlier_layout_is_made_again(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    path = tmp_path / "old.sqlite3"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE record (segment INTEGER PRIMARY KEY)")
        old.execute("CREATE TABLE bookmark (one INTEGER, segment INTEGER, offset INTEGER, slot INTEGER)")
        old.execute("INSERT INTO bookmark VALUES (1, 7, 7, 7)")
    old.close()
    with closing(IndexInSqlite(path)) as made:
        assert made.bookmark() == BEGINNING
        made.take(read_records(ledger_directory(tmp_path)))
        assert len(made.find("m-1")) == 2


def test_a_spoiled_file_is_told_and_the_ledger_read_instead(tmp_path: Path) -> None:
    write_exchanges(tmp_path)
    path = index_path(ledger_directory(tmp_path))
    for leftover in path.parent.glob("index.sqlite3-*"):
        leftover.unlink()
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(Unavailable, match="DatabaseError: the index in SQLite cannot be used"):
        IndexInSqlite(path)
    told: list[Unavailable] = []
    found = find_exchanges(tmp_path, "m-1", without_index=told.append)
    assert [len(records) for records in found.values()] == [2]
    assert [error.code for error in told] == ["DatabaseError"]
