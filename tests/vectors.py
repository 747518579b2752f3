"""Where the outside test vectors lie. They are no part of the project and not published with it; without them their
tests skip."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ.get("LIENTHONG_VECTORS", Path(__file__).resolve().parents[1].parent / "shared" / "vectors"))


def path(name: str) -> Path:
    """The path of vector file `name`; skips the calling test or module where the vectors are absent."""
    file = ROOT / name
    if not file.exists():
        # Nothing that can be installed brings them, so there is no remedy to name.
        reason = f"{name} belongs to outside test vectors, which are not published and cannot be installed"
        pytest.skip(reason, allow_module_level=True)
    return file


def load(name: str) -> Any:
    """The parsed JSON of vector file `name`."""
    return json.loads(path(name).read_text(encoding="utf-8"))
