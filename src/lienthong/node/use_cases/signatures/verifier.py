"""Verifies signatures for the exchanges of one process: alone, or with what the same turn of the loop brings.

Together never changes what is proven, only how many are checked in one go. A signer's certificate is kept before its
proof is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from lienthong.domain.errors import LienthongError, Unavailable, Unproven
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.batch import Batch
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.signature import (
    GroupVerifier,
    Signature,
    VerificationInput,
    Verified,
    batch_input,
    check_group,
    check_value,
    verification_input,
)
from lienthong.evidence.stream import Mark, StreamDigest, verify_mark
from lienthong.exchange import inputs
from lienthong.exchange.effects import Verify

Outcome = inputs.SignatureVerified | inputs.SignatureUnproven
_Step: TypeAlias = "VerificationInput[MessageDigests] | Verified[MessageDigests] | Unproven"


class Verifier:
    """Belongs to the event loop."""

    __slots__ = ("_clock_ms", "_gathering", "_keep", "_window_ms")

    def __init__(
        self, clock_ms: Callable[[], int], window_ms: int, keep: Callable[[SigningCertificate], None]
    ) -> None:
        """`window_ms`: accepted difference between signing time and clock; `keep` raises OSError."""
        self._clock_ms = clock_ms
        self._window_ms = window_ms
        self._keep = keep

    def verify(self, effect: Verify) -> Outcome:
        """Verify alone, as the input that the machine waits for."""
        return self._outcome(effect, self._prepared(effect))

    def verify_together(self, wanted: Sequence[Verify], group: GroupVerifier) -> list[Outcome]:
        """`verify` for each, in order."""
        prepared = [self._prepared(effect) for effect in wanted]
        ready = [one for one in prepared if isinstance(one, VerificationInput)]
        found = iter(check_group(ready, group))
        ended: list[_Step] = [next(found) if isinstance(one, VerificationInput) else one for one in prepared]
        return [self._outcome(effect, one) for effect, one in zip(wanted, ended, strict=True)]

    def verify_batch(
        self, signature: Signature, batch: Batch, certificate: SigningCertificate
    ) -> Verified[Batch] | LienthongError:
        """A batch, proven and its certificate kept; or why it is not."""
        try:
            now_ms = self._clock_ms()
            proven = check_value(
                batch_input(signature, batch, certificate, now_ms=now_ms, window_ms=self._window_ms)
            )
            self._keep(certificate)
        except LienthongError as error:
            return error
        except OSError:
            return _not_kept()
        return proven

    def check_mark(self, digest: StreamDigest, mark: Mark, certificate: SigningCertificate) -> None:
        """Verify a mark; raises Unproven."""
        verify_mark(digest, mark, certificate, now_ms=self._clock_ms(), window_ms=self._window_ms)

    def opening_mark(
        self, digest: StreamDigest, mark: Signature, certificate: SigningCertificate
    ) -> inputs.MarkVerified | inputs.SignatureUnproven:
        """Verify the beginning of a stream, as the input that the machine waits for."""
        now_ms = self._clock_ms()
        try:
            self.check_mark(digest, Mark(mark.signed_at_ms, mark.value), certificate)
            self._keep(certificate)
        except LienthongError as error:
            return inputs.SignatureUnproven(error, now_ms)
        except OSError:
            return inputs.SignatureUnproven(_not_kept(), now_ms)
        return inputs.MarkVerified(now_ms)

    def _prepared(self, effect: Verify) -> _Step:
        try:
            return verification_input(
                effect.signature,
                effect.digests,
                effect.certificate,
                now_ms=self._clock_ms(),
                window_ms=self._window_ms,
            )
        except Unproven as error:
            return error

    def _outcome(self, effect: Verify, one: _Step) -> Outcome:
        try:
            proof = _proof(one)
            self._keep(effect.certificate)
        except LienthongError as error:
            return inputs.SignatureUnproven(error, self._clock_ms())
        except OSError:
            return inputs.SignatureUnproven(_not_kept(), self._clock_ms())
        return inputs.SignatureVerified(proof, self._clock_ms())


def _proof(one: _Step) -> Verified[MessageDigests]:
    if isinstance(one, Unproven):
        raise one
    return one if isinstance(one, Verified) else check_value(one)


def _not_kept() -> Unavailable:
    return Unavailable("LoggingFailed", "the disk takes no certificate")
