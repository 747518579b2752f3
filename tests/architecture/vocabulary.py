"""One word, one meaning: `docs/glossary.csv` and `docs/glossary-forbidden.csv` against the names in src.

A term counts as used when its words follow one another in a name of the source (``row_scope`` in ``RowScope``,
``row_scope`` or ``parse_row_scope``; a plural s counts). Forbidden words are looked for in the names of modules,
classes and members of enumerations, where a reader takes them for words of the domain.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.tree import Module, modules

COLUMNS = ["term", "vietnamese", "area", "kind", "meaning", "not_to_be_confused_with", "source", "confidence"]
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Forbidden:
    """A word that is not said, what is said instead, in which package (``*`` = all), and why."""

    word: str
    say: str
    where: str
    because: str


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def forbidden(root: Path) -> list[Forbidden]:
    return [Forbidden(**row) for row in rows(root / "docs" / "glossary-forbidden.csv")]


def words(name: str) -> str:
    """``RowScope``, ``rowScope``, ``row-scope`` and ``ROW_SCOPE`` are all ``_row_scope_``."""
    return "_" + re.sub(r"[^a-z0-9]+", "_", HUMP.sub("_", name).lower()).strip("_") + "_"


def says(name: str, term: str) -> bool:
    """Whether the words of `term` follow one another in `name`, the last one perhaps in the plural."""
    spelled = words(name)
    return any(f"_{form}_" in spelled for form in (term, f"{term}s", f"{term}es", re.sub(r"y$", "ies", term)))


def names(root: Path) -> set[str]:
    """Every name and attribute in src, and the names of its modules."""
    found: set[str] = set()
    for module in modules(root, "src"):
        found.update(module.name.split("."))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.arg | ast.keyword):
                found.add(node.arg or "")
            elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
    return found


def unused_terms(root: Path) -> list[str]:
    """Terms of the glossary that no name in src uses."""
    used = names(root)
    return [
        row["term"]
        for row in rows(root / "docs" / "glossary.csv")
        if not any(says(name, row["term"]) for name in used)
    ]


def forbidden_names(root: Path) -> Iterator[str]:
    """Modules, classes and enumeration members named with a forbidden word."""
    listed = forbidden(root)
    for module in modules(root, "src"):
        for name in _domain_names(module):
            for entry in listed:
                if entry.where in {"*", *_packages(module.name)} and says(name, entry.word):
                    yield f"{module.path}: {name}: say {entry.say} ({entry.because})"


def _packages(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


def _domain_names(module: Module) -> Iterator[str]:
    yield module.name.rpartition(".")[2]
    for node in module.classes():
        yield node.name
        if any("Enum" in ast.unparse(base) for base in node.bases):
            for line in node.body:
                if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                    yield line.targets[0].id
