from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from lienthong.sdk.serve import Listen, parse_listen


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def process(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "national.population", "--data-dir", str(data_dir), "--listen", "127.0.0.1:0"]
    running = subprocess.Popen([*command, "--synthetic", "3", "--people", "50"], stdout=subprocess.PIPE, text=True)
    yield running
    if running.poll() is None:
        running.kill()
    running.wait(10)
    assert running.stdout is not None
    running.stdout.close()


def _ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert told["event"] == "ready"
    return f"http://{told['listen']}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ready_line_health_and_graceful_stop(process: subprocess.Popen[str], number: signal.Signals) -> None:
    address = _ready(process)
    assert httpx2.get(f"{address}/health", trust_env=False).json() == {"status": "ok", "people": 50}
    process.send_signal(number)
    assert process.wait(10) == 0


def test_headers_are_bounded(process: subprocess.Popen[str]) -> None:
    address = _ready(process)
    try:
        status = httpx2.get(f"{address}/health", headers={"X-Long": "x" * 200_000}, trust_env=False).status_code
    except httpx2.HTTPError:
        status = 0
    assert status in (0, 400, 431)
    assert httpx2.get(f"{address}/health", trust_env=False).status_code == 200


def test_without_store_it_says_what_to_do(data_dir: Path) -> None:
    command = [sys.executable, "-m", "national.population", "--data-dir", str(data_dir), "--listen", "127.0.0.1:0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "--synthetic" in ended.stderr


def test_a_store_that_is_there_opens_within_a_second_or_so(data_dir: Path, process: subprocess.Popen[str]) -> None:
    _ready(process)
    process.terminate()
    process.wait(10)
    command = [sys.executable, "-m", "national.population", "--data-dir", str(data_dir), "--listen", "127.0.0.1:0"]
    start = time.monotonic()
    with subprocess.Popen([*command, "--synthetic", "3"], stdout=subprocess.PIPE, text=True) as again:
        _ready(again)
        taken_s = time.monotonic() - start
        again.terminate()
        assert again.wait(10) == 0
    assert taken_s < 5  # 0.6 s alone; other tests may hold the processors


@pytest.mark.parametrize("text", ["", "9101", ":9101", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "a:٣"])
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        parse_listen(text)


def test_address() -> None:
    assert parse_listen("127.0.0.1:9101") == Listen("127.0.0.1", 9101)
