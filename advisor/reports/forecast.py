"""What published studies forecast for the case: leads with intervals, chances, what moves them, the crossover."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.language import lowered, say
from advisor.reasoning.advice import Advice, ForecastEvidence
from advisor.reports.document import Block, Callout, Paragraph, Table, runs
from advisor.reports.verdict import title_of
from advisor.reports.wording import capital, listed


def forecast(advice: Advice, found: ForecastEvidence) -> Iterator[Block]:
    """The blocks of the forecast, the plain statement first."""
    yield Paragraph(runs(found.text))
    leads = tuple(
        (
            runs(title_of(advice, lead.approach)),
            runs(listed([lowered(title_of(advice, name)) for name in lead.over], "or")),
            runs(lead.points),
        )
        for lead in found.leads
    )
    yield Table(
        (say("Approach"), say("Compared with"), say("Lead (nine of ten results)")),
        leads,
        say("Lead in quality that published comparisons let expect, in points of 100"),
        (2,),
    )
    if found.levels:
        levels = tuple((runs(title_of(advice, item.approach)), runs(item.probability)) for item in found.levels)
        yield Table(
            (say("Approach"), say("Chance to be level with the best")),
            levels,
            say("Within one point of the best in quality"),
            (1,),
        )
    else:
        yield Callout("info", say("No percentage"), runs(_no_percentage(advice)))
    if found.pulls:
        pulls = tuple((runs(pull.because), runs(pull.points)) for pull in found.pulls)
        yield Table(
            (say("What moves it"), say("Points for tuning")),
            pulls,
            say("What moves the lead of tuning over prompting most"),
            (1,),
        )
    yield Paragraph(runs(capital(found.crossover.text)))
    if found.disagreement:
        yield Callout("tie", say("Rules and studies disagree"), runs(found.disagreement))


def _no_percentage(advice: Advice) -> str:
    """Why the chance of each approach is not told."""
    if sum(item.eligible for item in advice.ranking) < 2:
        return say("There are not two possible approaches to compare.")
    if advice.evidence.measured is not None:
        return say("Your own measurement says more than a chance over published studies would.")
    return say("The studies are too far from this case for a percentage.")
