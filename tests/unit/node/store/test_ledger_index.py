"""The index: batches and bookmark in one transaction; taking records twice changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.day_keys import KEYS
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, request_record, response_record
from tests.doubles.signing import Signer
from tests.doubles.values import replace

from lienthong.adapters.ledger_files import START, LedgerRecord, Position
from lienthong.domain.errors import Malformed
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import leaf
from lienthong.evidence.record import encode_record
from lienthong.evidence.sealing import encode_frame
from lienthong.node.store.ledger_index import BATCH_MESSAGES, LedgerIndex

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
    assert index.take(records) == BATCH_MESSAGES
    assert index.take(records) == 600 - BATCH_MESSAGES
    assert index.take(records) == 0


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


def test_each_message_of_a_frame_is_found_at_its_part(index: LedgerIndex) -> None:
    assert index.take([_frame(1, 3), *_exchange(2)]) == 5
    (found,) = index.find("m-1-2")
    assert found.position == Position(1, 97, 0, 2)
    assert index.bookmark() == Position(1, 2096, 2)


def test_a_batch_is_bounded_by_messages_and_frames_are_taken_whole(index: LedgerIndex) -> None:
    records = iter([_frame(number, 60) for number in range(10)])
    assert index.take(records) == 540
    assert index.take(records) == 60
    assert len(index.find("m-8-59")) == len(index.find("m-9-0")) == 1


def test_an_index_of_an_earlier_layout_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite3"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE record (segment INTEGER PRIMARY KEY)")
        old.execute("CREATE TABLE bookmark (one INTEGER, segment INTEGER, offset INTEGER, slot INTEGER)")
        old.execute("INSERT INTO bookmark VALUES (1, 7, 7, 7)")
    old.close()
    with LedgerIndex(path) as made:
        assert made.bookmark() == START
        made.take(_exchange(1))
        assert len(made.find("m-1")) == 2


def test_a_batch_with_an_unreadable_record_is_not_taken(index: LedgerIndex) -> None:
    good = _exchange(1)
    with pytest.raises(Malformed):
        index.take([good[0], good[1]._replace(encoded=b"garbage")])
    assert index.bookmark() == START
    assert index.find("m-1") == []
