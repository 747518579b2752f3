"""Where codes belong."""

from __future__ import annotations

import pytest

from lienthong.domain.error_codes import OWN_CODES, OWN_STATUS, VOCABULARY, Placement, placement_of


@pytest.mark.parametrize(
    ("code", "placement"),
    [
        ("AccessDenied", Placement.PROVIDER_NODE),
        ("UnknownMember", Placement.CONSUMER_NODE),
        ("BadRequest", Placement.BROKEN_REQUEST),
        ("MessageTooLarge", Placement.CLIENT),
        ("ServiceFailed.HttpError", Placement.PROVIDER_NODE),
        ("NetworkError", Placement.OWN_SIDE),
        ("never heard of", Placement.OWN_SIDE),
    ],
)
def test_placement(code: str, placement: Placement) -> None:
    assert placement_of(code) is placement


def test_only_own_words_have_a_status_of_their_own() -> None:
    assert OWN_STATUS.keys() <= {word.camel for word in OWN_CODES}
    assert not OWN_STATUS.keys() & {word.camel for word in VOCABULARY}
