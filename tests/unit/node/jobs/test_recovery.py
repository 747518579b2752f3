"""After a crash every request has exactly one end, and what was taken is not taken again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.day_keys import KEYS
from tests.doubles.exchange_country import HANOI, ONE_STOP, WHOLE, directory, signer_of
from tests.doubles.signing import NOW_MS

from lienthong.directory.relation import Relation
from lienthong.domain.errors import Refused
from lienthong.domain.grants import Reason
from lienthong.domain.network import BodyRetention
from lienthong.evidence.digest import leaf, request_digests, response_digests
from lienthong.evidence.frame_record import listed_records
from lienthong.evidence.record import Direction, Record, RecordKind, decode_record, encode_record
from lienthong.evidence.sealing import encode_alone
from lienthong.exchange.access import Parties
from lienthong.exchange.records import End, Entry, SignedMessage, message_record, outcome_record
from lienthong.exchange.replay import ReplayGuard
from lienthong.exchange.replay.seen import once_key
from lienthong.node.jobs.recovery import OUTCOME_UNKNOWN, recover, remember, unknown_outcome

CONSUMER, PROVIDER = Direction.CONSUMER, Direction.PROVIDER
REQUEST, RESPONSE, STREAM = RecordKind.REQUEST, RecordKind.RESPONSE, RecordKind.STREAM
PART = b"POST\r\n/r1/VN/GOV/G01/dan-cu/toan-bo\r\n"
SINCE = {"taken_since_ms": NOW_MS - 1000}


def record(
    kind: RecordKind,
    *,
    side: Direction = PROVIDER,
    request_id: str = "r-1",
    answer: bool = False,
    outcome: str = "",
    part: bytes = PART,
    time_ms: int = NOW_MS,
) -> Record:
    parties = Parties(Relation(ONE_STOP, WHOLE, ONE_STOP, WHOLE), request_id, f"m-{request_id}", Reason("p"))
    if kind is RecordKind.OUTCOME:
        return outcome_record(parties, side, Refused("AccessDenied", ""), time_ms)
    digests = request_digests(part, None)
    if answer or kind is RESPONSE:
        digests = response_digests(b"200\r\n\r\n", None, leaf(digests))
    message = SignedMessage(part, None, digests, signer_of(HANOI).sign(digests))
    return message_record(
        Entry(parties, "q", side, BodyRetention.NONE), kind, message, end=End(0, outcome), time_ms=time_ms
    )


BEGUN, ANSWERING = record(STREAM), record(STREAM, answer=True)


@pytest.mark.parametrize(
    ("records", "left"),
    [
        ([], 0),
        ([record(REQUEST)], 1),
        ([record(REQUEST), record(RESPONSE)], 0),
        ([record(REQUEST), record(RecordKind.OUTCOME)], 0),
        ([record(REQUEST), record(RESPONSE, side=CONSUMER)], 1),
        ([record(REQUEST), record(RESPONSE, request_id="r-2")], 1),
        ([record(RecordKind.OUTCOME)], 0),
        ([BEGUN], 1),
        ([BEGUN, record(REQUEST)], 1),
        ([BEGUN, record(RecordKind.OUTCOME)], 0),
        ([BEGUN, record(REQUEST), record(RESPONSE)], 0),
        ([record(REQUEST), ANSWERING], 1),
        ([record(REQUEST), ANSWERING, record(RESPONSE)], 0),
        ([BEGUN, record(REQUEST), ANSWERING], 1),
    ],
)
def test_what_has_no_end(records: list[Record], left: int) -> None:
    assert len(recover(records, **SINCE).open_requests) == left


@given(st.lists(st.tuples(st.sampled_from([REQUEST, RESPONSE, STREAM, RecordKind.OUTCOME]), st.integers(0, 3))))
def test_after_recovery_everything_has_an_end(made: list[tuple[RecordKind, int]]) -> None:
    records = [record(kind, request_id=f"r-{number}") for kind, number in made]
    found = recover(records, **SINCE)
    ends = [unknown_outcome(one, NOW_MS) for one in found.open_requests.values()]
    assert all(decode_record(encode_record(end)).outcome == OUTCOME_UNKNOWN for end in ends)
    assert not recover([*records, *ends], **SINCE).open_requests


@pytest.mark.parametrize(
    ("one", "taken"),
    [
        (record(REQUEST), True),
        (BEGUN, True),
        (ANSWERING, False),
        (record(REQUEST, side=CONSUMER), False),
        (record(REQUEST, time_ms=NOW_MS - 2000), False),
        (record(REQUEST, outcome="AccessDenied"), False),
        (record(RESPONSE), False),
    ],
    ids=["request", "beginning", "beginning of an answer", "our own", "old", "refused", "response"],
)
def test_what_was_taken(one: Record, taken: bool) -> None:
    assert bool(recover([one], **SINCE).taken) is taken


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(("method", "again"), [(b"POST", False), (b"GET", True), (b"BREW", False)])
def test_what_was_taken_is_not_taken_again(method: bytes, again: bool, sealed: bool) -> None:
    """Also where the header part is sealed: the ledger is read without keys."""
    guard = ReplayGuard(request_period_ms=10_000, message_period_ms=10_000, most=10)
    taken = record(REQUEST, part=PART.replace(b"POST", method))
    found = recover(listed_records(encode_alone(taken, KEYS.current())) if sealed else [taken], **SINCE)
    remember(guard, found.taken, directory())
    with pytest.raises(Refused):
        guard.take("r-1", None, NOW_MS)
    key = once_key(ONE_STOP, WHOLE, "m-r-1")
    if again:
        guard.take("r-2", key, NOW_MS)
    else:
        with pytest.raises(Refused):
            guard.take("r-2", key, NOW_MS)


def test_an_unknown_outcome_says_who_and_why() -> None:
    end = unknown_outcome(record(REQUEST), NOW_MS + 5)
    assert (end.kind, end.outcome, end.time_ms) == (RecordKind.OUTCOME, "OutcomeUnknown", NOW_MS + 5)
    assert (end.client, end.service, end.grant_id, end.purpose) == (str(ONE_STOP), str(WHOLE), "q", "p")
