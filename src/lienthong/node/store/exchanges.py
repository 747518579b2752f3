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
from lienthong.evidence.frame_record import OpeningKeys
from lienthong.evidence.show import Examined, examine, signer_of
from lienthong.node.store.indexes import find_index
from lienthong.node.store.ledger_index import FOUND_MAX, fitting_bookmark
from lienthong.node.store.opened import Opened, kept_day_keys, opened_records
from lienthong.node.store.places import certificate_directory, ledger_directories

Without = Callable[[Unavailable], object]
"""Told why an index cannot be asked, before the whole ledger is read in its place."""


def find_exchanges(
    data_dir: Path,
    message_or_request_id: str,
    *,
    key_encryption: str | None = None,
    without_index: Without = lambda _: None,
) -> dict[str, list[Examined]]:
    """Examined records by request id, oldest first; empty where there are none.

    `key_encryption` is the URI of the key that wraps the day keys, None: in the data folder. Raises Unproven or
    Malformed LedgerDamaged, Unavailable.
    """
    keys = kept_day_keys(data_dir, key_encryption)
    store = CertificateStore(certificate_directory(data_dir))
    exchanges: dict[str, list[Examined]] = {}
    for ledger in ledger_directories(data_dir):
        indexed, bookmark = _find_in_index(ledger, message_or_request_id, without_index)
        pointed = [opened for position in indexed for opened in _at(ledger, position, keys)]
        following = _opened(read_records(ledger, bookmark), keys)
        for opened in _chosen(pointed, following, message_or_request_id):
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


def _chosen(pointed: list[Opened], following: Iterator[Opened], wanted: str) -> list[Opened]:
    # The index only says where to look: what is asked for is known by the record itself.
    requests = {
        one.record.request_id for one in pointed if wanted in (one.record.message_id, one.record.request_id)
    }
    found = [opened for opened in pointed if opened.record.request_id in requests]
    for opened in following:
        record = opened.record
        if wanted in (record.message_id, record.request_id) or record.request_id in requests:
            requests.add(record.request_id)
            found.append(opened)
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


def _at(ledger: Path, position: Position, keys: OpeningKeys) -> list[Opened]:
    return opened_records(read_one(ledger, position), keys)[position.part : position.part + 1]


def _opened(records: Iterator[LedgerRecord], keys: OpeningKeys) -> Iterator[Opened]:
    for found in records:
        yield from opened_records(found.encoded, keys)
