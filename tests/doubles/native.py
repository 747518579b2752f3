"""Where the native modules are: in an environment with the wheel, as on a server, and not among the sources."""

from __future__ import annotations

from pathlib import Path

import pytest

import lienthong.wire.message

IN_WHEEL = Path(lienthong.wire.message.__file__).suffix == ".so"
needs_native = pytest.mark.skipif(not IN_WHEEL, reason="the sources run without what the wheel has compiled")
