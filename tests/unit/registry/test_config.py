"""The settings are strict; their page is made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from lienthong.domain.errors import Malformed, Unavailable
from lienthong.registry.app.running import read_address, require_safe
from lienthong.registry.config import RegistryConfig, load_config


@pytest.mark.parametrize(
    "text",
    ["x = 1", "instance = 1", "requests_burst = 0", "body_bytes_max = -1", 'tls_key = "a"', "=", 'instance = "\\x"'],
)
def test_bad_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "registry.toml").write_text(text)
    with pytest.raises(Malformed, match="InvalidSettings"):
        load_config(tmp_path)


def test_no_registry(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="RegistryMissing"):
        load_config(tmp_path)


@pytest.mark.parametrize("listen", ["", "x", ":80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "h:-1"])
def test_bad_addresses(listen: str) -> None:
    with pytest.raises(Malformed, match="InvalidAddress"):
        read_address(listen)


def test_tokens_never_cross_a_network_in_the_clear() -> None:
    assert read_address("[::1]:8600") == ("::1", 8600)
    for host in ("127.0.0.1", "::1", "localhost"):
        require_safe(host, RegistryConfig())
    for host in ("0.0.0.0", "10.0.0.1", "registry.example.vn"):
        with pytest.raises(Malformed, match="InvalidSettings"):
            require_safe(host, RegistryConfig())
        require_safe(host, RegistryConfig(behind_proxy=True))
        require_safe(host, RegistryConfig(tls_certificate="c", tls_key="k"))
