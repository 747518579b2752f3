"""The publisher, judged by the client: what one writes, the other must accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.doubles import small_country as vn

from lienthong.adapters.directory_client import DirectoryClient
from lienthong.adapters.directory_publisher import (
    DirectoryPublisher,
    Lifetimes,
    OnlineKeys,
    RootKeys,
    load_signer,
    write_new_key,
)
from lienthong.directory.segment import Finding
from lienthong.domain.errors import LienthongError, Malformed, Unavailable
from lienthong.domain.identifiers import SystemId

DAY_MS = vn.DAY_MS


class Registry:
    """A repository folder with its keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.root = RootKeys(tuple(self.key(f"root-{number}") for number in range(3)))
        self.publisher = self.with_keys("a")
        self.trusted_root = b""

    def key(self, name: str):  # type: ignore[no-untyped-def]
        return load_signer(write_new_key(self.folder / f"{name}.pem"))

    def with_keys(self, suffix: str) -> DirectoryPublisher:
        roles = [self.key(f"{role}-{suffix}") for role in ("timestamp", "snapshot", "targets")]
        return DirectoryPublisher(self.repository, OnlineKeys(*roles))

    def client(self, name: str = "cache") -> DirectoryClient:
        return DirectoryClient(self.repository, self.trusted_root, self.folder / name)

    def written(self) -> set[str]:
        return {str(path.relative_to(self.repository)) for path in self.repository.rglob("*") if path.is_file()}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = Registry(tmp_path)
    made.trusted_root = made.publisher.create(made.root, now_ms=vn.NOW_MS)
    return made


def test_what_is_published_is_accepted(registry: Registry) -> None:
    publication = registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    assert publication.version == 1
    assert publication.changed == ("network.json", "providers/GOV/G01.json", "providers/GOV/G12.json")
    assert publication.expires_at_ms == vn.NOW_MS + 3 * DAY_MS
    assert publication.findings == ()
    directory = registry.client().refresh(vn.NOW_MS)
    assert directory is not None
    assert directory.expires_at_ms == publication.expires_at_ms
    assert len(directory.grants_of_consumer(vn.ONE_STOP)) == 3


def test_the_repository_may_be_named_by_path_or_by_url(registry: Registry) -> None:
    registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    for number, source in enumerate((str(registry.repository), registry.repository.as_uri())):
        client = DirectoryClient(source, registry.trusted_root, registry.folder / f"cache-{number}")
        assert client.refresh(vn.NOW_MS) is not None


def test_unchanged_documents_are_not_written_again(registry: Registry) -> None:
    registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    before = registry.written()
    changed = vn.providers() | {"providers/GOV/G01.json": vn.police_segment(vn.grant("g", vn.ONE_STOP, vn.CONFIRM))}
    publication = registry.publisher.publish(vn.network(), changed, now_ms=vn.NOW_MS)
    assert publication.changed == ("providers/GOV/G01.json",)
    added = sorted(name.split(".", 1)[1] for name in registry.written() - before)
    assert added == ["G01.json", "snapshot.json", "targets.json"]


def test_renewal_signs_only_what_needs_it(registry: Registry) -> None:
    client = registry.client()
    registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    client.refresh(vn.NOW_MS)
    before = registry.written()
    renewed = registry.publisher.renew(now_ms=vn.NOW_MS + DAY_MS)
    assert (renewed.version, renewed.changed) == (1, ())
    assert registry.written() == before
    directory = client.refresh(vn.NOW_MS + DAY_MS)
    assert directory is not None
    assert directory.expires_at_ms == vn.NOW_MS + 4 * DAY_MS
    late = registry.publisher.renew(now_ms=vn.NOW_MS + 16 * DAY_MS)
    assert late.version == 2
    assert registry.client("new node").refresh(vn.NOW_MS + 16 * DAY_MS) is not None


def test_lifetimes_are_settings(registry: Registry) -> None:
    publisher = DirectoryPublisher(
        registry.repository, registry.publisher._keys, lifetimes=Lifetimes(timestamp_s=60, snapshot_s=30)
    )
    assert publisher.publish(vn.network(), {}, now_ms=vn.NOW_MS).expires_at_ms == vn.NOW_MS + 30_000


def test_a_new_process_goes_on_where_the_last_one_stopped(registry: Registry) -> None:
    registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    again = DirectoryPublisher(registry.repository, registry.publisher._keys)
    publication = again.publish(vn.network(version=2), vn.providers(), now_ms=vn.NOW_MS)
    assert (publication.version, publication.changed) == (2, ("network.json",))


def test_roots_rotate_with_all_their_keys(registry: Registry) -> None:
    registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    old_node = registry.client()
    old_node.refresh(vn.NOW_MS)
    new_root = RootKeys(tuple(registry.key(f"new-root-{number}") for number in range(3)))
    publisher = registry.with_keys("b")
    publisher.rotate_root(registry.root.signers[:2], new_root, now_ms=vn.NOW_MS)
    with pytest.raises(LienthongError):
        registry.client("between").refresh(vn.NOW_MS)
    publisher.renew(now_ms=vn.NOW_MS)
    assert old_node.refresh(vn.NOW_MS) is not None
    assert registry.client("new node").refresh(vn.NOW_MS) is not None
    registry.publisher.renew(now_ms=vn.NOW_MS)
    with pytest.raises(LienthongError) as caught:
        old_node.refresh(vn.NOW_MS)
    assert caught.value.code == "DirectorySignature"


def test_a_root_without_enough_outgoing_signatures_is_not_written(registry: Registry) -> None:
    new_root = RootKeys(tuple(registry.key(f"new-root-{number}") for number in range(2)))
    before = registry.written()
    with pytest.raises(Malformed) as caught:
        registry.publisher.rotate_root(registry.root.signers[:1], new_root, now_ms=vn.NOW_MS)
    assert caught.value.code == "DirectoryKeys"
    assert registry.written() == before


def test_there_is_one_first_root_and_it_needs_enough_keys(registry: Registry) -> None:
    with pytest.raises(Malformed):
        registry.publisher.create(registry.root, now_ms=vn.NOW_MS)
    with pytest.raises(Malformed):
        RootKeys((registry.root.signers[0], registry.root.signers[0]))
    with pytest.raises(Malformed):
        RootKeys(registry.root.signers, threshold=0)


def test_what_no_node_would_accept_is_not_published(registry: Registry) -> None:
    before = registry.written()
    with pytest.raises(Malformed) as caught:
        registry.publisher.publish(vn.network(), {"providers/GOV/G12.json": vn.police_segment()}, now_ms=vn.NOW_MS)
    assert caught.value.code == "MalformedGlobalConf"
    assert registry.written() == before
    with pytest.raises(Unavailable):
        registry.publisher.renew(now_ms=vn.NOW_MS)


def test_what_leads_nowhere_is_told(registry: Registry) -> None:
    ghost = SystemId(*vn.HANOI, "ghost")
    segment = vn.police_segment(vn.grant("g-1", ghost, vn.CONFIRM))
    publication = registry.publisher.publish(vn.network(), {"providers/GOV/G01.json": segment}, now_ms=vn.NOW_MS)
    assert publication.findings == (Finding("GrantToUnknownConsumer", str(ghost)),)


def test_a_publication_that_stopped_half_way_is_not_seen(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.publisher.publish(vn.network(), vn.providers(), now_ms=vn.NOW_MS)
    replace = Path.replace

    def stop_at_timestamp(path: Path, target: Path) -> Path:
        if target.name == "timestamp.json":
            raise OSError("the power went out")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stop_at_timestamp)
    with pytest.raises(OSError, match="power"):
        registry.publisher.publish(vn.network(version=2), {}, now_ms=vn.NOW_MS)
    client = registry.client()
    directory = client.refresh(vn.NOW_MS)
    assert directory is not None
    assert directory.network_version == 1
    monkeypatch.undo()
    registry.publisher.publish(vn.network(version=3), {}, now_ms=vn.NOW_MS)
    after = client.refresh(vn.NOW_MS)
    assert after is not None
    assert (after.version, after.network_version) == (2, 3)


def test_key_files_are_private_and_are_not_overwritten(tmp_path: Path) -> None:
    uri = write_new_key(tmp_path / "key.pem", password=b"secret")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert load_signer(uri, password=b"secret").public_key.scheme == "ed25519"
    with pytest.raises(FileExistsError):
        write_new_key(tmp_path / "key.pem")
    with pytest.raises(Malformed):
        load_signer(uri)


def test_keys_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_bytes(b"no key")
    weak = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "rsa.pem").write_bytes(weak)
    for name in ("no.pem", "rsa.pem", "missing.pem"):
        with pytest.raises(LienthongError) as caught:
            load_signer((tmp_path / name).as_uri())
        assert caught.value.code == "DirectoryKeys"
    with pytest.raises(Malformed):
        load_signer(str(tmp_path / "no.pem"))
