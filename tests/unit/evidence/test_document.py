"""The rebuilt signature document and the files beside it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import msgspec
import pytest
from lxml import etree
from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, in_batch, outcome_record, request_record, response_record
from tests.doubles.signing import Signer
from tests.doubles.values import replace

from lienthong.domain.errors import Unproven
from lienthong.evidence.digest import MessageDigests, request_digests, response_digests
from lienthong.evidence.document import SIGNATURES_FILE, message_files, signature_document
from lienthong.evidence.xades import signer_template

SIGNER = Signer(BO_CONG_AN)
NAMES = {"ds": "http://www.w3.org/2000/09/xmldsig#", "xades": "http://uri.etsi.org/01903/v1.3.2#"}
SHAPES = [
    request_digests(b"header", b"body"),
    request_digests(b"header", None),
    response_digests(b"header", b"body", b"L" * 32),
    response_digests(b"header", None, b"L" * 32),
]


@pytest.mark.parametrize("digests", SHAPES)
def test_every_reference_has_a_format_and_names_a_file(digests: MessageDigests) -> None:
    root = etree.fromstring(signature_document(digests, SIGNER.sign(digests), SIGNER.certificate))
    references = root.findall(".//ds:Reference", NAMES)
    expected = ["message-header"]
    expected += ["message-body"] if digests.body is not None else []
    expected += ["request.leaf"] if digests.request_leaf is not None else []
    assert [reference.get("URI") for reference in references] == [*expected, "#signed-properties"]
    formats = root.findall(".//xades:DataObjectFormat", NAMES)
    assert [one.get("ObjectReference") for one in formats] == [f"#{one.get('Id')}" for one in references[:-1]]


def test_the_document_is_the_same_at_every_call() -> None:
    digests = SHAPES[2]
    signature = SIGNER.sign(digests)
    first = signature_document(digests, signature, SIGNER.certificate)
    signer_template.cache_clear()
    assert signature_document(digests, signature, SIGNER.certificate) == first


def test_files_of_a_record_are_named_as_its_references() -> None:
    request = message_files(request_record(Signer(HA_NOI)), SIGNER.certificate)
    assert list(request) == ["message-header", "message-body", SIGNATURES_FILE]
    response = message_files(response_record(SIGNER), SIGNER.certificate)
    assert list(response) == ["message-header", "message-body", "request.leaf", SIGNATURES_FILE]


def test_a_body_that_was_not_kept_is_no_file() -> None:
    record = msgspec.structs.replace(request_record(SIGNER), body=None)
    assert list(message_files(record, SIGNER.certificate)) == ["message-header", SIGNATURES_FILE]


@pytest.mark.parametrize(
    "record", [outcome_record(), msgspec.structs.replace(request_record(SIGNER), proof=(b"x" * 32,))]
)
def test_a_record_without_its_own_signature_has_no_files(record: object) -> None:
    with pytest.raises(Unproven):
        message_files(record, SIGNER.certificate)  # type: ignore[arg-type]


def test_files_of_a_message_in_a_batch_are_its_parts_the_signed_document_and_the_proof() -> None:
    own, record = response_record(SIGNER), in_batch(response_record(SIGNER), SIGNER)
    files = message_files(record, SIGNER.certificate)
    parts = ["message-header", "message-body", "request.leaf"]
    assert list(files) == [*parts, "batch.txt", "message.proof", SIGNATURES_FILE]
    unbatched = message_files(own, SIGNER.certificate)
    assert [files[name] for name in parts] == [unbatched[name] for name in parts]
    assert files["message.proof"].startswith(b"c2sp.org/tlog-proof@v1\nindex 2\n")
    assert files["message.proof"].endswith(b"\n\n" + files["batch.txt"])
    root = etree.fromstring(files[SIGNATURES_FILE])
    signed, properties = root.findall(".//ds:Reference", NAMES)
    assert (signed.get("URI"), properties.get("URI")) == ("batch.txt", "#signed-properties")
    assert signed.findtext("ds:DigestValue", None, NAMES) == b64encode(sha256(files["batch.txt"]).digest()).decode()
    (media_type,) = root.findall(".//xades:DataObjectFormat", NAMES)
    assert media_type.get("ObjectReference") == f"#{signed.get('Id')}" == "#ref-batch"


@pytest.mark.parametrize("value", [b"", b"\x30\x00", b"garbage", bytes.fromhex("302602210100000000") + bytes(32)])
def test_a_value_that_is_no_signature_has_no_document(value: bytes) -> None:
    signature = replace(SIGNER.sign(SHAPES[0]), value=value)
    with pytest.raises(Unproven, match="InvalidSignatureValue"):
        signature_document(SHAPES[0], signature, SIGNER.certificate)
