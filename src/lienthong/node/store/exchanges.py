"""Finding the records of an exchange in a node's data folder, for people who ask.

Reads only; works beside a running node and without it. Records that the indexer has not reached are read from the
end of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import START, LedgerRecord, Position, read_one, read_records
from lienthong.evidence.frame_record import OpeningKeys
from lienthong.evidence.show import Examined, examine, signer_of
from lienthong.node.store.ledger_index import FOUND_MAX, LedgerIndex
from lienthong.node.store.opened import Opened, kept_day_keys, opened_records
from lienthong.node.store.places import certificate_directory, index_path, ledger_directories


def find_exchanges(
    data_dir: Path, message_or_request_id: str, *, key_encryption: str | None = None
) -> dict[str, list[Examined]]:
    """Examined records by request id, oldest first; empty where there are none.

    `key_encryption` is the URI of the key that wraps the day keys, None: in the data folder. Raises Unproven or
    Malformed LedgerDamaged, Unavailable.
    """
    keys = kept_day_keys(data_dir, key_encryption)
    store = CertificateStore(certificate_directory(data_dir))
    exchanges: dict[str, list[Examined]] = {}
    for ledger in ledger_directories(data_dir):
        for opened in _find_in_ledger(ledger, message_or_request_id, keys):
            exchanges.setdefault(opened.record.request_id, []).append(_examine(opened, store))
    return exchanges


def _examine(opened: Opened, store: CertificateStore) -> Examined:
    record = opened.record
    if record.signature is None:
        return examine(record, None)
    examined = examine(record, store.find(record.signature.certificate_digest, signer_of(record)))
    if opened.altered is not None:
        return examined._replace(verified=None, failure=examined.failure or opened.altered)
    return examined._replace(sealed=opened.sealed)


def _find_in_ledger(ledger: Path, wanted: str, keys: OpeningKeys) -> list[Opened]:
    indexed, bookmark = _find_in_index(ledger, wanted)
    found = [opened_records(read_one(ledger, position), keys)[position.part] for position in indexed]
    requests = {opened.record.request_id for opened in found}
    for opened in _opened(read_records(ledger, bookmark), keys):
        record = opened.record
        if wanted in (record.message_id, record.request_id) or record.request_id in requests:
            requests.add(record.request_id)
            found.append(opened)
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


def _opened(records: Iterator[LedgerRecord], keys: OpeningKeys) -> Iterator[Opened]:
    for found in records:
        yield from opened_records(found.encoded, keys)
