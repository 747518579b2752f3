"""Every setting, error code, command and audit event is documented; pages made from the code are up to date.

Each test looks for its module and begins to bite on the day the module is there.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.architecture.tree import REPO, modules
from tests.docs import pages

ERRORS = {"Malformed", "Refused", "Unproven", "Undecided", "Unavailable"}
MESSAGE_PLANE = ("lienthong.wire", "lienthong.exchange", "lienthong.node", "lienthong.directory")
CONFIGS = ("lienthong.node.config", "lienthong.registry.config")
EVENTS = ("lienthong.registry.rules.events",)


def reference() -> str:
    """All of docs/reference and docs/operate."""
    files = [*(REPO / "docs" / "reference").glob("*.md"), *(REPO / "docs" / "operate").glob("*.md")]
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))


def undocumented(names: set[str], text: str) -> list[str]:
    """Names that are in `text` neither a heading, nor in a code span, nor a key of an example (``name =``)."""
    return sorted(
        name
        for name in names
        if not re.search(rf"`[^`\n]*(?<![\w-]){re.escape(name)}(?![\w-])[^`\n]*`", text)
        and not re.search(rf"^#+ (\w+\.)*{re.escape(name)}$", text, re.MULTILINE)
        and not re.search(rf"^\s*\[*{re.escape(name)}\]*\s*(=|$)", text, re.MULTILINE)
    )


def raised_codes(root: Path, packages: tuple[str, ...] = ("lienthong",)) -> set[str]:
    """Codes written at the place where an error of the four families is made, in the named packages."""
    return {
        call.args[0].value
        for module in modules(root, "src")
        if f"{module.name}.".startswith(tuple(f"{package}." for package in packages))
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and call.args
        if ast.unparse(call.func).rpartition(".")[2] in ERRORS
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


def settings(config: ModuleType) -> Iterator[str]:
    """The keys that a config module reads: the fields of the structs and dataclasses that it defines."""
    for _, kind in inspect.getmembers(config, inspect.isclass):
        if not kind.__module__.startswith(config.__name__):
            continue
        if issubclass(kind, msgspec.Struct):
            yield from kind.__struct_encode_fields__
        elif dataclasses.is_dataclass(kind):
            yield from (field.name for field in dataclasses.fields(kind))


def test_every_code_of_the_message_plane_has_a_page() -> None:
    """Cause, what the caller does, what the operator does: `lienthong.domain.error_codes`."""
    if find_spec(pages.ERROR_CODES) is None:
        return
    known = set(importlib.import_module(pages.ERROR_CODES).PAGES)
    assert sorted(raised_codes(REPO, MESSAGE_PLANE) - known) == []


def test_every_code_is_documented() -> None:
    """Codes of the registry, of keys and of files too, in docs/reference or docs/operate."""
    codes = raised_codes(REPO)
    assert "BadRequest" in codes
    if find_spec(pages.ERROR_CODES) is not None:
        assert undocumented({code.rpartition(".")[2] for code in codes}, reference()) == []


@pytest.mark.parametrize("name", CONFIGS)
def test_every_setting_is_documented(name: str) -> None:
    if not _there(name):
        assert not (REPO / "src" / f"{name.replace('.', '/')}.py").exists()
        return
    keys = set(settings(importlib.import_module(name)))
    assert keys, "a config module defines its settings as structs or dataclasses"
    assert undocumented(keys, reference()) == []
    desk = name.split(".")[1]
    page = pages.settings_pages().get(f"docs/reference/{desk}-settings.md", "")
    assert not [line for line in page.splitlines() if line.endswith("|  |")], "a setting without a sentence under it"


@pytest.mark.parametrize("name", EVENTS)
def test_every_audit_event_is_documented(name: str) -> None:
    if not _there(name):
        assert not (REPO / "src" / f"{name.replace('.', '/')}.py").exists()
        return
    kinds = [kind for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass)]
    events = {str(event.value) for kind in kinds if issubclass(kind, Enum) for event in kind}
    assert events
    assert undocumented(events, reference()) == []


def test_pages_made_from_the_code_are_up_to_date() -> None:
    stale = [
        page
        for page, text in pages.made_pages().items()
        if not (REPO / page).exists() or (REPO / page).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run: make reference"


@pytest.mark.slow
def test_the_page_of_the_command_line_is_up_to_date() -> None:
    if not pages.cli_exists():
        assert not (REPO / pages.CLI_PAGE).exists()
        return
    assert (REPO / pages.CLI_PAGE).read_text(encoding="utf-8") == pages.cli_page(), "run: make reference"


def _there(name: str) -> bool:
    return find_spec(name.rpartition(".")[0]) is not None and find_spec(name) is not None


def test_undocumented_finds_what_is_missing() -> None:
    text = "### A.heading\n\nSet `ledger_dir` or `[node] port = 1`.\n```toml\nbody_bytes_max = 1\n[limits]\n```\n"
    names = {"ledger_dir", "port", "body_bytes_max", "limits", "ledger", "node_name", "heading"}
    assert undocumented(names, text) == ["ledger", "node_name"]


def test_raised_codes_finds_calls(tmp_path: Path) -> None:
    file = tmp_path / "src" / "lienthong" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text('raise errors.Refused("Planted", "x")\nraise Malformed(code, "y")\n', encoding="utf-8")
    assert raised_codes(tmp_path) == {"Planted"}


PLAIN_HELP = """Usage: x

Options:
  --help  Show.

Commands:
  add-node  Add.
  show      Show it.
            And more.
"""
FRAMED_HELP = """╭─ Options ────────╮
│ --help  Show     │
╰──────────────────╯
╭─ Commands ───────╮
│ add-node  Add.   │
│           More.  │
│ show      Show   │
╰──────────────────╯
"""


@pytest.mark.parametrize("text", [PLAIN_HELP, FRAMED_HELP], ids=["plain", "framed"])
def test_verbs_are_read_from_help(text: str) -> None:
    assert pages.verbs(text) == ["add-node", "show"]
