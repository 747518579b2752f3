"""The node's settings: one strict TOML file. Unknown keys are refused; docs/reference/node-settings.md has them all.

Paths are relative to the file. Rules that need more than one setting are checked by `node_settings`.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote

import msgspec

from lienthong.domain.errors import Malformed

Port = Annotated[str, msgspec.Meta(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$")]
Positive = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Unknown keys are refused."""


class NodeSection(_Strict, frozen=True):
    """Who this node is and where it keeps its data."""

    id: str
    """The node's identifier: instance/class/member/code."""
    data_dir: str
    """Folder of the ledger, the index and the directory cache."""
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """Processes that share the listening ports."""
    cpus: tuple[Annotated[int, msgspec.Meta(ge=0, le=4095)], ...] = ()
    """Processors to which the processes are bound, one each in turn; empty: the system places them."""
    error_style: Literal["documented", "snake"] = "documented"
    """Spelling of error codes: ``Server.ServerProxy.AccessDenied`` or ``server.serverproxy.access_denied``."""


class DirectorySection(_Strict, frozen=True):
    """Where the signed directory comes from."""

    source: str
    """Address (http, https) or folder of the directory."""
    trusted_root: str
    """File of the root metadata that is trusted from the start."""
    poll_s: Seconds = 10.0
    """How often a newer directory is asked for."""


class FrontSection(_Strict, frozen=True):
    """The door towards the organisation's own systems."""

    listen: Port | None = None
    """Plain HTTP; only on a loopback or private address."""
    listen_tls: Port | None = None
    """HTTPS; asks for client certificates and takes tokens."""
    tls_certificate: str | None = None
    """Certificate chain of the HTTPS door (PEM)."""
    tls_key: str | None = None
    """Its key (PEM, mode 0600)."""
    client_ca: str | None = None
    """Certificate authorities of client certificates (PEM); a certificate is then matched by its digest."""


class PeerSection(_Strict, frozen=True):
    """The door towards other nodes: mutual TLS 1.3 only."""

    listen: Port
    """Address of the door."""
    tls_certificate: str
    """Channel certificate chain (PEM); used as server and as client."""
    tls_key: str
    """Its key (PEM, mode 0600)."""
    trunk: bool = False
    """Offer trunks to other nodes, and ask them for one: many messages under one signature. Not complete yet."""


class AdminSection(_Strict, frozen=True):
    """Health and metrics."""

    listen: Port
    """Plain HTTP for /health and /metrics; keep it inside."""


class SigningSection(_Strict, frozen=True):
    """A signing key of one member that this node serves."""

    member: str
    """Member identifier."""
    certificate: str
    """Signing certificate (PEM)."""
    key: str
    """Key by URI: ``file:signing.key``."""


class SystemSection(_Strict, frozen=True):
    """A system of the organisation that may call, and how it proves that it is that system."""

    id: str
    """System identifier."""
    certificates: tuple[str, ...] = ()
    """SHA-256 digests (hexadecimal) of its client certificates."""
    secret_hash: str | None = None
    """``scrypt$…`` hash of its OAuth2 client secret; the client id is the system identifier."""
    addresses: tuple[str, ...] = ()
    """Networks (CIDR) from which plain HTTP calls in its name are taken."""


class ServiceSection(_Strict, frozen=True):
    """A service whose system stands behind this node."""

    id: str
    """Service identifier."""
    url: str
    """Address of the system that answers."""
    answer_s: Seconds = 30.0
    """How long it may take to answer."""
    connections: Positive = 256
    """Most connections to it."""


class LedgerSection(_Strict, frozen=True):
    """The message ledger."""

    segment_mib: Annotated[int, msgspec.Meta(ge=4, le=4096)] = 64
    """Size of one preallocated segment file; a record takes at most an eighth of it."""
    key_encryption_key: str | None = None
    """Key that wraps the day keys, by URI: ``file:at-rest.key``; made at the first start. Not set: in `data_dir`."""


class IndexSection(_Strict, frozen=True):
    """Where the ledger is indexed: what `lienthong evidence` looks in first."""

    database: str = ""
    """Address of a PostgreSQL database, ``postgresql://user@host/name?sslmode=verify-full``, which workers, nodes and
    hosts may share; without a password, which libpq takes from ``passfile=``, ``PGPASSFILE`` or ``PGPASSWORD``.
    Empty: a SQLite file beside the ledger."""


class LimitsSection(_Strict, frozen=True):
    """Bounds of the message plane."""

    inline_body_kib: Annotated[int, msgspec.Meta(ge=1, le=16_384)] = 256
    """Bodies up to this size travel whole; larger ones as a stream of verified chunks."""
    body_mib_max: Positive = 16_384
    """Largest body of a stream."""
    masked_body_mib_max: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 16
    """Largest answer that is cut to granted fields."""
    connections: Positive = 4096
    """Most connections at each door."""
    header_s: Seconds = 10.0
    """How long the header of a request may take to arrive."""
    body_idle_s: Seconds = 30.0
    """Longest pause inside a body."""
    peer_answer_s: Seconds = 60.0
    """How long another node may take to answer."""
    peer_connections: Positive = 512
    """Most connections to one other node."""
    window_s: Seconds = 300.0
    """Accepted difference between a message's signing time and our clock."""
    repeat_s: Seconds = 3600.0
    """How long message ids of operations that must not be repeated are remembered."""
    remembered: Positive = 2_000_000
    """Most ids remembered at a time."""
    quota_windows: Positive = 1_000_000
    """Most quota windows counted at a time."""

    @property
    def body_max(self) -> int:
        """Largest body of a stream, in bytes."""
        return self.body_mib_max << 20

    @property
    def masked_body_max(self) -> int:
        """Largest answer that is cut, in bytes."""
        return self.masked_body_mib_max << 20


class NodeSettings(_Strict, frozen=True):
    """The whole file."""

    node: NodeSection
    directory: DirectorySection
    front: FrontSection
    peer: PeerSection
    admin: AdminSection
    signing: tuple[SigningSection, ...] = ()
    systems: tuple[SystemSection, ...] = ()
    services: tuple[ServiceSection, ...] = ()
    ledger: LedgerSection = LedgerSection()
    index: IndexSection = IndexSection()
    limits: LimitsSection = LimitsSection()


def node_settings(text: str) -> NodeSettings:
    """Read and check settings; raises Malformed naming the key that is wrong."""
    try:
        settings = msgspec.toml.decode(text, type=NodeSettings)
    except msgspec.DecodeError as error:
        raise Malformed("InvalidRequest", f"the settings are not valid: {error}") from None
    for problem in _problems(settings):
        raise Malformed("InvalidRequest", f"the settings are not valid: {problem}")
    return settings


def _problems(settings: NodeSettings) -> list[str]:
    front = settings.front
    found = []
    if front.listen is None and front.listen_tls is None:
        found.append("front: one of listen and listen_tls is needed")
    if front.listen_tls is not None and (front.tls_certificate is None or front.tls_key is None):
        found.append("front: listen_tls needs tls_certificate and tls_key")
    if front.listen is not None and not _inside(front.listen):
        found.append("front: listen (plain HTTP) must be a loopback or private address")
    if front.client_ca is None and any(system.certificates for system in settings.systems):
        found.append("front: client_ca is needed where systems prove themselves by certificate")
    found += [
        f"systems: {system.id} has no way to prove who it is"
        for system in settings.systems
        if not (system.certificates or system.secret_hash or system.addresses)
    ]
    found += [
        f"services: {service.id} needs an http or https url"
        for service in settings.services
        if not service.url.startswith(("http://", "https://"))
    ]
    return found + [f"index: database {problem}" for problem in database_problems(settings.index.database)]


def database_problems(database: str) -> list[str]:
    """What is wrong with the address of a database, by libpq's own rules; its text is not repeated."""
    if not database:
        return []
    scheme, _, rest = database.partition("://")
    if scheme not in ("postgresql", "postgres"):
        return ["must be an address that begins with postgresql://"]
    account = ""
    if "@" in rest.partition("/")[0]:
        account, _, rest = rest.partition("@")
    place, _, query = rest.partition("?")
    hosts = place.partition("/")[0]
    given = dict(parse_qsl(query, keep_blank_values=True))
    found = []
    if ":" in account or {"password", "sslpassword"} & set(given):
        found.append("must not hold a password: name a file with passfile=, PGPASSFILE or PGPASSWORD")
    named = ",".join(filter(None, (unquote(hosts), given.get("host"), given.get("hostaddr"))))
    local = all(map(_is_this_machine, named.split(",")))
    if not local and "service" not in given and given.get("sslmode") != "verify-full":
        found.append("is on another machine and needs sslmode=verify-full")
    return found


def _is_this_machine(host: str) -> bool:
    """Whether a host of libpq, with or without a port, is a Unix socket or a loopback address."""
    if not host or host.startswith(("/", "@")) or host.partition(":")[0] == "localhost":
        return True
    try:
        return ip_address(host.rpartition("]")[0].strip("[") or host.partition(":")[0]).is_loopback
    except ValueError:
        return host == "::1"


def _inside(listen: str) -> bool:
    host = listen.rpartition(":")[0].strip("[]")
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"  # a name that begins like a private address may be anywhere
    return any(address in network for network in _INSIDE if network.version == address.version)


_INSIDE = tuple(
    map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
"""Loopback, RFC 1918, RFC 4193."""
