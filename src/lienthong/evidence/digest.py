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

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256, sha512
from typing import Final

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


_SHA512: Final = DigestAlgorithm.SHA512
_SHA256: Final = DigestAlgorithm.SHA256
_PREFIX = b"\x00lienthong leaf 1\n"
_REQUEST_256: Final = _PREFIX + b"\x01\x01"
_REQUEST_512: Final = _PREFIX + b"\x01\x02"
_RESPONSE_256: Final = _PREFIX + b"\x02\x01"
_RESPONSE_512: Final = _PREFIX + b"\x02\x02"


def leaf(digests: MessageDigests) -> bytes:
    """The 32-byte leaf of a message (layout in the module's text)."""
    body, request_leaf, longer = digests.body, digests.request_leaf, digests.algorithm is _SHA512
    if request_leaf is None:
        prefix = _REQUEST_512 if longer else _REQUEST_256
    else:
        prefix = _RESPONSE_512 if longer else _RESPONSE_256
    if body is None:
        return sha256(b"%b%b\x00%b" % (prefix, digests.header, request_leaf or b"")).digest()
    return sha256(b"%b%b\x01%b%b" % (prefix, digests.header, body, request_leaf or b"")).digest()
