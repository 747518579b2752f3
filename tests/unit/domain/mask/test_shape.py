"""The error for an answer that cannot be cut."""

from __future__ import annotations

from lienthong.domain.error_codes import PAGES
from lienthong.domain.mask.shape import unreadable


def test_it_is_the_failure_of_the_service_and_has_a_page() -> None:
    error = unreadable("it is not JSON")
    assert error.code == "ServiceFailed.InvalidBody"
    assert error.code in PAGES
    assert "it is not JSON" in error.message
