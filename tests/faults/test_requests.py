"""Bytes that a calling system should not send: each gets a coded error in its turn, or is served as it should be."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
from tests.doubles.plain_client import CLIENT, call, raw, read_all, statuses
from tests.doubles.rig import SERVICE, SYSTEM, Rig
from tests.doubles.scripted_service import ScriptedService

PATH = f"/r1/{SERVICE}/x"
KIB = 1024


def request(method: str = "GET", target: str = PATH, *lines: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """A request of the rig's system with further header lines."""
    head = [f"{method} {target} HTTP/{version}", "Host: a", f"X-Road-Client: {SYSTEM}", *lines]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


def post(body: bytes, *lines: str, target: str = PATH) -> bytes:
    return request("POST", target, f"Content-Length: {len(body)}", *lines, body=body)


def refused(got: bytes, code: str, status: int) -> None:
    """One answer: an error document with this code."""
    assert statuses(got) == [status]
    assert f"X-Road-Error: {code}\r\n".encode() in got
    assert b'"detail":"' in got


# ---- identifiers, headers, paths


@pytest.mark.parametrize(
    "client",
    [
        "", "VN", "VN/PROV", "VN/PROV/H26/mot-cua/x", "VN//H26/mot-cua", "VN/PROV/H26/ ", "VN/PROV/H26/%",
        "VN/PROV/%ff", "VN/PROV/H26/" + "a" * 1100, "VN/PROV/H26/mot cua", "VN\\PROV\\H26",
    ],
)  # fmt: skip
def test_malformed_client(rig: Rig, system: ScriptedService, client: str) -> None:
    before = len(system.seen)
    answer = call(rig.consumer.front, PATH, headers={"X-Road-Client": client})
    assert (answer.status, answer.error) == (400, "Client.BadRequest")
    assert len(system.seen) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Road-Id", ""),
        ("X-Road-Id", "x" * 256),
        ("X-Road-Id", "a\tb"),
        ("X-Road-Security-Server", "VN/GOV/G01"),
        ("X-Road-Represented-Party", "a/b/c"),
        ("Lienthong-Fields", "a,,b"),
        ("Lienthong-Fields", "a." * 40 + "b"),
        ("Lienthong-Purpose", "p" * 1100),
        ("X-Road-UserId", "u" * 1100),
    ],
)
def test_malformed_protocol_headers(rig: Rig, name: str, value: str) -> None:
    answer = call(rig.consumer.front, PATH, headers={**CLIENT, name: value})
    assert (answer.status, answer.error) == (400, "Client.BadRequest")


@pytest.mark.parametrize("node", ["VN/GOV/G01/nut-2", "VN/PROV/H26/nut-1"])
def test_the_wrong_node_is_named(rig: Rig, node: str) -> None:
    answer = call(rig.consumer.front, PATH, headers={**CLIENT, "X-Road-Security-Server": node})
    assert (answer.status, answer.error) == (500, "Server.ClientProxy.InvalidSecurityServer")


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("X-Road-Client", str(SYSTEM), "VN/PROV/H26/cong-dvc"),
        ("X-Road-Id", "a", "b"),
        ("Lienthong-Purpose", "giai-quyet-tthc", "thong-ke"),
        ("X-Road-UserId", "1", "2"),
    ],
)
def test_a_protocol_header_with_two_values(
    rig: Rig, system: ScriptedService, name: str, first: str, second: str
) -> None:
    base = [] if name == "X-Road-Client" else list(CLIENT.items())
    before = len(system.seen)
    answer = call(rig.consumer.front, PATH, headers=[*base, (name, first), (name.upper(), second)])
    assert (answer.status, answer.error) == (400, "Client.BadRequest")
    assert len(system.seen) == before
    same = call(rig.consumer.front, PATH, headers=[*base, (name, first), (name, first)])
    assert same.status == 200


@pytest.mark.parametrize(
    "target",
    [
        f"{PATH}%00", f"{PATH}/%0d%0aX-Evil:1", f"/r1/{SERVICE}/..;/a", f"/r1/{SERVICE}/%2e%2e%3b/a",
        f"/r1/{SERVICE}//../a", f"/r1/{SERVICE}/a%252fb", f"/r1/{SERVICE}/a%5cb", f"/r1/{SERVICE}/%c0%af",
        f"/r1/{SERVICE}/%zz", f"/r1/{SERVICE}/%", f"/r1/{SERVICE}/x|y", f"/r1/{SERVICE}/x#y",
        "/r1//GOV/G01/dan-cu/thu", "/r1/VN/GOV/G01/dan-cu/", "r1/VN/GOV/G01/a/b", f"/r1/{SERVICE}/" + "a" * 9000,
        f"http://127.0.0.1{PATH}", "*", "/", "/r1/VN/GOV/G01/" + "a" * 2000 + "/x",
    ],
)  # fmt: skip
def test_path_tricks_are_broken_requests(rig: Rig, system: ScriptedService, target: str) -> None:
    before = len(system.seen)
    got = raw(rig.consumer.front, request("GET", target, "Connection: close"))
    assert statuses(got) == [400]
    assert b"X-Road-Error: Client.BadRequest\r\n" in got
    assert len(system.seen) == before


@pytest.mark.parametrize("target", [f"/r1/{SERVICE}/../x", f"/r1/{SERVICE}/a/../../x", f"/r1/{SERVICE}/%2e%2e/x"])
def test_nobody_has_a_right_above_the_root(rig: Rig, system: ScriptedService, target: str) -> None:
    before = len(system.seen)
    refused(
        raw(rig.consumer.front, request("GET", target, "Connection: close")), "Server.ServerProxy.AccessDenied", 500
    )
    assert len(system.seen) == before


@pytest.mark.parametrize(
    "target", [f"/r1/{SERVICE}//a//b", f"/r1/{SERVICE}/a;v=1/b", f"/r1/{SERVICE}/a%2Fb", f"/r1/{SERVICE}/a/./b?x=%00"]
)
def test_odd_but_good_paths_reach_the_service_as_sent(rig: Rig, system: ScriptedService, target: str) -> None:
    assert statuses(raw(rig.consumer.front, request("GET", target, "Connection: close"))) == [200]
    assert system.last()["path"] == target.replace(f"/r1/{SERVICE}", "/api")


# ---- sizes


def test_oversize_headers(rig: Rig) -> None:
    for lines in (["X-Big: " + "a" * 40_000], [f"X-{n}: 1" for n in range(100)], ["X-Big: " + "a" * 10_000] * 4):
        got = raw(rig.consumer.front, request("GET", PATH, *lines))
        refused(got, "Client.BadRequest", 431)


def test_a_header_without_end_is_cut_off(rig: Rig) -> None:
    """Nothing keeps an endless header: long before the header's time is over the node says so."""
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
        began = time.monotonic()
        sock.sendall(b"GET /r1/x HTTP/1.1\r\nX-Long: " + b"y" * 300_000)
        refused(sock.recv(65536), "Client.BadRequest", 431)
        assert time.monotonic() - began < 0.9


@pytest.mark.parametrize("chunked", [False, True])
def test_oversize_body(rig: Rig, system: ScriptedService, chunked: bool) -> None:
    """Refused with a code although the client is still sending."""
    before, size = len(system.seen), 2_000_000
    if chunked:
        data = request("POST", PATH, "Transfer-Encoding: chunked") + b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n"
    else:
        data = post(bytes(size))
    got = raw(rig.consumer.front, data)
    refused(got, "Client.MessageTooLarge", 413)
    assert len(system.seen) == before


def test_the_largest_body_passes_both_nodes(rig: Rig, system: ScriptedService) -> None:
    """The header part that travels before it does not make it too large on the way, nor the answer."""
    answer = call(rig.consumer.front, PATH, method="POST", body=b"b" * (64 * KIB))
    assert answer.status == 200
    assert len(system.last()["body"]) == 64 * KIB
    assert len(call(rig.consumer.front, f"/r1/{SERVICE}/large/{64 * KIB}").body) == 64 * KIB


def test_many_tiny_chunks_cost_no_more_than_few(rig: Rig, system: ScriptedService) -> None:
    body = b"".join(b"1\r\nx\r\n" for _ in range(60 * KIB))
    began = time.monotonic()
    got = raw(
        rig.consumer.front,
        request("POST", PATH, "Transfer-Encoding: chunked", "Connection: close") + body + b"0\r\n\r\n",
    )
    assert statuses(got) == [200]
    assert system.last()["body"] == b"x" * 60 * KIB
    assert time.monotonic() - began < 3


# ---- slow and broken-off clients


def test_slow_header(rig: Rig) -> None:
    """A byte now and then does not keep a head open: `header_s` is for the whole of it."""
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
        began = time.monotonic()
        got = b""
        sock.settimeout(0.2)
        for byte in request("GET", PATH) * 2:
            try:
                sock.send(bytes([byte]))
                got = sock.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                break
            break
        assert time.monotonic() - began < 3
        sock.settimeout(5)
        refused(got + read_all(sock), "Client.BadRequest", 408)


def test_slow_body(rig: Rig, system: ScriptedService) -> None:
    before = len(system.seen)
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
        sock.sendall(request("POST", PATH, "Content-Length: 10") + b"abc")
        refused(read_all(sock), "Client.BadRequest", 408)
    assert len(system.seen) == before


def test_half_closed_connection_is_answered_and_then_ended(rig: Rig) -> None:
    began = time.monotonic()
    got = raw(rig.consumer.front, request("GET", f"/r1/{SERVICE}/slow/0.3"), half_close=True)
    assert statuses(got) == [200]
    assert time.monotonic() - began < 3


def test_client_that_leaves_in_the_middle_of_a_request(rig: Rig, system: ScriptedService) -> None:
    before = len(system.seen)
    for data in (b"GET", request("POST", PATH, "Content-Length: 10") + b"abc"):
        with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
            sock.sendall(data)
    time.sleep(0.2)
    assert len(system.seen) == before


def test_client_that_does_not_wait_for_the_answer(rig: Rig, system: ScriptedService) -> None:
    """What it asked for is executed once, and recorded."""
    before = system.ids().count("bo-di")
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
        sock.sendall(post(b"{}", "X-Road-Id: bo-di", target=f"/r1/{SERVICE}/slow/0.3"))
        time.sleep(0.1)
    time.sleep(0.6)
    assert system.ids().count("bo-di") == before + 1
    again = call(rig.consumer.front, PATH, method="POST", body=b"{}", headers={**CLIENT, "X-Road-Id": "bo-di"})
    assert (again.status, again.error) == (409, "Client.DuplicateMessage")


def test_client_that_never_reads(rig: Rig, system: ScriptedService) -> None:
    """Answers that nobody reads are bounded: no further request of that connection is taken up."""
    before = len(system.seen)
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=1) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(0.5)
        with contextlib.suppress(OSError):
            sock.sendall(request("GET", f"/r1/{SERVICE}/large/60000") * 500)
        time.sleep(2)
    assert len(system.seen) - before < 200


# ---- HTTP itself


def test_pipelined_requests_are_answered_in_order(rig: Rig, system: ScriptedService) -> None:
    ids = [f"ong-{n}-{time.monotonic_ns()}" for n in range(40)]
    data = b"".join(post(b"{}", f"X-Road-Id: {one}") for one in ids)
    got = raw(rig.consumer.front, data + request("GET", PATH, "Connection: close"))
    assert statuses(got) == [200] * 41
    order = [line[10:].decode() for line in got.split(b"\r\n") if line.startswith(b"x-road-id:")]
    assert order[:40] == ids
    assert [system.ids().count(one) for one in ids] == [1] * 40


@pytest.mark.parametrize("rest", [b"NONSENSE\r\n\r\n", b"POST /r1/x HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n"])
def test_an_error_behind_a_request_waits_for_its_turn(rig: Rig, rest: bytes) -> None:
    """The first request gets its own answer, the error comes second."""
    got = raw(rig.consumer.front, request("GET", f"/r1/{SERVICE}/slow/0.3") + rest)
    assert statuses(got) == [200, 400]


def test_http_1_0(rig: Rig) -> None:
    got = raw(rig.consumer.front, request("GET", PATH, version="1.0"))
    assert statuses(got) == [200]


@pytest.mark.parametrize(
    "head", [b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 64]
)
def test_what_is_not_http(rig: Rig, head: bytes) -> None:
    refused(raw(rig.consumer.front, head), "Client.BadRequest", 400)


def test_chunked_body_with_trailer(rig: Rig, system: ScriptedService) -> None:
    """Trailers are no headers: neither a second client nor a purpose comes in this way."""
    trailer = b"X-Road-Client: VN/GOV/G99\r\nLienthong-Purpose: thong-ke\r\nX-Trailer: 1\r\n"
    data = (
        request("POST", PATH, "Transfer-Encoding: chunked", "Connection: close") + b"2;a=b\r\n{}\r\n0\r\n" + trailer
    )
    assert statuses(raw(rig.consumer.front, data + b"\r\n")) == [200]
    assert system.last()["body"] == b"{}"
    assert "x-trailer" not in {name.lower() for name, _ in system.last()["headers"]}


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 3"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Content-Length: +3"],
        ["Content-Length: -1"],
        ["Content-Length: 99999999999999999999999"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["X-A: b\r\n folded: yes"],
        ["X-A: b\rX-B: c"],
        ["X A: b"],
        ["X-A: \x00"],
    ],
)
def test_smuggling(rig: Rig, system: ScriptedService, lines: list[str]) -> None:
    """Whatever two readers could frame differently is refused, and what follows is not read as a request."""
    hidden = request("POST", f"/r1/{SERVICE}/lau", "Content-Length: 0")
    got = raw(rig.consumer.front, request("POST", PATH, *lines, body=b"0\r\n\r\n" + hidden))
    assert len(statuses(got)) == 1
    assert statuses(got)[0] in (400, 413, 431)
    assert all(not str(one["path"]).startswith("/api/lau") for one in system.seen)


def test_expect_continue(rig: Rig) -> None:
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
        sock.sendall(request("POST", PATH, "Content-Length: 2", "Expect: 100-continue", "Connection: close"))
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"{}")
        assert statuses(read_all(sock)) == [200]


def test_expect_continue_with_too_large_a_body(rig: Rig) -> None:
    """The final answer comes at once; nobody is told to go on."""
    got = raw(rig.consumer.front, request("POST", PATH, "Content-Length: 5000000", "Expect: 100-continue"))
    refused(got, "Client.MessageTooLarge", 413)


@pytest.mark.parametrize("piece", [10_000, 7])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_offered_upgrade_is_not_taken_up(rig: Rig, system: ScriptedService, chunked: bool, piece: int) -> None:
    """The first request of a common client library: executed once, whole, answered once, then comes the next."""
    lines = ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"]
    name = f"nang-cap-{chunked}-{piece}-{len(rig.trunks)}"
    first = post(b'{"a":1}', f"X-Road-Id: {name}", *lines)
    if chunked:
        first = request("POST", PATH, "Transfer-Encoding: chunked", f"X-Road-Id: {name}", *lines)
        first += b'3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'
    data = first + request("GET", PATH, "Connection: close", *lines[:1])
    with socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) as sock:
        for start in range(0, len(data), piece):
            sock.sendall(data[start : start + piece])
            time.sleep(0.001)
        assert statuses(read_all(sock)) == [200, 200]
    assert [one["body"] for one in system.seen if dict(one["headers"]).get("X-Road-Id") == name] == [b'{"a":1}']


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"])
def test_methods(rig: Rig, system: ScriptedService, method: str) -> None:
    body = b"{}" if method in ("PUT", "PATCH") else None
    answer = call(rig.consumer.front, PATH, method=method, body=body)
    assert (answer.status, system.last()["method"]) == (200, method)
    assert bool(answer.body) == (method != "HEAD")


@pytest.mark.parametrize(
    "path", [PATH, "/r1/invalid", "/listClients", "/oauth2/token", f"/r1/{SERVICE.system}/listMethods"]
)
def test_head_never_has_a_body(rig: Rig, path: str) -> None:
    """A body behind HEAD would be read as the next answer."""
    got = raw(rig.consumer.front, request("HEAD", path) + request("GET", "/r1/x", "Connection: close"))
    first, second = got.split(b"HTTP/1.1 ")[1:]
    assert first.endswith(b"\r\n\r\n")
    assert first.count(b"\r\n\r\n") == 1
    assert second.startswith(b"400")


@pytest.mark.parametrize("method", ["CONNECT", "PROPFIND", "GETX", "get"])
def test_methods_that_are_not_offered(rig: Rig, method: str) -> None:
    got = raw(rig.consumer.front, request(method, PATH if method != "CONNECT" else "a:443", "Connection: close"))
    refused(got, "Client.BadRequest", 400)


def test_more_connections_than_allowed_are_closed_and_the_node_lives(rig: Rig) -> None:
    held = [socket.create_connection(("127.0.0.1", rig.consumer.front), timeout=5) for _ in range(80)]
    time.sleep(1.5)
    for sock in held:
        sock.close()
    time.sleep(0.3)
