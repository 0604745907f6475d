"""The sections on what the advice rests on: the measurement, the grades of the published sources, the source list."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import measure
from advisor.language import message, say
from advisor.reasoning.advice import Advice, MeasuredArm, MeasuredEvidence
from advisor.reports import charts
from advisor.reports.document import Block, Callout, Chart, Citation, Paragraph, Runs, Section, SourceList, Table, runs
from advisor.reports.forecast import forecast
from advisor.reports.like import like
from advisor.reports.verdict import title_of
from advisor.reports.wording import DIFFERENCE, GRADES


def evidence(advice: Advice) -> Section:
    """What was measured, and how strong the published sources are."""
    blocks: list[Block] = []
    if advice.evidence.measured is not None:
        blocks += _measured(advice, advice.evidence.measured)
    if advice.evidence.forecast is not None:
        blocks += forecast(advice, advice.evidence.forecast)
    if advice.evidence.like is not None:
        blocks += like(advice.evidence.like)
    if advice.evidence.published:
        if advice.evidence.measured is None:
            text = say(
                "The advice rests on published evidence. Run the benchmark on a sample of your data to check it."
            )
            blocks.append(Callout("info", say("Nothing was measured on your data"), runs(text)))
        blocks.append(_grades(advice))
    return Section("evidence", say("Evidence"), tuple(blocks))


def _measured(advice: Advice, run: MeasuredEvidence) -> Iterator[Block]:
    model = say(" with {model}", model=run.model) if run.model else ""
    yield Paragraph(
        runs(
            say(
                "Task {task}{model}, metric {metric}; run of {created_at}, {status}. Folder {folder}, digest {digest}.",
                task=run.task,
                model=model,
                metric=measure(run.metric),
                created_at=run.created_at,
                status=say(run.status),
                folder=run.folder,
                digest=run.digest[:16],
            )
        )
    )
    spec = charts.measured(advice)
    if spec is not None:
        yield Chart(spec)
        rows = tuple(_arm(advice, arm) for arm in (*run.arms, *run.baselines))
        columns = (say("Arm"), say("Approach"), say("Score (interval)"), say("Test items"), say("Seconds per item"))
        yield Table(
            columns, rows, say("Measured {metric}, 0 to 1, with interval", metric=measure(run.metric)), (2, 3, 4)
        )
    if run.differences:
        differences = tuple(
            (runs(pair.text), runs(pair.difference), runs(say(DIFFERENCE.get(pair.verdict, pair.verdict))))
            for pair in run.differences
        )
        yield Table(
            (say("Comparison"), say("Difference (interval)"), say("Verdict")),
            differences,
            say("Paired differences on the same items: first less second"),
            (1,),
        )


def _arm(advice: Advice, arm: MeasuredArm) -> tuple[Runs, ...]:
    score = arm.score
    items = runs("–") if score.n is None else runs(Quantity(float(score.n), "items", score.origin, score.source))
    speed = runs("–") if arm.seconds_per_item is None else runs(_alone(arm.seconds_per_item))
    approach = title_of(advice, arm.approach) if arm.approach else say("baseline")
    return (runs(charts.arm_label(arm)), runs(approach), runs(_alone(score)), items, speed)


def _alone(amount: Quantity) -> Quantity:
    """The quantity without its sample size, which stands in a column of its own."""
    return Quantity(amount.value, amount.unit, amount.origin, amount.source, amount.low, amount.high)


def _grades(advice: Advice) -> Table:
    rows = []
    for grade in sorted({source.grade for source in advice.evidence.published}):
        ids = tuple(source.id for source in advice.evidence.published if source.grade == grade)
        rows.append((runs(grade), runs(say(GRADES.get(grade, message("ungraded")))), runs(Citation(ids))))
    return Table((say("Grade"), say("Meaning"), say("Sources cited")), tuple(rows), say("Published sources by grade"))


def sources(advice: Advice) -> Section:
    """Every source that the findings and notes cite."""
    found = advice.evidence.published
    return Section("sources", say("Sources"), (SourceList(found),) if found else ())
