"""Scenario `soak`: minutes at 64 in flight over the trunk, and what both nodes hold in memory meanwhile.

A node remembers what it has taken for as long as the same message could come again. Its memory is therefore looked at
when that has become steady: the periods are set short here, and the slope is that of the second half. Every message
stays in the ledgers, so the soak ends early, and says so, before the disk is full.
"""

from __future__ import annotations

import itertools
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from bench import wrk
from bench.field import BODY_BYTES, HEADERS, Field, field, hop_cpus, json_of
from bench.pace import Pace
from bench.processes import cpu_us, memory_mb, own_memory_mb

IN_FLIGHT = 64
SETTINGS = "[limits]\nwindow_s = 10\nrepeat_s = 20\nremembered = 8000000\n"
POINTS_MOST = 240
_TURN_S = 20.0
_FREE_BYTES = 4_000_000_000


@dataclass(frozen=True)
class Sample:
    """Memory of each node in MB, so many seconds after the beginning: resident by its name, and its own beside it."""

    at_s: float
    mb: dict[str, float]


class Samples:
    """Takes a sample each second while its block runs."""

    def __init__(self, hops: dict[str, int], every_s: float = 1.0) -> None:
        self.taken: list[Sample] = []
        self._hops = hops
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._take)

    def __enter__(self) -> Samples:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _take(self) -> None:
        began = time.monotonic()
        for number in itertools.count():
            at_s = time.monotonic() - began
            resident = {name: memory_mb(pid)[0] for name, pid in self._hops.items()}
            own = {f"{name}, own": own_memory_mb(pid) for name, pid in self._hops.items()}
            self.taken.append(Sample(at_s, resident | own))
            if self._stop.wait(max(0.0, (number + 1) * self._every_s - at_s)):
                return


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario; one load, of so many minutes."""
    with field() as ground:
        way = ground.nodes("trunk", trunk=True, extra_settings=SETTINGS)
        script = wrk.write_script(ground.folder / "post.lua", json_of(BODY_BYTES, "hoi"), HEADERS)
        before = {name: cpu_us(pid) for name, pid in way.hops.items()}
        with Samples(way.hops) as samples:
            loads, problem = loads_of(
                pace.minutes * 60,
                lambda seconds: wrk.run(way.url, script, connections=IN_FLIGHT, seconds=seconds),
                lambda: shutil.disk_usage(ground.folder).free,
            )
        used = {name: cpu_us(pid) - before[name] for name, pid in way.hops.items()}
        lost, written = ground.trunks_down(), _written(ground)
    messages = sum(load.requests for load in loads)
    last = samples.taken[-1]
    told: dict[str, Any] = {} if problem is None else {"ended_early": problem}
    return told | {
        "in_flight": IN_FLIGHT,
        "minutes": round(sum(load.seconds for load in loads) / 60, 2),
        "minutes_asked_for": pace.minutes,
        "settings": SETTINGS.splitlines()[1:],
        "hops_bound_to_cpus": hop_cpus(),
        "trunks_lost": lost,
        "messages": messages,
        "per_second": round(messages / sum(load.seconds for load in loads), 1),
        "p99_ms": round(statistics.median(load.p99_ms for load in loads), 3),
        "max_ms": round(max(load.max_ms for load in loads), 1),
        "cpu_us_per_message_with_index": {name: round(us / max(1, messages), 1) for name, us in used.items()},
        "data_bytes_per_message": {name: round(size / max(1, messages)) for name, size in written.items()},
        "mb_per_minute": {name: round(slope(samples.taken, name), 3) for name in last.mb},
        "mb_at_the_end": {name: round(mb, 1) for name, mb in last.mb.items()},
        "memory": thinned(samples.taken),
        "errors": sum(load.errors for load in loads),
    }


def loads_of(
    seconds: float, run: Callable[[float], wrk.Load], free_bytes: Callable[[], int]
) -> tuple[list[wrk.Load], str | None]:
    """One load after the other without a pause, and why the last did not come, if it did not."""
    loads: list[wrk.Load] = []
    left = seconds
    while left >= 1 or not loads:
        if free_bytes() < _FREE_BYTES and loads:
            return loads, f"less than {_FREE_BYTES // 10**9} GB were left on the disk"
        loads.append(run(min(left, _TURN_S)))
        left -= _TURN_S
    return loads, None


def slope(samples: list[Sample], name: str) -> float:
    """MB per minute by which the memory of a node grows: the least squares' line through the second half."""
    half = [one for one in samples if one.at_s >= samples[-1].at_s / 2]
    if len(half) < 2:
        return 0.0
    return statistics.linear_regression([one.at_s / 60 for one in half], [one.mb[name] for one in half]).slope


def thinned(samples: list[Sample]) -> dict[str, list[float]]:
    """At most `POINTS_MOST` points: the seconds, and by node the highest MB since the point before."""
    size = -(-len(samples) // POINTS_MOST)
    groups = [samples[first : first + size] for first in range(0, len(samples), size)]
    told = {"at_s": [round(group[-1].at_s, 1) for group in groups]}
    for name in samples[0].mb:
        told[name] = [round(max(one.mb[name] for one in group), 1) for group in groups]
    return told


def _written(ground: Field) -> dict[str, int]:
    rig = ground.rigs["trunk"]
    return {node.name: _size(node.data.rglob("*")) for node in (rig.consumer, rig.provider)}


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())
