"""The load generator: wrk with one thread, keep-alive, one prepared request; its own summary as JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import tool

_ONE = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
"""

# Cards are dealt one after the other: to a second run the same ones in the same order.
_DECK = """
local paths = {{ {paths} }}
local sizes = {{ {sizes} }}
local deck = {{ {deck} }}
local ready, dealt = {{}}, 0
function init(args)
    for card = 1, #sizes do
        ready[card] = wrk.format("POST", paths[card], nil, '{{"hoi":"' .. string.rep("x", sizes[card] - 10) .. '"}}')
    end
end
function request()
    dealt = dealt % #deck + 1
    return ready[deck[dealt]]
end
"""

_DONE = """
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '\\nBENCH {"requests":%d,"us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,"errors":%d}\\n',
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
    return _written(path, _ONE.format(body=body.decode()), headers)


@dataclass(frozen=True)
class Card:
    """A POST of a JSON object of `size` bytes (at least 10) to `path`."""

    path: str
    size: int


def write_deck(path: Path, cards: Sequence[Card], deck: Sequence[int], headers: Mapping[str, str]) -> Path:
    """The script of requests dealt from `deck`, again and again; it names `cards` by number, counted from 0."""
    text = _DECK.format(
        paths=", ".join(f'"{card.path}"' for card in cards),
        sizes=", ".join(str(card.size) for card in cards),
        deck=", ".join(str(number + 1) for number in deck),
    )
    return _written(path, text, headers)


def _written(path: Path, requests: str, headers: Mapping[str, str]) -> Path:
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    path.write_text(f"{requests}{lines}{_DONE}", encoding="utf-8")
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
