"""SHA-256 and SHA-512 of many byte strings in one call. Pure.

In the wheel it is done natively (``_of_each.c``): the algorithm is not looked up for each string, and SHA-512 works
on eight strings side by side where the processor has AVX-512. From the sources it is `hashlib`, one by one; a test
holds the two against each other (docs/decisions/0024-native-steps.md).
"""

from __future__ import annotations

from hashlib import sha256, sha512

__all__ = ["sha256_of_each", "sha256_of_pairs", "sha512_of_each"]


def _sha256_one_by_one(strings: list[bytes]) -> list[bytes]:
    return [sha256(one).digest() for one in _checked(strings)]


def _sha256_pair_by_pair(prefix: bytes, strings: list[bytes]) -> list[bytes]:
    """The digests of `prefix` with the first and the second, the third and the fourth, and so on; an odd one is left
    out."""
    if type(prefix) is not bytes:
        raise TypeError("a prefix in bytes is needed")
    left, right = _checked(strings)[::2], strings[1::2]
    return [sha256(prefix + one + other).digest() for one, other in zip(left, right, strict=False)]


def _sha512_one_by_one(strings: list[bytes]) -> list[bytes]:
    return [sha512(one).digest() for one in _checked(strings)]


def _checked(strings: list[bytes]) -> list[bytes]:
    """Raises TypeError for what is no list of bytes, as the native way does."""
    if type(strings) is not list or any(type(one) is not bytes for one in strings):
        raise TypeError("a list of bytes objects is needed")
    return strings


try:
    from lienthong.evidence.digest._of_each import sha256_of_each, sha256_of_pairs, sha512_of_each
except ImportError:
    sha256_of_each, sha256_of_pairs = _sha256_one_by_one, _sha256_pair_by_pair
    sha512_of_each = _sha512_one_by_one
