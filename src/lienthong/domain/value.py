"""What all values of the pure rings are: frozen structs.

The bases say it once, so that no class needs keywords: a compiled module would lose them
(docs/decisions/0015-compiled-release.md). For the same reason this module is never compiled.
"""

from __future__ import annotations

from typing import dataclass_transform

from msgspec import Struct, field


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value(Struct, frozen=True):
    """A value: fields that never change, equal to another with equal fields."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Row(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A value that is encoded as the array of its fields."""
