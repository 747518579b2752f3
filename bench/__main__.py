"""Runs scenarios and prints one JSON object: the machine, then each scenario's figures and goals.

Two further commands: `guard` compares the trunk with committed figures, `charts` draws what is kept in the documents.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from bench import charts, guard
from bench.machine import ToolMissing, facts
from bench.pace import Pace

SCENARIOS = {
    "trunk": "exchanges over the trunk against nginx, baseline, proxies in Go and the direct call (P1-P7, P9, P11)",
    "exchange": "the HTTP/1.1 baseline alone against two hops of nginx and the direct call (P4, P7, P11)",
    "peers": "ten providers behind one consumer's node against one, and a thousand idle connections",
    "mixed": "bodies of 2 KB to 10 MB as they come in life, through trunk and baseline against nginx",
    "open_loop": "latency at a constant rate of arrivals, from the time each was due: nodes, nginx, direct",
    "soak": "minutes at 64 in flight over the trunk: memory of both nodes, errors",
    "stream": "a body of 1 GB up and down through both nodes against nginx without buffers (P10)",
    "start": "start of a node to ready, and the command's help (P13)",
    "decide": "what parsing, deciding, signing and recording one message costs, piece by piece",
    "ledger": "what making records durable costs, by how many arrive together",
}
"""Name -> what is measured. Each is a module of this package with ``measure(pace)``."""
COMMANDS = {
    "guard": "compare the trunk's ratios to nginx with bench/guard.json; 1 where it is worse twice",
    "charts": "draw docs/develop/charts from docs/develop/bench-results",
}
"""Name -> what is done beside the scenarios; no part of `all`."""


def main(arguments: list[str] | None = None) -> int:
    """The command; gives the exit code: 0, or 2 where a tool is missing or an answer was wrong; see `guard`."""
    options = _parser().parse_args(arguments)
    try:
        if options.scenario == "charts":
            print("\n".join(charts.write()))
            return 0
        if options.scenario == "guard":
            return _guard(renew=options.renew)
        return _scenarios(options)
    except ToolMissing as missing:
        print(f"bench: {missing}", file=sys.stderr)
        return 2


def _scenarios(options: argparse.Namespace) -> int:
    names = list(SCENARIOS) if options.scenario == "all" else [options.scenario]
    pace = Pace(options.rounds, options.seconds, options.minutes)
    told: dict[str, Any] = {"machine": facts(), "scenarios": {}}
    try:
        for name in names:
            scenario = importlib.import_module(f"bench.{name}")
            print(f"bench: {name}: {SCENARIOS[name]}", file=sys.stderr)
            told["scenarios"][name] = scenario.measure(pace)
    finally:
        # What was measured before a scenario failed is not lost with it.
        _tell(told, options.out)
    return 2 if any(scenario.get("errors") for scenario in told["scenarios"].values()) else 0


def _guard(*, renew: bool) -> int:
    if not renew:
        return guard.judge(guard.measured, guard.committed(), lambda said: print(said, flush=True))
    figures = guard.measured()
    guard.renew(figures)
    print(f"guard: kept: {figures}")
    return 0


def _tell(told: dict[str, Any], out: Path | None) -> None:
    if not told["scenarios"]:
        return
    text = json.dumps(told, indent=2, ensure_ascii=False)
    print(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:10} {words}" for name, words in SCENARIOS.items())
    further = "\n".join(f"  {name:10} {words}" for name, words in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the product; prints JSON, judges nothing but wrong answers.",
        epilog=f"scenarios:\n{listed}\n\nin place of a scenario:\n{further}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [*SCENARIOS, "all", *COMMANDS]
    parser.add_argument("scenario", nargs="?", default="all", choices=names, metavar="SCENARIO")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of an interleaved run (default 9)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of one visit (default 2)")
    parser.add_argument("--minutes", type=float, default=2.0, help="minutes of the soak (default 2)")
    parser.add_argument("--out", type=Path, help="write the JSON to this file as well")
    parser.add_argument("--renew", action="store_true", help="guard: keep what it measures in bench/guard.json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
