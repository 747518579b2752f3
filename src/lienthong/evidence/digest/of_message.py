"""Digests of the parts of a message, and the leaf that stands for the whole message.

A message is a header part and perhaps a body; an answer also names the request that it answers, by its leaf. What is
signed, logged and later sealed are these digests, never the parts themselves.

Leaf (SHA-256, RFC 6962 section 2.1 leaf prefix), independent of how many messages share a signature::

    0x00 ‖ "lienthong leaf 1\\n" ‖ kind ‖ algorithm ‖ header digest ‖ has body ‖ body digest ‖ request leaf

kind: 0x01 request, 0x02 response. algorithm: 0x01 SHA-256, 0x02 SHA-512. has body: 0x00 or 0x01. The body digest is
absent where there is no body, the request leaf (32 bytes) is there in a response only. The length of every part
follows from the bytes before it, so two different messages cannot have the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256, sha512
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.evidence.digest.of_each import sha256_of_each, sha512_of_each

LEAF_SIZE = 32


class DigestAlgorithm(StrEnum):
    """Digest of the message parts; requests use SHA-512, the digest that X-Road-Request-Hash needs too."""

    SHA512 = "sha-512"
    SHA256 = "sha-256"

    @property
    def xml_uri(self) -> str:
        """Algorithm identifier in XML signatures (XML Encryption 1.1, section 5.7)."""
        return _XML_URIS[self.value]

    @property
    def size(self) -> int:
        """Bytes of one digest."""
        return 64 if self is DigestAlgorithm.SHA512 else 32

    def of(self, content: bytes) -> bytes:
        """Digest of `content`."""
        return (sha512 if self is DigestAlgorithm.SHA512 else sha256)(content).digest()


_XML_URIS = {
    "sha-512": "http://www.w3.org/2001/04/xmlenc#sha512",
    "sha-256": "http://www.w3.org/2001/04/xmlenc#sha256",
}


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class MessageDigests:
    """What identifies one message. `request_leaf` is None in a request and 32 bytes in a response."""

    algorithm: Final[DigestAlgorithm]
    header: Final[bytes]
    body: Final[bytes | None]
    request_leaf: Final[bytes | None]

    def __init__(
        self, algorithm: DigestAlgorithm, header: bytes, body: bytes | None, request_leaf: bytes | None
    ) -> None:
        self.algorithm = algorithm
        self.header = header
        self.body = body
        self.request_leaf = request_leaf


def request_digests(header_part: bytes, body: bytes | None) -> MessageDigests:
    """Digests of a request: SHA-512."""
    return MessageDigests(
        _SHA512,
        sha512(header_part).digest(),
        None if body is None else sha512(body).digest(),
        None,
    )


def response_digests(header_part: bytes, body: bytes | None, request_leaf: bytes) -> MessageDigests:
    """Digests of the response to the request with leaf `request_leaf`: SHA-256."""
    return MessageDigests(
        _SHA256,
        sha256(header_part).digest(),
        None if body is None else sha256(body).digest(),
        request_leaf,
    )


def digests_of_requests(parts: list[bytes], bodies: list[bytes | None]) -> list[MessageDigests]:
    """`request_digests` of each, worked out together."""
    found = sha512_of_each(_strings(parts, bodies))
    return _digests(_SHA512, found, bodies, [None] * len(parts))


def digests_of_responses(
    parts: list[bytes], bodies: list[bytes | None], request_leaves: Sequence[bytes]
) -> list[MessageDigests]:
    """`response_digests` of each, worked out together."""
    found = sha256_of_each(_strings(parts, bodies))
    return _digests(_SHA256, found, bodies, request_leaves)


def _strings(parts: list[bytes], bodies: list[bytes | None]) -> list[bytes]:
    """All header parts, then the bodies that there are."""
    strings = parts.copy()
    for body in bodies:
        if body is not None:
            strings.append(body)
    return strings


def _digests(
    algorithm: DigestAlgorithm,
    found: list[bytes],
    bodies: list[bytes | None],
    request_leaves: Sequence[bytes | None],
) -> list[MessageDigests]:
    """From the digests of `_strings`."""
    made: list[MessageDigests] = []
    of_body = len(bodies)
    for at, body in enumerate(bodies):
        if body is None:
            made.append(MessageDigests(algorithm, found[at], None, request_leaves[at]))
        else:
            made.append(MessageDigests(algorithm, found[at], found[of_body], request_leaves[at]))
            of_body += 1
    return made


def whole_digests(requests: Sequence[MessageDigests]) -> list[bytes]:
    """What X-Road-Request-Hash says of each, in bytes: SHA-512 of both digests, or that of the header part alone."""
    both = [one.header + one.body for one in requests if one.body is not None]
    found = iter(sha512_of_each(both))
    return [one.header if one.body is None else next(found) for one in requests]


@mypyc_attr(acyclic=True, free_list_len=1)
class Draft:
    """A message that is about to be signed. Its digests are worked out when they are first asked for, or before with
    those of others (`work_out`). `request_leaf` is None in a request, as in `MessageDigests`.
    """

    __slots__ = ("_digests", "_whole", "body", "header_part", "request_leaf")

    def __init__(self, header_part: bytes, body: bytes | None, request_leaf: bytes | None = None) -> None:
        self.header_part = header_part
        self.body = body
        self.request_leaf = request_leaf
        self._digests: MessageDigests | None = None
        self._whole: bytes | None = None

    @property
    def digests(self) -> MessageDigests:
        """Those of the message."""
        if self._digests is None:
            work_out([self])
        assert self._digests is not None
        return self._digests

    @property
    def known(self) -> bool:
        """Whether its digests were worked out."""
        return self._digests is not None

    @property
    def whole(self) -> bytes | None:
        """What `whole_digests` says of a request, if it was worked out with its digests."""
        return self._whole

    def worked_out(self, digests: MessageDigests, whole: bytes | None) -> None:
        """Told by `work_out`."""
        self._digests, self._whole = digests, whole


def work_out(drafts: Sequence[Draft]) -> None:
    """The digests of all of them that have none yet."""
    new = [one for one in drafts if not one.known]
    requests = [one for one in new if one.request_leaf is None]
    if requests:
        digests = digests_of_requests([one.header_part for one in requests], [one.body for one in requests])
        for draft, found, whole in zip(requests, digests, whole_digests(digests), strict=True):
            draft.worked_out(found, whole)
    responses = [one for one in new if one.request_leaf is not None]
    if responses:
        leaves = [one.request_leaf for one in responses if one.request_leaf is not None]
        parts, bodies = [one.header_part for one in responses], [one.body for one in responses]
        for draft, found in zip(responses, digests_of_responses(parts, bodies, leaves), strict=True):
            draft.worked_out(found, None)


_SHA512: Final = DigestAlgorithm.SHA512
_SHA256: Final = DigestAlgorithm.SHA256
_PREFIX = b"\x00lienthong leaf 1\n"
_REQUEST_256: Final = _PREFIX + b"\x01\x01"
_REQUEST_512: Final = _PREFIX + b"\x01\x02"
_RESPONSE_256: Final = _PREFIX + b"\x02\x01"
_RESPONSE_512: Final = _PREFIX + b"\x02\x02"


def leaf(digests: MessageDigests) -> bytes:
    """The 32-byte leaf of a message (layout in the module's text)."""
    return sha256(_leaf_input(digests)).digest()


def leaves_of(messages: Sequence[MessageDigests | bytes]) -> list[bytes]:
    """`leaf` of each, worked out together; what is a leaf already stays it."""
    found = iter(sha256_of_each([_leaf_input(one) for one in messages if not isinstance(one, bytes)]))
    return [one if isinstance(one, bytes) else next(found) for one in messages]


def _leaf_input(digests: MessageDigests) -> bytes:
    body, request_leaf, longer = digests.body, digests.request_leaf, digests.algorithm is _SHA512
    if request_leaf is None:
        prefix = _REQUEST_512 if longer else _REQUEST_256
    else:
        prefix = _RESPONSE_512 if longer else _RESPONSE_256
    if body is None:
        return b"%b%b\x00%b" % (prefix, digests.header, request_leaf or b"")
    return b"%b%b\x01%b%b" % (prefix, digests.header, body, request_leaf or b"")
