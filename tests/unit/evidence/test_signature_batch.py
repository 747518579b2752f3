"""One signature for many messages: all of them are proven, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.exchanges import BO_CONG_AN
from tests.doubles.signing import DAY_MS, NOW_MS, Signer
from tests.doubles.values import replace

from lienthong.domain.errors import Malformed, Unproven
from lienthong.evidence.batch import Batch, BatchPlace, BatchRoot, Placed, batch_of
from lienthong.evidence.digest import MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.signature import (
    Signature,
    SigningInput,
    SigningKey,
    VerificationInput,
    Verified,
    batch_input,
    check_group,
    check_value,
    each_message,
    sign_group,
    verification_input,
    verify,
    verify_batch,
    verify_in_batch,
)
from lienthong.evidence.xades import signer_template

SIGNER = Signer(BO_CONG_AN)
CERTIFICATE = SIGNER.certificate
MESSAGES = [
    request_digests(b"first", b"body"),
    request_digests(b"second", None),
    response_digests(b"third", b"body", b"L" * 32),
    request_digests(b"fourth", b""),
    response_digests(b"fifth", None, b"L" * 32),
]
BATCH = batch_of(MESSAGES)
SIGNATURE = SIGNER.sign(BATCH.root)
WINDOW_MS = 300_000


def _code(
    messages: Sequence[MessageDigests] = MESSAGES, signature: Signature = SIGNATURE, now_ms: int = NOW_MS
) -> str:
    with pytest.raises(Unproven) as refusal:
        verify_batch(signature, messages, CERTIFICATE, now_ms=now_ms, window_ms=WINDOW_MS)
    return refusal.value.code


def _in_batch(
    digests: MessageDigests, place: BatchPlace, signature: Signature = SIGNATURE
) -> Verified[MessageDigests]:
    return verify_in_batch(signature, Placed(digests, place), CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)


def _code_in_batch(digests: MessageDigests, place: BatchPlace, signature: Signature = SIGNATURE) -> str:
    with pytest.raises(Unproven) as refusal:
        _in_batch(digests, place, signature)
    return refusal.value.code


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40, unique=True), st.data())
def test_every_message_is_proven_with_the_others_and_alone(headers: list[bytes], data: st.DataObject) -> None:
    batch = batch_of([request_digests(header, None) for header in headers])
    signature = SIGNER.sign(batch.root)
    proven = verify_batch(signature, batch.messages, CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)
    assert [one.value for one in proven] == list(batch.messages)
    assert {one.signer for one in proven} == {BO_CONG_AN}
    index = data.draw(st.integers(0, len(headers) - 1))
    alone = _in_batch(batch.messages[index], batch.place(index), signature)
    assert (alone.value, alone.signer) == (batch.messages[index], BO_CONG_AN)
    stranger = request_digests(b"a header that is not in it", None)
    assert _code_in_batch(stranger, batch.place(index), signature) == "InvalidSignatureValue"


@pytest.mark.parametrize(
    "messages",
    [
        MESSAGES[:-1],
        MESSAGES[1:],
        [*MESSAGES, MESSAGES[0]],
        [*MESSAGES, MESSAGES[-1]],
        MESSAGES[::-1],
        [MESSAGES[1], MESSAGES[0], *MESSAGES[2:]],
        [*MESSAGES[:-1], MESSAGES[0]],
        [*MESSAGES[:-1], replace(MESSAGES[-1], request_leaf=b"M" * 32)],
    ],
    ids=[
        "one cut off",
        "first missing",
        "one more",
        "last doubled",
        "reversed",
        "swapped",
        "replaced",
        "other request",
    ],
)
def test_another_list_of_messages_is_unproven(messages: list[MessageDigests]) -> None:
    assert _code(messages) == "InvalidSignatureValue"


def test_no_messages_are_malformed() -> None:
    with pytest.raises(Malformed):
        verify_batch(SIGNATURE, [], CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)


def test_the_steps_and_codes_are_those_of_one_message() -> None:
    assert _code(signature=replace(SIGNATURE, algorithm="ed25519")) == "SignatureVerification"
    assert _code(signature=Signer(BO_CONG_AN).sign(BATCH.root)) == "CertValidation"
    late = NOW_MS + 11 * DAY_MS
    assert _code(signature=SIGNER.sign(BATCH.root, late), now_ms=late) == "CertValidation"
    assert _code(now_ms=NOW_MS + WINDOW_MS + 1) == "MessageExpired"
    assert _code(signature=replace(SIGNATURE, signed_at_ms=NOW_MS + 1)) == "InvalidSignatureValue"
    forged = SIGNATURE.value[:-1] + bytes([SIGNATURE.value[-1] ^ 1])
    assert _code(signature=replace(SIGNATURE, value=forged)) == "InvalidSignatureValue"


PLACE = BATCH.place(1)


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (replace(PLACE, index=0), "InvalidSignatureValue"),
        (replace(PLACE, size=6), "InvalidSignatureValue"),
        (replace(PLACE, size=4), "InvalidReference"),
        (replace(PLACE, size=1, index=0, path=()), "InvalidSignatureValue"),
        (replace(PLACE, index=4), "InvalidReference"),
        (replace(PLACE, path=PLACE.path[:-1]), "InvalidReference"),
        (replace(PLACE, path=(*PLACE.path, b"x" * 32)), "InvalidReference"),
        (replace(PLACE, path=PLACE.path[::-1]), "InvalidSignatureValue"),
        (replace(PLACE, path=(b"x" * 32, *PLACE.path[1:])), "InvalidSignatureValue"),
        (replace(PLACE, path=(PLACE.path[0][:31], *PLACE.path[1:])), "InvalidReference"),
        (replace(PLACE, path=BATCH.place(0).path), "InvalidSignatureValue"),
        (replace(PLACE, index=2**80, size=2**81), "InvalidReference"),
    ],
)
def test_a_message_at_another_place_is_unproven(place: BatchPlace, code: str) -> None:
    assert _in_batch(MESSAGES[1], PLACE).value == MESSAGES[1]
    assert _code_in_batch(MESSAGES[1], place) == code


def test_the_signature_of_a_message_is_none_of_a_batch_nor_the_other_way_round() -> None:
    """Not even where the batch has this one message."""
    one = MESSAGES[0]
    own, shared = SIGNER.sign(one), SIGNER.sign(batch_of([one]).root)
    window: dict[str, int] = {"now_ms": NOW_MS, "window_ms": WINDOW_MS}
    assert verify(own, one, CERTIFICATE, **window).value == one
    assert verify_batch(shared, [one], CERTIFICATE, **window)[0].value == one
    assert _code([one], own) == "InvalidSignatureValue"
    assert _code_in_batch(one, BatchPlace(0, 1, ()), own) == "InvalidSignatureValue"
    with pytest.raises(Unproven, match="InvalidSignatureValue"):
        verify(shared, one, CERTIFICATE, **window)


def test_an_inner_node_is_no_message() -> None:
    """A tree over the inner nodes has the same root; the document says how many leaves there are."""
    batch = batch_of(MESSAGES[:4])
    signature = SIGNER.sign(batch.root)
    with pytest.raises(Unproven, match="InvalidSignatureValue"):
        verify(signature, BatchRoot(2, batch.root.root), CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)


def test_what_proves_a_message_is_the_same_in_both_forms() -> None:
    own = verify(SIGNER.sign(MESSAGES[2]), MESSAGES[2], CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)
    shared = _in_batch(MESSAGES[2], BATCH.place(2))
    assert (own.value, leaf(own.value)) == (shared.value, BATCH.leaves[2])


class Group:
    """Signs one by one, and proves what it is told to."""

    def __init__(self, proves: Callable[[int], bool]) -> None:
        self._proves = proves

    def values(self, wanted: Sequence[tuple[SigningKey, bytes]]) -> list[bytes]:
        return [key.sign_digest(digest) for key, digest in wanted]

    def proven(self, given: Sequence[VerificationInput[object]]) -> frozenset[int]:
        return frozenset(position for position in range(len(given)) if self._proves(position))


def test_batches_and_messages_are_signed_and_checked_side_by_side() -> None:
    template = signer_template(CERTIFICATE.digest)
    batches = [BATCH, batch_of(MESSAGES[:1]), batch_of(MESSAGES[:3])]
    signed = [BATCH.root, MESSAGES[0], batches[1].root, batches[2].root]
    made = sign_group([SigningInput(one, SIGNER.key, template) for one in signed], Group(bool), NOW_MS)
    window: dict[str, int] = {"now_ms": NOW_MS, "window_ms": WINDOW_MS}
    ready: list[VerificationInput[Batch | MessageDigests]] = [
        batch_input(made[0], batch_of(MESSAGES), CERTIFICATE, **window),
        verification_input(made[1], MESSAGES[0], CERTIFICATE, **window),
        batch_input(made[2], batch_of(MESSAGES[:1]), CERTIFICATE, **window),
        batch_input(made[3], batch_of(MESSAGES[:2]), CERTIFICATE, **window),
    ]
    found = check_group(ready, Group(lambda position: position == 0))
    assert isinstance(found[3], Unproven)
    assert [one.value for one in found if isinstance(one, Verified)] == [BATCH, MESSAGES[0], batches[1]]


def test_the_last_step_can_be_taken_elsewhere() -> None:
    ready = batch_input(SIGNATURE, batch_of(MESSAGES), CERTIFICATE, now_ms=NOW_MS, window_ms=WINDOW_MS)
    proven = check_value(ready)
    assert proven.value == BATCH
    assert [one.value for one in each_message(proven)] == MESSAGES
