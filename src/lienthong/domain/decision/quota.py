"""How many calls each grant has left in its window. Mutable and bounded; time is passed in."""

from __future__ import annotations

from typing import Final

from lienthong.domain.grants import Quota

_SWEEP_INTERVAL_MS: Final = 1000


class QuotaWindows:
    """One counter per grant, for fixed windows from the epoch.

    At most `grants_max` grants are counted; one more than that counts as used up until a window ends, so that a full
    table never lets calls through. A clock that goes back does not open a window again.
    """

    __slots__ = ("_counters", "_grants_max", "_swept_ms")

    def __init__(self, grants_max: int = 262_144) -> None:
        self._counters: dict[str, tuple[int, int]] = {}  # grant id -> (end of window in ms, calls in it)
        self._grants_max = grants_max
        self._swept_ms = -_SWEEP_INTERVAL_MS

    def remaining(self, grant_id: str, quota: Quota, at_ms: int) -> int:
        """Calls that `grant_id` has left at `at_ms`."""
        counter = self._counters.get(grant_id)
        if counter is None:
            return quota.calls if self._has_room(at_ms) else 0
        return max(0, quota.calls - counter[1]) if at_ms < counter[0] else quota.calls

    def consume(self, grant_id: str, quota: Quota, at_ms: int) -> None:
        """Count one call that was granted; the caller has seen that `remaining` is positive."""
        counter = self._counters.get(grant_id)
        if counter is not None and at_ms < counter[0]:
            self._counters[grant_id] = (counter[0], counter[1] + 1)
        else:
            self._counters[grant_id] = (window_end_ms(quota, at_ms), 1)

    def opens_ms(self, grant_id: str, quota: Quota, at_ms: int) -> int:
        """When the window of `grant_id` ends and calls are allowed again."""
        counter = self._counters.get(grant_id)
        return counter[0] if counter is not None and at_ms < counter[0] else window_end_ms(quota, at_ms)

    def _has_room(self, at_ms: int) -> bool:
        if len(self._counters) < self._grants_max:
            return True
        if at_ms - self._swept_ms >= _SWEEP_INTERVAL_MS:
            self._swept_ms = at_ms
            self._counters = {key: counter for key, counter in self._counters.items() if at_ms < counter[0]}
        return len(self._counters) < self._grants_max


def window_end_ms(quota: Quota, at_ms: int) -> int:
    """End of the window that holds `at_ms`."""
    period_ms = quota.period_s * 1000
    return (at_ms // period_ms + 1) * period_ms
