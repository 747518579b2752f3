"""Records as bytes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, outcome_record, request_record, response_record
from tests.doubles.signing import Signer

from lienthong.domain.errors import Malformed
from lienthong.evidence.record import TEXT_MAX, Record, RecordKind, decode_record, encode_record

REQUEST = request_record(Signer(HA_NOI))
RESPONSE = response_record(Signer(BO_CONG_AN))
OUTCOME = outcome_record()


@pytest.mark.parametrize("record", [REQUEST, RESPONSE, OUTCOME], ids=lambda record: record.kind)
def test_a_record_comes_back(record: Record) -> None:
    assert decode_record(encode_record(record)) == record


def test_a_record_is_an_array_of_25_fields_in_documented_order() -> None:
    fields = msgspec.msgpack.decode(encode_record(RESPONSE))
    assert len(fields) == 25
    assert fields[:6] == [1, 2, RESPONSE.time_ms, "consumer", "response", "r-1"]
    assert fields[20][0] == "ecdsa-p256-sha256"
    assert len(fields[20]) == 4


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
        {"proof": (b"x" * 32,) * 65},
        {"client": "x" * 5000},
    ],
)
def test_a_record_that_contradicts_itself_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        decode_record(encode_record(msgspec.structs.replace(REQUEST, **changes)))


@pytest.mark.parametrize("name", ["request_id", "message_id", "client", "officer", "outcome", "key_id"])
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


def test_deep_nesting_is_malformed() -> None:
    with pytest.raises(Malformed):
        decode_record(b"\x91" * 100_000)


@pytest.mark.parametrize("change", [list.pop, lambda values: values.append(1)])
def test_a_signature_has_four_fields(change: Callable[[list[object]], object]) -> None:
    fields = msgspec.msgpack.decode(encode_record(REQUEST))
    change(fields[20])
    with pytest.raises(Malformed):
        decode_record(msgspec.msgpack.encode(fields))
