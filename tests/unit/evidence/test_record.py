"""Records as bytes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.exchanges import (
    BO_CONG_AN,
    HA_NOI,
    in_batch,
    outcome_record,
    request_record,
    response_record,
    stream_record,
)
from tests.doubles.signing import Signer

from lienthong.domain.errors import Malformed
from lienthong.evidence.batch import BatchPlace
from lienthong.evidence.record import TEXT_MAX, Record, RecordKind, decode_record, encode_record

REQUEST = request_record(Signer(HA_NOI))
RESPONSE = response_record(Signer(BO_CONG_AN))
OUTCOME = outcome_record()
SHARED = in_batch(RESPONSE, Signer(BO_CONG_AN))


@pytest.mark.parametrize(
    "record", [REQUEST, RESPONSE, OUTCOME, SHARED], ids=["request", "response", "outcome", "batch"]
)
def test_a_record_comes_back(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


def test_a_record_is_an_array_of_27_fields_in_documented_order() -> None:
    fields = msgspec.msgpack.decode(encode_record(RESPONSE))
    assert len(fields) == 27
    assert fields[:6] == [1, 2, RESPONSE.time_ms, "consumer", "response", "r-1"]
    assert fields[20][0] == "ecdsa-p256-sha256"
    assert len(fields[20]) == 4
    assert fields[25:] == [0, 0]
    shared = msgspec.msgpack.decode(encode_record(SHARED))
    assert (shared[21], shared[25:]) == (list(SHARED.proof), [5, 2])


@pytest.mark.parametrize("record", [REQUEST, RESPONSE, OUTCOME], ids=lambda record: record.kind)
def test_a_record_from_before_the_batch_is_read(record: Record) -> None:
    fields = msgspec.msgpack.decode(encode_record(record))
    assert decode_record(msgspec.msgpack.encode(fields[:25])) == record


def test_digests_and_place_come_back_for_a_message_in_a_batch() -> None:
    read = decode_record(encode_record(SHARED))
    assert read.digests == RESPONSE.digests
    assert read.batch_place == BatchPlace(2, 5, SHARED.proof)
    assert decode_record(encode_record(RESPONSE)).batch_place is None


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 0},
        {"batch_size": 0, "proof": ()},
        {"batch_size": 0, "batch_index": 0},
        {"batch_size": -1},
        {"batch_size": 2**20 + 1},
        {"batch_size": 9},
        {"batch_size": 2},
        {"batch_index": 5},
        {"batch_index": 4},
        {"batch_index": -1},
        {"proof": SHARED.proof[:-1]},
        {"proof": (*SHARED.proof, b"x" * 32)},
        {"proof": (*SHARED.proof[:-1], b"x" * 31)},
        {"batch_size": 1, "batch_index": 0},
    ],
)
def test_a_place_that_does_not_fit_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        decode_record(encode_record(msgspec.structs.replace(SHARED, **changes)))


@pytest.mark.parametrize("record", [OUTCOME, stream_record(Signer(HA_NOI))], ids=lambda record: record.kind)
def test_only_a_whole_message_has_a_place_in_a_batch(record: Record) -> None:
    assert decode_record(encode_record(record)) == record
    with pytest.raises(Malformed):
        decode_record(encode_record(msgspec.structs.replace(record, batch_size=1)))


def test_a_batch_of_one_has_size_1_index_0_and_an_empty_path() -> None:
    record = in_batch(REQUEST, Signer(HA_NOI), size=1, index=0)
    assert (record.batch_size, record.batch_index, record.proof) == (1, 0, ())
    assert decode_record(encode_record(record)) == record


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"header_digest": b"short"},
        {"body_digest": b"x" * 32},
        {"signature": None},
        {"request_leaf": b"x" * 32},
        {"kind": RecordKind.OUTCOME},
        {"kind": RecordKind.RESPONSE},
        {"proof": (b"x" * 32,)},
        {"proof": (b"x" * 32,) * 21},
        {"client": "x" * 5000},
        {"key_id": "2021-03-01-0a1b2c3d"},
    ],
)
def test_a_record_that_contradicts_itself_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        decode_record(encode_record(msgspec.structs.replace(REQUEST, **changes)))


@pytest.mark.parametrize("name", ["request_id", "message_id", "client", "officer", "outcome"])
def test_what_cannot_be_read_again_is_not_written(name: str) -> None:
    """One record that the reader refuses would keep a node from ever starting again."""
    longest = msgspec.structs.replace(REQUEST, **{name: "x" * TEXT_MAX})
    assert decode_record(encode_record(longest)) == longest
    with pytest.raises(Malformed):
        encode_record(msgspec.structs.replace(REQUEST, **{name: "x" * (TEXT_MAX + 1)}))


@given(st.binary(max_size=200))
def test_garbage_is_malformed(encoded: bytes) -> None:
    with pytest.raises(Malformed):
        decode_record(encoded)


@given(st.integers(0, len(encode_record(REQUEST)) - 1))
def test_a_cut_record_is_malformed(length: int) -> None:
    with pytest.raises(Malformed):
        decode_record(encode_record(REQUEST)[:length])


def test_text_that_is_none_is_malformed() -> None:
    with pytest.raises(Malformed):
        decode_record(encode_record(REQUEST).replace(b"grant-7", b"grant-\xff"))


def test_deep_nesting_is_malformed() -> None:
    with pytest.raises(Malformed):
        decode_record(b"\x91" * 100_000)


@pytest.mark.parametrize("change", [list.pop, lambda values: values.append(1)])
def test_a_signature_has_four_fields(change: Callable[[list[object]], object]) -> None:
    fields = msgspec.msgpack.decode(encode_record(REQUEST))
    change(fields[20])
    with pytest.raises(Malformed):
        decode_record(msgspec.msgpack.encode(fields))
