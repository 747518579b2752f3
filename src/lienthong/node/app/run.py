"""Runs a node process: recover, listen, work, stop gracefully."""

from __future__ import annotations

import asyncio
import signal
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvloop

from lienthong.adapters.clock import clock_ms
from lienthong.adapters.http.lane import LaneServerConnection, UsualServerConnection
from lienthong.adapters.http.server import ConnectionRegistry, HttpServerConnection
from lienthong.directory.freshness import Freshness, freshness
from lienthong.domain.errors import LienthongError
from lienthong.evidence.record import encode_record
from lienthong.node.api.admin import AdminDoor
from lienthong.node.api.faults import FaultWriter
from lienthong.node.api.front import FrontDoor
from lienthong.node.api.metadata import Metadata
from lienthong.node.api.peer import PeerDoor
from lienthong.node.api.tokens import TokenEndpoint
from lienthong.node.app.channels import front_server, peer_server
from lienthong.node.app.logs import JsonLog
from lienthong.node.app.parts import Parts, build, door_bounds
from lienthong.node.app.process import freeze, settle
from lienthong.node.config import NodeSettings
from lienthong.node.jobs.indexing import LATE_S, Indexing, IndexState, Pace
from lienthong.node.jobs.mending import keep_ledger_open
from lienthong.node.jobs.recovery import ledger_records, recover, remember, unknown_outcome
from lienthong.node.store.indexes import keep_database, need_engine, open_index
from lienthong.node.use_cases.trunk.serving import ServedTrunks
from lienthong.node.use_cases.trunk.trunks import Trunks
from lienthong.wire.faults import CodeStyle
from lienthong.wire.message import PART_BYTES_MAX

_SWEEP_S = 0.25
_DRAIN_S = 20.0
_WARN_BEFORE_MS = 3_600_000


def run_node(settings: NodeSettings, base: Path, *, worker: int = 0) -> None:
    """Run one process until SIGTERM or SIGINT. Raises the coded error that keeps it from starting."""
    settle(settings.node.cpus, worker)
    uvloop.run(_NodeProcess(settings, base, worker).run())


class _NodeProcess:
    def __init__(self, settings: NodeSettings, base: Path, worker: int) -> None:
        self._settings = settings
        self._base = base
        self._worker = worker
        self._log = JsonLog(clock_ms)
        self._servers: list[asyncio.Server] = []
        self._registries: list[ConnectionRegistry] = []
        self._trunks: list[ServedTrunks | Trunks] = []

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        need_engine(self._settings.index.database)
        self._parts = parts = build(self._settings, self._base, self._worker)
        await self._recover(parts)
        indexing = self._index(parts)
        await self._listen(parts, indexing)
        jobs = [loop.create_task(self._sweep(parts)), loop.create_task(self._refresh(parts))]
        mending = loop.create_task(keep_ledger_open(parts.ledger, stop, log=self._log))
        freeze()
        self._log.info("node.ready", node=self._settings.node.id, worker=self._worker)
        await stop.wait()
        self._log.info("node.stopping", node=self._settings.node.id)
        for job in jobs:
            job.cancel()
        await self._drain(parts)
        await mending
        await parts.ledger.close()
        indexing.stop()
        self._log.info("node.stopped", node=self._settings.node.id)

    async def _recover(self, parts: Parts) -> None:
        """Read what the ledger has, then open it for writing and end what was left open."""
        now_ms = clock_ms()
        since_ms = now_ms - int(self._settings.limits.repeat_s * 1000)
        parts.ledger.start()
        found = recover(ledger_records(parts.ledger_folder), taken_since_ms=since_ms)
        remember(parts.provider.replay, found.taken, parts.provider.directory)
        for record in found.open_requests.values():
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            parts.ledger.append(encode_record(unknown_outcome(record, now_ms)), _settle(done))
            await done
        self._log.info("ledger.recovered", records=found.records, without_end=len(found.open_requests))

    def _index(self, parts: Parts) -> Indexing:
        """Begin to copy the ledger into its index, whether that can be reached now or later."""
        database = self._settings.index.database
        keep_database(parts.ledger_folder, database)
        indexing = Indexing(
            parts.ledger_folder,
            lambda: parts.ledger.durable_end,
            open_index=lambda: open_index(parts.ledger_folder, database),
            pace=Pace(parts.plane.tally.total, time.monotonic),
            log=self._log,
        )
        indexing.start()
        return indexing

    async def _listen(self, parts: Parts, indexing: Indexing) -> None:
        settings, plane = self._settings, parts.plane
        style = CodeStyle(settings.node.error_style)
        front = FrontDoor(
            plane,
            parts.consumer,
            parts.peers,
            parts.callers,
            TokenEndpoint(parts.callers.secrets, parts.callers.tokens, ThreadPoolExecutor(1, "secret-check")),
            Metadata(parts.consumer, plane.ids, clock_ms),
            FaultWriter(plane.ids, self._log, style),
            parts.consumer.node_id.instance,
            settings.limits.body_max,
        )
        await self._open(front, settings.front.listen, None)
        await self._open(front, settings.front.listen_tls, front_server(settings.front, self._base))
        authorities = parts.consumer.directory.channel_authorities
        served = ServedTrunks(
            plane.signatures,
            plane.ledger,
            ids=plane.ids,
            bounds=parts.trunk_bounds,
            log=self._log,
            loop=asyncio.get_running_loop(),
        )
        self._trunks = [served]
        if parts.peers.trunks is not None:
            self._trunks.append(parts.peers.trunks)
        peer = PeerDoor(
            plane, parts.provider, parts.backends, settings.limits, served if settings.peer.trunk else None
        )
        # A message carries its header part before the body.
        extra = PART_BYTES_MAX
        tls = peer_server(settings.peer, self._base, authorities)
        await self._open(peer, settings.peer.listen, tls, extra, LaneServerConnection)
        admin = AdminDoor(plane.tally, lambda: self._health(parts, indexing), lambda: self._gauges(parts, indexing))
        if self._worker == 0:
            await self._open(admin, settings.admin.listen, None)

    async def _open(
        self,
        handler: Any,
        listen: str | None,
        tls: ssl.SSLContext | None,
        extra_bytes: int = 0,
        connection: type[HttpServerConnection] = UsualServerConnection,
    ) -> None:
        if listen is None:
            return
        loop = asyncio.get_running_loop()
        registry = ConnectionRegistry(most=self._settings.limits.connections, clock=loop.time)
        self._registries.append(registry)
        bounds = door_bounds(self._settings.limits, extra_bytes)
        host, _, port = listen.rpartition(":")

        def accept() -> Any:
            """Its methods are those of a buffered protocol of asyncio, of which it inherits nothing (`inbox`)."""
            return connection(handler, bounds=bounds, clock=loop.time, registry=registry)

        self._servers.append(
            await loop.create_server(
                accept,
                host.strip("[]"),
                int(port),
                ssl=tls,
                backlog=2048,
                reuse_port=self._settings.node.workers > 1,
            )
        )

    async def _sweep(self, parts: Parts) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            pools = [*parts.peers.pools(), *parts.backends.pools()]
            for sweep in [one.sweep for one in (*self._registries, *pools, *self._trunks)]:
                try:
                    sweep()
                except Exception as error:  # boundary: one failing end must not end every deadline
                    self._log.error("sweep.failed", error=type(error).__name__, text=str(error))

    async def _refresh(self, parts: Parts) -> None:
        while True:
            await asyncio.sleep(self._settings.directory.poll_s)
            try:
                directory = await asyncio.to_thread(parts.directory_client.refresh, clock_ms())
            except LienthongError as error:
                self._log.warning("directory.not_refreshed", code=error.code, message=error.message)
                continue
            except Exception as error:  # boundary: the directory in force stays, the next round may do
                self._log.error("directory.not_refreshed", error=type(error).__name__, text=str(error))
                continue
            if directory is not None:
                parts.directory_changed(directory)
                self._log.info("directory.changed", version=directory.version)

    async def _drain(self, parts: Parts) -> None:
        for server in self._servers:
            server.close()
        for one in (*self._registries, *self._trunks):
            one.drain()
        loop = asyncio.get_running_loop()
        end = loop.time() + _DRAIN_S
        while parts.plane.tally.in_flight and loop.time() < end:
            await asyncio.sleep(0.02)
        for pool in (*parts.peers.pools(), *parts.backends.pools(), *self._trunks):
            pool.close()

    def _health(self, parts: Parts, indexing: Indexing) -> tuple[bool, dict[str, Any]]:
        directory, warning = parts.consumer.directory, parts.ledger.warning
        failure = parts.ledger.failure or parts.day_keys.failure
        state = freshness(directory, now_ms=clock_ms(), warn_before_ms=_WARN_BEFORE_MS)
        facts = {
            "node": self._settings.node.id,
            "directory": {
                "state": state.value,
                "version": directory.version,
                "expires_at_ms": directory.expires_at_ms,
            },
            "ledger": "ok" if failure is None else failure.message,
            "ledger_warning": None if warning is None else warning.message,
            "index": _index_word(indexing.state),
            "index_late_s": round(indexing.state.late_s),
            "in_flight": {name: side.in_flight for name, side in parts.plane.tally.sides().items()},
        }
        return failure is None and state is not Freshness.STALE, facts

    def _gauges(self, parts: Parts, indexing: Indexing) -> dict[str, float]:
        directory = parts.consumer.directory
        return {
            "directory_version": directory.version,
            "directory_expires_in_seconds": (directory.expires_at_ms - clock_ms()) / 1000,
            "ledger_failed": float((parts.ledger.failure or parts.day_keys.failure) is not None),
            "ledger_warning": float(parts.ledger.warning is not None),
            "index_failed": float(indexing.state.failure is not None),
            "index_late_seconds": indexing.state.late_s,
            "connections": float(sum(len(registry) for registry in self._registries)),
        }


def _index_word(state: IndexState) -> str:
    """`late` is more than the minute that a busy node lets it wait."""
    if state.failure is not None:
        return state.failure
    return "late" if state.late_s > 2 * LATE_S else "ok"


def _settle(done: asyncio.Future[None]) -> Callable[[BaseException | None], None]:
    def settled(failure: BaseException | None) -> None:
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)

    return settled
