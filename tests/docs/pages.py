"""Pages that are made from the code. `make reference` writes them, `test_reference.py` compares.

A module of src that makes a page has a function ``reference_page() -> str`` whose docstring names the page
(``docs/reference/….md``). The page of the command line is made from what ``--help`` prints. A page of settings
(``docs/reference/<desk>-settings.md``) is made from the structs of ``lienthong.<desk>.config`` where these have a
sentence under each field.
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

from tests.architecture.tree import REPO, Module, modules
from tests.docs import exchange_states

ERROR_CODES = "lienthong.domain.error_codes"
ERROR_PAGE = "docs/reference/errors.md"
CLI_PAGE = "docs/reference/cli.md"
DEPTH_MAX = 4
VERB = re.compile(r"^(?:│ | {0,2})([a-z][a-z0-9-]*)(?: {2,}|\s*│?$)")
PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}


def made_pages() -> dict[str, str]:
    """Every page made from the code, without that of the command line: path -> text."""
    made = {page: getattr(importlib.import_module(module), function)() for module, function, page in _makers()}
    return settings_pages() | made | {exchange_states.PAGE: exchange_states.page()}


def settings_pages() -> dict[str, str]:
    """The pages of settings, for the desks whose config says in a sentence what each field is."""
    configs = [module for module in modules(REPO, "src") if re.fullmatch(r"lienthong\.\w+\.config", module.name)]
    return {
        f"docs/reference/{module.name.split('.')[1]}-settings.md": settings_page(module)
        for module in configs
        if any(says for struct in module.classes() for *_, says in _settings(struct))
    }


def settings_page(module: Module) -> str:
    """A table for each section of the file, in the order of the code; one table for a file without sections."""
    structs = {struct.name: struct for struct in module.classes()}
    fields = [(key, kind) for struct in structs.values() for key, kind, _, _ in _settings(struct)]
    sections = {name: (key, kind) for key, kind in fields for name in structs if re.search(rf"\b{name}\b", kind)}
    aliases = _aliases(module)
    parts = [f"# Settings of the {module.name.split('.')[1]}\n"]
    parts.append("TOML. Unknown keys are refused. Made from the code by `make reference`; a test compares.\n")
    for name in sections or structs:
        if sections:
            key, kind = sections[name]
            parts.append(f"## `[[{key}]]`, any number\n" if kind.startswith("tuple") else f"## `[{key}]`\n")
        parts.append(f"{ast.get_docstring(structs[name])}\n".replace("``", "`"))
        parts.append("| setting | type | default | what it is |\n|---|---|---|---|")
        for setting, annotation, default, says in _settings(structs[name]):
            parts[-1] += (
                f"\n| `{setting}` | {_cell(_plain(annotation, aliases))} | {_cell(default)} | {_cell(says)} |"
            )
        parts[-1] += "\n"
    return "\n".join(parts)


def _settings(struct: ast.ClassDef) -> Iterator[tuple[str, str, str, str]]:
    """Key, annotation, default and sentence of each field; the sentence is the string under the field."""
    for field, after in zip(struct.body, [*struct.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            says = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                says = " ".join(str(after.value.value).replace("``", "`").split())
            default = "needed" if field.value is None else f"`{ast.unparse(field.value)}`"
            yield field.target.id, ast.unparse(field.annotation), default.replace("`None`", ""), says


def _aliases(module: Module) -> dict[str, str]:
    """Names given to types at the top of the module: ``Seconds`` -> ``Annotated[…]``."""
    return {
        node.targets[0].id: ast.unparse(node.value)
        for node in module.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def _plain(annotation: str, aliases: dict[str, str]) -> str:
    """``Annotated[int, Meta(ge=1, le=64)] | None`` as people read it: ``int, at least 1, at most 64``."""
    text = re.sub(r"\w+", lambda word: aliases.get(word.group(0), word.group(0)), annotation)
    text = re.sub(r"Annotated\[(\w+), msgspec\.Meta\(pattern=.*?\)\]", r"\1, host:port", text)
    text = re.sub(r"Annotated\[(\w+), msgspec\.Meta\((.*?)\)\]", r"\1, \2", text)
    text = re.sub(r"tuple\[(\w+), \.\.\.\]", r"list of \1", text)
    text = re.sub(r"Literal\[(.*?)\]", lambda found: found.group(1).replace(",", " or"), text)
    for sign, words in (("ge=", "at least "), ("le=", "at most "), ("gt=", "above "), (" | None", "")):
        text = text.replace(sign, words)
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _makers() -> Iterator[tuple[str, str, str]]:
    """Module, function and page of what in src makes a page."""
    if find_spec(ERROR_CODES) is not None:
        yield ERROR_CODES, "error_page_markdown", ERROR_PAGE
    for module in modules(REPO, "src"):
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == "reference_page":
                page = re.search(r"docs/reference/[\w.-]+\.md", ast.get_docstring(node) or "")
                assert page is not None, f"{module.path}: the docstring of reference_page names no page"
                yield module.name, node.name, page.group(0)


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
