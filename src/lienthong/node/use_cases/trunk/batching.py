"""Signs what goes out on one trunk: what one turn of the event loop brings shares a signature, by member.

While each turn brings more, a crowd waits for the next one, within bounds: a frame costs both nodes a signature, a
verification and two records, however many messages are in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from lienthong.domain.errors import Unavailable
from lienthong.evidence.signature import Signature
from lienthong.exchange import inputs
from lienthong.exchange.effects import Sign
from lienthong.node.use_cases.boundary import tell_one
from lienthong.node.use_cases.plane import Ledger
from lienthong.node.use_cases.signatures import Signing
from lienthong.node.use_cases.trunk.ahead import Ahead
from lienthong.node.use_cases.trunk.holding import Holding
from lienthong.node.use_cases.trunk.leaving import LeavingBatch
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire.trunk import Bounds, TrunkAnswer, TrunkLeaf, TrunkRequest

TOGETHER_MAX = 128
"""So many are signed without waiting for the end of the turn: the other node has something to do the sooner."""
CROWD_S = 0.001
"""What waits for the next turn of the loop, as long as each brings more, waits no longer than that (seconds)."""
QUIET_TURNS = 16
"""Where a crowd waits for answers that are about to come, it waits for so many turns that bring nothing: 50 to 100
µs, against ten times as much that a small frame costs both nodes."""
IMPATIENT = 8
"""Where that was in vain, so many crowds are signed after the first such turn."""
AHEAD = 16
"""So many go ahead of their signature."""
APART = 16
"""So many are signed at once when something comes back: what comes back is worked on while they are on their way."""
BYTES_MAX = 2 << 20
"""A batch takes no further message that would bring it beyond: it has to fit into a frame."""
_M = TypeVar("_M", bound=TrunkRequest | TrunkAnswer)
Joined = Callable[[LeavingBatch[_M] | None, int, object], None]
"""Told the batch, the place in it and Signed; or None, 0 and CannotSign."""
Leave = Callable[[Signature, list[_M | TrunkLeaf]], None]
"""Sends the signature of a batch, and those of its entries that did not go ahead."""


class Batching(Generic[_M]):
    """Belongs to the event loop. `leave` sends a batch, of which some may have gone `ahead`; `in_flight` says how
    many messages are on their way in all, which decides how many batches may be (`holding`); `expects`, told how many
    wait to be signed, whether more may come soon. With `give_way` a crowd also waits for `QUIET_TURNS` that bring
    nothing, and calls it in each: who is to bring something may need this processor.
    """

    __slots__ = (
        "_ahead", "_bytes_max", "_crowd", "_expects", "_give_way", "_held", "_holding", "_impatient", "_in_flight",
        "_later", "_leave", "_ledger", "_loop", "_quiet", "_signing", "_since", "_size", "_together_max", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        signing: Signing,
        ledger: Ledger,
        leave: Leave[_M],
        ahead: Ahead[_M],
        *,
        in_flight: Callable[[], int],
        expects: Callable[[int], bool],
        later: bool = False,
        give_way: Callable[[], None] | None = None,
    ) -> None:
        """`later`: nobody waits for the records of these messages before others come (`Recording`)."""
        self._loop = loop
        self._ledger = ledger
        self._signing = signing
        self._leave = leave
        self._ahead = ahead
        self._later = later
        self._waiting: list[tuple[Sign, Joined[_M], int]] = []
        self._size = 0
        self._crowd = 0
        self._since = 0.0
        self._held = False
        self._give_way = give_way
        self._quiet = 0
        self._impatient = 0
        self._in_flight = in_flight
        self._expects = expects
        self._holding = Holding(loop.time)
        self._together_max = TOGETHER_MAX
        self._bytes_max = BYTES_MAX

    def bound(self, bounds: Bounds) -> None:
        """Keep what both sides keep, too."""
        self._together_max = min(TOGETHER_MAX, bounds.messages)
        self._bytes_max = min(BYTES_MAX, bounds.room(self._together_max))

    def add(self, effect: Sign, joined: Joined[_M], number: int = 0) -> None:
        """Tell `joined` when this turn has brought what it brings; `number` is for who makes what travels."""
        if self._waiting and self._size + effect.size > self._bytes_max:
            self.flush()
        self._waiting.append((effect, joined, number))
        self._size += effect.size
        count = len(self._waiting)
        if count >= self._together_max:
            self.flush()
            return
        if count == 1 and not self._held:
            self._crowd = 0
            self._loop.call_soon(self._end_of_turn)
        self._go_ahead()

    def _go_ahead(self) -> None:
        """Send what waits ahead of its signature, if enough did not go yet."""
        if len(self._waiting) - self._ahead.count >= AHEAD:
            self._ahead.go(self._waiting)

    @property
    def waiting(self) -> int:
        """So many are not signed yet."""
        return len(self._waiting)

    def _end_of_turn(self) -> None:
        """Sign, or wait for what the next turn brings, while a crowd is still growing or enough is under way."""
        count, before = len(self._waiting), self._crowd
        if not count:
            return
        now = self._loop.time()
        if not before:
            self._since = now
        grows = count > before
        if grows:
            self._quiet = 0
        if not self._expects(count) or now - self._since >= CROWD_S or not (grows or self._waits_quietly()):
            self._sign_unless_held()
            return
        self._crowd = count
        self._loop.call_soon(self._end_of_turn)

    def _waits_quietly(self) -> bool:
        """Whether a turn that brought nothing is waited out, too."""
        give_way = self._give_way
        if give_way is None:
            return False
        if self._impatient:
            self._impatient -= 1
            return False
        self._quiet += 1
        if self._quiet > QUIET_TURNS:
            self._impatient = IMPATIENT
            return False
        give_way()
        return True

    def _sign_unless_held(self) -> None:
        wait_s = self._holding.wait_s(self._in_flight())
        if wait_s > 0:
            self._held = True
            self._loop.call_later(wait_s, self._let_go)
        else:
            self.flush()

    def _let_go(self) -> None:
        """The time is over, or something came back: sign what came meanwhile, if it still waits."""
        if self._held:
            self._held = False
            self._crowd = 0
            self._end_of_turn()

    def over(self, batch: LeavingBatch[_M]) -> None:
        """There is room for the one after `batch`."""
        if not batch.over:
            batch.over = True
            if self._held:
                self._loop.call_soon(self._let_go)

    def came_back(self, batch: LeavingBatch[_M]) -> None:
        """Something came back for `batch`, and is to be worked on now."""
        if batch.over or len(self._waiting) < APART:
            self.over(batch)
            return
        batch.over = True
        self._held = False
        self.flush()

    def flush(self) -> None:
        """Sign what is there now."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        ahead = self._ahead.taken()
        while waiting:
            member = waiting[0][0].member
            self._sign([one for one in waiting if one[0].member == member], ahead)
            waiting = [one for one in waiting if one[0].member != member]
            ahead = []

    def _sign(self, taken: list[tuple[Sign, Joined[_M], int]], ahead: list[_M]) -> None:
        """All of one member, of which the first went `ahead`."""
        try:
            signature, made = self._signing.sign_batch([effect for effect, _, _ in taken])
        except Unavailable as error:
            self._ahead.void(ahead)
            for _, joined, _ in taken:
                self._tell(joined, None, 0, inputs.CannotSign(error))
            return
        recording = Recording(self._ledger, self._loop, signature, made.leaves, self._later)
        batch = LeavingBatch(signature, made.leaves, self._left, recording, ahead)
        self._ahead.began(batch)
        self._holding.add(batch)
        for index, (_, joined, _) in enumerate(taken):
            self._tell(joined, batch, index, inputs.Signed(signature, made.seat(index)))
        recording.flush()

    def _left(self, batch: LeavingBatch[_M], entries: list[_M | TrunkLeaf], travels: bool) -> None:
        still = self._ahead.left(batch, entries, travels)
        if still is not None:
            self._leave(batch.signature, still)

    def _tell(self, joined: Joined[_M], batch: LeavingBatch[_M] | None, index: int, signed: object) -> None:
        if not tell_one(self._loop, joined, batch, index, signed) and batch is not None:
            batch.drop(index)
