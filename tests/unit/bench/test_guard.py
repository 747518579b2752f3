"""The guard of speed: what is worse, and when it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import bench.__main__ as command
import pytest
from bench import guard
from bench.guard import Figures
from bench.machine import ToolMissing

COMMITTED = Figures(throughput=0.5, cpu=2.0, processors=2)
WORSE = replace(COMMITTED, throughput=0.34)


def runs(*figures: Figures) -> Callable[[], Figures]:
    left = iter(figures)
    return lambda: next(left)


@pytest.mark.parametrize(
    ("now", "count"),
    [
        (COMMITTED, 0),
        (replace(COMMITTED, throughput=0.351, cpu=2.59), 0),
        (replace(COMMITTED, throughput=0.349), 1),
        (replace(COMMITTED, cpu=2.61), 1),
        (replace(COMMITTED, throughput=0.1, cpu=9.0), 2),
        (replace(COMMITTED, errors=1), 1),
        (replace(COMMITTED, throughput=5.0, cpu=0.1), 0),
        (replace(COMMITTED, throughput=0.1, processors=8), 0),
        (replace(COMMITTED, cpu=9.0, processors=8), 1),
    ],
)
def test_worse_is_what_passes_the_margin(now: Figures, count: int) -> None:
    assert len(guard.findings(now, COMMITTED)) == count


@pytest.mark.parametrize(
    ("figures", "code"), [([COMMITTED], 0), ([WORSE, COMMITTED], 0), ([WORSE, WORSE], 1), ([WORSE, WORSE, WORSE], 1)]
)
def test_it_fails_where_two_runs_of_two_are_worse(figures: list[Figures], code: int) -> None:
    said: list[str] = []
    assert guard.judge(runs(*figures), COMMITTED, said.append) == code
    assert "throughput 0.5" in said[0]
    assert "margin 30%" in said[0]
    assert ("below 0.350" in said[1]) == (figures[0] is WORSE)


def test_another_number_of_processors_is_said() -> None:
    said: list[str] = []
    assert guard.judge(runs(replace(WORSE, processors=8)), COMMITTED, said.append) == 0
    assert "throughput not compared: 8 processors here, 2 there" in said[1]


def test_the_committed_figures_can_be_read_and_renewed(tmp_path: Path) -> None:
    kept = guard.committed()
    assert kept.throughput > 0
    assert kept.cpu > 0
    guard.renew(kept, tmp_path / "guard.json")
    assert (tmp_path / "guard.json").read_text(encoding="utf-8") == guard.COMMITTED.read_text(encoding="utf-8")


def test_figures_with_wrong_answers_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 answers"):
        guard.renew(replace(COMMITTED, errors=3), tmp_path / "guard.json")
    assert not (tmp_path / "guard.json").exists()


def test_without_tools_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> Figures:
        raise ToolMissing("wrk is not installed. Remedy: as root, apt-get install wrk")

    monkeypatch.setattr(guard, "measured", missing)
    assert command.main(["guard"]) == 2
    assert "apt-get install wrk" in capsys.readouterr().err
