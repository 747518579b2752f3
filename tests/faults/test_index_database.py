"""A database of the index that is gone, frozen, or whose node is killed: exchanges go on, and the index catches up.

After every fault each message of each ledger is in the index, once.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.plain_client import CLIENT, call
from tests.doubles.postgres_server import PostgresServer
from tests.doubles.rig import SERVICE, NodeProcess, Rig
from tests.doubles.scripted_service import ScriptedService

from lienthong.adapters.ledger_files import START, Position, read_ledger_id, read_records
from lienthong.evidence.frame_record import listed_records
from lienthong.node.store.indexes import find_index
from lienthong.node.store.ledger_index import fitting_bookmark
from lienthong.node.store.places import ledger_directories

KILLS = 6
POSITIONS = """
SELECT segment, "offset", slot, part FROM lienthong_index_1.record WHERE ledger = '{}' ORDER BY 1, 2, 3, 4
"""
SLOW = """
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;
CREATE TRIGGER slow BEFORE INSERT ON lienthong_index_1.record FOR EACH STATEMENT EXECUTE FUNCTION wait()
"""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        yield started


@pytest.fixture
def rig(tmp_path: Path, system: ScriptedService, server: PostgresServer) -> Iterator[Rig]:
    """Two nodes, not started yet; the provider has two processes, so that three ledgers share a database."""
    extra = f'[index]\ndatabase = "{server.url}"\n'
    found = Rig(tmp_path / "rig", system.url, extra_settings=extra, workers={"provider": 2})
    yield found
    found.stop()


def ask(rig: Rig, calls: int = 10) -> float:
    """Exchanges that are answered; gives the seconds of the slowest."""
    slowest = 0.0
    for _ in range(calls):
        began = time.monotonic()
        assert call(rig.consumer.front, f"/r1/{SERVICE}/sau", headers=CLIENT).status == 200
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def health(node: NodeProcess) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{node.admin}/health", timeout=5) as answer:
        facts: dict[str, Any] = json.loads(answer.read())
    return facts


def metric(node: NodeProcess, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{node.admin}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith(f"lienthong_{name} ")]
    return float(value)


def until(done: Callable[[], bool], within_s: float = 40) -> None:
    end = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)


def on_record(ledger: Path) -> list[Position]:
    return [
        found.position._replace(part=part)
        for found in read_records(ledger)
        for part in range(len(listed_records(found.encoded)))
    ]


def indexed(server: PostgresServer, ledger: Path) -> list[Position]:
    return [Position(*row) for row in server.sql(POSITIONS.format(read_ledger_id(ledger).hex()))]  # type: ignore[arg-type]


def check_complete(rig: Rig, server: PostgresServer) -> None:
    """Stop the nodes; then the index has what the ledgers have."""
    rig.stop()
    ledgers = [ledger for node in (rig.consumer, rig.provider) for ledger in ledger_directories(node.data)]
    assert len(ledgers) == 3
    for ledger in ledgers:
        assert indexed(server, ledger) == on_record(ledger)
        index = find_index(ledger)
        assert index is not None
        with closing(index):
            end = max((found.following for found in read_records(ledger)), default=START)
            assert fitting_bookmark(index, ledger).position == end


def logged(node: NodeProcess, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (node.folder / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def test_a_server_that_is_gone_at_the_start_and_comes_later(rig: Rig, server: PostgresServer) -> None:
    server.stop()
    rig.start()
    assert ask(rig) < 2
    until(lambda: health(rig.consumer)["index"] != "ok")
    facts = health(rig.consumer)
    assert facts["index"].startswith("DatabaseError: the index in PostgreSQL cannot be used: connection")
    assert metric(rig.consumer, "index_failed") == 1
    server.start()
    until(lambda: health(rig.consumer)["index"] == "ok" == health(rig.provider)["index"])
    assert metric(rig.consumer, "index_failed") == 0
    assert metric(rig.consumer, "index_late_seconds") < 20
    assert len(logged(rig.consumer, "indexing.failed")) == len(logged(rig.consumer, "indexing.goes_on")) == 1
    check_complete(rig, server)


def test_a_server_that_goes_in_the_middle_and_comes_back(rig: Rig, server: PostgresServer) -> None:
    rig.start()
    ledger = rig.consumer.ledger
    for _ in range(2):
        ask(rig)
        until(lambda: bool(server.sql("SELECT 1 FROM pg_tables WHERE schemaname = 'lienthong_index_1'")))
        until(lambda: indexed(server, ledger) == on_record(ledger))
        server.stop()
        assert ask(rig) < 2
        until(lambda: metric(rig.consumer, "index_failed") == 1)
        assert rig.consumer.healthy()
        server.start()
        until(lambda: indexed(server, ledger) == on_record(ledger))
    check_complete(rig, server)


def test_tables_that_were_dropped_are_made_again(rig: Rig, server: PostgresServer) -> None:
    rig.start()
    ledger = rig.consumer.ledger
    ask(rig)
    until(lambda: bool(server.sql("SELECT 1 FROM pg_tables WHERE schemaname = 'lienthong_index_1'")))
    until(lambda: indexed(server, ledger) == on_record(ledger))
    server.sql("DROP SCHEMA lienthong_index_1 CASCADE")
    ask(rig)
    until(lambda: bool(server.sql("SELECT 1 FROM pg_tables WHERE schemaname = 'lienthong_index_1'")))
    until(lambda: indexed(server, ledger) == on_record(ledger))
    check_complete(rig, server)


def test_a_slow_server_makes_the_index_late_and_nothing_else(rig: Rig, server: PostgresServer) -> None:
    rig.start()
    ask(rig)
    until(lambda: bool(server.sql("SELECT 1 FROM pg_tables WHERE schemaname = 'lienthong_index_1'")))
    server.sql(SLOW)
    assert ask(rig, 50) < 2
    until(lambda: health(rig.consumer)["index_late_s"] > 1)
    assert rig.consumer.healthy()
    until(lambda: indexed(server, rig.consumer.ledger) == on_record(rig.consumer.ledger))
    check_complete(rig, server)


@pytest.mark.slow
def test_a_server_that_does_not_answer_holds_up_neither_exchanges_nor_the_end(
    rig: Rig, server: PostgresServer
) -> None:
    rig.start()
    ask(rig)
    until(lambda: bool(server.sql("SELECT 1 FROM pg_tables WHERE schemaname = 'lienthong_index_1'")))
    until(lambda: indexed(server, rig.consumer.ledger) == on_record(rig.consumer.ledger))
    server.freeze()
    assert ask(rig, 200) < 2
    until(lambda: health(rig.consumer)["index_late_s"] > 5)
    began = time.monotonic()
    assert rig.consumer.stop() == 0
    assert time.monotonic() - began < 14
    server.thaw()
    rig.consumer.start()
    ask(rig)
    check_complete(rig, server)


@pytest.mark.slow
def test_kills_between_ledger_and_index(rig: Rig, server: PostgresServer) -> None:
    """The node dies while a batch is under way to a server that stands still, and while it is being made."""
    rig.start()
    for kill in range(KILLS):
        if kill % 2:
            server.freeze()
        ask(rig, 30)
        time.sleep(0.4 + 0.1 * kill)
        rig.consumer.kill()
        server.thaw()
        rig.consumer.start(timeout_s=60)
    ask(rig)
    check_complete(rig, server)
