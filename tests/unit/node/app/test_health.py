"""What health says of the certificates of the node."""

from __future__ import annotations

import pytest

from lienthong.node.app.health import DUE_DAYS, certificate_facts, usable
from lienthong.node.app.pairs import OwnCertificate

DAY_MS = 86_400_000
NOW_MS = 1_614_585_600_000


def own(name: str, days: int) -> OwnCertificate:
    """A certificate that ends in so many days."""
    return OwnCertificate(name, name.encode(), NOW_MS - 400 * DAY_MS, NOW_MS + days * DAY_MS)


@pytest.mark.parametrize(("days", "state"), [(397, "ok"), (31, "ok"), (DUE_DAYS, "due"), (1, "due"), (0, "over")])
def test_a_certificate_is_due_well_before_its_end(days: int, state: str) -> None:
    told = certificate_facts(own("channel", days), NOW_MS)
    assert told == {
        "state": state,
        "days": days,
        "expires_at_ms": NOW_MS + days * DAY_MS,
        "sha256": b"channel".hex(),
    }


@pytest.mark.parametrize(
    ("channel", "front", "signing", "able"),
    [
        (9, 9, (9, 9), True),
        (9, 0, (9, 0), True),
        (9, 9, (), True),
        (0, 9, (9, 9), False),
        (9, 9, (0, 0), False),
    ],
)
def test_without_channel_or_signatures_a_node_can_do_nothing(
    channel: int, front: int, signing: tuple[int, ...], able: bool
) -> None:
    signers = [own(f"signing VN/GOV/G{number}", days) for number, days in enumerate(signing)]
    assert usable([own("channel", channel), own("front", front), *signers], NOW_MS) == able
