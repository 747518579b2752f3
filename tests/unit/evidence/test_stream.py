"""A mark proves exactly the bytes before it, at its time, of its kind, under its header part."""

from __future__ import annotations

from hashlib import sha256, sha512

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doubles.signing import DAY_MS, NOW_MS, Signer

from lienthong.domain.errors import Unproven
from lienthong.domain.identifiers import MemberId
from lienthong.evidence.stream import Mark, StreamDigest, sign_mark, verify_mark

SIGNER = Signer(MemberId("VN", "GOV", "G01"))
HEADER = sha512(b"part").digest()


def digest(*pieces: bytes, header: bytes = HEADER, response: bool = False) -> StreamDigest:
    made = StreamDigest(header, response=response)
    for piece in pieces:
        made.add(piece)
    return made


def verified(so_far: StreamDigest, mark: Mark, *, now_ms: int = NOW_MS, window_ms: int = 1000) -> Mark:
    return verify_mark(so_far, mark, SIGNER.certificate, now_ms=now_ms, window_ms=window_ms)


def code(so_far: StreamDigest, mark: Mark, **when: int) -> str:
    with pytest.raises(Unproven) as unproven:
        verified(so_far, mark, **when)
    return unproven.value.code


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.binary(max_size=40), max_size=8))
def test_pieces_do_not_matter(one: list[bytes], other: list[bytes]) -> None:
    first, second = digest(*one), digest(*other)
    same = b"".join(one) == b"".join(other)
    assert (first.mark(NOW_MS) == second.mark(NOW_MS)) is same
    assert (first.final() == second.final()) is same


def test_a_mark_holds_where_it_was_made() -> None:
    so_far = digest(b"abc")
    mark = sign_mark(so_far, SIGNER.key, NOW_MS)
    assert verified(so_far, mark) == mark
    so_far.add(b"d")
    assert code(so_far, mark) == "InvalidSignatureValue"


@settings(max_examples=60)
@given(st.binary(min_size=1, max_size=30), st.data())
def test_any_flipped_bit_is_found(body: bytes, data: st.DataObject) -> None:
    mark = sign_mark(digest(body), SIGNER.key, NOW_MS)
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    flipped = bytearray(body)
    flipped[bit // 8] ^= 1 << bit % 8
    assert code(digest(bytes(flipped)), mark) == "InvalidSignatureValue"


@settings(max_examples=60)
@given(st.integers(0, 8 * 64 - 1))
def test_any_flipped_bit_of_the_value_is_found(bit: int) -> None:
    so_far = digest(b"abc")
    mark = sign_mark(so_far, SIGNER.key, NOW_MS)
    flipped = bytearray(mark.value)
    flipped[bit // 8] ^= 1 << bit % 8
    assert code(so_far, Mark(NOW_MS, bytes(flipped))) == "InvalidSignatureValue"


@pytest.mark.parametrize("value", [b"", b"\x30", b"x" * 255, b"\x30\x06\x02\x01\x00\x02\x01\x00"])
def test_a_value_that_is_no_signature(value: bytes) -> None:
    assert code(digest(), Mark(NOW_MS, value)) == "InvalidSignatureValue"


@pytest.mark.parametrize(
    "other",
    [
        digest(b"ab"),
        digest(b"cba"),
        digest(b"abc", header=sha512(b"another part").digest()),
        digest(b"abc", response=True),
    ],
    ids=["offset", "order", "header part", "kind"],
)
def test_a_mark_of_something_else(other: StreamDigest) -> None:
    assert code(other, sign_mark(digest(b"abc"), SIGNER.key, NOW_MS)) == "InvalidSignatureValue"


def test_the_time_is_signed() -> None:
    mark = sign_mark(digest(b"abc"), SIGNER.key, NOW_MS)
    assert code(digest(b"abc"), mark._replace(signed_at_ms=NOW_MS + 1)) == "InvalidSignatureValue"


@pytest.mark.parametrize(("late_ms", "holds"), [(-1001, False), (-1000, True), (1000, True), (1001, False)])
def test_the_window(late_ms: int, holds: bool) -> None:
    mark = sign_mark(digest(), SIGNER.key, NOW_MS)
    if holds:
        verified(digest(), mark, now_ms=NOW_MS + late_ms)
    else:
        assert code(digest(), mark, now_ms=NOW_MS + late_ms) == "MessageExpired"


@pytest.mark.parametrize("at_ms", [0, NOW_MS - 2 * DAY_MS, NOW_MS + 11 * DAY_MS, 2**64 - 1])
def test_outside_the_certificate(at_ms: int) -> None:
    mark = sign_mark(digest(), SIGNER.key, at_ms)
    assert code(digest(), mark, now_ms=at_ms) == "CertValidation"


def test_another_key() -> None:
    stranger = Signer(SIGNER.member)
    assert code(digest(), sign_mark(digest(), stranger.key, NOW_MS)) == "InvalidSignatureValue"


def test_final_digests_are_those_of_messages() -> None:
    assert digest(b"a", b"b").final() == sha512(b"ab").digest()
    assert digest(b"a", b"b", response=True).final() == sha256(b"ab").digest()


def test_a_mark_as_the_page_says() -> None:
    """docs/protocols/node-to-node.md: label, kind, header digest, offset, time, digest so far."""
    signed = b"lienthong stream mark 1\n" + b"\x01" + HEADER + (3).to_bytes(8, "big") + NOW_MS.to_bytes(8, "big")
    assert digest(b"abc").mark(NOW_MS) == sha256(signed + sha512(b"abc").digest()).digest()
