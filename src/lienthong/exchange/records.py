"""Ledger records of an exchange, from what the machines hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import LienthongError
from lienthong.domain.network import BodyRetention
from lienthong.evidence.batch import Seat
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.record import RECORD_VERSION, Direction, Record, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.exchange.access import Parties

_NONE: Final = BodyRetention.NONE
_FULL: Final = BodyRetention.FULL
_REQUEST: Final = RecordKind.REQUEST
_RECORD: Final = Record  # looked up once


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class SignedMessage:
    """One signed message with its digests; `seat`: in the batch that `signature` is over, None if it is its own."""

    header_part: Final[bytes]
    body: Final[bytes | None]
    digests: Final[MessageDigests]
    signature: Final[Signature]
    seat: Final[Seat | None]

    def __init__(
        self,
        header_part: bytes,
        body: bytes | None,
        digests: MessageDigests,
        signature: Signature,
        seat: Seat | None = None,
    ) -> None:
        self.header_part = header_part
        self.body = body
        self.digests = digests
        self.signature = signature
        self.seat = seat


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Entry:
    """Under what a message is recorded: who and why, under which grant, on which side, keeping which bodies."""

    parties: Final[Parties]
    grant_id: Final[str]
    direction: Final[Direction]
    retention: Final[BodyRetention]

    def __init__(self, parties: Parties, grant_id: str, direction: Direction, retention: BodyRetention) -> None:
        self.parties = parties
        self.grant_id = grant_id
        self.direction = direction
        self.retention = retention


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class End:
    """How an exchange ended, in a response: HTTP status, and the error code where it is a refusal."""

    status: Final[int]
    outcome: Final[str]

    def __init__(self, status: int, outcome: str = "") -> None:
        self.status = status
        self.outcome = outcome


NO_END = End(0)
"""In a request."""


def message_record(entry: Entry, kind: RecordKind, message: SignedMessage, *, end: End, time_ms: int) -> Record:
    """The record of a signed message. The body is kept only where the service's rule says so.

    One with a seat has no signature: it stands in a frame record, which has it.
    """
    parties = entry.parties
    reason = parties.reason
    retention = entry.retention
    keeps_body = retention is not _NONE and (retention is _FULL or kind is _REQUEST)
    digests = message.digests
    seat = message.seat
    size, index = (0, 0) if seat is None else (seat.size, seat.index)
    # By position, in the order of the record's array: by name it takes three times as long.
    return _RECORD(
        RECORD_VERSION,
        0,
        time_ms,
        entry.direction,
        kind,
        parties.request_id,
        parties.message_id,
        parties.relation.client_text,
        parties.relation.service_text,
        entry.grant_id,
        reason.purpose or "",
        reason.procedure or "",
        reason.case or "",
        reason.officer or "",
        digests.algorithm,
        digests.header,
        digests.body,
        digests.request_leaf,
        message.header_part,
        message.body if keeps_body else None,
        message.signature if seat is None else None,
        (),
        "",
        end.status,
        end.outcome,
        size,
        index,
    )


def outcome_record(parties: Parties, direction: Direction, error: LienthongError, time_ms: int) -> Record:
    """How an exchange ended for which there is no signed response. The text of the error is not kept, its code is."""
    reason = parties.reason
    clause = f"/{error.clause}" if error.clause else ""
    return Record(
        RECORD_VERSION,
        0,
        time_ms,
        direction,
        RecordKind.OUTCOME,
        request_id=parties.request_id,
        message_id=parties.message_id,
        client=str(parties.sent_client),
        service=str(parties.sent_service),
        purpose=reason.purpose or "",
        procedure=reason.procedure or "",
        case=reason.case or "",
        officer=reason.officer or "",
        outcome=error.code + clause,
    )
