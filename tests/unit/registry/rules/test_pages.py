"""The reference pages are what the source says: audit events and error codes, both ways."""

from __future__ import annotations

import ast
from pathlib import Path

from lienthong.registry.rules.error_page import ERRORS
from lienthong.registry.rules.events import MEANING, AuditEvent, reference_page

REPO = Path(__file__).parents[4]
RAISERS = {"Refused", "Malformed", "Unproven", "Unavailable", "problem", "_need"}


def codes_in_source() -> set[str]:
    found = set()
    files = [*(REPO / "src/lienthong/registry").rglob("*.py"), REPO / "src/lienthong/adapters/pki.py"]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in RAISERS
                and node.args
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_every_audit_event_is_documented() -> None:
    assert set(MEANING) == set(AuditEvent)
    assert all(vi.strip() and en.strip() for vi, en in MEANING.values())
    page = (REPO / "docs/reference/audit-events.md").read_text(encoding="utf-8")
    assert page == reference_page()


def test_every_event_is_written_somewhere() -> None:
    source = "".join(
        file.read_text(encoding="utf-8")
        for file in (REPO / "src/lienthong/registry").rglob("*.py")
        if file.name != "events.py"
    )
    unused = [event.name for event in AuditEvent if f"AuditEvent.{event.name}" not in source]
    assert not unused


def test_events_are_noun_and_verb() -> None:
    assert all(event.value.count(":") == 1 and event.value.replace(":", "").isalpha() for event in AuditEvent)


def test_every_error_code_is_explained() -> None:
    unexplained = codes_in_source() - set(ERRORS)
    assert not unexplained


def test_every_explanation_is_used() -> None:
    from_elsewhere = {"BadRequest", "InvalidRequest", "Internal", "MalformedGlobalConf", "MethodNotAllowed"}
    assert set(ERRORS) - codes_in_source() <= from_elsewhere
