"""The examples and tables of docs/protocols/trunk.md are what the code makes and keeps."""

from __future__ import annotations

import re
from hashlib import sha256

from tests.architecture.tree import REPO

from lienthong.adapters.trunk import GIVEN_UP_S, PATIENCE_S, SILENCE_S
from lienthong.domain.errors import Malformed
from lienthong.evidence.digest import leaf, request_digests, response_digests
from lienthong.node.use_cases.trunk.calling import WAY_BACK_S
from lienthong.node.use_cases.trunk.serving import UNREAD_MAX
from lienthong.node.use_cases.trunk.trunks import PAUSE_MAX_S
from lienthong.wire import trunk
from lienthong.wire.message import PART_BYTES_MAX, parse_request_part, parse_response_part, request_hash
from lienthong.wire.trunk_reader import Role, TrunkReader

PROTOCOLS = REPO / "docs" / "protocols"
TEXT = (PROTOCOLS / "trunk.md").read_text(encoding="utf-8")


def examples(text: str) -> list[str]:
    return re.findall(r"```text\n(.*?)```", text, re.DOTALL)


ASKED, SWITCHED, HELLO, REQUESTS, ANSWERS, DIGESTS = examples(TEXT)
# The messages are those of the other page.
_MESSAGES = examples((PROTOCOLS / "node-to-node.md").read_text(encoding="utf-8"))
REQUEST_PART = _MESSAGES[0].replace("\n", "\r\n").encode()
ANSWER_PART = _MESSAGES[2].replace("\n", "\r\n").encode()
BODY = b'{"soDinhDanh":"001099000001"}'
SIGNATURE = trunk.FrameSignature(sha256(b"certificate").digest(), 1_614_585_600_250, bytes(range(8)))
BOUNDS = trunk.Bounds()


def frame(shown: str, *parts: bytes) -> bytes:
    """The bytes of an example: hexadecimal digits, with `parts` where their lengths are named."""
    digits, *named = re.split(r"‹(\d+) bytes of [a-z ]+›", shown.strip())
    assert [int(length) for length in named[::2]] == [len(part) for part in parts]
    return bytes.fromhex(digits) + b"".join(parts)


def test_the_page_is_short_and_says_how_a_trunk_is_had() -> None:
    assert len(TEXT.split()) <= 1500
    assert "`[peer] trunk = true`" in TEXT[:100]


def test_the_time_for_the_way_back() -> None:
    assert f"The opener tells {WAY_BACK_S:g} s less than it waits itself" in TEXT


def test_how_long_silence_is_borne() -> None:
    assert f"received nothing for {SILENCE_S:g} s sends PING" in TEXT
    assert f"After {SILENCE_S + GIVEN_UP_S:g} s of silence the trunk ends" in TEXT
    assert f"asks at once, and waits {PATIENCE_S:g} s" in TEXT


def test_the_upgrade() -> None:
    assert ASKED.replace("\n", "\r\n").encode() == trunk.upgrade_request(b"nut.bca.example")
    assert SWITCHED.replace("\n", "\r\n").encode() == trunk.UPGRADE_ANSWER
    assert f"{trunk.UPGRADE_BYTES_MAX:,} bytes" in TEXT
    assert f"after {PAUSE_MAX_S:g} s at most" in TEXT


def test_the_frames() -> None:
    request = trunk.TrunkRequest(1, 30_000, REQUEST_PART, BODY)
    answer = trunk.TrunkAnswer(1, ANSWER_PART, None)
    requests, answers = frame(REQUESTS, REQUEST_PART, BODY), frame(ANSWERS, ANSWER_PART)
    assert frame(HELLO) == trunk.hello_frame(BOUNDS)
    assert requests == trunk.requests_frame(SIGNATURE, [request])
    assert answers == trunk.answers_frame(SIGNATURE, [answer])
    for role, shown, read in (
        (Role.ACCEPTOR, requests, trunk.Requests(SIGNATURE, (request,))),
        (Role.OPENER, answers, trunk.Answers(SIGNATURE, (answer,))),
    ):
        reader = TrunkReader(role, BOUNDS)
        reader.feed(frame(HELLO) + shown)
        assert isinstance(reader.next_frame(), trunk.Hello)
        assert reader.next_frame() == read


def test_the_digests() -> None:
    asked = request_digests(REQUEST_PART, BODY)
    parse_request_part(REQUEST_PART)
    assert parse_response_part(ANSWER_PART).request_hash == request_hash(asked.header, asked.body)
    request_leaf = leaf(asked)
    assert re.findall(r"[0-9a-f]{64}", DIGESTS) == [
        request_leaf.hex(),
        leaf(response_digests(ANSWER_PART, None, request_leaf)).hex(),
        sha256(frame(REQUESTS, REQUEST_PART, BODY)).hexdigest(),
        sha256(frame(ANSWERS, ANSWER_PART)).hexdigest(),
    ]


def test_the_kinds_and_who_sends_them() -> None:
    rows = re.findall(r"^\| (\d) \| ([A-Z]+) \| (\w+) \|", TEXT, re.MULTILINE)
    assert [(int(number), name) for number, name, _ in rows] == [(kind.value, kind.name) for kind in trunk.Kind]
    whole = {
        "REQUESTS": frame(REQUESTS, REQUEST_PART, BODY),
        "ANSWERS": frame(ANSWERS, ANSWER_PART),
        "FAULT": trunk.fault_frame(1, 403, b""),
        "CANCEL": trunk.cancel_frame(1),
        "PING": trunk.ping_frame(bytes(8)),
        "PONG": trunk.pong_frame(bytes(8)),
        "BYE": trunk.bye_frame(0),
        "AHEAD": trunk.requests_ahead([]),
    }
    readers = {"both": {Role.OPENER, Role.ACCEPTOR}, "opener": {Role.ACCEPTOR}, "acceptor": {Role.OPENER}}
    for _, name, sender in rows[1:]:
        assert {role for role in Role if _is_read(role, whole[name])} == readers[sender], name


def _is_read(role: Role, raw: bytes) -> bool:
    reader = TrunkReader(role, BOUNDS)
    reader.feed(frame(HELLO) + raw)
    reader.next_frame()
    try:
        return reader.next_frame() is not None
    except Malformed:
        return False


def test_the_reasons() -> None:
    (line,) = re.findall(r"^Reasons of BYE: (.+?)\.", TEXT, re.MULTILINE)
    assert [int(number) for number in re.findall(r"\d", line)] == [reason.value for reason in trunk.Reason]


def test_the_bounds() -> None:
    assert dict(re.findall(r"^\| ([a-z, ]+) \| ([\d,]+)(?: bytes[^|]*)? \|$", TEXT, re.MULTILINE)) == {
        "frame, after its length": f"{BOUNDS.frame:,}",
        "messages in a frame": f"{BOUNDS.messages:,}",
        "requests in flight": f"{BOUNDS.in_flight:,}",
        "header part": f"{PART_BYTES_MAX:,}",
        "body": f"{BOUNDS.body:,}",
    }
    assert f"leaves {UNREAD_MAX >> 20} MiB of answers unread" in TEXT
    assert f"at least {trunk.FRAME_BYTES_MIN:,}" in TEXT
    assert f"at most {trunk.FAULT_BYTES_MAX:,} bytes" in TEXT
    assert f"1 to {trunk.SIGNATURE_VALUE_MAX} bytes" in TEXT
