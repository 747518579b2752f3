"""Write the directory as a TUF repository (specification 1.0, consistent snapshots) for any web server.

::

    metadata/1.root.json 2.root.json …      every root, so that an old node can follow the chain
    metadata/timestamp.json                 the only file that is ever replaced
    metadata/7.snapshot.json 5.targets.json
    targets/<sha256>.network.json
    targets/providers/GOV/<sha256>.G01.json

A publication writes new files first and the timestamp last: a node sees the whole of it or nothing. Documents whose
bytes have not changed are not written again. One process publishes at a time; the caller sees to that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from securesystemslib.signer import Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from lienthong.adapters.directory_publisher.keys import OnlineKeys, RootKeys
from lienthong.directory.documents import NETWORK_TARGET
from lienthong.directory.segment import Finding
from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.errors import Malformed, Unavailable

_DAY_S: Final = 86_400
_HASHES: Final = ["sha256"]
_S = TypeVar("_S", Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long the signatures of each role hold. The timestamp's is how long nodes go on without the registry."""

    root_s: int = 365 * _DAY_S
    targets_s: int = 30 * _DAY_S
    snapshot_s: int = 30 * _DAY_S
    timestamp_s: int = 3 * _DAY_S


@dataclass(frozen=True, slots=True)
class Publication:
    """What came out: snapshot version, the document paths that are new or gone, what leads nowhere."""

    version: int
    changed: tuple[str, ...]
    expires_at_ms: int
    findings: tuple[Finding, ...] = ()


class _Held(NamedTuple, Generic[_S]):
    """Signed metadata on disk, with its bytes."""

    metadata: Metadata[_S]
    data: bytes


class _Chain(NamedTuple):
    """What is in force: the timestamp's version, and the snapshot and targets that it vouches for."""

    timestamp_version: int
    snapshot: _Held[Snapshot]
    targets: _Held[Targets]


class DirectoryPublisher:
    """Publishes into `repository`. Errors: Malformed (``MalformedGlobalConf``, ``DirectoryKeys``), Unavailable."""

    def __init__(self, repository: Path, keys: OnlineKeys, *, lifetimes: Lifetimes | None = None) -> None:
        self._metadata = repository / "metadata"
        self._targets = repository / "targets"
        self._keys = keys
        self._lifetimes = lifetimes or Lifetimes()
        self._last: FreshDirectory | None = None

    def create(self, root: RootKeys, *, now_ms: int) -> bytes:
        """Write the first root, which nodes must be given by hand; raises Malformed if there is one already."""
        if self._root_version() > 0:
            raise Malformed("DirectoryKeys", "this repository has a root already")
        return self._write_root(self._sign_root(root, 1, now_ms), judges=())

    def rotate_root(self, outgoing: Sequence[Signer], root: RootKeys, *, now_ms: int) -> bytes:
        """Write the next root, signed by enough `outgoing` root keys and by the new ones (specification 5.3.4).

        It names the online keys that this publisher holds: `renew` right after, so that they are used. Raises
        Malformed (``DirectoryKeys``) and writes nothing when signatures are missing.
        """
        version = self._root_version()
        old: Metadata[Root] = Metadata.from_bytes(self._read(f"{version}.root.json"))
        new = self._sign_root(root, version + 1, now_ms)
        for signer in outgoing:
            new.sign(signer, append=True)
        return self._write_root(new, judges=(old.signed,))

    def publish(self, network: bytes, providers: Mapping[str, bytes], *, now_ms: int) -> Publication:
        """Publish these documents; refuses what no node would accept, before anything is written.

        `providers` maps target paths to segments. Raises Malformed (``MalformedGlobalConf``).
        """
        directory = build_directory(network, providers, version=1, expires_at_ms=now_ms, previous=self._last)
        findings = (*directory.findings, *directory.unusable_grants())
        documents = {NETWORK_TARGET: network, **providers}
        files = {path: TargetFile.from_data(path, data, _HASHES) for path, data in documents.items()}
        for path, info in files.items():
            self._write_target(info, documents[path])
        publication = self._sign(files, now_ms, findings)
        self._last = directory
        return publication

    def renew(self, *, now_ms: int) -> Publication:
        """Sign what is published anew, so that nodes may go on using it; raises Unavailable when nothing is."""
        chain = self._chain()
        if chain is None:
            raise Unavailable("DirectoryUnreachable", "nothing has been published yet")
        return self._sign(chain.targets.metadata.signed.targets, now_ms, ())

    def _sign(self, files: dict[str, TargetFile], now_ms: int, findings: tuple[Finding, ...]) -> Publication:
        """Sign what changed, what nears its end and what another key signed, from the leaves up; timestamp last."""
        held, now = self._chain(), datetime.fromtimestamp(now_ms // 1000, UTC)
        before = {} if held is None else held.targets.metadata.signed.targets
        targets = self._put_targets(files, None if held is None else held.targets, now)
        meta = {"targets.json": _meta(targets)}
        snapshot = self._put_snapshot(meta, None if held is None else held.snapshot, now)
        version = 1 if held is None else held.timestamp_version + 1
        end = now + timedelta(seconds=self._lifetimes.timestamp_s)
        timestamp = Metadata(Timestamp(version, expires=end, snapshot_meta=_meta(snapshot)))
        timestamp.sign(self._keys.timestamp)
        _replace(self._metadata / "timestamp.json", timestamp.to_bytes())
        ends = (timestamp.signed.expires, snapshot.metadata.signed.expires, targets.metadata.signed.expires)
        return Publication(
            version=snapshot.metadata.signed.version,
            changed=tuple(sorted(path for path in {*files, *before} if files.get(path) != before.get(path))),
            expires_at_ms=int(min(ends).timestamp()) * 1000,
            findings=findings,
        )

    def _put_targets(
        self, files: dict[str, TargetFile], held: _Held[Targets] | None, now: datetime
    ) -> _Held[Targets]:
        life = timedelta(seconds=self._lifetimes.targets_s)
        same = held is not None and held.metadata.signed.targets == files
        if held is not None and same and _serves_on(held.metadata, self._keys.targets, now + life / 2):
            return held
        version = 1 if held is None else held.metadata.signed.version + 1
        metadata = Metadata(Targets(version, expires=now + life, targets=files))
        return self._put(metadata, self._keys.targets)

    def _put_snapshot(
        self, meta: dict[str, MetaFile], held: _Held[Snapshot] | None, now: datetime
    ) -> _Held[Snapshot]:
        life = timedelta(seconds=self._lifetimes.snapshot_s)
        same = held is not None and held.metadata.signed.meta == meta
        if held is not None and same and _serves_on(held.metadata, self._keys.snapshot, now + life / 2):
            return held
        version = 1 if held is None else held.metadata.signed.version + 1
        return self._put(Metadata(Snapshot(version, expires=now + life, meta=meta)), self._keys.snapshot)

    def _put(self, metadata: Metadata[_S], signer: Signer) -> _Held[_S]:
        metadata.sign(signer)
        data = metadata.to_bytes()
        _replace(self._metadata / f"{metadata.signed.version}.{metadata.signed.type}.json", data)
        return _Held(metadata, data)

    def _chain(self) -> _Chain | None:
        if not (self._metadata / "timestamp.json").exists():
            return None
        timestamp: Metadata[Timestamp] = Metadata.from_bytes(self._read("timestamp.json"))
        data = self._read(f"{timestamp.signed.snapshot_meta.version}.snapshot.json")
        snapshot: Metadata[Snapshot] = Metadata.from_bytes(data)
        targets_data = self._read(f"{snapshot.signed.meta['targets.json'].version}.targets.json")
        targets: Metadata[Targets] = Metadata.from_bytes(targets_data)
        return _Chain(timestamp.signed.version, _Held(snapshot, data), _Held(targets, targets_data))

    def _read(self, name: str) -> bytes:
        try:
            return (self._metadata / name).read_bytes()
        except OSError as error:
            raise Unavailable("DirectoryUnreachable", f"the repository has no readable {name}") from error

    def _write_target(self, info: TargetFile, data: bytes) -> None:
        folder, _, name = info.path.rpartition("/")
        path = self._targets / folder / f"{info.hashes['sha256']}.{name}"
        if not path.exists():
            _replace(path, data)

    def _root_version(self) -> int:
        return max((int(path.name.split(".")[0]) for path in self._metadata.glob("*.root.json")), default=0)

    def _sign_root(self, keys: RootKeys, version: int, now_ms: int) -> Metadata[Root]:
        end = datetime.fromtimestamp(now_ms // 1000 + self._lifetimes.root_s, UTC)
        root = Root(version, expires=end, consistent_snapshot=True)
        for signer in keys.signers:
            root.add_key(signer.public_key, Root.type)
        root.roles[Root.type].threshold = keys.threshold
        root.add_key(self._keys.timestamp.public_key, Timestamp.type)
        root.add_key(self._keys.snapshot.public_key, Snapshot.type)
        root.add_key(self._keys.targets.public_key, Targets.type)
        metadata = Metadata(root)
        for signer in keys.signers:
            metadata.sign(signer, append=True)
        return metadata

    def _write_root(self, root: Metadata[Root], *, judges: tuple[Root, ...]) -> bytes:
        try:
            for judge in (*judges, root.signed):
                judge.verify_delegate(Root.type, root.signed_bytes, root.signatures)
        except UnsignedMetadataError as error:
            raise Malformed("DirectoryKeys", f"the root lacks signatures: {error}") from error
        data = root.to_bytes()
        _replace(self._metadata / f"{root.signed.version}.root.json", data)
        return data


def _meta(held: _Held[Snapshot] | _Held[Targets]) -> MetaFile:
    return MetaFile.from_data(held.metadata.signed.version, held.data, _HASHES)


def _serves_on(metadata: Metadata[_S], signer: Signer, until: datetime) -> bool:
    """Whether what is held was signed with the present key and ends after `until`: a matter of work, not of trust."""
    return signer.public_key.keyid in metadata.signatures and metadata.signed.expires > until


def _replace(path: Path, data: bytes) -> None:
    """Write `path` in one step and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
