"""The settings files of the nodes, as text; every setting is in docs/reference/node-settings.md."""

from __future__ import annotations

import json

from lienthong.cli.country.plan import NodePlan, Plan

_NODE = """\
# Written by lienthong country: the node of {member} in the miniature country.
[node]
id = {id}
data_dir = "data"

[directory]
source = {directory}
trusted_root = "root.json"

# For the systems of the organisation.
[front]
listen = {listen}
listen_tls = {listen_tls}
tls_certificate = "tls.pem"
tls_key = "tls.key"

# For other nodes: mutual TLS 1.3.
[peer]
listen = {peer}
tls_certificate = "tls.pem"
tls_key = "tls.key"

# /health and /metrics.
[admin]
listen = {admin}

[[signing]]
member = {signer}
certificate = "sign.pem"
key = "file:sign.key"

[ledger]
segment_mib = 8
"""


def node_settings_text(plan: Plan, node: NodePlan, secret_hashes: dict[str, str]) -> str:
    """``node.toml`` of one node; `secret_hashes` by system identifier."""
    text = _NODE.format(
        member=node.member,
        id=_text(node.id),
        signer=_text(node.member),
        directory=_text(f"{plan.registry.url}/directory"),
        listen=_text(f"{node.host}:{node.client_port}"),
        listen_tls=_text(f"{node.host}:{node.client_tls_port}"),
        peer=_text(f"{node.host}:{node.exchange_port}"),
        admin=_text(f"{node.host}:{node.admin_port}"),
    )
    for system in plan.systems:
        if system.id in node.systems:
            text += f"\n[[systems]]\nid = {_text(system.id)}\n"
            if system.proves == "secret":
                text += f"secret_hash = {_text(secret_hashes[system.id])}\n"
            else:
                text += 'addresses = ["127.0.0.1/32"]\n'
    for backend in plan.backends:
        if backend.service.startswith(f"{node.member}/"):
            text += f"\n[[services]]\nid = {_text(backend.service)}\nurl = {_text(backend.url)}\n"
    return text


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
