"""Finding the records of an exchange in a node's data folder, for people who ask.

Reads only; works beside a running node and without it. Records that the indexer has not reached are read from the
end of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import START, LedgerRecord, Position, read_one, read_records
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record
from lienthong.evidence.show import Examined, examine, signer_of
from lienthong.node.store.ledger_index import FOUND_MAX, LedgerIndex
from lienthong.node.store.places import certificate_directory, index_path, ledger_directories


def find_exchanges(data_dir: Path, message_or_request_id: str) -> dict[str, list[Examined]]:
    """Examined records by request id, oldest first; empty where there are none.

    Raises Unproven or Malformed LedgerDamaged, Unavailable.
    """
    store = CertificateStore(certificate_directory(data_dir))
    exchanges: dict[str, list[Examined]] = {}
    for ledger in ledger_directories(data_dir):
        for record in _find_in_ledger(ledger, message_or_request_id):
            exchanges.setdefault(record.request_id, []).append(_examine(record, store))
    return exchanges


def _examine(record: Record, store: CertificateStore) -> Examined:
    if record.signature is None:
        return examine(record, None)
    return examine(record, store.find(record.signature.certificate_digest, signer_of(record)))


def _find_in_ledger(ledger: Path, wanted: str) -> list[Record]:
    indexed, bookmark = _find_in_index(ledger, wanted)
    found = [decode_records(read_one(ledger, position))[position.part] for position in indexed]
    requests = {record.request_id for record in found}
    for record in _decoded(read_records(ledger, bookmark)):
        if wanted in (record.message_id, record.request_id) or record.request_id in requests:
            requests.add(record.request_id)
            found.append(record)
            if len(found) == FOUND_MAX:
                break
    return found


def _find_in_index(ledger: Path, wanted: str) -> tuple[list[Position], Position]:
    path = index_path(ledger)
    if not path.exists():
        return [], START
    with LedgerIndex(path) as index:
        bookmark = index.bookmark()  # read first: what is indexed meanwhile is then read from the ledger
        return [found.position for found in index.find(wanted) if found.position < bookmark], bookmark


def _decoded(records: Iterator[LedgerRecord]) -> Iterator[Record]:
    for found in records:
        yield from decode_records(found.encoded)
