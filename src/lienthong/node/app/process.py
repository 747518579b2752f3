"""How a node's process sits on its machine: its processor, the interpreter's turns, the allocator's heap."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Sequence

from lienthong.domain.errors import Malformed

SWITCH_S = 0.002
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
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
