"""What goes ahead of its signature: in order, of one batch at a time, or said to be void."""

from __future__ import annotations

from typing import Any

import pytest
from tests.doubles.exchange_country import HANOI, POLICE
from tests.doubles.plane import MemoryLedger

from lienthong.domain.identifiers import MemberId
from lienthong.evidence.digest import Draft, request_digests
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.exchange.effects import Sign
from lienthong.node.use_cases.trunk.ahead import Ahead
from lienthong.node.use_cases.trunk.leaving import LeavingBatch
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire.trunk import TrunkAnswer

SIGNATURE = Signature(ECDSA_P256_SHA256, bytes(32), 1, b"v")
Waiting = tuple[Sign, object, int]


class Way:
    """What carries answers; `takes` says whether it does now."""

    def __init__(self) -> None:
        self.said: list[list[int]] = []
        self.takes = True
        self.ahead: Ahead[TrunkAnswer] = Ahead(self._made, lambda: self.takes, self._send)

    def _made(self, draft: Draft, number: int) -> TrunkAnswer:
        return TrunkAnswer(number, draft.header_part, draft.body)

    def _send(self, messages: list[TrunkAnswer]) -> None:
        self.said.append([one.number for one in messages])

    def signed(self, size: int) -> LeavingBatch[TrunkAnswer]:
        """A batch of so many, of which the first went ahead."""
        leaves = [bytes([index]) * 32 for index in range(size)]
        loop: Any = None  # nothing is recorded
        recording = Recording(MemoryLedger(), loop, SIGNATURE, leaves)
        batch: LeavingBatch[TrunkAnswer] = LeavingBatch(
            SIGNATURE, leaves, lambda *given: None, recording, self.ahead.taken()
        )
        self.ahead.began(batch)
        return batch


def waiting(*numbers: int, member: MemberId = HANOI) -> list[Waiting]:
    return [(Sign(Draft(b"%d" % number, None, bytes(32)), member, 1), None, number) for number in numbers]


@pytest.fixture
def way() -> Way:
    return Way()


def test_what_went_does_not_go_again_and_is_digested_meanwhile(way: Way) -> None:
    one = waiting(7, 8, 9)
    way.ahead.go(one[:2])
    way.ahead.go(one)
    way.ahead.go(one)
    assert way.said == [[7, 8], [9]]
    assert [draft.known for sign, _, _ in one for draft in [sign.message] if isinstance(draft, Draft)] == [True] * 3
    assert way.ahead.count == 3
    assert [message.number for message in way.signed(3).ahead] == [7, 8, 9]
    assert way.ahead.count == 0


def test_it_goes_up_to_one_that_cannot(way: Way) -> None:
    """Another member signs for itself; of a message that is digested already, nothing is there to be sent."""
    way.ahead.go([*waiting(1), *waiting(2, member=POLICE), *waiting(3)])
    assert way.said == [[1]]
    way.signed(1)
    other = Way()
    other.ahead.go([(Sign(request_digests(b"x", None), HANOI, 1), None, 1), *waiting(2)])
    assert other.said == []


def test_what_is_not_taken_now_did_not_go(way: Way) -> None:
    way.takes = False
    way.ahead.go(waiting(1, 2))
    assert way.ahead.count == 0
    assert way.signed(2).ahead == []


def test_nothing_goes_while_another_batch_has_not_left(way: Way) -> None:
    first = way.signed(1)
    way.ahead.go(waiting(1))
    assert way.said == []
    assert way.ahead.left(first, [], False) is None
    way.ahead.go(waiting(1))
    assert way.said == [[1]]


def test_a_batch_leaves_with_the_rest_of_its_entries(way: Way) -> None:
    way.ahead.go(waiting(1, 2))
    batch = way.signed(3)
    entries: list[Any] = ["first", "second", "third"]
    assert way.ahead.left(batch, entries, True) == ["third"]
    assert way.said == [[1, 2]]


def test_a_batch_that_does_not_travel_is_void(way: Way) -> None:
    way.ahead.go(waiting(1, 2))
    assert way.ahead.left(way.signed(2), [], False) is None
    assert way.said == [[1, 2], []]


def test_where_another_one_leaves_first_it_all_goes_with_its_own_frame(way: Way) -> None:
    """Else what went ahead would be taken to belong to the other one."""
    way.ahead.go(waiting(1, 2))
    first, second = way.signed(2), way.signed(1)
    entries: list[Any] = ["first", "second"]
    other: list[Any] = ["other"]
    assert way.ahead.left(second, other, True) == other
    assert way.said == [[1, 2], []]
    assert way.ahead.left(first, entries, True) == entries
    assert way.said == [[1, 2], []]


def test_another_one_that_does_not_travel_changes_nothing(way: Way) -> None:
    way.ahead.go(waiting(1))
    first, second = way.signed(2), way.signed(1)
    entries: list[Any] = ["first", "second"]
    assert way.ahead.left(second, [], False) is None
    assert way.ahead.left(first, entries, True) == ["second"]
    assert way.said == [[1]]


def test_what_cannot_be_signed_is_void_if_it_went(way: Way) -> None:
    way.ahead.void(way.ahead.taken())
    assert way.said == []
    way.ahead.go(waiting(1))
    way.ahead.void(way.ahead.taken())
    assert way.said == [[1], []]
