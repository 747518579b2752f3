"""Signs what goes out on one trunk: what one turn of the event loop brings shares a signature, by member.

While each turn brings more, a crowd waits for the next one, within bounds: a frame costs both nodes a signature, a
verification and two records, however many messages are in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from lienthong.domain.errors import Unavailable
from lienthong.exchange import inputs
from lienthong.exchange.effects import Sign
from lienthong.node.use_cases.boundary import tell_one
from lienthong.node.use_cases.plane import Ledger
from lienthong.node.use_cases.signatures import Signing
from lienthong.node.use_cases.trunk.holding import Holding
from lienthong.node.use_cases.trunk.leaving import Leave, LeavingBatch
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire.trunk import Bounds, TrunkAnswer, TrunkRequest

TOGETHER_MAX = 128
"""So many are signed without waiting for the end of the turn: the other node has something to do the sooner."""
CROWD_S = 0.001
"""What waits for the next turn of the loop, as long as each brings more, waits no longer than that (seconds)."""
BYTES_MAX = 2 << 20
"""A batch takes no further message that would bring it beyond: it has to fit into a frame."""
_M = TypeVar("_M", bound=TrunkRequest | TrunkAnswer)
Joined = Callable[[LeavingBatch[_M] | None, int, object], None]
"""Told the batch, the place in it and Signed; or None, 0 and CannotSign."""


class Batching(Generic[_M]):
    """Belongs to the event loop. `leave` sends the entries of a batch; `in_flight` says how many messages are on
    their way in all, which decides how many batches may be (`holding`); `expects`, told how many wait to be signed,
    whether more may come soon.
    """

    __slots__ = (
        "_bytes_max", "_crowd", "_expects", "_held", "_holding", "_in_flight", "_later", "_leave", "_ledger", "_loop",
        "_signing", "_since", "_size", "_together_max", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        signing: Signing,
        ledger: Ledger,
        leave: Leave[_M],
        *,
        in_flight: Callable[[], int],
        expects: Callable[[int], bool],
        later: bool = False,
    ) -> None:
        """`later`: nobody waits for the records of these messages before others come (`Recording`)."""
        self._loop = loop
        self._ledger = ledger
        self._signing = signing
        self._leave = leave
        self._later = later
        self._waiting: list[tuple[Sign, Joined[_M]]] = []
        self._size = 0
        self._crowd = 0
        self._since = 0.0
        self._held = False
        self._in_flight = in_flight
        self._expects = expects
        self._holding = Holding(loop.time)
        self._together_max = TOGETHER_MAX
        self._bytes_max = BYTES_MAX

    def bound(self, bounds: Bounds) -> None:
        """Keep what both sides keep, too."""
        self._together_max = min(TOGETHER_MAX, bounds.messages)
        self._bytes_max = min(BYTES_MAX, bounds.room(self._together_max))

    def add(self, effect: Sign, joined: Joined[_M]) -> None:
        """Tell `joined` when this turn has brought what it brings."""
        if self._waiting and self._size + effect.size > self._bytes_max:
            self.flush()
        self._waiting.append((effect, joined))
        self._size += effect.size
        if len(self._waiting) >= self._together_max:
            self.flush()
        elif len(self._waiting) == 1 and not self._held:
            self._crowd = 0
            self._loop.call_soon(self._end_of_turn)

    @property
    def waiting(self) -> int:
        """So many are not signed yet."""
        return len(self._waiting)

    def _end_of_turn(self) -> None:
        """Sign, or wait for what the next turn brings, while a crowd is still growing or enough is under way."""
        count, before = len(self._waiting), self._crowd
        if not count:
            return
        if count <= before or not self._expects(count):
            self._sign_unless_held()
            return
        now = self._loop.time()
        if not before:
            self._since = now
        if now - self._since >= CROWD_S:
            self._sign_unless_held()
            return
        self._crowd = count
        self._loop.call_soon(self._end_of_turn)

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
        """Something came back for `batch`: there is room for the next one."""
        if not batch.over:
            batch.over = True
            if self._held:
                self._loop.call_soon(self._let_go)

    def flush(self) -> None:
        """Sign what is there now."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        while waiting:
            member = waiting[0][0].member
            self._sign([one for one in waiting if one[0].member == member])
            waiting = [one for one in waiting if one[0].member != member]

    def _sign(self, taken: list[tuple[Sign, Joined[_M]]]) -> None:
        """All of one member."""
        try:
            signature, made = self._signing.sign_batch([effect for effect, _ in taken])
        except Unavailable as error:
            for _, joined in taken:
                self._tell(joined, None, 0, inputs.CannotSign(error))
            return
        recording = Recording(self._ledger, self._loop, signature, made.leaves, self._later)
        batch = LeavingBatch(signature, made.leaves, self._leave, recording)
        self._holding.add(batch)
        for index, (_, joined) in enumerate(taken):
            self._tell(joined, batch, index, inputs.Signed(signature, made.seat(index)))
        recording.flush()

    def _tell(self, joined: Joined[_M], batch: LeavingBatch[_M] | None, index: int, signed: object) -> None:
        if not tell_one(self._loop, joined, batch, index, signed) and batch is not None:
            batch.drop(index)
