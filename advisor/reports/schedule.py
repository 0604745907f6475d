"""Lays the plan out: its stages with dates, time and cost, the numbers that end them, and the whole as a timeline."""

from __future__ import annotations

from advisor.knowledge.domain import Quantity
from advisor.language import lowered, say, written
from advisor.reasoning.advice import Advice, Stage
from advisor.reports.document import (
    Block,
    Bullets,
    Chart,
    ChartSpec,
    Mark,
    Paragraph,
    Runs,
    Section,
    Series,
    Strong,
    Value,
    phrase,
    runs,
)
from advisor.reports.figures import figure
from advisor.reports.wording import capital, listed


def plan(advice: Advice) -> Section:
    """The section of the plan."""
    items = tuple(_stage(stage) for stage in advice.plan)
    blocks: list[Block] = []
    table = advice.timetable
    if items and advice.recommendation is None:
        aim = say("Nothing is recommended. The steps lead to a measured prompt, with which every approach is compared.")
        blocks.append(Paragraph(runs(aim)))
    if table is not None:
        blocks.append(Paragraph(runs(table.text)))
    spec = timeline(advice)
    if spec is not None:
        blocks.append(Chart(spec))
    if items:
        blocks.append(Bullets(items, ordered=True))
    if table is not None:
        day = Value(written(advice.review_by), "estimated", table.review_because)
        blocks.append(Paragraph(phrase(say("Decide again on {day}: {reason}."), day=day, reason=table.review_because)))
    return Section("plan", say("Plan"), tuple(blocks))


def timeline(advice: Advice) -> ChartSpec | None:
    """The stages that take time, each from its first day on and as long as it is planned; None for fewer than two.

    A stage at the likely pace takes the weeks that its step tells; its dates, whole days, may be a day off that.
    """
    source = say("days between the dates of the plan, in weeks")
    marks = []
    for stage in advice.plan:
        begins, ends = getattr(stage, "begins", None), getattr(stage, "ends", None)
        if begins is None or ends is None or begins == ends:
            continue
        start = Quantity((begins - advice.as_of).days / 7, "weeks", "estimated", source)
        days, likely = (ends - begins).days, stage.weeks
        takes = Quantity(days / 7, "weeks", "estimated", source)
        if likely is not None and abs(days - 7 * likely.likely) <= 1:
            takes = Quantity(likely.likely, "weeks", "estimated", likely.source)
        marks.append(Mark(stage.title, takes, at=start))
    if len(marks) < 2:
        return None
    longest = max(marks, key=lambda mark: mark.amount.value)
    end = max(stage.ends for stage in advice.plan if getattr(stage, "weeks", None) and hasattr(stage, "ends"))
    return ChartSpec(
        id="timeline",
        kind="timeline",
        title=say("The plan over time"),
        axis=say("weeks after {day}", day=written(advice.as_of)),
        alt=say(
            "{stages} follow each other until {day}; the longest, {longest}, takes {weeks}.",
            stages=capital(listed([lowered(mark.label) for mark in marks])),
            day=written(end),
            longest=lowered(longest.label),
            weeks=figure(longest.amount),
        ),
        series=(Series(say("Duration in weeks"), tuple(marks)),),
        across=say("Begins in week"),
    )


def _stage(stage: Stage) -> tuple[Runs, ...]:
    lines = [runs(Strong(stage.title), ". ", stage.what), runs(stage.tripwire)]
    begins, ends = getattr(stage, "begins", None), getattr(stage, "ends", None)
    dated = begins is not None and ends is not None and begins != ends
    days = {"begins": written(begins), "ends": written(ends)} if begins and ends and dated else {}
    weeks = stage.weeks.quantity() if stage.weeks is not None and stage.weeks.high > 0 else None
    cost = stage.cost_usd.quantity() if stage.cost_usd is not None else None
    if dated and weeks is not None and cost is not None:
        lines.append(
            phrase(say("From {begins} to {ends}: takes {weeks}; costs {cost}."), weeks=weeks, cost=cost, **days)
        )
    elif dated and weeks is not None:
        lines.append(phrase(say("From {begins} to {ends}: takes {weeks}."), weeks=weeks, **days))
    elif weeks is not None and cost is not None:
        lines.append(phrase(say("Takes {weeks}; costs {cost}."), weeks=weeks, cost=cost))
    elif weeks is not None:
        lines.append(phrase(say("Takes {weeks}."), weeks=weeks))
    elif cost is not None:
        lines.append(phrase(say("Costs {cost}."), cost=cost))
    return tuple(lines)
