"""The charts of docs/develop/charts, made from the figures that are kept in docs/develop/bench-results.

Each chart is made from the newest result that has its scenario; without one there is no chart. `python -m bench
charts` writes them, and a test holds the files against what the results give.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.svg import Axis, Line, Panel, chart

_DOCUMENTS = Path(__file__).resolve().parents[1] / "docs" / "develop"
RESULTS = _DOCUMENTS / "bench-results"
CHARTS = _DOCUMENTS / "charts"
_ORDER = ("trunk", "nodes", "baseline", "traefik", "caddy")
"""Ways whose throughput is drawn; the colour goes by the place. `nodes` are those of the scenario `exchange`."""
_OPEN = {"trunk": ("nodes (trunk)", 0), "nginx": ("nginx", 1), "direct": ("direct call", 2)}
_PERCENTILES = (("p50_ms", "50"), ("p90_ms", "90"), ("p99_ms", "99"), ("p99_9_ms", "99.9"))

Result = Mapping[str, Any]
"""What `python -m bench --out` writes."""


def draw(results: Path = RESULTS) -> dict[str, str]:
    """The charts by the name of their file."""
    read = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(results.glob("*.json"))]
    read.sort(key=lambda result: str(result["machine"]["at"]))
    drawn = {}
    for name, (scenarios, make) in _MAKERS.items():
        found = [(scenario, result) for scenario in scenarios for result in read if scenario in result["scenarios"]]
        if found:
            best = min(scenarios.index(scenario) for scenario, _ in found)
            scenario, result = [one for one in found if one[0] == scenarios[best]][-1]
            drawn[name] = make(result["scenarios"][scenario], _small(result))
    return drawn


def write(folder: Path = CHARTS) -> list[str]:
    """Write all charts into `folder`, and take away those that no result gives; says which there are."""
    drawn = draw()
    folder.mkdir(exist_ok=True)
    for file in folder.glob("*.svg"):
        if file.name not in drawn:
            file.unlink()
    for name, text in drawn.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(drawn)


def throughput(scenario: Result, small: str) -> str:
    """Messages per second over those of nginx, by how many are in flight."""
    ratios: dict[str, dict[int, float]] = {}
    for key, figure in scenario["figures"].items():
        name, _, load = key.rpartition(" ")
        if name in _ORDER:
            ratios.setdefault(name, {})[int(load)] = figure["ratio_to_nginx"]
    loads = sorted({load for found in ratios.values() for load in found})
    lines = tuple(
        Line(
            "baseline" if name == "nodes" else name,
            tuple((loads.index(load), ratio) for load, ratio in sorted(ratios[name].items())),
            _ORDER.index(name),
        )
        for name in _ORDER
        if name in ratios
    )
    panel = Panel(
        "messages per second over those of nginx (median of rounds)",
        Axis(-0.2, len(loads) - 0.8, tuple((place, str(load)) for place, load in enumerate(loads))),
        linear(0, max(1.05, *(ratio for found in ratios.values() for ratio in found.values()))),
        lines,
        "messages in flight",
        ((1.0, "nginx, two hops, signs and records nothing"),),
    )
    words = "; ".join(f"{line.name}: {_listed(ratios, line.name, loads)}" for line in lines)
    return chart("Throughput against two hops of nginx", words, small, (panel,))


def open_loop(scenario: Result, small: str) -> str:
    """Latency by percentile, a panel for each rate of arrivals."""
    figures: dict[str, dict[str, Any]] = {}
    for key, figure in scenario["figures"].items():
        name, _, share = key.rpartition(" ")
        figures.setdefault(share, {})[name] = figure
    every = [one[key] for ways in figures.values() for one in ways.values() for key, _ in _PERCENTILES]
    scale = decades(min(every), max(every))
    x = Axis(-0.3, len(_PERCENTILES) - 0.7, tuple((place, label) for place, (_, label) in enumerate(_PERCENTILES)))
    panels = []
    for share, ways in figures.items():
        rate = ways["trunk"]["arrivals_per_second"]
        lines = tuple(
            Line(label, tuple((place, ways[name][key]) for place, (key, _) in enumerate(_PERCENTILES)), colour)
            for name, (label, colour) in _OPEN.items()
            if name in ways
        )
        panels.append(Panel(f"{rate:,.0f} a second ({share}), ms", x, scale, lines, "percentile"))
    words = "; ".join(
        f"{share} {name}: " + ", ".join(f"{label} % in {one[key]} ms" for key, label in _PERCENTILES)
        for share, ways in figures.items()
        for name, one in ways.items()
    )
    return chart("Latency at a constant rate of arrivals, from when each was due", words, small, tuple(panels))


def memory(scenario: Result, small: str) -> str:
    """What each node holds while the soak runs."""
    sampled = scenario["memory"]
    minutes = [at_s / 60 for at_s in sampled["at_s"]]
    names = [name for name in sampled if name != "at_s"]
    lines = tuple(
        Line(name, tuple(zip(minutes, sampled[name], strict=True)), colour, dots=False)
        for colour, name in enumerate(names)
    )
    load = f"{scenario['in_flight']} in flight, {scenario['messages']:,} messages"
    panel = Panel(
        f"memory of a node, MB (own: without pages of files), {load}",
        linear(0, minutes[-1]),
        linear(0, max(max(sampled[name]) for name in names)),
        lines,
        "minutes",
    )
    words = "; ".join(f"{name}: {scenario['mb_per_minute'][name]} MB a minute in the second half" for name in names)
    return chart("Memory over the soak", words, small, (panel,))


def linear(low: float, high: float) -> Axis:
    """An axis from `low` to at least `high` with four to eight ticks at round numbers."""
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = min((unit * factor for factor in (1, 2, 2.5, 5, 10)), key=lambda size: abs(size - rough))
    count = math.ceil((high - low) / step - 1e-9)
    return Axis(
        low, low + count * step, tuple((low + step * tick, f"{low + step * tick:g}") for tick in range(count + 1))
    )


def decades(low: float, high: float) -> Axis:
    """A logarithmic axis of whole powers of ten around `low` and `high`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    ticks = tuple((10.0**power, f"{10.0**power:g}") for power in range(first, last + 1))
    return Axis(10.0**first, 10.0**last, ticks, log=True)


def _listed(ratios: Mapping[str, Mapping[int, float]], name: str, loads: Iterable[int]) -> str:
    found = ratios.get(name) or ratios["nodes"]
    return ", ".join(f"{found[load]} at {load}" for load in loads if load in found)


def _small(result: Result) -> str:
    machine = result["machine"]
    return f"{machine['at'][:10]}, {machine['commit']}, {machine['cores']} cores, Python {machine['python']}"


_MAKERS: dict[str, tuple[tuple[str, ...], Callable[[Result, str], str]]] = {
    "throughput.svg": (("trunk", "exchange"), throughput),
    "open-loop.svg": (("open_loop",), open_loop),
    "memory.svg": (("soak",), memory),
}
"""The file -> the scenarios that give it, the first before the second, and how it is made."""
