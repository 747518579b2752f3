"""The line between two nodes, on one machine: delays, loses, stands still, forgets. Carries bytes, changes none.

Loss is what TCP makes of it: a segment that is lost comes later, after a retransmission timeout that doubles with
each further loss of the same segment, and holds up all that follows in its direction.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from tests.doubles.rig import free_port

SEGMENT = 1460
RETRANSMISSION_S = 0.2
QUEUE_MAX = 256
"""Segments on their way in one direction; who sends more waits."""


class Line:
    """Listens on `port` and carries every connection to `target`. What it does to them may change at any time.

    `delay_s` is for one direction; `loss` is the share of segments that are lost. While it is `cut` nothing passes,
    and nobody is told: as if a cable were out. With `forget` the connections of the moment never pass anything again,
    as after a firewall has lost its tables; new ones do.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.delay_s = 0.0
        self.loss = 0.0
        self.cut = False
        self.lost = 0
        """Segments that were lost so far."""
        self._target = target
        self._generation = 0
        self._dice = random.Random(2021)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Line:
        ready = threading.Event()
        self._loop.call_soon(lambda: self._loop.create_task(self._listen(ready)))
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def forget(self) -> None:
        """The connections of the moment are dead, and nobody tells their ends."""
        self._generation += 1

    def _run(self) -> None:
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self, ready: threading.Event) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        ready.set()

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, asking: asyncio.StreamReader, asked: asyncio.StreamWriter) -> None:
        generation = self._generation
        await self._passes(generation)
        try:
            answering, answered = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            asked.transport.abort()
            return
        self._begin(self._direction(asking, answered, generation))
        self._begin(self._direction(answering, asked, generation))

    async def _passes(self, generation: int) -> None:
        while self.cut or generation != self._generation:
            await asyncio.sleep(0.02)

    async def _direction(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, generation: int) -> None:
        """Each segment is due `delay_s` after it came, and not before those in front of it."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE_MAX)

        async def take() -> None:
            data = b"x"
            while data:
                try:
                    data = await source.read(SEGMENT)
                except OSError:
                    data = b""
                await queue.put((self._loop.time() + self.delay_s, data))

        self._begin(take())
        with suppress(OSError):
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                timeout_s = RETRANSMISSION_S
                while data and self._dice.random() < self.loss:
                    self.lost += 1
                    await asyncio.sleep(timeout_s)
                    timeout_s *= 2
                await self._passes(generation)
                if not data:
                    break
                target.write(data)
                await target.drain()
        target.close()
