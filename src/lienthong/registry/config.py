"""The registry's settings: strict TOML, unknown keys refused. Page: docs/reference/registry-settings.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lienthong.domain.errors import Malformed, Unavailable

FILE_NAME = "registry.toml"


class RegistryConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``registry.toml`` in the data directory may say. Numbers are above zero."""

    instance: str = "VN"
    """First part of every identifier."""
    name: str = "Liên Thông"
    """Name in the certificates of the embedded authority."""
    database_url: str = ""
    """SQLAlchemy URL of the register; empty: SQLite in the data directory."""
    body_bytes_max: int = 8 * 1024 * 1024
    """Largest body of a request to the API."""
    requests_per_s: float = 50.0
    """How many requests of one client address the API takes, over time."""
    requests_burst: int = 200
    """How many of them may come at once."""
    enrolment_token_s: int = 7 * 86_400
    """How long a node's one-time enrolment token can be used."""
    api_token_days: int = 365
    """How long an access token holds."""
    node_tls_days: int = 397
    """Lifetime of the channel certificates of nodes."""
    signing_days: int = 397
    """Lifetime of the signing certificates of members."""
    directory_valid_s: int = 30 * 86_400
    """How long the documents of the directory hold; they are published again after half of it."""
    timestamp_valid_s: int = 3 * 86_400
    """How long nodes go on without the registry."""
    renew_every_s: int = 3600
    """How often the directory is signed anew."""
    tls_certificate: str = ""
    """PEM file: HTTPS. Outside loopback the registry listens only with this, or with `behind_proxy`."""
    tls_key: str = ""
    """PEM file of its key."""
    behind_proxy: bool = False
    """TLS ends at a proxy in front."""


def load_config(data_dir: Path) -> RegistryConfig:
    """Read ``registry.toml``; raises Unavailable without one, Malformed (``InvalidSettings``) on what is wrong."""
    try:
        raw = (data_dir / FILE_NAME).read_bytes()
    except OSError:
        raise Unavailable("RegistryMissing", f"no registry in {data_dir}: run lienthong registry init") from None
    try:
        config = msgspec.toml.decode(raw, type=RegistryConfig)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Malformed("InvalidSettings", f"{FILE_NAME}: {error}") from None
    _check(config)
    return config


def _check(config: RegistryConfig) -> None:
    positive = {
        "body_bytes_max": config.body_bytes_max,
        "requests_per_s": config.requests_per_s,
        "requests_burst": config.requests_burst,
        "enrolment_token_s": config.enrolment_token_s,
        "api_token_days": config.api_token_days,
        "node_tls_days": config.node_tls_days,
        "signing_days": config.signing_days,
        "directory_valid_s": config.directory_valid_s,
        "timestamp_valid_s": config.timestamp_valid_s,
        "renew_every_s": config.renew_every_s,
    }
    for name, value in positive.items():
        if value <= 0:
            raise Malformed("InvalidSettings", f"{FILE_NAME}: {name} must be above zero")
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise Malformed("InvalidSettings", f"{FILE_NAME}: tls_certificate and tls_key go together")
