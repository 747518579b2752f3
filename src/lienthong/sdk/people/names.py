"""When two written Vietnamese names are the same name.

Case, Unicode form, spaces and the two customs of placing the tone mark (``hòa``, ``hoà``) do not matter. Letters and
tones do: ``Hoàng`` is not ``Huỳnh``, ``Đặng`` is not ``Dang``.
"""

from __future__ import annotations

import unicodedata

_TONES = frozenset("\N{COMBINING GRAVE ACCENT}\N{COMBINING ACUTE ACCENT}\N{COMBINING TILDE}"
                   "\N{COMBINING HOOK ABOVE}\N{COMBINING DOT BELOW}")  # fmt: skip


def name_key(name: str) -> str:
    """What equal names have in common: a string to compare and to index, not to show."""
    return " ".join(_syllable_key(part) for part in unicodedata.normalize("NFD", name).casefold().split())


def _syllable_key(syllable: str) -> str:
    """The letters first, then the tone: so it no longer matters on which vowel the tone was written."""
    letters = "".join(sign for sign in syllable if sign not in _TONES)
    tones = "".join(sorted(sign for sign in syllable if sign in _TONES))
    return unicodedata.normalize("NFC", letters) + tones


def written_name(name: str) -> str:
    """`name` as records keep it: NFC, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())
