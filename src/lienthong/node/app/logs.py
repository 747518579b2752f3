"""Structured diagnostics on standard error: one JSON object a line. No personal data, no secrets.

Own lines instead of structlog, whose import alone takes a fifth of a node's start and 6 MB (docs/decisions/0009).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

import msgspec


class JsonLog:
    """Writes events with facts; what JSON does not know is written as text."""

    def __init__(self, clock_ms: Callable[[], int], stream: TextIO | None = None) -> None:
        self._clock_ms = clock_ms
        self._stream = stream or sys.stderr
        self._encoder = msgspec.json.Encoder(enc_hook=str)

    def info(self, event: str, **facts: object) -> None:
        """What normally happens."""
        self._write("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Something an operator may want to see."""
        self._write("warning", event, facts)

    def error(self, event: str, **facts: object) -> None:
        """A bug, or a failure that needs somebody."""
        self._write("error", event, facts)

    def _write(self, level: str, event: str, facts: dict[str, object]) -> None:
        at = datetime.fromtimestamp(self._clock_ms() / 1000, UTC).isoformat(timespec="milliseconds")
        line = self._encoder.encode({"timestamp": at, "level": level, "event": event, **facts})
        self._stream.write(line.decode() + "\n")
        self._stream.flush()
