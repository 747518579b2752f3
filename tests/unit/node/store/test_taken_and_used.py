"""What workers share: a message is taken once by all of them, a quota is used up by all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from lienthong.domain.errors import Refused, Unavailable
from lienthong.domain.grants import Quota
from lienthong.domain.identifiers import ServiceId, SystemId
from lienthong.exchange.replay.seen import once_key
from lienthong.node.store.taken_and_used import SharedQuota, SharedReplay, open_shared

CLIENT = SystemId("VN", "PROV", "H26", "mot-cua")
SERVICE = ServiceId("VN", "GOV", "G01", "dan-cu", "thu")
ONE = once_key(CLIENT, SERVICE, "m-1")


def guard(path: Path, most: int = 1000) -> SharedReplay:
    return SharedReplay(open_shared(path), request_period_ms=1000, message_period_ms=10_000, most=most)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shared.sqlite3"


def test_workers_that_begin_at_the_same_moment_all_open_it(tmp_path: Path) -> None:
    """The step to the write-ahead log is one that SQLite refuses at once where another one is at it."""
    with ThreadPoolExecutor(4) as pool:
        for number in range(25):
            path, together = tmp_path / f"{number}.sqlite3", Barrier(4)

            def begin(path: Path = path, together: Barrier = together) -> None:
                together.wait()
                open_shared(path).close()

            for begun in [pool.submit(begin) for _ in range(4)]:
                begun.result()


def test_a_message_is_taken_once_by_all_workers(path: Path) -> None:
    first, second = guard(path), guard(path)
    first.take("r-1", ONE, 0)
    with pytest.raises(Refused, match="DuplicateMessage"):
        second.take("r-1", None, 1)
    with pytest.raises(Refused, match="DuplicateMessage"):
        second.take("r-2", ONE, 1)
    second.take("r-3", None, 1)


def test_a_refused_message_takes_nothing(path: Path) -> None:
    first, second = guard(path), guard(path)
    first.take("r-1", ONE, 0)
    with pytest.raises(Refused):
        second.take("r-2", ONE, 1)
    second.take("r-2", None, 2)


def test_ids_are_forgotten_after_their_period(path: Path) -> None:
    one = guard(path)
    one.take("r-1", ONE, 0)
    one.take("r-1", None, 1001)
    with pytest.raises(Refused):
        one.take("r-2", ONE, 9_999)
    one.take("r-2", ONE, 10_001)


def test_what_a_ledger_remembers_is_taken(path: Path) -> None:
    one = guard(path)
    one.restore("r-1", ONE, 500)
    one.restore("r-1", ONE, 500)
    with pytest.raises(Refused):
        one.take("r-1", None, 600)
    with pytest.raises(Refused):
        one.take("r-2", ONE, 600)


def test_a_full_memory_refuses_instead_of_forgetting(path: Path) -> None:
    full = guard(path, most=1)
    full.take("r-1", None, 0)
    full.take("r-2", None, 0)
    with pytest.raises(Unavailable, match="Overloaded"):
        guard(path, most=1).take("r-3", None, 0)


def test_a_quota_is_used_up_by_all_workers(path: Path) -> None:
    first, second = (SharedQuota(open_shared(path), 10) for _ in range(2))
    quota = Quota(2, 60)
    first.consume("g", quota, 0)
    second.consume("g", quota, 1)
    assert (first.remaining("g", quota, 2), second.remaining("g", quota, 2)) == (0, 0)
    assert first.opens_ms("g", quota, 2) == 60_000
    assert second.remaining("g", quota, 60_000) == 2
    first.consume("g", quota, 60_000)
    assert second.remaining("g", quota, 60_001) == 1


def test_a_broken_file_is_a_coded_error(path: Path) -> None:
    one, quota = guard(path), SharedQuota(open_shared(path), 10)
    one.take("r-1", None, 0)
    for file in path.parent.glob("shared.sqlite3*"):
        file.write_bytes(b"no database " * 20_000)
    with pytest.raises(Unavailable, match="DatabaseError"):
        one.take("r-2", None, 0)
    with pytest.raises(Unavailable, match="DatabaseError"):
        quota.remaining("g", Quota(1, 1), 0)
    with pytest.raises(Unavailable, match="DatabaseError"):
        open_shared(path)


def test_a_message_that_could_not_be_recorded_may_come_again(path: Path) -> None:
    one = guard(path)
    one.take("r-1", ONE, 0)
    one.release("r-1", ONE)
    guard(path).take("r-1", ONE, 1)
    with pytest.raises(Refused):
        one.take("r-1", ONE, 2)
