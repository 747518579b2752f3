"""What is PostgreSQL's own: roles and passwords, tables made once, a server that is gone, and who never needs any."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from bench.machine import ToolMissing
from tests.docs.blocks import blocks
from tests.doubles.ledgers import write_exchanges, write_records
from tests.doubles.postgres_server import USER, PostgresServer, tool
from typer.testing import CliRunner

from lienthong.adapters.ledger_files import read_records
from lienthong.cli.evidence import app
from lienthong.domain.errors import Unavailable
from lienthong.node.config import IndexSection, database_problems
from lienthong.node.store.indexes import keep_database, need_engine, open_index
from lienthong.node.store.ledger_index import BEGINNING
from lienthong.node.store.places import index_database_path, index_path, ledger_directory

REPO = Path(__file__).resolve().parents[2]
GUARDED, PASSWORD = "guarded", "m4t-khau"
MADE = "SELECT count(*) FROM pg_namespace WHERE nspname = 'lienthong_index_1'"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        started.sql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
        yield started


@pytest.fixture
def empty(server: PostgresServer) -> PostgresServer:
    """The server, with none of our tables."""
    server.sql("DROP SCHEMA IF EXISTS lienthong_index_1 CASCADE")
    server.sql(f"REVOKE ALL ON DATABASE postgres FROM {GUARDED}")
    return server


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    write_exchanges(tmp_path)
    return ledger_directory(tmp_path)


def _passfile(folder: Path, password: str) -> str:
    path = folder / "passfile"
    path.write_text(f"*:*:*:*:{password}\n", encoding="utf-8")
    path.chmod(0o600)
    return f"&passfile={path}"


def test_who_only_reads_makes_nothing(empty: PostgresServer, ledger: Path) -> None:
    with closing(open_index(ledger, empty.url)) as index:
        assert (index.bookmark(), index.find("m-1")) == (BEGINNING, [])
    assert empty.sql(MADE) == [(0,)]


def test_nodes_that_begin_at_once_make_the_tables_once(empty: PostgresServer, tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(6)]

    def take(folder: Path) -> int:
        write_exchanges(folder)
        with closing(open_index(ledger_directory(folder), empty.url)) as index:
            return index.take(read_records(ledger_directory(folder)))

    with ThreadPoolExecutor(len(folders)) as pool:
        assert list(pool.map(take, folders)) == [5] * len(folders)
    assert empty.sql("SELECT count(DISTINCT ledger), count(*) FROM lienthong_index_1.record") == [(6, 30)]


def test_the_keys_begin_with_the_ledger(empty: PostgresServer, ledger: Path) -> None:
    with closing(open_index(ledger, empty.url)) as index:
        index.take(read_records(ledger))
    keys = empty.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'lienthong_index_1'")
    assert len(keys) == 5
    assert [key for (key,) in keys if "(ledger" not in str(key)] == []


def test_a_bookmark_that_was_taken_away_takes_its_rows_along(empty: PostgresServer, ledger: Path) -> None:
    with closing(open_index(ledger, empty.url)) as index:
        index.take(read_records(ledger))
        empty.sql("DELETE FROM lienthong_index_1.bookmark")
        assert index.take(list(read_records(ledger))[:2]) == 2
    assert empty.sql("SELECT count(*) FROM lienthong_index_1.record") == [(2,)]


def test_a_password_comes_from_a_file_and_is_told_nowhere(
    empty: PostgresServer, ledger: Path, tmp_path: Path
) -> None:
    empty.sql(f"GRANT CREATE ON DATABASE postgres TO {GUARDED}")
    with closing(open_index(ledger, empty.url_of(GUARDED) + _passfile(tmp_path, PASSWORD))) as index:
        assert index.take(read_records(ledger)) == 5
    with pytest.raises(Unavailable, match="password authentication failed") as wrong:
        open_index(ledger, empty.url_of(GUARDED) + _passfile(tmp_path, "khác-hẳn"))
    assert wrong.value.code == "DatabaseError"
    assert "khác-hẳn" not in str(wrong.value)


def test_a_role_that_may_make_no_tables_is_told(empty: PostgresServer, ledger: Path, tmp_path: Path) -> None:
    database = empty.url_of(GUARDED) + _passfile(tmp_path, PASSWORD)
    with (
        closing(open_index(ledger, database)) as index,
        pytest.raises(Unavailable, match="permission denied for database postgres"),
    ):
        index.take(read_records(ledger))


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("postgresql:///x?host=/nowhere", "No such file or directory"),
        ("postgresql:///x?colour=red", 'invalid URI query parameter: "colour"'),
        ("postgresql://127.0.0.1:1/x", "Connection refused"),
    ],
)
def test_an_address_without_a_server_is_a_coded_error(database: str, said: str, ledger: Path) -> None:
    with pytest.raises(Unavailable, match=said) as error:
        open_index(ledger, database)
    assert error.value.code == "DatabaseError"
    assert "\n" not in error.value.message


def test_what_the_server_says_of_data_is_not_repeated(empty: PostgresServer, ledger: Path) -> None:
    with closing(open_index(ledger, empty.url)) as index:
        index.take(list(read_records(ledger))[:2])
        empty.sql("ALTER TABLE lienthong_index_1.record ADD CHECK (message_id <> 'm-2')")
        with pytest.raises(Unavailable, match=r"used: CheckViolation \(23514\)$"):
            index.take(list(read_records(ledger))[2:])
        assert index.bookmark().position == list(read_records(ledger))[1].following
    assert empty.sql("SELECT count(*) FROM lienthong_index_1.record") == [(2,)]


def test_show_finds_through_the_database_and_without_it(tmp_path: Path) -> None:
    with PostgresServer() as server:
        write_exchanges(tmp_path, server.url)
        ledger = ledger_directory(tmp_path)
        keep_database(ledger, server.url)
        assert index_database_path(ledger).stat().st_mode & 0o777 == 0o600
        assert not index_path(ledger).exists()
        shown = CliRunner().invoke(app, ["show", "m-1", "--data-dir", str(tmp_path)])
        assert (shown.exit_code, shown.stderr) == (0, "")
        assert shown.stdout.count("hợp lệ / verified") == 2
    for wanted, status in (("m-1", 0), ("m-9", 1)):
        shown = CliRunner().invoke(app, ["show", wanted, "--data-dir", str(tmp_path)])
        assert shown.exit_code == status
        assert shown.stdout.count("hợp lệ / verified") == (2 if status == 0 else 0)
        assert "Không hỏi được chỉ mục (DatabaseError: the index in PostgreSQL cannot be used: " in shown.stderr
        assert "the whole ledger is read instead" in shown.stderr


def test_the_example_of_the_operating_page(server: PostgresServer, ledger: Path, tmp_path: Path) -> None:
    """The block in bash of docs/operate/node.md, with this server's socket and a folder of the test."""
    page = (REPO / "docs" / "operate" / "node.md").read_text(encoding="utf-8")
    (example,) = [block.text for block in blocks(page) if block.language == "bash"]
    text = example.replace("/etc/lienthong/nut-2", str(tmp_path)).replace("/run/postgresql", str(server.folder))
    path = f"{Path(tool('psql')).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PGHOST": str(server.folder), "PGUSER": USER}
    done = subprocess.run(["bash", "-euc", text], capture_output=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    settings = tomllib.loads((tmp_path / "node.toml").read_text(encoding="utf-8"))
    database = msgspec.convert(settings["index"], IndexSection).database
    assert database_problems(database) == []
    with closing(open_index(ledger, database)) as index:
        assert index.take(read_records(ledger)) == 5
    (tmp_path / "pgpass").unlink()
    with pytest.raises(Unavailable, match="no password supplied"):
        open_index(ledger, database)


def test_the_address_is_taken_away_with_the_setting(ledger: Path) -> None:
    keep_database(ledger, "postgresql:///x")
    keep_database(ledger, "")
    keep_database(ledger, "")
    assert not index_database_path(ledger).exists()


def test_an_empty_ledger_has_an_index_too(empty: PostgresServer, tmp_path: Path) -> None:
    write_records(tmp_path / "new", [])
    with closing(open_index(tmp_path / "new", empty.url)) as index:
        assert index.take(read_records(tmp_path / "new")) == 0
    with pytest.raises(Unavailable, match="NotFound"):
        open_index(tmp_path, empty.url)


def test_a_missing_library_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch, ledger: Path) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    need_engine("")
    with pytest.raises(Unavailable, match=r"requirements/postgres\.txt"):
        open_index(ledger, "postgresql:///x")


def test_a_node_with_sqlite_does_not_read_the_library(ledger: Path) -> None:
    code = (
        "import sys, pathlib; import lienthong.node.app.run;"
        "from lienthong.node.store.exchanges import find_exchanges;"
        f"assert find_exchanges(pathlib.Path({str(ledger.parents[1])!r}), 'm-1');"
        "assert not [name for name in sys.modules if name.startswith('psycopg')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=os.environ, timeout=60)
    assert done.returncode == 0, done.stderr.decode()


def test_a_machine_without_the_server_is_told_the_remedy() -> None:
    with pytest.raises(ToolMissing, match="make tools"):
        tool("no-such-program")
