"""The form of a page about one error code."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """Why the code is said, what the caller does, what the operator of the node does; Vietnamese and English."""

    code: str
    cause_vi: str
    cause_en: str
    caller_vi: str
    caller_en: str
    operator_vi: str
    operator_en: str
