"""The last good directory on disk: what a node starts from while the registry is down.

One file, replaced in one step, holds the signed metadata as it was accepted; the targets lie beside it by digest and
are never overwritten. Nothing here is trusted more than the registry's answer: on loading, the same client checks
signatures, digests and dates again. Whoever owns the disk can delete it or put an older one back, until that expires.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from lienthong.directory.freshness import Accepted
from lienthong.domain.errors import Unproven

BASE_URL: Final = "good:/"
FILE_NAME: Final = "last-good.json"
_BYTES_MAX: Final = 64 * 1024 * 1024


class LastGood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metadata files as served (`files`: name to bytes) and what was accepted with them."""

    accepted: Accepted
    files: dict[str, bytes]

    def by_url(self) -> dict[str, bytes]:
        """The files under the URLs that the client asks for."""
        return {BASE_URL + name: data for name, data in self.files.items()}


def read_last_good(folder: Path) -> LastGood | None:
    """What was kept, None when nothing was; raises Unproven (``MalformedGlobalConf``) when it cannot be read."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    if path.stat().st_size > _BYTES_MAX:
        raise Unproven("MalformedGlobalConf", "the kept directory is too large")
    try:
        return msgspec.json.decode(path.read_bytes(), type=LastGood)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unproven("MalformedGlobalConf", f"the kept directory cannot be read: {error}") from error


def write_last_good(folder: Path, good: LastGood) -> None:
    """Replace what was kept, durably; raises OSError."""
    fresh = folder / f"{FILE_NAME}.new"
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(good))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE_NAME)


def metadata_files(metadata: Path, *, snapshot_version: int, targets_version: int) -> dict[str, bytes]:
    """The metadata that the TUF client has verified and stored in `metadata`, under the names a repository uses."""
    files = {path.name: path.read_bytes() for path in (metadata / "root_history").glob("*.root.json")}
    files["timestamp.json"] = (metadata / "timestamp.json").read_bytes()
    files[f"{snapshot_version}.snapshot.json"] = (metadata / "snapshot.json").read_bytes()
    files[f"{targets_version}.targets.json"] = (metadata / "targets.json").read_bytes()
    return files
