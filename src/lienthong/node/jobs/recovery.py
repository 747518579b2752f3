"""What a node does with its ledger before it takes traffic: nothing is executed twice, nothing stays without an end.

Every accepted request has exactly one outcome, also after a crash: a request on record without response or outcome
gets the outcome ``OutcomeUnknown``, and so does one of which only the beginning of its stream is on record; the
ids of recent requests that were taken are remembered again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lienthong.adapters.ledger_files import START, Position, read_records
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import parse_client_id, parse_service_id
from lienthong.evidence.frame_record import listed_records
from lienthong.evidence.record import RECORD_VERSION, Direction, Record, RecordKind
from lienthong.exchange.replay import ReplayGuard
from lienthong.exchange.replay.seen import once_key

OUTCOME_UNKNOWN = "OutcomeUnknown"


class Taken(NamedTuple):
    """A request that the provider side took: its ids and when."""

    request_id: str
    client: str
    service: str
    message_id: str
    method: str
    at_ms: int


@dataclass(slots=True)
class Recovered:
    """What the ledger told: exchanges without an end, and requests that were taken."""

    open_requests: dict[tuple[str, str], Record] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    records: int = 0


def recover(records: Iterable[Record], *, taken_since_ms: int) -> Recovered:
    """Read the records of a ledger in order."""
    found = Recovered()
    for record in records:
        found.records += 1
        key = (record.direction.value, record.request_id)
        if record.kind in (RecordKind.RESPONSE, RecordKind.OUTCOME):
            found.open_requests.pop(key, None)
        elif record.request_leaf is None:
            _begun(found, key, record, taken_since_ms)
    return found


def _begun(found: Recovered, key: tuple[str, str], record: Record, taken_since_ms: int) -> None:
    """A request, or the beginning of a streamed one, which may have reached the service as well.

    A refused request (its outcome says so) was not taken: it may be sent again under the same id.
    """
    found.open_requests[key] = record
    if record.direction is Direction.PROVIDER and record.time_ms >= taken_since_ms and not record.outcome:
        # Of a sealed header part the beginning is in clear: no key is needed to start.
        method = record.header_part.split(b"\r\n", 1)[0].decode("ascii", "replace")
        found.taken.append(
            Taken(record.request_id, record.client, record.service, record.message_id, method, record.time_ms)
        )


def ledger_records(directory: Path, start: Position = START) -> Iterator[Record]:
    """The records of a ledger from `start` on; none if it does not exist yet."""
    if not directory.exists():
        return
    for found in read_records(directory, start):
        yield from listed_records(found.encoded)


def remember(guard: ReplayGuard, taken: Iterable[Taken], directory: FreshDirectory) -> None:
    """Restore the replay guard. What the directory no longer knows counts as an operation not to be repeated."""
    for one in taken:
        client, service_id = parse_client_id(one.client), parse_service_id(one.service)
        with suppress(LienthongError):
            client, service_id = directory.canonical_client(client), directory.canonical_service(service_id)
        service = directory.service(service_id)
        repeatable = service is not None and one.method in service.idempotent
        key = None if repeatable else once_key(client, service_id, one.message_id)
        guard.restore(one.request_id, key, one.at_ms)


def unknown_outcome(record: Record, time_ms: int) -> Record:
    """The end of an exchange of which only the request is on record."""
    return Record(
        RECORD_VERSION,
        0,
        time_ms,
        record.direction,
        RecordKind.OUTCOME,
        request_id=record.request_id,
        message_id=record.message_id,
        client=record.client,
        service=record.service,
        grant_id=record.grant_id,
        purpose=record.purpose,
        procedure=record.procedure,
        case=record.case,
        officer=record.officer,
        outcome=OUTCOME_UNKNOWN,
    )
