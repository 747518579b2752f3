"""Founding a registry: keys, CA, empty register, first operator. Whole or not at all.

Everything is made in a folder beside the target, which is renamed at the end. No password or key is built in: the
first operator's token is made here, printed once by the caller and kept nowhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from lienthong.adapters.directory_publisher import RootKeys, load_signer, write_new_key
from lienthong.adapters.pki import Lifetimes, make_authority, save_authority
from lienthong.domain.errors import Refused
from lienthong.registry.app.opening import ONLINE_ROLES, books_of, publisher_of
from lienthong.registry.config import FILE_NAME, RegistryConfig
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.store.migrate import upgrade
from lienthong.registry.use_cases.acting import begin_act
from lienthong.registry.use_cases.tokens import make_token

ROOT_KEYS = 3
ROOT_THRESHOLD = 2
_ALWAYS = ("instance", "name")


class Founded(NamedTuple):
    """What the first operator needs: the token (shown once), and the files that belong off this machine."""

    token: str
    holder: str
    data_dir: Path
    take_away: tuple[str, ...]


def found(data_dir: Path, config: RegistryConfig, holder: str, now_ms: int) -> Founded:
    """Make a registry in `data_dir`, which is absent or empty; raises Refused (``AlreadyExists``)."""
    target = data_dir.absolute()
    if target.exists() and any(target.iterdir()):
        raise Refused("AlreadyExists", f"{target} is not empty")
    building = target.with_name(f".{target.name}.new")
    if building.exists():
        raise Refused("AlreadyExists", f"{building} is left from an attempt that was cut off: remove it")
    building.mkdir(mode=0o700, parents=True)
    _make_keys(building, config, now_ms)
    token = _make_register(building, config, holder, now_ms)
    (building / FILE_NAME).write_bytes(_settings(config).encode())
    os.rename(building, target)
    roots = tuple(f"keys/root-{number}.key" for number in range(1, ROOT_KEYS + 1))
    return Founded(token, holder, target, (*roots, "ca/root.key"))


def _settings(config: RegistryConfig) -> str:
    """The settings as TOML (JSON's plain values are TOML's): what was chosen, the rest follows the defaults."""
    plain = RegistryConfig()
    chosen = {name: getattr(config, name) for name in config.__struct_fields__}
    kept = {name: value for name, value in chosen.items() if name in _ALWAYS or value != getattr(plain, name)}
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in kept.items())


def _make_keys(folder: Path, config: RegistryConfig, now_ms: int) -> None:
    lifetimes = Lifetimes(node_tls_days=config.node_tls_days, signing_days=config.signing_days)
    authority, root_key = make_authority(config.name, now_ms, random=os.urandom, lifetimes=lifetimes)
    save_authority(folder / "ca", authority, root_key)
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    for role in ONLINE_ROLES:
        write_new_key(keys / f"{role}.key")
    uris = [write_new_key(keys / f"root-{number}.key") for number in range(1, ROOT_KEYS + 1)]
    root = RootKeys(tuple(load_signer(uri) for uri in uris), ROOT_THRESHOLD)
    publisher_of(folder, config).create(root, now_ms=now_ms)


def _make_register(folder: Path, config: RegistryConfig, holder: str, now_ms: int) -> str:
    """The empty register with its first operator; the token's text."""
    books = books_of(folder, config)
    try:
        upgrade(books)
        with books.unit() as unit:
            actor = Actor("", holder, Role.OPERATOR)
            act = begin_act(unit, actor, now_ms, random=os.urandom, instance=config.instance)
            act.record(AuditEvent.REGISTRY_INIT, config.instance)
            return make_token(act, holder, Role.OPERATOR, member=None, valid_days=config.api_token_days).text
    finally:
        books.close()
