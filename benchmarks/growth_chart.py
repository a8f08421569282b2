"""Draws how the work for each page grows with the number of messages, as an SVG file."""

from __future__ import annotations

from html import escape
from math import log10
from pathlib import Path
from typing import Any

from benchmarks.table import NAMES

WIDTH, HEIGHT = 980, 470
PLOT_WIDTH, PLOT_HEIGHT = 250, 340
LEFT, TOP, BETWEEN = 58, 62, 236
# Distinguishable for people with colour blindness; readable on light and on dark.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#8a63d2", "#7a7a7a")
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .ground { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .grid { stroke: #3d444d } .ground { fill: #0d1117 }
  }
"""


def draw_growth(results: list[dict[str, Any]], path: Path) -> None:
    """A panel for each database: the work as a multiple of the floor, by messages, both on
    logarithmic scales. Milliseconds would show how busy the machine was.
    """
    scale = _Scale(
        sizes=sorted({result["messages"] for result in results}),
        highest=max(10, 1.2 * max(result["ratio"] for result in results)),
    )
    backends = [name for name in NAMES if any(result["backend"] == name for result in results)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>The work of each page, from 10,000 to 1,000,000 messages</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
    ]
    for place, backend in enumerate(backends):
        left = LEFT + place * (PLOT_WIDTH + BETWEEN)
        mine = [result for result in results if result["backend"] == backend]
        parts += _panel(NAMES[backend], mine, left, scale)
    parts.append("</svg>")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts) + "\n")


class _Scale:
    """The positions of numbers in a panel."""

    def __init__(self, sizes: list[int], highest: float) -> None:
        self.sizes = sizes
        self.highest = highest

    def x(self, messages: int) -> float:
        if len(self.sizes) == 1:
            return PLOT_WIDTH / 2
        first, last = log10(self.sizes[0]), log10(self.sizes[-1])
        return PLOT_WIDTH * (log10(messages) - first) / (last - first)

    def y(self, ratio: float) -> float:
        return PLOT_HEIGHT * (1 - log10(max(ratio, 1)) / log10(self.highest))

    def marks(self) -> list[int]:
        steps = [10**power * step for power in range(6) for step in (1, 2, 5)]
        return [mark for mark in steps if mark <= self.highest]


def _panel(name: str, results: list[dict[str, Any]], left: int, scale: _Scale) -> list[str]:
    parts = [f'<text class="title" x="{left}" y="26">{name}</text>']
    parts.append(f'<text x="{left}" y="46">times the floor, by messages in the database</text>')
    for mark in scale.marks():
        y = TOP + scale.y(mark)
        parts.append(
            f'<line class="grid" x1="{left}" x2="{left + PLOT_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{mark:g}</text>')
    for size in scale.sizes:
        x = left + scale.x(size)
        parts.append(
            f'<text x="{x:.1f}" y="{TOP + PLOT_HEIGHT + 40}" text-anchor="middle">{size:,}</text>'
        )
    labels = []
    for number, case in enumerate(dict.fromkeys(result["case"] for result in results)):
        colour = COLOURS[number % len(COLOURS)]
        # When the colours are used up, they repeat with dashed lines.
        dashes = ' stroke-dasharray="5 4"' if number >= len(COLOURS) else ""
        points = sorted((one["messages"], one["ratio"]) for one in results if one["case"] == case)
        drawn = " ".join(
            f"{left + scale.x(messages):.1f},{TOP + scale.y(ratio):.1f}"
            for messages, ratio in points
        )
        parts.append(f'<polyline class="line" stroke="{colour}"{dashes} points="{drawn}"/>')
        labels.append((TOP + scale.y(points[-1][1]), case, colour))
    parts += _labels(labels, left + PLOT_WIDTH + 8)
    return parts


def _labels(labels: list[tuple[float, str, str]], x: int) -> list[str]:
    """The names of the cases at the ends of their lines, moved apart where they overlap."""
    parts = []
    least = 0.0
    for y, case, colour in sorted(labels):
        least = max(y, least + 15)
        name = escape(_short(case))
        parts.append(f'<circle cx="{x + 3}" cy="{least:.1f}" r="3.5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 11}" y="{least + 4:.1f}">{name}</text>')
    return parts


def _short(case: str) -> str:
    """A short name for the label of a line."""
    short = case.replace("Conversation page, first view", "First view")
    short = short.replace("Floor: a signed-in view of a few bytes", "Floor")
    short = short.replace("Search, reader with ", "Search, ").replace(" of all messages", "")
    return short if len(short) <= 34 else short[:33].rstrip(" ,") + "…"
