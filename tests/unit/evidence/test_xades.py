"""The constant canonical strings against lxml's own exclusive C14N."""

from __future__ import annotations

import hashlib

import pytest
from lxml import etree
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, request_record, response_record
from tests.doubles.signing import NOW_MS, Signer

from lienthong.evidence.digest import MessageDigests, request_digests, response_digests
from lienthong.evidence.document import SIGNATURES_FILE, message_files, signature_document
from lienthong.evidence.xades import request_leaf_file, signed_info_digest, signer_template, signing_time

SIGNER = Signer(BO_CONG_AN)
NAMES = {"ds": "http://www.w3.org/2000/09/xmldsig#", "xades": "http://uri.etsi.org/01903/v1.3.2#"}
SHAPES = [
    request_digests(b"header", b"body"),
    request_digests(b"header", None),
    response_digests(b"header", b"body", b"L" * 32),
    response_digests(b"header", None, b"L" * 32),
]


def _canonical(document: bytes, path: str) -> bytes:
    found = etree.fromstring(document).find(path, NAMES)
    assert found is not None
    canonical: bytes = etree.tostring(found, method="c14n", exclusive=True)
    return canonical


@pytest.mark.parametrize("digests", SHAPES)
def test_signed_parts_stand_in_the_document_in_canonical_form(digests: MessageDigests) -> None:
    document = signature_document(digests, SIGNER.sign(digests), SIGNER.certificate)
    template = signer_template(SIGNER.certificate.digest)
    assert _canonical(document, ".//ds:SignedInfo") == template.signed_info(digests, NOW_MS)
    assert _canonical(document, ".//xades:SignedProperties") == template.signed_properties(digests, NOW_MS)
    assert signed_info_digest(digests, SIGNER.certificate, NOW_MS) == (
        hashlib.sha256(_canonical(document, ".//ds:SignedInfo")).digest()
    )


@pytest.mark.parametrize("digests", SHAPES)
def test_every_reference_has_a_format_and_the_right_digest(digests: MessageDigests) -> None:
    root = etree.fromstring(signature_document(digests, SIGNER.sign(digests), SIGNER.certificate))
    references = root.findall(".//ds:Reference", NAMES)
    names = [reference.get("URI") for reference in references]
    expected = ["message-header"]
    expected += ["message-body"] if digests.body is not None else []
    expected += ["request.leaf"] if digests.request_leaf is not None else []
    assert names == [*expected, "#signed-properties"]
    formats = root.findall(".//xades:DataObjectFormat", NAMES)
    assert [one.get("ObjectReference") for one in formats] == [f"#{one.get('Id')}" for one in references[:-1]]


def test_the_document_is_the_same_at_every_call() -> None:
    digests = SHAPES[2]
    signature = SIGNER.sign(digests)
    first = signature_document(digests, signature, SIGNER.certificate)
    signer_template.cache_clear()
    assert signature_document(digests, signature, SIGNER.certificate) == first


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (1_614_585_600_250, b"2021-03-01T08:00:00.250Z"),
        (1_614_585_600_000, b"2021-03-01T08:00:00.000Z"),
        (1_614_585_599_999, b"2021-03-01T07:59:59.999Z"),
    ],
)
def test_signing_time_is_utc_with_milliseconds(ms: int, text: bytes) -> None:
    assert signing_time(ms) == text


def test_request_leaf_file_is_hexadecimal_text_with_line_feed() -> None:
    assert request_leaf_file(b"\xab" * 32) == b"ab" * 32 + b"\n"


def test_files_of_a_record_are_named_as_its_references() -> None:
    request = message_files(request_record(Signer(HA_NOI)), SIGNER.certificate)
    assert list(request) == ["message-header", "message-body", SIGNATURES_FILE]
    response = message_files(response_record(SIGNER), SIGNER.certificate)
    assert list(response) == ["message-header", "message-body", "request.leaf", SIGNATURES_FILE]
