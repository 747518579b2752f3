"""Scenario `start`: how long a node takes to be ready, and how long the command takes to say what it can do."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.doubles.rig import Rig

from bench.goals import judged
from bench.pace import Pace

STARTS = 7
_HELP = [sys.executable, "-m", "lienthong.cli.main", "--help"]


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario: medians of seven starts, whatever the pace."""
    del pace
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
        rig = Rig(Path(name) / "rig", "http://127.0.0.1:9")
        nodes: dict[str, list[float]] = {"first": [], "again": []}
        for turn in range(STARTS):
            nodes["again" if turn else "first"].append(rig.consumer.start())
            rig.consumer.stop()
        helps = [_help_s() for _ in range(STARTS)]
    again = statistics.median(nodes["again"])
    said = None if None in helps else statistics.median(took for took in helps if took is not None)
    return {
        "node_first_s": round(nodes["first"][0], 3),
        "node_again_s": [round(took, 3) for took in nodes["again"]],
        "help_s": [took if took is None else round(took, 3) for took in helps],
        "goals": {"P13-start": judged("P13-start", again), "P13-help": judged("P13-help", said)},
    }


def _help_s() -> float | None:
    """Seconds of ``lienthong --help``; None where it fails."""
    began = time.monotonic()
    ended = subprocess.run(_HELP, capture_output=True, check=False, env=dict(os.environ, COLUMNS="100"))
    return time.monotonic() - began if ended.returncode == 0 and ended.stdout else None
