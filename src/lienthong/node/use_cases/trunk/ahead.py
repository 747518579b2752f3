"""What goes out ahead of the signature it will share: the other node reads and digests it while others come.

Law: what went ahead belongs to the next frame that leaves. So no batch goes ahead while another one has not left; and
where another one leaves after all, what went ahead is said to be void, and goes with its own frame. Nothing that went
ahead is believed before the signature, and an answer's signature goes when its record is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from lienthong.evidence.digest import Draft, work_out
from lienthong.exchange.effects import Sign
from lienthong.node.use_cases.trunk.leaving import LeavingBatch
from lienthong.wire.trunk import TrunkAnswer, TrunkLeaf, TrunkRequest

_M = TypeVar("_M", bound=TrunkRequest | TrunkAnswer)


class Ahead(Generic[_M]):
    """Of one trunk; belongs to the event loop.

    `make` gives what travels of a draft that was added under a number; `may` says whether something can go ahead now,
    `send` sends it, or, with nothing, says that what went ahead is void.
    """

    __slots__ = ("_gone", "_make", "_may", "_of", "_send", "_to_leave")

    def __init__(
        self, make: Callable[[Draft, int], _M], may: Callable[[], bool], send: Callable[[list[_M]], None]
    ) -> None:
        self._make = make
        self._may = may
        self._send = send
        self._gone: list[_M] = []
        self._of: LeavingBatch[_M] | None = None
        self._to_leave = 0

    @property
    def count(self) -> int:
        """So many of those that wait to be signed went ahead: the first ones."""
        return len(self._gone)

    def go(self, waiting: Sequence[tuple[Sign, object, int]]) -> None:
        """Send those of `waiting`, all that wait to be signed, which did not go yet, up to one of another member."""
        if self._to_leave or not self._may():
            return
        member = waiting[0][0].member
        drafts: list[Draft] = []
        made: list[_M] = []
        for effect, _, number in waiting[len(self._gone) :]:
            draft = effect.message
            if effect.member != member or not isinstance(draft, Draft):
                break
            drafts.append(draft)
            made.append(self._make(draft, number))
        if made:
            self._send(made)
            work_out(drafts)
            self._gone += made

    def taken(self) -> list[_M]:
        """Those that went ahead, as the first of a batch that is signed now."""
        gone, self._gone = self._gone, []
        return gone

    def began(self, batch: LeavingBatch[_M]) -> None:
        """A batch was signed, and will leave."""
        self._to_leave += 1
        if batch.ahead:
            self._of = batch

    def void(self, gone: Sequence[_M]) -> None:
        """These will not be signed."""
        if gone:
            self._send([])

    def left(
        self, batch: LeavingBatch[_M], entries: list[_M | TrunkLeaf], travels: bool
    ) -> list[_M | TrunkLeaf] | None:
        """The entries that are still to go when the batch leaves; None where nothing is."""
        self._to_leave -= 1
        if batch is self._of:
            self._of = None
            if travels:
                return entries[len(batch.ahead) :]
            self.void(batch.ahead)
        elif travels and self._of is not None:
            self.void(self._of.ahead)
            self._of = None
        return entries if travels else None
