"""Run the population database: ``python -m national.population --data-dir DIR --listen 127.0.0.1:9101``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lienthong.sdk.serve import parse_listen, serve
from national.population.app import build
from national.population.config import Settings


def main() -> int:
    """Read the flags and serve until a signal; exit status 2 where it cannot start."""
    flags = argparse.ArgumentParser(prog="national.population", description=__doc__)
    flags.add_argument("--data-dir", type=Path, required=True)
    flags.add_argument("--listen", type=parse_listen, required=True, metavar="HOST:PORT")
    flags.add_argument("--synthetic", type=int, metavar="SEED", help="fill an empty store with invented people")
    flags.add_argument("--people", type=int, default=3000, help="how many invented people")
    given = flags.parse_args()
    try:
        application = build(Settings(given.data_dir, given.synthetic, given.people))
    except (FileNotFoundError, ValueError) as wrong:
        print(f"national.population: {wrong}; --synthetic SEED makes a store of invented people", file=sys.stderr)
        return 2
    serve(application, given.listen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
