"""The sections on how the approaches compare: what the lead adds up from, why not the others, what each rule did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.knowledge.domain import Quantity
from advisor.reasoning.advice import Advice, Step, WhyNot
from advisor.reports.document import Block, Bullets, Details, Paragraph, Runs, Section, Strong, Table, runs
from advisor.reports.verdict import runner_up, title_of
from advisor.reports.wording import capital, listed, option

STATES = {
    "fired": "spoke",
    "failed": "did not hold",
    "unknown": "could not be decided",
    "expired": "not in force",
}


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
    rows += ((runs("Sum"), runs(), runs(_difference(total))),)
    caption = f"What the lead over {second.title.lower()} adds up from, in points"
    yield Details(
        "How the lead adds up, rule by rule",
        (Table(("Reason", "Criterion", "Adds"), rows, caption, (2,), lead=(len(rows) - 1,)),),
    )


def _difference(value: float) -> Quantity:
    return Quantity(value, "points", "estimated", "weighted points for the first approach less those for the other")


def why_not(advice: Advice) -> Section:
    """For each approach but the first: how far behind, what cost it most, what spoke for it."""
    items = tuple(tuple(_why_not(advice, item)) for item in advice.why_not)
    if not items:
        return Section("why-not", "Why not the others", ())
    intro = Paragraph(runs(f"Compared with {advice.ranking[0].title.lower()}."), muted=True)
    return Section("why-not", "Why not the others", (intro, Bullets(items)))


def _why_not(advice: Advice, item: WhyNot) -> Iterator[Runs]:
    titles = {entry.rule: entry.title for entry in advice.ruled_out}
    name = title_of(advice, item.approach)
    if item.ruled_out_by:
        yield runs(Strong(name), " is ruled out: ", listed([titles.get(rule, rule) for rule in item.ruled_out_by]), ".")
    elif item.gap < 0:
        yield runs(Strong(name), " has the higher score, by ", _difference(-item.gap), ".")
    else:
        yield runs(Strong(name), " is behind by ", _difference(item.gap), ".")
    if item.against:
        yield runs("Against it: ", _steps(item.against), ".")
    if item.in_favour:
        yield runs("For it: ", _steps(item.in_favour), ".")


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
            runs(capital(option(item.method))),
            runs(title_of(advice, item.leader)),
            runs("agrees" if item.agrees else "differs"),
        )
        for item in advice.robustness.methods
    )
    yield Table(("Method", "Puts first", "Verdict"), rows, "Other ways to add up the same points")


def trace(advice: Advice) -> Section:
    """What became of every rule: it spoke, did not hold (and why), could not be decided, or is not in force."""
    rows = tuple(
        (runs(item.rule), runs(item.kind), runs(STATES.get(item.state, item.state)), runs(item.detail))
        for item in advice.trace
    )
    if not rows:
        return Section("trace", "Every rule", ())
    table = Table(("Rule", "Kind", "Outcome", "Detail"), rows, "Every rule of the rulebook and what became of it")
    return Section("trace", "Every rule", (Details("What became of every rule", (table,)),))
