"""Records of one batch, written together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.doubles.day_keys import KEYS
from tests.doubles.exchanges import BO_CONG_AN, request_record
from tests.doubles.signing import Signer

from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.evidence.batch import Batch, batch_of
from lienthong.evidence.digest import request_digests
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.evidence.sealing import SealingKey
from lienthong.exchange.inputs import Recorded, RecordFailed
from lienthong.node.use_cases.trunk.recording import Recording

SIGNER = Signer(BO_CONG_AN)
SIZE = 3


class Ledger:
    """Keeps what it is given; `failure` is raised instead."""

    failure: Unavailable | None = None

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Callable[[BaseException | None], None]]] = []

    def append(
        self, encoded: bytes, done: Callable[[BaseException | None], None], later: bool = False
    ) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken.append((encoded, done))

    def day_key(self) -> SealingKey:
        return KEYS.current()


class Desk:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.failures: list[Any] = []
        loop.set_exception_handler(lambda _, context: self.failures.append(context["exception"]))
        self.ledger = Ledger()
        self.batch: Batch = batch_of([request_digests(b"%d" % index, None) for index in range(SIZE)])
        signature = SIGNER.sign(self.batch.root)
        self.recording = Recording(self.ledger, loop, signature, self.batch.leaves)
        self.told: list[tuple[int, object]] = []

    def add(self, index: int) -> None:
        digests = request_digests(b"%d" % index, None)
        record = request_record(SIGNER, request_id=f"r-{index}")
        fields = {name: getattr(record, name) for name in Record.__struct_fields__}
        fields |= {"header_digest": digests.header, "body_digest": None, "signature": None}
        fields |= {"batch_size": SIZE, "batch_index": index}
        self.recording.add(Record(**fields), lambda given: self.told.append((index, given)))

    def written(self) -> list[list[str]]:
        return [[record.request_id for record in decode_records(encoded)] for encoded, _ in self.ledger.taken]


@pytest.fixture
def desk() -> Iterator[Desk]:
    loop = asyncio.new_event_loop()
    yield Desk(loop)
    loop.close()


def test_what_comes_in_one_go_is_one_record_and_everybody_is_told(desk: Desk) -> None:
    desk.add(0)
    desk.add(2)
    assert desk.written() == []
    desk.recording.flush()
    assert desk.written() == [["r-0", "r-2"]]
    assert desk.told == []
    desk.ledger.taken[0][1](None)
    assert [(index, type(given)) for index, given in desk.told] == [(0, Recorded), (2, Recorded)]


def test_what_comes_later_is_a_record_of_its_own(desk: Desk) -> None:
    desk.recording.flush()
    assert desk.written() == []
    desk.add(1)
    assert desk.written() == [["r-1"]]


def test_what_something_has_to_stand_behind_is_written_and_the_rest_is_still_held(desk: Desk) -> None:
    desk.add(0)
    desk.recording.write()
    desk.recording.write()
    assert desk.written() == [["r-0"]]
    desk.add(1)
    desk.add(2)
    assert desk.written() == [["r-0"]]
    desk.recording.flush()
    assert desk.written() == [["r-0"], ["r-1", "r-2"]]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_ledger_that_fails_is_told_to_everybody(desk: Desk, at_once: bool) -> None:
    failure = Unavailable("LoggingFailed", "disk full")
    if at_once:
        desk.ledger.failure = failure
    desk.add(0)
    desk.add(1)
    desk.recording.flush()
    if not at_once:
        desk.ledger.taken[0][1](OSError("no"))
    errors: list[LienthongError] = [given.error for _, given in desk.told if isinstance(given, RecordFailed)]
    assert [error.code for error in errors] == ["LoggingFailed", "LoggingFailed"]


def test_one_exchange_that_fails_does_not_take_the_others_with_it(desk: Desk) -> None:
    def fails(_given: object) -> None:
        raise RuntimeError("a bug")

    desk.add(0)
    desk.recording._feeds[0] = fails
    desk.add(1)
    desk.recording.flush()
    desk.ledger.taken[0][1](None)
    assert [index for index, _ in desk.told] == [1]
    assert [str(error) for error in desk.failures] == ["a bug"]
