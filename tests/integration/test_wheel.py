"""What is deployed is compiled, and nothing else; its packages are those that were tested."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import lienthong

REPO = Path(__file__).resolve().parents[2]
INSTALLED = Path(lienthong.__file__).parents[1]


def listed() -> set[Path]:
    """The modules that the wheel has compiled, relative to the folder of packages."""
    settings = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    hook = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["mypyc"]
    found = {path for pattern in hook["include"] for path in REPO.glob(pattern)}
    left_out = {path for pattern in hook["exclude"] for path in REPO.glob(pattern)}
    assert all((REPO / entry).exists() for entry in hook["exclude"] if "*" not in entry)
    return {path.relative_to(REPO / "src") for path in found - left_out}


def native() -> set[Path]:
    """The modules that are written in C."""
    return {path.relative_to(REPO / "src").with_suffix(".py") for path in REPO.glob("src/lienthong/**/_*.c")}


def test_what_every_message_passes_is_compiled_in_the_wheel() -> None:
    compiled = {path.relative_to(INSTALLED) for path in (INSTALLED / "lienthong").rglob("*.so")}
    modules = {path.with_name(path.name.split(".")[0] + ".py") for path in compiled}
    assert len(listed()) > 40
    assert native()
    assert modules == (set() if INSTALLED == REPO / "src" else listed() | native())
    assert not list((INSTALLED / "lienthong").rglob("*.c")) or INSTALLED == REPO / "src"


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[\w.-]+==\S+", (REPO / "requirements" / name).read_text(encoding="utf-8"), re.M))


def test_what_runs_is_what_was_tested() -> None:
    for name in ("run.txt", "postgres.txt"):
        assert pins(name)
        assert pins(name) <= pins("dev.txt")


def test_what_only_postgresql_needs_is_installed_by_its_own_list() -> None:
    extra = pins("postgres.txt") - pins("run.txt")
    assert {pin.partition("==")[0] for pin in extra} == {"psycopg", "psycopg-binary"}
