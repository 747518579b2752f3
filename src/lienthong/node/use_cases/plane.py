"""What all exchanges of one node process share: clock, ids, keys, ledger, counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.domain.identifiers import MemberId
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.record import Record, encode_record
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature, SigningKey, sign
from lienthong.evidence.stream import Mark, StreamDigest, sign_mark
from lienthong.evidence.xades import SignerTemplate
from lienthong.exchange import inputs
from lienthong.node.use_cases.tally import Tally
from lienthong.node.use_cases.verifier import Verifier


class Ledger(Protocol):
    """Where encoded records become durable."""

    @property
    def failure(self) -> Unavailable | None:
        """Why nothing is taken now; None while all is well."""

    def append(self, encoded: bytes, done: Callable[[BaseException | None], None]) -> None:
        """Take a record; raises Unavailable LoggingFailed where it cannot."""


class Logger(Protocol):
    """Structured diagnostics: never personal data, never secrets."""

    def warning(self, event: str, **facts: object) -> object:
        """Something an operator may want to see."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A member's signing key with what stays the same in its signatures."""

    key: SigningKey
    template: SignerTemplate


_RANDOM_AT_ONCE = 2000


class Ids:
    """Makes request ids: version 7 UUIDs (RFC 9562) from the clock and a source of random bytes."""

    __slots__ = ("_clock_ms", "_hex", "_next", "_random")

    def __init__(self, clock_ms: Callable[[], int], random: Callable[[int], bytes]) -> None:
        self._clock_ms = clock_ms
        self._random = random
        self._hex = ""
        self._next = 0

    def make(self) -> str:
        """A new id."""
        start = self._next
        if start >= len(self._hex):
            self._hex = self._random(_RANDOM_AT_ONCE).hex()
            start = 0
        self._next = start + 20
        time = f"{self._clock_ms():012x}"
        tail = self._hex[start : start + 20]
        return f"{time[:8]}-{time[8:]}-7{tail[:3]}-a{tail[3:6]}-{tail[6:18]}"


@dataclass(slots=True)
class Plane:
    """The shared things of one process."""

    clock_ms: Callable[[], int]
    ids: Ids
    ledger: Ledger
    signers: Mapping[MemberId, Signer]
    verifier: Verifier
    tally: Tally
    log: Logger

    def sign(self, digests: MessageDigests, member: MemberId) -> Signature:
        """Sign for `member`; raises Unavailable CannotCreateSignature if this node has no key for it."""
        signer = self._signer(member)
        return sign(digests, signer.key, signer.template, self.clock_ms())

    def mark(self, digest: StreamDigest, member: MemberId) -> Signature:
        """Sign where a stream of `member` stands; raises as `sign`."""
        signer = self._signer(member)
        mark = sign_mark(digest, signer.key, self.clock_ms())
        return Signature(ECDSA_P256_SHA256, signer.template.certificate_digest, mark.signed_at_ms, mark.value)

    def marker(self, member: MemberId) -> Callable[[StreamDigest], Mark]:
        """What signs the further marks of a stream of `member`; raises as `sign`."""
        key = self._signer(member).key
        return lambda digest: sign_mark(digest, key, self.clock_ms())

    def _signer(self, member: MemberId) -> Signer:
        signer = self.signers.get(member)
        if signer is None:
            raise Unavailable("CannotCreateSignature", f"this node has no signing key for {member}")
        return signer

    def append(self, records: tuple[Record, ...], feed: Callable[[object], None]) -> None:
        """Make `records` durable, then feed Recorded or RecordFailed, once."""
        waiting = _Waiting(len(records), feed)
        try:
            if len(records) == 1:
                self.ledger.append(encode_record(records[0]), waiting.only)
                return
            for record in records:
                self.ledger.append(encode_record(record), waiting.done)
        except LienthongError as error:
            waiting.failed(error)


class _Waiting:
    """Waits for several records."""

    __slots__ = ("_feed", "_left")

    def __init__(self, count: int, feed: Callable[[object], None]) -> None:
        self._left = count
        self._feed: Callable[[object], None] | None = feed

    def only(self, failure: BaseException | None) -> None:
        if failure is not None:
            self.failed(failure)
        elif self._feed is not None:
            feed, self._feed = self._feed, None
            feed(_RECORDED)

    def done(self, failure: BaseException | None) -> None:
        if failure is not None:
            self.failed(failure)
            return
        self._left -= 1
        if self._left == 0 and self._feed is not None:
            feed, self._feed = self._feed, None
            feed(_RECORDED)

    def failed(self, failure: BaseException) -> None:
        if self._feed is None:
            return
        feed, self._feed = self._feed, None
        if isinstance(failure, LienthongError):
            feed(inputs.RecordFailed(failure))
        else:
            feed(inputs.RecordFailed(Unavailable("LoggingFailed", "the ledger could not take the record")))


_RECORDED = inputs.Recorded()
