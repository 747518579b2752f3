"""What Linux tells of a process: /proc/<process id>/status."""

from __future__ import annotations

from pathlib import Path


def told(process_id: int | str, field: str) -> str:
    """The first word of `field`; `process_id` may be "self"."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    return next(line.split()[1] for line in status.splitlines() if line.startswith(f"{field}:"))


def minds(process_id: int, number: int) -> bool:
    """Whether the signal does not end the process any more: it is ignored or caught."""
    return any(int(told(process_id, mask), 16) & 1 << number - 1 for mask in ("SigIgn", "SigCgt"))
