"""Where to find a record of the ledger: what an index holds, and what both engines promise.

The index is not evidence and not trusted: every record found is read from the segment and checked there. It is made
again from the ledger whenever it does not fit it. Synchronous; the indexer's thread calls it, and who looks for a
message.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from lienthong.adapters.ledger_files import START, LedgerRecord, Position, read_one
from lienthong.domain.errors import LienthongError
from lienthong.evidence.frame_record import listed_records
from lienthong.evidence.record import Record

BATCH_MESSAGES = 512
FOUND_MAX = 100

Row = tuple[int, int, int, int, int, str, str, str, str, str, str, str]
"""What is kept of a message: its position, its time, kind and direction, and the words it is looked for by."""


class Found(NamedTuple):
    """A record in the index: `position` says where the ledger has it."""

    position: Position
    time_ms: int
    kind: str
    direction: str
    request_id: str
    message_id: str


class Bookmark(NamedTuple):
    """Everything before `position` is in the index. `last` is the record before it, `digest` the SHA-256 of that."""

    position: Position
    last: Position
    digest: bytes


BEGINNING = Bookmark(START, START, b"")
"""Nothing is indexed yet."""


class LedgerIndex(Protocol):
    """The index of one ledger; one thread at a time. Every call raises Unavailable DatabaseError.

    Law: the rows of a batch and the bookmark behind them are one transaction, so that after any crash the bookmark
    says what is there. The bookmark never goes back but by `forget`.
    """

    def bookmark(self) -> Bookmark:
        """How far it is."""

    def take(self, records: Iterable[LedgerRecord]) -> int:
        """Index the next of `records`, which begin at the bookmark, until they are 512 messages or more.

        Returns how many messages there were. A frame record is taken whole, with up to some 64 of them. Taking the
        same records twice changes nothing. Raises Malformed for a record that cannot be read (the batch is then not
        taken).
        """

    def find(self, message_or_request_id: str) -> list[Found]:
        """All records of the exchanges with this message id or request id, oldest first, at most 100."""

    def forget(self) -> None:
        """Take everything out that is known of this ledger: it is indexed from its beginning."""

    def close(self) -> None:
        """Let the file or the connection go."""


class Batch(NamedTuple):
    """Rows of whole records, and the bookmark behind them."""

    rows: list[Row]
    bookmark: Bookmark


def next_batch(records: Iterable[LedgerRecord]) -> Batch:
    """The next of `records`, until they are 512 messages or more; no rows where there are none. Raises Malformed."""
    rows: list[Row] = []
    last = None
    for last in records:
        listed = listed_records(last.encoded)
        rows += [_row(last.position._replace(part=part), record) for part, record in enumerate(listed)]
        if len(rows) >= BATCH_MESSAGES:
            break
    if last is None:
        return Batch(rows, BEGINNING)
    return Batch(rows, Bookmark(last.following, last.position, sha256(last.encoded).digest()))


def _row(position: Position, record: Record) -> Row:
    return (
        *position,
        record.time_ms,
        record.kind.value,
        record.direction.value,
        record.request_id,
        record.message_id,
        record.client,
        record.service,
        record.grant_id,
    )


def fitting_bookmark(index: LedgerIndex, ledger: Path) -> Bookmark:
    """How far `index` is in `ledger`: `BEGINNING` where the ledger does not have the record that was indexed last.

    So it is with a data folder that came back from a backup, and then nothing of the index may be believed.
    """
    bookmark = index.bookmark()
    if bookmark == BEGINNING:
        return bookmark
    try:
        encoded = read_one(ledger, bookmark.last)
    except LienthongError:
        return BEGINNING
    return bookmark if sha256(encoded).digest() == bookmark.digest else BEGINNING
