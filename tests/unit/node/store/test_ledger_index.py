"""The index: batches and bookmark in one transaction; taking records twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, request_record, response_record
from tests.doubles.signing import Signer

from lienthong.adapters.ledger_files import START, LedgerRecord, Position
from lienthong.domain.errors import Malformed
from lienthong.evidence.record import encode_record
from lienthong.node.store.ledger_index import BATCH_RECORDS, LedgerIndex

CONSUMER, PROVIDER = Signer(HA_NOI), Signer(BO_CONG_AN)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LedgerIndex]:
    with LedgerIndex(tmp_path / "index.sqlite3") as opened:
        yield opened


def _exchange(number: int) -> list[LedgerRecord]:
    ids = {"request_id": f"r-{number}", "message_id": f"m-{number}"}
    records = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    places = [Position(1, 96 + 1000 * number, slot) for slot in (0, 1, 2)]
    return [LedgerRecord(places[i], places[i + 1], encode_record(records[i])) for i in (0, 1)]


def test_both_records_are_found_by_message_id_and_by_request_id(index: LedgerIndex) -> None:
    index.take(_exchange(1) + _exchange(2))
    for name in ("m-2", "r-2"):
        found = index.find(name)
        assert [(one.kind, one.position) for one in found] == [
            ("request", Position(1, 2096, 0)),
            ("response", Position(1, 2096, 1)),
        ]
    assert index.find("m-3") == []


def test_the_bookmark_says_where_to_go_on(index: LedgerIndex, tmp_path: Path) -> None:
    assert index.bookmark() == START
    assert index.take(_exchange(1)) == 2
    assert index.bookmark() == Position(1, 1096, 2)
    assert index.take([]) == 0
    with LedgerIndex(tmp_path / "index.sqlite3") as again:
        assert again.bookmark() == Position(1, 1096, 2)


def test_taking_records_twice_changes_nothing(index: LedgerIndex) -> None:
    index.take(_exchange(1))
    index.take(_exchange(1))
    assert len(index.find("m-1")) == 2


def test_one_batch_is_taken_at_a_time(index: LedgerIndex) -> None:
    records = iter([record for number in range(300) for record in _exchange(number)])
    assert index.take(records) == BATCH_RECORDS
    assert index.take(records) == 600 - BATCH_RECORDS
    assert index.take(records) == 0


def test_a_batch_with_an_unreadable_record_is_not_taken(index: LedgerIndex) -> None:
    good = _exchange(1)
    with pytest.raises(Malformed):
        index.take([good[0], good[1]._replace(encoded=b"garbage")])
    assert index.bookmark() == START
    assert index.find("m-1") == []
