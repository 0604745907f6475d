"""Draws chart specs with Plotly, which is imported late. Colours tell apart by every kind of colour vision."""

from __future__ import annotations

import math
from typing import Any

from advisor.errors import MissingExtra
from advisor.language import say
from advisor.reports.charts_scale import scale_of
from advisor.reports.document import PLACED, ChartSpec, Mark, Series
from advisor.reports.figures import aside, figure, origin_text, signed

# After Okabe and Ito: distinguishable with every kind of colour vision, and on light and dark ground.
PALETTE = ("#0072B2", "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#8C8C8C")
SYMBOLS = ("circle", "diamond-open", "square", "triangle-up")
INK, FAINT, GRID = "#1f2933", "#52606d", "#dde3ea"
WIDTH, HEIGHT = 640, 380
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    "modeBarButtons": [["toImage"]],
    "scrollZoom": False,
    "doubleClick": False,
}


def plotly_module(name: str) -> Any:
    """A module of Plotly, imported now. Raises MissingExtra where Plotly is not installed."""
    import importlib

    try:
        return importlib.import_module(f"plotly.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "plotly":
            raise
        raise MissingExtra("reports", "An interactive chart") from None


def figure_of(spec: ChartSpec) -> Any:
    """A Plotly figure of the spec: light ground, fixed height, width as wide as its place."""
    objects = plotly_module("graph_objects")
    if spec.kind in PLACED:
        from advisor.reports import charts_plotly_placed

        placed = objects.Figure(data=charts_plotly_placed.traces(objects, spec), layout=_layout(spec))
        charts_plotly_placed.arrange(placed, spec)
        return placed
    draw = _stacked if spec.kind == "stacked" else _intervals
    drawn = objects.Figure(data=draw(objects, spec), layout=_layout(spec))
    drawn.update_xaxes(**axis_of(spec))
    return drawn


def _layout(spec: ChartSpec) -> dict[str, Any]:
    many = len(spec.series) > 1
    return {
        "template": "none",
        "height": 96 + 56 * max(len(spec.labels), 2) + (52 if many else 0),
        "margin": {"l": 8, "r": 20, "t": 12, "b": 8},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "font": {"family": FONT, "size": 13, "color": INK},
        "barmode": "relative",
        "bargap": 0.42,
        "dragmode": False,
        "hoverlabel": {"font": {"family": FONT, "size": 13}},
        "hovermode": "closest",
        "showlegend": many,
        "legend": {
            "orientation": "h",
            "traceorder": "normal",
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 0,
            "yanchor": "bottom",
            "yref": "container",
        },
        "uniformtext": {"minsize": 10, "mode": "hide"},
        "yaxis": {
            "autorange": "reversed",
            "automargin": True,
            "fixedrange": True,
            "ticklabelstandoff": 8,
            "type": "category",
            "categoryorder": "array",
            "categoryarray": list(_places(spec).values()),
            "tickmode": "array",
            "tickvals": list(_places(spec).values()),
            "ticktext": _ticks(spec),
            "showgrid": False,
        },
        "xaxis": {
            "title": {
                "text": spec.axis + (f"; ▲ {say('total')}" if spec.totals else ""),
                "font": {"size": 12, "color": FAINT},
                "standoff": 8,
            },
            "type": spec.scale,
            "automargin": True,
            "fixedrange": True,
            "gridcolor": GRID,
            "zeroline": spec.kind == "stacked",
            "zerolinecolor": FAINT,
            "tickfont": {"size": 12, "color": FAINT},
        },
    }


def _stacked(objects: Any, spec: ChartSpec) -> list[Any]:
    places = _places(spec)
    bars = [
        objects.Bar(
            name=lines(series.title, 40),
            orientation="h",
            y=[places[mark.label] for mark in series.marks],
            x=[mark.amount.value for mark in series.marks],
            text=["" if mark.muted else signed(mark.amount) for mark in series.marks],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            marker={
                "color": PALETTE[index % len(PALETTE)],
                "opacity": [0.35 if mark.muted else 1.0 for mark in series.marks],
                "line": {"color": "#ffffff", "width": 1},
            },
            hovertext=[hover(series, mark) for mark in series.marks],
            hoverinfo="text",
        )
        for index, series in enumerate(spec.series)
    ]
    if spec.totals:
        total = Series(say("Total"), spec.totals)
        bars.append(
            objects.Scatter(
                name=say("Total"),
                showlegend=False,
                mode="markers",
                y=[places[mark.label] for mark in spec.totals],
                x=[mark.amount.value for mark in spec.totals],
                marker={"symbol": "triangle-up", "size": 10, "color": INK, "standoff": 25},
                hovertext=[hover(total, mark) for mark in spec.totals],
                hoverinfo="text",
            )
        )
    return bars


def _places(spec: ChartSpec) -> dict[str, str]:
    """Label to its place on the axis; what stands there is told by `_ticks`, so long labels cannot be confused."""
    return {label: f"place {number}" for number, label in enumerate(spec.labels)}


def _ticks(spec: ChartSpec) -> list[str]:
    """What stands at the axis: the label in at most three short lines, below it the total in bold if there is one."""
    totals = {mark.label: f"<br><b>{figure(mark.amount, in_table=True)}</b>" for mark in spec.totals}
    return [lines(label, most=3) + totals.get(label, "") for label in spec.labels]


def _intervals(objects: Any, spec: ChartSpec) -> list[Any]:
    traces = []
    places = _places(spec)
    for index, series in enumerate(spec.series):
        colour = PALETTE[0] if index == 0 else PALETTE[-1]
        marks = series.marks
        values = [mark.amount.value for mark in marks]
        up = [
            (mark.amount.value if mark.amount.high is None else mark.amount.high) - mark.amount.value for mark in marks
        ]
        down = [
            mark.amount.value - (mark.amount.value if mark.amount.low is None else mark.amount.low) for mark in marks
        ]
        traces.append(
            objects.Scatter(
                name=lines(series.title, 40),
                mode="markers+text",
                y=[places[mark.label] for mark in marks],
                x=values,
                text=[figure(mark.amount, in_table=True) for mark in marks],
                textposition="top center",
                textfont={"size": 13, "color": INK},
                cliponaxis=False,
                marker={
                    "symbol": SYMBOLS[index % len(SYMBOLS)],
                    "size": 12,
                    "color": colour,
                    "opacity": [0.45 if mark.muted else 1.0 for mark in marks],
                },
                error_x={"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": colour,
                         "thickness": 3, "width": 6},
                hovertext=[hover(series, mark) for mark in marks],
                hoverinfo="text",
            )
        )  # fmt: skip
    return traces


def hover(series: Series, mark: Mark) -> str:
    """What a mark tells when it is pointed at: its number with bounds, origin and source."""
    """What is told beside a mark: its place, its value with bounds, where it comes from."""
    amount = mark.amount
    value = signed(amount) if amount.unit == "points" else figure(amount)
    extra = aside(amount)
    head = f"{mark.label}, {series.title}: {value}" + (f" ({extra})" if extra else "")
    return lines(head, 44) + "<br>" + lines(origin_text(amount.origin, amount.source)[:220], 44)


def lines(text: str, width: int = 16, most: int = 8) -> str:
    """Text broken into lines, so that labels leave room on a narrow screen. Plotly reads tags: they become entities."""
    import textwrap

    pieces = textwrap.wrap(text, width, break_on_hyphens=False, max_lines=most, placeholder=" …") or [" "]
    return "<br>".join(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in pieces)


def axis_of(spec: ChartSpec, *, across: bool = False) -> dict[str, Any]:
    """Type, ends and written numbers of an axis: the very ones of the drawn form."""
    scale = scale_of(spec, 0.0, WIDTH if across else HEIGHT, across=across)
    ends = [math.log10(scale.low), math.log10(scale.high)] if scale.log else [scale.low, scale.high]
    return {
        "type": "log" if scale.log else "linear",
        "range": ends,
        "tickmode": "array",
        "tickvals": [tick for tick, _ in scale.ticks],
        "ticktext": [text for _, text in scale.ticks],
    }
