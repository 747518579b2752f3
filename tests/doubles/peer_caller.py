"""A consumer's node that checks nothing: signs what it is told and posts it straight to the provider's peer door."""

from __future__ import annotations

import http.client
import ssl
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.doubles.rig import SERVICE, SYSTEM, Keys, Rig

from lienthong.adapters.keys import load_signing_key
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import Signature, encode_signature, sign
from lienthong.evidence.xades import Signed, SignerTemplate
from lienthong.wire.message import parse_response_part
from lienthong.wire.node_message import carried_message, request_bytes
from lienthong.wire.parts import ResponsePart


class PeerAnswer(NamedTuple):
    """What the provider's node answered: an HTTP status and, if it was a signed message, its parts."""

    status: int
    part: ResponsePart | None
    body: bytes

    @property
    def code(self) -> str | None:
        """The error code of a signed refusal."""
        return self.part.fault if self.part is not None else None


@dataclass
class PeerCaller:
    """Speaks through the channel keys `channel` and signs with the keys `signer`."""

    rig: Rig
    channel: Keys
    signer: Keys

    @classmethod
    def of(cls, rig: Rig) -> PeerCaller:
        """The rig's consumer."""
        return cls(rig, rig.keys["consumer"], rig.keys["consumer"])

    def part(self, method: str = "POST", path: str = "/x", *, service: object = SERVICE, **headers: str) -> bytes:
        """A request header part; `headers` with ``_`` for ``-``."""
        made = {"x_road_request_id": str(uuid.uuid4()), "x_road_id": str(uuid.uuid4())}
        values = {"X_Road_Client": str(SYSTEM), **made, **headers}
        lines = [method, f"/r1/{service}{path}", *(f"{k.replace('_', '-')}:{v}" for k, v in values.items())]
        return ("\r\n".join(lines) + "\r\n").encode()

    def sign(self, part: bytes, body: bytes | None, *, age_ms: int = 0) -> Signature:
        """A signature made `age_ms` ago."""
        return self._sign(request_digests(part, body), age_ms)

    def sign_batch(self, *parts: bytes, body: bytes | None = b"{}") -> Signature:
        """A signature made now over messages with the same body."""
        return self._sign(batch_of([request_digests(part, body) for part in parts]).root, 0)

    def _sign(self, signed: Signed, age_ms: int) -> Signature:
        key = load_signing_key(f"file:{self.signer.folder.resolve()}/sign.key")
        template = SignerTemplate(self.signer.signer.digest)
        return sign(signed, key, template, time.time_ns() // 1_000_000 - age_ms)

    def message(self, part: bytes, body: bytes | None = b"{}", *, age_ms: int = 0) -> bytes:
        """The whole HTTP request that carries the signed message."""
        signature = encode_signature(self.sign(part, body, age_ms=age_ms))
        return request_bytes(b"127.0.0.1", part, body, signature=signature)

    def post(self, raw: bytes) -> PeerAnswer:
        """Send bytes through the channel; raises OSError where the channel is refused."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.rig.provider.peer, context=caller_tls(self.channel.folder), timeout=10
        )
        try:
            connection.connect()
            connection.sock.sendall(raw)
            answer = http.client.HTTPResponse(connection.sock, method="POST")
            answer.begin()
            content = answer.read()
            carried = carried_message([(k.encode(), v.encode()) for k, v in answer.getheaders()], content)
            if carried is None:
                return PeerAnswer(answer.status, None, content)
            return PeerAnswer(answer.status, parse_response_part(carried.header_part), carried.body or b"")
        finally:
            connection.close()

    def call(self, method: str = "POST", path: str = "/x", **headers: str) -> PeerAnswer:
        """One correctly signed message."""
        return self.post(self.message(self.part(method, path, **headers)))


def caller_tls(folder: Path) -> ssl.SSLContext:
    """A channel's TLS with the keys in `folder`, which believes whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context
