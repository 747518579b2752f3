"""The demo and the country left running, as people start them: real processes, real ports, all gone afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.architecture.tree import REPO
from tests.docs.blocks import blocks

from lienthong.adapters.keys import load_signing_key
from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import read_personae, read_plan
from lienthong.cli.country.story.forgery import Carried, carry, strange_key
from lienthong.cli.country.story.questions import allowed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COUNTRY = REPO / "country"
SHIFT = 20_000
LIENTHONG = str(Path(sys.executable).with_name("lienthong"))
FIRST_START_S, SECOND_START_S = 30, 15
STARTED = re.compile(r"the country runs: 11 processes \((\d+\.\d) s\)")
LAST_LINE = "Ctrl-C stops it"


class Ran(NamedTuple):
    """A demo that ended."""

    status: int
    text: str
    errors: str

    @property
    def started_s(self) -> float:
        found = STARTED.search(self.text)
        assert found is not None, self.text + self.errors
        return float(found.group(1))


def command(verb: str, data_dir: Path, country: Path = COUNTRY) -> list[str]:
    flags = ["--data-dir", str(data_dir), "--country", str(country), "--shift-ports", str(SHIFT)]
    return [LIENTHONG, "country", verb, *flags]


def demo(data_dir: Path, country: Path = COUNTRY) -> Ran:
    done = subprocess.run(command("demo", data_dir, country), capture_output=True, text=True, timeout=200)
    return Ran(done.returncode, done.stdout, done.stderr)


def patience() -> float:
    """How much longer things take because other work runs on this machine now."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def left_running(data_dir: Path) -> list[str]:
    """Command lines of processes that name `data_dir`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if str(data_dir) in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dat-nuoc") / "country"


@pytest.fixture(scope="module")
def first(data_dir: Path) -> Ran:
    return demo(data_dir)


def test_the_first_run_is_as_expected_and_leaves_nothing(first: Ran, data_dir: Path) -> None:
    assert first.status == 0, first.text + first.errors
    assert "Everything was as expected" in first.text
    assert "✗" not in first.text
    assert first.started_s < FIRST_START_S * patience()
    assert left_running(data_dir) == []


def test_the_transcript_tells_allowed_and_refused(first: Ran) -> None:
    assert first.text.count("✓ được trả lời / answered") == 3
    for clause in ("no-grant", "fields", "validity", "procedure"):
        assert f"Server.ServerProxy.AccessDenied ({clause})" in first.text
    assert "Server.ServerProxy.InvalidSignatureValue (HTTP 403)" in first.text
    assert "trường dữ liệu không được cấp: danToc" in first.text
    assert "these fields are not granted: danToc" in first.text
    assert len(set(re.findall(r"VN-[0-9a-f-]{36}", first.text))) == 8
    assert first.text.count("X-Road-Request-Hash is right") == 3
    assert ("✓ xmlsec1 chấp nhận" in first.text) == (shutil.which("xmlsec1") is not None)


def test_a_second_run_reuses_it_and_is_quick(first: Ran, data_dir: Path) -> None:
    again = demo(data_dir)
    assert again.status == 0, again.text + again.errors
    assert "the country there is used again" in again.text
    assert again.started_s < SECOND_START_S * patience()
    assert re.search(r"VN/GOV/G01/nut-1 +8 +4 ", again.text), "records of both runs"


def test_a_step_that_is_not_as_expected_fails_the_demo(first: Ran, data_dir: Path, tmp_path: Path) -> None:
    country = tmp_path / "country"
    shutil.copytree(COUNTRY, country)
    personae = json.loads((country / "personae.json").read_text(encoding="utf-8"))
    personae["transferor"]["hoTen"] = "Bùi Hữu Trưởng"
    (country / "personae.json").write_text(json.dumps(personae), encoding="utf-8")
    ran = demo(data_dir, country)
    assert ran.status == 1
    assert "✗ đúng khop / khop is right\n     chờ đợi / expected: True\n     thực tế / came:     False" in ran.text
    assert "checks FAILED" in ran.text
    assert left_running(data_dir) == []


def test_a_port_in_use_is_named(first: Ran, data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 8617 + SHIFT)):
        ran = demo(data_dir)
    assert ran.status == 2
    assert "AddressInUse: in use already: 127.0.0.1:28617 (node PROV-H17 client_port)" in ran.errors
    assert left_running(data_dir) == []


def test_a_folder_without_a_country(tmp_path: Path) -> None:
    ran = demo(tmp_path / "data", tmp_path)
    assert (ran.status, ran.errors.partition(":")[0]) == (2, "CountryMissing")
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "thesis.txt").write_text("mine")
    ran = demo(tmp_path / "data")
    assert (ran.status, ran.errors.partition(":")[0]) == (2, "CountryMissing")
    assert (tmp_path / "data" / "thesis.txt").read_text() == "mine"


class Up(NamedTuple):
    """A country that was left running."""

    process: subprocess.Popen[str]
    text: str


def bring_up(data_dir: Path) -> Up:
    process = subprocess.Popen(command("up", data_dir), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if LAST_LINE in line:
            return Up(process, text)
    raise AssertionError(text)


@pytest.fixture(scope="module")
def up(first: Ran, data_dir: Path) -> Iterator[Up]:
    found = bring_up(data_dir)
    yield found
    found.process.kill()
    found.process.wait()


def shell(text: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{REPO / '.venv' / 'bin'}:{os.environ['PATH']}", "NO_COLOR": "1"}
    bash = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(bash, cwd=REPO, env=environment, capture_output=True, text=True, timeout=60)


def test_the_lines_to_try_work_as_they_stand(up: Up) -> None:
    lines = up.text.partition("Try in another window")[2].partition("Ctrl-C")[0]
    asked = shell(lines.partition("# 6.")[0])
    assert asked.returncode == 0, asked.stderr
    assert [line.split()[1] for line in asked.stdout.splitlines() if line.startswith("HTTP/")] == [
        "200", "200", "500", "200",
    ]  # fmt: skip
    assert '{"khop":true}' in asked.stdout
    assert "Lienthong-Clause: validity" in asked.stdout
    assert '"service_code":"xac-nhan-cong-dan"' in asked.stdout
    message_id = re.findall(r"(?i)^x-road-id: ?(\S+)", asked.stdout, re.MULTILINE)[0]
    proof = "# 6." + lines.partition("# 6.")[2]
    shown = shell(proof.replace("MESSAGE_ID", message_id))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert shown.stdout.count("hợp lệ / verified") == 2
    assert "h26-xac-nhan-cong-dan" in shown.stdout


def test_the_readme_connects_a_system(up: Up, data_dir: Path) -> None:
    """The README's blocks that need a running country, with the ports and the data folder of this one."""
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    wanted = [block for block in blocks(readme) if "make country" in (block.not_run or "")]
    assert len(wanted) >= 3
    for block in wanted:
        text = moved(block.text, data_dir)
        done = shell(text if block.language == "sh" else f"python - <<'END'\n{text}\nEND")
        assert done.returncode == 0, f"README line {block.line}: {done.stdout}{done.stderr}"


def test_the_operating_page_adds_a_node(up: Up, data_dir: Path, tmp_path: Path) -> None:
    """Every block of docs/operate/node.md, in one shell: enrol, approve, run, connect a system, ask for a grant."""
    page = (REPO / "docs" / "operate" / "node.md").read_text(encoding="utf-8")
    lines = [block.text for block in blocks(page) if block.language == "sh"]
    text = moved("\n".join(lines), data_dir).replace("var/nut-2", str(tmp_path / "nut-2"))
    done = shell(f"trap 'kill $(jobs -p); wait' EXIT\n{text}")
    log = tmp_path / "nut-2" / "node.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    assert '"node":"VN/GOV/G12/nut-2"' in done.stdout
    assert '{"khop":true}' in done.stdout
    assert "records hold" in done.stdout
    assert left_running(tmp_path) == []


def moved(text: str, data_dir: Path) -> str:
    """Lines of a page, with the ports and the data folder of this module's country."""
    shifted = re.sub(r"(?<=127\.0\.0\.1:)\d+|(?<=--port )\d+", lambda port: str(int(port.group()) + SHIFT), text)
    return shifted.replace("var/country", str(data_dir))


def test_one_country_in_a_folder_at_a_time(up: Up, data_dir: Path) -> None:
    ran = demo(data_dir)
    assert (ran.status, ran.errors.partition(":")[0]) == (2, "CountryBusy")


def test_only_the_signature_makes_the_forgery_fail(up: Up, data_dir: Path) -> None:
    """The same hand-made message with the organisation's own key is taken: nothing else is wrong with it."""
    plan, places = read_plan(COUNTRY, SHIFT), Places(data_dir)
    question = allowed(read_personae(COUNTRY, plan), frozenset())[0].question
    own = load_signing_key(f"file:{places.node(plan.node_of(question.system)) / 'sign.key'}")

    def carried(key: object) -> Carried:
        return carry(plan, places, question, key=key, now_ms=time.time_ns() // 1_000_000)  # type: ignore[arg-type]

    assert carried(own)[:2] == (200, "")
    assert carried(strange_key())[:2] == (403, "Server.ServerProxy.InvalidSignatureValue")


def _gone(data_dir: Path, within_s: float) -> list[str]:
    end = time.monotonic() + within_s
    while (left := left_running(data_dir)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def test_a_killed_parent_leaves_no_process(up: Up, data_dir: Path) -> None:
    assert len(left_running(data_dir)) >= 11
    up.process.kill()
    up.process.wait()
    assert _gone(data_dir, 15) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything(first: Ran, data_dir: Path, number: signal.Signals) -> None:
    running = bring_up(data_dir)
    running.process.send_signal(number)
    assert running.process.wait(30) == 0
    assert left_running(data_dir) == []


def test_a_process_that_ends_takes_the_rest_along(first: Ran, data_dir: Path) -> None:
    running = bring_up(data_dir)
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    assert running.process.wait(30) == 2
    assert running.process.stdout is not None
    assert "StartFailed: " in running.process.stdout.read()
    assert left_running(data_dir) == []


def test_a_country_of_another_source_is_kept_aside(first: Ran, data_dir: Path, tmp_path: Path) -> None:
    """Last: it replaces the country of this module."""
    country = tmp_path / "country"
    shutil.copytree(COUNTRY, country)
    text = (country / "network" / "1-members.json").read_text(encoding="utf-8")
    (country / "network" / "1-members.json").write_text(text + "\n", encoding="utf-8")
    ran = demo(data_dir, country)
    assert ran.status == 0, ran.text + ran.errors
    (kept,) = data_dir.parent.glob("country.until-*")
    assert (kept / "nodes" / "GOV-G01" / "data" / "ledger").is_dir()
