"""A provider's node that takes up trunks, answers with the provider's keys, and lies as it is told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from tests.doubles.lying_node import LyingNode, Response
from tests.doubles.rig import Rig

from lienthong.adapters.keys import load_signing_key
from lienthong.domain.errors import Malformed
from lienthong.evidence.batch import batch_of
from lienthong.evidence.signature import sign
from lienthong.evidence.xades import SignerTemplate
from lienthong.wire import trunk
from lienthong.wire.node_message import whole_request
from lienthong.wire.trunk_reader import Role, TrunkReader

Lie = Callable[[Sequence[trunk.TrunkRequest]], bytes]
"""What is sent for the requests of a frame."""


class LyingTrunk:
    """Listens at the peer door of the rig's provider. `lie` is what it says on trunks, None = the truth; `node`
    answers what comes as the baseline, and lies in the messages of both. `up` counts trunks that said HELLO, `ended`
    are the reasons with which the other side ended them.
    """

    def __init__(self, rig: Rig) -> None:
        self.lie: Lie | None = None
        self.takes_up = True
        self.up = 0
        self.ended: list[int | None] = []
        self.fetched: list[bytes] = []
        """First lines of requests for answers that are said to wait."""
        self._open: list[socket.socket] = []
        self.node = LyingNode(rig, listen=False)
        self._rig = rig
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(rig.provider.folder / "tls.crt", rig.provider.folder / "tls.key")
        self._listening = socket.create_server(("127.0.0.1", rig.provider.peer))

    def __enter__(self) -> LyingTrunk:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listening.close()

    def drop(self) -> None:
        """End every trunk without a word."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def response(self, request: trunk.TrunkRequest) -> Response:
        """The answer to one request, false as `node.lie` says."""
        return self.node.response(request.header_part, request.body)

    def frame(
        self, entries: Sequence[trunk.TrunkAnswer | trunk.TrunkLeaf], responses: Sequence[Response], age_ms: int = 0
    ) -> bytes:
        """An ANSWERS frame of `entries` under a signature over `responses`."""
        keys = self.node.signer
        root = batch_of([one.digests for one in responses]).root
        at_ms = time.time_ns() // 1_000_000 - age_ms
        key = load_signing_key(f"file:{keys.folder.resolve()}/sign.key")
        made = sign(root, key, SignerTemplate(keys.signer.digest), at_ms)
        return trunk.answers_frame(trunk.FrameSignature(made.certificate_digest, at_ms, made.value), entries)

    def truth(self, requests: Sequence[trunk.TrunkRequest]) -> bytes:
        """One frame with an answer for each."""
        responses = [self.response(one) for one in requests]
        entries = [
            trunk.TrunkAnswer(asked.number, one.header_part, one.body)
            for asked, one in zip(requests, responses, strict=True)
        ]
        return self.frame(entries, responses)

    def ahead(self, requests: Sequence[trunk.TrunkRequest]) -> bytes:
        """An AHEAD frame with a true answer for each."""
        found = [(one.number, self.response(one)) for one in requests]
        return trunk.answers_ahead([trunk.TrunkAnswer(number, one.header_part, one.body) for number, one in found])

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._connection, args=(self._listening.accept()[0],), daemon=True).start()

    def _connection(self, raw: socket.socket) -> None:
        with suppress(OSError), self._tls.wrap_socket(raw, server_side=True) as connection:
            data = b""
            while piece := connection.recv(65_536):
                data += piece
                if data.startswith(b"GET /trunk ") and data.endswith(b"\r\n\r\n"):
                    self._trunk(connection)
                    return
                if data.startswith(b"GET /exchange/"):
                    self.fetched.append(data.partition(b" HTTP/1.1\r\n")[0])
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    data = b""
                    continue
                message = whole_request(data)
                if message is not None:
                    connection.sendall(self.node.answer(message.header_part, message.body))
                    data = b""

    def _trunk(self, connection: ssl.SSLSocket) -> None:
        if not self.takes_up:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self._open.append(connection)
        connection.sendall(trunk.UPGRADE_ANSWER + trunk.hello_frame(trunk.Bounds()))
        reader, said = TrunkReader(Role.ACCEPTOR, trunk.Bounds()), None
        try:
            while data := connection.recv(65_536):
                reader.feed(data)
                while (frame := reader.next_frame()) is not None:
                    if isinstance(frame, trunk.Hello):
                        self.up += 1
                    elif isinstance(frame, trunk.Bye):
                        said = frame.reason
                    elif isinstance(frame, trunk.Requests):
                        requests = [one for one in frame.messages if isinstance(one, trunk.TrunkRequest)]
                        connection.sendall((self.lie or self.truth)(requests))
        except (OSError, Malformed):
            pass
        self.ended.append(said)
