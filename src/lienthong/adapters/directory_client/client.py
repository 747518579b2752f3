"""Refresh the directory from the registry, or take the last good one up again while the registry is down.

The workflow of the TUF specification is python-tuf's; this module gives it the node's time, fetches every target
before any of them counts, and lets a directory come into force only through the rules of `freshness`.
"""

from __future__ import annotations

import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import TargetFile
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from lienthong.adapters.directory_client.fetch import FetchLimits, FolderFetcher, HttpFetcher, MemoryFetcher
from lienthong.adapters.directory_client.last_good import (
    BASE_URL,
    LastGood,
    metadata_files,
    read_last_good,
    write_last_good,
)
from lienthong.adapters.directory_client.told import told
from lienthong.directory.documents import NETWORK_BYTES_MAX, NETWORK_TARGET, PROVIDER_BYTES_MAX, PROVIDER_PREFIX
from lienthong.directory.freshness import Accepted, accept
from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.errors import LienthongError, Unproven

TARGETS_MAX: Final = 20_000
TARGETS_BYTES_MAX: Final = 1024 * 1024 * 1024


class _Verified(NamedTuple):
    """What the signed metadata says: versions, the earliest end, and the targets by path."""

    root_version: int
    snapshot_version: int
    targets_version: int
    expires_at_ms: int
    targets: dict[str, TargetFile]


class _InForce(NamedTuple):
    """The directory in force, what to hold the next one against, and the end of its signatures."""

    directory: FreshDirectory
    accepted: Accepted
    signed_until_ms: int


class DirectoryClient:
    """One node's client. `refresh`, `load` and `start` may be called from any thread, and take turns.

    `source` is the repository's address (``https://…/directory`` or ``http:``) or its folder (path or ``file:``);
    below it lie ``metadata/`` and ``targets/``. `trusted_root` are the bytes of the first root document, brought to
    the node by hand. `cache_dir` belongs to this client alone.
    """

    def __init__(
        self,
        source: str | Path,
        trusted_root: bytes,
        cache_dir: Path,
        *,
        limits: FetchLimits | None = None,
        fetcher: FetcherInterface | None = None,
    ) -> None:
        self._url, own_fetcher = _source(source, limits or FetchLimits())
        self._fetcher = fetcher or own_fetcher
        self._trusted_root = trusted_root
        self._cache = cache_dir
        self._lock = threading.Lock()
        self._in_force: _InForce | None = None

    @property
    def current(self) -> FreshDirectory | None:
        """The directory in force, None before the first one."""
        return None if self._in_force is None else self._in_force.directory

    def start(self, now_ms: int) -> FreshDirectory:
        """The newest directory, or the last good one if the registry gives none; raises what `refresh` raised."""
        try:
            fresh = self.refresh(now_ms) or self.current
            assert fresh is not None, "unchanged means that a directory is held"
            return fresh
        except LienthongError as error:
            try:
                kept = self.load(now_ms)
            except LienthongError:
                raise error from None
            if kept is None:
                raise
            return kept

    def refresh(self, now_ms: int) -> FreshDirectory | None:
        """The registry's directory if it is new or lives longer, None if unchanged.

        Raises an error of `told`, Malformed (``MalformedGlobalConf``), Unproven (``DirectoryRollback``) or Undecided
        (``DirectoryClock``); what was in force before stays in force.
        """
        with self._lock:
            try:
                return self._refresh(now_ms)
            except (RepositoryError, DownloadError, OSError) as error:
                raise told(error) from error

    def load(self, now_ms: int) -> FreshDirectory | None:
        """The last good directory from the cache, verified again, None if none was kept; raises as `refresh` does."""
        with self._lock:
            try:
                return self._load(now_ms)
            except (RepositoryError, DownloadError, OSError) as error:
                raise told(error) from error

    def _refresh(self, now_ms: int) -> FreshDirectory | None:
        metadata = self._cache / "metadata"
        metadata.mkdir(parents=True, exist_ok=True)
        updater = self._updater(metadata, self._url, self._fetcher, now_ms)
        verified = _verify(updater)
        if self._is_unchanged(verified):
            return None
        accepted = self._in_force.accepted if self._in_force is not None else self._remembered()
        admitted = self._admit(updater, verified, accepted, now_ms)
        files = metadata_files(
            metadata, snapshot_version=verified.snapshot_version, targets_version=verified.targets_version
        )
        write_last_good(self._cache, LastGood(admitted.accepted, files))
        self._in_force = admitted
        self._prune(verified)
        return admitted.directory

    def _load(self, now_ms: int) -> FreshDirectory | None:
        good = read_last_good(self._cache)
        if good is None:
            return None
        with tempfile.TemporaryDirectory(dir=self._cache) as folder:
            updater = self._updater(Path(folder), BASE_URL, MemoryFetcher(good.by_url()), now_ms)
            self._in_force = self._admit(updater, _verify(updater), good.accepted, now_ms)
        return self._in_force.directory

    def _updater(self, metadata: Path, url: str, fetcher: FetcherInterface, now_ms: int) -> Updater:
        targets = self._cache / "targets"
        targets.mkdir(parents=True, exist_ok=True)
        updater = Updater(
            str(metadata),
            url if url == BASE_URL else f"{url}/metadata/",
            target_dir=str(targets),
            target_base_url=f"{url}/targets/",
            fetcher=fetcher,
            config=UpdaterConfig(),
            bootstrap=self._trusted_root,
        )
        # python-tuf reads the clock once in its constructor and has no public way to be told the time.
        updater._trusted_set.reference_time = _instant(now_ms)
        return updater

    def _is_unchanged(self, verified: _Verified) -> bool:
        held = self._in_force
        return (
            held is not None
            and held.directory.version == verified.snapshot_version
            and held.accepted.root_version == verified.root_version
            and held.signed_until_ms == verified.expires_at_ms
        )

    def _remembered(self) -> Accepted | None:
        """What was accepted before this process began; a file that cannot be read is as good as none."""
        try:
            good = read_last_good(self._cache)
        except Unproven:
            return None
        return None if good is None else good.accepted

    def _admit(self, updater: Updater, verified: _Verified, accepted: Accepted | None, now_ms: int) -> _InForce:
        """Fetch all targets, build, and hold the result against the rules above TUF."""
        documents = {path: self._target(updater, info) for path, info in verified.targets.items()}
        network = documents.pop(NETWORK_TARGET)
        directory = build_directory(
            network,
            documents,
            version=verified.snapshot_version,
            expires_at_ms=verified.expires_at_ms,
            previous=self.current,
        )
        after = accept(directory, accepted, root_version=verified.root_version, now_ms=now_ms)
        return _InForce(directory, after, verified.expires_at_ms)

    def _target(self, updater: Updater, info: TargetFile) -> bytes:
        """A target's bytes, as signed: from the cache if they are there, else from the registry."""
        path = self._cache / "targets" / _file_name(info)
        try:
            data = path.read_bytes()
            info.verify_length_and_hashes(data)
        except (OSError, LengthOrHashMismatchError):
            updater.download_target(info, str(path))
            data = path.read_bytes()
            info.verify_length_and_hashes(data)
        return data

    def _prune(self, verified: _Verified) -> None:
        """Remove the targets that the directory in force does not use."""
        used = {_file_name(info) for info in verified.targets.values()}
        for path in (self._cache / "targets").iterdir():
            if path.name not in used:
                path.unlink(missing_ok=True)


def _source(source: str | Path, limits: FetchLimits) -> tuple[str, FetcherInterface]:
    if isinstance(source, str) and source.startswith(("http:", "https:")):
        return source.rstrip("/"), HttpFetcher(limits)
    if isinstance(source, str) and source.startswith("file:"):
        source = unquote(urlsplit(source).path)
    folder = Path(source).resolve()
    return folder.as_uri(), FolderFetcher(folder)


def _verify(updater: Updater) -> _Verified:
    """Run the client workflow of the specification (5.3-5.6) and say what it found; raises python-tuf's errors."""
    updater.refresh()
    found = updater._trusted_set
    roles = (found.root, found.timestamp, found.snapshot, found.targets)
    return _Verified(
        root_version=found.root.version,
        snapshot_version=found.snapshot.version,
        targets_version=found.targets.version,
        expires_at_ms=min(int(role.expires.timestamp()) * 1000 for role in roles),
        targets=_check_targets(found.targets.targets),
    )


def _check_targets(targets: dict[str, TargetFile]) -> dict[str, TargetFile]:
    if len(targets) > TARGETS_MAX or sum(info.length for info in targets.values()) > TARGETS_BYTES_MAX:
        raise Unproven("MalformedGlobalConf", "the directory has more documents than a node can hold")
    if NETWORK_TARGET not in targets:
        raise Unproven("MalformedGlobalConf", f"the directory has no {NETWORK_TARGET}")
    for path, info in targets.items():
        if path != NETWORK_TARGET and not path.startswith(PROVIDER_PREFIX):
            raise Unproven("MalformedGlobalConf", f"the directory has an unknown document {path}")
        if info.length > (NETWORK_BYTES_MAX if path == NETWORK_TARGET else PROVIDER_BYTES_MAX):
            raise Unproven("MalformedGlobalConf", f"{path} is larger than a node can hold")
        if "sha256" not in info.hashes:
            raise Unproven("MalformedGlobalConf", f"{path} has no SHA-256")
    return targets


def _file_name(info: TargetFile) -> str:
    return f"{info.hashes['sha256']}.json"


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
