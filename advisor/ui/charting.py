"""Gives a chart of the reports the ground and ink of the page, light or dark."""

from __future__ import annotations

from typing import Any

from advisor.reports.charts_plotly import INK

CLEAR = "rgba(0,0,0,0)"
DARK_INK, DARK_FAINT, DARK_GRID = "#e4eaf1", "#a9b6c4", "#364250"


def themed(drawn: Any, dark: bool) -> Any:
    """The same Plotly figure on a clear ground, with light ink where the page is dark."""
    drawn.update_layout(paper_bgcolor=CLEAR, plot_bgcolor=CLEAR)
    if not dark:
        return drawn
    drawn.update_layout(font_color=DARK_INK)
    for axis in (drawn.layout.xaxis, drawn.layout.yaxis):
        axis.update(gridcolor=DARK_GRID, zerolinecolor=DARK_FAINT)
        if axis.tickfont.color:  # the names of what is compared are in full ink
            axis.update(tickfont_color=DARK_FAINT, title_font_color=DARK_FAINT)
    drawn.for_each_trace(_lighten)
    return drawn


def _lighten(trace: Any) -> None:
    if trace.marker.color == INK:
        trace.marker.color = DARK_INK
    if trace.type == "scatter" and trace.textfont.color == INK:
        trace.textfont.color = DARK_INK
    if trace.type == "bar":
        trace.marker.line.color = CLEAR
