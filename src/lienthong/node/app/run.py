"""Runs a node process: recover, listen, work, stop gracefully."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvloop

from lienthong.adapters.clock import clock_ms
from lienthong.adapters.http.lane import LaneServerConnection, UsualServerConnection
from lienthong.adapters.http.server import ConnectionRegistry, HttpServerConnection
from lienthong.domain.errors import LienthongError
from lienthong.evidence.record import encode_record
from lienthong.node.api.admin import AdminDoor
from lienthong.node.api.faults import FaultWriter
from lienthong.node.api.front import FrontDoor
from lienthong.node.api.metadata import Metadata
from lienthong.node.api.peer import PeerDoor
from lienthong.node.api.tokens import TokenEndpoint
from lienthong.node.app.channels import Door
from lienthong.node.app.health import Health
from lienthong.node.app.logs import JsonLog
from lienthong.node.app.parts import Parts, build, door_bounds
from lienthong.node.app.process import freeze, settle
from lienthong.node.app.renewal import Renewal
from lienthong.node.config import NodeSettings
from lienthong.node.jobs.indexing import Indexing, Pace
from lienthong.node.jobs.mending import keep_ledger_open
from lienthong.node.jobs.recovery import ledger_records, recover, remember, unknown_outcome
from lienthong.node.store.indexes import keep_database, need_engine, open_index
from lienthong.node.use_cases.trunk.served import ServedTrunks
from lienthong.node.use_cases.trunk.trunks import Trunks
from lienthong.wire.faults import CodeStyle
from lienthong.wire.message import PART_BYTES_MAX

_SWEEP_S = 0.25
_DRAIN_S = 20.0


def run_node(settings: NodeSettings, config: Path, *, worker: int = 0) -> None:
    """Run one process until SIGTERM or SIGINT; on SIGHUP it takes up renewed certificates.

    `config` is the file that the settings are from. Raises the coded error that keeps it from starting.
    """
    settle(settings.node.cpus, worker)
    uvloop.run(_NodeProcess(settings, config, worker).run())


class _NodeProcess:
    def __init__(self, settings: NodeSettings, config: Path, worker: int) -> None:
        self._settings = settings
        self._config = config
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
        renew = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, renew.set)
        need_engine(self._settings.index.database)
        parts = build(self._settings, self._config.parent, self._worker)
        renewal = self._renewal(parts)
        await self._recover(parts)
        indexing = self._index(parts)
        health = Health(self._settings, parts, renewal, indexing, self._registries)
        peer = await self._listen(parts, health)
        jobs = [
            loop.create_task(self._sweep(parts)),
            loop.create_task(self._refresh(parts)),
            loop.create_task(self._renew(renew, renewal, parts, peer)),
        ]
        mending = loop.create_task(keep_ledger_open(parts.ledger, stop, log=self._log))
        freeze()
        self._log.info("node.ready", node=self._settings.node.id, worker=self._worker)
        health.warn(self._log)
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

    def _renewal(self, parts: Parts) -> Renewal:
        return Renewal(
            self._config,
            self._settings,
            in_force=parts.in_force,
            named=parts.named,
            signing=parts.plane.signatures.signing,
            clock_ms=clock_ms,
            log=self._log,
        )

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

    async def _listen(self, parts: Parts, health: Health) -> PeerDoor:
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
        await self._open(front, settings.front.listen_tls, parts.in_force.front)
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
        await self._open(peer, settings.peer.listen, parts.in_force.channel.door, extra, LaneServerConnection)
        if self._worker == 0:
            await self._open(AdminDoor(plane.tally, health.facts, health.gauges), settings.admin.listen, None)
        return peer

    async def _open(
        self,
        handler: Any,
        listen: str | None,
        tls: Door | None,
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
                ssl=None if tls is None else tls.context,
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

    async def _renew(self, asked: asyncio.Event, renewal: Renewal, parts: Parts, peer: PeerDoor) -> None:
        def channel_renewed() -> None:
            parts.peers.renew()
            peer.renew()

        while True:
            await asked.wait()
            asked.clear()
            try:
                await renewal.run(channel_renewed)
            except Exception as error:  # boundary: what is in force stays, the next time may do
                self._log.error("renewal.failed", error=type(error).__name__, text=str(error))

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


def _settle(done: asyncio.Future[None]) -> Callable[[BaseException | None], None]:
    def settled(failure: BaseException | None) -> None:
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)

    return settled
