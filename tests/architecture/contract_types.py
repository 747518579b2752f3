"""Two contract types that import-linter lacks. Both look at direct imports and hold where nothing matches yet.

confined   `modules` may import, of package `within`, only themselves and `may_import`
reserved   `modules` (ours or outside packages) may be imported only by themselves and `allowed_importers`
"""

from __future__ import annotations

from collections.abc import Iterable

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.helpers import module_expressions_to_modules
from importlinter.domain.imports import ModuleExpression


def _names(graph: ImportGraph, expressions: Iterable[ModuleExpression]) -> tuple[str, ...]:
    return tuple(module.name for module in module_expressions_to_modules(graph, expressions))


def _inside(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _render(check: ContractCheck) -> None:
    for importer, imported in check.metadata["imports"]:
        output.print_error(f"- {importer} -> {imported}", bold=False)


class Confined(Contract):
    """`modules` may import, of package `within`, only themselves and `may_import`."""

    type_name = "confined"

    modules = fields.ListField(subfield=fields.ModuleExpressionField())
    within = fields.StringField()
    may_import = fields.ListField(subfield=fields.ModuleExpressionField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        confined = _names(graph, self.modules)  # type: ignore[arg-type]
        may_import = _names(graph, self.may_import)  # type: ignore[arg-type]
        broken = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if _inside(importer, confined)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if _inside(imported, (str(self.within),))
            if not _inside(imported, (*confined, *may_import))
        ]
        return ContractCheck(kept=not broken, metadata={"imports": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        _render(check)


class Reserved(Contract):
    """`modules` may be imported only by themselves and `allowed_importers`."""

    type_name = "reserved"

    modules = fields.ListField(subfield=fields.ModuleExpressionField())
    allowed_importers = fields.ListField(subfield=fields.ModuleExpressionField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        reserved = _names(graph, self.modules)  # type: ignore[arg-type]
        allowed = _names(graph, self.allowed_importers)  # type: ignore[arg-type]
        broken = [
            (importer, imported)
            for imported in sorted(graph.modules)
            if _inside(imported, reserved)
            for importer in sorted(graph.find_modules_that_directly_import(imported))
            if not _inside(importer, (*reserved, *allowed))
        ]
        return ContractCheck(kept=not broken, metadata={"imports": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        _render(check)
