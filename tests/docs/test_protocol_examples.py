"""The examples in docs/protocols are what the code does."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from tests.doubles.signing import NOW_MS

from lienthong.evidence.digest import leaf, response_digests
from lienthong.evidence.segment import SegmentHeader, decode_header, encode_entry, encode_header, genesis
from lienthong.evidence.xades import SignerTemplate

PROTOCOLS = Path(__file__).resolve().parents[2] / "docs" / "protocols"


def _blocks(name: str) -> list[str]:
    text = (PROTOCOLS / name).read_text(encoding="utf-8")
    assert len(text.split()) < 1000
    return re.findall(r"```text\n(.*?)```", text, re.DOTALL)


def test_example_of_the_signature() -> None:
    (block,) = _blocks("signature.md")
    said = {line[:13].strip(): bytes.fromhex(line[13:]) for line in block.splitlines()}
    header_part = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
    digests = response_digests(header_part, b'{"khop":true}', said["request leaf"])
    template = SignerTemplate(sha256(b"certificate").digest())
    assert said["header"] == digests.header
    assert said["body"] == digests.body
    assert said["leaf"] == leaf(digests)
    assert said["signed info"] == sha256(template.signed_info(digests, NOW_MS)).digest()


def test_example_of_the_segment() -> None:
    header_text, entry_text = _blocks("ledger-record.md")
    ledger_id = bytes(range(16))
    header = SegmentHeader(1, NOW_MS, ledger_id, genesis(ledger_id))
    assert bytes.fromhex(header_text) == encode_header(header)
    assert decode_header(bytes.fromhex(header_text)) == header
    entry, _ = encode_entry(header.previous_chain, [b"one", b"two"], seed=header.seed)
    assert bytes.fromhex(entry_text) == entry
