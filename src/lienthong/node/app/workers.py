"""Several processes of one node: started, renewed and stopped together; one that ends ends all."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from types import FrameType

_STOP_S = 30.0


def supervise(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait until a signal asks to stop or a process ends, stop all, give the first exit code that is not 0.

    SIGHUP is passed on to all of them. Each is asked to stop once: a second signal would end one that is just ending.
    """
    asked: list[subprocess.Popen[bytes]] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        for process in processes:
            if process not in asked:
                asked.append(process)
                process.terminate()

    def renew(number: int, _frame: FrameType | None) -> None:
        for process in processes:
            process.send_signal(number)

    signal.signal(signal.SIGHUP, renew)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(process.poll() is None for process in processes):
        time.sleep(0.2)
    stop(0, None)
    end = time.monotonic() + _STOP_S
    for process in processes:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return next((process.returncode for process in processes if process.returncode), 0)
