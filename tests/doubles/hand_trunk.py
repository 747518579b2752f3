"""A trunk opened by hand, by a caller with the consumer's keys that sends whatever it likes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.doubles.peer_caller import PeerCaller, caller_tls
from tests.doubles.rig import SERVICE, Keys, Rig

from lienthong.adapters.keys import load_signing_key
from lienthong.domain.identifiers import ServiceId
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import request_digests
from lienthong.evidence.signature import sign
from lienthong.evidence.xades import SignerTemplate
from lienthong.node.use_cases.trunk.leaving import frame_signature
from lienthong.wire import trunk
from lienthong.wire.message import parse_response_part
from lienthong.wire.trunk_reader import Role, TrunkReader

HELLO = trunk.hello_frame(trunk.Bounds())


class HandTrunk:
    """The opener's side after the upgrade; `hello=False` leaves its HELLO out."""

    def __init__(self, rig: Rig, *, hello: bool = True, timeout_s: float = 10) -> None:
        raw = socket.create_connection(("127.0.0.1", rig.provider.peer), timeout=timeout_s)
        self._socket = caller_tls(rig.keys["consumer"].folder).wrap_socket(raw)
        self.send(trunk.upgrade_request(b"127.0.0.1"))
        received = b""
        while trunk.upgrade_answered(received) is None:
            received += self._socket.recv(1)
        self._reader = TrunkReader(Role.OPENER, trunk.Bounds())
        if hello:
            self.send(HELLO)

    def send(self, data: bytes) -> None:
        """Send bytes; raises OSError where the other side ended the connection."""
        self._socket.sendall(data)

    def ask(self, caller: PeerCaller, *paths: str, service: ServiceId = SERVICE) -> None:
        """Good requests for these paths in one frame, numbered from 1."""
        parts = [caller.part(path=path, service=service) for path in paths]
        requests = [trunk.TrunkRequest(number, 10_000, part, b"{}") for number, part in enumerate(parts, 1)]
        self.send(trunk.requests_frame(frame_signature(caller.sign_batch(*parts)), requests))

    def answers(self, count: int) -> dict[int, str | None]:
        """The next `count` answers in the order of their arrival: codes of refusals by number."""
        found: dict[int, str | None] = {}
        while len(found) < count:
            messages = self.until(trunk.Answers).messages
            answered = [one for one in messages if isinstance(one, trunk.TrunkAnswer)]
            found |= {one.number: parse_response_part(one.header_part).fault for one in answered}
        return found

    def frames(self) -> Iterator[trunk.Frame]:
        """What comes, until the connection ends; raises TimeoutError where nothing comes for too long."""
        while True:
            while (frame := self._reader.next_frame()) is not None:
                yield frame
            try:
                data = self._socket.recv(65_536)
            except ConnectionError:
                return
            if not data:
                return
            self._reader.feed(data)

    def until(self, kind: type) -> Any:
        """The next frame of this kind; raises AssertionError where the connection ends before."""
        for frame in self.frames():
            if isinstance(frame, kind):
                return frame
        raise AssertionError(f"the trunk ended without {kind.__name__}")

    def reason(self) -> int | None:
        """The reason with which the other side ends this trunk; None where it says none."""
        said = None
        for frame in self.frames():
            if isinstance(frame, trunk.Bye):
                said = frame.reason
        return said

    def close(self) -> None:
        """End the connection, without a word."""
        self._socket.close()


@contextmanager
def hand_trunk(rig: Rig, *, hello: bool = True, timeout_s: float = 10) -> Iterator[HandTrunk]:
    """One for a while."""
    made = HandTrunk(rig, hello=hello, timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()


def signed_frame(keys: Keys, requests: Sequence[trunk.TrunkRequest | trunk.TrunkLeaf], *, age_ms: int = 0) -> bytes:
    """A REQUESTS frame, signed by the organisation with these keys `age_ms` ago."""
    known = [
        one.leaf if isinstance(one, trunk.TrunkLeaf) else request_digests(one.header_part, one.body)
        for one in requests
    ]
    key = load_signing_key(f"file:{keys.folder.resolve()}/sign.key")
    signed_at_ms = time.time_ns() // 1_000_000 - age_ms
    made = sign(batch_of(known).root, key, SignerTemplate(keys.signer.digest), signed_at_ms)
    return trunk.requests_frame(frame_signature(made), requests)
