"""CPU time and memory of running processes, with their children, from /proc."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

_TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            found += family(int(child))
    return found


def cpu_us(pid: int) -> float:
    """User and system time so far, of the process and its children, in microseconds."""
    total = 0.0
    for member in family(pid):
        stat = Path(f"/proc/{member}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) * _TICK_US
    return total


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident set now and at its highest, summed over the process and its children, in MB (10**6 bytes)."""
    now = highest = 0.0
    for member in family(pid):
        for line in Path(f"/proc/{member}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                now += int(line.split()[1]) * 1024 / 1e6
            elif line.startswith("VmHWM:"):
                highest += int(line.split()[1]) * 1024 / 1e6
    return now, highest


def own_memory_mb(pid: int) -> float:
    """Resident set without pages of files (libraries, a ledger's segments), with that of its children, in MB."""
    own = 0.0
    for member in family(pid):
        for line in Path(f"/proc/{member}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("RssAnon:"):
                own += int(line.split()[1]) * 1024 / 1e6
    return own


class PeakMemory:
    """Highest resident set of a process while the block runs, sampled every 20 ms; `growth_mb` is over its start."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.before_mb = self.peak_mb = 0.0

    @property
    def growth_mb(self) -> float:
        """How much more the process held at its highest than before."""
        return self.peak_mb - self.before_mb

    def __enter__(self) -> PeakMemory:
        self.before_mb = self.peak_mb = memory_mb(self._pid)[0]
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.02):
            self.peak_mb = max(self.peak_mb, memory_mb(self._pid)[0])
