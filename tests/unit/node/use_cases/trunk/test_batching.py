"""What goes out together: by turns of the loop, by member, within bounds."""

from __future__ import annotations

from typing import Any

from tests.doubles.exchange_country import HANOI, POLICE
from tests.doubles.plane import memory_plane
from tests.doubles.turns import Turns

from lienthong.domain.identifiers import MemberId
from lienthong.evidence.digest import Draft
from lienthong.exchange.effects import Sign
from lienthong.exchange.inputs import CannotSign, Signed
from lienthong.node.use_cases.trunk.ahead import Ahead
from lienthong.node.use_cases.trunk.batching import (
    AHEAD,
    APART,
    BYTES_MAX,
    CROWD_S,
    IMPATIENT,
    QUIET_TURNS,
    TOGETHER_MAX,
    Batching,
)
from lienthong.node.use_cases.trunk.holding import MANY, MANY_HELD_S
from lienthong.wire.trunk import Bounds, TrunkRequest


class Desk:
    def __init__(self, in_flight: int = 0, expects: bool = True, patient: bool = False) -> None:
        self.loop = Turns()
        plane, self.ledger = memory_plane()
        loop: Any = self.loop
        self.batching: Batching[TrunkRequest] = Batching(
            loop,
            plane.signatures.signing,
            self.ledger,
            lambda signature, entries: self.left.append(len(entries)),
            Ahead(
                lambda draft, number: TrunkRequest(number, 1, draft.header_part, draft.body),
                lambda: True,
                self._send_ahead,
            ),
            in_flight=lambda: in_flight,
            expects=lambda waiting: expects,
            give_way=self._give_way if patient else None,
        )
        self.gave_way = 0
        self.told: list[tuple[object, int]] = []
        self.failed = 0
        self.ahead: list[list[int]] = []
        self.left: list[int] = []

    def add(self, count: int, member: MemberId = HANOI, size: int = 100) -> None:
        for number in range(count):
            self.batching.add(Sign(Draft(b"%d" % number, None), member, size), self._joined, number)

    def _give_way(self) -> None:
        self.gave_way += 1

    def turns_until_signed(self) -> int:
        before = len(self.told)
        for turns in range(1, QUIET_TURNS + 3):
            self.loop.turn()
            if len(self.told) > before:
                return turns
        raise AssertionError("it waits for more than the bound")

    def _send_ahead(self, messages: list[TrunkRequest]) -> None:
        self.ahead.append([one.number for one in messages])

    def _joined(self, batch: Any, index: int, signed: object) -> None:
        if isinstance(signed, Signed):
            self.told.append((batch, index))
            batch.put(index, TrunkRequest(index + 1, 1, b"part", None))
        else:
            assert isinstance(signed, CannotSign)
            self.failed += 1

    def settle(self) -> None:
        """Until nothing waits for what is under way."""
        for _ in range(5):
            self.loop.time.now += MANY_HELD_S
            self.loop.turn()

    def batches(self) -> list[int]:
        """How many were in each batch, in order."""
        seen: dict[int, int] = {}
        for batch, _ in self.told:  # which lives on in `told`, so that no other has its identity
            seen[id(batch)] = seen.get(id(batch), 0) + 1
        return list(seen.values())


def test_where_no_more_is_expected_they_are_signed_at_the_end_of_their_turn() -> None:
    desk = Desk(expects=False)
    desk.add(3)
    assert desk.told == []
    desk.loop.turn()
    assert desk.batches() == [3]
    assert [index for _, index in desk.told] == [0, 1, 2]


def test_a_crowd_waits_while_it_grows_and_no_longer() -> None:
    desk = Desk()
    desk.add(1)
    desk.loop.turn()
    desk.add(2)
    desk.loop.turn()
    assert desk.told == []
    desk.loop.turn()
    assert desk.batches() == [3]


def test_a_crowd_that_grows_for_too_long_is_signed() -> None:
    desk = Desk()
    desk.add(4)
    for _ in range(3):
        desk.loop.turn()
        desk.add(1)
    assert desk.told == []
    desk.loop.time.now += 2 * CROWD_S
    desk.loop.turn()
    assert desk.batches() == [7]


def test_who_is_about_to_answer_is_waited_for_through_quiet_turns_and_given_the_processor() -> None:
    desk = Desk(patient=True)
    desk.add(1)
    for _ in range(QUIET_TURNS):
        desk.loop.turn()
    desk.add(2)
    assert (desk.told, desk.gave_way) == ([], QUIET_TURNS - 1)
    desk.loop.turn()
    assert desk.turns_until_signed() == QUIET_TURNS + 1, "counted anew"
    assert desk.batches() == [3]


def test_where_waiting_was_in_vain_the_next_ones_do_not_wait_for_quiet_turns() -> None:
    desk = Desk(patient=True)
    waited = []
    for _ in range(IMPATIENT + 3):
        desk.add(1)
        waited.append(desk.turns_until_signed())
        desk.loop.time.now += MANY_HELD_S
    in_vain = QUIET_TURNS + 2
    assert waited == [in_vain, *[2] * IMPATIENT, in_vain, 2]


def test_quiet_turns_are_bounded_by_time_too() -> None:
    desk = Desk(patient=True)
    desk.add(1)
    for _ in range(3):
        desk.loop.turn()
    desk.loop.time.now += 2 * CROWD_S
    assert desk.turns_until_signed() == 1


def test_no_batch_has_more_messages_or_bytes_than_fit() -> None:
    desk = Desk()
    desk.add(TOGETHER_MAX)
    assert desk.batches() == [TOGETHER_MAX]
    desk.add(3, size=BYTES_MAX // 2)
    desk.settle()
    assert desk.batches() == [TOGETHER_MAX, 2, 1]


def test_what_both_sides_keep_bounds_a_batch_too() -> None:
    desk = Desk()
    desk.batching.bound(Bounds(frame=64 << 10, messages=3))
    desk.add(7)
    desk.settle()
    assert desk.batches() == [3, 3, 1]
    desk.add(3, size=(64 << 10) // 2)
    desk.settle()
    assert desk.batches() == [3, 3, 1, 1, 1, 1]


def test_with_enough_under_way_a_batch_waits_until_something_comes_back() -> None:
    desk = Desk(in_flight=MANY, expects=False)
    desk.add(1)
    desk.loop.turn()
    desk.add(2)
    for _ in range(3):
        desk.loop.turn()
    desk.add(1)
    desk.loop.turn()
    assert desk.batches() == [1]
    first: Any = desk.told[0][0]
    desk.batching.over(first)
    desk.batching.over(first)
    for _ in range(2):
        desk.loop.turn()
    assert desk.batches() == [1, 3]


def test_a_batch_waits_for_a_moment_and_no_longer() -> None:
    desk = Desk(in_flight=MANY, expects=False)
    for count in (1, 2):
        desk.add(count)
        desk.loop.turn()
    assert desk.batches() == [1]
    desk.loop.time.now += MANY_HELD_S
    desk.loop.turn()
    assert desk.batches() == [1, 2]


def test_a_full_batch_waits_for_nothing() -> None:
    desk = Desk(in_flight=MANY, expects=False)
    desk.add(1)
    desk.loop.turn()
    desk.add(1)
    desk.loop.turn()
    desk.add(TOGETHER_MAX - 1)
    assert desk.batches() == [1, TOGETHER_MAX]


def test_each_member_signs_for_itself_and_one_without_a_key_is_told() -> None:
    desk = Desk()
    desk.add(2)
    desk.add(3, POLICE)
    desk.add(1, MemberId("VN", "GOV", "khac"))
    for _ in range(2):
        desk.loop.turn()
    assert desk.batches() == [2, 3]
    assert desk.failed == 1


def test_a_crowd_goes_ahead_of_its_signature_and_the_rest_with_it() -> None:
    desk = Desk()
    desk.add(AHEAD - 1)
    assert desk.ahead == []
    desk.add(2)
    assert [len(gone) for gone in desk.ahead] == [AHEAD]
    assert desk.told == []
    for _ in range(2):
        desk.loop.turn()
    assert desk.batches() == [AHEAD + 1]
    assert desk.left == [1]


def test_what_cannot_be_signed_and_went_ahead_is_void() -> None:
    desk = Desk()
    desk.add(AHEAD, MemberId("VN", "GOV", "khac"))
    for _ in range(2):
        desk.loop.turn()
    assert [len(gone) for gone in desk.ahead] == [AHEAD, 0]
    assert desk.failed == AHEAD


def test_when_something_comes_back_enough_of_them_are_signed_at_once() -> None:
    desk = Desk(in_flight=MANY, expects=False)
    desk.add(1)
    desk.loop.turn()
    first: Any = desk.told[0][0]
    desk.add(APART)
    desk.loop.turn()
    assert desk.batches() == [1]
    desk.batching.came_back(first)
    assert desk.batches() == [1, APART], "before what came back is worked on"
    desk.batching.came_back(first)
    assert desk.batches() == [1, APART]


def test_when_something_comes_back_a_few_wait_for_more() -> None:
    desk = Desk(in_flight=MANY, expects=False)
    desk.add(1)
    desk.loop.turn()
    first: Any = desk.told[0][0]
    desk.add(APART - 1)
    desk.loop.turn()
    desk.batching.came_back(first)
    assert desk.batches() == [1]
    desk.loop.turn()
    desk.loop.turn()
    assert desk.batches() == [1, APART - 1]
