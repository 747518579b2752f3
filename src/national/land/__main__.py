"""Run the land database: ``python -m national.land --data-dir DIR --listen 127.0.0.1:9102``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lienthong.sdk.serve import parse_listen, serve
from national.land.app import build
from national.land.config import Settings


def main() -> int:
    """Read the flags and serve until a signal; exit status 2 where it cannot start."""
    flags = argparse.ArgumentParser(prog="national.land", description=__doc__)
    flags.add_argument("--data-dir", type=Path, required=True)
    flags.add_argument("--listen", type=parse_listen, required=True, metavar="HOST:PORT")
    flags.add_argument("--synthetic", type=int, metavar="SEED", help="fill an empty store with the invented country")
    flags.add_argument("--province", metavar="CODE", help="be the tier of one province (statistics code, e.g. 01)")
    flags.add_argument("--people", type=int, default=3000, help="how many invented people")
    flags.add_argument("--parcels", type=int, default=2000, help="how many invented parcels")
    given = flags.parse_args()
    settings = Settings(given.data_dir, given.synthetic, given.province, given.people, given.parcels)
    try:
        application = build(settings)
    except (FileNotFoundError, ValueError) as wrong:
        print(f"national.land: {wrong}; --synthetic SEED makes a store of invented parcels", file=sys.stderr)
        return 2
    serve(application, given.listen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
