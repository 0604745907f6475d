"""The plan: stages in order, with dates inside the deadline, the cost of each, and the numbers that end it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

import numpy as np

from advisor.knowledge.domain import Quantity
from advisor.language import message, say, written
from advisor.reasoning.advice import Range, Stage
from advisor.reasoning.costs import Spread, StageEstimate, by_stage, in_units, tenths
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.review import Review, review
from advisor.reasoning.tripwires import Tripwire, Tripwires

ORDER = ("evaluate", "prompt", "retrieve", "collect", "tune", "combine")
TEXTS = {
    "evaluate": (
        message("Build an evaluation set"),
        message(
            "Collect real inputs with the answers you would accept, apart from anything used in prompts or training."
        ),
    ),
    "prompt": (
        message("Measure the best prompt"),
        message("Write a clear instruction with examples and measure it on the evaluation set."),
    ),
    "retrieve": (
        message("Supply the missing knowledge"),
        message("Put the knowledge into the prompt, or retrieve the relevant part of it for each request."),
    ),
    "collect": (
        message("Collect and check labels"),
        message(
            "Label real inputs by written rules, have a second person check a sample, keep the evaluation set apart."
        ),
    ),
    "tune": (
        message("Tune and compare"),
        message("Tune on the labelled examples and compare with the best prompt on the same evaluation items."),
    ),
    "combine": (
        message("Combine"),
        message("Ask the tuned model with the prompt (and the retrieved knowledge), trained in the very same format."),
    ),
    "review": (
        message("Decide again"),
        message("Repeat the evaluation, and the questionnaire with what you know by then."),
    ),
}


@dataclass(frozen=True, slots=True)
class PlanStage(Stage):
    """A stage with its dates and tripwires: it begins and ends on those days at the pace of the schedule."""

    begins: date | None = None
    ends: date | None = None
    tripwires: tuple[Tripwire, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """The plan of one scenario.

    `weeks` and `setup_usd` are the sums over the stages: the lead time and the set-up cost of the approach. `overshoot`
    tells by how many weeks the likely time exceeds the stated deadline, None where it does not; `text` says so. Where
    even the low estimate exceeds it, `feasible` is false. The dates then follow the low estimate; where only faster
    than likely work meets the deadline they follow that pace.
    """

    approach: str | None
    stages: tuple[PlanStage, ...]
    begins: date
    ends: date
    weeks: Range
    setup_usd: Range
    deadline: date | None
    overshoot: Quantity | None
    feasible: bool
    text: str
    review: Review


def stages(engine: Engine, outcome: Outcome, approach: str | None) -> tuple[Stage, ...]:
    """The stages for the recommended approach; those up to a measured prompt where there is none."""
    return tuple(
        Stage(one.id, one.title, one.what, one.tripwire, one.weeks, one.cost_usd)
        for one in schedule(engine, outcome, approach).stages
    )


def schedule(engine: Engine, outcome: Outcome, approach: str | None) -> Schedule:
    """The dated plan of row 0 of an outcome for the recommended approach; that of a prompt where there is none."""
    estimates = by_stage(outcome.facts, engine.book, engine.prices, engine.day)[approach or "prompting"]
    names = [name for name in ORDER if name in estimates and _matters(estimates[name])]
    weeks = _total([estimates[name].weeks for name in names])
    pace = max(_pace(weeks, outcome), 0.0)
    looked_at = review(engine, outcome)
    wires = Tripwires(engine, outcome, approach)
    made, spent = [], 0.0
    for position, name in enumerate(names):
        begins = _day_after(engine.day, spent)
        one = estimates[name]
        spent += float(one.weeks.low[0] + pace * (one.weeks.likely[0] - one.weeks.low[0]))
        following = names[position + 1] if position + 1 < len(names) else "review"
        made.append(_stage(name, wires.of(name, following), one, (begins, _day_after(engine.day, spent))))
    ends = _day_after(engine.day, spent)
    made.append(_stage("review", wires.of("review", ""), None, (looked_at.day, looked_at.day)))
    deadline, overshoot, text = _deadline(engine.day, weeks, outcome)
    return Schedule(
        approach=approach,
        stages=tuple(made),
        begins=engine.day,
        ends=ends,
        weeks=weeks,
        setup_usd=_usd(_total([estimates[name].cost for name in names])),
        deadline=deadline,
        overshoot=overshoot,
        feasible=_pace(weeks, outcome) >= 0,
        text=text,
        review=looked_at,
    )


def _matters(one: StageEstimate) -> bool:
    return bool(one.weeks.high[0] > 0 or one.cost.high[0] > 0)


def _stage(name: str, wires: Sequence[Tripwire], estimate: StageEstimate | None, days: tuple[date, date]) -> PlanStage:
    title, what = TEXTS[name]
    weeks = _row(estimate.weeks, "weeks", say("lead-time formula of the cost table")) if estimate else None
    return PlanStage(
        id=name,
        title=say(title),
        what=say(what),
        tripwire=" ".join(wire.text for wire in wires),
        weeks=weeks,
        cost_usd=_usd(_row(estimate.cost, "USD", "")) if estimate else None,
        begins=days[0],
        ends=days[1],
        tripwires=tuple(wires),
    )


def _pace(weeks: Range, outcome: Outcome) -> float:
    """Where between the low (0) and the likely estimate (1) the dates lie; below 0 where even the low one is late."""
    bound = outcome.facts.numbers("deadline_weeks")
    if not bound.known[0] or weeks.likely <= bound.likely[0]:
        return 1.0
    room = float(bound.likely[0]) - weeks.low
    return room / (weeks.likely - weeks.low) if room >= 0 else -1.0


def _deadline(day: date, weeks: Range, outcome: Outcome) -> tuple[date | None, Quantity | None, str]:
    """The day of the deadline, the likely overshoot, and both in words."""
    bound = outcome.facts.numbers("deadline_weeks")
    if not bound.known[0]:
        return (
            None,
            None,
            say("About {likely} of work; no deadline was stated.", likely=in_units(weeks.likely, "weeks")),
        )
    limit = float(bound.likely[0])
    last = _day_before(day, limit)
    stated = say("the deadline of {limit} ({last})", limit=in_units(limit, "weeks"), last=written(last))
    if weeks.likely <= limit:
        return (
            last,
            None,
            say(
                "Fits {stated} with {likely} to spare at the likely pace.",
                stated=stated,
                likely=in_units(tenths(limit) - tenths(weeks.likely), "weeks"),
            ),
        )
    source = say(
        "likely lead time, {likely}, less deadline_weeks, {limit}",
        likely=in_units(weeks.likely, "weeks"),
        limit=in_units(limit, "weeks"),
    )
    least = max(weeks.low - limit, 0.0)
    over = Quantity(weeks.likely - limit, "weeks", "estimated", source, least, weeks.high - limit)
    text = say(
        "At the likely pace the plan overshoots {stated} by {value}", stated=stated, value=in_units(over.value, "weeks")
    )
    if weeks.low > limit:
        return (
            last,
            over,
            say("{said}, and by {least} even if all goes well.", said=text, least=in_units(least, "weeks")),
        )
    return last, over, say("{said}; the dates below keep it, and take work that is faster than likely.", said=text)


def _total(parts: Sequence[Spread]) -> Range:
    low, likely, high = (
        float(np.sum([getattr(part, bound)[0] for part in parts])) for bound in ("low", "likely", "high")
    )
    return Range(low, likely, high, "weeks", "estimated", say("sum of the stages"))


def _row(spread: Spread, unit: str, source: str) -> Range:
    return Range(float(spread.low[0]), float(spread.likely[0]), float(spread.high[0]), unit, "estimated", source)


def _usd(amount: Range) -> Range:
    return Range(
        amount.low, amount.likely, amount.high, "USD", "estimated", say("sum of the set-up lines of the stage")
    )


def _day_after(day: date, weeks: float) -> date:
    """The first day by which that many weeks have passed; the last possible day where that is beyond all dates."""
    return day + timedelta(days=min(ceil(round(7 * weeks, 6)), (date.max - day).days))


def _day_before(day: date, weeks: float) -> date:
    return day + timedelta(days=min(int(7 * weeks), (date.max - day).days))
