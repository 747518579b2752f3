"""Setting up a country: registry, network, keys and certificates of every node, settings. Whole or not at all.

Everything is made in a folder beside the target, which is renamed at the end. Every node of the network is enrolled
as in life (one-time token, certificate requests, approval by a second person), because the directory holds only
nodes with certificates; of those that do not run here the private keys are dropped at once.
"""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec

from lienthong.adapters.pki import load_authority, make_key_and_csr, write_secret
from lienthong.cli.country.places import Places
from lienthong.cli.country.plan import NodePlan, Plan
from lienthong.cli.country.settings import node_settings_text
from lienthong.cli.registry.local import read_network
from lienthong.node.rules.secrets import hash_secret
from lienthong.registry.app.founding import found as found_registry
from lienthong.registry.app.opening import directory_terms, local_act, publisher_of
from lienthong.registry.config import RegistryConfig, load_config
from lienthong.registry.store.tables import NodeRow
from lienthong.registry.use_cases.acting import Act, begin_act
from lienthong.registry.use_cases.enrolment import (
    EnrolEntry,
    IssuedCertificates,
    Issuing,
    approve_enrolment,
    enrol,
    issued,
    token_holder,
)
from lienthong.registry.use_cases.import_network import Imported, import_network
from lienthong.registry.use_cases.nodes import give_enrolment_token
from lienthong.registry.use_cases.publish import Published, publish

FIRST_OPERATOR = "Người vận hành thứ nhất"
SECOND_OPERATOR = "Người vận hành thứ hai"
_TOKEN_VALID_S = 3600
_REGISTRY = RegistryConfig(name="Liên Thông thu nhỏ", requests_per_s=1000.0, requests_burst=5000)
"""Six nodes, a story and a curious reader share one client address here."""


class Founded(NamedTuple):
    """What was set up."""

    imported: Imported
    published: Published


class _Keys(NamedTuple):
    """Private keys (PEM) of one node, before they are written or dropped."""

    tls: str
    signing: str


def set_up(root: Path, source: Path, plan: Plan, *, fingerprint: str, now_ms: int) -> Founded:
    """Make a country in `root`, which is absent, from the folder `source`; raises the errors of the registry."""
    building = root.with_name(f".{root.name}.new")
    if building.exists():
        shutil.rmtree(building)  # left from an attempt that was cut off; never used by anything
    building.mkdir(mode=0o700, parents=True)
    places = Places(building)
    token = found_registry(places.registry, _REGISTRY, FIRST_OPERATOR, now_ms).token
    write_secret(places.token, token + "\n")
    imported = _load_network(places, source, plan)
    published = _enrol_all(places, plan)
    _write_nodes(places, plan)
    marker = {"format": "lienthong-country/1", "fingerprint": fingerprint, "founded_ms": now_ms}
    places.marker.write_bytes(msgspec.json.encode(marker))
    os.rename(building, root)
    return Founded(imported, published)


def _load_network(places: Places, source: Path, plan: Plan) -> Imported:
    """The whole network; nodes that run here get the ports of the plan."""
    document = read_network(source / plan.network)
    ours = {node.id: node for node in plan.nodes}
    nodes = [
        msgspec.structs.replace(entry, host=ours[entry.id].host, port=ours[entry.id].exchange_port)
        if entry.id in ours
        else entry
        for entry in document.nodes
    ]
    with local_act(places.registry, FIRST_OPERATOR) as act:
        return import_network(act, msgspec.structs.replace(document, nodes=tuple(nodes)))


def _enrol_all(places: Places, plan: Plan) -> Published:
    """Enrol every node, approve, publish the directory; write keys and certificates of the nodes that run here."""
    config = load_config(places.registry)
    authority = load_authority(places.registry / "ca")
    issuing = Issuing(authority, config.node_tls_days, config.signing_days)
    with local_act(places.registry, FIRST_OPERATOR) as act:
        asked = [_ask(act, row.xroad_id) for row in act.unit.all(NodeRow)]
    with local_act(places.registry, SECOND_OPERATOR) as act:
        for enrolment_id, _ in asked:
            approve_enrolment(act, enrolment_id, issuing)
        given = [(issued(act.unit, enrolment_id, authority), keys) for enrolment_id, keys in asked]
        published = publish(act, publisher_of(places.registry, config), directory_terms(config, authority))
    ours = {node.id: node for node in plan.nodes}
    places.authorities.write_text(authority.chain_pem, encoding="ascii")
    shutil.copyfile(places.registry / "directory" / "metadata" / "1.root.json", places.trusted_root)
    for certificates, keys in given:
        if certificates.node in ours:
            _write_keys(places, ours[certificates.node], certificates, keys=keys)
    return published


def _ask(act: Act, node: str) -> tuple[str, _Keys]:
    """One node enrols with a token that it was given: the enrolment's id, and the keys that it made."""
    token = give_enrolment_token(act, node, _TOKEN_VALID_S)
    row, actor = token_holder(act.unit, token, act.now_ms)
    member = node.rpartition("/")[0]
    (tls, tls_csr), (signing, signing_csr) = make_key_and_csr(node, os.urandom), make_key_and_csr(member, os.urandom)
    at_node = begin_act(act.unit, actor, act.now_ms, random=os.urandom, instance=act.instance)
    enrolment = enrol(at_node, row, EnrolEntry(token, tls_csr, {member: signing_csr}))
    return enrolment.id, _Keys(tls, signing)


def _write_keys(places: Places, node: NodePlan, certificates: IssuedCertificates, *, keys: _Keys) -> None:
    folder = places.node(node)
    folder.mkdir(mode=0o700, parents=True)
    write_secret(folder / "tls.key", keys.tls)
    write_secret(folder / "sign.key", keys.signing)
    chain = certificates.tls_certificate + certificates.authority_chain
    (folder / "tls.pem").write_text(chain, encoding="ascii")
    (folder / "sign.pem").write_text(certificates.signing_certificates[node.member], encoding="ascii")
    shutil.copyfile(places.trusted_root, folder / "root.json")


def _write_nodes(places: Places, plan: Plan) -> None:
    """A secret for each system that proves itself by one; the settings of the nodes."""
    hashes = {}
    for system in plan.systems:
        if system.proves == "secret":
            secret = base64.urlsafe_b64encode(os.urandom(24)).decode()
            places.secret(system).parent.mkdir(mode=0o700, exist_ok=True)
            write_secret(places.secret(system), secret + "\n")
            hashes[system.id] = hash_secret(secret, os.urandom(16))
    for node in plan.nodes:
        text = node_settings_text(plan, node, hashes)
        (places.node(node) / "node.toml").write_text(text, encoding="utf-8")
