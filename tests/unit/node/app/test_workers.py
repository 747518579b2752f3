"""The processes of a node stop together, and each is asked once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from tests.doubles.process_status import minds

SUPERVISOR = """
import subprocess, sys
from lienthong.node.app.workers import supervise

children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for code in sys.argv[1:]]
for child in children:
    child.stdout.readline()
print("up", flush=True)
sys.exit(supervise(children))
"""
QUICK = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"
SLOW = "import signal; signal.signal(signal.SIGTERM, lambda *_: ending())"
CHILD = """
import signal, sys, time

def ending():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    time.sleep(1)
    sys.exit(0)

{}
print("up", flush=True)
time.sleep(30)
"""


def supervisor(*kinds: str) -> subprocess.Popen[bytes]:
    made = subprocess.Popen([sys.executable, "-c", SUPERVISOR, *map(CHILD.format, kinds)], stdout=subprocess.PIPE)
    assert made.stdout is not None
    assert made.stdout.readline() == b"up\n"
    end = time.monotonic() + 20
    while made.poll() is None and not minds(made.pid, signal.SIGTERM):
        assert time.monotonic() < end
        time.sleep(0.002)
    return made


def test_one_that_is_ending_is_not_asked_again() -> None:
    made = supervisor(QUICK, SLOW)
    made.terminate()
    assert made.wait(20) == 0


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (3, 3)])
def test_one_that_ends_ends_all(code: int, expected: int) -> None:
    made = supervisor(SLOW, f'print("up", flush=True); sys.exit({code})')
    assert made.wait(20) == expected
