"""Lays out what the simulated costs say: the spread, where it comes from, and the volume from which tuning pays."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reasoning.advice import Advice
from advisor.reports import charts
from advisor.reports.document import Block, Bullets, Chart, Paragraph, Table, runs
from advisor.reports.verdict import title_of


def simulated(advice: Advice) -> Iterator[Block]:
    """The blocks of the cost study; none where there is no study."""
    study = advice.cost_study
    if study is None:
        return
    order = [item.approach for item in advice.ranking]
    rows = tuple(
        (
            runs(title_of(advice, name)),
            runs(study.simulations[name].total.quantity()),
            runs(_percent(study.simulations[name].cheapest)),
        )
        for name in order
    )
    columns = (say("Approach"), say("Total in US dollars, median (four fifths of the draws)"), say("Cheapest in"))
    yield Table(columns, rows, say("Total cost over the horizon when all ranges are drawn at random together"), (1, 2))
    drivers = tuple(
        (runs(title_of(advice, name), ": ", "; ".join(driver.text for driver in study.simulations[name].drivers), "."),)
        for name in order
        if study.simulations[name].drivers
    )
    if drivers:
        yield Paragraph(runs(say("Where the spread comes from, and so what is worth finding out:")))
        yield Bullets(drivers)
    spec = charts.break_even(advice)
    if spec is not None:
        yield Chart(spec)
    texts = [band.text for band in study.break_even.values()]
    if study.batching is not None:
        texts.append(study.batching.text)
    if texts:
        yield Paragraph(runs(" ".join(texts)))


def _percent(share: Quantity) -> Quantity:
    return Quantity(100 * share.value, "%", share.origin, share.source)
