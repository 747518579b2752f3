"""Signs for the exchanges of one process: messages alone or many together, and the marks of streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lienthong.domain.errors import Unavailable
from lienthong.domain.identifiers import MemberId
from lienthong.evidence.batch import Batch, batch_of
from lienthong.evidence.digest import Draft, work_out
from lienthong.evidence.signature import (
    ECDSA_P256_SHA256,
    GroupSigner,
    Signature,
    SigningInput,
    SigningKey,
    sign,
    sign_group,
)
from lienthong.evidence.stream import Mark, StreamDigest, sign_mark
from lienthong.evidence.xades import SignerTemplate
from lienthong.exchange import inputs
from lienthong.exchange.effects import Sign


@dataclass(frozen=True, slots=True)
class Signer:
    """A member's signing key with what stays the same in its signatures."""

    key: SigningKey
    template: SignerTemplate


class Signing:
    """Signs with the keys of the members that this node serves."""

    __slots__ = ("_clock_ms", "_signers")

    def __init__(self, clock_ms: Callable[[], int], signers: Mapping[MemberId, Signer]) -> None:
        self._clock_ms = clock_ms
        self._signers = signers

    def renew(self, signers: Mapping[MemberId, Signer]) -> None:
        """Sign with these from now on. A signature or a stream that has begun keeps the key it began with."""
        self._signers = signers

    def sign(self, effect: Sign) -> inputs.Signed | inputs.CannotSign:
        """Sign a message, as the input that the machine waits for."""
        try:
            signer = self._signer(effect.member)
        except Unavailable as error:
            return inputs.CannotSign(error)
        return inputs.Signed(sign(effect.digests, signer.key, signer.template, self._clock_ms()))

    def sign_together(
        self, wanted: Sequence[Sign], group: GroupSigner
    ) -> list[inputs.Signed | inputs.CannotSign]:
        """`sign` for each, in order."""
        _work_out(wanted)
        signers = [self._signers.get(effect.member) for effect in wanted]
        able = [
            SigningInput(effect.digests, signer.key, signer.template)
            for effect, signer in zip(wanted, signers, strict=True)
            if signer is not None
        ]
        made = iter(sign_group(able, group, self._clock_ms()))
        return [
            self.sign(effect) if signer is None else inputs.Signed(next(made))
            for effect, signer in zip(wanted, signers, strict=True)
        ]

    def sign_batch(self, wanted: Sequence[Sign]) -> tuple[Signature, Batch]:
        """One signature for messages of one member, and their batch; raises Unavailable CannotCreateSignature."""
        signer = self._signer(wanted[0].member)
        _work_out(wanted)
        batch = batch_of([effect.digests for effect in wanted])
        return sign(batch.root, signer.key, signer.template, self._clock_ms()), batch

    def mark(self, digest: StreamDigest, member: MemberId) -> Signature:
        """Sign where a stream of `member` stands; raises Unavailable CannotCreateSignature without a key for it."""
        signer = self._signer(member)
        mark = sign_mark(digest, signer.key, self._clock_ms())
        return Signature(ECDSA_P256_SHA256, signer.template.certificate_digest, mark.signed_at_ms, mark.value)

    def marker(self, member: MemberId) -> Callable[[StreamDigest], Mark]:
        """What signs the further marks of a stream of `member`; raises as `mark`."""
        key = self._signer(member).key
        return lambda digest: sign_mark(digest, key, self._clock_ms())

    def _signer(self, member: MemberId) -> Signer:
        signer = self._signers.get(member)
        if signer is None:
            raise Unavailable("CannotCreateSignature", f"this node has no signing key for {member}")
        return signer


def _work_out(wanted: Sequence[Sign]) -> None:
    work_out([effect.message for effect in wanted if isinstance(effect.message, Draft)])
