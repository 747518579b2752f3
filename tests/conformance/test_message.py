"""X-Road-Request-Hash as a client can recompute it, and request lines and paths as the wire carries them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha512
from typing import Any

import pytest
from tests import vectors
from tests.conformance.conftest import normal_paths
from tests.doubles.plain_client import CLIENT, call, raw, statuses
from tests.doubles.rig import SERVICE, SYSTEM, Rig
from tests.doubles.scripted_service import ScriptedService

MESSAGES = vectors.load("xroad-rest/message.json")["requests"]
LINES = vectors.load("xroad-rest/request-line.json")["parse"]
URI = vectors.load("xroad-rest/uri.json")
BEGINS_THE_QUERY = "segment-17"
"""Its raw question mark ends the path of a request line, so the service code is what stands before it."""
_ADDED_ON_THE_LAST_HOP = ("host", "content-length")


def recomputed_hash(seen: dict[str, Any], target: str) -> str:
    """The request hash from what the service saw: the header part is method, client's target, headers in order."""
    lines = [seen["method"], target]
    lines += [f"{name}:{value}" for name, value in seen["headers"] if name.lower() not in _ADDED_ON_THE_LAST_HOP]
    head = sha512("".join(f"{line}\r\n" for line in lines).encode()).digest()
    if not seen["body"]:
        return b64encode(head).decode()
    return b64encode(sha512(head + sha512(seen["body"]).digest()).digest()).decode()


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["id"])
def test_the_request_hash_can_be_recomputed(two_nodes: Rig, system: ScriptedService, row: dict[str, Any]) -> None:
    """The rows' method, headers, query and body, addressed to the rig's service by the rig's system."""
    service_path = "/" + "/".join(row["path"].split("/")[7:])
    target = f"/r1/{SERVICE}{service_path}" + ("" if row["query"] is None else f"?{row['query']}")
    headers = [
        (name, str(SYSTEM) if name.lower() == "x-road-client" else value)
        for name, value in row["headers"]
        if name.lower() not in ("host", "content-length", "x-road-id")
    ]
    headers.append(("X-Road-Id", f"bam-{row['id']}"))
    body = b64decode(row["body_base64"]) if "body_base64" in row else None
    answer = call(two_nodes.consumer.front, target, method=row["method"], headers=headers, body=body)
    assert answer.status == 200
    assert system.last()["path"] == target.replace(f"/r1/{SERVICE}", "/api")
    assert answer.header("X-Road-Request-Hash") == recomputed_hash(system.last(), target)


def test_a_body_of_no_bytes_is_no_body(two_nodes: Rig, system: ScriptedService) -> None:
    target = f"/r1/{SERVICE}/x"
    answer = call(two_nodes.consumer.front, target, method="POST", body=b"")
    assert answer.header("X-Road-Request-Hash") == recomputed_hash(system.last(), target)


def _line(method: str, target: str) -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: a\r\nX-Road-Client: {SYSTEM}\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize("row", LINES, ids=lambda row: row["id"])
def test_request_lines(two_nodes: Rig, row: dict[str, Any]) -> None:
    """A broken line is a broken request; a good one goes as far as a member that is not on this network."""
    target = row["path"] + ("" if row["query"] is None else f"?{row['query']}")
    got = raw(two_nodes.consumer.front, _line(row["method"], target))
    if row["expect"] == "error":
        assert statuses(got) == [400]
        assert b"X-Road-Error: Client.BadRequest\r\n" in got
    else:
        assert statuses(got) == [500]
        assert b"Server.ClientProxy.UnknownMember\r\n" in got or b"Server.ServerProxy.UnknownService\r\n" in got


@pytest.mark.parametrize("row", URI["segment"], ids=lambda row: row["id"])
def test_segments_as_service_codes(two_nodes: Rig, row: dict[str, Any]) -> None:
    got = raw(two_nodes.consumer.front, _line("GET", f"/r1/{SERVICE.system}/{row['value']}"))
    blank = not row["value"]
    broken = blank or (row.get("error") and row["id"] != BEGINS_THE_QUERY)
    wanted = b"Client.BadRequest" if broken else b"Server.ServerProxy.UnknownService"
    assert b"X-Road-Error: " + wanted + b"\r\n" in got


@pytest.mark.parametrize("row", URI["normalise"], ids=lambda row: row["id"])
def test_paths_are_normalised_before_the_right_is_looked_at(
    two_nodes: Rig, system: ScriptedService, row: dict[str, Any]
) -> None:
    """The right names the normal form; the service gets the path as sent. What leaves the root has no right."""
    answer = call(two_nodes.consumer.front, f"/r1/{SERVICE.system}/{row['id']}{row['value']}")
    if normal_paths()[row["id"]].startswith("/.."):
        assert (answer.status, answer.error) == (500, "Server.ServerProxy.AccessDenied")
        return
    assert answer.status == 200
    assert system.last()["path"] == "/api" + row["value"]


@pytest.mark.parametrize("sent", ["/a%2Fb", "/a%2fb", "/x/%2e%2e%2Fa/b", "/a/b%2Fc/../d%2F"])
def test_an_encoded_slash_is_no_separator(two_nodes: Rig, sent: str) -> None:
    """uri.json path-04: a right on /a/* does not cover /a%2Fb."""
    answer = call(two_nodes.consumer.front, f"/r1/{SERVICE.system}/encoded-slash{sent}")
    covered = sent == "/a/b%2Fc/../d%2F"
    assert (answer.status, answer.error) == ((200, None) if covered else (500, "Server.ServerProxy.AccessDenied"))


def test_client_headers_are_read_whatever_their_case(two_nodes: Rig) -> None:
    assert call(two_nodes.consumer.front, f"/r1/{SERVICE}/x", headers=dict(CLIENT)).status == 200
