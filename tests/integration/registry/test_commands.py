"""The commands of ``lienthong registry`` against a running registry, as people type them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.founded_registry import CONSUMER, G01, H26, OPENAPI, REQUEST, SERVICE, SERVICE_ENTRY, TERMS

COMMAND = [sys.executable, "-m", "lienthong.cli.main", "registry"]


@dataclass
class Terminal:
    """Runs commands with a token."""

    folder: Path
    url: str
    token: str = ""

    def run(self, *words: str, token: str | None = None, stdin: Any = None) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "LIENTHONG_REGISTRY_URL": self.url,
            "LIENTHONG_REGISTRY_TOKEN": self.token if token is None else token,
        }
        sent = None if stdin is None else json.dumps(stdin)
        return subprocess.run(
            [*COMMAND, *words], env=environment, input=sent, capture_output=True, text=True, timeout=60, check=False
        )

    def json(self, *words: str, token: str | None = None, stdin: Any = None) -> Any:
        done = self.run(*words, "--json", token=token, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("cli")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Terminal(folder, f"http://127.0.0.1:{port}")
    made.token = made.json("init", "--data-dir", str(folder / "r"), "--holder", "Vận hành 1")["token"]
    with (folder / "log").open("w") as log:
        serve = [*COMMAND, "serve", "--data-dir", str(folder / "r"), "--listen", f"127.0.0.1:{port}"]
        process = subprocess.Popen(serve, stdout=log, stderr=log)
        try:
            _wait(made.url)
            yield made
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the registry did not start")


def test_a_network_is_made_by_hand(terminal: Terminal) -> None:
    keys = terminal.folder / "keys"
    second = terminal.json("token", "add", "Vận hành 2", "--role", "operator")["token"]
    for member, port in ((G01, "5601"), (H26, "5626")):
        terminal.json("member", "add", member, "--name-vi", "Cơ quan", "--name-en", "Agency")
        terminal.json("node", "add", f"{member}/nut-1", "--host", "127.0.0.1", "--port", port)
        token = terminal.json("node", "token", f"{member}/nut-1")["token"]
        folder = str(keys / member[-3:])
        words = ("node", "enrol", f"{member}/nut-1", "--enrolment-token", token, "--keys", folder)
        enrolment = terminal.json(*words, token="")["id"]
        assert "WrongState" in terminal.run("node", "certificates", "--keys", folder).stderr
        assert "FourEyes" in terminal.run("node", "approve", enrolment).stderr
        terminal.json("node", "approve", enrolment, token=second)
        terminal.json("node", "certificates", "--keys", folder, token="")
    assert (keys / "G01/tls.key").stat().st_mode & 0o777 == 0o600
    assert (keys / "G01/tls.pem").read_text().count("BEGIN CERTIFICATE") == 3
    assert (keys / "H26/sign-PROV-H26.pem").exists()
    for system in (f"{G01}/dan-cu", CONSUMER):
        node = system.rpartition("/")[0] + "/nut-1"
        terminal.json("system", "add", system, "--node", node, "--name-vi", "Hệ thống", "--name-en", "System")
        terminal.json("system", "level", system, "--level", "3", "--decision", "QĐ 1")
    _a_grant(terminal)


def _a_grant(terminal: Terminal) -> None:
    owner = terminal.json("token", "add", "Chủ", "--role", "data-owner", "--member", G01)["token"]
    asker = terminal.json("token", "add", "Người xin", "--role", "member-admin", "--member", H26)["token"]
    (terminal.folder / "openapi.json").write_text(OPENAPI)
    entry = {name: value for name, value in SERVICE_ENTRY.items() if name != "openapi"}
    words = ("service", "add", "-", "--openapi", str(terminal.folder / "openapi.json"))
    terminal.json(*words, stdin=entry, token=owner)
    terminal.json("service", "publish", SERVICE, token=owner)
    request = terminal.json("grant", "request", "-", stdin=REQUEST, token=asker)["id"]
    grant = terminal.json("grant", "approve", request, "-", stdin=TERMS, token=owner)["id"]
    terminal.json("grant", "suspend", grant, "--reason", "kiểm tra", token=owner)
    terminal.json("grant", "resume", grant, token=owner)
    published = terminal.json("publish")
    assert (published["version"], published["not_connected"]["grants"]) == (1, 0)
    assert grant in terminal.run("grant", "list").stdout
    terminal.json("grant", "end", grant, "--reason", "hết hạn", token=owner)
    events = [row["event"] for row in terminal.json("audit", "list")]
    assert events[0] == "registry:init"
    assert events[-1] == "grant:end"
    assert [row["event"] for row in terminal.json("audit", "list", "--event", "node:approve")] == ["node:approve"] * 2


def test_maintenance_from_the_command_line(terminal: Terminal) -> None:
    member, node = "VN/GOV/G02", "VN/GOV/G02/nut-1"
    terminal.json("member", "add", member, "--name-vi", "Cơ quan", "--name-en", "Agency")
    terminal.json("node", "add", node, "--host", "127.0.0.1", "--port", "5602")
    done = terminal.run("node", "maintenance", node, "--notice", "Thay ổ đĩa đến 6 giờ")
    assert done.returncode == 0, done.stderr
    assert "Thay ổ đĩa đến 6 giờ" in terminal.run("node", "list").stdout
    for wrong in ((), ("--end", "--notice", "x"), ("--notice", "")):
        assert terminal.run("node", "maintenance", node, *wrong).returncode == 2
    assert terminal.json("node", "maintenance", node, "--end")["maintenance"] is None
    assert "Thay ổ đĩa" not in terminal.run("node", "list").stdout
    assert "WrongState" in terminal.run("node", "maintenance", node, "--end").stderr


def test_lists_are_columns_for_people(terminal: Terminal) -> None:
    for noun in ("member", "node", "system", "service", "token"):
        done = terminal.run(noun, "list")
        assert done.returncode == 0, done.stderr
        assert done.stdout


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("member", "add", "VN/GOV/X", "--name-vi", "x", "--name-en", "x"), 1, "InvalidRequest"),
        (("service", "add", "/nowhere.json"), 1, "InvalidDocument"),
        (("grant", "end", "../x", "--reason", "y"), 1, "NotFound"),
        (("token", "revoke", "x", "--reason", "y"), 1, "NotFound"),
        (("--url", "http://127.0.0.1:1", "member", "list"), 3, "Unreachable"),
        (("--token-file", "/nowhere", "member", "list"), 1, "Unauthenticated"),
        (("import", "/nowhere", "--data-dir", "/nowhere", "--holder", "x"), 1, "InvalidDocument"),
        (("serve", "--data-dir", "/nowhere"), 3, "RegistryMissing"),
        (("serve", "--data-dir", "/nowhere", "--listen", "x"), 1, "InvalidAddress"),
    ],
)
def test_refusals_end_with_a_code(terminal: Terminal, words: tuple[str, ...], exit_code: int, code: str) -> None:
    done = terminal.run(*words)
    assert (done.returncode, done.stderr.split(":")[0]) == (exit_code, code)


def test_a_registry_is_founded_once(terminal: Terminal) -> None:
    done = terminal.run("init", "--data-dir", str(terminal.folder / "r"), "--holder", "x")
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "AlreadyExists")


def test_the_log_is_json_without_secrets(terminal: Terminal) -> None:
    lines = (terminal.folder / "log").read_text().splitlines()
    assert lines
    assert all(json.loads(line) for line in lines)
    assert terminal.token.rpartition(".")[2] not in "".join(lines)
