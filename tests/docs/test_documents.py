"""Documents keep their form: links lead somewhere, short pages stay short, decisions have their parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.architecture.tree import REPO

LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
PARTS = ["## The question", "## The decision", "## What was left", "## What follows"]
DECISIONS = sorted((REPO / "docs" / "decisions").glob("[0-9]*.md"))
WORDS_MAX = {"docs/life-of-an-exchange.md": 400, "docs/architecture.md": 1000, "README.md": 1200}


def documents() -> list[Path]:
    return [*REPO.glob("*.md"), *sorted((REPO / "docs").rglob("*.md"))]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(REPO)))
def test_links_lead_somewhere(document: Path) -> None:
    links = LINK.findall(re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL))
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize(("page", "limit"), WORDS_MAX.items())
def test_short_pages_stay_short(page: str, limit: int) -> None:
    assert len((REPO / page).read_text(encoding="utf-8").split()) <= limit


@pytest.mark.parametrize("record", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_parts(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.match(rf"# {record.name[:4]} \S", text)
    assert re.search(
        r"^Status: (proposed|accepted|superseded by \d{4}) · Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE
    )
    assert re.search(r"^> \S", text, re.MULTILINE), "the line that people will quote"
    assert [line for line in text.splitlines() if line.startswith("## ")] == PARTS
    assert len(text.split()) <= 900, "one page"


def test_decisions_are_numbered_once() -> None:
    numbers = [record.name[:4] for record in DECISIONS]
    assert len(numbers) == len(set(numbers))
    assert numbers[:1] == ["0001"]


def test_the_template_has_the_parts() -> None:
    text = (REPO / "docs" / "decisions" / "template.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == PARTS


def test_the_architecture_page_lists_the_contracts() -> None:
    names = re.findall(r"^name = (\d+) (.+)$", (REPO / ".importlinter").read_text(encoding="utf-8"), re.MULTILINE)
    page = (REPO / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert len(names) == 12
    assert [name for number, name in names if f"| {number} | {name} |" not in page] == []


def test_threats_that_are_open_have_their_place() -> None:
    """Each threat marked open stands in docs/develop/next.md, and each id named there is a threat."""
    threats = (REPO / "docs" / "threat-model.md").read_text(encoding="utf-8")
    opened = {
        line.split("|")[1].strip() for line in threats.splitlines() if line.startswith("| T") and "**open**" in line
    }
    listed = set(re.findall(r"\bT\d+\b", (REPO / "docs" / "develop" / "next.md").read_text(encoding="utf-8")))
    assert opened == listed
