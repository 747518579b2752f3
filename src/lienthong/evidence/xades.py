"""The XAdES baseline B form of a signature over one message or over a batch, made of constant canonical strings.

Sender and receiver need only the digest of the canonical SignedInfo; the whole document is written (see `document`)
when somebody asks for evidence, byte for byte the same each time. Law:

    SignedInfo and SignedProperties stand in the document exactly as exclusive C14N writes them

so nothing here ever canonicalises, and a stock verifier that does canonicalise finds the same bytes. References are
detached and named as the files of a container: those of a message (``message-header``, ``message-body``, and
``request.leaf``: hexadecimal text of the request's leaf and a line feed), or ``batch.txt`` (`batch`) alone, so that
no signature of one form is one of the other. Sources: XML Signature 1.1; Exclusive XML Canonicalization 1.0; ETSI
EN 319 132-1 (baseline B).
"""

from __future__ import annotations

from binascii import b2a_base64
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from lienthong.domain.network import SigningCertificate
from lienthong.domain.value import Value
from lienthong.evidence.batch import BatchRoot, batch_document
from lienthong.evidence.digest import DigestAlgorithm, MessageDigests

HEADER_FILE = "message-header"
BODY_FILE = "message-body"
REQUEST_LEAF_FILE = "request.leaf"
BATCH_FILE = "batch.txt"

Signed = MessageDigests | BatchRoot
"""What a signature is over: one message, or the root of a batch."""

XMLDSIG = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
_EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256 = DigestAlgorithm.SHA256.xml_uri


class _Part(NamedTuple):
    reference_id: str
    file: str
    mime_type: str


_HEADER = _Part("ref-header", HEADER_FILE, "application/octet-stream")
_BODY = _Part("ref-body", BODY_FILE, "application/octet-stream")
_LEAF = _Part("ref-request", REQUEST_LEAF_FILE, "text/plain")
_BATCH = _Part("ref-batch", BATCH_FILE, "text/plain")


def _reference_head(part: _Part, algorithm: DigestAlgorithm) -> str:
    return (
        f'<ds:Reference Id="{part.reference_id}" URI="{part.file}">'
        f'<ds:DigestMethod Algorithm="{algorithm.xml_uri}"></ds:DigestMethod><ds:DigestValue>'
    )


_REFERENCE_END = "</ds:DigestValue></ds:Reference>"
_SIGNED_INFO_HEAD = (
    f'<ds:SignedInfo {XMLDSIG}><ds:CanonicalizationMethod Algorithm="{_EXC_C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>'
)
_PROPERTIES_REFERENCE_HEAD = (
    f'{_REFERENCE_END}<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#signed-properties">'
    f'<ds:Transforms><ds:Transform Algorithm="{_EXC_C14N}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>'
).encode()
_BATCH_HEAD = (_SIGNED_INFO_HEAD + _reference_head(_BATCH, DigestAlgorithm.SHA256)).encode()
_SIGNED_INFO_END = (_REFERENCE_END + "</ds:SignedInfo>").encode()
_PROPERTIES_HEAD = (
    b'<xades:SignedProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Id="signed-properties">'
    b"<xades:SignedSignatureProperties><xades:SigningTime>"
)


class _Shape(Value):
    """Constant pieces of SignedInfo for one set of parts: before the header digest, before the body digest, …"""

    header: bytes
    body: bytes
    request_leaf: bytes


@lru_cache(maxsize=8)
def _shape(algorithm: DigestAlgorithm, has_body: bool, is_response: bool) -> _Shape:
    body = _REFERENCE_END + _reference_head(_BODY, algorithm) if has_body else ""
    leaf = _REFERENCE_END + _reference_head(_LEAF, algorithm) if is_response else ""
    return _Shape(
        (_SIGNED_INFO_HEAD + _reference_head(_HEADER, algorithm)).encode(),
        body.encode(),
        leaf.encode(),
    )


def _message_parts(has_body: bool, is_response: bool) -> list[_Part]:
    return [_HEADER, *([_BODY] if has_body else []), *([_LEAF] if is_response else [])]


def _properties_tail(certificate_digest: bytes, parts: list[_Part]) -> bytes:
    """SignedProperties after the signing time."""
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#{part.reference_id}">'
        f"<xades:MimeType>{part.mime_type}</xades:MimeType></xades:DataObjectFormat>"
        for part in parts
    )
    digest = b2a_base64(certificate_digest, newline=False).decode()
    return (
        "</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod {XMLDSIG} Algorithm="{_SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue {XMLDSIG}>{digest}</ds:DigestValue>"
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
        f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties></xades:SignedProperties>"
    ).encode()


class SignerTemplate:
    """What stays the same in all signatures made with one certificate (digest: SHA-256 of its DER, 32 bytes)."""

    __slots__ = ("_batch_tail", "_tails", "certificate_digest")

    def __init__(self, certificate_digest: bytes) -> None:
        self.certificate_digest = certificate_digest
        self._tails = tuple(
            _properties_tail(certificate_digest, _message_parts(has_body, is_response))
            for has_body in (False, True)
            for is_response in (False, True)
        )
        self._batch_tail = _properties_tail(certificate_digest, [_BATCH])

    def signed_properties(self, signed: Signed, signed_at_ms: int) -> bytes:
        """Canonical SignedProperties: signing time, certificate digest, media type of each reference."""
        return _properties(self._tail(signed), signed_at_ms)

    def signed_info(self, signed: Signed, signed_at_ms: int) -> bytes:
        """Canonical SignedInfo: the bytes that are signed."""
        pieces = _batch_reference(signed) if isinstance(signed, BatchRoot) else _message_references(signed)
        properties = _properties_digest(self._tail(signed), signed_at_ms)
        pieces += (_PROPERTIES_REFERENCE_HEAD, properties, _SIGNED_INFO_END)
        return b"".join(pieces)

    def _tail(self, signed: Signed) -> bytes:
        if isinstance(signed, BatchRoot):
            return self._batch_tail
        return self._tails[2 * (signed.body is not None) + (signed.request_leaf is not None)]


def _batch_reference(batch: BatchRoot) -> list[bytes]:
    digest = sha256(batch_document(batch.size, batch.root)).digest()
    return [_BATCH_HEAD, b2a_base64(digest, newline=False)]


def _message_references(digests: MessageDigests) -> list[bytes]:
    algorithm, body, request_leaf = digests.algorithm, digests.body, digests.request_leaf
    shape = _shape(algorithm, body is not None, request_leaf is not None)
    pieces = [shape.header, b2a_base64(digests.header, newline=False)]
    if body is not None:
        pieces += (shape.body, b2a_base64(body, newline=False))
    if request_leaf is not None:
        digest = algorithm.of(request_leaf_file(request_leaf))
        pieces += (shape.request_leaf, b2a_base64(digest, newline=False))
    return pieces


def _properties(tail: bytes, signed_at_ms: int) -> bytes:
    return _PROPERTIES_HEAD + signing_time(signed_at_ms) + tail


@lru_cache(maxsize=256)
def _properties_digest(tail: bytes, signed_at_ms: int) -> bytes:
    """As text. What is signed together has one signing time, at its sender and at its receiver."""
    return b2a_base64(sha256(_properties(tail, signed_at_ms)).digest(), newline=False)


@lru_cache(maxsize=4096)
def signer_template(certificate_digest: bytes) -> SignerTemplate:
    """The template for a certificate, made once."""
    return SignerTemplate(certificate_digest)


@lru_cache(maxsize=64)
def _second(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def signing_time(signed_at_ms: int) -> bytes:
    """xsd:dateTime in UTC with milliseconds: ``2021-03-01T08:00:00.250Z``."""
    second, ms = divmod(signed_at_ms, 1000)
    return b"%b.%03dZ" % (_second(second), ms)


def request_leaf_file(request_leaf: bytes) -> bytes:
    """Content of the file ``request.leaf``: 64 hexadecimal digits and a line feed."""
    return request_leaf.hex().encode() + b"\n"


def signed_info_digest(signed: Signed, certificate: SigningCertificate, signed_at_ms: int) -> bytes:
    """SHA-256 (32 bytes) over the canonical SignedInfo: what the ECDSA key signs."""
    return sha256(signer_template(certificate.digest).signed_info(signed, signed_at_ms)).digest()
