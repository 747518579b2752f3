"""The error pages: every code that the code says has one, and the reference document is up to date."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lienthong.domain import errors
from lienthong.domain.error_codes import COMMAND_CODES, OWN_CODES, PAGES, VOCABULARY, error_page_markdown

REPO = Path(__file__).resolve().parents[4]
FAMILIES = {name for name, value in vars(errors).items() if isinstance(value, type)}
WORDS = {word.camel for word in (*VOCABULARY, *OWN_CODES)} | COMMAND_CODES
CONTROL_PLANE = ("registry/", "cli/registry", "adapters/pki.py")
"""The registry has its own page (`registry.rules.error_page`), held against its code by its own test."""


def codes_said() -> Iterator[tuple[str, str]]:
    """Code and place of every error that is made with a literal code outside the control plane."""
    source = REPO / "src" / "lienthong"
    for file in sorted(source.rglob("*.py")):
        place = file.relative_to(source).as_posix()
        if place.startswith(CONTROL_PLANE):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            code = node.args[0]
            if node.func.id in FAMILIES and isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value, f"{place}:{node.lineno}"


def test_every_code_that_is_said_has_a_page() -> None:
    said = list(codes_said())
    assert len(said) > 50
    assert [f"{place}: {code}" for code, place in said if code not in PAGES] == []


@pytest.mark.parametrize("code", sorted(PAGES))
def test_page(code: str) -> None:
    page = PAGES[code]
    assert set(code.split(".")) <= WORDS
    assert all(text.strip() and text.endswith((".", "`")) for text in page[1:])
    assert page.cause_vi != page.cause_en and page.caller_vi != page.caller_en


def test_every_word_of_ours_has_a_page() -> None:
    assert {word.camel for word in OWN_CODES} <= PAGES.keys()


def test_the_reference_document_is_up_to_date() -> None:
    written = (REPO / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    assert written == error_page_markdown(), "run: make reference"


def test_the_document_names_every_code_and_both_spellings() -> None:
    text = error_page_markdown()
    assert all(f"### {code}\n" in text for code in PAGES)
    assert all(word.snake in text for word in (*VOCABULARY, *OWN_CODES))
    assert "`Client.BadRequest` · HTTP 400" in text
    assert "`Server.ServerProxy.AccessDenied` · HTTP 500" in text
    assert "`CountryBusy` · exit status 2" in text
