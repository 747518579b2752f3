"""What is remembered stays within its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.memo import Memo


@given(st.lists(st.integers(0, 50)), st.integers(1, 20))
def test_what_is_kept_is_right_and_bounded(keys: list[int], most: int) -> None:
    memo: Memo[int, str] = Memo(most)
    for key in keys:
        found = memo.known.get(key)
        assert found in (None, str(key))
        if found is None:
            assert memo.keep(key, str(key)) == str(key)
        assert memo.known[key] == str(key)
        assert len(memo.known) <= most
