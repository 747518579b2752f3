"""Whether what runs is the wheel, as on a server, or the sources."""

from __future__ import annotations

from pathlib import Path

import lienthong.wire.message

IN_WHEEL = Path(lienthong.wire.message.__file__).suffix == ".so"
