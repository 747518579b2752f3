"""The load generator: wrk with one thread, keep-alive, one prepared request; its own summary as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.machine import tool

_SCRIPT = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
{headers}
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '\\nBENCH {{"requests":%d,"us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"errors":%d}}\\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What one visit gave: counts, and latencies in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return self.requests / self.seconds


def write_script(path: Path, body: bytes, headers: Mapping[str, str]) -> Path:
    """The script of a POST of `body` with `headers`."""
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    path.write_text(_SCRIPT.format(body=body.decode(), headers=lines), encoding="utf-8")
    return path


def run(url: str, script: Path, *, connections: int, seconds: float) -> Load:
    """Load `url` with `connections` requests in flight."""
    command = [
        tool("wrk"), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "5s",
        "-s", str(script), url,
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    for line in said.splitlines():
        if line.startswith("BENCH "):
            read = json.loads(line.removeprefix("BENCH "))
            return Load(
                read["requests"], read["us"] / 1e6, read["p50_us"] / 1e3, read["p99_us"] / 1e3, read["max_us"] / 1e3,
                read["errors"],
            )  # fmt: skip
    raise RuntimeError(f"wrk gave no summary: {said}")
