"""What the documents tell people to make can be made, and every target says what it does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.architecture.tree import REPO

TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)
DOCUMENTED = re.compile(r"^([a-z]+):.*## \S", re.MULTILINE)
PROMISED = ["setup", "check", "test", "demo", "country", "bench", "guard", "oracles", "clean"]
MAKE = re.compile(r"(?:^|`|\s)make ((?:[A-Z]+=\S+ )*)([a-z]+)")


def makefile() -> str:
    return (REPO / "Makefile").read_text(encoding="utf-8")


def documents() -> list[Path]:
    return [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")]


def told(text: str) -> set[str]:
    """The targets that `text` tells to make: in code spans, or at the start of a line of a fenced block."""
    fenced = "\n".join(re.findall(r"```.*?\n(.*?)```", text, re.DOTALL))
    running = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    spans = " ".join(f"`{span}`" for span in re.findall(r"`([^`\n]+)`", running))
    lines = re.findall(r"^(?:\$ )?make (?:[A-Z]+=\S+ )*([a-z]+)", fenced, re.MULTILINE)
    return set(lines) | {found.group(2) for found in MAKE.finditer(spans)}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(REPO)))
def test_every_make_in_a_document_is_a_target(document: Path) -> None:
    assert told(document.read_text(encoding="utf-8")) <= set(TARGET.findall(makefile()))


def test_the_readme_tells_the_two_commands() -> None:
    assert {"demo", "test"} <= told((REPO / "README.md").read_text(encoding="utf-8"))


def test_told_finds_spans_and_fences() -> None:
    assert told("`make one` then\n```sh\nmake A=1 two\n$ make three\n```\nwe make four") == {"one", "two", "three"}


def test_help_names_the_targets_that_people_call() -> None:
    promised = {*PROMISED, "help"}
    assert promised <= set(DOCUMENTED.findall(makefile()))
    shown = subprocess.run(["make", "help"], cwd=REPO, capture_output=True, text=True, timeout=20)
    assert shown.returncode == 0
    assert set(re.findall(r"make ([a-z]+)", shown.stdout)) >= promised


@pytest.mark.parametrize("target", PROMISED)
def test_make_knows_how(target: str) -> None:
    """`make -n` finds a way to the target (no missing prerequisite, no syntax error)."""
    done = subprocess.run(["make", "-n", target], cwd=REPO, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr


def test_a_line_that_calls_make_does_nothing_else() -> None:
    """`make -n` runs such lines: what else stood on them would run too, and a test that calls make would recurse."""
    lines = [line for line in makefile().replace("\\\n", " ").splitlines() if "$(MAKE)" in line]
    assert lines
    assert [line for line in lines if "$(BIN)" in line or "pytest" in line] == []


@pytest.mark.parametrize("script", [".ci/run", ".ci/debian"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = REPO / script
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(path)], timeout=20).returncode == 0
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
