"""Print the people and parcels that the story names: ``python -m national.synthetic --seed 2021``."""

from __future__ import annotations

import argparse
import json

from national.synthetic.config import SEED, Size
from national.synthetic.use_cases.country import invent, personae


def main() -> None:
    """Read the flags, invent, print JSON."""
    flags = argparse.ArgumentParser(prog="national.synthetic", description=__doc__)
    flags.add_argument("--seed", type=int, default=SEED)
    flags.add_argument("--people", type=int, default=Size().people)
    flags.add_argument("--parcels", type=int, default=Size().parcels)
    given = flags.parse_args()
    told = personae(invent(given.seed, Size(given.people, given.parcels)))
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
