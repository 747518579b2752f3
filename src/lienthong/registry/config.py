"""The registry's settings: strict TOML, every key documented in docs/operate/registry.md, unknown keys refused."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lienthong.domain.errors import Malformed, Unavailable

FILE_NAME = "registry.toml"


class RegistryConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``registry.toml`` in the data directory may say.

    `database_url` empty = SQLite in the data directory. `requests_per_s` and `requests_burst` bound the API per
    client address. Nodes go on for `timestamp_valid_s` without the registry, which signs anew every `renew_every_s`;
    the documents themselves hold for `directory_valid_s` and are published again after half of it. `behind_proxy`
    says that TLS ends at a proxy in front: without it or a certificate, the registry listens on loopback only.
    """

    instance: str = "VN"
    name: str = "Liên Thông"
    database_url: str = ""
    body_bytes_max: int = 8 * 1024 * 1024
    requests_per_s: float = 50.0
    requests_burst: int = 200
    enrolment_token_s: int = 7 * 86_400
    api_token_days: int = 365
    node_tls_days: int = 397
    signing_days: int = 397
    directory_valid_s: int = 30 * 86_400
    timestamp_valid_s: int = 3 * 86_400
    renew_every_s: int = 3600
    tls_certificate: str = ""
    tls_key: str = ""
    behind_proxy: bool = False


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
