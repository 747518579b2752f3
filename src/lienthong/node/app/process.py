"""How a node's process sits on its machine: its processor, the interpreter's turns, the allocator's heap."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lienthong.domain.errors import Malformed

SWITCH_S = 0.002
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_HUGE = 2 << 20
_COLLAPSE = 25
"""``MADV_COLLAPSE`` (Linux 6.1): now, and also where huge pages are for those who ask only."""
_HEAP = {_M_MMAP_THRESHOLD: 4 << 20, _M_TRIM_THRESHOLD: 8 << 20, _M_TOP_PAD: 512 << 10}


def settle(cpus: Sequence[int], worker: int) -> None:
    """Before the loop and its threads begin. Raises Malformed InvalidRequest for a processor that may not be used."""
    bind(cpus, worker)
    # The loop must get the interpreter back quickly from the thread of the index.
    sys.setswitchinterval(SWITCH_S)
    keep_heap(ctypes.CDLL(None))


def freeze() -> None:
    """After everything is built: what lives as long as the process is not looked through by the collector again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with suppress(OSError, ValueError):  # no Linux, or no /proc
        use_huge_pages(ctypes.CDLL(None), Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace"))


def bind(cpus: Sequence[int], worker: int) -> None:
    """Bind this process, with the threads it will have, to its processor; nothing where none is named.

    Raises Malformed InvalidRequest for a processor that this process may not use.
    """
    if not cpus:
        return
    cpu = cpus[worker % len(cpus)]
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        may = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
        raise Malformed("InvalidRequest", f"node.cpus: processor {cpu} cannot be used; these can: {may}") from None


def keep_heap(library: object) -> None:
    """Let glibc keep up to 8 MB that were freed, and serve pieces of a body from the heap; other C libraries differ.

    Else the pieces of a long body go back to the system and come again as empty pages, each faulted in anew.
    """
    mallopt = getattr(library, "mallopt", None)
    if mallopt is None:
        return
    for name, value in _HEAP.items():
        mallopt(name, value)


def use_huge_pages(library: object, maps: str) -> int:
    """Put what is on the heap into pages of 2 MB, as far as the system has them; gives how many there are now.

    `maps` is proc_pid_maps(5). What every message touches lies scattered over the heap: with pages of 4 KB the
    processor looks up where, again and again. Asked for before the node serves, as the system may have to make room.
    """
    madvise = getattr(library, "madvise", None)
    if madvise is None:
        return 0
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    made = 0
    for line in maps.splitlines():
        area, access, _, _, file, *name = line.split(maxsplit=5)
        if access != "rw-p" or file != "0" or name not in ([], ["[heap]"]):
            continue
        start, end = (int(address, 16) for address in area.split("-"))
        for at in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
            made += madvise(at, _HUGE, _COLLAPSE) == 0
    return made
