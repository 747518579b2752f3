"""Reading records of messages that share a signature, in clear as earlier nodes wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.exchanges import BO_CONG_AN, in_batch, outcome_record, response_record
from tests.doubles.signing import NOW_MS, Signer
from tests.doubles.values import replace

from lienthong.domain.errors import Malformed
from lienthong.evidence.batch import Batch, Placed, batch_of, root_of
from lienthong.evidence.frame_record import MESSAGES_MAX, decode_records, listed_records
from lienthong.evidence.record import Record, RecordKind, encode_record
from lienthong.evidence.signature import Signature, verify_in_batch

SIGNER = Signer(BO_CONG_AN)


def one_of(size: int, index: int) -> Record:
    """The message at `index` of the batch; each of another header part."""
    record = response_record(SIGNER, request_id=f"r-{index}")
    digests = replace(record.digests, header=bytes([index % 251]) * 32)
    return msgspec.structs.replace(
        record, header_digest=digests.header, signature=None, batch_size=size, batch_index=index
    )


def batch(size: int) -> Batch:
    return batch_of([one_of(size, index).digests for index in range(size)])


def clear_frame(signature: Signature, leaves: Sequence[bytes], records: Sequence[Record]) -> bytes:
    return msgspec.msgpack.encode((2, signature, b"".join(leaves), records))


def frame(size: int, places: list[int]) -> bytes:
    made = batch(size)
    return clear_frame(SIGNER.sign(made.root), made.leaves, [one_of(size, index) for index in places])


@given(st.integers(1, 70), st.data())
def test_each_message_comes_back_as_if_it_stood_alone(size: int, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    read = decode_records(frame(size, places))
    assert [record.batch_index for record in read] == places
    for record in read:
        place = record.batch_place
        assert place is not None
        assert record.signature is not None
        assert root_of(Placed(record.digests, place)) == batch(size).root
        verify_in_batch(
            record.signature, Placed(record.digests, place), SIGNER.certificate, now_ms=NOW_MS, window_ms=60_000
        )
        alone = decode_records(encode_record(record))
        assert alone == (record,)


def test_a_record_of_a_single_message_is_read_as_such() -> None:
    for record in (response_record(SIGNER), outcome_record(), in_batch(response_record(SIGNER), SIGNER)):
        assert decode_records(encode_record(record)) == listed_records(encode_record(record)) == (record,)


def test_who_only_looks_gets_the_messages_without_what_proves_them() -> None:
    encoded = frame(5, [1, 3])
    stripped = [replace(record, signature=None, proof=()) for record in decode_records(encoded)]
    assert list(listed_records(encoded)) == stripped == [one_of(5, 1), one_of(5, 3)]
    with pytest.raises(Malformed):
        listed_records(_changed(_put(0, lambda version: version + 1)))


def test_a_frame_record_is_an_array_of_four_and_holds_nothing_twice() -> None:
    fields = msgspec.msgpack.decode(frame(5, [1, 3]))
    assert fields[0] == 2
    assert fields[1][0] == "ecdsa-p256-sha256"
    assert fields[2] == b"".join(batch(5).leaves)
    assert [(one[20], one[21], one[25], one[26]) for one in fields[3]] == [(None, [], 5, 1), (None, [], 5, 3)]


def _changed(change: Any) -> bytes:
    fields = msgspec.msgpack.decode(frame(3, [0, 2]))
    change(fields)
    return msgspec.msgpack.encode(fields)


def _set(number: int, field: int, value: object) -> Any:
    def change(fields: Any) -> None:
        fields[3][number][field] = value

    return change


def _put(number: int, value: Any) -> Any:
    def change(fields: Any) -> None:
        fields[number] = value(fields[number])

    return change


@pytest.mark.parametrize(
    "change",
    [
        _put(0, lambda version: version + 1),
        _put(2, lambda leaves: b""),
        _put(2, lambda leaves: leaves[:-1]),
        _put(2, lambda leaves: leaves[:-32]),
        _put(2, lambda leaves: bytes(32) + leaves[32:]),
        _put(2, lambda leaves: bytes(32) * (MESSAGES_MAX + 1)),
        _put(3, lambda records: []),
        _put(3, lambda records: records[::-1]),
        _put(3, lambda records: [records[0], records[0]]),
        _set(0, 4, RecordKind.OUTCOME.value),
        _set(0, 15, b"9" * 32),
        _set(0, 15, bytes(31)),
        _set(0, 17, None),
        _set(0, 20, ["ecdsa-p256-sha256", bytes(32), 1, b"v"]),
        _set(0, 21, [bytes(32)]),
        _set(0, 25, 4),
        _set(1, 26, 3),
        _set(1, 26, -1),
        _set(1, 10, "x" * 5000),
    ],
)
def test_a_frame_record_that_does_not_hold_together_is_malformed(change: Any) -> None:
    assert len(decode_records(_changed(lambda fields: None))) == 2
    with pytest.raises(Malformed):
        decode_records(_changed(change))


@given(st.integers(0, 600))
def test_a_torn_frame_record_is_malformed(length: int) -> None:
    whole = frame(2, [0, 1])
    with pytest.raises(Malformed):
        decode_records(whole[: min(length, len(whole) - 1)])
