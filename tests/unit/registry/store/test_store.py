"""The database: migrations make exactly the models, instants are UTC milliseconds, units are whole or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from lienthong.domain.errors import Refused, Unavailable
from lienthong.registry.store import unit as unit_module
from lienthong.registry.store.migrate import alembic_config, upgrade
from lienthong.registry.store.tables import AliasRow, Base, MemberRow, NodeRow, UtcDateTime
from lienthong.registry.store.unit import Books, open_books, row_digest

AT_MS = 1_615_334_400_123


def member(number: int, xroad_id: str = "VN/GOV/G01") -> MemberRow:
    return MemberRow(
        id=f"{number:036d}", xroad_id=xroad_id, name_vi="Bộ", name_en="Ministry", contact="", created_at_ms=AT_MS
    )


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = open_books(f"sqlite:///{tmp_path / 'r.sqlite'}")
    upgrade(made)
    yield made
    made.close()


def test_the_migrations_make_the_models(books: Books) -> None:
    differences: list[object] = []

    def compare(connection: object) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": True})  # type: ignore[arg-type]
        differences.extend(compare_metadata(context, Base.metadata))

    books.run(compare)
    assert differences == []


def test_a_missing_column_would_be_noticed(books: Books) -> None:
    differences: list[object] = []

    def spoil(connection: object) -> None:
        connection.exec_driver_sql("ALTER TABLE member DROP COLUMN contact")  # type: ignore[attr-defined]
        context = MigrationContext.configure(connection)  # type: ignore[arg-type]
        differences.extend(compare_metadata(context, Base.metadata))

    books.run(spoil)
    assert differences


def test_migrations_go_down_and_up_again(books: Books) -> None:
    books.run(lambda connection: command.downgrade(alembic_config(connection), "base"))
    upgrade(books)
    upgrade(books)
    with books.unit() as unit:
        unit.add(member(1))


def test_a_register_of_before_maintenance_is_brought_up_with_its_nodes(books: Books) -> None:
    books.run(lambda connection: command.downgrade(alembic_config(connection), "0001"))
    columns = "id, xroad_id, member, host, port, state, created_at"
    values = "'1', 'VN/GOV/G01/nut-1', 'VN/GOV/G01', '127.0.0.1', 5500, 'active', '2021-03-10 00:00:00'"
    with books.unit() as unit:
        unit.add(member(1))
    books.run(lambda connection: _execute(connection, f"INSERT INTO node ({columns}) VALUES ({values})"))
    upgrade(books)
    with books.unit() as unit:
        node = unit.need(NodeRow, "node", xroad_id="VN/GOV/G01/nut-1")
        assert (node.port, node.maintenance) == (5500, None)
        node.maintenance = "Đến 6 giờ"
    books.run(lambda connection: command.downgrade(alembic_config(connection), "0001"))
    upgrade(books)
    with books.reading() as unit:
        assert unit.need(NodeRow, "node", xroad_id="VN/GOV/G01/nut-1").maintenance is None


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def test_the_models_are_ready_for_postgresql() -> None:
    tables = Base.metadata.sorted_tables
    text = "\n".join(str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in tables)
    assert text.count("CREATE TABLE") == len(Base.metadata.tables)
    assert "TIMESTAMP WITH TIME ZONE" in text


@given(st.integers(0, 253_402_300_799_999))
def test_an_instant_comes_back_to_the_millisecond(at_ms: int) -> None:
    column = UtcDateTime()
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        moment = column.process_bind_param(at_ms, dialect)
        assert moment is not None
        assert column.process_result_value(moment, dialect) == at_ms
        assert column.process_result_value(moment.replace(tzinfo=None), dialect) == at_ms


def test_a_unit_is_whole_or_nothing(books: Books) -> None:
    def cut_off() -> None:
        with books.unit() as unit:
            unit.add(member(1))
            raise RuntimeError("cut off")

    with pytest.raises(RuntimeError):
        cut_off()
    with books.reading() as unit:
        assert unit.count(MemberRow) == 0


def test_a_doubled_key_is_refused_without_its_value(books: Books) -> None:
    with books.unit() as unit:
        unit.add(member(1))
    with pytest.raises(Refused, match="AlreadyExists") as caught, books.unit() as unit:
        unit.add(member(2))
    assert "member.xroad_id" in caught.value.message
    assert "VN/GOV/G01" not in caught.value.message


def test_foreign_keys_hold(books: Books) -> None:
    with pytest.raises(Refused), books.unit() as unit:
        unit.add(AliasRow(id="1", xroad_id="VN/GOV/G02", member="VN/GOV/nobody"))


def test_connections_are_set_up(books: Books) -> None:
    found = {}

    def look(connection: object) -> None:
        for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous"):
            found[name] = connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # type: ignore[attr-defined]

    books.run(look)
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000, "synchronous": 2}


def test_readers_do_not_wait_for_a_writer(books: Books) -> None:
    with books.unit() as writing:
        writing.add(member(1))
        with books.reading() as unit:
            assert unit.count(MemberRow) == 0


def test_a_locked_database_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_module, "BUSY_TIMEOUT_MS", 50)
    books = open_books(f"sqlite:///{tmp_path / 'r.sqlite'}")
    upgrade(books)
    holder = sqlite3.connect(tmp_path / "r.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="DatabaseUnavailable"), books.unit() as unit:
        unit.count(MemberRow)
    holder.close()
    books.close()


def test_a_digest_tells_states_apart() -> None:
    assert row_digest(member(1)) == row_digest(member(1))
    assert row_digest(member(1)) != row_digest(member(2))
