"""What runs in the country on one machine: ``demo.toml`` and the network beside it, read and checked.

Strict: an unknown key is refused. `shift` moves every port by the same number, so that two countries can run beside
each other. Reads files; starts nothing.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from lienthong.domain.errors import Malformed, Unavailable
from lienthong.domain.identifiers import parse_node_id, parse_service_id, parse_system_id

DEMO_FILE = "demo.toml"
_TABLES = {"nodes": "node", "systems": "system", "applications": "application", "backends": "backend"}
_PORT = re.compile(r"(?<=:)\d+")


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown keys are refused."""


class RegistryPlan(_Strict, frozen=True):
    """Where the registry listens, ``host:port``."""

    listen: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.listen}"


class NodePlan(_Strict, frozen=True):
    """A node: the addresses of its four doors and the systems behind it."""

    id: str
    host: str
    exchange_port: int
    client_port: int
    client_tls_port: int
    admin_port: int
    systems: tuple[str, ...]

    @property
    def member(self) -> str:
        """Its owner, ``VN/GOV/G01``."""
        return str(parse_node_id(self.id).member)

    @property
    def name(self) -> str:
        """A name for folders: ``GOV-G01``."""
        return "-".join(self.member.split("/")[1:])

    @property
    def ports(self) -> dict[str, int]:
        """Every port it listens on, by the name of its setting."""
        names = ("exchange_port", "client_port", "client_tls_port", "admin_port")
        return {name: getattr(self, name) for name in names}


class SystemPlan(_Strict, frozen=True):
    """How a system proves to its node who it is."""

    id: str
    proves: Literal["secret", "address"]

    @property
    def name(self) -> str:
        """A name for files: ``PROV-H26-mot-cua``."""
        return "-".join(self.id.split("/")[1:])


class ApplicationPlan(_Strict, frozen=True):
    """A provider application: module, ``host:port`` and further flags."""

    name: str
    module: str
    listen: str
    args: tuple[str, ...] = ()


class BackendPlan(_Strict, frozen=True):
    """Where the provider's node finds a service."""

    service: str
    url: str


class Plan(_Strict, frozen=True, rename=_TABLES):
    """The whole of ``demo.toml``."""

    seed: int
    personae: str
    network: str
    registry: RegistryPlan
    nodes: tuple[NodePlan, ...]
    systems: tuple[SystemPlan, ...]
    applications: tuple[ApplicationPlan, ...]
    backends: tuple[BackendPlan, ...]

    def node_of(self, identifier: str) -> NodePlan:
        """The node of the member of a system or service."""
        member = "/".join(identifier.split("/")[:3])
        return next(node for node in self.nodes if node.member == member)

    def system(self, identifier: str) -> SystemPlan:
        """The system with this id."""
        return next(system for system in self.systems if system.id == identifier)


def read_plan(folder: Path, shift: int) -> Plan:
    """The plan in `folder`; raises Unavailable CountryMissing, Malformed CountryInvalid."""
    try:
        raw = (folder / DEMO_FILE).read_bytes()
    except OSError as error:
        raise Unavailable(
            "CountryMissing", f"{folder / DEMO_FILE}: {error.strerror}; start in the repository, or say --country DIR"
        ) from None
    try:
        plan = msgspec.toml.decode(raw, type=Plan)
        _check(plan)
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError) as error:
        raise Malformed("CountryInvalid", f"{folder / DEMO_FILE}: {error}") from None
    return _shifted(plan, shift)


def fingerprint(folder: Path, plan: Plan) -> str:
    """SHA-256 (hex) over what a country is set up from: the plan and every file of the network."""
    total = hashlib.sha256(msgspec.json.encode(plan))
    for path in sorted((folder / plan.network).rglob("*")):
        if path.is_file():
            total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _check(plan: Plan) -> None:
    """Raises LookupError for what refers to nothing."""
    members = {node.member for node in plan.nodes}
    behind = {system for node in plan.nodes for system in node.systems}
    for system in plan.systems:
        parse_system_id(system.id)
        if system.id not in behind:
            raise LookupError(f"system {system.id} stands behind no node")
    for backend in plan.backends:
        if str(parse_service_id(backend.service).member) not in members:
            raise LookupError(f"no node runs for the service {backend.service}")


def _shifted(plan: Plan, shift: int) -> Plan:
    replace = msgspec.structs.replace
    nodes = [replace(node, **{name: port + shift for name, port in node.ports.items()}) for node in plan.nodes]
    return replace(
        plan,
        registry=RegistryPlan(_moved(plan.registry.listen, shift)),
        nodes=tuple(nodes),
        applications=tuple(replace(one, listen=_moved(one.listen, shift)) for one in plan.applications),
        backends=tuple(replace(one, url=_moved(one.url, shift)) for one in plan.backends),
    )


def _moved(address: str, shift: int) -> str:
    return _PORT.sub(lambda port: str(int(port.group()) + shift), address, count=1)


def read_personae(folder: Path, plan: Plan) -> dict[str, Any]:
    """The people and parcels of the story; raises Malformed CountryInvalid."""
    try:
        document: dict[str, Any] = msgspec.json.decode((folder / plan.personae).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise Malformed("CountryInvalid", f"{folder / plan.personae}: {error}") from None
    return document
