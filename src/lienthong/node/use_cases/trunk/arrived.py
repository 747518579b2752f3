"""The messages of one frame that arrived: their digests and places, and one proof for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import LienthongError
from lienthong.evidence.batch import Batch, batch_of
from lienthong.evidence.digest import MessageDigests, digests_of_requests, digests_of_responses, whole_digests
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature, Verified, message_of
from lienthong.exchange import inputs
from lienthong.exchange.effects import Verify
from lienthong.node.use_cases.plane import Ledger
from lienthong.node.use_cases.signatures import Verifier
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire.trunk import FrameSignature, TrunkAnswer, TrunkLeaf, TrunkRequest

_T = TypeVar("_T")


def in_their_places(frame: Sequence[object], came: Sequence[_T]) -> list[_T | bytes]:
    """What belongs to the messages that came in `frame`, each at its place there; at the others their leaf."""
    following = iter(came)
    return [one.leaf if isinstance(one, TrunkLeaf) else next(following) for one in frame]


class ArrivedRequests:
    """Requests of one frame, as they come: some may come ahead of their signature."""

    __slots__ = ("known", "messages", "wholes")

    def __init__(self) -> None:
        self.messages: list[TrunkRequest | TrunkLeaf] = []
        self.known: list[MessageDigests | bytes] = []
        self.wholes: list[bytes] = []

    def add(self, messages: Sequence[TrunkRequest | TrunkLeaf]) -> None:
        """The next ones, in their order."""
        came = [one for one in messages if not isinstance(one, TrunkLeaf)]
        digests = digests_of_requests([one.header_part for one in came], [one.body for one in came])
        self.messages += messages
        self.known += in_their_places(messages, digests)
        self.wholes += in_their_places(messages, whole_digests(digests))


class ArrivedAnswers:
    """Answers of one frame, as they come, as `ArrivedRequests`."""

    __slots__ = ("known", "messages")

    def __init__(self) -> None:
        self.messages: list[TrunkAnswer | TrunkLeaf] = []
        self.known: list[MessageDigests | bytes] = []

    def add(self, messages: Sequence[TrunkAnswer | TrunkLeaf], asked: Sequence[bytes]) -> None:
        """The next ones, in their order; `asked` are the leaves of the requests of those that came."""
        came = [one for one in messages if not isinstance(one, TrunkLeaf)]
        digests = digests_of_responses([one.header_part for one in came], [one.body for one in came], asked)
        self.messages += messages
        self.known += in_their_places(messages, digests)


class ArrivedBatch:
    """Messages under one signature, in the order of their frame; of those that did not come, only the leaf.

    Nothing is believed before `outcome`, which proves the signature once. All messages of a batch have one signer,
    so all ask with the certificate that the signature names.
    """

    __slots__ = ("_batch", "_proven", "_verifier", "_wholes", "recording", "signature")

    def __init__(
        self,
        signature: FrameSignature,
        messages: Sequence[MessageDigests | bytes],
        verifier: Verifier,
        *,
        ledger: Ledger,
        loop: asyncio.AbstractEventLoop,
        wholes: Sequence[bytes] = (),
    ) -> None:
        """`wholes` are the `whole_digests` of requests, each at the place of its message."""
        self.signature = Signature(
            ECDSA_P256_SHA256, signature.certificate_digest, signature.signed_at_ms, signature.value
        )
        self._batch = batch_of(messages)
        self.recording = Recording(ledger, loop, self.signature, self._batch.leaves)
        self._verifier = verifier
        self._wholes = wholes
        self._proven: Verified[Batch] | LienthongError | None = None

    def known(self, index: int) -> inputs.InBatch:
        """What the machine is told of the message at `index`, which came."""
        batch = self._batch
        digests = batch.messages[index]
        assert not isinstance(digests, bytes), "a message that came"
        whole = self._wholes[index] if self._wholes else None
        return inputs.InBatch(digests, batch.seat(index), batch.leaves[index], whole)

    def outcome(self, effect: Verify, now_ms: int) -> inputs.SignatureVerified | inputs.SignatureUnproven:
        """The answer to a Verify for one of the messages. The directory gives one certificate for a digest."""
        seat, proven = effect.seat, self._proven
        assert seat is not None, "a message of this batch"
        assert effect.digests is self._batch.messages[seat.index], "a message of this batch"
        if proven is None:
            proven = self._proven = self._verifier.verify_batch(self.signature, self._batch, effect.certificate)
        if isinstance(proven, LienthongError):
            return inputs.SignatureUnproven(proven, now_ms)
        return inputs.SignatureVerified(message_of(proven, seat.index), now_ms)


@mypyc_attr(acyclic=True, free_list_len=1)
class Arrived:
    """One message of a batch."""

    __slots__ = ("batch", "body", "header_part", "index")

    def __init__(self, header_part: bytes, body: bytes | None, batch: ArrivedBatch, index: int) -> None:
        self.header_part = header_part
        self.body = body
        self.batch = batch
        self.index = index
