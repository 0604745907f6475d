"""Draws with Plotly the charts whose marks have a place along the chart: lines, dots and timelines."""

from __future__ import annotations

from typing import Any

from advisor.reports.charts_plotly import FAINT, GRID, HEIGHT, PALETTE, SYMBOLS, axis_of, hover, lines
from advisor.reports.document import ChartSpec, Mark, Series


def traces(objects: Any, spec: ChartSpec) -> list[Any]:
    """The drawn series of a chart with placed marks."""
    draw = _bar if spec.kind == "timeline" else _points
    return [draw(objects, spec, index, series) for index, series in enumerate(spec.series)]


def arrange(drawn: Any, spec: ChartSpec) -> None:
    """Sets the axes: places along the chart, amounts upwards; in a timeline the labels downwards."""
    if spec.kind == "timeline":
        drawn.update_xaxes(**axis_of(spec))
        return
    drawn.update_layout(height=HEIGHT)
    title = {"font": {"size": 12, "color": FAINT}, "standoff": 8}
    drawn.update_xaxes(title={"text": lines(spec.across, 60), **title}, zeroline=False, **axis_of(spec, across=True))
    drawn.update_yaxes(
        title={"text": lines(spec.axis, 40), **title},
        tickfont={"size": 12, "color": FAINT},
        tickprefix="",
        showgrid=True,
        gridcolor=GRID,
        autorange=False,
        categoryarray=None,
        categoryorder=None,
        ticklabelstandoff=4,
        **axis_of(spec),
    )


def _points(objects: Any, spec: ChartSpec, index: int, series: Series) -> Any:
    return objects.Scatter(
        name=lines(series.title, 40),
        mode="lines+markers" if spec.kind == "line" else "markers",
        x=[_at(mark) for mark in series.marks],
        y=[mark.amount.value for mark in series.marks],
        line={"color": PALETTE[index % len(PALETTE)], "width": 2.5, "dash": ("solid", "dash", "dot")[index % 3]},
        marker={
            "symbol": SYMBOLS[index % len(SYMBOLS)],
            "size": 9,
            "color": PALETTE[index % len(PALETTE)],
            "opacity": [0.45 if mark.muted else 1.0 for mark in series.marks],
        },
        cliponaxis=False,
        hovertext=[hover(series, mark) for mark in series.marks],
        hoverinfo="text",
    )


def _bar(objects: Any, spec: ChartSpec, index: int, series: Series) -> Any:
    places = {label: f"place {number}" for number, label in enumerate(spec.labels)}
    return objects.Bar(
        name=lines(series.title, 40),
        orientation="h",
        y=[places[mark.label] for mark in series.marks],
        x=[mark.amount.value for mark in series.marks],
        base=[_at(mark) for mark in series.marks],
        marker={"color": PALETTE[index % len(PALETTE)]},
        hovertext=[hover(series, mark) for mark in series.marks],
        hoverinfo="text",
    )


def _at(mark: Mark) -> float:
    return mark.at.value if mark.at is not None else 0.0
