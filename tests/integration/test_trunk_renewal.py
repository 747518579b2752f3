"""Certificates are renewed while many exchanges run: another channel takes over, no exchange fails."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.doubles.on_record import records
from tests.doubles.rig import CONSUMER, PROVIDER, Rig, make_keys
from tests.doubles.traffic import Traffic, events, publish


@pytest.mark.parametrize(("name", "member", "trunks_let_go"), [("provider", PROVIDER, 2), ("consumer", CONSUMER, 0)])
def test_no_exchange_fails_while_a_node_is_described_anew(
    rig: Rig, tmp_path: Path, name: str, member: object, trunks_let_go: int
) -> None:
    """The next certificates come into the directory, then those in use are alone again."""
    folder = tmp_path / "next"
    folder.mkdir()
    with Traffic(rig) as traffic:
        time.sleep(1)
        rig.next_keys[name] = make_keys(rig.authority, folder, member, now_ms=rig.now_ms)  # type: ignore[arg-type]
        publish(rig)
        del rig.next_keys[name]
        publish(rig)
        assert events(rig.consumer, "trunk.down") == (trunks_let_go if rig.trunks else 0)
        late = records(rig.consumer)[-20:]
    assert all((one.batch_place is not None) == bool(rig.trunks) for one in late), "a trunk carries them again"
    for node in (rig.consumer, rig.provider):
        assert sum(one.kind.value == "request" for one in records(node)) == len(traffic.statuses)
        assert sum(one.kind.value == "response" for one in records(node)) == len(traffic.statuses)
