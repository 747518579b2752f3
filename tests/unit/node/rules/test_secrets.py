"""Client secrets: kept as scrypt hashes; anything else kept is refused, not believed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.domain.errors import Refused
from lienthong.node.rules.secrets import hash_secret, matches_secret

SALT = b"0123456789abcdef"
KEPT = hash_secret("bí mật", SALT)


def test_the_right_secret() -> None:
    assert matches_secret("bí mật", KEPT) == "bí mật"
    assert "bí mật" not in KEPT
    assert hash_secret("bí mật", b"another salt here") != KEPT


@pytest.mark.parametrize("wrong", ["", "bí mật ", "Bí mật", "x"])
def test_a_wrong_secret(wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        matches_secret(wrong, KEPT)
    assert refused.value.code == "ClientUnauthenticated"


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "bí mật",
        "$".join(["scrypt"] * 6),
        KEPT.replace("scrypt", "plain"),
        KEPT.replace("$8$", "$-8$"),
        KEPT.replace("$16384$", "$1048576$"),
        KEPT.replace("$8$", f"${10**40}$"),
        KEPT.rpartition("$")[0] + "$",
        KEPT.rpartition("$")[0] + "$***",
    ],
)
def test_what_is_kept_badly_matches_nothing(kept: str) -> None:
    with pytest.raises(Refused):
        matches_secret("bí mật", kept)


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_any_text_that_is_kept_is_refused_properly(kept: str) -> None:
    with pytest.raises(Refused):
        matches_secret("x", kept)
