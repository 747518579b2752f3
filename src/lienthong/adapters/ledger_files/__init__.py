"""The ledger on disk: one writer with group commit, any number of readers."""

from lienthong.adapters.ledger_files.segments import (
    START,
    LedgerRecord,
    Position,
    read_ledger_id,
    read_one,
    read_records,
)
from lienthong.adapters.ledger_files.writer import LedgerSettings, LedgerWriter

__all__ = [
    "START",
    "LedgerRecord",
    "LedgerSettings",
    "LedgerWriter",
    "Position",
    "read_ledger_id",
    "read_one",
    "read_records",
]
