"""A running node takes up renewed certificates: no exchange fails, nothing unsound comes into force."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import threading
import time
import urllib.request
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.on_record import records
from tests.doubles.process_status import minds
from tests.doubles.rig import BOTH, CONSUMER, PROVIDER, Keys, NodeProcess, Rig, free_port, make_keys
from tests.doubles.scripted_service import ScriptedService
from tests.doubles.traffic import Traffic, channels, events, publish

MEMBERS = {"provider": PROVIDER, "consumer": CONSUMER}


def next_keys(rig: Rig, name: str) -> Keys:
    """Keys in a folder of their own, as enrolment makes them."""
    folder = getattr(rig, name).folder / "next"
    folder.mkdir()
    return make_keys(rig.authority, folder, MEMBERS[name], now_ms=rig.now_ms)


def point_to_next(node: NodeProcess) -> None:
    """The administrator edits the settings file."""
    text = node.settings
    for file in ("tls.crt", "tls.key", "sign.crt", "sign.key"):
        text = text.replace(f'"{file}"', f'"next/{file}"').replace(f'"file:{file}"', f'"file:next/{file}"')
    assert text.count("next/") == 4
    (node.folder / "node.toml").write_text(text)


def reload(node: NodeProcess) -> None:
    """What ``systemctl reload`` does."""
    assert node.process is not None
    os.kill(node.process.pid, signal.SIGHUP)


def until(node: NodeProcess, event: str, count: int = 1, seconds: float = 10) -> None:
    """Wait until a node's log has so many of an event."""
    end = time.monotonic() + seconds
    while events(node, event) < count:
        assert time.monotonic() < end, (node.folder / "log.jsonl").read_text()[-2000:]
        time.sleep(0.05)


def shown(rig: Rig, port: int) -> bytes:
    """SHA-256 of the certificate that a new connection to `port` meets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    keys = rig.keys["consumer"].folder
    context.load_cert_chain(keys / "tls.crt", keys / "tls.key")
    with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain) as tls:
        return sha256(tls.getpeercert(True) or b"").digest()


def admin(node: NodeProcess, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{node.admin}{path}", timeout=5) as answer:
        return answer.read().decode()


def health(node: NodeProcess) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(admin(node, "/health"))
    return found


@pytest.mark.parametrize("name", ["provider", "consumer"])
def test_no_exchange_fails_while_a_node_takes_up_other_certificates(rig: Rig, name: str) -> None:
    """Published beside those in use, asked for at once, those of before retired; callers ask all the time."""
    node: NodeProcess = getattr(rig, name)
    with Traffic(rig) as traffic:
        time.sleep(1)
        coming = rig.next_keys[name] = next_keys(rig, name)
        publish(rig)
        before, down = channels(rig), events(rig.consumer, "trunk.down")
        point_to_next(node)
        reload(node)
        until(node, "certificate.renewed", 2)
        assert events(node, "renewal.waits") == 1, "the other nodes get time to learn of it"
        time.sleep(2.5)
        assert before
        assert not before & channels(rig), "connections under the certificate of before were replaced"
        assert events(rig.consumer, "trunk.down") == down + bool(rig.trunks)
        rig.keys[name] = rig.next_keys.pop(name)
        publish(rig)
        time.sleep(0.5)
        late = records(node)[-20:]
    for one in (rig.consumer, rig.provider):
        for kind in ("request", "response"):
            assert sum(record.kind.value == kind for record in records(one)) == len(traffic.statuses)
    own = [one for one in late if one.kind.value == ("request" if name == "consumer" else "response")]
    assert {one.signature.certificate_digest for one in own if one.signature} == {coming.signer.digest}
    assert all((one.batch_place is not None) == bool(rig.trunks) for one in late), "a trunk carries them again"
    if name == "provider":
        assert shown(rig, node.peer) == coming.tls_digest
    told = health(node)["certificates"]
    assert told["channel"]["sha256"] == coming.tls_digest.hex()
    assert told[f"signing {MEMBERS[name]}"]["sha256"] == coming.signer.digest.hex()


def test_all_workers_take_them_up(tmp_path: Path, system: ScriptedService) -> None:
    rig = Rig(tmp_path, system.url, trunks=BOTH, workers={"provider": 2})
    rig.start()
    with Traffic(rig) as traffic:
        until(rig.provider, "node.ready", 2)
        coming = rig.next_keys["provider"] = next_keys(rig, "provider")
        publish(rig)
        point_to_next(rig.provider)
        reload(rig.provider)
        until(rig.provider, "certificate.renewed", 4)
        rig.keys["provider"] = rig.next_keys.pop("provider")
        publish(rig)
        assert {shown(rig, rig.provider.peer) for _ in range(20)} == {coming.tls_digest}
    assert traffic.statuses
    rig.stop()


def test_what_is_not_sound_stays_out_and_is_told(tmp_path: Path, system: ScriptedService) -> None:
    """Mixed files, an unpublished or expired certificate, settings that cannot be read: what is in force stays."""
    rig = Rig(tmp_path, system.url)
    rig.start()
    node, signing = rig.provider, f"signing {PROVIDER}"

    def refused() -> dict[str, str]:
        count = events(node, "certificate.refused")
        reload(node)
        until(node, "certificate.refused", count + 1)
        time.sleep(0.3)
        found: dict[str, str] = health(node)["renewal_refused"]
        return found

    with Traffic(rig):
        coming = next_keys(rig, "provider")
        point_to_next(node)
        found = refused()
        assert found.keys() == {"channel", signing}
        assert all(text.startswith("CertValidation: the directory does not name") for text in found.values())

        shutil.copy(node.folder / "next" / "tls.key", node.folder / "kept.key")
        shutil.copy(node.folder / "tls.key", node.folder / "next" / "tls.key")
        shutil.copy(node.folder / "sign.key", node.folder / "next" / "sign.key")
        found = refused()
        assert all(text.startswith("KeyNotFound: ") for text in found.values())
        assert found.keys() == {"channel", signing}
        assert "lienthong_renewals_refused 2.0" in admin(node, "/metrics")

        old = tmp_path / "old"
        old.mkdir()
        make_keys(rig.authority, old, PROVIDER, now_ms=rig.now_ms - 31 * 86_400_000)
        for file in old.iterdir():
            shutil.copy(file, node.folder / "next" / file.name)
        assert refused() == {name: f"CertValidation: the certificate of {name} has expired" for name in found}

        (node.folder / "node.toml").write_text("[node\n")
        assert refused().keys() == {"settings"}
        assert health(node)["certificates"]["channel"]["sha256"] == rig.keys["provider"].tls_digest.hex()
        assert shown(rig, node.peer) == rig.keys["provider"].tls_digest != coming.tls_digest

        (node.folder / "node.toml").write_text(node.settings.replace("poll_s = 0.5", "poll_s = 9"))
        reload(node)
        until(node, "settings.wait_for_restart")
        time.sleep(0.3)
        assert health(node)["renewal_refused"] == {}
    assert events(node, "certificate.renewed") == 0
    rig.stop()


def test_the_https_door_shows_another_certificate_at_once(tmp_path: Path, system: ScriptedService) -> None:
    """Nobody else has to know of it. A certificate near its end is told of well before."""
    port = free_port()
    front = f'listen_tls = "127.0.0.1:{port}"\ntls_certificate = "door.crt"\ntls_key = "door.key"\n'
    rig = Rig(tmp_path, system.url, front_settings=front)
    node = rig.consumer

    def door(keys: Keys) -> bytes:
        for end in ("crt", "key"):
            shutil.copy(keys.folder / f"tls.{end}", node.folder / f"door.{end}")
        return keys.tls_digest

    first = door(rig.keys["consumer"])
    rig.start()
    assert shown(rig, port) == first
    second = door(next_keys(rig, "consumer"))
    assert shown(rig, port) == first
    reload(node)
    until(node, "certificate.renewed", seconds=2)
    assert shown(rig, port) == second
    told = health(node)["certificates"]
    assert told["front"]["sha256"] == second.hex()
    assert {(one["state"], one["days"]) for one in told.values()} == {("due", 29)}
    assert events(node, "certificate.due") == 3
    page = admin(node, "/metrics")
    left_s = float(page.partition('lienthong_certificate_expires_in_seconds{certificate="front"} ')[2].split()[0])
    assert 29 < left_s / 86_400 < 30
    rig.stop()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_before_the_node_is_ready_does_not_end_it(
    tmp_path: Path, system: ScriptedService, workers: int
) -> None:
    rig = Rig(tmp_path, system.url, workers={"provider": workers})
    node = rig.provider

    def early() -> None:
        end = time.monotonic() + 10
        while node.process is None or not minds(node.process.pid, signal.SIGHUP):
            assert time.monotonic() < end
            time.sleep(0.002)
        for _ in range(100):
            reload(node)
            time.sleep(0.01)

    impatient = threading.Thread(target=early)
    impatient.start()
    node.start()
    impatient.join()
    until(node, "node.ready", workers)
    assert node.healthy()
    assert node.stop() == 0
