"""How long a measurement takes: what the command line says and every scenario is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Rounds of an interleaved run, seconds of one visit, minutes of the soak.

    `rest_s`: after a visit, how long at most nodes are waited for that still have something to do.
    """

    rounds: int = 9
    seconds: float = 2.0
    minutes: float = 2.0
    rest_s: float = 30.0
