"""The trunk as it is asked for, granted and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed, Unavailable
from lienthong.wire import trunk

Headers = list[tuple[bytes, bytes]]

ASKED: Headers = [(b"Host", b"nut.example"), (b"Connection", b"Upgrade"), (b"Upgrade", b"lienthong-trunk/1")]
SIGNATURE = trunk.FrameSignature(b"c" * 32, 1_614_585_600_250, b"v" * 8)


def headers_of(raw: bytes) -> tuple[bytes, Headers]:
    """First line and headers of an HTTP message without a body, read by the letter."""
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    return first, [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


def test_what_is_asked_for_is_what_the_acceptor_takes() -> None:
    first, headers = headers_of(trunk.upgrade_request(b"nut.example"))
    assert (first, headers) == (b"GET /trunk HTTP/1.1", ASKED)
    trunk.check_upgrade(b"GET", b"/trunk", headers)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"connection", b"upgrade"), (b"upgrade", b"lienthong-trunk/1")],
        [(b"CONNECTION", b"UPGRADE"), (b"UPGRADE", b"Lienthong-Trunk/1")],
        [(b"Connection", b"keep-alive,\tUpgrade"), (b"Upgrade", b"h2c , lienthong-trunk/1")],
        [(b"Connection", b"close"), (b"Connection", b"upgrade"), (b"Upgrade", b"a"), (b"Upgrade", trunk.TOKEN)],
    ],
)
def test_tokens_are_compared_without_case_and_in_lists(headers: Headers) -> None:
    trunk.check_upgrade(b"GET", b"/trunk", headers)


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        (b"POST", b"/trunk", ASKED),
        (b"get", b"/trunk", ASKED),
        (b"GET", b"/exchange", ASKED),
        (b"GET", b"/trunk?x", ASKED),
        (b"GET", b"/trunk", []),
        (b"GET", b"/trunk", [(b"Connection", b"Upgrade")]),
        (b"GET", b"/trunk", [(b"Upgrade", b"lienthong-trunk/1")]),
        (b"GET", b"/trunk", [(b"Connection", b"keep-alive"), (b"Upgrade", b"lienthong-trunk/1")]),
        (b"GET", b"/trunk", [(b"Connection", b"Upgrade"), (b"Upgrade", b"lienthong-trunk/2")]),
        (b"GET", b"/trunk", [(b"Connection", b"Upgrade"), (b"Upgrade", b"lienthong-trunk/10")]),
        (b"GET", b"/trunk", [(b"Connection", b"Upgrade"), (b"Upgrade", b"lienthong-trunk")]),
        (b"GET", b"/trunk", [*ASKED, (b"Content-Length", b"5")]),
        (b"GET", b"/trunk", [*ASKED, (b"transfer-encoding", b"chunked")]),
    ],
)
def test_anything_else_asks_for_no_trunk(method: bytes, target: bytes, headers: Headers) -> None:
    with pytest.raises(Malformed) as refused:
        trunk.check_upgrade(method, target, headers)
    assert refused.value.code == "BadRequest"


@given(st.binary(max_size=40))
def test_the_answer_ends_where_frames_begin(after: bytes) -> None:
    answer = trunk.UPGRADE_ANSWER
    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert trunk.upgrade_answered(answer + after) == len(answer)
    assert {trunk.upgrade_answered(answer[:size]) for size in range(len(answer))} == {None}


def test_the_answer_of_a_stranger_may_say_more() -> None:
    answer = b"HTTP/1.1 101 OK\r\nDate: x\r\nupgrade: LIENTHONG-TRUNK/1\r\nconnection:upgrade\r\n\r\n"
    assert trunk.upgrade_answered(answer + b"\x00") == len(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 1010 x\r\n\r\n",
        b"HTTP/1.0 101 Switching Protocols\r\n",
        b"\x15\x03\x03",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\nUpgrade: lienthong-trunk/1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 4060,
        trunk.UPGRADE_ANSWER[:-2] + b"X: " + b"x" * 4020 + b"\r\n\r\n",
    ],
)
def test_any_other_answer_leads_to_the_baseline(answer: bytes) -> None:
    """Whole, and at some byte where it comes byte by byte."""
    with pytest.raises(Unavailable) as refused:
        trunk.upgrade_answered(answer)
    assert refused.value.code == "HttpError"
    with pytest.raises(Unavailable):
        assert {trunk.upgrade_answered(answer[: size + 1]) for size in range(len(answer))} == {None}


def test_a_request_is_written_by_the_letter() -> None:
    frame = trunk.requests_frame(SIGNATURE, [trunk.TrunkRequest(7, 30_000, b"GET\r\n", b"{}")])
    assert frame.hex(" ", 4) == (
        trunk.FRAME_LAYOUT.pack(1 + 43 + 8 + 16 + 5 + 2, 2)
        + b"\x00\x01"
        + b"c" * 32
        + (1_614_585_600_250).to_bytes(8, "big")
        + b"\x08"
        + b"v" * 8
        + bytes.fromhex("00000007 00007530 00000005 00000002")
        + b"GET\r\n{}"
    ).hex(" ", 4)


def test_an_answer_is_written_by_the_letter() -> None:
    frame = trunk.answers_frame(SIGNATURE, [trunk.TrunkAnswer(7, b"204\r\n", None)])
    assert frame.endswith(b"\x08" + b"v" * 8 + bytes.fromhex("00000007 00000005 ffffffff") + b"204\r\n")


def test_small_frames_are_written_by_the_letter() -> None:
    bounds = trunk.Bounds()
    assert trunk.hello_frame(bounds).hex() == "0000000d" + "01" + "0001" + "00400000" + "0100" + "00001000"
    assert trunk.fault_frame(7, 403, b"{}").hex() == "00000009" + "04" + "00000007" + "0193" + "7b7d"
    assert trunk.cancel_frame(7).hex() == "00000005" + "05" + "00000007"
    assert trunk.ping_frame(b"12345678") == b"\x00\x00\x00\x09\x0612345678"
    assert trunk.pong_frame(b"12345678") == b"\x00\x00\x00\x09\x0712345678"
    assert trunk.bye_frame(trunk.Reason.BROKEN).hex() == "00000003" + "08" + "0001"


def test_a_fault_too_long_is_told_by_its_status() -> None:
    longest = b"x" * trunk.FAULT_BYTES_MAX
    assert trunk.fault_frame(1, 503, longest).endswith(longest)
    assert trunk.fault_frame(1, 503, longest + b"x") == trunk.fault_frame(1, 503, b"")


def test_heads_are_as_long_as_said() -> None:
    signature = trunk.FrameSignature(b"c" * 32, 1, b"v" * trunk.SIGNATURE_VALUE_MAX)
    empty = trunk.requests_frame(signature, [])
    assert len(empty) == 4 + trunk.SIGNED_HEAD_MAX
    one = trunk.requests_frame(signature, [trunk.TrunkRequest(1, 1, b"p", None)])
    assert len(one) == len(empty) + trunk.MESSAGE_HEAD_MAX + 1


def test_no_body_of_zero_bytes_is_written() -> None:
    with pytest.raises(AssertionError):
        trunk.requests_frame(SIGNATURE, [trunk.TrunkRequest(1, 1, b"p", b"")])
    with pytest.raises(AssertionError):
        trunk.answers_frame(SIGNATURE, [trunk.TrunkAnswer(1, b"p", b"")])


def test_of_each_bound_the_smaller_is_kept() -> None:
    own = trunk.Bounds(1 << 20, 512, 100, 1000)
    assert trunk.agreed_bounds(own, trunk.Hello(2 << 20, 64, 4096)) == trunk.Bounds(1 << 20, 64, 100, 1000)
