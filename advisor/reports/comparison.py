"""The sections on how the approaches compare: what the lead adds up from, why not the others, what each rule did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import option
from advisor.language import lowered, message, say
from advisor.reasoning.advice import Advice, Step, WhyNot
from advisor.reports.document import Block, Bullets, Details, Paragraph, Runs, Section, Strong, Table, phrase, runs
from advisor.reports.verdict import runner_up, title_of
from advisor.reports.wording import capital, listed

STATES = {
    "fired": message("spoke"),
    "failed": message("did not hold"),
    "unknown": message("could not be decided"),
    "expired": message("not in force"),
}

METHODS = {"topsis": message("TOPSIS"), "lexicographic": message("one criterion after the other, the weightiest first")}


def lead(advice: Advice) -> Iterator[Block]:
    """What the lead over the second approach adds up from, rule by rule, as a table."""
    second = runner_up(advice)
    if not advice.waterfall or second is None:
        return
    rows = tuple(
        (runs(step.title), runs(capital(option(step.criterion))), runs(_difference(step.difference)))
        for step in advice.waterfall
    )
    total = sum(step.difference for step in advice.waterfall)
    rows += ((runs(say("Sum")), runs(), runs(_difference(total))),)
    caption = say("What the lead over {title} adds up from, in points", title=lowered(second.title))
    yield Details(
        say("How the lead adds up, rule by rule"),
        (Table((say("Reason"), say("Criterion"), say("Adds")), rows, caption, (2,), lead=(len(rows) - 1,)),),
    )


def _difference(value: float) -> Quantity:
    return Quantity(
        value, "points", "estimated", say("weighted points for the first approach less those for the other")
    )


def why_not(advice: Advice) -> Section:
    """For each approach but the first: how far behind, what cost it most, what spoke for it."""
    items = tuple(tuple(_why_not(advice, item)) for item in advice.why_not)
    if not items:
        return Section("why-not", say("Why not the others"), ())
    intro = Paragraph(runs(say("Compared with {title}.", title=lowered(advice.ranking[0].title))), muted=True)
    return Section("why-not", say("Why not the others"), (intro, Bullets(items)))


def _why_not(advice: Advice, item: WhyNot) -> Iterator[Runs]:
    titles = {entry.rule: entry.title for entry in advice.ruled_out}
    name = title_of(advice, item.approach)
    if item.ruled_out_by:
        closed = listed([titles.get(rule, rule) for rule in item.ruled_out_by])
        yield phrase(say("{approach} is ruled out: {reasons}."), approach=Strong(name), reasons=closed)
    elif item.gap < 0:
        told = say("{approach} has the higher score, by {gap}.")
        yield phrase(told, approach=Strong(name), gap=_difference(-item.gap))
    else:
        yield phrase(say("{approach} is behind by {gap}."), approach=Strong(name), gap=_difference(item.gap))
    if item.against:
        yield phrase(say("Against it: {steps}."), steps=_steps(item.against))
    if item.in_favour:
        yield phrase(say("For it: {steps}."), steps=_steps(item.in_favour))


def _steps(steps: Sequence[Step]) -> Runs:
    parts: list[object] = []
    for step in steps:
        parts += ["; " if parts else "", step.title, " (", _difference(abs(step.difference)), ")"]
    return runs(*parts)


def methods(advice: Advice) -> Iterator[Block]:
    """What other ways to aggregate the criteria put first, as a table."""
    if advice.robustness is None or not advice.robustness.methods:
        return
    rows = tuple(
        (
            runs(capital(say(METHODS.get(item.method, option(item.method))))),
            runs(title_of(advice, item.leader)),
            runs(say("agrees") if item.agrees else say("differs")),
        )
        for item in advice.robustness.methods
    )
    yield Table((say("Method"), say("Puts first"), say("Verdict")), rows, say("Other ways to add up the same points"))


def trace(advice: Advice) -> Section:
    """What became of every rule: it spoke, did not hold (and why), could not be decided, or is not in force."""
    rows = tuple(
        (runs(item.rule), runs(option(item.kind)), runs(say(STATES.get(item.state, item.state))), runs(item.detail))
        for item in advice.trace
    )
    if not rows:
        return Section("trace", say("Every rule"), ())
    table = Table(
        (say("Rule"), say("Kind"), say("Outcome"), say("Detail")),
        rows,
        say("Every rule of the rulebook and what became of it"),
    )
    return Section("trace", say("Every rule"), (Details(say("What became of every rule"), (table,)),))
