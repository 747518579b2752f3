"""Callers that post until they know, a system that counts what it executed, and what both ledgers must then hold."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256, sha512
from pathlib import Path
from typing import NamedTuple

from tests.doubles import counting_server
from tests.doubles.rig import SERVICE, SYSTEM, NodeProcess, Rig, free_port

from lienthong.adapters.ledger_files import read_records
from lienthong.domain.network import SigningCertificate
from lienthong.evidence.batch import Placed
from lienthong.evidence.digest import DigestAlgorithm
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Direction, Record, RecordKind
from lienthong.evidence.signature import verify, verify_in_batch
from lienthong.node.store.opened import kept_day_keys

IN_FLIGHT = 32
_AGAIN_MAX = 100
_LAST = ("200", "Client.DuplicateMessage")
_YEAR_MS = 365 * 86_400_000


class Load:
    """Threads that post under ids of their own; what got no last word is posted again under the same id until it has
    one: that is how a careful client behaves, and what would execute twice if anything did.
    """

    def __init__(self, node: NodeProcess) -> None:
        self._port = node.front
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answered: dict[str, str] = {}
        """X-Road-Id to X-Road-Request-Id of what was answered with 200."""
        self.endings: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(IN_FLIGHT)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        count = 0
        while not self._stop.is_set():
            count += 1
            message_id = f"giet-{number}-{count}"
            for attempt in ["first", *["again"] * _AGAIN_MAX]:
                try:
                    ended = self._post(connection, message_id)
                except (OSError, http.client.HTTPException):
                    connection.close()
                    ended = "broken"
                with self._lock:
                    self.endings[f"{attempt} {ended}"] += 1
                if ended in _LAST or self._stop.is_set():
                    break
                time.sleep(0.1)
        connection.close()

    def _post(self, connection: http.client.HTTPConnection, message_id: str) -> str:
        headers = {"X-Road-Client": str(SYSTEM), "X-Road-Id": message_id, "Content-Type": "application/json"}
        connection.request("POST", f"/r1/{SERVICE}/ghi", b'{"n":1}', headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            return str(answer.getheader("X-Road-Error"))
        request_id = answer.getheader("X-Road-Request-Id")
        assert request_id is not None
        with self._lock:
            self.answered[message_id] = request_id
        return "200"


@contextmanager
def counting(executed: Path) -> Iterator[str]:
    """The provider's system; gives its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, counting_server.__file__, str(port), str(executed)])
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.terminate()
        process.wait()


def records(node: NodeProcess) -> list[Record]:
    """Every record of a node's ledger, opened; raises where the chain or a record is broken."""
    keys = kept_day_keys(node.data)
    return [record for found in read_records(node.ledger) for record in decode_records(found.encoded, keys)]


def check_signatures(found: list[Record], certificates: dict[bytes, SigningCertificate]) -> int:
    """Every signed record proves its header part."""
    checked = 0
    for record in found:
        if record.signature is None:
            continue
        digest = sha512 if record.digest_algorithm is DigestAlgorithm.SHA512 else sha256
        assert digest(record.header_part).digest() == record.header_digest
        certificate = certificates[record.signature.certificate_digest]
        window = {"now_ms": record.time_ms, "window_ms": _YEAR_MS}
        if record.batch_place is None:
            verify(record.signature, record.digests, certificate, **window)
        else:
            placed = Placed(record.digests, record.batch_place)
            verify_in_batch(record.signature, placed, certificate, **window)
        checked += 1
    return checked


def check_ends(found: list[Record], direction: Direction) -> dict[str, Record]:
    """Every request has exactly one end, which stands behind it; gives the requests by request id.

    A refusal at the consumer's own node is an outcome without a signed request.
    """
    requests = {one.request_id: one for one in found if one.kind is RecordKind.REQUEST}
    ends = Counter(one.request_id for one in found if one.kind is not RecordKind.REQUEST)
    assert {one.direction for one in found} == {direction}
    assert len(requests) == sum(one.kind is RecordKind.REQUEST for one in found)
    assert {one: ends[one] for one in requests if ends[one] != 1} == {}
    assert ended_before(found) == []
    assert {one.request_id for one in found if one.kind is RecordKind.RESPONSE} <= requests.keys()
    return requests


def ended_before(found: list[Record]) -> list[str]:
    """Requests that stand behind their end: after a restart they would get a second one."""
    ended: set[str] = set()
    early: list[str] = []
    for one in found:
        if one.kind is not RecordKind.REQUEST:
            ended.add(one.request_id)
        elif one.request_id in ended:
            early.append(one.request_id)
    return early


class Kept(NamedTuple):
    """What is on record on both sides after a load, and what was executed."""

    consumer: list[Record]
    provider: list[Record]
    executed: Counter[str]
    signatures: int
    """Records whose signature was verified."""
    missing: list[str]
    """X-Road-Id of what was answered and is not on record on both sides: must be empty."""

    @property
    def twice(self) -> list[str]:
        """X-Road-Id of what was executed more than once: must be empty."""
        return [message_id for message_id, count in self.executed.items() if count > 1]

    @property
    def in_batches(self) -> int:
        """Records of messages that shared a signature."""
        return sum(one.batch_place is not None for one in (*self.consumer, *self.provider))


def check_kept(rig: Rig, load: Load, executed: Path) -> Kept:
    """Every answer is on record on both sides, signed; every request has one end; nothing was executed twice.

    The nodes have stopped. Raises AssertionError.
    """
    consumer, provider = records(rig.consumer), records(rig.provider)
    certificates = {keys.signer.digest: keys.signer for keys in rig.keys.values()}
    signatures = check_signatures(consumer, certificates) + check_signatures(provider, certificates)
    asked, taken = check_ends(consumer, Direction.CONSUMER), check_ends(provider, Direction.PROVIDER)
    answers = [{one.request_id for one in found if one.kind is RecordKind.RESPONSE} for found in (consumer, provider)]
    missing = [
        message_id
        for message_id, request_id in load.answered.items()
        if not all(request_id in found for found in (asked, taken, *answers))
    ]
    kept = Kept(consumer, provider, Counter(executed.read_text().split()), signatures, missing)
    assert kept.missing == []
    assert kept.twice == []
    assert load.answered.keys() <= kept.executed.keys()
    assert kept.executed.keys() <= {one.message_id for one in taken.values()}
    return kept
