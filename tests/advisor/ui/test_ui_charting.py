"""Charts on a dark page."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from advisor.knowledge.domain import Quantity
from advisor.reports.charts_plotly import FAINT, GRID, INK, figure_of
from advisor.reports.document import ChartSpec, Mark, Series
from advisor.ui.charting import themed

KINDS = get_args(get_type_hints(ChartSpec)["kind"])


@pytest.mark.parametrize("kind", KINDS)
def test_no_ink_and_no_lines_of_the_light_page_are_left_on_a_dark_one(kind: str) -> None:
    """Titles, ticks, grids and zero lines of every kind of chart change with the page."""
    marks = tuple(
        Mark(f"place {at}", Quantity(at, "points", "estimated", "made up"), at=Quantity(at, "", "stated", "made up"))
        for at in (1.0, 2.0)
    )
    totals = marks if kind == "stacked" else ()
    spec = ChartSpec("c", kind, "A chart", "points", "Two is more.", (Series("One", marks),), totals, across="place")
    drawn = themed(figure_of(spec), dark=True).to_json()
    assert [colour for colour in (INK, FAINT, GRID, "#ffffff") if colour in drawn] == []
