"""Signing and verification for exchanges: alone, together, in which turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.doubles.exchanges import BO_CONG_AN, HA_NOI
from tests.doubles.signing import NOW_MS
from tests.doubles.signing import Signer as SignerDouble
from tests.doubles.values import replace

from lienthong.domain.network import SigningCertificate
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import SigningKey, VerificationInput, verify
from lienthong.evidence.xades import signer_template
from lienthong.exchange import inputs
from lienthong.exchange.effects import Sign, Verify
from lienthong.node.use_cases.signatures import Signatures, Signer, Signing, Verifier
from lienthong.node.use_cases.signatures.turns import FEW, TOGETHER_MAX

SIGNER = SignerDouble(BO_CONG_AN)
WINDOW_MS = 1000


class Loop:
    """Keeps what was asked for the next turn."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []
        self.errors: list[dict[str, Any]] = []

    def call_soon(self, call: Callable[[], object]) -> None:
        self.calls.append(call)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    def turn(self) -> None:
        """One turn of the loop."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()

    def run(self) -> int:
        """Turns until nothing is left to do; gives how many that took."""
        turns = 0
        while self.calls:
            self.turn()
            turns += 1
        return turns


class Group:
    """Does everything one by one, and counts what came together."""

    def __init__(self) -> None:
        self.verified: list[int] = []
        self.signed: list[int] = []

    def proven(self, given: Sequence[VerificationInput[object]]) -> frozenset[int]:
        self.verified.append(len(given))
        return frozenset()

    def values(self, wanted: Sequence[tuple[SigningKey, bytes]]) -> list[bytes]:
        self.signed.append(len(wanted))
        return [key.sign_digest(digest) for key, digest in wanted]


Keep = Callable[[SigningCertificate], None]


class Bench:
    """Signatures of one process with its loop; `crowded` is what the test says."""

    def __init__(self, *, gathers: bool = True, keep: Keep = lambda _one: None) -> None:
        self.loop, self.group, self.crowded = Loop(), Group(), True
        signers = {BO_CONG_AN: Signer(SIGNER.key, signer_template(SIGNER.certificate.digest))}
        self.signatures = Signatures(Signing(lambda: NOW_MS, signers), Verifier(lambda: NOW_MS, WINDOW_MS, keep))
        if gathers:
            self.signatures.gather(self.group, self.loop, lambda: self.crowded)  # type: ignore[arg-type]
        self.found: list[Any] = []

    def verify(self, *wanted: Verify) -> None:
        for one in wanted:
            self.signatures.verify(one, self.found.append)

    def sign(self, *wanted: Sign) -> None:
        for one in wanted:
            self.signatures.sign(one, self.found.append)


def to_verify(number: int = 0, *, at_once: bool = False) -> Verify:
    digests = request_digests(b"%d" % number, None)
    return Verify(SIGNER.sign(digests), digests, SIGNER.certificate, at_once=at_once)


def to_sign(number: int = 0, *, at_once: bool = False) -> Sign:
    return Sign(request_digests(b"%d" % number, None), BO_CONG_AN, at_once=at_once)


def test_alone_and_at_once_where_nothing_does_groups() -> None:
    bench = Bench(gathers=False)
    bench.verify(to_verify())
    bench.sign(to_sign())
    assert [type(given) for given in bench.found] == [inputs.SignatureVerified, inputs.Signed]


def test_what_may_not_wait_does_not() -> None:
    bench = Bench()
    bench.verify(to_verify(1), to_verify(2, at_once=True))
    bench.sign(to_sign(1), to_sign(2, at_once=True))
    assert bench.found[0].proof.value == to_verify(2).digests
    assert isinstance(bench.found[1], inputs.Signed)
    assert len(bench.found) == 2


def test_nobody_waits_where_it_is_not_crowded() -> None:
    bench = Bench()
    bench.crowded = False
    bench.verify(to_verify())
    bench.sign(to_sign())
    assert len(bench.found) == 2
    assert not bench.loop.calls


def test_those_of_one_turn_are_verified_together_each_with_its_own_end() -> None:
    bench = Bench()
    many = [to_verify(number) for number in range(5)]
    many[1] = replace(many[1], digests=many[0].digests)
    many[3] = replace(many[3], signature=replace(many[3].signature, signed_at_ms=1))
    bench.verify(*many)
    assert not bench.found
    bench.loop.turn()
    assert [type(given) is inputs.SignatureVerified for given in bench.found] == [True, False, True, False, True]
    assert [bench.found[at].error.code for at in (1, 3)] == ["InvalidSignatureValue", "CertValidation"]
    assert [bench.found[at].proof.value for at in (0, 2, 4)] == [many[at].digests for at in (0, 2, 4)]
    assert bench.group.verified == [4], "what fails before its last step takes no part"
    bench.loop.run()
    assert len(bench.found) == 5, "each is answered once"


def test_those_of_one_turn_are_signed_together_each_with_its_own_end() -> None:
    bench = Bench()
    many = [to_sign(number) for number in range(4)]
    many[2] = replace(many[2], member=HA_NOI)
    bench.sign(*many)
    assert not bench.found
    bench.loop.turn()
    assert bench.found[2].error.code == "CannotCreateSignature"
    for at in (0, 1, 3):
        proof = verify(
            bench.found[at].signature, many[at].digests, SIGNER.certificate, now_ms=NOW_MS, window_ms=WINDOW_MS
        )
        assert proof.value == many[at].digests
    assert bench.group.signed == [3]


def test_as_many_as_are_done_together_do_not_wait_for_the_end_of_the_turn() -> None:
    bench = Bench()
    bench.verify(*[to_verify()] * (2 * TOGETHER_MAX + FEW))
    assert len(bench.found) == 2 * TOGETHER_MAX
    bench.loop.turn()
    assert len(bench.found) == 2 * TOGETHER_MAX + FEW
    assert bench.group.verified == [TOGETHER_MAX, TOGETHER_MAX, FEW]


def test_few_wait_for_the_next_turn_once() -> None:
    bench = Bench()
    bench.verify(to_verify(1))
    bench.loop.turn()
    assert not bench.found
    bench.verify(to_verify(2), to_verify(3))
    bench.loop.turn()
    assert len(bench.found) == 3
    assert bench.group.verified == [3]
    bench.verify(to_verify(4))
    assert bench.loop.run() == 2
    assert len(bench.found) == 4


def test_what_comes_while_others_are_answered_is_not_forgotten() -> None:
    bench, effect = Bench(), to_verify()
    bench.signatures.verify(effect, lambda _given: bench.verify(effect))
    bench.loop.run()
    assert len(bench.found) == 1


def test_an_exchange_that_fails_does_not_take_the_others_with_it() -> None:
    bench = Bench()
    bench.signatures.verify(to_verify(1), lambda _given: 1 // 0)
    bench.verify(to_verify(2))
    bench.loop.run()
    assert len(bench.found) == 1
    assert isinstance(bench.loop.errors[0]["exception"], ZeroDivisionError)


def test_a_signer_whose_certificate_cannot_be_kept_proves_nothing() -> None:
    def full(_certificate: SigningCertificate) -> None:
        raise OSError(28, "No space left on device")

    for gathers in (False, True):
        bench = Bench(gathers=gathers, keep=full)
        bench.verify(to_verify(1), to_verify(2))
        bench.loop.run()
        assert [given.error.code for given in bench.found] == ["LoggingFailed"] * 2


def test_what_is_proven_alone_and_together_is_the_same() -> None:
    alone, together = Bench(gathers=False), Bench()
    for bench in (alone, together):
        bench.verify(to_verify(1), replace(to_verify(2), digests=to_verify(3).digests))
        bench.loop.run()
    assert [type(given) for given in alone.found] == [type(given) for given in together.found]
    assert alone.found[1].error.code == together.found[1].error.code
