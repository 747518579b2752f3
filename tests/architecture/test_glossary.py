"""The glossary against the code, both ways: its terms are used, and what it forbids is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.architecture.tree import REPO
from tests.architecture.vocabulary import COLUMNS, forbidden, forbidden_names, rows, says, unused_terms

GLOSSARY = REPO / "docs" / "glossary.csv"


def test_rows_are_whole_and_each_term_stands_once() -> None:
    table = rows(GLOSSARY)
    assert list(table[0]) == COLUMNS
    assert all(row["term"] and row["vietnamese"] and row["meaning"] for row in table)
    assert {row["kind"] for row in table} == {"code"}
    terms = [row["term"] for row in table]
    assert len(terms) == len(set(terms))


def test_every_term_is_used_in_the_code() -> None:
    assert unused_terms(REPO) == [], "not used in src: take the row out, or use the word"


def test_no_forbidden_word_names_a_module_class_or_state() -> None:
    findings = list(forbidden_names(REPO))
    assert not findings, "\n" + "\n".join(findings)


def test_no_word_is_both_a_term_and_forbidden_everywhere() -> None:
    terms = {row["term"] for row in rows(GLOSSARY)}
    assert not terms & {entry.word for entry in forbidden(REPO) if entry.where == "*"}


@pytest.mark.parametrize("name", ["RowScope", "row_scope", "parse_row_scopes", "ROW_SCOPE", "row-scope"])
def test_a_term_is_found_in_every_spelling(name: str) -> None:
    assert says(name, "row_scope")


@pytest.mark.parametrize(("name", "term"), [("arrowScope", "row_scope"), ("granted", "grant"), ("mask", "masks")])
def test_a_part_of_a_word_is_not_the_word(name: str, term: str) -> None:
    assert not says(name, term)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/lienthong/sdk/tenants.py", ""),
        ("src/lienthong/sdk/a.py", "class Dossier: ..."),
        ("src/lienthong/exchange/a.py", "class RequestEvent: ..."),
        ("src/lienthong/sdk/a.py", "class Kind(StrEnum):\n    GATEWAY = 'gateway'"),
    ],
)
def test_a_planted_word_is_found(tmp_path: Path, path: str, text: str) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(REPO / "docs" / "glossary-forbidden.csv", tmp_path / "docs")
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text, encoding="utf-8")
    assert len(list(forbidden_names(tmp_path))) == 1


def test_a_planted_term_without_use_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.csv").write_text(",".join(COLUMNS) + "\nkeystone,,,,,,,\n", encoding="utf-8")
    assert unused_terms(tmp_path) == ["keystone"]
