"""A process that appends numbered records and prints each number once the ledger has acknowledged it.

Arguments: ledger folder, first number. The parent kills it at any moment.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter

IN_FLIGHT = 16
SETTINGS = LedgerSettings(segment_bytes=65_536)


def record(number: int) -> bytes:
    """Records differ in length, so that entries end anywhere."""
    return b"%08d" % number + b"x" * (number * 37 % 1500)


async def main(directory: Path, first: int) -> None:
    loop = asyncio.get_running_loop()
    writer = LedgerWriter(directory, loop, clock_ms=lambda: 0, settings=SETTINGS)
    writer.start()
    os.write(1, b"ready\n")
    numbers = iter(range(first, 1_000_000))

    def send() -> None:
        number = next(numbers)

        def told(error: BaseException | None) -> None:
            assert error is None, error
            os.write(1, b"%d\n" % number)
            send()

        writer.append(record(number), told)

    for _ in range(IN_FLIGHT):
        send()
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
