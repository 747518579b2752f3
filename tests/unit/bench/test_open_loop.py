"""The load generator of constant arrivals: what was due when, whose wait counts, and what it says of itself."""

from __future__ import annotations

import asyncio
import contextlib
from array import array
from collections.abc import AsyncIterator

import pytest
from bench.arrivals import Load, due_at_ns, due_by
from bench.open_loop import Run, percentile

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Service:
    """Answers each request in its turn; the first after `first_s`."""

    def __init__(self, answer: bytes = ANSWER, *, first_s: float = 0, ends_after: int | None = None) -> None:
        self.answer = answer
        self.first_s = first_s
        self.ends_after = ends_after
        self.asked = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                if self.asked == 1:
                    await asyncio.sleep(self.first_s)
                if self.asked == self.ends_after:
                    break
                writer.write(self.answer)
                await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self.take, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


def run(service: Service, *, rate: float | None, in_flight: int, seconds: float) -> Load:
    async def inside() -> Load:
        load = Load(REQUEST, rate=rate, in_flight=in_flight)
        async with service.listening() as port:
            await load.run("127.0.0.1", port, seconds)
            for connection in list(load._free):
                connection._transport.close()
        return load

    return asyncio.run(inside())


def test_what_is_due_follows_the_clock() -> None:
    assert [due_at_ns(number, 4.0) for number in range(3)] == [0, 250_000_000, 500_000_000]
    assert [due_by(elapsed, 4.0) for elapsed in (0, 249_999_999, 250_000_000, 1_000_000_000)] == [1, 1, 2, 5]


def test_the_wait_behind_a_slow_answer_counts_for_all_who_were_due() -> None:
    """Coordinated omission: a closed loop would tell of one slow answer, and of forty-nine quick ones."""
    service = Service(first_s=0.3)
    load = run(service, rate=1000, in_flight=1, seconds=0.05)
    assert (len(load.latencies), service.asked, load.errors) == (50, 50, 0)
    assert min(load.latencies) >= 200_000
    assert load.waited == 49


def test_a_refusal_is_an_error() -> None:
    assert run(Service(REFUSAL), rate=1000, in_flight=4, seconds=0.01).errors == 10


def test_a_lost_request_is_an_error_and_so_is_what_waits_for_ever() -> None:
    load = run(Service(ends_after=3), rate=1000, in_flight=1, seconds=0.02)
    assert (len(load.latencies), load.errors) == (2, 18)


def test_a_closed_loop_asks_again_when_it_was_answered() -> None:
    service = Service()
    load = run(service, rate=None, in_flight=3, seconds=0.1)
    assert len(load.latencies) == load.begun == service.asked > 3
    assert load.errors == 0


def test_it_tells_of_itself() -> None:
    load = run(Service(), rate=500, in_flight=8, seconds=0.04)
    told = load.told(0.04, 0.01)
    assert (told["begun"], told["answered"], told["generator_cpu_share"]) == (20, 20, 0.25)
    assert 0 <= told["lag_p50_us"] <= told["lag_p99_us"]


@pytest.mark.parametrize(("late", "behind"), [(10, False), (11, True)])
def test_a_generator_that_falls_behind_is_told(late: int, behind: bool) -> None:
    assert Run({"late": late, "begun": 1000}, array("I")).behind is behind


def test_percentiles_are_by_nearest_rank() -> None:
    latencies = array("I", range(1000, 1_001_000, 1000))
    assert [percentile(latencies, share) for share in (50.0, 99.0, 99.9, 100.0)] == [500.0, 990.0, 999.0, 1000.0]
    assert percentile(array("I", [7000]), 50.0) == 7.0
