"""docs/develop/exchange-states.md, made from the tables of the exchange machines and the code of their handlers."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from lienthong.exchange import consumer, provider
from lienthong.exchange.consumer_stream import StreamingConsumer
from lienthong.exchange.provider_stream import StreamingProvider

PAGE = "docs/develop/exchange-states.md"
STAYS = "stays"
_HEAD = """# States of an exchange

Made from the tables in `lienthong.exchange` by `make reference`; a test compares. Each line of a table is one input
that may come in that state; where it can lead is read from the code of its handler (all of it, where several states
share one). An input that stands in no line is a bug of the driver and stops it. `SignMark` and
`VerifyMark`, and `Sign` and `Verify` where they say so, are answered at once, before any other input; the others wait
until the turn of the loop has brought all that can be signed or verified with them.
"""


def page() -> str:
    """The text of the page."""
    sides = (
        ("Consumer side", StreamingConsumer, consumer.State),
        ("Provider side", StreamingProvider, provider.State),
    )
    return "\n".join([_HEAD, *(_side(*side) for side in sides)])


def _side(title: str, machine: Any, states: Any) -> str:
    edges: dict[tuple[str, str], list[str]] = {}
    rows = []
    order = {state: number for number, state in enumerate(states)}
    table = sorted(machine.TABLE.items(), key=lambda row: (order[row[0][0]], row[0][1].__name__))
    for (state, given), handler in table:
        after = successors(machine, handler)
        rows.append(f"| {state.name} | {given.__name__} | {', '.join(sorted(after))} |")
        for target in after - {STAYS, state.name}:
            edges.setdefault((state.name, target), []).append(given.__name__)
    diagram = [f"    {start} --> {end}: {', '.join(inputs)}" for (start, end), inputs in edges.items()]
    picture = ["```mermaid", "stateDiagram-v2", "    [*] --> NEW", *sorted(diagram), "    DONE --> [*]", "```\n"]
    return "\n".join([f"## {title}\n", *picture, "| state | input | leads to |", "|---|---|---|", *rows, ""])


def successors(machine: Any, handler: Callable[..., Any]) -> set[str]:
    """States that the handler, or what it calls on itself, can set; `STAYS` where it can do without."""
    found: set[str] = set()
    _collect(machine, handler.__name__, found, set())
    return found or {STAYS}


def _collect(machine: Any, name: str, found: set[str], known: set[str]) -> None:
    if name in known:
        return
    known.add(name)
    for owner in (kind for kind in machine.__mro__ if name in vars(kind)):
        tree = ast.parse(textwrap.dedent(inspect.getsource(vars(owner)[name])))
        calls_super = False
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self.state":
                found.add(ast.unparse(node.value).removeprefix("State.").removeprefix("_"))
            elif isinstance(node, ast.Return) and node.value is not None and "()" in _alternatives(node.value):
                found.add(STAYS)
            elif isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                calls_super |= called == f"super().{name}"
                if called.startswith("self._") and hasattr(machine, called.removeprefix("self.")):
                    _collect(machine, called.removeprefix("self."), found, known)
                elif called == "self.feed":
                    found.update(_fed(machine, node))
        if not calls_super:
            return


def _alternatives(value: ast.expr) -> list[str]:
    branches = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    return [ast.unparse(branch) for branch in branches]


def _fed(machine: Any, call: ast.Call) -> set[str]:
    """A handler that feeds what it kept goes on as the handler of that input does."""
    kept = ast.unparse(call.args[0])
    names = ("_service_answered", "_service_failed") if "early" in kept else ("_service_failed",)
    found: set[str] = set()
    for name in names:
        _collect(machine, name, found, set())
    return found
