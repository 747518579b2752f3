"""Every error that the platform tells somebody about. Bugs are assertions, not these.

    LienthongError
    ├── Malformed      what was sent breaks the protocol; sending it again unchanged cannot help
    ├── Refused        understood and provably sent, but not allowed: a clause says why
    ├── Unproven       a signature, date, certificate or digest does not hold
    │   └── Undecided  it could not be checked now (status or time source silent); not a verdict
    └── Unavailable    a party, disk or document that is needed is not there now; try again later

Each error carries a *code*: a leaf of the X-Road error vocabulary (``AccessDenied``) or, where X-Road has no
word, one of ours. `error_codes` holds the page: cause, what the caller does, what the operator does.
"""

from __future__ import annotations


class LienthongError(Exception):
    """An error with a documented code.

    `code` is the leaf (``AccessDenied``), `message` one English sentence for the caller without personal data,
    `clause` the grant clause that failed where there is one (``validity``, ``fields``, …).
    """

    __slots__ = ("clause", "code", "message")

    def __init__(self, code: str, message: str, *, clause: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.clause = clause

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Malformed(LienthongError):
    """What was sent breaks the protocol."""


class Refused(LienthongError):
    """Understood, but not allowed."""


class Unproven(LienthongError):
    """A signature, date, certificate or digest does not hold."""


class Undecided(Unproven):
    """It could not be checked now; neither proven nor disproven."""


class Unavailable(LienthongError):
    """A party, disk or document that is needed is not there now."""
