"""Everything one node process is made of, built from its settings. Nothing listens yet."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from lienthong.adapters import multi_buffer
from lienthong.adapters.clock import clock_ms
from lienthong.adapters.day_keys import DayKeys, open_day_keys
from lienthong.adapters.directory_client import DirectoryClient
from lienthong.adapters.durable import write_once
from lienthong.adapters.http.client import ClientBounds
from lienthong.adapters.http.request import Bounds
from lienthong.adapters.keys import CertificateStore
from lienthong.adapters.ledger_files import LedgerSettings, LedgerWriter
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import QuotaWindows
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.domain.identifiers import parse_node_id
from lienthong.exchange.consumer import ConsumerContext
from lienthong.exchange.provider import ProviderContext
from lienthong.exchange.replay import ReplayGuard
from lienthong.node.api.callers import Callers
from lienthong.node.app.in_force import InForce, Named
from lienthong.node.app.logs import JsonLog
from lienthong.node.app.pairs import absolute
from lienthong.node.config import LimitsSection, NodeSettings
from lienthong.node.store.places import (
    certificate_directory,
    day_key_directory,
    key_encryption_uri,
    ledger_directory,
    shared_path,
)
from lienthong.node.store.taken_and_used import SharedQuota, SharedReplay, open_shared
from lienthong.node.use_cases.backends import Backends
from lienthong.node.use_cases.peers import Peers
from lienthong.node.use_cases.plane import Ids, Plane
from lienthong.node.use_cases.sealed_ledger import SealedLedger
from lienthong.node.use_cases.signatures import Signatures, Signing, Verifier
from lienthong.node.use_cases.tally import Tally
from lienthong.node.use_cases.trunk.trunks import Trunks
from lienthong.wire.message import PART_BYTES_MAX
from lienthong.wire.trunk import Bounds as TrunkBounds

_TOKEN_KEY = "token.key"  # noqa: S105 - a file name
_TOKEN_KEY_BYTES = 32


@dataclass(slots=True)
class Parts:
    """The parts of a process. `base` is the folder of the settings file."""

    settings: NodeSettings
    base: Path
    data: Path
    directory_client: DirectoryClient
    ledger_folder: Path
    ledger: LedgerWriter
    day_keys: DayKeys
    plane: Plane
    consumer: ConsumerContext
    provider: ProviderContext
    peers: Peers
    backends: Backends
    callers: Callers
    trunk_bounds: TrunkBounds
    in_force: InForce
    named: Named

    def directory_changed(self, directory: FreshDirectory) -> None:
        """Bring a newer directory into force for every exchange that begins from now on."""
        self.consumer.directory = directory
        self.provider.directory = directory
        self.named.update(directory)
        try:
            self.in_force.channel.trust(directory.channel_authorities)
        except LienthongError as error:
            self.plane.log.warning("channel.authorities_not_used", code=error.code, message=error.message)


def build(settings: NodeSettings, base: Path, worker: int) -> Parts:
    """Build the parts; raises the coded error of whatever is missing."""
    data = base / settings.node.data_dir
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    client = _directory_client(settings, base, data / "directory" / str(worker))
    directory = client.start(clock_ms())
    limits = settings.limits
    folder = ledger_directory(data, worker)
    ledger = LedgerWriter(
        folder,
        asyncio.get_running_loop(),
        clock_ms=clock_ms,
        settings=LedgerSettings(segment_bytes=settings.ledger.segment_mib << 20),
    )
    certificates = CertificateStore(certificate_directory(data))
    in_force = InForce(settings, base, authorities=directory.channel_authorities, keep=certificates.keep)
    ids = Ids(clock_ms, os.urandom)
    signatures = Signatures(
        Signing(clock_ms, in_force.signers()),
        Verifier(clock_ms, int(limits.window_s * 1000), certificates.keep),
    )
    day_keys = _day_keys(settings, base, data)
    plane = Plane(clock_ms, ids, SealedLedger(ledger, day_keys), signatures, Tally(), JsonLog(clock_ms))
    _sign_side_by_side(plane)
    replay, provider_quota, consumer_quota = _shared_state(settings, data)
    consumer = ConsumerContext(directory, consumer_quota, parse_node_id(settings.node.id))
    backends = Backends(settings.services, client_bounds(limits), _backend_tls(settings))
    provider = ProviderContext(directory, provider_quota, replay, backends.services)
    peers = Peers(lambda: in_force.channel.client, client_bounds(limits, PART_BYTES_MAX))
    trunk_bounds = TrunkBounds(body=limits.inline_body_kib << 10)
    if settings.peer.trunk:
        peers.trunks = Trunks(
            peers.connector,
            signatures,
            plane.ledger,
            loop=asyncio.get_running_loop(),
            bounds=trunk_bounds,
            answer_s=limits.peer_answer_s,
            log=plane.log,
            lost=peers.doubt,
        )
    callers = Callers(settings.systems, token_key=_token_key(data), clock_ms=clock_ms, random=os.urandom)
    return Parts(
        settings, base, data, client, folder, ledger, day_keys, plane, consumer, provider, peers, backends,
        callers, trunk_bounds, in_force, _named(settings, directory),
    )  # fmt: skip


def _named(settings: NodeSettings, directory: FreshDirectory) -> Named:
    named = Named(parse_node_id(settings.node.id), settings.directory.poll_s, asyncio.get_running_loop().time)
    named.update(directory)
    return named


def _sign_side_by_side(plane: Plane) -> None:
    """Sign and verify many at a time where this machine can, while there are many."""
    tally = plane.tally
    try:
        group = multi_buffer.load(os.urandom)
    except Unavailable as reason:
        plane.log.info("signatures.one_by_one", reason=reason.message)
        return
    plane.signatures.gather(
        group,
        asyncio.get_running_loop(),
        lambda: tally.in_flight >= multi_buffer.LEAST,
    )


def _directory_client(settings: NodeSettings, base: Path, cache: Path) -> DirectoryClient:
    section = settings.directory
    try:
        root = (base / section.trusted_root).read_bytes()
    except OSError as error:
        raise Unavailable("MalformedGlobalConf", f"the trusted root cannot be read: {error.strerror}") from None
    source = section.source if "://" in section.source else base / section.source
    return DirectoryClient(source, root, cache)


def _day_keys(settings: NodeSettings, base: Path, data: Path) -> DayKeys:
    """The keys that header parts and bodies are sealed with; all workers of the node share them."""
    named = settings.ledger.key_encryption_key
    uri = key_encryption_uri(data) if named is None else absolute(named, base)
    return open_day_keys(day_key_directory(data), uri, clock_ms=clock_ms, random=os.urandom)


def _shared_state(settings: NodeSettings, data: Path) -> tuple[ReplayGuard, QuotaWindows, QuotaWindows]:
    """Replay guard, and quota counters of provider's and consumer's side: a single process keeps them itself."""
    limits = settings.limits
    request_ms, message_ms = int(2 * limits.window_s * 1000), int(limits.repeat_s * 1000)
    most, grants = limits.remembered, limits.quota_windows
    if settings.node.workers == 1:
        guard = ReplayGuard(request_period_ms=request_ms, message_period_ms=message_ms, most=most)
        return guard, QuotaWindows(grants), QuotaWindows(grants)
    provider = open_shared(shared_path(data))
    shared = SharedReplay(provider, request_period_ms=request_ms, message_period_ms=message_ms, most=most)
    consumer = open_shared(shared_path(data).with_suffix(".calls.sqlite3"))
    return shared, SharedQuota(provider, grants), SharedQuota(consumer, grants)


def _backend_tls(settings: NodeSettings) -> ssl.SSLContext | None:
    if not any(service.url.startswith("https://") for service in settings.services):
        return None
    return ssl.create_default_context()


def client_bounds(limits: LimitsSection, extra_bytes: int = 0) -> ClientBounds:
    """Bounds of calls to other nodes and to systems; `extra_bytes` travel with a body."""
    return ClientBounds(
        inline_body=(limits.inline_body_kib << 10) + extra_bytes,
        answer_s=limits.peer_answer_s,
        connections=limits.peer_connections,
    )


def door_bounds(limits: LimitsSection, extra_bytes: int = 0) -> Bounds:
    """Bounds of connections at the doors; `extra_bytes` travel with a body."""
    inline_body = (limits.inline_body_kib << 10) + extra_bytes
    return Bounds(inline_body=inline_body, header_s=limits.header_s, body_idle_s=limits.body_idle_s)


def _token_key(data: Path) -> bytes:
    """The key that seals access tokens, made at first use; all workers of the node share it."""
    key = write_once(data / _TOKEN_KEY, os.urandom(_TOKEN_KEY_BYTES))
    if len(key) != _TOKEN_KEY_BYTES:
        raise Unavailable("KeyNotFound", f"{data / _TOKEN_KEY} is damaged: delete it, a new one is made at start")
    return key
