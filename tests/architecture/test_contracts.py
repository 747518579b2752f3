"""The twelve import contracts hold, and each catches a violation planted in a copy of the source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
# fmt: off
PURE_FORBIDDEN = (
    "asyncio", "socket", "ssl", "http", "urllib", "sqlite3", "subprocess", "threading", "time", "os",
    "pathlib", "random", "secrets", "logging",
)
# fmt: on
VERDICT = re.compile(r"^(\d+) .* (KEPT|BROKEN)$", re.MULTILINE)

# what is planted -> contracts that must be reported, and no other
PLANTED: dict[str, tuple[Mapping[str, str], set[int]]] = {
    "a ring points outward": ({"lienthong.domain.planted": "import lienthong.sdk"}, {1}),
    "one desk knows another": ({"lienthong.node.api": "import lienthong.registry"}, {1}),
    "a top-level package without an argument": ({"lienthong.helpers": "KEPT = 1"}, {1}),
    "a pure ring reads the world": (
        {"lienthong.domain.planted": "\n".join(f"import {name}" for name in PURE_FORBIDDEN)},
        {2, 5},  # sqlite3 is also SQL outside a store
    ),
    "a pure ring reads the clock": ({"lienthong.exchange.planted": "from time import time"}, {2}),
    "a desk has a room of its own": ({"lienthong.node.planted": "KEPT = 1"}, {3}),
    "api and jobs meet": ({"lienthong.registry.api": "import lienthong.registry.jobs"}, {3}),
    "rules touch the world": ({"lienthong.registry.rules": "import os"}, {4}),
    "rules use an adapter": ({"lienthong.node.rules": "import lienthong.adapters"}, {4}),
    "rules of a national database touch the world": ({"national.land.rules": "import secrets"}, {4}),
    "SQL in a job": ({"lienthong.node.jobs.planted": "import psycopg"}, {5}),
    "SQL in an api": ({"lienthong.registry.api": "from sqlalchemy import select"}, {5}),
    "a desk starts an app of the sdk": (
        {"lienthong.sdk.app": "KEPT = 1", "lienthong.node.api": "import lienthong.sdk.app"},
        {6},
    ),
    "an api starts its own app": (
        # the app imports its api, so that the way back is a cycle too
        {"lienthong.node.app": "import lienthong.node.api", "lienthong.node.api": "import lienthong.node.app"},
        {3, 6, 12},
    ),
    "the console takes a short cut": ({"lienthong.console.planted": "import lienthong.wire"}, {7}),
    "procedures take a short cut": ({"lienthong.procedures.api": "import lienthong.adapters"}, {7}),
    "a national database sees a node": ({"national.population.api": "import lienthong.node"}, {8}),
    "a national database sees the evidence": ({"national.land.api": "import lienthong.evidence"}, {8}),
    "the platform knows a database": ({"lienthong.cli.planted": "import national.population"}, {9}),
    "national databases meet": ({"national.population.api": "import national.land.rules"}, {10}),
    "a national database has a room of its own": ({"national.population.planted": "KEPT = 1"}, {11}),
    "a cycle": (
        {
            "lienthong.cli.planted_one": "import lienthong.cli.planted_two",
            "lienthong.cli.planted_two": "import lienthong.cli.planted_one",
        },
        {12},
    ),
}


def plant(src: Path, module: str, text: str) -> None:
    """Add `text` to `module`: append to a module, add a module to a package, or make either."""
    *parents, leaf = module.split(".")
    folder = src
    for name in parents:
        folder = folder / name
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    if (folder / leaf).is_dir():
        (folder / leaf / "planted_by_test.py").write_text(text + "\n", encoding="utf-8")
        return
    with (folder / f"{leaf}.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


def lint(root: Path) -> tuple[dict[int, str], str]:
    """Verdict by contract number, and the whole report, of the tree under `root`."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    verdicts = {int(number): verdict for number, verdict in VERDICT.findall(done.stdout)}
    assert set(verdicts) == set(range(1, 13)), done.stdout + done.stderr
    assert (done.returncode == 0) == (set(verdicts.values()) == {"KEPT"})
    return verdicts, done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(REPO / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / ".importlinter", tmp_path)
    (tmp_path / "tests" / "architecture").mkdir(parents=True)
    shutil.copy(REPO / "tests" / "architecture" / "contract_types.py", tmp_path / "tests" / "architecture")
    return tmp_path


def test_the_contracts_hold() -> None:
    verdicts, report = lint(REPO)
    assert set(verdicts.values()) == {"KEPT"}, report


def test_every_contract_has_a_planted_violation() -> None:
    assert set.union(*(expected for _, expected in PLANTED.values())) == set(range(1, 13))
    alone = {number for _, expected in PLANTED.values() if len(expected) == 1 for number in expected}
    assert alone == set(range(1, 13))


@pytest.mark.parametrize("violation", PLANTED)
def test_a_planted_violation_is_caught(copy: Path, violation: str) -> None:
    files, expected = PLANTED[violation]
    for module, text in files.items():
        for line in text.splitlines():  # what is imported must exist, or the linter does not see it
            target = line.removeprefix("import ")
            ours = target.startswith(("lienthong.", "national."))
            if ours and not (copy / "src" / target.replace(".", "/")).exists():
                plant(copy / "src", target, "")
        plant(copy / "src", module, text)
    verdicts, report = lint(copy)
    assert {number for number, verdict in verdicts.items() if verdict == "BROKEN"} == expected, report


def test_every_forbidden_module_is_named_when_planted(copy: Path) -> None:
    files, _ = PLANTED["a pure ring reads the world"]
    for module, text in files.items():
        plant(copy / "src", module, text)
    _, report = lint(copy)
    missed = [name for name in PURE_FORBIDDEN if f"lienthong.domain.planted -> {name} " not in report]
    assert not missed, report


def test_every_desk_stands_under_contract_three() -> None:
    """A desk that appears later is added to the containers of contract 3, or this fails."""
    config = (REPO / ".importlinter").read_text(encoding="utf-8")
    rings = {"domain", "wire", "evidence", "directory", "exchange", "adapters", "sdk", "cli"}
    packages = {path.parent.name for path in (REPO / "src" / "lienthong").glob("*/__init__.py")}
    section = config.split("[importlinter:contract:3-desks]")[1].split("layers =")[0]
    assert {f"lienthong.{desk}" for desk in packages - rings} == set(section.split("containers =")[1].split())
