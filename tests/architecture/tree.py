"""The source tree as the architecture tests see it: parsed modules, their names and their folders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PURE_RINGS = ("domain", "wire", "evidence", "directory", "exchange")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file: `path` relative to the root, `name` dotted (without the package ``src``)."""

    path: str
    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def lines(self) -> int:
        return self.text.count("\n") + (not self.text.endswith("\n"))

    @property
    def pure(self) -> bool:
        """In a pure ring, or the rules of a desk or national database."""
        parts = self.name.split(".")
        return (parts[0] == "lienthong" and parts[1:2] != [] and parts[1] in PURE_RINGS) or parts[2:3] == ["rules"]

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function and method with its dotted name inside the module."""
        yield from _functions(self.tree, "")

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{prefix}{child.name}", child
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def modules(root: Path, folder: str) -> list[Module]:
    """Every Python module below `root`/`folder`, sorted by path."""
    return [
        Module(
            path=str(file.relative_to(root)),
            name=_dotted(file.relative_to(root / folder)),
            text=file.read_text(encoding="utf-8"),
        )
        for file in sorted((root / folder).rglob("*.py"))
        if "__pycache__" not in file.parts
    ]


def _dotted(path: Path) -> str:
    parts = list(path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
