"""Line charts as SVG, written by hand: panels side by side, readable in light and in dark."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH = 720
_HEIGHT = 340
_TOP, _BOTTOM, _LEFT, _GAP = 62, 74, 46, 34
_LABELS = 108
"""Pixels at the right for the names of the lines of the last panel."""
_LINE = 14
_COLOURS = (
    ("#1d6fb8", "#6cb6ff"),
    ("#b3541e", "#f0a05a"),
    ("#2f7d3b", "#7fd08a"),
    ("#8a3a9e", "#d79be6"),
    ("#7a6a00", "#d9c64a"),
)
"""In light and in dark, of one line after the other."""
_STYLE = (
    "svg{background:#fff}text{font:12px sans-serif;fill:#1f2328}.title{font-size:15px;font-weight:600}"
    ".small{font-size:11px;fill:#59636e}.grid{stroke:#d1d9e0}.mark{stroke:#59636e;stroke-dasharray:4 3}"
    "polyline{fill:none;stroke-width:2}"
)
_DARK = "svg{background:#0d1117}text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#30363d}.mark{stroke:#9198a1}"


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with ticks and what is written at them; logarithmic where `log` says so."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where `value` stands, 0 at the low end and 1 at the high one."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Line:
    """A named line through points, and which of the colours it has."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: int
    dots: bool = True


@dataclass(frozen=True)
class Panel:
    """One diagram: its title, axes and lines; `marks` are named values of y that are drawn across."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    x_name: str
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class _Frame:
    """Where a panel stands, in pixels."""

    left: float
    right: float
    top: float = _TOP
    bottom: float = _HEIGHT - _BOTTOM

    def x(self, axis: Axis, value: float) -> float:
        return self.left + (self.right - self.left) * axis.share(value)

    def y(self, axis: Axis, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * axis.share(value)


def chart(title: str, words: str, small: str, panels: tuple[Panel, ...]) -> str:
    """The text of an SVG file: `words` say what is seen for those who do not see it, `small` stands below."""
    width = (WIDTH - _LABELS - _LEFT - _GAP * (len(panels) - 1)) / len(panels)
    drawn = []
    for number, panel in enumerate(panels):
        left = _LEFT + number * (width + _GAP)
        drawn += _panel(panel, _Frame(left, left + width))
    drawn += _names(panels[-1], _Frame(0, WIDTH - _LABELS))
    style = _STYLE + _colours(0) + f"@media(prefers-color-scheme:dark){{{_DARK}{_colours(1)}}}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_HEIGHT}" width="{WIDTH}" height="{_HEIGHT}"'
        ' role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(words)}</desc>',
        f"<style>{style}</style>",
        _text(10, 22, title, "title"),
        *drawn,
        _text(10, _HEIGHT - 12, small, "small"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _panel(panel: Panel, frame: _Frame) -> list[str]:
    drawn = [_text(frame.left, frame.top - 12, panel.title, "small")]
    for value, label in panel.y.ticks:
        y = frame.y(panel.y, value)
        drawn.append(_across(frame, y, "grid"))
        drawn.append(_text(frame.left - 5, y + 4, label, "small", anchor="end"))
    for value, label in panel.x.ticks:
        drawn.append(_text(frame.x(panel.x, value), frame.bottom + 17, label, "small", anchor="middle"))
    middle = (frame.left + frame.right) / 2
    drawn.append(_text(middle, frame.bottom + 35, panel.x_name, "small", anchor="middle"))
    for value, label in panel.marks:
        y = frame.y(panel.y, value)
        drawn += [_across(frame, y, "mark"), _text(frame.left + 4, y - 4, label, "small")]
    for line in panel.lines:
        points = [(frame.x(panel.x, x), frame.y(panel.y, y)) for x, y in line.points]
        listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn.append(f'<polyline class="c{line.colour}" points="{listed}"/>')
        if line.dots:
            drawn += [f'<circle class="c{line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
    return drawn


def _names(panel: Panel, frame: _Frame) -> list[str]:
    """The names of the lines where they end, moved apart where they would lie on one another."""
    ends = sorted((frame.y(panel.y, line.points[-1][1]), line.name, line.colour) for line in panel.lines)
    drawn: list[str] = []
    last = -math.inf
    for wanted, name, colour in ends:
        last = max(wanted, last + _LINE)
        drawn.append(_text(frame.right + 8, last + 4, name, f"n{colour}"))
    return drawn


def _colours(which: int) -> str:
    rules = (
        f"polyline.c{number}{{stroke:{colour[which]}}}circle.c{number},.n{number}{{fill:{colour[which]}}}"
        for number, colour in enumerate(_COLOURS)
    )
    return "".join(rules)


def _across(frame: _Frame, y: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{frame.left:.1f}" x2="{frame.right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{placed}>{escape(text)}</text>'
