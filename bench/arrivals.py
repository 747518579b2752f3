"""The load generator of the scenario `open_loop`: requests that arrive at a constant rate, whoever is busy.

    python -m bench.arrivals URL BODY_FILE HEADERS_JSON [--rate N | --in-flight N] --seconds S

Each request has a time at which it is due, by the clock and not by the answers before it. Its latency counts from
that time, so that one slow answer is not taken for a pause of the callers (coordinated omission). What is due and
finds all connections taken waits here, and its wait counts. The generator tells how late it began what was due.
With ``--in-flight`` a request is due when the answer before it is there: a closed loop, for the most a way can do.

Printed: one line of JSON, then the latencies in microseconds as 32-bit numbers, in the order of the answers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import sys
import time
from array import array
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httptools
import uvloop

CONNECTIONS_MOST = 512
LATE_US = 1000
"""A request that began later than this after its time, while a connection was free, is told as late."""
_GRACE_S = 5.0
_TICK_NS_LEAST = 200_000
_MONOTONIC = 1
_NONBLOCKING = 0o4000


def due_by(elapsed_ns: int, rate: float) -> int:
    """How many requests were due in that time: the first at once, the next 1/rate later."""
    return int(elapsed_ns * rate / 1e9) + 1


def due_at_ns(number: int, rate: float) -> int:
    """When request `number`, counted from 0, is due, after the beginning."""
    return int(number * 1e9 / rate)


class _Timer:
    """A file that becomes readable so often: finer than the milliseconds of the event loop (timerfd_create(2))."""

    def __init__(self, every_ns: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.file = libc.timerfd_create(_MONOTONIC, _NONBLOCKING)
        seconds, left = divmod(every_ns, 1_000_000_000)
        interval = (ctypes.c_long * 4)(seconds, left, seconds, left)
        if self.file < 0 or libc.timerfd_settime(self.file, 0, interval, None):
            raise OSError(ctypes.get_errno(), "no timer")

    def rang(self) -> None:
        """Take notice, so that it becomes readable again."""
        try:
            os.read(self.file, 8)
        except BlockingIOError:
            return


class _Connection(asyncio.Protocol):
    """One kept connection: one request at a time."""

    def __init__(self, load: Load) -> None:
        self.due_ns = 0
        self.busy = False
        self._load = load
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def begin(self, due_ns: int) -> None:
        """Send the request that was due then."""
        self.due_ns = due_ns
        self.busy = True
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def on_message_complete(self) -> None:
        status, kept = self._parser.get_status_code(), self._parser.should_keep_alive()
        self._parser = httptools.HttpResponseParser(self)
        self.busy = False
        self._load.answered(self, good=status == 200, kept=kept)
        if not kept:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._load.lost(self)


class Load:
    """One run: what is due, what is in flight, what came back."""

    def __init__(self, request: bytes, *, rate: float | None, in_flight: int) -> None:
        self.request = request
        self.latencies = array("I")
        self.lags = array("I")
        self.errors = self.begun = self.late = self.waited = 0
        self._rate = rate
        self._in_flight = in_flight
        self._free: list[_Connection] = []
        self._waiting: deque[int] = deque()
        self._opened = 0
        self._began_ns = 0
        self._ended = False
        self._done = asyncio.Event()

    async def run(self, host: str, port: int, seconds: float) -> float:
        """Open the connections, then load for so long; gives the seconds until the last answer."""
        loop = asyncio.get_running_loop()
        for _ in range(self._in_flight):
            _, connection = await loop.create_connection(lambda: _Connection(self), host, port)
            self._free.append(connection)
        self._opened = self._in_flight
        self._began_ns = time.perf_counter_ns()
        if self._rate is None:
            while self._free:
                self._begin(self._now_ns())
            await asyncio.sleep(seconds)
        else:
            await self._by_the_clock(loop, self._rate, seconds)
        self._ended = True
        await self._last_answers()
        return self._now_ns() / 1e9

    async def _by_the_clock(self, loop: asyncio.AbstractEventLoop, rate: float, seconds: float) -> None:
        timer = _Timer(max(_TICK_NS_LEAST, int(1e9 / rate)))
        all_of_them = int(rate * seconds)
        loop.add_reader(timer.file, self._rang, timer, rate, all_of_them)
        try:
            while self.begun + len(self._waiting) < all_of_them:
                await asyncio.sleep(0.01)
        finally:
            loop.remove_reader(timer.file)
            os.close(timer.file)

    def _rang(self, timer: _Timer, rate: float, all_of_them: int) -> None:
        timer.rang()
        now_ns = self._now_ns()
        first = self.begun + len(self._waiting)
        for number in range(first, min(due_by(now_ns, rate), all_of_them)):
            due_ns = due_at_ns(number, rate)
            if self._free:
                self._begin(due_ns)
            else:
                self.waited += 1
                self._waiting.append(due_ns)

    def _begin(self, due_ns: int) -> None:
        lag_us = (self._now_ns() - due_ns) // 1000
        self.begun += 1
        self.lags.append(lag_us)
        self.late += lag_us > LATE_US
        self._free.pop().begin(due_ns)

    def answered(self, connection: _Connection, *, good: bool, kept: bool) -> None:
        """An answer is there; the connection takes what waits, or in a closed loop the next."""
        self.latencies.append(min((self._now_ns() - connection.due_ns) // 1000, 0xFFFFFFFF))
        self.errors += not good
        if not kept:
            return
        if self._waiting:
            self.begun += 1
            connection.begin(self._waiting.popleft())
        elif self._rate is None and not self._ended:
            self.begun += 1
            connection.begin(self._now_ns())
        else:
            self._free.append(connection)
            if self._ended and len(self._free) == self._opened:
                self._done.set()

    def lost(self, connection: _Connection) -> None:
        """A connection ended. What it carried is an error; no other takes its place."""
        self.errors += connection.busy
        self._opened -= 1
        if connection in self._free:
            self._free.remove(connection)
        if self._ended and len(self._free) == self._opened:
            self._done.set()

    async def _last_answers(self) -> None:
        """Wait a while for them; what is not answered then is an error."""
        if len(self._free) < self._opened:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), _GRACE_S)
        self.errors += self._opened - len(self._free) + len(self._waiting)

    def _now_ns(self) -> int:
        return time.perf_counter_ns() - self._began_ns

    def told(self, seconds: float, cpu_s: float) -> dict[str, Any]:
        """The summary: counts, seconds, and how the generator itself kept up."""
        lags = sorted(self.lags)
        return {
            "begun": self.begun,
            "answered": len(self.latencies),
            "seconds": seconds,
            "errors": self.errors,
            "lag_p50_us": lags[len(lags) // 2] if lags else 0,
            "lag_p99_us": lags[len(lags) * 99 // 100] if lags else 0,
            "late": self.late,
            "waited_for_a_connection": self.waited,
            "generator_cpu_share": round(cpu_s / seconds, 3),
        }


def _request(url: str, body: bytes, headers: dict[str, str]) -> tuple[str, int, bytes]:
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port, "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _main(options: argparse.Namespace) -> None:
    host, port, request = _request(options.url, options.body.read_bytes(), json.loads(options.headers))
    in_flight = options.in_flight or CONNECTIONS_MOST
    load = Load(request, rate=options.rate, in_flight=in_flight)
    used = time.process_time()
    seconds = await load.run(host, port, options.seconds)
    told = load.told(seconds, time.process_time() - used)
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + load.latencies.tobytes())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.arrivals")
    parser.add_argument("url")
    parser.add_argument("body", type=Path)
    parser.add_argument("headers")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--in-flight", type=int)
    parser.add_argument("--seconds", type=float, required=True)
    return parser


if __name__ == "__main__":
    uvloop.run(_main(_parser().parse_args()))
