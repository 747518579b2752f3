"""Reference pages that are made from the code. `make reference` writes them, `test_reference.py` compares.

A module of src that makes a page has a function ``reference_page() -> str`` whose docstring names the page
(``docs/reference/….md``). The page of the command line is made from what ``--help`` prints.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from tests.architecture.tree import REPO, modules

CLI_PAGE = "docs/reference/cli.md"
DEPTH_MAX = 4
VERB = re.compile(r"^(?:│ | {0,2})([a-z][a-z0-9-]*)(?: {2,}|\s*│?$)")
PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}


def made_pages() -> dict[str, str]:
    """Every page that a module of src makes: path -> text."""
    return {page: importlib.import_module(module).reference_page() for module, page in _makers()}


def _makers() -> Iterator[tuple[str, str]]:
    for module in modules(REPO, "src"):
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == "reference_page":
                page = re.search(r"docs/reference/[\w.-]+\.md", ast.get_docstring(node) or "")
                assert page is not None, f"{module.path}: the docstring of reference_page names no page"
                yield module.name, page.group(0)


def cli_exists() -> bool:
    return find_spec("lienthong.cli.main") is not None


def help_texts() -> dict[tuple[str, ...], str]:
    """What each command prints for ``--help``, by its words after ``lienthong``; found by walking from the top."""
    found: dict[tuple[str, ...], str] = {}
    level: list[tuple[str, ...]] = [()]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in range(DEPTH_MAX):
            texts = dict(zip(level, pool.map(_help, level), strict=True))
            found.update(texts)
            level = [(*words, verb) for words, text in texts.items() for verb in verbs(text)]
    return dict(sorted(found.items()))


def verbs(text: str) -> list[str]:
    """The commands that a help text lists: the first words of the lines of its part ``Commands``."""
    part = re.search(r"^\W*Commands\b[^\n]*\n(.*?)(?=^╰|^\S*\w|\Z)", text, re.MULTILINE | re.DOTALL)
    return (
        [] if part is None else [match.group(1) for line in part.group(1).splitlines() if (match := VERB.match(line))]
    )


def _help(words: tuple[str, ...]) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lienthong")), *words, "--help"],
        env={**os.environ, **PLAIN},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, f"lienthong {' '.join(words)} --help: {done.stderr}"
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def cli_page() -> str:
    parts = ["# The command line\n\nMade from `--help` by `make reference`; a test compares.\n"]
    for words, text in help_texts().items():
        parts.append(f"## `{' '.join(('lienthong', *words))}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def main() -> None:
    pages = made_pages()
    if cli_exists():
        pages[CLI_PAGE] = cli_page()
    for page, text in sorted(pages.items()):
        (REPO / page).parent.mkdir(parents=True, exist_ok=True)
        (REPO / page).write_text(text, encoding="utf-8")
        print(f"reference: {page}")


if __name__ == "__main__":
    main()
