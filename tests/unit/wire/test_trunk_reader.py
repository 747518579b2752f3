"""Frames of a trunk: in any pieces the same, written again the same; every lie is refused, and named."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed
from lienthong.wire import trunk
from lienthong.wire.message import PART_BYTES_MAX
from lienthong.wire.trunk_reader import Role, TrunkReader

BOUNDS = trunk.Bounds()
SIGNATURE = trunk.FrameSignature(b"c" * 32, 1_614_585_600_250, b"v" * 8)
REQUEST = trunk.TrunkRequest(7, 30_000, b"GET\r\n", b"{}")
ANSWER = trunk.TrunkAnswer(7, b"200\r\n", b"{}")
HELLO = trunk.hello_frame(BOUNDS)
HELLO_READ = trunk.Hello(BOUNDS.frame, BOUNDS.messages, BOUNDS.in_flight)

Outcome = tuple[list[trunk.Frame], str | None]


def written(frame: trunk.Frame) -> bytes:
    """The bytes of a frame."""
    match frame:
        case trunk.Hello(a, b, c):
            return trunk.hello_frame(trunk.Bounds(a, b, c))
        case trunk.Requests(signature, messages):
            return trunk.requests_frame(signature, messages)
        case trunk.Answers(signature, answers):
            return trunk.answers_frame(signature, answers)
        case trunk.RequestsAhead(messages):
            return trunk.requests_ahead(messages)
        case trunk.AnswersAhead(answers):
            return trunk.answers_ahead(answers)
        case trunk.TrunkFault(number, status, document):
            return trunk.fault_frame(number, status, document)
        case trunk.Cancel(number):
            return trunk.cancel_frame(number)
        case trunk.Ping(opaque):
            return trunk.ping_frame(opaque)
        case trunk.Pong(opaque):
            return trunk.pong_frame(opaque)
        case trunk.Bye(reason):
            return trunk.bye_frame(reason)


def read(role: Role, raw: bytes, sizes: list[int], bounds: trunk.Bounds = BOUNDS) -> Outcome:
    """The frames of `raw` fed in pieces of `sizes`, over and over, and what was refused behind them."""
    reader = TrunkReader(role, bounds)
    frames: list[trunk.Frame] = []
    at = turn = 0
    while at < len(raw):
        size = sizes[turn % len(sizes)]
        reader.feed(raw[at : at + size])
        at, turn = at + size, turn + 1
        try:
            while (frame := reader.next_frame()) is not None:
                frames.append(frame)
        except Malformed as error:
            # Nothing is kept of what was refused, and there is one code for all of it.
            return frames, error.message if (error.code, reader.held) == ("InvalidMessage", 0) else "another error"
    return frames, None


def whole(role: Role, raw: bytes) -> Outcome:
    return read(role, raw, [max(1, len(raw))])


def refused(role: Role, raw: bytes, bounds: trunk.Bounds = BOUNDS) -> str:
    """Why `raw` behind a HELLO is refused, whole and byte by byte; no frame of it is given."""
    outcomes = [read(role, HELLO + raw, sizes, bounds) for sizes in ([len(HELLO + raw)], [1])]
    assert outcomes[0] == outcomes[1]
    frames, message = outcomes[0]
    assert len(frames) == 1
    assert message is not None
    assert message != "another error"
    return message


NUMBERS = st.integers(0, trunk.NUMBER_MAX)
SIGNATURES = st.builds(
    trunk.FrameSignature,
    st.binary(min_size=32, max_size=32),
    st.integers(1, 10**15 - 1),
    st.binary(min_size=1, max_size=trunk.SIGNATURE_VALUE_MAX),
)
PARTS = st.binary(min_size=1, max_size=20)
BODIES = st.none() | st.binary(min_size=1, max_size=20)
OPAQUE = st.binary(min_size=8, max_size=8)
EITHER = st.builds(trunk.Ping, OPAQUE) | st.builds(trunk.Pong, OPAQUE)
FAULTS = st.builds(trunk.TrunkFault, NUMBERS, st.integers(300, 599), st.binary(max_size=40))
BYES = st.lists(st.builds(trunk.Bye, st.integers(0, 65_535)), max_size=1)
HELLOS = st.builds(trunk.Hello, st.integers(1 << 16, 2**32 - 1), st.integers(64, 65_535), st.integers(1, 2**32 - 1))


@st.composite
def from_opener(draw: st.DrawFn) -> list[trunk.Frame]:
    """What an opener may say after its HELLO: requests with rising numbers, some ahead, among other frames."""
    numbers = iter(sorted(draw(st.sets(NUMBERS, max_size=12))))
    frames: list[trunk.Frame] = []
    ahead = 0
    for count in draw(st.lists(st.integers(0, 4), max_size=5)):
        taken = [number for number, _ in zip(numbers, range(count), strict=False)]
        fields = st.tuples(NUMBERS, PARTS, BODIES)
        messages = tuple(trunk.TrunkRequest(number, *draw(fields)) for number in taken)
        if draw(st.booleans()):
            frames.append(trunk.RequestsAhead(messages))
            ahead = ahead + len(messages) if messages else 0
        elif messages or ahead:
            frames.append(trunk.Requests(draw(SIGNATURES), messages))
            ahead = 0
        else:
            frames.append(draw(EITHER))
    frames += draw(BYES)
    return frames + draw(st.lists(EITHER | st.builds(trunk.Cancel, NUMBERS), max_size=2))


@st.composite
def from_acceptor(draw: st.DrawFn) -> list[trunk.Frame]:
    """What an acceptor may say after its HELLO: answers, some ahead; after its BYE it still answers."""
    numbers = iter(draw(st.lists(NUMBERS, max_size=24, unique=True)))
    bye = draw(st.integers(0, 8))
    frames: list[trunk.Frame] = []
    ahead = 0
    for turn, count in enumerate(draw(st.lists(st.integers(0, 4), max_size=8))):
        if turn == bye:
            frames.append(trunk.Bye(draw(st.integers(0, 65_535))))
        taken = [number for number, _ in zip(numbers, range(count), strict=False)]
        messages = tuple(trunk.TrunkAnswer(number, *draw(st.tuples(PARTS, BODIES))) for number in taken)
        if draw(st.booleans()):
            frames.append(trunk.AnswersAhead(messages))
            ahead = ahead + len(messages) if messages else 0
        elif messages or ahead:
            frames.append(trunk.Answers(draw(SIGNATURES), messages))
            ahead = 0
        else:
            frames.append(draw(EITHER | FAULTS))
    return frames


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(HELLOS, from_opener(), SIZES)
def test_what_an_opener_says_reads_back_in_any_pieces(
    hello: trunk.Hello, frames: list[trunk.Frame], sizes: list[int]
) -> None:
    raw = b"".join(map(written, [hello, *frames]))
    for pieces in ([len(raw)], [1], sizes):
        assert read(Role.ACCEPTOR, raw, pieces) == ([hello, *frames], None)


@given(HELLOS, from_acceptor(), SIZES)
def test_what_an_acceptor_says_reads_back_in_any_pieces(
    hello: trunk.Hello, frames: list[trunk.Frame], sizes: list[int]
) -> None:
    raw = b"".join(map(written, [hello, *frames]))
    for pieces in ([len(raw)], [1], sizes):
        assert read(Role.OPENER, raw, pieces) == ([hello, *frames], None)


HEADS = st.builds(trunk.FRAME_LAYOUT.pack, st.integers(0, 80), st.integers(0, 10))
NOISE = st.lists(st.binary(max_size=30) | HEADS, max_size=5).map(b"".join)


@given(st.sampled_from(Role), st.booleans(), NOISE, SIZES)
def test_any_bytes_are_read_or_refused_the_same_in_any_pieces(
    role: Role, greeted: bool, noise: bytes, sizes: list[int]
) -> None:
    raw = HELLO + noise if greeted else noise
    frames, message = whole(role, raw)
    assert read(role, raw, [1]) == (frames, message)
    assert read(role, raw, sizes) == (frames, message)
    read_back = b"".join(map(written, frames))
    assert raw.startswith(read_back), "what was read is what was sent, to the byte"


@st.composite
def distorted(draw: st.DrawFn) -> tuple[Role, bytes]:
    """A lawful conversation in which runs of bytes were changed, lost, repeated, or swapped."""
    role = draw(st.sampled_from(Role))
    said = draw(from_opener() if role is Role.ACCEPTOR else from_acceptor())
    raw = HELLO + b"".join(map(written, said))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 20)))
        run = raw[start:end]
        distortion = draw(st.sampled_from(["changed", "lost", "repeated", "backwards", "moved"]))
        if distortion == "changed":
            run = draw(st.binary(min_size=len(run), max_size=len(run)))
        elif distortion == "lost":
            run = b""
        elif distortion == "repeated":
            run *= 2
        elif distortion == "backwards":
            run = run[::-1]
        raw = raw[:start] + raw[end:] + run if distortion == "moved" else raw[:start] + run + raw[end:]
    return role, raw


@given(distorted(), SIZES)
def test_a_distorted_conversation_is_read_or_refused_the_same_in_any_pieces(
    given_: tuple[Role, bytes], sizes: list[int]
) -> None:
    role, raw = given_
    frames, message = whole(role, raw)
    assert message != "another error"
    assert read(role, raw, [1]) == (frames, message)
    assert read(role, raw, sizes) == (frames, message)
    assert raw.startswith(b"".join(map(written, frames))), "what was read is what was sent, to the byte"


@given(st.lists(st.integers(1, 2**32 - 1), min_size=2, max_size=12))
def test_numbers_rise_through_the_whole_trunk(numbers: list[int]) -> None:
    """Each in a frame of its own: what comes before the first that does not rise is read."""
    rising = next((at for at in range(1, len(numbers)) if numbers[at] <= numbers[at - 1]), len(numbers))
    raw = b"".join(
        trunk.requests_frame(SIGNATURE, [trunk.TrunkRequest(number, 1, b"p", None)]) for number in numbers
    )
    frames, message = whole(Role.ACCEPTOR, HELLO + raw)
    assert len(frames) - 1 == rising
    assert (message is None) == (rising == len(numbers))


@pytest.mark.parametrize(
    ("role", "frame"),
    [
        (Role.ACCEPTOR, trunk.Requests(SIGNATURE, (REQUEST, trunk.TrunkRequest(9, 1, b"GET\r\n", None)))),
        (Role.OPENER, trunk.Answers(SIGNATURE, (ANSWER, trunk.TrunkAnswer(8, b"204\r\n", None)))),
        (Role.ACCEPTOR, trunk.RequestsAhead((REQUEST,))),
        (Role.OPENER, trunk.AnswersAhead((ANSWER, trunk.TrunkAnswer(8, b"204\r\n", None)))),
        (Role.OPENER, trunk.TrunkFault(7, 503, b"{}")),
        (Role.ACCEPTOR, trunk.Cancel(7)),
        (Role.ACCEPTOR, trunk.Ping(b"12345678")),
        (Role.OPENER, trunk.Bye(0)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_changed_byte_goes_unseen(role: Role, frame: trunk.Frame) -> None:
    """A frame with one byte changed is refused, or read as what it now says, or waits for bytes that it now lacks."""
    raw = written(frame)
    for position in range(len(raw)):
        for change in (0x01, 0x80, 0xFF):
            changed = bytearray(raw)
            changed[position] ^= change
            outcome = whole(role, HELLO + changed)
            assert read(role, HELLO + changed, [1]) == outcome
            frames, message = outcome
            assert frame not in frames
            if message is None:
                read_back = b"".join(map(written, frames))
                assert (HELLO + changed).startswith(read_back)


def signed(kind: int, count: int, messages: bytes, *, value: bytes = b"v" * 8, length: int | None = None) -> bytes:
    """A REQUESTS or ANSWERS frame whose parts need not agree."""
    payload = struct.pack(">H32sQB", count, b"c" * 32, 1, len(value) if length is None else length) + value + messages
    return struct.pack(">IB", 1 + len(payload), kind) + payload


def request(number: int, part: int, body: int, content: bytes = b"GET{}") -> bytes:
    return struct.pack(">IIII", number, 1, part, body) + content


def answer(number: int, part: int, body: int, content: bytes = b"200{}") -> bytes:
    return struct.pack(">III", number, part, body) + content


def ahead(count: int, messages: bytes) -> bytes:
    """An AHEAD frame whose parts need not agree."""
    return struct.pack(">IBH", 3 + len(messages), 9, count) + messages


GOOD = request(7, 3, 2)
NO_BODY = 2**32 - 1


@pytest.mark.parametrize(
    ("lie", "raw", "says"),
    [
        ("no message", signed(2, 0, b""), "0 messages"),
        ("no message, but bytes", signed(2, 0, GOOD), "0 messages"),
        ("more messages than agreed", signed(2, 257, GOOD), "257 messages"),
        ("fewer than counted", signed(2, 2, GOOD), "ends before its messages"),
        ("more than counted", signed(2, 1, GOOD + request(8, 3, 2)), "goes on after"),
        ("a byte too few", signed(2, 1, GOOD[:-1]), "ends before its messages"),
        ("a byte too many", signed(2, 1, GOOD + b"x"), "goes on after"),
        ("half of the lengths", signed(2, 1, GOOD[:12]), "ends before its messages"),
        ("number again", signed(2, 2, GOOD + GOOD), "request 7 comes after request 7"),
        ("number going back", signed(2, 2, GOOD + request(6, 3, 2)), "request 6 comes after"),
        ("no header part", signed(2, 1, request(7, 0, 5)), "header part has no 0 bytes"),
        ("header part too long", signed(2, 1, request(7, PART_BYTES_MAX + 1, NO_BODY)), "header part has no"),
        ("header part beyond the frame", signed(2, 1, request(7, 6, NO_BODY)), "ends before its messages"),
        ("header part of all ones", signed(2, 1, request(7, NO_BODY, NO_BODY)), "header part has no"),
        ("a body of zero bytes", signed(2, 1, request(7, 5, 0)), "body of 0 bytes"),
        ("a body too long for a trunk", signed(2, 1, request(7, 3, BOUNDS.body + 1)), "body of 262145 bytes"),
        ("a body beyond the frame", signed(2, 1, request(7, 3, 3)), "ends before its messages"),
        ("a body that is said to be none", signed(2, 1, request(7, 3, NO_BODY)), "goes on after"),
        ("no signature value", signed(2, 1, GOOD, value=b""), "no 0 bytes"),
        ("a signature value too long", signed(2, 1, GOOD, value=b"v" * 73), "no 73 bytes"),
        ("a signature value beyond the frame", signed(2, 1, b"", length=9), "before its signature"),
        ("no room for a signature", struct.pack(">IB", 43, 2) + b"x" * 42, "too short"),
        ("no payload", struct.pack(">IB", 1, 2), "too short"),
        ("no kind", struct.pack(">IB", 0, 2), "too short"),
        ("kind zero", struct.pack(">IB", 3, 0) + b"xx", "kind 0"),
        ("unknown kind", struct.pack(">IB", 3, 10) + b"xx", "kind 10"),
        ("fewer ahead than counted", ahead(2, GOOD), "ends before its messages"),
        ("more ahead than counted", ahead(1, GOOD + request(8, 3, 2)), "goes on after"),
        ("nothing ahead, but bytes", ahead(0, b"x"), "goes on after"),
        ("no count ahead", struct.pack(">IB", 2, 9) + b"x", "AHEAD of 2 bytes is too short"),
        ("a leaf ahead", ahead(1, request(0, 0, NO_BODY, b"") [:4] + bytes(8) + b"\xff" * 4 + b"l" * 32), "leaf"),
        ("more ahead than a frame has", ahead(257, GOOD), "more messages come ahead than the 256"),
        ("HELLO again", HELLO, "HELLO has no place"),
        ("answers from the opener", signed(3, 1, answer(7, 3, 2)), "ANSWERS has no place"),
        ("a fault from the opener", trunk.fault_frame(7, 403, b"{}"), "FAULT has no place"),
        ("a PING of 9 bytes", struct.pack(">IB", 10, 6) + b"123456789", "PING of 10 bytes is too long"),
        ("a PONG of 7 bytes", struct.pack(">IB", 8, 7) + b"1234567", "PONG of 8 bytes is too short"),
        ("a CANCEL of 5 bytes", struct.pack(">IB", 6, 5) + b"12345", "CANCEL of 6 bytes is too long"),
        ("a BYE without reason", struct.pack(">IB", 1, 8), "BYE of 1 bytes is too short"),
    ],
)
def test_lies_of_an_opener_are_refused(lie: str, raw: bytes, says: str) -> None:
    assert says in refused(Role.ACCEPTOR, raw), lie


@pytest.mark.parametrize(
    ("lie", "raw", "says"),
    [
        ("requests from the acceptor", signed(2, 1, GOOD), "REQUESTS has no place"),
        ("a CANCEL from the acceptor", trunk.cancel_frame(7), "CANCEL has no place"),
        ("two answers to one request", signed(3, 2, answer(7, 3, 2) * 2), "request 7 is answered twice"),
        ("a byte too few", signed(3, 1, answer(7, 3, 2)[:-1]), "ends before its messages"),
        ("a byte too many", signed(3, 1, answer(7, 3, 2) + b"x"), "goes on after"),
        ("half of the lengths", signed(3, 1, answer(7, 3, 2)[:11]), "ends before its messages"),
        ("no header part", signed(3, 1, answer(7, 0, 5)), "header part has no 0 bytes"),
        ("a body of zero bytes", signed(3, 1, answer(7, 5, 0)), "body of 0 bytes"),
        ("a fault of status 200", trunk.fault_frame(7, 200, b"{}"), "no status 200"),
        ("a fault of status 600", trunk.fault_frame(7, 600, b"{}"), "no status 600"),
        ("a fault too long", struct.pack(">IB", 7 + 4097, 4) + b"x" * 4103, "FAULT of 4104 bytes is too long"),
        ("a fault too short", struct.pack(">IB", 6, 4) + b"x" * 5, "FAULT of 6 bytes is too short"),
    ],
)
def test_lies_of_an_acceptor_are_refused(lie: str, raw: bytes, says: str) -> None:
    assert says in refused(Role.OPENER, raw), lie


@pytest.mark.parametrize("signed_at_ms", [0, 10**15, 2**64 - 1])
def test_a_signing_time_that_is_no_time_is_refused(signed_at_ms: int) -> None:
    raw = trunk.requests_frame(trunk.FrameSignature(b"c" * 32, signed_at_ms, b"v"), [REQUEST])
    assert "signing time" in refused(Role.ACCEPTOR, raw)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "raw",
    [
        trunk.requests_frame(SIGNATURE, [REQUEST]),
        trunk.answers_frame(SIGNATURE, [ANSWER]),
        trunk.requests_ahead([REQUEST]),
        trunk.answers_ahead([ANSWER]),
        trunk.ping_frame(b"12345678"),
        trunk.cancel_frame(1),
        trunk.fault_frame(1, 400, b""),
        trunk.bye_frame(0),
    ],
)
def test_nothing_is_taken_before_hello(role: Role, raw: bytes) -> None:
    frames, message = whole(role, raw)
    assert frames == []
    assert message is not None and "has no place here" in message


@pytest.mark.parametrize(
    "payload",
    [
        struct.pack(">HIHI", 2, 1 << 20, 1, 1),
        struct.pack(">HIHI", 0, 1 << 20, 1, 1),
        struct.pack(">HIHI", 1, (1 << 16) - 1, 1, 1),
        struct.pack(">HIHI", 1, 1 << 20, 0, 1),
        struct.pack(">HIHI", 1, 1 << 20, 1, 0),
    ],
)
def test_a_hello_of_another_version_or_without_room_is_refused(payload: bytes) -> None:
    frames, message = whole(Role.OPENER, struct.pack(">IB", 13, 1) + payload)
    assert frames == []
    assert message is not None


def test_a_flood_without_hello_is_refused_at_its_first_bytes() -> None:
    reader = TrunkReader(Role.ACCEPTOR, BOUNDS)
    reader.feed(struct.pack(">IB", 4 << 20, 2) + b"x" * 100_000)
    with pytest.raises(Malformed):
        reader.next_frame()
    assert reader.held == 0


@pytest.mark.parametrize("step", [1, 5, 1000])
def test_a_frame_too_long_is_refused_before_it_is_buffered(step: int) -> None:
    reader = TrunkReader(Role.ACCEPTOR, BOUNDS)
    reader.feed(HELLO)
    assert reader.next_frame() == HELLO_READ
    flood = struct.pack(">IB", BOUNDS.frame + 1, 2) + b"x" * 10_000
    at = 0
    while at + step < 5:
        reader.feed(flood[at : at + step])
        assert reader.next_frame() is None
        at += step
    assert reader.held == at < 5
    reader.feed(flood[at : at + step])
    with pytest.raises(Malformed, match=f"{BOUNDS.frame + 1} bytes is too long"):
        reader.next_frame()
    assert reader.held == 0


def test_the_longest_frame_is_taken_and_nothing_is_kept_of_it() -> None:
    bounds = trunk.Bounds(frame=1 << 16)
    room = bounds.frame - (1 + 43 + 8) - 16
    longest = trunk.TrunkRequest(1, 1, b"p" * 40_000, b"b" * (room - 40_000))
    raw = trunk.requests_frame(SIGNATURE, [longest])
    assert len(raw) == 4 + bounds.frame
    reader = TrunkReader(Role.ACCEPTOR, bounds)
    reader.feed(HELLO)
    reader.next_frame()
    reader.feed(raw[:-1])
    assert reader.next_frame() is None
    assert reader.held == len(raw) - 1
    reader.feed(raw[-1:])
    assert reader.next_frame() == trunk.Requests(SIGNATURE, (longest,))
    assert reader.held == 0
    assert "is too long" in refused(
        Role.ACCEPTOR, trunk.requests_frame(SIGNATURE, [longest, trunk.TrunkRequest(2, 1, b"p", None)]), bounds
    )


def test_the_longest_header_part_fits_the_smallest_bound() -> None:
    bounds = trunk.Bounds(frame=trunk.FRAME_BYTES_MIN)
    longest = trunk.TrunkRequest(1, 1, b"p" * PART_BYTES_MAX, None)
    raw = trunk.hello_frame(bounds) + trunk.requests_frame(SIGNATURE, [longest])
    assert read(Role.ACCEPTOR, raw, [len(raw)], bounds)[0][1:] == [trunk.Requests(SIGNATURE, (longest,))]


def test_the_bounds_of_the_other_side_are_kept_too() -> None:
    """It said how much it sends at most, and sends more."""
    hello = trunk.hello_frame(trunk.Bounds(messages=1))
    two = trunk.requests_frame(SIGNATURE, [REQUEST, trunk.TrunkRequest(8, 1, b"p", None)])
    reader = TrunkReader(Role.ACCEPTOR, BOUNDS)
    reader.feed(hello + two)
    reader.next_frame()
    assert reader.bounds == trunk.Bounds(messages=1)
    with pytest.raises(Malformed, match="2 messages"):
        reader.next_frame()


def test_a_number_comes_once_in_a_trunk() -> None:
    raw = trunk.requests_frame(SIGNATURE, [REQUEST])
    frames, message = whole(Role.ACCEPTOR, HELLO + raw + raw)
    assert frames[1:] == [trunk.Requests(SIGNATURE, (REQUEST,))]
    assert message == "request 7 comes after request 7"


def test_no_requests_and_no_second_bye_after_bye() -> None:
    bye = trunk.bye_frame(trunk.Reason.DRAIN)
    for after in (trunk.requests_frame(SIGNATURE, [REQUEST]), bye):
        frames, message = whole(Role.ACCEPTOR, HELLO + bye + after)
        assert frames[1:] == [trunk.Bye(0)]
        assert message is not None and "has no place here" in message


def test_what_is_in_flight_is_answered_after_bye() -> None:
    raw = HELLO + trunk.bye_frame(0) + trunk.answers_frame(SIGNATURE, [ANSWER]) + trunk.fault_frame(8, 503, b"{}")
    frames, message = whole(Role.OPENER, raw)
    assert message is None
    assert frames[2:] == [trunk.Answers(SIGNATURE, (ANSWER,)), trunk.TrunkFault(8, 503, b"{}")]


def test_who_was_refused_once_is_refused_for_good() -> None:
    reader = TrunkReader(Role.ACCEPTOR, BOUNDS)
    reader.feed(HELLO + b"\x00\x00\x00\x01\x63" + HELLO)
    reader.next_frame()
    for _ in range(2):
        with pytest.raises(Malformed, match="kind 99"):
            reader.next_frame()
    reader.feed(trunk.ping_frame(b"12345678"))
    with pytest.raises(Malformed, match="kind 99"):
        reader.next_frame()
    assert reader.held == 0


def test_frames_that_nobody_asked_for_are_not_lost_in_silence() -> None:
    reader = TrunkReader(Role.ACCEPTOR, BOUNDS)
    reader.feed(HELLO + HELLO)
    reader.next_frame()
    with pytest.raises(AssertionError):
        reader.feed(HELLO)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_leaves_stand_for_messages_that_do_not_travel(here: list[bool], sizes: list[int]) -> None:
    leaves = [trunk.TrunkLeaf(bytes([index]) * 32) for index in range(len(here))]
    requests = [
        trunk.TrunkRequest(index + 1, 5, b"part", b"{}") if one else leaves[index] for index, one in enumerate(here)
    ]
    answers = [
        trunk.TrunkAnswer(index + 1, b"part", None) if one else leaves[index] for index, one in enumerate(here)
    ]
    asked = trunk.requests_frame(SIGNATURE, requests)
    told = trunk.answers_frame(SIGNATURE, answers)
    assert read(Role.ACCEPTOR, HELLO + asked, sizes)[0][1:] == [trunk.Requests(SIGNATURE, tuple(requests))]
    assert read(Role.OPENER, HELLO + told, sizes)[0][1:] == [trunk.Answers(SIGNATURE, tuple(answers))]


def test_a_leaf_that_is_cut_or_has_a_body_is_refused() -> None:
    whole = trunk.requests_frame(SIGNATURE, [trunk.TrunkLeaf(bytes(32))])
    short = struct.pack(">I", len(whole) - 5) + whole[4:-1]
    assert "leaf" in str(read(Role.ACCEPTOR, HELLO + short, [7])[1])
    at = len(whole) - 32 - 4
    bodied = whole[:at] + struct.pack(">I", 0) + whole[at + 4 :]
    assert "leaf" in str(read(Role.ACCEPTOR, HELLO + bodied, [7])[1])


def _requests(*numbers: int) -> list[trunk.TrunkRequest]:
    return [trunk.TrunkRequest(number, 1, b"p" * 100, None) for number in numbers]


@pytest.mark.parametrize(
    ("lie", "said", "says"),
    [
        ("a number again", [trunk.requests_ahead(_requests(1, 2)), trunk.requests_ahead(_requests(2))], "request 2"),
        (
            "a number again, signed",
            [trunk.requests_ahead(_requests(1)), trunk.requests_frame(SIGNATURE, _requests(1))],
            "request 1 comes after request 1",
        ),
        (
            "more than a frame has",
            [trunk.requests_ahead(_requests(1, 2)), trunk.requests_ahead(_requests(3, 4))],
            "more messages come ahead than the 3",
        ),
        (
            "more than a frame has, signed",
            [trunk.requests_ahead(_requests(1, 2)), trunk.requests_frame(SIGNATURE, _requests(3, 4))],
            "a frame of 2 messages is not taken",
        ),
        (
            "nothing behind what is void",
            [trunk.requests_ahead(_requests(1)), trunk.requests_ahead([]), signed(2, 0, b"")],
            "a frame of 0 messages is not taken",
        ),
        ("after BYE", [trunk.bye_frame(0), trunk.requests_ahead(_requests(1))], "AHEAD has no place"),
    ],
)
def test_lies_about_what_came_ahead_are_refused(lie: str, said: list[bytes], says: str) -> None:
    raw = HELLO + b"".join(said)
    bounds = trunk.Bounds(messages=3)
    frames, message = read(Role.ACCEPTOR, raw, [len(raw)], bounds)
    assert read(Role.ACCEPTOR, raw, [1], bounds) == (frames, message)
    assert len(frames) == len(said), lie
    assert message is not None and says in message


def test_what_is_void_takes_no_room() -> None:
    said = [trunk.requests_ahead(_requests(*numbers)) for numbers in ((1, 2, 3), (), (4, 5, 6))]
    frames, message = read(Role.ACCEPTOR, HELLO + b"".join(said), [50], trunk.Bounds(messages=3))
    assert message is None
    assert len(frames) == 4


def test_with_what_came_ahead_a_frame_keeps_its_bytes() -> None:
    """Together they have the bytes of one frame, whoever signs them."""
    bounds = trunk.Bounds(frame=64 << 10)
    first, last = (trunk.TrunkRequest(number, 1, b"p" * 32_700, None) for number in (1, 2))
    behind = trunk.requests_ahead([first])
    frames, message = read(Role.ACCEPTOR, HELLO + behind + trunk.requests_frame(SIGNATURE, [last]), [1 << 20], bounds)
    assert message is None
    longer = trunk.TrunkRequest(2, 1, b"p" * 32_800, None)
    frames, message = read(Role.ACCEPTOR, HELLO + behind + trunk.requests_frame(SIGNATURE, [longer]), [7], bounds)
    assert len(frames) == 2
    assert message is not None and "too long" in message


def test_two_answers_to_one_request_are_refused_where_one_came_ahead() -> None:
    raw = HELLO + trunk.answers_ahead([ANSWER]) + trunk.answers_frame(SIGNATURE, [ANSWER])
    frames, message = whole(Role.OPENER, raw)
    assert len(frames) == 2
    assert message is not None and "answered twice" in message
    frames, message = whole(Role.OPENER, HELLO + 2 * (trunk.answers_ahead([ANSWER]) + trunk.answers_ahead([])))
    assert message is None, "what is void was not answered"
