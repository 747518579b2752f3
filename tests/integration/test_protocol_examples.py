"""The examples in docs/protocols are what the code does."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import msgspec
from tests.doubles.day_keys import KEY_ID, KEYS
from tests.doubles.signing import NOW_MS

from lienthong.adapters.day_keys import DayKey
from lienthong.evidence.batch import Placed, batch_document, batch_of, proof_document
from lienthong.evidence.digest import MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import RECORD_VERSION, Direction, Record, RecordKind
from lienthong.evidence.sealing import encode_frame
from lienthong.evidence.segment import SegmentHeader, decode_header, encode_entry, encode_header, genesis
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.evidence.xades import SignerTemplate

PROTOCOLS = Path(__file__).resolve().parents[2] / "docs" / "protocols"


def _blocks(name: str) -> list[str]:
    text = (PROTOCOLS / name).read_text(encoding="utf-8")
    assert len(text.split()) < 1000
    return re.findall(r"```text\n(.*?)```", text, re.DOTALL)


TEMPLATE = SignerTemplate(sha256(b"certificate").digest())
HEADER_PART = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"


def _said(block: str) -> dict[str, bytes]:
    return {line[:13].strip(): bytes.fromhex(line[13:]) for line in block.splitlines()}


def _response(body: bytes | None) -> MessageDigests:
    return response_digests(HEADER_PART, body, _said(_blocks("signature.md")[0])["request leaf"])


def test_example_of_the_signature() -> None:
    said = _said(_blocks("signature.md")[0])
    digests = _response(b'{"khop":true}')
    assert said["header"] == digests.header
    assert said["body"] == digests.body
    assert said["leaf"] == leaf(digests)
    assert said["signed info"] == sha256(TEMPLATE.signed_info(digests, NOW_MS)).digest()


def test_example_of_many_messages_under_one_signature() -> None:
    _, values, proof = _blocks("signature.md")
    said = _said(values)
    batch = batch_of([_response(b'{"khop":false}'), _response(None), _response(b'{"khop":true}')])
    assert [said["leaf 1"], said["leaf 2"], said["leaf 3"]] == list(batch.leaves)
    assert said["root"] == batch.root.root
    assert said["signed info"] == sha256(TEMPLATE.signed_info(batch.root, NOW_MS)).digest()
    assert proof.encode() == proof_document(Placed(batch.messages[2], batch.place(2)))
    assert proof.encode().endswith(b"\n\n" + batch_document(3, batch.root.root))


def _strings() -> list[str]:
    """The documents of signed-info.md, each in one line."""
    text = (PROTOCOLS / "signed-info.md").read_text(encoding="utf-8")
    assert len(text.split()) < 500
    return [re.sub(r"\n *", "", block) for block in re.findall(r"```xml\n(.*?)```", text, re.DOTALL)]


def test_the_strings_of_a_batch() -> None:
    info, properties = _strings()
    batch = batch_of([_response(None), _response(b'{"khop":true}')]).root
    values = {
        "signing time": "2021-03-01T08:00:00.250Z",
        "SHA-256 of the certificate": _base64(sha256(b"certificate").digest()),
        "SHA-256 of batch.txt": _base64(sha256(batch_document(batch.size, batch.root)).digest()),
        "SHA-256 of SignedProperties": _base64(sha256(TEMPLATE.signed_properties(batch, NOW_MS)).digest()),
    }
    for name, value in values.items():
        info, properties = (one.replace(f"‹{name}›", value) for one in (info, properties))
    assert info.encode() == TEMPLATE.signed_info(batch, NOW_MS)
    assert properties.encode() == TEMPLATE.signed_properties(batch, NOW_MS)


def test_the_strings_of_a_message_alone() -> None:
    text = (PROTOCOLS / "signed-info.md").read_text(encoding="utf-8")
    digests = _response(b'{"khop":true}')
    info, properties = (one(digests, NOW_MS).decode() for one in (TEMPLATE.signed_info, TEMPLATE.signed_properties))
    rows = re.findall(r"^\| (ref-\S+) \| (\S+) \| (\S+) \|$", text, re.MULTILINE)
    assert re.findall(r'<ds:Reference Id="(.+?)" URI="(.+?)">', info) == [row[:2] for row in rows]
    formats = re.findall(r'ObjectReference="#(.+?)"><xades:MimeType>(.+?)</xades:MimeType>', properties)
    assert formats == [(row[0], row[2]) for row in rows]
    request = request_digests(HEADER_PART, b"x")
    assert TEMPLATE.signed_info(request, NOW_MS).decode().count(request.algorithm.xml_uri) == 2
    assert request.algorithm.xml_uri in text


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def test_the_table_of_the_record_has_its_values_in_order() -> None:
    text = (PROTOCOLS / "ledger-record.md").read_text(encoding="utf-8")
    table = text.partition("## Record")[2].partition("## Frame record")[0]
    numbers = sorted(int(number) for number in re.findall(r"\| (\d+) \| (?=[a-zA-Z])", table))
    assert numbers == list(range(len(msgspec.structs.fields(Record))))
    assert f"array of {len(numbers)} values" in text


def test_example_of_the_segment() -> None:
    header_text, entry_text = _blocks("ledger-record.md")
    ledger_id = bytes(range(16))
    header = SegmentHeader(1, NOW_MS, ledger_id, genesis(ledger_id))
    assert bytes.fromhex(header_text) == encode_header(header)
    assert decode_header(bytes.fromhex(header_text)) == header
    entry, _ = encode_entry(header.previous_chain, [b"one", b"two"], seed=header.seed)
    assert bytes.fromhex(entry_text) == b"".join(entry)


def test_example_of_the_sealed_record() -> None:
    text, *_ = _blocks("sealed-record.md")
    part = b"GET\r\n/r1/VN/GOV/G01/dan-cu/nguoi/001099000001\r\n"
    digests = request_digests(part, None)
    record = Record(
        RECORD_VERSION,
        0,
        NOW_MS,
        Direction.PROVIDER,
        RecordKind.REQUEST,
        request_id="r-1",
        message_id="m-1",
        client="VN/PROV/H26/mot-cua",
        service="VN/GOV/G01/dan-cu/nguoi",
        grant_id="g-1",
        digest_algorithm=digests.algorithm,
        header_digest=digests.header,
        header_part=part,
        batch_size=1,
    )
    signature = Signature(ECDSA_P256_SHA256, sha256(b"certificate").digest(), NOW_MS, b"DER value")
    leaves = batch_of([digests]).leaves
    encoded = encode_frame(signature, leaves, [record], DayKey(KEY_ID, bytes(range(32)), b"twelve bytes"))
    assert bytes.fromhex(text) == encoded
    assert [one.header_part for one in decode_records(encoded, KEYS)] == [part]
    assert part[9:] not in encoded
