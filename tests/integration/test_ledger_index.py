"""Both engines keep the same promises: rows and bookmark together, nothing twice, begun anew where it misfits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.doubles.day_keys import KEYS
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, request_record, response_record
from tests.doubles.ledgers import write_exchanges, write_records
from tests.doubles.postgres_server import PostgresServer
from tests.doubles.signing import Signer
from tests.doubles.values import replace

from lienthong.adapters.ledger_files import LedgerRecord, Position, read_records
from lienthong.domain.errors import Malformed, Unavailable
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import leaf
from lienthong.evidence.record import encode_record
from lienthong.evidence.sealing import encode_frame
from lienthong.node.store.exchanges import find_exchanges
from lienthong.node.store.indexes import keep_database, open_index
from lienthong.node.store.ledger_index import BATCH_MESSAGES, BEGINNING, LedgerIndex, fitting_bookmark
from lienthong.node.store.places import ledger_directory

CONSUMER, PROVIDER = Signer(HA_NOI), Signer(BO_CONG_AN)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The setting ``[index] database`` of each engine."""
    if request.param == "sqlite":
        return ""
    found: PostgresServer = request.getfixturevalue("server")
    return found.url


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger with no record."""
    folder = ledger_directory(tmp_path)
    write_records(folder, [])
    return folder


@pytest.fixture
def index(ledger: Path, database: str) -> Iterator[LedgerIndex]:
    with closing(open_index(ledger, database)) as opened:
        yield opened


def _exchange(number: int, **ids: str) -> list[LedgerRecord]:
    ids = {"request_id": f"r-{number}", "message_id": f"m-{number}"} | ids
    records = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    places = [Position(1, 96 + 1000 * number, slot) for slot in (0, 1, 2)]
    return [LedgerRecord(places[i], places[i + 1], encode_record(records[i])) for i in (0, 1)]


def _frame(number: int, size: int) -> LedgerRecord:
    """A frame record with `size` messages, m-`number`-0 and so on."""
    records = [
        replace(
            request_record(CONSUMER, request_id=f"r-{number}-{part}", message_id=f"m-{number}-{part}"),
            signature=None,
            batch_size=size,
            batch_index=part,
        )
        for part in range(size)
    ]
    leaves = [leaf(record.digests) for record in records]
    signature = CONSUMER.sign(batch_of([record.digests for record in records]).root)
    place, following = Position(1, 96 + number, 0), Position(1, 97 + number, 0)
    return LedgerRecord(place, following, encode_frame(signature, leaves, records, KEYS.current()))


class TestBothEngines:
    """What `LedgerIndex` promises."""

    def test_both_records_are_found_by_message_id_and_by_request_id(self, index: LedgerIndex) -> None:
        index.take(_exchange(1) + _exchange(2))
        for name in ("m-2", "r-2"):
            found = index.find(name)
            assert [(one.kind, one.position) for one in found] == [
                ("request", Position(1, 2096, 0)),
                ("response", Position(1, 2096, 1)),
            ]
            assert [(one.direction, one.request_id, one.message_id) for one in found] == [
                ("consumer", "r-2", "m-2"),
                ("consumer", "r-2", "m-2"),
            ]
        assert index.find("m-3") == []

    def test_the_bookmark_says_where_to_go_on(self, index: LedgerIndex, ledger: Path, database: str) -> None:
        assert index.bookmark() == BEGINNING
        assert index.find("m-1") == []
        assert index.take(_exchange(1)) == 2
        assert index.bookmark()[:2] == (Position(1, 1096, 2), Position(1, 1096, 1))
        assert index.take([]) == 0
        with closing(open_index(ledger, database)) as again:
            assert again.bookmark() == index.bookmark()

    def test_taking_records_twice_changes_nothing(self, index: LedgerIndex) -> None:
        index.take(_exchange(1))
        index.take(_exchange(2))
        bookmark = index.bookmark()
        assert index.take(_exchange(1)) == 2
        assert index.bookmark() == bookmark
        assert index.take(_exchange(2) + _exchange(3)) == 4
        assert [len(index.find(f"m-{number}")) for number in (1, 2, 3)] == [2, 2, 2]
        assert index.bookmark().position == Position(1, 3096, 2)

    def test_a_batch_taken_by_two_at_once_is_there_once(
        self, index: LedgerIndex, ledger: Path, database: str
    ) -> None:
        batch = [record for number in range(200) for record in _exchange(number)]

        def take(_: int) -> int:
            with closing(open_index(ledger, database)) as own:
                return own.take(batch)

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(take, range(4))) == [400] * 4
        assert {len(index.find(f"r-{number}")) for number in range(200)} == {2}

    def test_one_batch_is_taken_at_a_time(self, index: LedgerIndex) -> None:
        records = iter([record for number in range(300) for record in _exchange(number)])
        assert index.take(records) == BATCH_MESSAGES
        assert index.take(records) == 600 - BATCH_MESSAGES
        assert index.take(records) == 0

    def test_each_message_of_a_frame_is_found_at_its_part(self, index: LedgerIndex) -> None:
        assert index.take([_frame(1, 3), *_exchange(2)]) == 5
        (found,) = index.find("m-1-2")
        assert found.position == Position(1, 97, 0, 2)
        assert index.bookmark().position == Position(1, 2096, 2)

    def test_a_batch_is_bounded_by_messages_and_frames_are_taken_whole(self, index: LedgerIndex) -> None:
        records = iter([_frame(number, 60) for number in range(10)])
        assert index.take(records) == 540
        assert index.take(records) == 60
        assert len(index.find("m-8-59")) == len(index.find("m-9-0")) == 1

    def test_a_batch_with_an_unreadable_record_is_not_taken(self, index: LedgerIndex) -> None:
        good = _exchange(1)
        with pytest.raises(Malformed):
            index.take([good[0], good[1]._replace(encoded=b"garbage")])
        assert index.bookmark() == BEGINNING
        assert index.find("m-1") == []

    @pytest.mark.parametrize("strange", ["a\0b", "ấ" * 4000, "back\\slash\ttab\nline", "'; DROP TABLE record; --"])
    def test_any_word_a_record_can_hold_is_found(self, strange: str, index: LedgerIndex) -> None:
        index.take(_exchange(1, request_id=strange, message_id=strange) + _exchange(2))
        assert [found.position.offset for found in index.find(strange)] == [1096, 1096]

    def test_ledgers_that_share_a_database_do_not_see_each_other(self, tmp_path: Path, database: str) -> None:
        ledgers = [ledger_directory(tmp_path, worker) for worker in (0, 1)]
        for number, ledger in enumerate(ledgers):
            write_records(ledger, [])
            with closing(open_index(ledger, database)) as index:
                index.take(_exchange(1, message_id=f"m-{number}"))
        with closing(open_index(ledgers[0], database)) as one, closing(open_index(ledgers[1], database)) as other:
            assert [len(one.find(name)) for name in ("m-0", "m-1")] == [2, 0]
            assert [len(other.find(name)) for name in ("m-0", "m-1")] == [0, 2]
            one.forget()
            assert (one.find("m-0"), one.bookmark()) == ([], BEGINNING)
            assert len(other.find("m-1")) == 2
            one.take(_exchange(1, message_id="m-0"))
            assert len(one.find("m-0")) == 2

    def test_an_index_ahead_of_a_ledger_from_a_backup_does_not_fit(self, ledger: Path, database: str) -> None:
        def write(name: str) -> None:
            write_records(ledger, [request_record(CONSUMER, request_id=name, message_id=name)])

        write("r-1")
        backup = ledger.with_name("backup")
        shutil.copytree(ledger, backup)
        write("r-2")
        with closing(open_index(ledger, database)) as index:
            index.take(read_records(ledger))
            assert fitting_bookmark(index, ledger) == index.bookmark() != BEGINNING
        for segment in backup.glob("*.segment"):
            shutil.copy(segment, ledger)
        with closing(open_index(ledger, database)) as index:
            assert fitting_bookmark(index, ledger) == BEGINNING, "the ledger ends before"
            write("r-3")
            assert fitting_bookmark(index, ledger) == BEGINNING, "another record stands there"

    def test_an_exchange_is_found_through_the_index_and_behind_it(self, tmp_path: Path, database: str) -> None:
        write_exchanges(tmp_path, database)
        keep_database(ledger_directory(tmp_path), database)
        told: list[Unavailable] = []

        def found(wanted: str) -> list[int]:
            return [len(records) for records in find_exchanges(tmp_path, wanted, without_index=told.append).values()]

        assert [found(wanted) for wanted in ("m-1", "r-1", "m-2", "m-3", "m-9")] == [[2], [2], [2], [1], []]
        assert told == []

    def test_an_index_that_lies_shows_no_other_exchange(self, tmp_path: Path, database: str) -> None:
        write_exchanges(tmp_path, database)
        ledger = ledger_directory(tmp_path)
        keep_database(ledger, database)
        first, second, *_ = read_records(ledger)
        with closing(open_index(ledger, database)) as index:
            index.forget()
            lie = encode_record(request_record(CONSUMER, request_id="r-8", message_id="m-8"))
            index.take([first._replace(encoded=lie)])
            index.take([second])
        assert find_exchanges(tmp_path, "m-8") == {}
