"""Opening a registry's data directory: the one place where its parts meet the clock, the disk and randomness.

::

    registry.toml            settings (written last by founding: its presence means that the registry is whole)
    registry.sqlite          the register, unless database_url says otherwise
    ca/                      root and issuing CA; root.key belongs off this machine
    keys/                    TUF root keys (three people, two needed) and the online keys
    directory/               the TUF repository as nodes fetch it
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lienthong.adapters.directory_publisher import (
    DirectoryPublisher,
    Lifetimes,
    OnlineKeys,
    Publication,
    load_signer,
)
from lienthong.adapters.pki import Authority, certificate_pem, load_authority
from lienthong.registry.config import RegistryConfig, load_config
from lienthong.registry.rules.roles import Actor, Role
from lienthong.registry.store.migrate import upgrade
from lienthong.registry.store.unit import Books, open_books
from lienthong.registry.use_cases.acting import Act, begin_act
from lienthong.registry.use_cases.enrolment import Issuing
from lienthong.registry.use_cases.publish import DirectoryTerms
from lienthong.registry.use_cases.tokens import TokenChecks

if TYPE_CHECKING:
    from lienthong.registry.api.desk import Desk

ONLINE_ROLES = ("timestamp", "snapshot", "targets")


class OnePublisher:
    """Publishes one at a time inside this process; between processes the register's write lock does."""

    def __init__(self, publisher: DirectoryPublisher) -> None:
        self._publisher, self._lock = publisher, threading.Lock()

    def publish(self, network: bytes, providers: Mapping[str, bytes], *, now_ms: int) -> Publication:
        """As `DirectoryPublisher.publish`."""
        with self._lock:
            return self._publisher.publish(network, providers, now_ms=now_ms)

    def renew(self, *, now_ms: int) -> Publication:
        """As `DirectoryPublisher.renew`."""
        with self._lock:
            return self._publisher.renew(now_ms=now_ms)


def now_ms() -> int:
    """The machine's clock."""
    return time.time_ns() // 1_000_000


@contextmanager
def local_act(data_dir: Path, holder: str) -> Iterator[Act]:
    """An act of an operator at the machine itself, in one transaction; raises Unavailable, Malformed."""
    config = load_config(data_dir)
    books = books_of(data_dir, config)
    try:
        upgrade(books)
        with books.unit() as unit:
            actor = Actor("", holder, Role.OPERATOR)
            yield begin_act(unit, actor, now_ms(), random=os.urandom, instance=config.instance)
    finally:
        books.close()


def open_desk(data_dir: Path) -> Desk:
    """Open the registry in `data_dir`, its database brought to the newest schema; raises Unavailable, Malformed."""
    # Imported here: acts at the machine itself need no web framework, which takes half a second.
    from lienthong.registry.api.desk import Desk

    config = load_config(data_dir)
    authority = load_authority(data_dir / "ca")
    books = books_of(data_dir, config)
    upgrade(books)
    return Desk(
        books=books,
        config=config,
        issuing=Issuing(authority, config.node_tls_days, config.signing_days),
        publisher=OnePublisher(publisher_of(data_dir, config)),
        directory_terms=directory_terms(config, authority),
        checks=TokenChecks(),
        now_ms=now_ms,
        random=os.urandom,
    )


def books_of(data_dir: Path, config: RegistryConfig) -> Books:
    """The register's database."""
    return open_books(config.database_url or f"sqlite:///{data_dir / 'registry.sqlite'}")


def publisher_of(data_dir: Path, config: RegistryConfig) -> DirectoryPublisher:
    """The publisher with the online keys of this registry; raises Unavailable."""
    keys = [load_signer((data_dir / "keys" / f"{role}.key").resolve().as_uri()) for role in ONLINE_ROLES]
    lifetimes = Lifetimes(timestamp_s=config.timestamp_valid_s)
    return DirectoryPublisher(data_dir / "directory", OnlineKeys(*keys), lifetimes=lifetimes)


def directory_terms(config: RegistryConfig, authority: Authority) -> DirectoryTerms:
    """What the directory says beside the register."""
    pems = (certificate_pem(authority.issuing), certificate_pem(authority.root))
    return DirectoryTerms(config.directory_valid_s, pems)
