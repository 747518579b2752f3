"""Records of the ledger, opened with the day keys of the data folder as far as these are there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lienthong.adapters.day_keys import KeptDayKeys
from lienthong.domain.errors import Unavailable, Unproven
from lienthong.evidence.frame_record import OpeningKeys, decode_records
from lienthong.evidence.record import Record
from lienthong.node.store.places import day_key_directory, key_encryption_uri


class Opened(NamedTuple):
    """A record as it was read: `sealed` says why it could not be opened, `altered` that it is not what was sealed."""

    record: Record
    sealed: Unavailable | None = None
    altered: Unproven | None = None


def kept_day_keys(data_dir: Path, key_encryption: str | None = None) -> KeptDayKeys:
    """The day keys of a node; `key_encryption` is the URI of the key that wraps them, None: in the data folder."""
    return KeptDayKeys(day_key_directory(data_dir), key_encryption or key_encryption_uri(data_dir))


def opened_records(encoded: bytes, keys: OpeningKeys) -> list[Opened]:
    """The messages of a record, opened where the key is to be had. Raises Malformed for what is no record.

    One that was changed after it was sealed is told as such, so that people see what it claims.
    """
    try:
        return [Opened(record) for record in decode_records(encoded, keys)]
    except Unavailable as error:
        return [Opened(record, sealed=error) for record in decode_records(encoded)]
    except Unproven as error:
        return [Opened(record, altered=error) for record in decode_records(encoded)]
