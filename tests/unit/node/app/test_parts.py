"""The parts of a process that are made from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lienthong.domain.errors import Unavailable
from lienthong.node.app.parts import _token_key


def test_the_key_of_tokens_is_made_once(tmp_path: Path) -> None:
    key = _token_key(tmp_path)
    assert len(key) == 32
    assert _token_key(tmp_path) == key


def test_a_damaged_key_of_tokens_seals_nothing(tmp_path: Path) -> None:
    (tmp_path / "token.key").touch()
    with pytest.raises(Unavailable, match="damaged"):
        _token_key(tmp_path)
