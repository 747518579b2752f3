"""The X-Road vocabulary against the outside table, both ways."""

from __future__ import annotations

from typing import Any

from tests.vectors import load

from lienthong.domain.error_codes import OWN_CODES, PREFIXES, VOCABULARY, Word

TABLE: dict[str, Any] = load("xroad-rest/error-codes.json")


def test_every_word_of_x_road_and_no_other() -> None:
    assert {(word.documented, word.snake) for word in VOCABULARY} == {
        (row["documented"], row["x_road_7_8"]) for row in TABLE["codes"]
    }


def test_prefixes() -> None:
    assert {(word.documented, word.snake) for word in PREFIXES} == {
        (row["documented"], row["x_road_7_8"]) for row in TABLE["prefixes"]
    }


def test_words_stand_once_and_ours_are_not_x_roads() -> None:
    everything = (*VOCABULARY, *OWN_CODES)
    assert len({word.snake for word in everything}) == len(everything)
    documented = [word.documented for word in everything if word.documented]
    assert len(set(documented)) == len(documented)


def test_nearest_words_are_documented() -> None:
    known = {word.documented for word in VOCABULARY}
    assert all(word.camel in known for word in VOCABULARY)
    assert Word(None, "x").camel == "InternalError"
