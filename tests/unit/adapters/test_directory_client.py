"""The client against a registry that is honest, away, or lying.

Each lie is refused with its code, and the directory that was in force stays so: in memory, and for a node that
starts again from its cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tests.doubles import small_country as vn
from tests.doubles.directory_repository import DirectoryRepository, target_name

from lienthong.adapters.directory_client import DirectoryClient
from lienthong.domain.errors import LienthongError, Unavailable, Undecided, Unproven

HOUR_MS = 3_600_000
LATER_MS = vn.NOW_MS + HOUR_MS


@dataclass
class Scene:
    """A registry that has published version 1 to a client, and then prepared version 2."""

    repository: DirectoryRepository
    cache: Path

    def client(self) -> DirectoryClient:
        return DirectoryClient(
            "https://registry.example/directory", self.repository.trusted_root, self.cache, fetcher=self.repository
        )

    def second_publication(self) -> None:
        changed = vn.police_segment(vn.grant("g-9", vn.ONE_STOP, vn.CONFIRM))
        network = vn.network(version=2, issued_at_ms=LATER_MS)
        self.repository.publish(network, vn.providers() | {"providers/GOV/G01.json": changed})


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    repository = DirectoryRepository(vn.NOW_MS)
    repository.publish(vn.network(), vn.providers())
    return Scene(repository, tmp_path / "cache")


def test_the_first_refresh_gives_the_directory(scene: Scene) -> None:
    client = scene.client()
    directory = client.refresh(vn.NOW_MS)
    assert directory is not None
    assert directory is client.current
    assert directory.version == 1
    assert directory.expires_at_ms == vn.NOW_MS + 3 * vn.DAY_MS
    assert len(directory.candidates(vn.ONE_STOP, vn.CONFIRM)) == 2


def test_unchanged_is_none_and_fetches_no_document(scene: Scene) -> None:
    client = scene.client()
    client.refresh(vn.NOW_MS)
    scene.repository.asked.clear()
    assert client.refresh(LATER_MS) is None
    assert scene.repository.asked == ["metadata/2.root.json", "metadata/timestamp.json"]


def test_a_change_fetches_only_what_changed(scene: Scene) -> None:
    client = scene.client()
    client.refresh(vn.NOW_MS)
    scene.second_publication()
    scene.repository.asked.clear()
    directory = client.refresh(LATER_MS)
    assert directory is not None
    assert [found.grant.grant_id for found in directory.candidates(vn.ONE_STOP, vn.CONFIRM)] == ["g-9"]
    assert len([name for name in scene.repository.asked if name.startswith("targets/")]) == 2
    assert len(list((scene.cache / "targets").iterdir())) == 3


def test_a_renewed_timestamp_makes_the_directory_live_longer(scene: Scene) -> None:
    client = scene.client()
    first = client.refresh(vn.NOW_MS)
    scene.repository.now_ms = LATER_MS
    scene.repository.sign("timestamp")
    second = client.refresh(LATER_MS)
    assert first is not None
    assert second is not None
    assert second.expires_at_ms == first.expires_at_ms + HOUR_MS
    assert second.version == first.version


def test_a_chain_of_roots_is_followed(scene: Scene) -> None:
    client = scene.client()
    client.refresh(vn.NOW_MS)
    repository = scene.repository
    for _ in range(3):
        outgoing = repository.root_signers
        repository.root_signers = [CryptoSigner.generate_ed25519() for _ in range(3)]
        repository.signers["timestamp"] = CryptoSigner.generate_ed25519()
        repository.rotate_root([*outgoing[:2], *repository.root_signers[:2]])
    scene.second_publication()
    assert client.refresh(LATER_MS) is not None
    fresh = DirectoryClient("http://x", repository.trusted_root, scene.cache / "other", fetcher=repository)
    assert fresh.refresh(LATER_MS) is not None
    assert scene.client().load(LATER_MS) is not None


def test_after_new_keys_versions_may_begin_again(scene: Scene) -> None:
    """Fast-forward recovery, TUF 5.3.11."""
    client, repository = scene.client(), scene.repository
    repository.versions |= {"timestamp": 10_000, "snapshot": 10_000}
    repository.sign("snapshot", "timestamp")
    client.refresh(vn.NOW_MS)
    repository.versions |= {"timestamp": 1, "snapshot": 1}
    repository.signers["timestamp"] = CryptoSigner.generate_ed25519()
    repository.signers["snapshot"] = CryptoSigner.generate_ed25519()
    repository.rotate_root(repository.root_signers)
    repository.sign("snapshot", "timestamp")
    directory = client.refresh(LATER_MS)
    assert directory is not None
    assert directory.version == 2


def test_while_the_registry_is_down_the_last_good_directory_is_used_until_it_ends(scene: Scene) -> None:
    scene.client().refresh(vn.NOW_MS)
    scene.repository.down = True
    for client in (scene.client(), scene.client()):
        assert client.start(vn.NOW_MS + 3 * vn.DAY_MS - 1000).version == 1
    with pytest.raises(Unavailable) as caught:
        scene.client().start(vn.NOW_MS + 3 * vn.DAY_MS)
    assert caught.value.code == "DirectoryUnreachable"
    with pytest.raises(Unavailable) as caught:
        scene.client().load(vn.NOW_MS + 3 * vn.DAY_MS)
    assert caught.value.code == "OutdatedGlobalConf"


def test_start_without_registry_and_cache_says_why(scene: Scene) -> None:
    scene.repository.down = True
    with pytest.raises(Unavailable) as caught:
        scene.client().start(vn.NOW_MS)
    assert caught.value.code == "DirectoryUnreachable"
    assert caught.value.__cause__ is not None
    assert scene.client().load(vn.NOW_MS) is None


def test_a_clock_behind_what_was_signed_decides_nothing(scene: Scene) -> None:
    client = scene.client()
    with pytest.raises(Undecided) as caught:
        client.refresh(vn.NOW_MS - HOUR_MS)
    assert caught.value.code == "DirectoryClock"
    client.refresh(vn.NOW_MS)
    with pytest.raises(Undecided):
        scene.client().load(vn.NOW_MS - HOUR_MS)


def test_a_damaged_cache_is_refused_and_then_healed(scene: Scene) -> None:
    scene.client().refresh(vn.NOW_MS)
    for path in scene.cache.rglob("*.json"):
        path.write_bytes(b"\x00garbage")
    with pytest.raises(Unproven) as caught:
        scene.client().load(vn.NOW_MS)
    assert caught.value.code == "MalformedGlobalConf"
    client = scene.client()
    assert client.refresh(vn.NOW_MS) is not None
    assert scene.client().load(vn.NOW_MS) is not None


def test_a_cache_that_cannot_be_written_is_said_to_be_so(scene: Scene) -> None:
    scene.cache.write_bytes(b"a file, not a folder")
    with pytest.raises(Unavailable) as caught:
        scene.client().refresh(vn.NOW_MS)
    assert caught.value.code == "DirectoryCache"


def frozen(scene: Scene) -> int:
    return vn.NOW_MS + 4 * vn.DAY_MS


def timestamp_goes_back(scene: Scene) -> int:
    scene.repository.versions["timestamp"] = 0
    scene.repository.now_ms = LATER_MS
    scene.repository.sign("timestamp")
    return LATER_MS


def snapshot_goes_back(scene: Scene) -> int:
    scene.repository.versions["snapshot"] = 0
    scene.repository.sign("snapshot", "timestamp")
    return LATER_MS


def targets_go_back(scene: Scene) -> int:
    scene.repository.versions["targets"] = 0
    scene.repository.sign("targets", "snapshot", "timestamp")
    return LATER_MS


def network_goes_back(scene: Scene) -> int:
    """Correctly signed, but the registry itself (or who has its online keys) hands out an older network."""
    scene.repository.publish(vn.network(), vn.providers())
    return LATER_MS


def snapshot_of_another_time(scene: Scene) -> int:
    repository = scene.repository
    older = repository.files["metadata/2.snapshot.json"]
    scene.second_publication()
    repository.served["metadata/3.snapshot.json"] = older
    return LATER_MS


def targets_of_another_time(scene: Scene) -> int:
    repository = scene.repository
    older = repository.files["metadata/2.targets.json"]
    scene.second_publication()
    repository.served["metadata/3.targets.json"] = older
    return LATER_MS


def document_of_another_provider(scene: Scene) -> int:
    return serve_instead_of_police(scene, vn.land_segment())


def serve_instead_of_police(scene: Scene, data: bytes) -> int:
    scene.second_publication()
    honest = vn.police_segment(vn.grant("g-9", vn.ONE_STOP, vn.CONFIRM))
    scene.repository.served[target_name("providers/GOV/G01.json", honest)] = data
    return LATER_MS


def document_cut_short(scene: Scene) -> int:
    return serve_instead_of_police(scene, vn.police_segment(vn.grant("g-9", vn.ONE_STOP, vn.CONFIRM))[:-1])


def document_too_long(scene: Scene) -> int:
    return serve_instead_of_police(scene, bytes(10_000_000))


def document_one_bit_changed(scene: Scene) -> int:
    data = bytearray(vn.police_segment(vn.grant("g-9", vn.ONE_STOP, vn.CONFIRM)))
    data[40] ^= 1
    return serve_instead_of_police(scene, bytes(data))


def wrong_key(role: str) -> Callable[[Scene], int]:
    def lie(scene: Scene) -> int:
        scene.repository.signers[role] = CryptoSigner.generate_ed25519()
        scene.second_publication()
        return LATER_MS

    return lie


def root_with_too_few_signatures(scene: Scene) -> int:
    scene.repository.rotate_root(scene.repository.root_signers[:1])
    return LATER_MS


def root_of_strangers(scene: Scene) -> int:
    scene.repository.root_signers = [CryptoSigner.generate_ed25519() for _ in range(3)]
    scene.repository.rotate_root(scene.repository.root_signers)
    return LATER_MS


def root_that_skips(scene: Scene) -> int:
    scene.repository.versions["root"] = 6
    data = scene.repository.rotate_root(scene.repository.root_signers)
    scene.repository.served["metadata/2.root.json"] = data
    return LATER_MS


def ends_early(role: str) -> Callable[[Scene], int]:
    def lie(scene: Scene) -> int:
        scene.repository.days = dict.fromkeys(scene.repository.days, 60) | {role: 10}
        scene.repository.rotate_root(scene.repository.root_signers)
        scene.second_publication()
        return vn.NOW_MS + 11 * vn.DAY_MS

    return lie


def garbage(name: str) -> Callable[[Scene], int]:
    def lie(scene: Scene) -> int:
        scene.second_publication()
        scene.repository.served[f"metadata/{name}"] = b"\xff\x00{" * 50
        return LATER_MS

    return lie


def too_long_timestamp(scene: Scene) -> int:
    scene.repository.served["metadata/timestamp.json"] = bytes(1_000_000)
    return LATER_MS


def document_missing(scene: Scene) -> int:
    scene.second_publication()
    honest = vn.police_segment(vn.grant("g-9", vn.ONE_STOP, vn.CONFIRM))
    del scene.repository.files[target_name("providers/GOV/G01.json", honest)]
    return LATER_MS


def unknown_document(scene: Scene) -> int:
    scene.repository.publish(vn.network(), vn.providers() | {"../../etc/passwd": b"x"})
    return LATER_MS


def no_network(scene: Scene) -> int:
    scene.second_publication()
    del scene.repository.targets["network.json"]
    scene.repository.sign("targets", "snapshot", "timestamp")
    return LATER_MS


def signed_but_broken(scene: Scene) -> int:
    scene.repository.publish(vn.network(version=2), {"providers/GOV/G01.json": b"{}"})
    return LATER_MS


LIES: list[tuple[Callable[[Scene], int], str]] = [
    (frozen, "OutdatedGlobalConf"),
    (timestamp_goes_back, "DirectoryRollback"),
    (snapshot_goes_back, "DirectoryRollback"),
    (targets_go_back, "DirectoryRollback"),
    (network_goes_back, "DirectoryRollback"),
    (snapshot_of_another_time, "DirectoryMismatch"),
    (targets_of_another_time, "DirectoryMismatch"),
    (document_of_another_provider, "DirectoryMismatch"),
    (document_cut_short, "DirectoryMismatch"),
    (document_too_long, "DirectoryMismatch"),
    (document_one_bit_changed, "DirectoryMismatch"),
    (document_missing, "DirectoryUnreachable"),
    (wrong_key("timestamp"), "DirectorySignature"),
    (wrong_key("snapshot"), "DirectorySignature"),
    (wrong_key("targets"), "DirectorySignature"),
    (root_with_too_few_signatures, "DirectorySignature"),
    (root_of_strangers, "DirectorySignature"),
    (root_that_skips, "DirectoryRollback"),
    (ends_early("root"), "OutdatedGlobalConf"),
    (ends_early("timestamp"), "OutdatedGlobalConf"),
    (ends_early("snapshot"), "OutdatedGlobalConf"),
    (ends_early("targets"), "OutdatedGlobalConf"),
    (garbage("2.root.json"), "MalformedGlobalConf"),
    (garbage("timestamp.json"), "MalformedGlobalConf"),
    (garbage("3.snapshot.json"), "DirectoryMismatch"),
    (garbage("3.targets.json"), "DirectoryMismatch"),
    (too_long_timestamp, "DirectoryMismatch"),
    (unknown_document, "MalformedGlobalConf"),
    (no_network, "MalformedGlobalConf"),
    (signed_but_broken, "MalformedGlobalConf"),
]


@pytest.mark.parametrize(("lie", "code"), LIES)
def test_a_lie_is_refused_and_the_old_directory_stays_in_force(
    scene: Scene, lie: Callable[[Scene], int], code: str
) -> None:
    scene.repository.publish(vn.network(version=2), vn.providers())
    client = scene.client()
    held = client.refresh(vn.NOW_MS)
    now_ms = lie(scene)
    with pytest.raises(LienthongError) as caught:
        client.refresh(now_ms)
    assert caught.value.code == code
    assert client.current is held
    again = scene.client().load(LATER_MS)
    assert again is not None
    assert again.version == 2
    assert [grant.grant_id for grant in again.grants_of_consumer(vn.ONE_STOP)] == ["g-1", "g-2", "g-3"]


def test_after_a_lie_the_truth_is_still_taken(scene: Scene) -> None:
    client = scene.client()
    client.refresh(vn.NOW_MS)
    now_ms = document_cut_short(scene)
    with pytest.raises(Unproven):
        client.refresh(now_ms)
    scene.repository.served.clear()
    directory = client.refresh(now_ms)
    assert directory is not None
    assert directory.version == 2
