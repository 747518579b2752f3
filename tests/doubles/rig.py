"""Two real nodes on loopback: keys and certificates, a signed directory, settings, processes. For tests and bench.

The provider is a member with one service (`SERVICE`), the consumer another with one system (`SYSTEM`) that holds a
grant. Everything lies under one folder; processes are ended by their ids.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path

from lienthong.adapters import pki
from lienthong.adapters.directory_publisher import (
    DirectoryPublisher,
    OnlineKeys,
    RootKeys,
    load_signer,
    write_new_key,
)
from lienthong.directory.conversions import member_document, node_document, provider_document, system_document
from lienthong.directory.documents import NetworkDocument, TrustDocument, encode_network, encode_provider
from lienthong.domain.grants import Grant, LegalBasis, Reason
from lienthong.domain.identifiers import MemberId, NodeId, ServiceId, SystemId
from lienthong.domain.network import (
    BodyRetention,
    DataClass,
    Endpoint,
    Member,
    Node,
    Service,
    ServiceKind,
    SigningCertificate,
    System,
)

PROVIDER = MemberId("VN", "GOV", "G01")
CONSUMER = MemberId("VN", "PROV", "H26")
SYSTEM = SystemId(*CONSUMER, "mot-cua")
OTHER_SYSTEM = SystemId(*CONSUMER, "cong-dvc")
SERVICE = ServiceId(*PROVIDER, "dan-cu", "thu")
PURPOSE = "giai-quyet-tthc"
_DAY_MS = 86_400_000
BOTH = frozenset({"consumer", "provider"})
"""The names of the nodes."""


_given: set[int] = set()


def free_port() -> int:
    """A port that is free now and was not given before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


@dataclass
class Keys:
    """Files of one node's keys."""

    folder: Path
    tls_digest: bytes
    signer: SigningCertificate


@dataclass
class NodeProcess:
    """A node that runs: its ports, folder and process."""

    name: str
    folder: Path
    front: int
    peer: int
    admin: int
    process: subprocess.Popen[bytes] | None = None
    settings: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that its process gets beside those of the test."""

    @property
    def data(self) -> Path:
        """The node's data folder."""
        return self.folder / "data"

    @property
    def ledger(self) -> Path:
        """The ledger of its first worker."""
        return self.data / "ledger" / "0"

    def url(self, service: ServiceId = SERVICE, path: str = "") -> str:
        """Address of a call through this node."""
        return f"http://127.0.0.1:{self.front}/r1/{service}{path}"

    def start(self, timeout_s: float = 15.0) -> float:
        """Start the process and wait until it is ready; gives the seconds that took."""
        began = time.monotonic()
        with (self.folder / "log.jsonl").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lienthong.cli.main", "node", "run", "-c", "node.toml"],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stderr=log,
                stdout=log,
            )
        while time.monotonic() - began < timeout_s:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended: {(self.folder / 'log.jsonl').read_text()[-2000:]}")
            if self.healthy():
                return time.monotonic() - began
            time.sleep(0.01)
        raise AssertionError(f"{self.name} was not ready in time")

    def healthy(self) -> bool:
        """Whether /health says yes."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self, timeout_s: float = 30.0) -> int:
        """SIGTERM, and wait; gives the exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.process = None
        return code


@dataclass
class Rig:
    """The whole arrangement under `folder`; `service_url` is the provider's system."""

    folder: Path
    service_url: str
    grants: list[Grant] = field(default_factory=list)
    extra_settings: str = ""
    """Settings (TOML) that both nodes get."""
    retention: str = "none"
    services: list[Service] = field(default_factory=list)
    """Published beside `SERVICE`, behind the same system."""
    unhosted: frozenset[ServiceId] = frozenset()
    """Published, but not behind the provider's node."""
    systems: list[System] = field(default_factory=list)
    """Systems beside those that are always there."""
    settings: dict[str, str] = field(default_factory=dict)
    """Settings (TOML) of one node, by its name."""
    callers: str | None = None
    """The consumer's ``[[systems]]`` in place of those that are known by the loopback address."""
    poll_s: float = 0.5
    """Seconds between two looks of the nodes at the directory."""
    answer_s: float = 3
    service_settings: str = ""
    """Further settings (TOML) of each service."""
    error_style: str = "documented"
    workers: dict[str, int] = field(default_factory=dict)
    trunks: frozenset[str] = frozenset()
    """Nodes (by name) that offer trunks."""
    cpus: dict[str, int] = field(default_factory=dict)
    """Processor to which a node (by its name) is bound."""
    front_settings: str = ""
    """Further settings of the consumer's front door."""
    hidden: frozenset[str] = frozenset()
    """Nodes (by name) that the next directory leaves out."""
    maintenance: dict[str, str] = field(default_factory=dict)
    """Notices of nodes (by name) that the next directory puts under maintenance."""
    lives_ms: int = 30 * _DAY_MS
    """How long the next directory lives."""
    tls_digests: dict[str, bytes] = field(default_factory=dict)
    """What the next directory says about channel certificates in place of the truth."""
    peers: int = 0
    """Providers beside the first, each a member of its own with a node and a service (`peer_service`)."""
    next_keys: dict[str, Keys] = field(default_factory=dict)
    """Keys that the next directory names beside those in use, by the name of the node."""
    hosts: dict[str, str] = field(default_factory=dict)
    """Addresses of nodes (by name) towards the others, in place of the loopback address."""
    reached: dict[str, int] = field(default_factory=dict)
    """Ports under which the next directory names nodes (by name) in place of their own: what lies on the way."""

    def __post_init__(self) -> None:
        self.now_ms = time.time_ns() // 1_000_000
        self.authority, _ = pki.make_authority(
            "Thu", self.now_ms - _DAY_MS, random=os.urandom, lifetimes=pki.Lifetimes()
        )
        self.consumer = self._node("consumer")
        self.provider = self._node("provider")
        self.further = [self._node(peer_name(number)) for number in range(self.peers)]
        self.keys = {
            "consumer": self._keys(self.consumer, CONSUMER),
            "provider": self._keys(self.provider, PROVIDER),
        }
        for number, node in enumerate(self.further):
            self.keys[node.name] = self._keys(node, peer_service(number).member)
        if not self.grants:
            self.grants = [grant()]
        self._make_directory()
        self.write_settings()

    def write_settings(self) -> None:
        """Write the settings files of both nodes; read when a node starts."""
        self._write_settings(self.consumer, NodeId(*CONSUMER, "nut-1"), CONSUMER, hosted=False)
        self._write_settings(self.provider, NodeId(*PROVIDER, "nut-1"), PROVIDER, hosted=True)
        for number, node in enumerate(self.further):
            member = peer_service(number).member
            self._write_settings(node, NodeId(*member, "nut-1"), member, hosted=True)

    def start(self) -> tuple[float, float]:
        """Start all nodes; gives the seconds that provider and consumer took."""
        for node in self.further:
            node.start()
        return self.provider.start(), self.consumer.start()

    def stop(self) -> None:
        """Stop all."""
        for node in (self.consumer, self.provider, *self.further):
            node.stop()

    def publish(self) -> None:
        """Publish the directory with the grants of the moment."""
        self._version += 1
        now_ms = time.time_ns() // 1_000_000
        nodes = [
            self._directory_node(node, NodeId(*member, "nut-1"), member)
            for node, member in self._members_of_nodes()
            if node.name not in self.hidden
        ]
        served = {node.node_id for node in nodes}
        further = list(map(peer_service, range(self.peers)))
        systems = [*_systems(), *self.systems, *map(_peer_system, further)]
        network = NetworkDocument(
            instance="VN",
            version=self._version,
            issued_at_ms=self.now_ms,
            expires_at_ms=now_ms + self.lives_ms,
            members=tuple(map(member_document, [*_members(), *map(_peer_member, further)])),
            nodes=tuple(map(node_document, nodes)),
            systems=tuple(system_document(one) for one in systems if one.node_id in served),
            trust=TrustDocument(
                (pki.certificate_pem(self.authority.root), pki.certificate_pem(self.authority.issuing))
            ),
        )
        services = [_service(self.retention), *self.services]
        documents = {"providers/GOV/G01.json": encode_provider(provider_document(PROVIDER, services, self.grants))}
        for one in further:
            own = replace(_service(self.retention), service_id=one)
            document = provider_document(one.member, [own], [grant(grant_id=f"g-{one.member_code}", service=one)])
            documents[f"providers/GOV/{one.member_code}.json"] = encode_provider(document)
        self.publisher.publish(encode_network(network), documents, now_ms=now_ms)

    def _members_of_nodes(self) -> list[tuple[NodeProcess, MemberId]]:
        further = [(node, peer_service(number).member) for number, node in enumerate(self.further)]
        return [(self.consumer, CONSUMER), (self.provider, PROVIDER), *further]

    def _node(self, name: str) -> NodeProcess:
        folder = self.folder / name
        folder.mkdir(parents=True)
        return NodeProcess(name, folder, free_port(), free_port(), free_port())

    def _keys(self, node: NodeProcess, member: MemberId) -> Keys:
        return make_keys(self.authority, node.folder, member, now_ms=self.now_ms)

    def _directory_node(self, node: NodeProcess, node_id: NodeId, member: MemberId) -> Node:
        keys = self.keys[node.name]
        digests, signers = {self.tls_digests.get(node.name, keys.tls_digest)}, (keys.signer,)
        if node.name in self.next_keys:
            coming = self.next_keys[node.name]
            digests, signers = digests | {coming.tls_digest}, (*signers, coming.signer)
        notice = self.maintenance.get(node.name)
        port = self.reached.get(node.name, node.peer)
        host = self.hosts.get(node.name, "127.0.0.1")
        return Node(node_id, host, port, frozenset(digests), frozenset({member}), signers, notice)

    def _make_directory(self) -> None:
        folder = self.folder / "keys"
        folder.mkdir()
        signers = {name: load_signer(write_new_key(folder / name)) for name in ("r1", "r2", "ts", "sn", "tg")}
        online = OnlineKeys(timestamp=signers["ts"], snapshot=signers["sn"], targets=signers["tg"])
        self.publisher = DirectoryPublisher(self.folder / "directory", online)
        root = self.publisher.create(RootKeys((signers["r1"], signers["r2"])), now_ms=self.now_ms)
        (self.folder / "root.json").write_bytes(root)
        self._version = 0
        self.publish()

    def _write_settings(self, node: NodeProcess, node_id: NodeId, member: MemberId, *, hosted: bool) -> None:
        extra = self.extra_settings + self.settings.get(node.name, "")
        text = _SETTINGS.format(
            id=node_id,
            front=node.front,
            peer=f"{self.hosts.get(node.name, '127.0.0.1')}:{node.peer}",
            admin=node.admin,
            member=member,
            extra=extra,
            style=self.error_style,
            workers=self.workers.get(node.name, 1),
            cpus=[self.cpus[node.name]] if node.name in self.cpus else [],
            front_settings="" if hosted else self.front_settings,
            trunk="true" if node.name in self.trunks else "false",
            poll_s=self.poll_s,
        )
        if hosted:
            published = [SERVICE, *(one.service_id for one in self.services), *map(peer_service, range(self.peers))]
            for service_id in (one for one in published if one.member == member):
                if service_id not in self.unhosted:
                    text += f'\n[[services]]\nid = "{service_id}"\nurl = "{self.service_url}"\n'
                    text += f"answer_s = {self.answer_s}\n{self.service_settings}\n"
        elif self.callers is not None:
            text += self.callers
        else:
            for system in (SYSTEM, OTHER_SYSTEM, *(one.system_id for one in self.systems)):
                text += f'\n[[systems]]\nid = "{system}"\naddresses = ["127.0.0.1/32"]\n'
        node.settings = text
        (node.folder / "node.toml").write_text(text)


def peer_name(number: int) -> str:
    """The name of the node of one of the further providers, counted from 0."""
    return f"provider-{number}"


def peer_service(number: int) -> ServiceId:
    """The service of one of the further providers, counted from 0."""
    return ServiceId("VN", "GOV", f"P{number:02}", "dan-cu", "thu")


def make_keys(authority: pki.Authority, folder: Path, member: MemberId, *, now_ms: int) -> Keys:
    """Channel and signing keys with certificates of `authority`, as files in `folder`."""
    found = {}
    for kind, profile in (("tls", pki.Profile.NODE_TLS), ("sign", pki.Profile.SIGNING)):
        key, csr = pki.make_key_and_csr(str(member), os.urandom)
        subject = pki.Subject(str(member), folder.name, ("localhost", "127.0.0.1"))
        issuance = pki.Issuance(subject, profile, now_ms - 3_600_000, 30, pki.make_serial(os.urandom))
        pem = pki.issue_from_csr(authority, csr, issuance)  # fmt: skip
        chain = pem + (pki.certificate_pem(authority.issuing) if kind == "tls" else "")
        (folder / f"{kind}.crt").write_text(chain)
        (folder / f"{kind}.key").touch(mode=0o600)
        (folder / f"{kind}.key").write_text(key)
        found[kind] = pki.read_certificate(pem)
    sign = found["sign"]
    signer = SigningCertificate(member, sign.der, sign.digest, sign.valid_from_ms, sign.valid_to_ms)
    return Keys(folder, found["tls"].digest, signer)


def service(code: str, **changes: object) -> Service:
    """A REST service of the rig's provider beside `SERVICE`, with `changes`."""
    values: dict[str, object] = {"endpoints": (Endpoint("*", "/**"),), **changes}
    return Service(
        ServiceId(*SERVICE.system, code), values.pop("kind", ServiceKind.REST), code, code, DataClass.BASIC, **values
    )  # type: ignore[arg-type]


_SETTINGS = """
[node]
id = "{id}"
data_dir = "data"
error_style = "{style}"
workers = {workers}
cpus = {cpus}
[directory]
source = "../directory"
trusted_root = "../root.json"
poll_s = {poll_s}
[front]
listen = "127.0.0.1:{front}"
{front_settings}
[peer]
listen = "{peer}"
tls_certificate = "tls.crt"
tls_key = "tls.key"
trunk = {trunk}
[admin]
listen = "127.0.0.1:{admin}"
[[signing]]
member = "{member}"
certificate = "sign.crt"
key = "file:sign.key"
{extra}
"""


def grant(**changes: object) -> Grant:
    """The grant of the rig's system, with `changes`."""
    now_ms = time.time_ns() // 1_000_000
    values: dict[str, object] = {
        "grant_id": "g-1",
        "consumer": SYSTEM,
        "service": SERVICE,
        "legal_basis": (LegalBasis("NĐ 47/2020/NĐ-CP", "Điều 34"),),
        "purpose": PURPOSE,
        "valid_from_ms": now_ms - _DAY_MS,
        "valid_to_ms": now_ms + 30 * _DAY_MS,
        "defaults": Reason(purpose=PURPOSE),
    }
    return Grant(**(values | changes))  # type: ignore[arg-type]


def _members() -> list[Member]:
    return [
        Member(PROVIDER, "Bộ Công an", "Ministry of Public Security", (MemberId("VN", "GOV", "000.00.00.G01"),)),
        Member(CONSUMER, "Hà Nội", "Hanoi"),
    ]


def _systems() -> list[System]:
    return [
        System(SERVICE.system, NodeId(*PROVIDER, "nut-1"), "Dân cư", "Population", 4),
        System(SYSTEM, NodeId(*CONSUMER, "nut-1"), "Một cửa", "One-stop", 3),
        System(OTHER_SYSTEM, NodeId(*CONSUMER, "nut-1"), "Cổng dịch vụ công", "Portal", 3),
    ]


def _peer_member(service_id: ServiceId) -> Member:
    return Member(service_id.member, f"Cơ quan {service_id.member_code}", f"Agency {service_id.member_code}")


def _peer_system(service_id: ServiceId) -> System:
    node_id = NodeId(*service_id.member, "nut-1")
    return System(service_id.system, node_id, "Dân cư", "Population", 4)


def _service(retention: str) -> Service:
    return Service(
        SERVICE,
        ServiceKind.OPENAPI,
        "Dịch vụ thử",
        "Test service",
        DataClass.BASIC,
        endpoints=(Endpoint("*", "/**"),),
        body_retention=BodyRetention(retention),
        openapi='openapi: "3.0.3"\ninfo: {title: Thử, version: "1"}\n'
        'servers: [{url: "https://trong.example/api"}]\npaths: {}\n',
    )
