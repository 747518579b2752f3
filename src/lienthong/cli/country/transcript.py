"""What people read: Vietnamese first, English below it. Colours on a terminal, plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

_LABEL = 34


class Transcript:
    """Prints, and counts what was not as expected."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.unexpected = 0

    def heading(self, vi: str, en: str) -> None:
        """A new part."""
        self._write("")
        self._write(vi, "bold cyan")
        self._write(en, "cyan")

    def step(self, number: int, vi: str, en: str) -> None:
        """A step of the story."""
        self._write("")
        self._write(f"{number}. {vi}", "bold")
        self._write(f"   {en}", "dim")

    def progress(self, vi: str, en: str) -> None:
        """Something that takes a while, or is worth knowing."""
        self._write(f"   {vi} / {en}")

    def value(self, vi: str, en: str, value: object) -> None:
        """A named value."""
        self._write(f"   {f'{vi} / {en}':<{_LABEL}} {value}")

    def both(self, mark: str, vi: str, en: str) -> None:
        """A sentence in both languages after a mark."""
        self._write(f"   {mark} {vi}", _STYLES.get(mark, ""))
        self._write(f"     {en}", "dim")

    def expect(self, vi: str, en: str, *, expected: object, came: object) -> None:
        """One check: a line that says it holds, or what was expected and what came instead."""
        if came == expected:
            self._write(f"   ✓ {vi} / {en}", "green")
            return
        self.unexpected += 1
        self._write(f"   ✗ {vi} / {en}", "bold red")
        self._write(f"     chờ đợi / expected: {expected}", "red")
        self._write(f"     thực tế / came:     {came}", "red")

    def founded(self, counts: Any, version: int, seconds: float) -> None:
        """What a fresh country has."""
        self.progress(
            f"{counts.members} cơ quan, {counts.systems} hệ thống, {counts.services} dịch vụ, {counts.grants} quyền "
            f"khai thác; danh bạ số {version}",
            f"{counts.members} agencies, {counts.systems} systems, {counts.services} services, "
            f"{counts.grants} grants; directory {version} ({seconds:.1f} s)",
        )

    def started(self, name: str, seconds: float, *, ready: int, total: int) -> None:
        """A process is well."""
        self._write(f"   [{ready:>2}/{total}] {name:<30} {seconds:4.1f} s")

    def ready(self, seconds: float, processes: int) -> None:
        """The country runs."""
        self.progress(
            f"đất nước đã chạy: {processes} tiến trình", f"the country runs: {processes} processes ({seconds:.1f} s)"
        )

    def verdict(self) -> None:
        """The last words."""
        if self.unexpected:
            self.heading(f"KHÔNG đạt: {self.unexpected} điều không như chờ đợi", f"{self.unexpected} checks FAILED")
        else:
            self.heading("Mọi điều đều như chờ đợi", "Everything was as expected")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns."""
        widths = [max(len(row[index]) for row in (header, *rows)) for index in range(len(header))]
        for number, row in enumerate((header, *rows)):
            cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._write(f"   {cells}".rstrip(), "" if number else "dim")

    def plain(self, text: str) -> None:
        """Lines to be copied as they are."""
        for line in text.splitlines():
            self._write(line)

    def _write(self, line: str, style: str = "") -> None:
        self._console.print(Text(line, style=style), soft_wrap=True)


_STYLES = {"⊘": "bold yellow"}
