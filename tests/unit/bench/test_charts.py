"""Charts: what stands in the documents is what the results give, and each scenario that has a chart can be drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from bench import charts
from bench.svg import Axis

DAY = "2026-11-24T00:13:08+00:00"
PERCENTILES = {"p50_ms": 0.2, "p90_ms": 0.5, "p99_ms": 2.0, "p99_9_ms": 30.0, "arrivals_per_second": 3000.0}


def result(scenario: str, figures: dict[str, Any], at: str = DAY) -> dict[str, Any]:
    machine = {"at": at, "commit": "abc & <def>", "cores": 2, "python": "3.11.7"}
    return {"machine": machine, "scenarios": {scenario: figures}}


def throughput(**ratios: float) -> dict[str, Any]:
    figures = {f"{name} {load}": {"ratio_to_nginx": one} for name, one in ratios.items() for load in (1, 128)}
    return {"figures": figures}


def drawn(folder: Path, *results: dict[str, Any]) -> dict[str, str]:
    for number, one in enumerate(results):
        (folder / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    found = charts.draw(folder)
    for text in found.values():
        ElementTree.fromstring(text)
    return found


def test_the_charts_of_the_documents_are_those_of_the_results() -> None:
    kept = {file.name: file.read_text(encoding="utf-8") for file in charts.CHARTS.glob("*")}
    assert kept == charts.draw(), "python -m bench charts"


def test_every_chart_is_shown() -> None:
    page = (charts.CHARTS.parent / "performance.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(charts/([^)]+)\)", page)) == sorted(charts.draw())


def test_throughput_has_a_line_for_each_way_between_the_systems(tmp_path: Path) -> None:
    ratios = throughput(direct=4, nginx=1, trunk=0.75, baseline=0.17, caddy=0.3)
    text = drawn(tmp_path, result("trunk", ratios))["throughput.svg"]
    assert text.count("<polyline") == 3
    assert "trunk: 0.75 at 1, 0.75 at 128" in text
    assert "abc &amp; &lt;def&gt;" in text
    assert "direct" not in text


def test_the_newest_result_is_drawn_and_the_trunk_before_the_baseline(tmp_path: Path) -> None:
    found = drawn(
        tmp_path,
        result("trunk", throughput(trunk=0.7), "2026-12-02T00:00:00+00:00"),
        result("trunk", throughput(trunk=0.6), "2026-12-01T00:00:00+00:00"),
        result("exchange", throughput(nodes=0.1), "2026-12-03T00:00:00+00:00"),
    )
    assert "trunk: 0.7 at 1" in found["throughput.svg"]
    (tmp_path / "0.json").unlink()
    (tmp_path / "1.json").unlink()
    assert "baseline: 0.1 at 1" in charts.draw(tmp_path)["throughput.svg"]


def test_open_loop_has_a_panel_for_each_rate(tmp_path: Path) -> None:
    figures = {f"{name} {share}": PERCENTILES for share in ("30%", "80%") for name in ("trunk", "nginx", "direct")}
    text = drawn(tmp_path, result("open_loop", {"figures": figures}))["open-loop.svg"]
    assert text.count("<polyline") == 6
    assert text.count("3,000 a second") == 2
    assert "30% nginx: 50 % in 0.2 ms" in text


def test_memory_has_a_line_for_each_node(tmp_path: Path) -> None:
    figures = {
        "memory": {"at_s": [0, 60, 120], "consumer": [50, 60, 60], "provider": [50, 55, 56]},
        "mb_per_minute": {"consumer": 0.0, "provider": 1.0},
        "in_flight": 64,
        "messages": 1_000_000,
    }
    text = drawn(tmp_path, result("soak", figures))["memory.svg"]
    assert text.count("<polyline") == 2
    assert "1,000,000 messages" in text
    assert "provider: 1.0 MB a minute" in text


def test_writing_takes_away_what_no_result_gives(tmp_path: Path) -> None:
    (tmp_path / "old.svg").touch()
    assert charts.write(tmp_path) == sorted(charts.draw())
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(charts.draw())


@pytest.mark.parametrize(
    ("high", "ticks"), [(1.05, [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2]), (80, [0, 20, 40, 60, 80]), (0.3, None), (2500, None)]
)
def test_ticks_are_round_and_reach_the_highest(high: float, ticks: list[float] | None) -> None:
    axis = charts.linear(0, high)
    assert axis.high >= high
    assert 4 <= len(axis.ticks) - 1 <= 8
    if ticks is not None:
        assert [float(label) for _, label in axis.ticks] == ticks


def test_a_logarithmic_axis_has_whole_decades() -> None:
    axis = charts.decades(0.2, 30)
    assert [label for _, label in axis.ticks] == ["0.1", "1", "10", "100"]
    assert (axis.share(0.1), axis.share(100.0)) == (0, 1)
    assert axis.share(10.0) == pytest.approx(2 / 3)
    assert charts.decades(1, 1).high == 10


def test_a_linear_axis_places_by_distance() -> None:
    assert Axis(0, 4, ()).share(1) == 0.25
