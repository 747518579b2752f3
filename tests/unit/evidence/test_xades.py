"""The constant canonical strings against lxml's own exclusive C14N."""

from __future__ import annotations

import hashlib

import pytest
from lxml import etree
from tests.doubles.exchanges import BO_CONG_AN
from tests.doubles.signing import NOW_MS, Signer

from lienthong.evidence.batch import BatchRoot
from lienthong.evidence.digest import request_digests, response_digests
from lienthong.evidence.document import signature_document
from lienthong.evidence.xades import (
    Signed,
    SignerTemplate,
    request_leaf_file,
    signed_info_digest,
    signer_template,
    signing_time,
)

SIGNER = Signer(BO_CONG_AN)
NAMES = {"ds": "http://www.w3.org/2000/09/xmldsig#", "xades": "http://uri.etsi.org/01903/v1.3.2#"}
SHAPES: list[Signed] = [
    request_digests(b"header", b"body"),
    request_digests(b"header", None),
    response_digests(b"header", b"body", b"L" * 32),
    response_digests(b"header", None, b"L" * 32),
    BatchRoot(3, b"R" * 32),
]


def _canonical(document: bytes, path: str) -> bytes:
    found = etree.fromstring(document).find(path, NAMES)
    assert found is not None
    canonical: bytes = etree.tostring(found, method="c14n", exclusive=True)
    return canonical


@pytest.mark.parametrize("signed", SHAPES)
def test_signed_parts_stand_in_the_document_in_canonical_form(signed: Signed) -> None:
    document = signature_document(signed, SIGNER.sign(signed), SIGNER.certificate)
    template = signer_template(SIGNER.certificate.digest)
    assert _canonical(document, ".//ds:SignedInfo") == template.signed_info(signed, NOW_MS)
    assert _canonical(document, ".//xades:SignedProperties") == template.signed_properties(signed, NOW_MS)
    assert signed_info_digest(signed, SIGNER.certificate, NOW_MS) == (
        hashlib.sha256(_canonical(document, ".//ds:SignedInfo")).digest()
    )


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


def test_the_canonical_strings_never_change() -> None:
    """The signatures of years are over exactly these bytes; a change here is a new signature form, not a fix."""
    template = SignerTemplate(bytes(range(32)))
    digests = [template.signed_info(shape, NOW_MS) for shape in SHAPES]
    assert [hashlib.sha256(signed_info).hexdigest() for signed_info in digests] == [
        "0c70f8b4cf73e4cf68dd93703ae2eb5bc1de01dd2a58ba9515ef18c1b17155a9",
        "a6f53871d85ad59bbce2a8f7cffe87d45c5c310499c98195efa1136b84df97c2",
        "d21edd4cd09f913a8a4089eba37d30c6c7335ecc63b6a12149fbb6994e041286",
        "2a94ba194acbe5f788128d72ad4ce07740aa67d3cc82e20421b6968204dc7bdc",
        "4730de1d474a5b083a0246483dfbbaab645730f06cfd223b249d29447693574f",
    ]
