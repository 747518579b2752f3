"""The command of the bench: what it prints and how it ends."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import bench.__main__ as command
import pytest
from bench.machine import ToolMissing


def scenarios(monkeypatch: pytest.MonkeyPatch, **measures: Any) -> None:
    """These scenarios in place of the real ones."""
    monkeypatch.setattr(command, "SCENARIOS", dict.fromkeys(measures, "of a test"))
    monkeypatch.setattr(
        command.importlib, "import_module", lambda name: SimpleNamespace(measure=measures[name.rpartition(".")[2]])
    )


def good(_pace: object) -> dict[str, object]:
    return {"figures": {"a": 1}, "errors": 0}


def wrong(_pace: object) -> dict[str, object]:
    return {"figures": {}, "errors": 3}


def broken(_pace: object) -> dict[str, object]:
    raise RuntimeError("broken")


def missing(_pace: object) -> dict[str, object]:
    raise ToolMissing("wrk")


@pytest.mark.parametrize(("measure", "code"), [(good, 0), (wrong, 2)])
def test_it_prints_json_and_tells_of_wrong_answers(
    measure: Any, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenarios(monkeypatch, one=measure)
    assert command.main([]) == code
    assert json.loads(capsys.readouterr().out)["scenarios"]["one"] == measure(None)


def test_what_was_measured_is_told_when_a_later_scenario_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenarios(monkeypatch, one=good, two=broken)
    with pytest.raises(RuntimeError):
        command.main([])
    assert list(json.loads(capsys.readouterr().out)["scenarios"]) == ["one"]


def test_a_missing_tool(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    scenarios(monkeypatch, one=missing)
    assert command.main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "wrk" in told.err
