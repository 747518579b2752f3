"""Where a measurement was taken, and whether the tools that it needs are there."""

from __future__ import annotations

import os
import platform
import shutil
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lienthong.wire import message

DEBIAN_PACKAGES = {"nginx": "nginx-light", "wrk": "wrk", "node": "nodejs"}
_LIBRARIES = ("uvloop", "httptools", "cryptography", "msgspec", "lxml")
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


class ToolMissing(Exception):
    """A program that the scenario needs is not installed; says which Debian package brings it."""


def tool(name: str) -> str:
    """Path of a program; raises ToolMissing."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        package = DEBIAN_PACKAGES.get(name, name)
        raise ToolMissing(f"{name} is not installed. Remedy: as root, apt-get install {package}")
    return found


def facts() -> dict[str, Any]:
    """The machine, its load before the run, and the versions that matter."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "lienthong": "compiled" if message.__file__.endswith(".so") else "from sources",
        "openssl": ssl.OPENSSL_VERSION,
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def nginx_version() -> str:
    """What nginx says of itself."""
    said = subprocess.run([tool("nginx"), "-v"], capture_output=True, text=True, check=True).stderr
    return said.rpartition("/")[2].strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()
