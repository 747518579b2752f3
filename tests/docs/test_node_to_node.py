"""The examples of docs/protocols/node-to-node.md are what the code makes."""

from __future__ import annotations

import re
from hashlib import sha256

from tests.architecture.tree import REPO

from lienthong.evidence.digest import leaf, request_digests
from lienthong.evidence.stream import MARK_EVERY, StreamDigest
from lienthong.wire.message import PART_BYTES_MAX, parse_request_part, parse_response_part, request_hash
from lienthong.wire.node_message import request_bytes
from lienthong.wire.stream_frames import DATA_MAX, Head, head_frame

TEXT = (REPO / "docs" / "protocols" / "node-to-node.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
PART = BLOCKS[0].replace("\n", "\r\n").encode()
BODY = b'{"soDinhDanh":"001099000001"}'
SIGNED_AT_MS = 1_614_585_600_250
DIGESTS = request_digests(PART, BODY)


def test_the_page_is_short() -> None:
    assert len(TEXT.split()) <= 1200


def test_the_request() -> None:
    assert parse_request_part(PART).exchange_ids()[0] == "VN-01937a4e-0000-7000-a000-000000000002"
    carried = request_bytes(b"nut.bca.example", PART, BODY, signature=b"x").decode()
    head = carried.partition("\r\n\r\n")[0].split("\r\n")
    shown = BLOCKS[1].split("\n")
    assert [line for line in head if not line.startswith("Lienthong-Signature")] == [
        line for line in shown[: len(head)] if not line.startswith("Lienthong-Signature")
    ]


def test_the_answer() -> None:
    part = parse_response_part(BLOCKS[2].replace("\n", "\r\n").encode())
    assert part.request_hash == request_hash(DIGESTS.header, DIGESTS.body)
    short = f"{leaf(DIGESTS).hex()[:8]}…{leaf(DIGESTS).hex()[-4:]}"
    assert short in TEXT


def test_the_marks() -> None:
    digest = StreamDigest(DIGESTS.header, response=False)
    marks = [digest.mark(SIGNED_AT_MS).hex()]
    digest.add(BODY)
    marks.append(digest.mark(SIGNED_AT_MS).hex())
    assert re.findall(r"[0-9a-f]{64}", BLOCKS[4]) == marks


def test_the_beginning_of_the_stream() -> None:
    frame = head_frame(Head(None, SIGNED_AT_MS, sha256(b"certificate").digest(), bytes(8), PART))
    shown = BLOCKS[3].split("‹")[0].replace(" ", "").strip()
    begin, end = shown.split("…")
    assert frame.hex().startswith(begin)
    assert frame[:54].hex().endswith(end)


def test_the_bounds() -> None:
    assert f"{PART_BYTES_MAX:,} bytes" in TEXT
    assert (MARK_EVERY, DATA_MAX) == (1 << 20, 2 << 20)
