"""Where the files of a node's data folder lie.

``ledger/<worker>/`` one ledger for each writing process, with its index beside the segments, or the address of the
database that has it; ``certificates/`` the signers' certificates that records name; ``day-keys/`` the keys that
header parts and bodies are sealed with, and ``at-rest.key`` the key that wraps these, unless the settings name
another place for it.
"""

from __future__ import annotations

from pathlib import Path


def ledger_directory(data_dir: Path, worker: int = 0) -> Path:
    """The ledger of one worker process."""
    return data_dir / "ledger" / str(worker)


def ledger_directories(data_dir: Path) -> list[Path]:
    """All ledgers that are there."""
    return sorted(path for path in (data_dir / "ledger").glob("*") if path.is_dir())


def index_path(ledger: Path) -> Path:
    """The index of a ledger."""
    return ledger / "index.sqlite3"


def index_database_path(ledger: Path) -> Path:
    """Where a node leaves the address of the database that has the index of a ledger."""
    return ledger / "index.database"


def certificate_directory(data_dir: Path) -> Path:
    """The signers' certificates."""
    return data_dir / "certificates"


def day_key_directory(data_dir: Path) -> Path:
    """The day keys."""
    return data_dir / "day-keys"


def key_encryption_uri(data_dir: Path) -> str:
    """The key that wraps them, where the settings say nothing else."""
    return f"file:{(data_dir / 'at-rest.key').resolve()}"


def shared_path(data_dir: Path) -> Path:
    """What the workers of a node share while they run."""
    return data_dir / "shared.sqlite3"
