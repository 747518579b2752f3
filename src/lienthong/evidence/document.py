"""The XAdES signature document over one message or a batch, written when somebody asks for evidence.

Rebuilt from what the ledger keeps (digests, signature, certificate) byte for byte the same each time; SignedInfo and
SignedProperties are the canonical strings of `xades`, put in unchanged. Not on the hot path. Source of the root
element: ETSI EN 319 162-1, annex A.
"""

from __future__ import annotations

from binascii import b2a_base64

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from lienthong.domain.errors import Unproven
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.batch import Placed, batch_document, proof_document, root_of
from lienthong.evidence.record import Record, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.evidence.xades import (
    BATCH_FILE,
    BODY_FILE,
    HEADER_FILE,
    REQUEST_LEAF_FILE,
    XMLDSIG,
    Signed,
    request_leaf_file,
    signer_template,
)

SIGNATURES_FILE = "META-INF/signatures.xml"
PROOF_FILE = "message.proof"


def signature_document(signed: Signed, signature: Signature, certificate: SigningCertificate) -> bytes:
    """``META-INF/signatures.xml`` for a message or a batch. Raises Unproven InvalidSignatureValue (no ECDSA value).

    Nothing is verified here: the document of a false signature is false too, and stock verifiers say so.
    """
    template = signer_template(certificate.digest)
    return b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n',
            b'<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">',
            f'<ds:Signature {XMLDSIG} Id="signature">'.encode(),
            template.signed_info(signed, signature.signed_at_ms),
            b'<ds:SignatureValue Id="signature-value">',
            b2a_base64(_raw_value(signature.value), newline=False),
            b"</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>",
            b2a_base64(certificate.der, newline=False),
            b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>",
            b'<xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#signature">',
            template.signed_properties(signed, signature.signed_at_ms),
            b"</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n",
        )
    )


def message_files(record: Record, certificate: SigningCertificate) -> dict[str, bytes]:
    """The files of a signed message by name: parts as far as they are kept and readable, and the signature document.

    Where the signature is over a batch, also the batch document that it signs, and the proof that leads to it from
    the message. Raises Unproven: SignatureVerification for a record without the signature of a whole message,
    InvalidReference for a place in a batch that its path does not fit.
    """
    if record.signature is None or record.kind is RecordKind.STREAM:
        raise Unproven("SignatureVerification", "The record has no signature of a whole message")
    files = {} if record.key_id else {HEADER_FILE: record.header_part}
    if record.body is not None and not record.key_id:
        files[BODY_FILE] = record.body
    if record.request_leaf is not None:
        files[REQUEST_LEAF_FILE] = request_leaf_file(record.request_leaf)
    signed: Signed = record.digests
    if record.batch_place is not None:
        placed = Placed(record.digests, record.batch_place)
        signed = root_of(placed)
        files[BATCH_FILE] = batch_document(signed.size, signed.root)
        files[PROOF_FILE] = proof_document(placed)
    files[SIGNATURES_FILE] = signature_document(signed, record.signature, certificate)
    return files


def _raw_value(der: bytes) -> bytes:
    """r ‖ s, 32 bytes each (XML Signature 1.1, section 6.4.3), from the DER form."""
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError):
        raise Unproven("InvalidSignatureValue", "The signature value is no P-256 value") from None
