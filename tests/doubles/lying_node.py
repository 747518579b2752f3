"""A provider's node that answers every message with 200, signed with the provider's keys, and lies as it is told."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.doubles.rig import Keys, Rig
from tests.doubles.values import replace

from lienthong.adapters.keys import load_signing_key
from lienthong.domain.identifiers import ServiceId, SystemId
from lienthong.evidence.digest import MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.signature import encode_signature, sign
from lienthong.evidence.xades import SignerTemplate
from lienthong.wire.message import parse_request_part, request_hash, response_header_part
from lienthong.wire.node_message import answer_bytes
from lienthong.wire.parts import ResponseIds

OLD_MS = 600_000


class Response(NamedTuple):
    """An answer before it is signed."""

    header_part: bytes
    body: bytes | None
    digests: MessageDigests


class LyingNode:
    """Listens at the peer door of the rig's provider. `lie` names what is wrong in the answer, empty = nothing."""

    def __init__(self, rig: Rig, *, listen: bool = True) -> None:
        self.lie = ""
        self.signer: Keys = rig.keys["provider"]
        if listen:
            self._listen(rig)

    def _listen(self, rig: Rig) -> None:
        node = self

        class Handler(_Handler):
            owner = node

        self._server = ThreadingHTTPServer(("127.0.0.1", rig.provider.peer), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(rig.provider.folder / "tls.crt", rig.provider.folder / "tls.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> LyingNode:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def response(self, part: bytes, body: bytes | None) -> Response:
        """The answer to one message."""
        asked = parse_request_part(part)
        message_id, request_id = asked.exchange_ids()
        digests = request_digests(part, body)
        ids = ResponseIds(
            message_id, asked.read.client, asked.line.service, request_id, request_hash(digests.header, digests.body)
        )
        answer = b"{}"
        response = response_header_part(200, b"OK", headers=[], ids=self._false(ids))
        request_leaf = bytes(32) if self.lie == "another request" else leaf(digests)
        signed = response_digests(response, answer, request_leaf)
        if self.lie == "body after signing":
            answer = b'{"x":1}'
        return Response(response, answer, signed)

    def answer(self, part: bytes, body: bytes | None) -> bytes:
        """The whole HTTP answer to one message."""
        response = self.response(part, body)
        key = load_signing_key(f"file:{self.signer.folder.resolve()}/sign.key")
        at_ms = time.time_ns() // 1_000_000 - (OLD_MS if self.lie == "old" else 0)
        signature = sign(response.digests, key, SignerTemplate(self.signer.signer.digest), at_ms)
        return answer_bytes(response.header_part, response.body, signature=encode_signature(signature))

    def _false(self, ids: ResponseIds) -> ResponseIds:
        changes = {
            "hash": {"request_hash": b"AAAA"},
            "client": {"client": SystemId("VN", "PROV", "H26", "khac")},
            "service": {"service": ServiceId("VN", "GOV", "G01", "dan-cu", "khac")},
            "message id": {"message_id": "khac"},
            "request id": {"request_id": "khac"},
        }
        return replace(ids, **changes.get(self.lie, {}))  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: LyingNode

    def log_message(self, *_args: object) -> None:
        return

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        size = int(self.headers["Lienthong-Header-Length"])
        self.wfile.write(self.owner.answer(content[:size], content[size:] or None))
