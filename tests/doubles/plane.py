"""A node's plane in memory: real keys, a ledger that is durable and channels that open when the test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doubles.day_keys import KEYS
from tests.doubles.exchange_country import HANOI, POLICE, signer_of
from tests.doubles.signing import NOW_MS
from tests.doubles.transport import Transport

from lienthong.adapters.http.flow import FlowControl
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.evidence.sealing import SealingKey
from lienthong.evidence.xades import signer_template
from lienthong.node.use_cases.plane import Ids, Plane
from lienthong.node.use_cases.signatures import Signatures, Signer, Signing, Verifier
from lienthong.node.use_cases.tally import Tally


class MemoryLedger:
    """Takes records; `commit` makes them durable, `fail` tells that they are not."""

    failure = None

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._waiting: list[Callable[[BaseException | None], None]] = []

    def append(
        self, encoded: bytes, done: Callable[[BaseException | None], None], later: bool = False
    ) -> None:
        self.records.extend(decode_records(encoded, KEYS))
        self._waiting.append(done)

    def day_key(self) -> SealingKey:
        return KEYS.current()

    def commit(self, failure: BaseException | None = None) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(failure)


class Log:
    def info(self, event: str, **facts: object) -> None:
        """Nobody reads it."""

    def warning(self, event: str, **facts: object) -> None:
        """Nobody reads it."""


def memory_plane() -> tuple[Plane, MemoryLedger]:
    """A plane that signs for Hà Nội and Bộ Công an."""
    ledger = MemoryLedger()
    signers = {
        member: Signer(signer_of(member).key, signer_template(signer_of(member).certificate.digest))
        for member in (HANOI, POLICE)
    }
    plane = Plane(
        clock_ms=lambda: NOW_MS,
        ids=Ids(lambda: NOW_MS, bytes),
        ledger=ledger,
        signatures=Signatures(
            Signing(lambda: NOW_MS, signers), Verifier(lambda: NOW_MS, 300_000, lambda _certificate: None)
        ),
        tally=Tally(),
        log=Log(),
    )
    return plane, ledger


class Channel:
    """A connection that a pool gave for a request in pieces."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.flow = FlowControl(self.transport)
        self.caller: Any = None
        self.awaited = False
        self.aborted = False

    def begin(self, head: bytes, caller: Any) -> FlowControl:
        self.caller = caller
        self.transport.write(head)
        return self.flow

    def expect_answer(self) -> None:
        self.awaited = True

    def abort_for(self, caller: Any) -> None:
        self.aborted |= caller is self.caller

    def abort(self) -> None:
        self.aborted = True


class Pools:
    """Stands for the other nodes: one channel, which opens when the test says so."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.calls: list[bytes] = []
        self._ready: list[Callable[[Any], None]] = []

    def pool(self, _node: Any) -> Pools:
        return self

    def trunk(self, _node: Any) -> None:
        """No node offers one."""

    def stream(self, _caller: Any, ready: Callable[[Any], None]) -> None:
        self._ready.append(ready)

    def call(self, data: Any, _caller: Any, **_options: Any) -> None:
        self.calls.append(data)

    def open(self) -> None:
        self._ready.pop()(self.channel)


class Services:
    """Stands for the systems behind a node, in the same way."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.calls: list[Any] = []
        """Callers whose calls were passed on; nobody answers."""
        self.waiting: list[Any] = []
        """Callers whose calls wait, while `busy`."""
        self.busy = False
        self._ready: list[Callable[[Any], None]] = []

    def call(self, _call: Any, caller: Any) -> None:
        (self.waiting if self.busy else self.calls).append(caller)

    def withdraw(self, _call: Any, caller: Any) -> bool:
        if caller not in self.waiting:
            return False
        self.waiting.remove(caller)
        return True

    def stream(self, _call: Any, _caller: Any, ready: Callable[[Any], None]) -> None:
        self._ready.append(ready)

    def beginning(self, _call: Any, length: int | None) -> bytes:
        return b"POST /service HTTP/1.1\r\nX-Length: %b\r\n\r\n" % str(length).encode()

    def open(self) -> None:
        self._ready.pop()(self.channel)
