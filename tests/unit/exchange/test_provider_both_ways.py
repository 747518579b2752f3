"""The baseline and the trunk carry the same evidence: the machines cannot tell them apart but for the signatures.

Law: for the same requests and the same answers of the service, header parts, bodies, digests, leaves, request hashes,
what the callers get and what the ledgers keep are the same, byte for byte, whichever way the messages went, however
many share a signature, and in whatever pieces a frame arrived. Only the signature and its place in a batch differ.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.doubles.both_ways import Baseline, Happened, Trunk, Way, exchanges
from tests.doubles.exchange_country import ELSEWHERE, FIELDS, KEPT, RARE, ROWS, SOAP, SUSPENDED, WHOLE, YES_NO
from tests.doubles.playbook import NOT_SERVED, request, served

from lienthong.domain.errors import LienthongError
from lienthong.evidence.digest import leaf
from lienthong.evidence.record import Record
from lienthong.exchange import effects
from lienthong.wire.message import parse_response_part, request_hash

SERVICES = [WHOLE, FIELDS, ROWS, YES_NO, KEPT, SUSPENDED, SOAP, ELSEWHERE, RARE]
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"X-Road-Id", b"X-Road-UserId", b"Content-Type", b"X-A", b"lienthong-case"]),
        st.sampled_from([b"1", b"a b", "Hồ sơ".encode(), b"application/json"]),
    ),
    max_size=3,
    unique_by=lambda pair: pair[0],
)
BODIES = st.none() | st.sampled_from([b"{}", b"\x00", b'{"hoTen":"A"}']) | st.binary(min_size=1, max_size=300)
ASKED = st.lists(
    st.tuples(
        st.sampled_from(SERVICES), HEADERS, st.sampled_from([b"GET", b"POST"]), BODIES, st.sampled_from(["", "khac"])
    ),
    min_size=1,
    max_size=5,
)
SERVED = st.sampled_from(
    [
        served(200, b'{"hoTen":"A","tinh":"01","ngaySinh":"1990"}'),
        served(404, b'{"title":"none"}'),
        served(204, None),
        served(200, b"\xff\x00", b"application/octet-stream"),
        NOT_SERVED,
    ]
)
LEAVES = st.lists(st.binary(min_size=32, max_size=32), max_size=3)


def asked_for(drawn: list[Any]) -> list[Any]:
    """Requests with ids of their own."""
    found = []
    for number, (service, headers, method, body, purpose) in enumerate(drawn):
        changed = {"purpose": purpose} if purpose else {}
        found.append(request(service, *headers, method=method, body=body, request_id=f"r-{number}", **changed))
    return found


def unsigned(record: Record) -> Record:
    """The record without what belongs to the signature."""
    return replace(record, signature=None, proof=(), batch_size=0, batch_index=0)


def kept(way: Way, happened: list[Happened]) -> list[Record]:
    """What both ledgers give back."""
    return [record for one in happened for made in one.records for record in way.kept(made)]


def told(end: Any) -> Any:
    """What the caller got; errors are compared by what they say."""
    if isinstance(end, effects.Fault):
        error: LienthongError = end.error
        return type(error), error.code, error.clause, error.message, end.side, end.message_id
    return end


@settings(max_examples=60)
@given(ASKED, SERVED, LEAVES, LEAVES, st.sampled_from([1, 7, 1 << 20]), st.integers(0, 4))
def test_the_evidence_is_the_same_both_ways(
    drawn: list[Any], answer: Any, before: list[bytes], after: list[bytes], piece: int, ahead: int
) -> None:
    asked = asked_for(drawn)
    baseline, trunk = Baseline(), Trunk(before, after, piece, ahead)
    alone = exchanges(baseline, asked, lambda _: answer)
    together = exchanges(trunk, asked, lambda _: answer)
    assert list(map(unsigned, kept(baseline, alone))) == list(map(unsigned, kept(trunk, together)))
    for one, other in zip(alone, together, strict=True):
        assert one.sent == other.sent, "header parts and bodies"
        assert one.digests == other.digests
        assert list(map(leaf, one.digests)) == list(map(leaf, other.digests))
        assert told(one.end) == told(other.end)
        check_bound(one)
        check_bound(other)


def check_bound(happened: Happened) -> None:
    """The answer names its request: by the hash in its header part and by the leaf in its digests."""
    if len(happened.digests) < 2:
        return
    request_of, answer_of = happened.digests
    (_, _), (answer_part, _) = happened.sent
    assert parse_response_part(answer_part).request_hash == request_hash(request_of.header, request_of.body)
    assert answer_of.request_leaf == leaf(request_of)


def test_only_the_signature_and_its_place_differ() -> None:
    """And they do: the test above compares two ways, not one with itself."""
    asked = [request(KEPT, request_id=f"r-{number}") for number in range(3)]
    baseline, trunk = Baseline(), Trunk()
    alone = kept(baseline, exchanges(baseline, asked, lambda _: served()))
    together = kept(trunk, exchanges(trunk, asked, lambda _: served()))
    assert len(alone) == len(together) == 12
    assert [record.batch_place for record in alone] == [None] * 12
    assert [record.batch_size for record in together] == [3] * 12
    assert len({record.signature for record in alone}) == 6
    assert len({record.signature for record in together}) == 2


def test_a_message_again_in_one_frame_is_taken_once_and_refused_once() -> None:
    """The same message id twice among those that came together: one is served, one is a signed refusal."""
    asked = [request(WHOLE, (b"X-Road-Id", b"mot-lan"), request_id=f"r-{number}") for number in range(2)]
    served_for: list[Any] = []

    def serve(call: effects.CallService) -> Any:
        served_for.append(call)
        return served()

    for way in (Baseline(), Trunk()):
        served_for.clear()
        first, second = exchanges(way, asked, serve)
        assert len(served_for) == 1
        assert isinstance(first.end, effects.Answer)
        assert told(second.end)[1] == "DuplicateMessage"
        assert [record.outcome for record in second.records] == ["", *["DuplicateMessage"] * 3]


def test_a_request_id_again_in_one_frame_is_taken_once() -> None:
    asked = [request(WHOLE, (b"X-Road-Id", str(number).encode()), request_id="r-mot-lan") for number in range(2)]
    for way in (Baseline(), Trunk()):
        first, second = exchanges(way, asked, lambda _: served())
        assert isinstance(first.end, effects.Answer)
        assert told(second.end)[1] == "DuplicateMessage"
