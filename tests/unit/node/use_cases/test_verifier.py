"""Verification of messages, alone and together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from tests.doubles.exchanges import BO_CONG_AN
from tests.doubles.signing import NOW_MS, Signer

from lienthong.domain.network import SigningCertificate
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import VerificationInput
from lienthong.exchange import inputs
from lienthong.exchange.effects import Verify
from lienthong.node.use_cases.verifier import GROUP_MAX, Verifier

SIGNER = Signer(BO_CONG_AN)


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


class Group:
    """Leaves everything to be checked alone, and counts."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def proven(self, given: Sequence[VerificationInput]) -> frozenset[int]:
        self.sizes.append(len(given))
        return frozenset()


Keep = Callable[[SigningCertificate], None]


def verifier(loop: Loop, group: Group | None, keep: Keep = lambda _one: None) -> Verifier:
    return Verifier(lambda: NOW_MS, 1000, keep, loop=_loop(loop), group=group)


def _loop(loop: Loop) -> asyncio.AbstractEventLoop:
    return loop  # type: ignore[return-value]


def wanted(number: int = 0, *, at_once: bool = False) -> Verify:
    digests = request_digests(b"%d" % number, None)
    return Verify(SIGNER.sign(digests), digests, SIGNER.certificate, at_once)


def test_alone_where_nothing_verifies_groups() -> None:
    loop, found = Loop(), []
    verifier(loop, None).verify(wanted(), found.append)
    assert isinstance(found[0], inputs.SignatureVerified)
    assert not loop.calls


def test_at_once_does_not_wait_for_others() -> None:
    loop, group, found = Loop(), Group(), []
    one = verifier(loop, group)
    one.verify(wanted(1), found.append)
    one.verify(wanted(2, at_once=True), found.append)
    assert [given.proof.value for given in found] == [wanted(2).digests]


def test_those_of_one_turn_are_verified_together_each_with_its_own_end() -> None:
    loop, group, found = Loop(), Group(), []
    one = verifier(loop, group)
    many = [wanted(number) for number in range(5)]
    many[1] = replace(many[1], digests=many[0].digests)
    many[3] = replace(many[3], signature=replace(many[3].signature, signed_at_ms=1))
    for effect in many:
        one.verify(effect, found.append)
    assert not found
    loop.turn()
    kinds = [type(given) for given in found]
    assert kinds == [
        inputs.SignatureVerified, inputs.SignatureUnproven, inputs.SignatureVerified,
        inputs.SignatureUnproven, inputs.SignatureVerified,
    ]  # fmt: skip
    assert [found[1].error.code, found[3].error.code] == ["InvalidSignatureValue", "CertValidation"]
    assert [found[at].proof.value for at in (0, 2, 4)] == [many[at].digests for at in (0, 2, 4)]
    assert group.sizes == [4], "what fails before its last step takes no part"
    loop.turn()
    assert len(found) == 5, "each is answered once"


def test_one_alone_in_its_turn_is_verified_alone() -> None:
    loop, group, found = Loop(), Group(), []
    verifier(loop, group).verify(wanted(), found.append)
    loop.turn()
    assert isinstance(found[0], inputs.SignatureVerified)
    assert group.sizes == []


def test_a_turn_takes_a_bounded_number() -> None:
    loop, group, found = Loop(), Group(), []
    one = verifier(loop, group)
    effect = wanted()
    for _ in range(2 * GROUP_MAX + 1):
        one.verify(effect, found.append)
    counts = []
    for _ in range(3):
        loop.turn()
        counts.append(len(found))
    assert counts == [GROUP_MAX, 2 * GROUP_MAX, 2 * GROUP_MAX + 1]
    assert not loop.calls


def test_what_comes_while_some_wait_is_not_forgotten() -> None:
    loop, group, found = Loop(), Group(), []
    one = verifier(loop, group)
    effect = wanted()
    one.verify(effect, lambda given: (found.append(given), one.verify(effect, found.append)))
    loop.turn()
    loop.turn()
    assert len(found) == 2


def test_an_exchange_that_fails_does_not_take_the_others_with_it() -> None:
    loop, found = Loop(), []
    one = verifier(loop, Group())
    one.verify(wanted(1), lambda _given: 1 // 0)
    one.verify(wanted(2), found.append)
    loop.turn()
    assert len(found) == 1
    assert isinstance(loop.errors[0]["exception"], ZeroDivisionError)


def test_a_signer_whose_certificate_cannot_be_kept_proves_nothing() -> None:
    def full(_certificate: SigningCertificate) -> None:
        raise OSError(28, "No space left on device")

    for group in (None, Group()):
        loop, found = Loop(), []
        one = verifier(loop, group, full)
        one.verify(wanted(1), found.append)
        one.verify(wanted(2), found.append)
        loop.turn()
        assert [given.error.code for given in found] == ["LoggingFailed"] * 2
