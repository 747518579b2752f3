"""Sits in the channel between two nodes with the keys of both: sees every frame of the trunk, and may change it."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.doubles.peer_caller import caller_tls
from tests.doubles.rig import Rig, free_port

from lienthong.wire.trunk import UPGRADE_ANSWER

Change = Callable[[bytes], bytes]


class ManBetween:
    """Listens on `port` as the rig's provider, and asks it as the rig's consumer. `change` gets each frame (whole,
    with its length) that the provider sends, and gives what the consumer gets in its place; `seen` are those frames.
    """

    def __init__(self, rig: Rig, change: Change = bytes) -> None:
        self.change = change
        self.seen: list[bytes] = []
        self._rig = rig
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(rig.provider.folder / "tls.crt", rig.provider.folder / "tls.key")
        self.port = free_port()
        self._listening = socket.create_server(("127.0.0.1", self.port))

    def __enter__(self) -> ManBetween:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._between, args=(self._listening.accept()[0],), daemon=True).start()

    def _between(self, raw: socket.socket) -> None:
        with suppress(OSError), self._tls.wrap_socket(raw, server_side=True) as asking:
            node = socket.create_connection(("127.0.0.1", self._rig.provider.peer), timeout=20)
            with caller_tls(self._rig.keys["consumer"].folder).wrap_socket(node) as answering:
                self._carry(asking, answering)

    def _carry(self, asking: ssl.SSLSocket, answering: ssl.SSLSocket) -> None:
        """One thread for both ways: a TLS connection must not be used by two."""
        answered, opened = b"", False
        while True:
            for ready in _ready(asking, answering):
                data = ready.recv(65_536)
                if not data:
                    return
                if ready is asking:
                    answering.sendall(data)
                    continue
                answered += data
                if not opened and len(answered) >= len(UPGRADE_ANSWER):
                    asking.sendall(answered[: len(UPGRADE_ANSWER)])
                    answered, opened = answered[len(UPGRADE_ANSWER) :], True
                while opened and len(answered) >= (size := _frame_size(answered)):
                    frame, answered = answered[:size], answered[size:]
                    self.seen.append(frame)
                    asking.sendall(self.change(frame))


def _frame_size(data: bytes) -> int:
    """How many bytes the frame at the beginning of `data` has, its length included."""
    return 4 + struct.unpack_from(">I", data)[0] if len(data) >= 4 else 4


def _ready(*sockets: ssl.SSLSocket) -> list[ssl.SSLSocket]:
    """Those from which something can be read; waits for it."""
    return [one for one in sockets if one.pending()] or select.select(sockets, [], [])[0]
