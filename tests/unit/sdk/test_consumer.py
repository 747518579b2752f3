from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from lienthong.domain.errors import LienthongError, Malformed, Refused, Unavailable, Unproven
from lienthong.domain.grants import Reason
from lienthong.sdk.answers import NodeRefused
from lienthong.sdk.consumer import Channel, Consumer
from lienthong.sdk.credentials import ClientSecret, Token

SYSTEM = "VN/PROV/H26/mot-cua"
SERVICE = "VN/GOV/G01/dan-cu/xac-nhan-cong-dan"
REASON = Reason(purpose="giai-quyet-tthc", procedure="1.012756", case="H26-1", officer="cb01")
_STRIPPED = {
    "transfer-encoding", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade",
    "connection", "user-agent", "host", "content-length", "server", "expect", "authorization",
}  # fmt: skip


class Node:
    """A node in memory: hashes what it gets by the words of the protocol, independently of the code under test."""

    def __init__(self) -> None:
        self.seen: list[httpx2.Request] = []
        self.answer: Callable[[httpx2.Request], httpx2.Response | None] = lambda _: None
        self.spoil_hash = False
        self.tokens = 0
        self.now_s = 0.0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/oauth2/token":
            self.tokens += 1
            return httpx2.Response(200, json={"access_token": f"LT1{self.tokens}", "expires_in": 300})
        self.seen.append(request)
        return self.answer(request) or self.good(request)

    def good(self, request: httpx2.Request) -> httpx2.Response:
        part = f"{request.method}\r\n".encode() + request.url.raw_path + b"\r\n"
        for name, value in request.headers.raw:
            if name.decode().lower() not in _STRIPPED:
                part += name + b":" + value + b"\r\n"
        part += b"x-road-request-id:r1\r\n"
        digest = hashlib.sha512(part).digest()
        if request.content:
            digest = hashlib.sha512(digest + hashlib.sha512(request.content).digest()).digest()
        told = base64.b64encode(b"x" * 64 if self.spoil_hash else digest).decode()
        headers = {
            "X-Road-Id": request.headers["x-road-id"],
            "X-Road-Request-Id": "r1",
            "X-Road-Request-Hash": told,
            "Lienthong-Data-As-Of": "2021-03-10T03:00:00.000Z",
        }
        return httpx2.Response(200, json={"khop": True}, headers=headers)


@pytest.fixture
def node() -> Node:
    return Node()


def _consumer(node: Node, **given: Any) -> Consumer:
    channel = Channel(transport=httpx2.MockTransport(node), clock_s=lambda: node.now_s)
    return Consumer("http://node", SYSTEM, channel=channel, **given)


def test_a_call_says_who_and_why_and_proves_its_hash(node: Node) -> None:
    with _consumer(node) as consumer:
        answer = consumer.post(SERVICE, "/xac-nhan", json={"hoTen": "Hòa"}, reason=REASON, fields=["khop"])
    sent = node.seen[0]
    assert sent.url.raw_path == b"/r1/VN/GOV/G01/dan-cu/xac-nhan-cong-dan/xac-nhan"
    assert sent.headers["x-road-client"] == SYSTEM
    assert sent.headers["x-road-userid"] == "cb01"
    assert sent.headers["lienthong-procedure"] == "1.012756"
    assert sent.headers["lienthong-fields"] == "khop"
    assert json.loads(sent.content) == {"hoTen": "Hòa"}
    assert answer.json() == {"khop": True}
    assert answer.message_id == sent.headers["x-road-id"]
    assert (answer.request_id, answer.as_of) == ("r1", "2021-03-10T03:00:00.000Z")


def test_get_with_own_message_id(node: Node) -> None:
    answer = _consumer(node).get(SERVICE, "/thửa/1?a=b%20c", reason=REASON, message_id="m-1")
    assert node.seen[0].url.raw_path.endswith(b"/th%E1%BB%ADa/1?a=b%20c")
    assert answer.message_id == "m-1"


def test_a_wrong_hash_is_not_believed(node: Node) -> None:
    node.spoil_hash = True
    with pytest.raises(Unproven) as caught:
        _consumer(node).get(SERVICE, reason=REASON)
    assert caught.value.code == "InconsistentResponse"


def test_an_answer_without_hash_is_not_believed(node: Node) -> None:
    node.answer = lambda _: httpx2.Response(200, json={})
    with pytest.raises(Unproven):
        _consumer(node).get(SERVICE, reason=REASON)


@pytest.mark.parametrize(
    ("full_code", "status", "family", "code"),
    [
        ("Server.ServerProxy.AccessDenied", 500, Refused, "AccessDenied"),
        ("server.serverproxy.access_denied", 500, Refused, "AccessDenied"),
        ("Client.ClientUnauthenticated", 401, Refused, "ClientUnauthenticated"),
        ("Server.ServerProxy.ServiceFailed.HttpError", 500, Unavailable, "ServiceFailed.HttpError"),
        ("Client.BadRequest", 400, Malformed, "BadRequest"),
    ],
)
def test_errors_of_the_node(node: Node, full_code: str, status: int, family: type[LienthongError], code: str) -> None:
    headers = {"X-Road-Error": full_code, "Lienthong-Clause": "validity", "X-Road-Id": "m-9"}
    body = {"type": full_code, "message": "ended on 28/02/2021", "detail": "d1"}
    node.answer = lambda _: httpx2.Response(status, json=body, headers=headers)
    with pytest.raises(family) as caught:
        _consumer(node).get(SERVICE, reason=REASON)
    error = caught.value
    assert (error.code, error.clause, error.message) == (code, "validity", "ended on 28/02/2021")
    assert error.told.detail == "d1"  # type: ignore[attr-defined]
    assert error.told.message_id == "m-9"  # type: ignore[attr-defined]


def test_an_error_page_that_is_no_json(node: Node) -> None:
    node.answer = lambda _: httpx2.Response(
        500, content=b"<error/>", headers={"X-Road-Error": "Server.ServerProxy.AccessDenied"}
    )
    with pytest.raises(NodeRefused) as caught:
        _consumer(node).get(SERVICE, reason=REASON)
    assert caught.value.told.status == 500


def test_a_service_error_is_an_answer(node: Node) -> None:
    def missing(request: httpx2.Request) -> httpx2.Response:
        good = node.good(request)
        return httpx2.Response(404, json={"code": "NotFound"}, headers=dict(good.headers) | {"content-length": "19"})

    node.answer = missing
    assert _consumer(node).get(SERVICE, reason=REASON).status == 404


def test_tokens_are_fetched_once_and_renewed_in_time(node: Node) -> None:
    consumer = _consumer(node, credential=ClientSecret("s3cret"))
    for _ in range(2):
        consumer.get(SERVICE, reason=REASON)
    assert node.tokens == 1
    node.now_s = 271.0
    consumer.get(SERVICE, reason=REASON)
    assert node.tokens == 2
    assert [sent.headers["authorization"] for sent in node.seen] == ["Bearer LT11", "Bearer LT11", "Bearer LT12"]


def test_a_refused_token_is_fetched_anew(node: Node) -> None:
    consumer = _consumer(node, credential=ClientSecret("s3cret"))
    error = {"X-Road-Error": "Client.ClientUnauthenticated"}
    node.answer = lambda _: httpx2.Response(401, json={}, headers=error)
    with pytest.raises(Refused):
        consumer.get(SERVICE, reason=REASON)
    node.answer = lambda _: None
    consumer.get(SERVICE, reason=REASON)
    assert node.tokens == 2


def test_secrets_are_not_shown() -> None:
    assert "geheim" not in repr((ClientSecret("geheim"), Token("geheim")))


def test_a_silent_node_is_unavailable(node: Node) -> None:
    def silent(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no", request=request)

    node.answer = silent
    with pytest.raises(Unavailable):
        _consumer(node).get(SERVICE, reason=REASON)


def test_a_redirect_is_not_followed(node: Node) -> None:
    node.answer = lambda _: httpx2.Response(302, headers={"Location": "http://elsewhere/"})
    with pytest.raises(Unproven):
        _consumer(node).get(SERVICE, reason=REASON)
    assert len(node.seen) == 1


@pytest.mark.parametrize(
    "reason", [Reason(officer="Nguyễn Văn A"), Reason(case="a\r\nX-Road-Client: VN/GOV/G01"), Reason(purpose="\x00")]
)
def test_headers_cannot_be_smuggled(node: Node, reason: Reason) -> None:
    with pytest.raises(Malformed):
        _consumer(node).get(SERVICE, reason=reason)
    assert not node.seen


@pytest.mark.parametrize("service", ["VN/GOV/G01", "VN/GOV//dan-cu/x", ""])
def test_a_service_has_five_parts(node: Node, service: str) -> None:
    with pytest.raises(Malformed):
        _consumer(node).get(service, reason=REASON)
