"""Scenario `ledger`: what making records durable costs, by how many of them arrive together."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.pace import Pace
from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter
from lienthong.adapters.ledger_files.segments import NEXT_SEGMENT

BATCHES = (1, 8, 64, 512)
RECORD_BYTES = 1500
_SEGMENT = 64 << 20


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario: each batch size for the seconds of a visit, on the file system of the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as name:
        figures = {
            str(batch): uvloop.run(_batches(Path(name) / str(batch), batch, pace.seconds)) for batch in BATCHES
        }
    return {"record_bytes": RECORD_BYTES, "figures": figures}


async def _batches(folder: Path, batch: int, seconds: float) -> dict[str, float]:
    """Append `batch` records, wait until all are durable, and again."""
    loop = asyncio.get_running_loop()
    writer = LedgerWriter(
        folder, loop, clock_ms=lambda: time.time_ns() // 1_000_000, settings=LedgerSettings(segment_bytes=_SEGMENT)
    )
    writer.start()
    while _bytes_made(folder / NEXT_SEGMENT) < _SEGMENT:  # the next segment is made in the background
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    record = b"x" * RECORD_BYTES
    waits: list[float] = []
    began, used = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        waits.append(await _append(writer, record, batch))
    took, used = time.perf_counter() - began, time.process_time() - used
    await writer.close()
    count = len(waits) * batch
    waits.sort()
    return {
        "records_per_second": round(count / took, 1),
        "cpu_us_per_record": round(used / count * 1e6, 2),
        "p50_ms": round(statistics.median(waits) * 1000, 3),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 3),
    }


def _bytes_made(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


async def _append(writer: LedgerWriter, record: bytes, batch: int) -> float:
    """Seconds until a batch is durable; raises what the ledger reports."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left = batch

    def told(failure: BaseException | None) -> None:
        nonlocal left
        left -= 1
        if failure is not None and not done.done():
            done.set_exception(failure)
        elif left == 0 and not done.done():
            done.set_result(None)

    began = time.perf_counter()
    for _ in range(batch):
        writer.append(record, told)
    await done
    return time.perf_counter() - began
