"""A message carried to another node's door by hand, so that its signature can be a false one.

The channel is the real one: mutual TLS 1.3 with the sending node's own certificate. The message is correctly formed
and names the right signing certificate. Only the key that signs is the caller's choice: an attacker who has taken
over the channel, but not the organisation's signing key, can do just this.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import uuid
from pathlib import Path
from typing import NamedTuple

import msgspec

from lienthong.adapters.keys import FileKey, read_certificate
from lienthong.adapters.pki import make_key
from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import NodePlan, Plan
from lienthong.cli.country.story.questions import Question
from lienthong.domain.identifiers import parse_member_id
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import SigningKey, encode_signature, sign
from lienthong.evidence.xades import SignerTemplate
from lienthong.wire.message import request_header_part
from lienthong.wire.node_message import request_bytes

_TIMEOUT_S = 10.0


class Carried(NamedTuple):
    """What the other node answered: HTTP status, error code (empty = a signed answer), text, message id."""

    status: int
    code: str
    message: str
    message_id: str


class _Fault(msgspec.Struct):
    """The unsigned error of a node."""

    type: str = ""
    message: str = ""


def strange_key() -> FileKey:
    """A fresh key that belongs to nobody in the directory."""
    return FileKey(make_key(os.urandom))


def carry(plan: Plan, places: Places, question: Question, *, key: SigningKey, now_ms: int) -> Carried:
    """Carry `question` from its system's node to the provider's node, signed by `key`; raises OSError."""
    sender, receiver = plan.node_of(question.system), plan.node_of(question.service)
    message_id = f"VN-{uuid.uuid4()}"
    body = None if question.body is None else msgspec.json.encode(question.body)
    part = request_header_part(
        question.method.encode(),
        f"/r1/{question.service}{question.path}".encode(),
        headers=_headers(question, message_id),
        request_id=str(uuid.uuid4()),
    )
    member = parse_member_id(sender.member)
    certificate = read_certificate((places.node(sender) / "sign.pem").read_bytes(), member)
    signature = sign(request_digests(part, body), key, SignerTemplate(certificate.digest), now_ms)
    data = request_bytes(receiver.host.encode(), part, body, signature=encode_signature(signature))
    status, content = _exchange(_channel(places, sender), receiver, data)
    fault = _Fault() if content.lstrip()[:1] != b"{" else msgspec.json.decode(content, type=_Fault)
    return Carried(status, fault.type, fault.message, message_id)


def _headers(question: Question, message_id: str) -> list[tuple[bytes, bytes]]:
    reason = question.reason
    stated = {
        "X-Road-Client": question.system,
        "X-Road-Id": message_id,
        "X-Road-UserId": reason.officer,
        "Lienthong-Purpose": reason.purpose,
        "Lienthong-Procedure": reason.procedure,
        "Lienthong-Case": reason.case,
        "Content-Type": None if question.body is None else "application/json",
    }
    return [(name.encode(), value.encode()) for name, value in stated.items() if value is not None]


def _channel(places: Places, sender: NodePlan) -> ssl.SSLContext:
    folder: Path = places.node(sender)
    context = ssl.create_default_context(cafile=str(places.authorities))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / "tls.pem", folder / "tls.key")
    return context


def _exchange(channel: ssl.SSLContext, receiver: NodePlan, data: bytes) -> tuple[int, bytes]:
    with (
        socket.create_connection((receiver.host, receiver.exchange_port), _TIMEOUT_S) as plain,
        channel.wrap_socket(plain, server_hostname=receiver.host) as secured,
    ):
        secured.sendall(data)
        answer = http.client.HTTPResponse(secured, method="POST")
        answer.begin()
        return answer.status, answer.read()
