"""Records of which header part and body are sealed: alone and of a frame, with the key and without."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.day_keys import KEY_ID, KEYS, MemoryKeys
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, in_batch, request_record, response_record, stream_record
from tests.doubles.signing import NOW_MS, Signer
from tests.doubles.values import replace

from lienthong.domain.errors import LienthongError, Malformed, Unavailable, Unproven
from lienthong.evidence.batch import Batch, Placed, batch_of
from lienthong.evidence.digest import request_digests
from lienthong.evidence.frame_record import BEGINNING, decode_records, listed_records
from lienthong.evidence.record import TEXT_MAX, Record
from lienthong.evidence.sealing import encode_alone, encode_frame
from lienthong.evidence.show import verify_record
from lienthong.evidence.signature import verify_in_batch

SIGNER = Signer(HA_NOI)
PERSON = b"001099000001"
ALONE = [
    request_record(SIGNER),
    response_record(Signer(BO_CONG_AN)),
    replace(request_record(SIGNER), body=None),
    replace(request_record(SIGNER), body=b""),
    stream_record(SIGNER),
    stream_record(SIGNER, response=True),
    in_batch(request_record(SIGNER), SIGNER),
]
_parts = st.tuples(st.binary(min_size=1, max_size=80), st.none() | st.binary(max_size=400))


def one_of(size: int, index: int, header_part: bytes, body: bytes | None) -> Record:
    digests = request_digests(header_part, body)
    return msgspec.structs.replace(
        request_record(SIGNER, request_id=f"r-{index}"),
        digest_algorithm=digests.algorithm,
        header_digest=digests.header,
        body_digest=digests.body,
        header_part=header_part,
        body=body,
        signature=None,
        batch_size=size,
        batch_index=index,
    )


def batch(records: list[Record]) -> Batch:
    return batch_of([record.digests for record in records])


def frame(records: list[Record], places: list[int] | None = None, keys: MemoryKeys = KEYS) -> bytes:
    made = batch(records)
    kept = [records[place] for place in places or range(len(records))]
    return encode_frame(SIGNER.sign(made.root), made.leaves, kept, keys.current())


PARTS = [(b"POST\r\n/r1/%b/0\r\n\r\n" % PERSON, b'{"id": "%b"}' % PERSON), (b"GET\r\n/r1/%b/1\r\n" % PERSON, None)]
TWO = [one_of(2, index, *parts) for index, parts in enumerate(PARTS)]


@given(st.lists(_parts, min_size=1, max_size=40), st.data())
def test_messages_of_a_frame_come_back_and_prove_themselves(
    parts: list[tuple[bytes, bytes | None]], data: st.DataObject
) -> None:
    made = [one_of(len(parts), index, *part) for index, part in enumerate(parts)]
    places = sorted(data.draw(st.sets(st.integers(0, len(parts) - 1), min_size=1)))
    read = decode_records(frame(made, places), KEYS)
    assert [replace(one, signature=None, proof=()) for one in read] == [made[place] for place in places]
    for record in read:
        assert verify_record(record, SIGNER.certificate).value == record.digests


@pytest.mark.parametrize("record", ALONE, ids=lambda record: f"{record.kind}-{record.batch_size}")
def test_a_message_alone_comes_back(record: Record) -> None:
    assert decode_records(encode_alone(record, KEYS.current()), KEYS) == (record,)


def test_nothing_of_a_person_stands_in_clear() -> None:
    assert PERSON in (ALONE[0].body or b"")
    assert PERSON not in frame(TWO)
    assert PERSON not in encode_alone(ALONE[0], KEYS.current())


def test_header_parts_end_with_their_key_and_proofs_do_not() -> None:
    keys = MemoryKeys()
    encoded, alone = frame(TWO, keys=keys), encode_alone(ALONE[0], keys.current())
    keys.destroy()
    for one in (encoded, alone):
        with pytest.raises(Unavailable, match="DayKeyNotFound"):
            decode_records(one, keys)
    read = decode_records(encoded)
    for record, (header_part, body) in zip(read, PARTS, strict=True):
        assert (record.key_id, record.header_part) == (KEY_ID, header_part[:BEGINNING])
        assert record.body == (None if body is None else b"")
        assert record.signature is not None
        assert record.batch_place is not None
        placed = Placed(record.digests, record.batch_place)
        verify_in_batch(record.signature, placed, SIGNER.certificate, now_ms=NOW_MS, window_ms=60_000)
        verify_record(record, SIGNER.certificate)
    (record,) = decode_records(alone)
    assert verify_record(record, SIGNER.certificate).value == ALONE[0].digests


def test_who_only_looks_needs_no_key() -> None:
    listed = listed_records(frame(TWO))
    assert [one.header_part.split(b"\r\n")[0] for one in listed] == [b"POST", b"GET"]
    assert [replace(one, header_part=b"", body=None) for one in listed] == [
        replace(one, header_part=b"", body=None) for one in TWO
    ]
    (alone,) = listed_records(encode_alone(ALONE[0], KEYS.current()))
    assert (alone.message_id, alone.signature) == (ALONE[0].message_id, ALONE[0].signature)


@pytest.mark.parametrize("encoded", [frame(TWO), encode_alone(ALONE[0], KEYS.current())], ids=["frame", "alone"])
@given(st.data())
def test_a_change_of_any_byte_is_refused(encoded: bytes, data: st.DataObject) -> None:
    """Metadata, signature, leaves, key id, nonce, lengths, content and tag: the tag covers them all."""
    changed = bytearray(encoded)
    changed[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LienthongError):
        decode_records(bytes(changed), KEYS)


def test_content_of_another_record_does_not_fit() -> None:
    """The same messages, signed once more: not even then."""
    one, other = (msgspec.msgpack.decode(frame(TWO)) for _ in range(2))
    assert one[5] != other[5], "no nonce twice"
    with pytest.raises(Unproven, match="InvalidReference"):
        decode_records(msgspec.msgpack.encode([*one[:5], *other[5:]]), KEYS)


def _changed(change: Any) -> bytes:
    fields = msgspec.msgpack.decode(frame(TWO))
    change(fields)
    return msgspec.msgpack.encode(fields)


def _set(index: int, value: Any) -> Any:
    return lambda fields: fields.__setitem__(index, value)


def _of_message(number: int, field: int, value: object) -> Any:
    return lambda fields: fields[3][number].__setitem__(field, value)


@pytest.mark.parametrize(
    "change",
    [
        _set(0, 4),
        _set(1, None),
        _set(2, b""),
        _set(2, bytes(64)),
        _set(3, []),
        _set(4, ""),
        _set(4, "../../2021-03-01"),
        _set(4, f"{KEY_ID}\n"),
        _set(5, bytes(23)),
        _set(5, bytes(25)),
        _set(6, [1]),
        _set(6, [-1, 1, 1]),
        _of_message(0, 18, b"more than eight bytes"),
        _of_message(0, 19, None),
        _of_message(0, 19, b"in clear"),
        _of_message(1, 19, b""),
        _of_message(0, 22, KEY_ID),
        list.pop,
        lambda fields: fields.append(1),
    ],
)
def test_a_sealed_record_that_does_not_hold_together_is_malformed_without_a_key(change: Any) -> None:
    assert len(decode_records(_changed(lambda fields: None))) == 2
    with pytest.raises(Malformed):
        decode_records(_changed(change))


def test_lengths_that_do_not_fit_are_malformed_with_the_right_tag_too() -> None:
    """Whoever has the key may still be wrong."""
    fields = msgspec.msgpack.decode(frame(TWO))
    for lengths, beginning in (([1, 1, 1], None), (fields[6], b"GET\r\n/r2")):
        made = [*fields[:6], lengths, b""]
        if beginning is not None:
            made[3][1][18] = beginning
        clear = msgspec.msgpack.encode(made)[:-2]
        content = b"".join(part for parts in PARTS for part in parts if part is not None)
        sealed = KEYS.current().seal(fields[5], content, clear)
        with pytest.raises(Malformed):
            decode_records(clear + b"\xc4" + bytes([len(sealed)]) + sealed, KEYS)


@given(st.integers(0, 2000))
def test_a_torn_record_is_malformed(length: int) -> None:
    whole = frame(TWO)
    with pytest.raises(Malformed):
        decode_records(whole[: min(length, len(whole) - 1)], KEYS)


@pytest.mark.parametrize("size", [100, 300, 70_000])
def test_content_of_any_length_comes_back(size: int) -> None:
    record = one_of(1, 0, b"POST\r\n", bytes(size))
    (read,) = decode_records(frame([record]), KEYS)
    assert read.body == record.body


@pytest.mark.parametrize("name", ["request_id", "purpose", "officer", "outcome"])
def test_a_text_too_long_is_refused_before_it_is_written(name: str) -> None:
    """One record that the reader refuses would keep a node from ever starting again."""
    long = msgspec.structs.replace(TWO[0], batch_size=1, **{name: "x" * 6000})
    with pytest.raises(Malformed):
        frame([long])
    alone = msgspec.structs.replace(ALONE[0], **{name: "x" * TEXT_MAX})
    assert decode_records(encode_alone(alone, KEYS.current()), KEYS) == (alone,)
    with pytest.raises(Malformed):
        encode_alone(msgspec.structs.replace(alone, **{name: "x" * (TEXT_MAX + 1)}), KEYS.current())
