"""What a process seals its records with, and what happens where it cannot."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.doubles.exchanges import HA_NOI, outcome_record, request_record
from tests.doubles.plane import memory_plane
from tests.doubles.signing import NOW_MS, Signer
from tests.doubles.values import replace

from lienthong.adapters.day_keys import KeptDayKeys, open_day_keys
from lienthong.domain.errors import Unavailable
from lienthong.evidence.batch import batch_of
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.evidence.sealing import SealingKey
from lienthong.exchange.inputs import Recorded, RecordFailed
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.sealed_ledger import SealedLedger
from lienthong.node.use_cases.trunk.recording import Recording

SIGNER = Signer(HA_NOI)
DAY_MS = 86_400_000


class Writer:
    """Takes everything, and is durable at once."""

    failure: Unavailable | None = None

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def append(
        self, encoded: bytes, done: Callable[[BaseException | None], None], later: bool = False
    ) -> None:
        self.taken.append(encoded)
        done(None)


class NoKeys:
    def current(self) -> SealingKey:
        raise Unavailable("LoggingFailed", "The day key cannot be written (No space left on device)")


def plane_with(ledger: SealedLedger) -> Plane:
    plane, _ = memory_plane()
    plane.ledger = ledger
    return plane


def test_without_a_key_no_message_is_recorded_and_everybody_is_told() -> None:
    writer = Writer()
    plane = plane_with(SealedLedger(writer, NoKeys()))
    told: list[object] = []
    plane.append((request_record(SIGNER), outcome_record()), told.append)
    (given,) = told
    assert isinstance(given, RecordFailed)
    assert given.error.code == "LoggingFailed"
    assert writer.taken == []
    assert plane.ledger.failure is None


def test_a_refusal_holds_nothing_to_seal_and_is_recorded_without_a_key() -> None:
    writer = Writer()
    told: list[object] = []
    plane_with(SealedLedger(writer, NoKeys())).append((outcome_record(),), told.append)
    assert isinstance(told[0], Recorded)
    assert decode_records(writer.taken[0]) == (outcome_record(),)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_a_day_that_turns_under_load_turns_the_key_between_two_records(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    """Exchanges go on over midnight: what was begun the day before ends under the key of the next."""
    now_ms = (NOW_MS // DAY_MS) * DAY_MS + 17 * 3_600_000 - 50
    clock = [now_ms]
    uri = f"file:{tmp_path / 'at-rest.key'}"
    keys = open_day_keys(tmp_path / "keys", uri, clock_ms=lambda: clock[0], random=os.urandom)
    writer = Writer()
    ledger = SealedLedger(writer, keys)
    plane, told = plane_with(ledger), list[object]()
    made = [request_record(SIGNER, request_id=f"r-{number}") for number in range(200)]
    for number, record in enumerate(made):
        clock[0] = now_ms + number
        if number % 2:
            plane.append((record,), told.append)
            continue
        batch = batch_of([record.digests])
        recording = Recording(ledger, loop, SIGNER.sign(batch.root), batch.leaves)
        recording.add(replace(record, signature=None, batch_size=1), told.append)
        recording.flush()
    assert [type(given) for given in told] == [Recorded] * 200
    sealed = [decode_records(one)[0].key_id for one in writer.taken]
    assert [one[:10] for one in sealed] == ["2021-03-01"] * 50 + ["2021-03-02"] * 150
    opened = read(writer, KeptDayKeys(tmp_path / "keys", uri))
    assert [one.header_part for one in opened] == [one.header_part for one in made]
    (tmp_path / "keys" / "2021-03-01.key").unlink()
    writer.taken = writer.taken[50:]
    assert len(read(writer, KeptDayKeys(tmp_path / "keys", uri))) == 150


def read(writer: Writer, keys: KeptDayKeys) -> list[Record]:
    return [record for one in writer.taken for record in decode_records(one, keys)]
