"""The data folder of a node with a few exchanges in it."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing
from pathlib import Path

from tests.doubles.exchanges import BO_CONG_AN, HA_NOI, in_batch, outcome_record, request_record, response_record
from tests.doubles.signing import NOW_MS, Signer

from lienthong.adapters.day_keys import DayKey, open_day_keys
from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter, read_records
from lienthong.evidence.record import Record
from lienthong.node.store.indexes import open_index
from lienthong.node.store.places import (
    certificate_directory,
    day_key_directory,
    key_encryption_uri,
    ledger_directory,
)
from lienthong.node.use_cases.plane import encoded

CONSUMER, PROVIDER = Signer(HA_NOI), Signer(BO_CONG_AN)


def write_exchanges(folder: Path, database: str = "") -> None:
    """One exchange (m-1) that is indexed (in `database`), one (m-2) that is not yet, and one refused (m-3)."""
    store = CertificateStore(certificate_directory(folder))
    store.keep(CONSUMER.certificate)
    store.keep(PROVIDER.certificate)
    ledger = ledger_directory(folder)
    write_records(ledger, [request_record(CONSUMER), response_record(PROVIDER)])
    with closing(open_index(ledger, database)) as index:
        index.take(read_records(ledger))
    ids = {"request_id": "r-2", "message_id": "m-2"}
    later = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    write_records(ledger, [*later, outcome_record(request_id="r-3", message_id="m-3")])


def write_shared_exchange(folder: Path) -> None:
    """The same, and one exchange (m-4) with each message under the signature of a batch of five."""
    write_exchanges(folder)
    ids = {"request_id": "r-4", "message_id": "m-4"}
    records = [request_record(CONSUMER, **ids), response_record(PROVIDER, **ids)]  # type: ignore[arg-type]
    signers = (CONSUMER, PROVIDER)
    write_records(ledger_directory(folder), [in_batch(one, by) for one, by in zip(records, signers, strict=True)])


def write_records(ledger: Path, records: list[Record]) -> None:
    """Write records as a node does, sealed with the keys of its data folder."""
    folder = ledger.parents[1]

    def day_key() -> DayKey:
        uri = key_encryption_uri(folder)
        return open_day_keys(day_key_directory(folder), uri, clock_ms=lambda: NOW_MS, random=os.urandom).current()

    write_encoded(ledger, [encoded(record, day_key) for record in records])


def write_encoded(ledger: Path, records: list[bytes]) -> None:
    """Open the ledger of a folder, making it where it is not there, write records as they are, and close it."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        settings = LedgerSettings(segment_bytes=65_536)
        writer = LedgerWriter(ledger, loop, clock_ms=lambda: NOW_MS, settings=settings)
        writer.start()
        for record in records:
            writer.append(record, lambda error: None)
        await writer.close()

    asyncio.run(run())
