"""The data folder of a node with a few exchanges in it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, in_batch, outcome_record, request_record, response_record
from tests.doubles.signing import NOW_MS, Signer

from lienthong.adapters.day_keys import open_day_keys
from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter, read_records
from lienthong.evidence.record import Record
from lienthong.node.store.ledger_index import LedgerIndex
from lienthong.node.store.places import (
    certificate_directory,
    day_key_directory,
    index_path,
    key_encryption_uri,
    ledger_directory,
)
from lienthong.node.use_cases.plane import encoded

CONSUMER, PROVIDER = Signer(HA_NOI), Signer(BO_CONG_AN)


def write_exchanges(folder: Path) -> None:
    """One exchange (m-1) that is indexed, one (m-2) that is not yet, and one refused (m-3)."""
    store = CertificateStore(certificate_directory(folder))
    store.keep(CONSUMER.certificate)
    store.keep(PROVIDER.certificate)
    ledger = ledger_directory(folder)
    _write(folder, [request_record(CONSUMER), response_record(PROVIDER)])
    with LedgerIndex(index_path(ledger)) as index:
        index.take(read_records(ledger))
    ids = {"request_id": "r-2", "message_id": "m-2"}
    later = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    _write(folder, [*later, outcome_record(request_id="r-3", message_id="m-3")])


def write_shared_exchange(folder: Path) -> None:
    """The same, and one exchange (m-4) with each message under the signature of a batch of five."""
    write_exchanges(folder)
    ids = {"request_id": "r-4", "message_id": "m-4"}
    records = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    signers = (CONSUMER, PROVIDER)
    _write(folder, [in_batch(one, by) for one, by in zip(records, signers, strict=True)])


def _write(folder: Path, records: list[Record]) -> None:
    keys = open_day_keys(
        day_key_directory(folder), key_encryption_uri(folder), clock_ms=lambda: NOW_MS, random=os.urandom
    )
    write_encoded(folder, [encoded(record, keys.current) for record in records])


def write_encoded(folder: Path, records: list[bytes]) -> None:
    """Append records as they are."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        settings = LedgerSettings(segment_bytes=65_536)
        writer = LedgerWriter(ledger_directory(folder), loop, clock_ms=lambda: NOW_MS, settings=settings)
        writer.start()
        for record in records:
            writer.append(record, lambda error: None)
        await writer.close()

    asyncio.run(run())
