"""The messages of one batch on their way out: the frame goes when each of them is there, or will never come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from lienthong.evidence.signature import Signature
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire.trunk import FrameSignature, TrunkAnswer, TrunkLeaf, TrunkRequest

_M = TypeVar("_M", bound=TrunkRequest | TrunkAnswer)
Left = Callable[["LeavingBatch[_M]", list[_M | TrunkLeaf], bool], None]
"""Told that a batch has settled: the entries of its frame, and whether any message travels."""


class LeavingBatch(Generic[_M]):
    """Messages that share `signature`, by their place. `left` gets the entries of the frame, once.

    The first of them may be on their way already, `ahead` of the signature.
    `over`: something came back for it, or it is clear that it takes no longer (`holding`).
    """

    __slots__ = ("_entries", "_left", "_travelling", "_waits", "ahead", "leaves", "over", "recording", "signature")

    def __init__(
        self,
        signature: Signature,
        leaves: Sequence[bytes],
        left: Left[_M],
        recording: Recording,
        ahead: Sequence[_M] = (),
    ) -> None:
        self.signature = signature
        self.leaves = leaves
        self.recording = recording
        self.ahead = ahead
        self._entries: list[_M | TrunkLeaf | None] = [None] * len(leaves)
        self._waits = len(leaves)
        self._travelling = False
        self._left = left
        self.over = False

    def gone(self, index: int) -> _M | None:
        """The message at `index`, if it went ahead."""
        return self.ahead[index] if index < len(self.ahead) else None

    def put(self, index: int, entry: _M) -> None:
        """The message at `index` may go."""
        if self._entries[index] is None:
            self._travelling = True
            self._settle(index, entry)

    def drop(self, index: int) -> None:
        """The message at `index` will not go, if it has not gone yet."""
        if self._entries[index] is None:
            # It is stood for by its leaf: without it nobody could prove the others.
            self._settle(index, TrunkLeaf(self.leaves[index]))

    def _settle(self, index: int, entry: _M | TrunkLeaf) -> None:
        self._entries[index] = entry
        self._waits -= 1
        if not self._waits:
            self._left(self, [one for one in self._entries if one is not None], self._travelling)


def frame_signature(signature: Signature) -> FrameSignature:
    """A signature as it stands in a frame."""
    return FrameSignature(signature.certificate_digest, signature.signed_at_ms, signature.value)
