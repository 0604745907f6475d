"""Runs of a report as Markdown for the page: figures with the mark of their origin, citations, text shown as text."""

from __future__ import annotations

from advisor.knowledge.domain import Quantity
from advisor.reports.document import Citation, Link, Run, Runs, Strong, Value
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark
from advisor.ui.wording import literal


def line(runs: Runs, in_table: bool = False) -> str:
    """Runs as one line of Markdown; in a table the column title carries the words of unit."""
    return "".join(_run(run, in_table) for run in runs).strip()


def legend(origins: tuple[str, ...]) -> str:
    """What the raised letters mean, for those that occur."""
    return " · ".join(f"{mark(origin)} {MEANINGS[origin]}" for origin in origins)


def _run(run: Run, in_table: bool) -> str:
    if isinstance(run, Quantity):
        extra = bounds(run) if in_table else aside(run)
        between = f" :gray[({literal(extra)})]" if extra else ""
        return f"{literal(figure(run, in_table=in_table))}{mark(run.origin)}{between}"
    if isinstance(run, Value):
        return literal(run.text) + mark(run.origin)
    if isinstance(run, Citation):
        return f":gray[{literal(', '.join(run.ids))}]"
    if isinstance(run, Link):
        return f"[{literal(run.text)}]({run.url})" if run.url else literal(run.text)
    if isinstance(run, Strong):
        return f"**{literal(run.text)}**" if run.text.strip() else ""
    return _spaced(run.text)


def _spaced(text: str) -> str:
    """Text as it is, with the spaces at its ends that join it to its neighbours."""
    before = " " if text[:1].isspace() else ""
    after = " " if text.strip() and text[-1:].isspace() else ""
    return f"{before}{literal(text)}{after}"
