"""The bench stays runnable, judges rightly, and the product does without it."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bench import goals, machine, processes, wrk
from bench.__main__ import SCENARIOS, main
from bench.field import json_of
from bench.pace import Pace

REPO = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_is_a_module_that_measures(name: str) -> None:
    assert callable(importlib.import_module(f"bench.{name}").measure)


def test_the_command_lists_its_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in SCENARIOS)


def test_a_missing_tool_is_named_with_its_debian_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "_PATH", "/nowhere")
    assert main(["exchange"]) == 2
    told = capsys.readouterr()
    assert "apt-get install nginx-light" in told.err
    assert told.out == ""


def test_wrong_answers_end_with_2_and_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module = importlib.import_module("bench.decide")
    monkeypatch.setattr(module, "measure", lambda pace: {"errors": pace.rounds})
    assert main(["decide", "--rounds", "3", "--out", str(tmp_path / "out.json")]) == 2
    printed = json.loads(capsys.readouterr().out)
    assert printed["scenarios"]["decide"] == {"errors": 3}
    assert printed == json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert main(["decide", "--rounds", "0"]) == 0


@pytest.mark.parametrize(
    ("name", "figure", "reached"),
    [
        ("P7", 0.25, "goal"),
        ("P7", 0.249, "floor"),
        ("P7", 0.139, "neither"),
        ("P11", 80, "goal"),
        ("P11", 80.1, "floor"),
        ("P11", 121, "neither"),
        ("P13-start", None, "not measured"),
    ],
)
def test_a_figure_is_judged_by_goal_and_floor(name: str, figure: float | None, reached: str) -> None:
    assert goals.judged(name, figure)["reached"] == reached


def test_goals_are_the_document_s() -> None:
    """Each goal stands in docs/develop/performance.md with the same goal and floor."""
    rows = {}
    for line in (REPO / "docs/develop/performance.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) >= 5 and cells[0] in goals.GOALS:
            rows[cells[0]] = (cells[3], cells[4])
    assert rows == {name: (f"{goal.goal:g}", f"{goal.floor:g}") for name, goal in goals.GOALS.items()}


def test_scenarios_are_the_document_s() -> None:
    text = (REPO / "docs/develop/performance.md").read_text(encoding="utf-8")
    table = text.partition("## Scenarios")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(SCENARIOS)


def test_the_body_has_the_size_asked_for() -> None:
    body = json_of(1021, "hoi")
    assert len(body) == 1021
    assert list(json.loads(body)) == ["hoi"]


def test_the_load_script_is_lua_with_the_request(tmp_path: Path) -> None:
    script = wrk.write_script(tmp_path / "post.lua", b'{"a":1}', {"X-Road-Client": "VN/GOV/G01/dan-cu"})
    text = script.read_text(encoding="utf-8")
    assert 'wrk.body = [==[{"a":1}]==]' in text
    assert 'wrk.headers["X-Road-Client"] = "VN/GOV/G01/dan-cu"' in text


def test_cpu_and_memory_of_a_family_are_read() -> None:
    inner = "import time; kept = b'x' * 50_000_000; print(1, flush=True); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        assert len(processes.family(child.pid)) == 2
        assert processes.cpu_us(child.pid) > 0
        now, highest = processes.memory_mb(child.pid)
        assert highest >= now > processes.own_memory_mb(child.pid) > 50
    finally:
        for pid in reversed(processes.family(child.pid)):
            os.kill(pid, 9)
        child.wait()


def test_the_product_never_imports_the_bench() -> None:
    found = [
        str(file)
        for file in (REPO / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if _roots(node) & {"bench", "tests"}
    ]
    assert found == []


def _roots(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {name.name.partition(".")[0] for name in node.names}
    return {node.module.partition(".")[0]} if isinstance(node, ast.ImportFrom) and node.module else set()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_exchange_is_measured_without_errors() -> None:
    told: dict[str, Any] = importlib.import_module("bench.exchange").measure(Pace(rounds=1, seconds=1, rest_s=2.5))
    assert told["errors"] == 0
    assert told["figures"]["nodes 128"]["messages"] > 0
    assert set(told["figures"]["nodes 1"]["cpu_us_per_message"]) == {"consumer", "provider"}
    assert told["goals"]["P7"]["figure"] > 0
