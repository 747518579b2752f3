"""Finding the records of an exchange in a node's data folder, for people who ask.

Reads only; works beside a running node and without it. Records that the indexer has not reached are read from the
end of the ledger; where the index cannot be asked, or is not of this ledger, all of it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import START, LedgerRecord, Position, read_one, read_records
from lienthong.domain.errors import Unavailable
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.evidence.show import Examined, examine, signer_of
from lienthong.node.store.indexes import find_index
from lienthong.node.store.ledger_index import FOUND_MAX, fitting_bookmark
from lienthong.node.store.places import certificate_directory, ledger_directories

Without = Callable[[Unavailable], object]
"""Told why an index cannot be asked, before the whole ledger is read in its place."""


def find_exchanges(
    data_dir: Path, message_or_request_id: str, *, without_index: Without = lambda _: None
) -> dict[str, list[Examined]]:
    """Examined records by request id, oldest first; empty where there are none.

    Raises Unproven or Malformed LedgerDamaged, Unavailable.
    """
    store = CertificateStore(certificate_directory(data_dir))
    exchanges: dict[str, list[Examined]] = {}
    for ledger in ledger_directories(data_dir):
        for record in _find_in_ledger(ledger, message_or_request_id, without_index):
            exchanges.setdefault(record.request_id, []).append(_examine(record, store))
    return exchanges


def _examine(record: Record, store: CertificateStore) -> Examined:
    if record.signature is None:
        return examine(record, None)
    return examine(record, store.find(record.signature.certificate_digest, signer_of(record)))


def _find_in_ledger(ledger: Path, wanted: str, without_index: Without) -> list[Record]:
    indexed, bookmark = _find_in_index(ledger, wanted, without_index)
    pointed = [record for position in indexed for record in _at(ledger, position)]
    # The index only says where to look: what is asked for is known by the record itself.
    requests = {record.request_id for record in pointed if wanted in (record.message_id, record.request_id)}
    found = [record for record in pointed if record.request_id in requests]
    for record in _decoded(read_records(ledger, bookmark)):
        if wanted in (record.message_id, record.request_id) or record.request_id in requests:
            requests.add(record.request_id)
            found.append(record)
            if len(found) == FOUND_MAX:
                break
    return found


def _find_in_index(ledger: Path, wanted: str, without_index: Without) -> tuple[list[Position], Position]:
    try:
        index = find_index(ledger)
        if index is None:
            return [], START
        with closing(index):
            # Read first: what is indexed meanwhile is then read from the ledger.
            bookmark = fitting_bookmark(index, ledger).position
            return [found.position for found in index.find(wanted) if found.position < bookmark], bookmark
    except Unavailable as error:
        without_index(error)
        return [], START


def _at(ledger: Path, position: Position) -> tuple[Record, ...]:
    return decode_records(read_one(ledger, position))[position.part : position.part + 1]


def _decoded(records: Iterator[LedgerRecord]) -> Iterator[Record]:
    for found in records:
        yield from decode_records(found.encoded)
