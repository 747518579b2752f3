"""Nothing older comes into force, no clock runs back, and health warns in time."""

from __future__ import annotations

import pytest
from tests.doubles import small_country as vn

from lienthong.directory.freshness import CLOCK_BOUND_MS, Accepted, Freshness, accept, check_clock, freshness
from lienthong.directory.snapshot import FreshDirectory, build_directory
from lienthong.domain.errors import LienthongError, Unavailable, Undecided, Unproven

END_MS = vn.NOW_MS + vn.DAY_MS


def directory(version: int = 5, network_version: int = 3) -> FreshDirectory:
    network = vn.network(version=network_version)
    return build_directory(network, {}, version=version, expires_at_ms=END_MS)


def test_what_is_accepted_is_remembered() -> None:
    assert accept(directory(), None, root_version=1, now_ms=vn.NOW_MS) == Accepted(1, 5, 3, vn.NOW_MS)


@pytest.mark.parametrize(
    "accepted",
    [
        Accepted(2, 1, 1, vn.NOW_MS),
        Accepted(1, 6, 3, vn.NOW_MS),
        Accepted(1, 5, 4, vn.NOW_MS),
        Accepted(1, 5, 3, vn.NOW_MS + 1),
        Accepted(0, 5, 3, vn.NOW_MS + 1),
    ],
)
def test_nothing_goes_back(accepted: Accepted) -> None:
    with pytest.raises(Unproven) as caught:
        accept(directory(), accepted, root_version=1, now_ms=vn.NOW_MS)
    assert caught.value.code == "DirectoryRollback"


@pytest.mark.parametrize("accepted", [Accepted(1, 5, 3, vn.NOW_MS), Accepted(0, 99, 99, vn.NOW_MS - 1)])
def test_the_same_again_and_a_new_root_are_accepted(accepted: Accepted) -> None:
    assert accept(directory(), accepted, root_version=1, now_ms=vn.NOW_MS).version == 5


def test_an_expired_directory_is_not_accepted() -> None:
    with pytest.raises(Unavailable):
        accept(directory(), None, root_version=1, now_ms=END_MS)


def test_a_clock_may_be_a_little_behind_what_was_signed_but_not_more() -> None:
    check_clock(vn.NOW_MS, now_ms=vn.NOW_MS - CLOCK_BOUND_MS)
    with pytest.raises(Undecided) as caught:
        check_clock(vn.NOW_MS, now_ms=vn.NOW_MS - CLOCK_BOUND_MS - 1)
    assert caught.value.code == "DirectoryClock"


def test_a_clock_behind_the_last_accepted_directory_is_noticed_whatever_is_offered() -> None:
    later = Accepted(1, 1, 1, vn.NOW_MS + 2 * CLOCK_BOUND_MS)
    with pytest.raises(LienthongError) as caught:
        accept(directory(), later, root_version=1, now_ms=vn.NOW_MS)
    assert caught.value.code == "DirectoryClock"


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (END_MS - 3_600_001, Freshness.OK),
        (END_MS - 3_600_000, Freshness.DUE),
        (END_MS - 1, Freshness.DUE),
        (END_MS, Freshness.STALE),
    ],
)
def test_health_warns_before_the_end(now_ms: int, expected: Freshness) -> None:
    assert freshness(directory(), now_ms=now_ms, warn_before_ms=3_600_000) is expected
