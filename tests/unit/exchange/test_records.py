"""Records say who, why and how it ended; they can be read again, and keep bodies only where they may."""

from __future__ import annotations

import pytest
from tests.doubles.day_keys import KEYS
from tests.doubles.exchange_country import HANOI, ONE_STOP, WHOLE, signer_of
from tests.doubles.signing import NOW_MS

from lienthong.directory.relation import Relation
from lienthong.domain.errors import Refused
from lienthong.domain.grants import Reason
from lienthong.domain.network import BodyRetention
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import request_digests
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Direction, RecordKind, decode_record, encode_record
from lienthong.evidence.sealing import encode_frame
from lienthong.exchange.access import Parties
from lienthong.exchange.records import NO_END, End, Entry, SignedMessage, message_record, outcome_record

REASON = Reason("giai-quyet-tthc", "1.004199", "hs-1", "cb-1")
PARTIES = Parties(Relation(ONE_STOP, WHOLE, ONE_STOP, WHOLE), "r-1", "m-1", REASON)
DIGESTS = request_digests(b"part", b"body")
MESSAGE = SignedMessage(b"part", b"body", DIGESTS, signer_of(HANOI).sign(DIGESTS))


def entry(retention: BodyRetention) -> Entry:
    return Entry(PARTIES, "q-1", Direction.PROVIDER, retention)


@pytest.mark.parametrize(
    ("retention", "kind", "kept"),
    [
        (BodyRetention.NONE, RecordKind.REQUEST, None),
        (BodyRetention.NONE, RecordKind.RESPONSE, None),
        (BodyRetention.REQUEST, RecordKind.REQUEST, b"body"),
        (BodyRetention.REQUEST, RecordKind.RESPONSE, None),
        (BodyRetention.FULL, RecordKind.REQUEST, b"body"),
        (BodyRetention.FULL, RecordKind.RESPONSE, b"body"),
    ],
)
def test_bodies(retention: BodyRetention, kind: RecordKind, kept: bytes | None) -> None:
    assert message_record(entry(retention), kind, MESSAGE, end=NO_END, time_ms=NOW_MS).body == kept


def test_a_message() -> None:
    record = message_record(entry(BodyRetention.NONE), RecordKind.REQUEST, MESSAGE, end=End(0, "X"), time_ms=NOW_MS)
    assert decode_record(encode_record(record)) == record
    assert (record.client, record.service) == (str(ONE_STOP), str(WHOLE))
    assert (record.purpose, record.procedure, record.case, record.officer) == (
        "giai-quyet-tthc", "1.004199", "hs-1", "cb-1",
    )  # fmt: skip
    assert (record.grant_id, record.outcome, record.digests) == ("q-1", "X", DIGESTS)


def test_a_message_under_the_signature_of_its_batch() -> None:
    batch = batch_of([request_digests(b"other", None), DIGESTS, request_digests(b"another", None)])
    signature = signer_of(HANOI).sign(batch.root)
    shared = SignedMessage(b"part", b"body", DIGESTS, signature, batch.seat(1))
    kind, kept = RecordKind.REQUEST, entry(BodyRetention.NONE)
    written = message_record(kept, kind, shared, end=NO_END, time_ms=NOW_MS)
    assert (written.signature, written.proof) == (None, ())
    (record,) = decode_records(encode_frame(signature, batch.leaves, [written], KEYS.current()), KEYS)
    assert (record.signature, record.batch_place) == (signature, batch.place(1))
    own = message_record(kept, kind, MESSAGE, end=NO_END, time_ms=NOW_MS)
    assert own.batch_place is None
    assert own.digests == record.digests


def test_an_outcome_keeps_the_code_and_not_the_text() -> None:
    error = Refused("AccessDenied", "names somebody", clause="purpose")
    record = outcome_record(PARTIES, Direction.CONSUMER, error, NOW_MS)
    assert decode_record(encode_record(record)) == record
    assert record.outcome == "AccessDenied/purpose"
    assert b"somebody" not in encode_record(record)
