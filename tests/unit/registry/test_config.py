"""The settings: strict, and each documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lienthong.domain.errors import Malformed, Unavailable
from lienthong.registry.app.running import read_address, require_safe
from lienthong.registry.config import RegistryConfig, load_config

PAGE = Path(__file__).parents[3] / "docs/operate/registry.md"


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


def test_every_setting_is_documented_with_its_default() -> None:
    settings = PAGE.read_text(encoding="utf-8").partition("## Settings")[2].partition("\n## ")[0]
    told = {}
    for line in settings.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and re.fullmatch(r"[a-z_, ]+", cells[1]) and cells[1] != "key":
            told.update(zip(cells[1].split(", "), cells[2].split(", "), strict=False))
    plain = RegistryConfig()
    shown = {}
    for name in plain.__struct_fields__:
        value = getattr(plain, name)
        shown[name] = {"": "empty", False: "false"}.get(
            value, f"`{value}`" if isinstance(value, str) else f"{value:g}"
        )
    assert set(told) == set(shown)
    numbers = {name: value for name, value in shown.items() if told[name].isdigit()}
    assert {name: float(told[name]) for name in numbers} == {name: float(getattr(plain, name)) for name in numbers}
    assert {name: told[name] for name in told if name not in numbers} == {
        name: value for name, value in shown.items() if name not in numbers
    }


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
