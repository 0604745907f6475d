"""Writes a drawn chart as SVG without scripts, styles or references; text stays text."""

from __future__ import annotations

from html import escape

from advisor.reports.charts_drawn import Box, Dot, Shape, Stroke, Word, draw
from advisor.reports.document import ChartSpec

FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, DejaVu Sans, sans-serif"


def svg(spec: ChartSpec, width: float) -> str:
    """The chart as one `svg` element, `width` wide at full size, named by its title and finding."""
    drawing = draw(spec, width)
    body = "".join(_shape(shape) for shape in drawing.shapes)
    title = escape(f"{spec.title}. {spec.alt}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" '
        f'viewBox="0 0 {_n(width)} {_n(drawing.height)}" font-family="{FONT}">'
        f"<title>{title}</title>"
        f'<rect width="{_n(width)}" height="{_n(drawing.height)}" fill="#ffffff"/>{body}</svg>'
    )


def _shape(shape: Shape) -> str:
    if isinstance(shape, Box):
        return (
            f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
            f'fill="{shape.fill}"/>'
        )
    if isinstance(shape, Stroke):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        return f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{_n(shape.thickness)}"/>'
    if isinstance(shape, Dot):
        if shape.sign == "circle":
            return f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" fill="{shape.fill}"/>'
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in corners(shape))
        return f'<polygon points="{points}" fill="{shape.fill}"/>'
    return _word(shape)


def _word(word: Word) -> str:
    weight = ' font-weight="600"' if word.bold else ""
    anchor = "" if word.anchor == "start" else f' text-anchor="{word.anchor}"'
    place = f'x="{_n(word.x)}" y="{_n(word.y)}" font-size="{_n(word.size)}" fill="{word.colour}"'
    return f"<text {place}{anchor}{weight}>{escape(word.text)}</text>"


def corners(dot: Dot) -> tuple[tuple[float, float], ...]:
    """The corners of a sign that is no circle."""
    x, y, r = dot.x, dot.y, dot.radius
    if dot.sign == "diamond":
        return ((x, y - 1.25 * r), (x + 1.25 * r, y), (x, y + 1.25 * r), (x - 1.25 * r, y))
    if dot.sign == "square":
        return ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r))
    return ((x, y - r), (x + r, y + r), (x - r, y + r))


def _n(number: float) -> str:
    """A length with at most two decimals, so that the same chart is the same text on every machine."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
