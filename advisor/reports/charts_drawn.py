"""Draws chart specs as plain shapes at a given width; the SVG and the printed forms only write these shapes down.

All lengths are in points of the page; x grows to the right, y grows downwards. The y of a word is its baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from advisor.language import say
from advisor.reports.charts_plotly import FAINT, GRID, INK, PALETTE
from advisor.reports.charts_scale import Scale, scale_of
from advisor.reports.document import ChartSpec, Mark
from advisor.reports.figures import figure, signed
from advisor.reports.fixed_width import width as columns

NARROW = 460  # below this width labels stand above their bars, not beside them
SIZE = 9.0
LINE = 12.0
PAPER = "#ffffff"


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: str
    thickness: float = 1.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A small sign around a point: a circle, a diamond, a square or a triangle, so that colour is not all there is."""

    x: float
    y: float
    radius: float
    fill: str
    sign: Literal["circle", "diamond", "square", "triangle"] = "circle"


@dataclass(frozen=True, slots=True)
class Word:
    """A line of text; `anchor` says which end of it stands at x."""

    x: float
    y: float
    text: str
    size: float = SIZE
    colour: str = INK
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Shape = Box | Stroke | Dot | Word
SIGNS: tuple[Literal["circle", "diamond", "square", "triangle"], ...] = ("circle", "diamond", "square", "triangle")


@dataclass(slots=True)
class Drawing:
    """Shapes on white paper of `width` by `height` points."""

    width: float
    height: float = 0.0
    shapes: list[Shape] = field(default_factory=list)


def draw(spec: ChartSpec, width: float) -> Drawing:
    """The chart as shapes, `width` points wide and as high as it needs."""
    drawing = Drawing(width)
    bottom = _plane(spec, drawing) if spec.kind in {"line", "scatter"} else _rows(spec, drawing)
    drawing.height = _legend(spec, drawing, bottom) + 4
    return drawing


def length(text: str, size: float = SIZE) -> float:
    """About how wide a text is drawn, in points; rather too wide than too narrow."""
    return columns(text) * size * 0.57


def wrapped(text: str, room: float, most: int, size: float = SIZE) -> list[str]:
    """The text in at most `most` lines that fit into `room`; what does not fit ends in three dots."""
    import textwrap

    signs = max(6, int(room / (size * 0.57)))
    return textwrap.wrap(text, signs, max_lines=most, placeholder=" …", break_on_hyphens=False) or [""]


def pale(colour: str, share: float = 0.45) -> str:
    """The colour as it looks at `share` of its strength on white."""
    parts = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)


def _rows(spec: ChartSpec, drawing: Drawing) -> float:
    """Bars, intervals or stretches of time below each other, one row a label; gives the lower edge."""
    narrow = drawing.width < NARROW
    left = 0.0 if narrow else drawing.width * 0.27
    right = drawing.width - (70.0 if spec.kind == "timeline" else 58.0 if spec.totals else 16.0)
    scale = scale_of(spec, left + 6, right)
    rows: list[tuple[str, float, float]] = []  # label, middle of the drawn row, lower edge
    y = 6.0
    for label in spec.labels:
        lines = wrapped(label, drawing.width - 4 if narrow else left - 8, 2 if narrow else 3)
        body = 24.0 + (11.0 if spec.kind == "interval" and len(spec.series) > 1 else 0.0)
        head = len(lines) * LINE if narrow else 0.0
        tall = max(body, len(lines) * LINE) if not narrow else body
        for number, line in enumerate(lines):
            start = y + 9 if narrow else y + tall / 2 - (len(lines) - 1) * LINE / 2 + 3
            drawing.shapes.append(Word(0, start + number * LINE, line))
        rows.append((label, y + head + tall / 2, y + head + tall))
        y += head + tall + 6
    _axis(spec, drawing, scale, 2.0, y)
    for label, middle, _ in rows:
        row = [
            (index, mark) for index, series in enumerate(spec.series) for mark in series.marks if mark.label == label
        ]
        if spec.kind == "stacked":
            _stack(drawing, scale, middle, row)
        elif spec.kind == "timeline":
            _stretches(drawing, scale, middle, row)
        else:
            _intervals(drawing, scale, middle, row, right)
    for mark in spec.totals:
        middle = next(middle for label, middle, _ in rows if label == mark.label)
        drawing.shapes.append(Dot(scale(mark.amount.value), middle + 10, 3.4, INK, "triangle"))
        drawing.shapes.append(Word(drawing.width, middle + 3, signed(mark.amount), anchor="end", bold=True))
    foot = spec.axis + (say("; ▲ and bold: total") if spec.totals else "")
    return _title_of_axis(drawing, foot, left + 6, y + 14)


def _axis(spec: ChartSpec, drawing: Drawing, scale: Scale, top: float, bottom: float) -> None:
    """Grid lines and figures of the horizontal axis, behind everything that is drawn later."""
    grid: list[Shape] = []
    free = -1e9
    for tick, text in scale.ticks:
        x = scale(tick)
        strong = tick == 0 and spec.kind == "stacked"
        grid.append(Stroke(((x, top), (x, bottom)), FAINT if strong else GRID, 0.8 if strong else 0.6))
        half = length(text, 8) / 2
        if x - half > free:
            x = min(max(x, half), drawing.width - half)
            grid.append(Word(x, bottom + 10, text, 8, FAINT, "middle"))
            free = x + half + 4
    drawing.shapes[:0] = grid


def _title_of_axis(drawing: Drawing, text: str, x: float, y: float) -> float:
    lines = wrapped(text, drawing.width - x, 3, 8)
    for number, line in enumerate(lines):
        drawing.shapes.append(Word(x, y + 8 + number * 10, line, 8, FAINT))
    return y + 8 + len(lines) * 10


def _stack(drawing: Drawing, scale: Scale, middle: float, row: Sequence[tuple[int, Mark]]) -> None:
    up = down = 0.0
    for index, mark in row:
        value = mark.amount.value
        start = up if value >= 0 else down
        x, end = sorted((scale(start), scale(start + value)))
        colour = PALETTE[index % len(PALETTE)]
        drawing.shapes.append(Box(x, middle - 8, max(end - x, 0.3), 15, pale(colour, 0.35) if mark.muted else colour))
        text = signed(mark.amount)
        if not mark.muted and end - x > length(text, 7.5) + 3:
            ink = PAPER if index % len(PALETTE) in {0, 3, 5} else INK
            drawing.shapes.append(Word((x + end) / 2, middle + 2.5, text, 7.5, ink, "middle"))
        up, down = (up + value, down) if value >= 0 else (up, down + value)


def _intervals(drawing: Drawing, scale: Scale, middle: float, row: Sequence[tuple[int, Mark]], right: float) -> None:
    for index, mark in row:
        amount = mark.amount
        colour = PALETTE[0] if index == 0 else PALETTE[-1]
        colour = pale(colour) if mark.muted else colour
        y = middle + (5 if len(row) == 1 else 0)
        if amount.low is not None and amount.high is not None:
            low, high = scale(amount.low), scale(amount.high)
            drawing.shapes.append(Stroke(((low, y), (high, y)), colour, 2.2))
            drawing.shapes += [Stroke(((x, y - 4), (x, y + 4)), colour, 1.4) for x in (low, high)]
        x = scale(amount.value)
        drawing.shapes.append(Dot(x, y, 4.0, colour, SIGNS[index % len(SIGNS)]))
        text = figure(amount, in_table=True)
        half = length(text) / 2
        above = y - 8 if index == 0 or len(row) == 1 else y + 14
        drawing.shapes.append(Word(min(max(x, half), right + 14 - half), above, text, anchor="middle"))


def _stretches(drawing: Drawing, scale: Scale, middle: float, row: Sequence[tuple[int, Mark]]) -> None:
    """Bars from a beginning to an end; where the end is uncertain, a thin line leads to the latest one."""
    for index, mark in row:
        assert mark.at is not None
        begin, end = mark.at.value, mark.at.value + mark.amount.value
        x, stop = scale(begin), scale(end)
        colour = PALETTE[index % len(PALETTE)]
        colour = pale(colour) if mark.muted else colour
        latest = stop
        if mark.amount.high is not None and mark.amount.high > mark.amount.value:
            latest = scale(begin + mark.amount.high)
            drawing.shapes.append(Stroke(((stop, middle), (latest, middle)), colour, 1.6))
            drawing.shapes.append(Stroke(((latest, middle - 4), (latest, middle + 4)), colour, 1.4))
        if stop - x < 1.5:
            drawing.shapes.append(Dot(x, middle, 4.2, colour, "diamond"))
        else:
            drawing.shapes.append(Box(x, middle - 6, stop - x, 12, colour))
        text = figure(mark.amount)
        if mark.amount.value and latest + 6 + length(text) < drawing.width:
            drawing.shapes.append(Word(latest + 6, middle + 3, text))


def _plane(spec: ChartSpec, drawing: Drawing) -> float:
    """Lines or dots on a plane: places along the lower edge, amounts up the left one; gives the lower edge."""
    lines = wrapped(spec.axis, drawing.width, 2, 8)
    for number, line in enumerate(lines):
        drawing.shapes.append(Word(0, 9 + number * 10, line, 8, FAINT))
    top = 12 + len(lines) * 10.0
    bottom = top + (170 if drawing.width < NARROW else 210)
    up = scale_of(spec, bottom, top)
    margin = max((length(text, 8) for _, text in up.ticks), default=20) + 8
    across = scale_of(spec, margin, drawing.width - 14, across=True)
    grid: list[Shape] = []
    for tick, text in up.ticks:
        y = up(tick)
        grid.append(Stroke(((margin, y), (drawing.width - 8, y)), FAINT if tick == 0 else GRID, 0.6))
        grid.append(Word(margin - 5, y + 3, text, 8, FAINT, "end"))
    drawing.shapes[:0] = grid
    _axis(spec, drawing, across, top, bottom)
    dots: list[tuple[float, float, Mark]] = []
    for index, series in enumerate(spec.series):
        colour = PALETTE[index % len(PALETTE)]
        placed = [(across(mark.at.value), up(mark.amount.value), mark) for mark in series.marks if mark.at is not None]
        if spec.kind == "line":
            ordered = sorted(placed, key=lambda item: item[0])
            if len(ordered) > 1:
                drawing.shapes.append(Stroke(tuple((x, y) for x, y, _ in ordered), colour, 1.8))
        for x, y, mark in placed:
            if spec.kind == "scatter" or len(placed) <= 12:
                sign = SIGNS[index % len(SIGNS)]
                drawing.shapes.append(Dot(x, y, 3.2, pale(colour) if mark.muted else colour, sign))
        dots += placed
    if spec.kind == "scatter":
        taken = [(x - 5.0, x + 5.0, y) for x, y, _ in dots]
        _names(drawing, dots, taken)
    return _title_of_axis(drawing, spec.across, margin, bottom + 14)


def _names(
    drawing: Drawing, placed: Sequence[tuple[float, float, Mark]], taken: list[tuple[float, float, float]]
) -> None:
    """Names beside the dots, as far as there is room for them; the table of the chart has them all."""
    for x, y, mark in placed:
        text = wrapped(mark.label, 110, 1, 7.5)[0]
        size = length(text, 7.5)
        start = x + 6 if x + 6 + size < drawing.width else x - 6 - size
        free = all(abs(y - other) > 9 or start > end or start + size < begin for begin, end, other in taken)
        if text and free and start > 0:
            taken.append((start, start + size, y))
            drawing.shapes.append(Word(start, y + 2.6, text, 7.5))


def _legend(spec: ChartSpec, drawing: Drawing, y: float) -> float:
    """A sign and a name for each series, where there is more than one."""
    if len(spec.series) < 2:
        return y
    x, y = 0.0, y + 10
    for index, series in enumerate(spec.series):
        text = wrapped(series.title, drawing.width - 16, 1, 8)[0]
        if x and x + 12 + length(text, 8) > drawing.width:
            x, y = 0.0, y + 13
        interval = spec.kind == "interval"
        colour = (PALETTE[0] if index == 0 else PALETTE[-1]) if interval else PALETTE[index % len(PALETTE)]
        sign = "square" if spec.kind in {"stacked", "timeline"} else SIGNS[index % len(SIGNS)]
        drawing.shapes.append(Dot(x + 4, y - 3, 3.6, colour, sign))
        drawing.shapes.append(Word(x + 12, y, text, 8))
        x += 12 + length(text, 8) + 14
    return y + 4
