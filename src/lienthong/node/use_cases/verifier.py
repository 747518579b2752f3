"""Verifies signatures for the exchanges of one process: alone, or with what the same turn of the loop brings.

Law: every `verify` is answered once. Together never changes what is proven, only how many are checked in one go: who
waits, waits for the rest of this turn and no longer. A signer's certificate is kept before its proof is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lienthong.domain.errors import LienthongError, Unavailable, Unproven
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.signature import (
    GroupVerifier,
    Signature,
    VerificationInput,
    Verified,
    check_group,
    check_value,
    verification_input,
)
from lienthong.evidence.stream import Mark, StreamDigest, verify_mark
from lienthong.exchange import inputs
from lienthong.exchange.effects import Verify

GROUP_MAX = 64
"""Most signatures that are verified before the loop looks at its connections again."""
Feed = Callable[[object], None]
Outcome = inputs.SignatureVerified | inputs.SignatureUnproven


class Verifier:
    """Belongs to the event loop. Without a `group` verifier everything is verified alone."""

    __slots__ = ("_clock_ms", "_group", "_keep", "_loop", "_waiting", "_window_ms")

    def __init__(
        self,
        clock_ms: Callable[[], int],
        window_ms: int,
        keep: Callable[[SigningCertificate], None],
        *,
        loop: asyncio.AbstractEventLoop,
        group: GroupVerifier | None = None,
    ) -> None:
        """`window_ms`: accepted difference between signing time and clock; `keep` raises OSError."""
        self._clock_ms = clock_ms
        self._window_ms = window_ms
        self._keep = keep
        self._loop = loop
        self._group = group
        self._waiting: list[tuple[Verify, Feed]] = []

    def verify(self, effect: Verify, feed: Feed) -> None:
        """Feed the input that the machine waits for: now, or when this turn has brought what it brings."""
        if effect.at_once or self._group is None:
            feed(self._outcome(effect, self._prepared(effect)))
            return
        self._waiting.append((effect, feed))
        if len(self._waiting) == 1:
            self._loop.call_soon(self._verify_waiting)

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

    def _verify_waiting(self) -> None:
        waiting, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
        if self._waiting:
            self._loop.call_soon(self._verify_waiting)
        found = self._together([effect for effect, _ in waiting])
        for (effect, feed), one in zip(waiting, found, strict=True):
            try:
                feed(self._outcome(effect, one))
            except Exception as error:  # boundary: whatever one exchange does, the next one gets its answer
                self._loop.call_exception_handler({"message": "an exchange failed", "exception": error})

    def _together(self, wanted: list[Verify]) -> list[VerificationInput | Verified[MessageDigests] | Unproven]:
        """For each, in order, how its verification ended."""
        assert self._group is not None
        prepared = [self._prepared(effect) for effect in wanted]
        ready = [one for one in prepared if isinstance(one, VerificationInput)]
        if len(ready) < 2:
            return list(prepared)
        found = iter(check_group(ready, self._group))
        return [next(found) if isinstance(one, VerificationInput) else one for one in prepared]

    def _prepared(self, effect: Verify) -> VerificationInput | Unproven:
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

    def _outcome(self, effect: Verify, one: VerificationInput | Verified[MessageDigests] | Unproven) -> Outcome:
        try:
            proof = self._proof(one)
            self._keep(effect.certificate)
        except LienthongError as error:
            return inputs.SignatureUnproven(error, self._clock_ms())
        except OSError:
            return inputs.SignatureUnproven(_not_kept(), self._clock_ms())
        return inputs.SignatureVerified(proof, self._clock_ms())

    def _proof(self, one: VerificationInput | Verified[MessageDigests] | Unproven) -> Verified[MessageDigests]:
        if isinstance(one, Unproven):
            raise one
        return one if isinstance(one, Verified) else check_value(one)


def _not_kept() -> Unavailable:
    return Unavailable("LoggingFailed", "the disk takes no certificate")
