"""The messages of one batch on their way out: the frame goes when each of them is there, or will never come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from lienthong.evidence.signature import Signature
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire.trunk import FrameSignature, TrunkAnswer, TrunkLeaf, TrunkRequest

_M = TypeVar("_M", bound=TrunkRequest | TrunkAnswer)
Leave = Callable[[Signature, list[_M | TrunkLeaf]], None]


class LeavingBatch(Generic[_M]):
    """Messages that share `signature`, by their place. `leave` gets the entries of the frame, once."""

    __slots__ = ("_entries", "_leave", "_open", "leaves", "recording", "signature")

    def __init__(
        self, signature: Signature, leaves: Sequence[bytes], leave: Leave[_M], recording: Recording
    ) -> None:
        self.signature = signature
        self.leaves = leaves
        self.recording = recording
        # A message that never comes is stood for by its leaf: without it nobody could prove the others.
        self._entries: list[_M | TrunkLeaf] = [TrunkLeaf(leaf) for leaf in leaves]
        self._open = set(range(len(leaves)))
        self._leave = leave

    def put(self, index: int, entry: _M) -> None:
        """The message at `index` may go."""
        if index in self._open:
            self._entries[index] = entry
            self.drop(index)

    def drop(self, index: int) -> None:
        """The message at `index` will not go, if it has not gone yet."""
        if index not in self._open:
            return
        self._open.discard(index)
        if not self._open and any(not isinstance(entry, TrunkLeaf) for entry in self._entries):
            self._leave(self.signature, self._entries)


def frame_signature(signature: Signature) -> FrameSignature:
    """A signature as it stands in a frame."""
    return FrameSignature(signature.certificate_digest, signature.signed_at_ms, signature.value)
