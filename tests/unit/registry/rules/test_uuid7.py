"""UUIDv7: version, variant, time, and ids of one act in order."""

from __future__ import annotations

import random
import uuid
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from lienthong.registry.rules.uuid7 import uuid7, uuid7_sequence


@given(st.integers(0, 2**48 - 1), st.integers(0, 4095), st.binary(min_size=8, max_size=8))
def test_the_layout_of_rfc_9562(at_ms: int, counter: int, noise: bytes) -> None:
    made = uuid.UUID(uuid7(at_ms, counter, noise))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == at_ms
    assert made.int >> 64 & 0xFFF == counter


def test_ids_of_one_act_ascend_past_4096() -> None:
    ids = list(islice(uuid7_sequence(1_615_334_400_000, random.Random(1).randbytes), 10_000))
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
