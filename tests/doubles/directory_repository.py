"""A TUF repository in memory that can be told to lie: the registry (or who sits between) in tests of the client.

After the idea of python-tuf's repository simulator. Honest moves: `publish`, `renew`, `rotate_root`. Everything else
is done by changing `roles`, `signers` or `served` directly and calling `sign`. What a URL gives is looked up in
`served` first (lies), then in `files` (all that was ever signed, under its repository name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from securesystemslib.signer import CryptoSigner, Signer
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient.fetcher import FetcherInterface

HASHES = ["sha256"]


class DirectoryRepository(FetcherInterface):
    """Speaks at any base URL: what counts is the part of the path from ``metadata/`` or ``targets/``."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.days = {"root": 365, "timestamp": 3, "snapshot": 30, "targets": 30}
        self.root_signers: list[Signer] = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.threshold = 2
        self.signers: dict[str, Signer] = {
            role: CryptoSigner.generate_ed25519() for role in ("timestamp", "snapshot", "targets")
        }
        self.files: dict[str, bytes] = {}
        self.served: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.down = False
        self.versions = {"root": 0, "timestamp": 0, "snapshot": 0, "targets": 0}
        self.targets: dict[str, TargetFile] = {}
        self.trusted_root = self.rotate_root(self.root_signers)

    def publish(self, network: bytes, providers: Mapping[str, bytes]) -> None:
        """Sign these documents as the next version of everything but the root."""
        self.targets = {}
        for path, data in {"network.json": network, **providers}.items():
            self.targets[path] = TargetFile.from_data(path, data, HASHES)
            self.files[target_name(path, data)] = data
        self.sign("targets", "snapshot", "timestamp")

    def sign(self, *roles: str) -> None:
        """Sign the next version of these roles; a later role vouches for what an earlier one has now."""
        for role in roles:
            self.versions[role] += 1
            metadata = Metadata(getattr(self, f"_{role}")())
            metadata.sign(self.signers[role])
            name = "timestamp.json" if role == "timestamp" else f"{self.versions[role]}.{role}.json"
            self.files[f"metadata/{name}"] = metadata.to_bytes()

    def rotate_root(self, signing: list[Signer]) -> bytes:
        """Sign the next root, which names the present keys, with the keys in `signing`."""
        self.versions["root"] += 1
        root = Root(self.versions["root"], expires=self.end("root"), consistent_snapshot=True)
        for signer in self.root_signers:
            root.add_key(signer.public_key, "root")
        root.roles["root"].threshold = self.threshold
        for role, signer in self.signers.items():
            root.add_key(signer.public_key, role)
        metadata = Metadata(root)
        for signer in signing:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes()
        self.files[f"metadata/{self.versions['root']}.root.json"] = data
        return data

    def end(self, role: str) -> datetime:
        return datetime.fromtimestamp(self.now_ms // 1000, UTC) + timedelta(days=self.days[role])

    def _targets(self) -> Targets:
        return Targets(self.versions["targets"], expires=self.end("targets"), targets=dict(self.targets))

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            self.versions["snapshot"], expires=self.end("snapshot"), meta={"targets.json": self._meta("targets")}
        )

    def _timestamp(self) -> Timestamp:
        return Timestamp(
            self.versions["timestamp"], expires=self.end("timestamp"), snapshot_meta=self._meta("snapshot")
        )

    def _meta(self, role: str) -> MetaFile:
        version = self.versions[role]
        return MetaFile.from_data(version, self.files[f"metadata/{version}.{role}.json"], HASHES)

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = urlsplit(url).path
        name = path[max(path.rfind("metadata/"), path.rfind("targets/")) :]
        self.asked.append(name)
        if self.down:
            raise DownloadError("the registry is down")
        data = self.served.get(name, self.files.get(name))
        if data is None:
            raise DownloadHTTPError(f"{name} is not here", 404)
        return iter([data[start : start + 1000] for start in range(0, len(data), 1000)])


def target_name(path: str, data: bytes) -> str:
    """Where a document lies in the repository."""
    folder, slash, name = path.rpartition("/")
    return f"targets/{folder}{slash}{sha256(data).hexdigest()}.{name}"
