"""A peer with a lawful certificate that lies: its trunk ends with a reason, or its request with a code; the node
goes on serving the others, and keeps no more than it must.
"""

from __future__ import annotations

import itertools
import json
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from tests.doubles.hand_trunk import HELLO, hand_trunk, signed_frame
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.plain_client import CLIENT, call
from tests.doubles.process_status import told
from tests.doubles.rig import BOTH, SERVICE, NodeProcess, Rig
from tests.doubles.scripted_service import ScriptedService
from tests.faults.conftest import LIMITS, check_sound

from lienthong.node.use_cases.trunk.serving import UNREAD_MAX
from lienthong.wire import trunk

MIB = 1 << 20
GROWTH_MAX = 48 * MIB
"""So much memory a node may take for a hostile peer: its buffers and what an allocator keeps of them."""
NO_BODY = 2**32 - 1
SIGNATURE = trunk.FrameSignature(bytes(32), 1, b"v" * 8)
NO_TIME = trunk.FrameSignature(bytes(32), 10**15, b"v" * 8)
REQUEST = trunk.TrunkRequest(7, 1000, b"GET\r\n", b"{}")


@pytest.fixture(scope="module")
def trunked(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("hostile"), system.url, extra_settings=LIMITS, answer_s=1, trunks=BOTH)
    rig.start()
    yield rig
    rig.stop()


@pytest.fixture
def rig(trunked: Rig) -> Iterator[Rig]:
    yield trunked
    check_sound(trunked)


def requests_of(rig: Rig, *numbers: int, path: str = "/empty") -> list[trunk.TrunkRequest]:
    """Good requests."""
    caller = PeerCaller.of(rig)
    return [trunk.TrunkRequest(number, 5000, caller.part(path=path), b"{}") for number in numbers]


def good(rig: Rig, *numbers: int, path: str = "/empty") -> bytes:
    """A frame of good requests, with a good signature."""
    return signed_frame(rig.keys["consumer"], requests_of(rig, *numbers, path=path))


def framed(kind: int, payload: bytes) -> bytes:
    return struct.pack(">IB", 1 + len(payload), kind) + payload


def unsigned(*requests: trunk.TrunkRequest | trunk.TrunkLeaf, tail: bytes = b"", count: int | None = None) -> bytes:
    """A REQUESTS frame of the count that is said, with more bytes behind its messages."""
    payload = trunk.requests_frame(SIGNATURE, requests)[5:] + tail
    return framed(2, struct.pack(">H", len(requests) if count is None else count) + payload[2:])


LIES: dict[str, bytes] = {
    "a frame of 4 GB": b"\xff\xff\xff\xff\x02",
    "a frame one byte too long": struct.pack(">IB", trunk.Bounds().frame + 1, 2),
    "a frame of no bytes": b"\0\0\0\0\x02",
    "HELLO again": HELLO,
    "a kind that is not known": framed(10, b"x"),
    "answers": trunk.answers_frame(SIGNATURE, [trunk.TrunkAnswer(1, b"200\r\n", None)]),
    "a fault": trunk.fault_frame(1, 400, b""),
    "HTTP": b"POST /exchange HTTP/1.1\r\n\r\n",
    "no requests": unsigned(count=0),
    "more requests than the frame has": unsigned(REQUEST, count=2),
    "fewer requests than the frame has": unsigned(REQUEST, count=1, tail=b"x"),
    "more requests than fit a frame": unsigned(REQUEST, count=257),
    "a number again": unsigned(REQUEST, REQUEST),
    "a number going back": unsigned(REQUEST, trunk.TrunkRequest(6, 1, b"GET\r\n", None)),
    "a number of an earlier frame": unsigned(REQUEST) + unsigned(REQUEST),
    "a header part longer than the frame": framed(
        2, unsigned()[5:7].replace(b"\0\0", b"\0\1") + unsigned()[7:] + struct.pack(">IIII", 1, 1, 40_000, NO_BODY)
    ),
    "a header part that is too long": framed(
        2, b"\0\1" + unsigned()[7:] + struct.pack(">IIII", 1, 1, 45_057, NO_BODY) + b"x" * 45_057
    ),
    "a body of zero bytes": framed(2, b"\0\1" + unsigned()[7:] + struct.pack(">IIII", 1, 1, 1, 0) + b"x"),
    "a body that belongs into a stream": unsigned(trunk.TrunkRequest(1, 1, b"p", b"x" * (262_144 + 1))),
    "a leaf of 31 bytes": unsigned(trunk.TrunkLeaf(bytes(31))),
    "a signature of 73 bytes": trunk.requests_frame(trunk.FrameSignature(bytes(32), 1, b"v" * 73), [REQUEST]),
    "a signing time of sixteen digits": trunk.requests_frame(NO_TIME, [REQUEST]),
    "a PING of nine bytes": framed(6, bytes(9)),
    "requests after BYE": trunk.bye_frame(0) + unsigned(REQUEST),
    "BYE twice": trunk.bye_frame(0) * 2,
    "a number again, ahead": trunk.requests_ahead([REQUEST]) + unsigned(REQUEST),
    "a leaf ahead": framed(9, b"\0\1" + bytes(12) + b"\xff" * 4 + bytes(32)),
    "answers ahead": trunk.answers_ahead([trunk.TrunkAnswer(0, b"200\r\n" * 20, None)]),
    "requests ahead without end": b"".join(
        trunk.requests_ahead([trunk.TrunkRequest(number, 1, b"p", b"x" * 262_144)]) for number in range(1, 18)
    ),
    "requests ahead after BYE": trunk.bye_frame(0) + trunk.requests_ahead([REQUEST]),
}  # fmt: skip


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("lie", LIES)
def test_a_lie_ends_the_trunk_with_a_reason(rig: Rig, system: ScriptedService, lie: str, bytewise: bool) -> None:
    executed, raw = len(system.seen), LIES[lie]
    # What follows the end of a frame that is refused by its head need not be sent.
    pieces = [raw[at : at + 1] for at in range(min(len(raw), 300))] if bytewise else [raw]
    if bytewise and len(raw) > 300:
        pieces.append(raw[300:])
    with hand_trunk(rig) as opened:
        with suppress(OSError):
            for piece in pieces:
                opened.send(piece)
        # After BYE 0 nothing is in flight: the node may be done with the trunk before it reads the lie behind it.
        assert opened.reason() in ((0, 1) if "BYE" in lie else (trunk.Reason.BROKEN,))
    assert len(system.seen) == executed


def test_what_came_ahead_is_nothing_without_its_signature(rig: Rig, system: ScriptedService) -> None:
    """Never signed, signed by another signature, and void: none of it is passed on, and the trunk goes on."""
    executed = len(system.seen)
    first, second, third, fourth = requests_of(rig, 1, 2, 3, 4)
    with hand_trunk(rig) as opened:
        opened.send(trunk.requests_ahead([first]) + signed_frame(rig.keys["consumer"], [second]))
        codes = [json.loads(opened.until(trunk.TrunkFault).document)["type"] for _ in range(2)]
        assert codes == ["Server.ServerProxy.InvalidSignatureValue"] * 2
        opened.send(trunk.requests_ahead([third]) + trunk.requests_ahead([]))
        assert len(system.seen) == executed
        opened.send(signed_frame(rig.keys["consumer"], [fourth]))
        (answer,) = opened.until(trunk.Answers).messages
        assert (answer.number, answer.header_part[:5]) == (4, b"200\r\n")
        opened.send(trunk.requests_ahead(requests_of(rig, 5)))
    assert len(system.seen) == executed + 1


def test_a_lie_takes_no_other_trunk_with_it(rig: Rig) -> None:
    """One that waits for its answer on a trunk of its own, while another is broken off."""
    with hand_trunk(rig) as honest, hand_trunk(rig) as liar:
        honest.send(good(rig, 1, path="/slow/0.4"))
        liar.send(LIES["a frame of 4 GB"])
        assert liar.reason() == trunk.Reason.BROKEN
        (answer,) = honest.until(trunk.Answers).messages
        assert (answer.number, answer.header_part[:5]) == (1, b"200\r\n")


def test_frames_before_hello(rig: Rig) -> None:
    with hand_trunk(rig, hello=False) as opened:
        opened.send(good(rig, 1))
        assert opened.reason() == trunk.Reason.BROKEN


def test_who_says_no_hello_is_given_up(rig: Rig) -> None:
    """Ten seconds, as the page has it, and a sweep."""
    with hand_trunk(rig, hello=False, timeout_s=20) as opened:
        began = time.monotonic()
        opened.send(HELLO[:7])
        assert opened.reason() is None
        assert 8 < time.monotonic() - began < 14


def test_more_requests_in_flight_than_were_agreed(rig: Rig) -> None:
    with hand_trunk(rig, hello=False) as opened:
        opened.send(trunk.hello_frame(trunk.Bounds(in_flight=2)) + good(rig, 1, 2, path="/slow/0.5"))
        opened.send(good(rig, 3))
        assert opened.reason() == trunk.Reason.BROKEN


# ---- what is not proven is told for each request, and the trunk stays


def test_every_false_signature_is_refused_and_the_trunk_goes_on(rig: Rig, system: ScriptedService) -> None:
    executed = len(system.seen)
    one, two, three, four, five = (requests_of(rig, number) for number in range(1, 6))
    changed = bytearray(signed_frame(rig.keys["consumer"], one))
    changed[-1] ^= 0x01
    other_member = signed_frame(rig.keys["provider"], two)
    too_old = signed_frame(rig.keys["consumer"], three, age_ms=3_600_000)
    unknown = trunk.requests_frame(trunk.FrameSignature(b"c" * 32, time.time_ns() // 10**6, b"v"), four)
    with hand_trunk(rig) as opened:
        opened.send(bytes(changed) + other_member + too_old + unknown)
        opened.send(signed_frame(rig.keys["consumer"], five))
        faults: dict[int, trunk.TrunkFault] = {}
        for frame in opened.frames():
            if isinstance(frame, trunk.TrunkFault):
                faults[frame.number] = frame
            elif isinstance(frame, trunk.Answers):
                break
        assert frame.messages[0].number == 5
        while len(faults) < 4:
            fault = opened.until(trunk.TrunkFault)
            faults[fault.number] = fault
    codes = {1: b"InvalidSignatureValue", 2: b"CertValidation", 3: b"MessageExpired", 4: b"CertValidation"}
    assert {number: fault.status for number, fault in faults.items()} == dict.fromkeys(codes, 403)
    assert all(code in faults[number].document for number, code in codes.items())
    assert len(system.seen) == executed + 1


def test_one_broken_request_among_good_ones_is_refused_alone(rig: Rig) -> None:
    """Its signature holds like that of the others; its header part is nonsense, or speaks for a stranger."""
    first, last = requests_of(rig, 1, 4)
    nonsense = trunk.TrunkRequest(2, 5000, b"\xff\x00 nonsense", None)
    stranger = trunk.TrunkRequest(3, 5000, PeerCaller.of(rig).part(X_Road_Client="VN/GOV/G01/dan-cu"), b"{}")
    with hand_trunk(rig) as opened:
        opened.send(signed_frame(rig.keys["consumer"], [first, nonsense, stranger, last]) + trunk.bye_frame(0))
        told = list(opened.frames())
    faults = {one.number: one.status for one in told if isinstance(one, trunk.TrunkFault)}
    answered = [one.number for frame in told if isinstance(frame, trunk.Answers) for one in frame.messages]
    assert (faults, sorted(answered)) == ({2: 400, 3: 403}, [1, 4])


def test_an_id_twice_in_one_frame_is_executed_once(rig: Rig, system: ScriptedService) -> None:
    """The same X-Road-Id under two request ids, and the same request under two numbers."""
    message_id = str(uuid.uuid4())
    caller = PeerCaller.of(rig)
    parts = [caller.part(path="/empty", x_road_id=message_id) for _ in range(2)]
    asked = [trunk.TrunkRequest(n + 1, 5000, part, b"{}") for n, part in enumerate([*parts, parts[0]])]
    with hand_trunk(rig) as opened:
        opened.send(signed_frame(rig.keys["consumer"], asked) + trunk.bye_frame(0))
        answers = [one for frame in opened.frames() if isinstance(frame, trunk.Answers) for one in frame.messages]
    refused = [one for one in answers if b"DuplicateMessage" in one.header_part]
    assert (len(answers), len(refused)) == (3, 2)
    assert system.ids().count(message_id) == 1


def test_an_id_again_after_the_node_was_killed_is_refused(rig: Rig, system: ScriptedService) -> None:
    """Neither the request as it was, nor its message id under another request id, is taken a second time."""
    message_id = str(uuid.uuid4())
    caller = PeerCaller.of(rig)
    part = caller.part(path="/empty", x_road_id=message_id)
    frame = signed_frame(rig.keys["consumer"], [trunk.TrunkRequest(1, 5000, part, b"{}")])
    with hand_trunk(rig) as opened:
        opened.send(frame)
        assert opened.until(trunk.Answers).messages[0].header_part.startswith(b"200\r\n")
    rig.provider.kill()
    rig.provider.start()
    other = caller.part(path="/empty", x_road_id=message_id)
    with hand_trunk(rig) as opened:
        opened.send(frame + signed_frame(rig.keys["consumer"], [trunk.TrunkRequest(2, 5000, other, b"{}")]))
        opened.send(trunk.bye_frame(0))
        answers = [one for found in opened.frames() if isinstance(found, trunk.Answers) for one in found.messages]
    assert sorted(one.number for one in answers) == [1, 2]
    assert all(b"DuplicateMessage" in one.header_part for one in answers)
    assert system.ids().count(message_id) == 1


# ---- floods and stalls


def memory(node: NodeProcess) -> int:
    """Bytes of the node that are in memory."""
    assert node.process is not None
    return int(told(node.process.pid, "VmRSS")) * 1024


def pour(rig: Rig, flood: Iterator[bytes], seconds: float = 5) -> int:
    """Send what `flood` gives without reading a byte, until nothing more is taken or the time is over; gives by how
    much the node's memory grew at most.
    """
    before, most, end = memory(rig.provider), 0, time.monotonic() + seconds
    with hand_trunk(rig, timeout_s=1) as opened, suppress(OSError):
        for data in flood:
            opened.send(data)
            most = max(most, memory(rig.provider) - before)
            if time.monotonic() > end:
                break
    return most


def frames_of(made: Callable[[int], trunk.TrunkRequest]) -> Iterator[bytes]:
    """REQUESTS frames under a false signature, of 100 requests each; numbers rise for ever."""
    for first in itertools.count(1, 100):
        yield trunk.requests_frame(SIGNATURE, [made(number) for number in range(first, first + 100)])


def check_serves(rig: Rig) -> None:
    began = time.monotonic()
    assert call(rig.consumer.front, f"/r1/{SERVICE}/empty", headers=CLIENT).status == 200
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("flood", ["pings", "requests nobody can read", "cancels", "unproven requests"])
def test_a_flood_from_one_who_never_reads_takes_bounded_memory(rig: Rig, flood: str) -> None:
    part = PeerCaller.of(rig).part()
    floods: dict[str, Iterator[bytes]] = {
        "pings": itertools.repeat(trunk.ping_frame(bytes(8)) * 10_000),
        "cancels": itertools.repeat(trunk.cancel_frame(1) * 10_000),
        "requests nobody can read": frames_of(lambda number: trunk.TrunkRequest(number, 1, b"x", None)),
        "unproven requests": frames_of(lambda number: trunk.TrunkRequest(number, 1, part, None)),
    }
    assert pour(rig, floods[flood]) < GROWTH_MAX
    check_serves(rig)


def test_who_does_not_read_its_answers_is_left(rig: Rig) -> None:
    """4,000 requests at once, for 60 KB each: a quarter of a gigabyte, if somebody kept it for him."""
    before, most = memory(rig.provider), 0
    with hand_trunk(rig, timeout_s=1) as opened:
        with suppress(OSError):
            for start in range(1, 4000, 100):
                opened.send(good(rig, *range(start, start + 100), path="/large/60000"))
        end = time.monotonic() + 30
        while "trunk.unread" not in (rig.provider.folder / "log.jsonl").read_text():
            assert time.monotonic() < end
            most = max(most, memory(rig.provider) - before)
            time.sleep(0.1)
    check_serves(rig)
    assert most < 4 * UNREAD_MAX, "what waits, and what was being made meanwhile"


def test_frames_without_end_keep_one_frame_at_most(rig: Rig) -> None:
    """Twenty trunks that each stall in the middle of the longest frame."""
    before = memory(rig.provider)
    half = struct.pack(">IB", trunk.Bounds().frame, 2) + bytes(MIB)
    held = [hand_trunk(rig) for _ in range(20)]
    opened = [one.__enter__() for one in held]
    try:
        for one in opened:
            one.send(half)
        time.sleep(0.5)
        assert memory(rig.provider) - before < 20 * 2 * MIB + GROWTH_MAX
        check_serves(rig)
    finally:
        for one in opened:
            one.close()
