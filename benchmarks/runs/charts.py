"""Charts as inline SVG: plain shapes and text, coloured by the page's style, readable without a script."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 46
COLOURS = 8

Scale = Callable[[float], float]


def curve_chart(result: Mapping[str, Any], colour: Mapping[str, int]) -> Markup | None:
    """Quality against train size, log scale: points with their standard error, median and 90 % band of every arm."""
    found = result["curves"]
    if not found:
        return None
    sizes = [one["train_size"] for curve in found for one in (*curve["points"], *curve["band"])]
    values = [one[key] for curve in found for one in curve["band"] for key in ("low", "high")]
    values += [one["value"] + sign * one["error"] for curve in found for one in curve["points"] for sign in (-1, 1)]
    x, y = _log(min(sizes), max(sizes)), _linear(*_padded(values))
    measured = sorted({one["train_size"] for curve in found for one in curve["points"]})
    parts = [*_y_axis(y, _padded(values), result["task"]["metric"])]
    ticks = [size for size in _doublings(min(sizes), max(sizes)) if size > max(measured)]
    parts += _x_ticks(x, [*measured, *ticks[1::2]], lambda size: f"{size:g}")
    parts.append(_text(LEFT, HEIGHT - 6, "labelled examples (log scale)", "axis"))
    if max(sizes) > max(measured):
        edge = x(max(measured))
        parts.append(_line(edge, TOP, edge, HEIGHT - BOTTOM, "edge"))
        parts.append(_text(min(edge + 5, WIDTH - 90), TOP + 11, "extrapolated", "axis"))
    for curve in found:
        name = f"c{colour[curve['arm']]}"
        upper = [(x(one["train_size"]), y(one["high"])) for one in curve["band"]]
        lower = [(x(one["train_size"]), y(one["low"])) for one in reversed(curve["band"])]
        middle = [(x(one["train_size"]), y(one["value"])) for one in curve["band"]]
        parts.append(f'<polygon class="band {name}" points="{_points([*upper, *lower])}"/>')
        parts.append(f'<polyline class="curve {name}" points="{_points(middle)}"/>')
    for curve in found:
        name = f"c{colour[curve['arm']]}"
        for one in curve["points"]:
            at = x(one["train_size"])
            parts.append(_line(at, y(one["value"] - one["error"]), at, y(one["value"] + one["error"]), f"bar {name}"))
            title = f"{curve['arm']}, {one['train_size']} examples: {one['value']:.3f}"
            parts.append(_dot(at, y(one["value"]), name, title))
    return _svg(parts, f"Learning curves: {result['task']['metric']} against labelled examples")


def pareto_chart(entries: Sequence[Mapping[str, Any]], metric: str, colour: Mapping[str, int]) -> Markup | None:
    """Quality against the median latency, log scale; arms that no other beats in both are filled and joined."""
    if not entries:
        return None
    seconds = [max(entry["latency_seconds"]["p50"], 1e-5) for entry in entries]
    values = [entry["metric"][key] for entry in entries for key in ("low", "high", "value")]
    low, high = min(seconds) / 1.5, max(seconds) * 1.5
    x, y = _log(low, high), _linear(*_padded(values))
    parts = [*_y_axis(y, _padded(values), metric)]
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    parts += _x_ticks(x, [10.0**power for power in powers] or [min(seconds)], _milliseconds)
    parts.append(_text(LEFT, HEIGHT - 6, "median seconds for one text (log scale)", "axis"))
    front = pareto_front(entries)
    joined = sorted((x(max(one["latency_seconds"]["p50"], 1e-5)), y(one["metric"]["value"])) for one in front)
    parts.append(f'<polyline class="front" points="{_points(joined)}"/>')
    for entry, second in zip(entries, seconds, strict=True):
        name, at, score = f"c{colour[entry['arm']]}", x(second), entry["metric"]
        parts.append(_line(at, y(score["low"]), at, y(score["high"]), f"bar {name}"))
        title = f"{entry['arm']}: {score['value']:.3f}, {_milliseconds(second)}"
        parts.append(_dot(at, y(score["value"]), name if entry in front else f"{name} open", title))
    for entry, level in _apart(entries, [y(entry["metric"]["value"]) - 7 for entry in entries]):
        at = x(max(entry["latency_seconds"]["p50"], 1e-5))
        anchor = "end" if at > WIDTH * 0.8 else "start"
        parts.append(_text(at + (-8 if anchor == "end" else 8), level, entry["arm"], "name", anchor))
    return _svg(parts, f"{metric} against the time for one text")


def pareto_front(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The entries that no other beats in quality without being slower."""

    def beaten(one: Mapping[str, Any]) -> bool:
        mine = (one["metric"]["value"], -one["latency_seconds"]["p50"])
        return any(
            other["metric"]["value"] >= mine[0]
            and -other["latency_seconds"]["p50"] >= mine[1]
            and (other["metric"]["value"], -other["latency_seconds"]["p50"]) != mine
            for other in entries
        )

    return [one for one in entries if not beaten(one)]


def _apart(
    entries: Sequence[Mapping[str, Any]], levels: Sequence[float], gap: float = 17
) -> list[tuple[Mapping[str, Any], float]]:
    """Labels from the top down, each moved below the one before it where they would overlap."""
    placed: list[tuple[Mapping[str, Any], float]] = []
    for index in sorted(range(len(entries)), key=lambda one: levels[one]):
        level = max(levels[index], TOP + 8, placed[-1][1] + gap if placed else 0.0)
        placed.append((entries[index], level))
    return placed


def _svg(parts: Sequence[str], title: str) -> Markup:
    inside = "".join(parts)
    # Every text inside went through escape.
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{inside}</svg>"
    )


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = max(0.0, min(values)), min(1.0, max(values))
    low, high = math.floor(low * 10 - 0.2) / 10, math.ceil(high * 10 + 0.2) / 10
    return max(0.0, low), min(1.0, max(high, low + 0.1))


def _linear(low: float, high: float) -> Scale:
    height = HEIGHT - TOP - BOTTOM
    return lambda value: TOP + height * (1 - (min(max(value, low), high) - low) / (high - low))


def _log(low: float, high: float) -> Scale:
    width, span = WIDTH - LEFT - RIGHT, max(math.log(high / low), 1e-9)
    return lambda value: LEFT + width * math.log(value / low) / span


def _doublings(low: float, high: float) -> list[float]:
    return [low * 2**step for step in range(int(math.log2(high / low)) + 1)]


def _y_axis(y: Scale, ends: tuple[float, float], metric: str) -> list[str]:
    parts = []
    steps = round((ends[1] - ends[0]) * 10)
    for step in range(0, steps + 1, 1 if steps <= 6 else 2):
        value = ends[0] + step / 10
        parts.append(_line(LEFT, y(value), WIDTH - RIGHT, y(value), "grid"))
        parts.append(_text(LEFT - 7, y(value) + 4, f"{value:.1f}", "axis", "end"))
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 6, metric, "axis", "end"))
    return parts


def _x_ticks(x: Scale, values: Sequence[float], words: Callable[[float], str]) -> list[str]:
    return [_text(x(value), HEIGHT - BOTTOM + 18, words(value), "axis", "middle") for value in values]


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _dot(x: float, y: float, kind: str, title: str) -> str:
    return f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"><title>{escape(title)}</title></circle>'


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
