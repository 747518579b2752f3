"""Rows of xroad-rest/headers.json through two real nodes: dropped, passed, replaced, added, and in which order."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from tests import vectors
from tests.doubles.plain_client import CLIENT, Answer, call, raw
from tests.doubles.rig import SERVICE, SYSTEM, Rig
from tests.doubles.scripted_service import ScriptedService

TABLE = vectors.load("xroad-rest/headers.json")
ROWS = {row["id"]: row for row in TABLE["headers"]}
VALUES = {
    "Transfer-Encoding": "chunked",
    "Upgrade": "h2c",
    "Content-Length": "2",
    "User-Agent": "curl/8.0",
    "Proxy-Authenticate": "Basic realm=x",
    "Proxy-Authorization": "Basic eDp5",
    "Trailer": "X-Sum",
    "Server": "secret/1",
    "Keep-Alive": "timeout=5",
    "TE": "trailers",
    "Expect": "100-continue",
    "Connection": "keep-alive",
    "Host": "mot-cua.example",
}
PASS = [row for row in ROWS.values() if row["expect"] == "pass unchanged"]
DROP = [row for row in ROWS.values() if row["expect"] == "drop"]
OF_ITS_OWN = {
    "headers-23", "headers-26", "headers-28", "headers-29", "headers-30", "headers-32", "headers-34", "headers-35",
    "headers-37",
}  # fmt: skip


def seen_by(system: ScriptedService) -> list[tuple[str, str]]:
    """The headers of the last request that the service got."""
    return [(name, value) for name, value in system.last()["headers"]]


def values(headers: list[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key.lower() == name.lower()]


def answered_with(rig: Rig, **headers: str) -> Answer:
    """The answer to a call of a service that answers with these headers."""
    query = urlencode({name.replace("_", "-"): value for name, value in headers.items()})
    return call(rig.consumer.front, f"/r1/{SERVICE}/with?{query}")


def test_every_row_is_done() -> None:
    assert ROWS.keys() == {row["id"] for row in (*PASS, *DROP)} | OF_ITS_OWN


@pytest.mark.parametrize("row", DROP, ids=lambda row: row["id"])
def test_dropped(two_nodes: Rig, system: ScriptedService, row: dict[str, Any]) -> None:
    name = row["name"]
    if row["direction"] == "response":
        answer = answered_with(two_nodes, **{name: VALUES[name]})
        assert answer.status == 200
        assert answer.all(name) == []
        return
    body = b"2\r\n{}\r\n0\r\n\r\n" if name == "Transfer-Encoding" else b"{}"
    extra = f"{name}: {VALUES[name]}\r\n"
    if name not in ("Transfer-Encoding", "Content-Length"):
        extra += "Content-Length: 2\r\n"
    request = f"POST /r1/{SERVICE}/x HTTP/1.1\r\nHost: a\r\nX-Road-Client: {SYSTEM}\r\n"
    request += f"Connection: close\r\n{extra}\r\n"
    got = raw(two_nodes.consumer.front, request.encode() + body)
    assert got.startswith(b"HTTP/1.1 200 ")
    seen = seen_by(system)
    assert system.last()["body"] == b"{}"
    assert values(seen, name) == (["2"] if name == "Content-Length" else [])


@pytest.mark.parametrize("name", TABLE["drop_both_ways"])
def test_hop_headers_are_dropped_both_ways(two_nodes: Rig, system: ScriptedService, name: str) -> None:
    """The whole list of the table; framing that the node makes itself is its own."""
    known = {key.lower(): value for key, value in VALUES.items()}
    if name not in ("transfer-encoding", "content-length", "host", "connection"):
        call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers={**CLIENT, name: known[name]})
        assert values(seen_by(system), name) == []
    if name not in ("transfer-encoding", "content-length", "upgrade"):
        answer = answered_with(two_nodes, **{name: known[name]})
        assert (answer.status, answer.all(name)) == (200, [])


def test_host_of_the_service_is_its_own(two_nodes: Rig, system: ScriptedService) -> None:
    call(two_nodes.consumer.front, f"/r1/{SERVICE}/x")
    assert values(seen_by(system), "Host") == [f"127.0.0.1:{system.port}"]


@pytest.mark.parametrize("row", PASS, ids=lambda row: row["id"])
def test_passed_unchanged(two_nodes: Rig, system: ScriptedService, row: dict[str, Any]) -> None:
    name, value = row["name"], row["value"]
    if row["direction"] == "response":
        assert answered_with(two_nodes, **{name: value}).all(name) == [value]
        return
    call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers={**CLIENT, name: value})
    assert values(seen_by(system), name) == [value]


def test_22_redirect_is_not_followed(two_nodes: Rig, system: ScriptedService) -> None:
    before = len(system.seen)
    answer = call(two_nodes.consumer.front, f"/r1/{SERVICE}/redirect")
    assert (answer.status, answer.header("Location")) == (302, ROWS["headers-22"]["value"])
    assert len(system.seen) == before + 1


def test_23_exactly_one_date(two_nodes: Rig) -> None:
    assert answered_with(two_nodes).all("Date") == ["Mon, 01 Mar 2021 00:00:00 GMT"]


def test_26_names_are_not_case_sensitive(two_nodes: Rig) -> None:
    answer = call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers={"x-road-client": str(SYSTEM)})
    assert answer.status == 200


def test_28_the_id_of_the_client_is_kept(two_nodes: Rig, system: ScriptedService) -> None:
    value = ROWS["headers-28"]["value"]
    answer = call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers={**CLIENT, "X-Road-Id": value})
    assert answer.all("X-Road-Id") == [value]
    assert values(seen_by(system), "X-Road-Id") == [value]


def test_29_an_id_is_made_where_there_is_none(two_nodes: Rig, system: ScriptedService) -> None:
    made = call(two_nodes.consumer.front, f"/r1/{SERVICE}/x").header("X-Road-Id")
    assert made is not None
    instance, _, rest = made.partition("-")
    assert (instance, str(uuid.UUID(rest))) == ("VN", rest)
    assert values(seen_by(system), "X-Road-Id") == [made]


def test_30_35_the_request_id_is_made_for_each_exchange(two_nodes: Rig, system: ScriptedService) -> None:
    path = f"/r1/{SERVICE}/with?X-Road-Request-Id=service-made"
    made = set()
    for _ in range(2):
        headers = {**CLIENT, "X-Road-Id": "hai-lan", "X-Road-Request-Id": "client-made"}
        answer = call(two_nodes.consumer.front, path, headers=headers)
        (seen,) = values(seen_by(system), "X-Road-Request-Id")
        assert answer.all("X-Road-Request-Id") == [str(uuid.UUID(seen))]
        made.add(seen)
    assert len(made) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [("X-Road-Id", "cua-khach"), ("X-Road-Service", str(SERVICE)), ("X-Road-Client", str(SYSTEM))],
)
def test_32_34_what_a_service_says_of_the_exchange_is_replaced(two_nodes: Rig, name: str, expected: str) -> None:
    path = f"/r1/{SERVICE}/with?{name}=X/Y/Z/S/s"
    answer = call(two_nodes.consumer.front, path, headers={**CLIENT, "X-Road-Id": "cua-khach"})
    assert answer.all(name) == [expected]


@pytest.mark.parametrize("name", ["X-Road-Error", "Lienthong-Clause", "Lienthong-Signature", "X-Road-Request-Hash"])
def test_37_an_error_of_a_node_is_never_the_word_of_a_service(two_nodes: Rig, name: str) -> None:
    answer = answered_with(two_nodes, **{name: "Server.ServerProxy.Fake"})
    assert answer.status == 200
    assert "Server.ServerProxy.Fake" not in answer.all(name)


def test_added_01_order_towards_the_service(two_nodes: Rig, system: ScriptedService) -> None:
    own = [("B-Own", "1"), ("X-Road-Client", str(SYSTEM)), ("A-Own", "2")]
    for headers, added in (
        (own, ["x-road-request-id", "x-road-id"]),
        ([*own, ("X-Road-Id", "1")], ["x-road-request-id"]),
    ):
        call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers=headers)
        names = [name for name, _ in seen_by(system) if name.lower() not in ("host", "content-length")]
        assert names == [name for name, _ in headers] + added


def test_added_02_order_towards_the_client(two_nodes: Rig) -> None:
    answer = answered_with(two_nodes, B_Own="1", A_Own="2")
    names = [name for name, _ in answer.headers if name.lower() != "content-length"]
    order = next(row for row in TABLE["added"] if row["id"] == "added-02")["order"][1:]
    assert names == ["Date", "B-Own", "A-Own", *order]


def test_uniqueness_01_the_hash_differs_each_time(two_nodes: Rig) -> None:
    headers = {**CLIENT, "X-Road-Id": "mot-ma-hai-lan"}
    found = {
        call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers=headers).header("X-Road-Request-Hash")
        for _ in range(2)
    }
    assert len(found) == 2
