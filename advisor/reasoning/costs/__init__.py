"""What each approach costs and how long it takes: estimates over N scenarios from answers, prices and assumptions.

Low adds up everything favourable, high everything unfavourable; neither is a limit of what is possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from advisor.intake.columns import Bools, Column, Facts, Floats, Numbers
from advisor.knowledge.domain import APPROACHES, Quantity, Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.wording import unit_of
from advisor.language import message, numeral, say
from advisor.reasoning.advice import CostLine
from advisor.reasoning.costs.break_even import Curve, first_saving, serving_break_even
from advisor.reasoning.costs.inputs import HIGH, LIKELY, LOW, Band, Inputs
from advisor.reasoning.costs.lead import stage_weeks, weeks
from advisor.reasoning.costs.lines import Line, all_lines
from advisor.reasoning.costs.simulation import BreakEven, CostStudy, Driver, Simulation, simulate, study
from advisor.reasoning.costs.situation import read

__all__ = [
    "BreakEven",
    "CostLine",
    "CostStudy",
    "Costs",
    "Driver",
    "Shortfall",
    "Simulation",
    "Spread",
    "StageEstimate",
    "StagedLine",
    "by_stage",
    "estimate",
    "itemise",
    "serving_break_even",
    "shortfalls",
    "simulate",
    "staged_lines",
    "study",
    "tenths",
    "with_cost_facts",
]

BOUNDS = {
    "setup_over_budget": "setup_budget_usd",
    "monthly_over_budget": "monthly_budget_usd",
    "weeks_over_deadline": "deadline_weeks",
}


BLOCK = 8192  # scenarios that are estimated at a time: the arrays of so many stay in the processor's cache
ENDS = ("low", "likely", "high")


@dataclass(frozen=True, slots=True)
class Spread:
    """Low, likely and high of a number in N scenarios, arrays of shape (N,)."""

    low: Floats
    likely: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs in USD and lead times in weeks by approach.

    `horizon` = set-up + months of the horizon × monthly. `volume_known` says where the number of requests was
    answered. `break_even` holds the requests a month from which fine-tuning is cheaper than prompting over the
    horizon at likely values, known where there is such a number.
    """

    setup: Mapping[str, Spread]
    monthly: Mapping[str, Spread]
    horizon: Mapping[str, Spread]
    lead_weeks: Mapping[str, Spread]
    volume_known: Bools
    break_even: Numbers


@dataclass(frozen=True, slots=True)
class StagedLine(CostLine):
    """A cost line with the stage of the plan that it belongs to; monthly lines belong to none."""

    stage: str = ""


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """What one stage of an approach takes in weeks and costs in USD."""

    weeks: Spread
    cost: Spread


@dataclass(frozen=True, slots=True)
class Shortfall:
    """By how much a stated budget or deadline is missed, even at the low estimate.

    `fact` is the fact that a gate reads, `field` the answer that sets the bound.
    """

    approach: str
    fact: str
    field: str
    missing: Quantity
    text: str


def estimate(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> Costs:
    """The costs and lead times of N scenarios. Raises InputError for a base model without a price."""
    if facts.n <= BLOCK:
        return _estimate(facts, book, prices, day)
    return _joined([_estimate(block, book, prices, day) for block in facts.blocks(BLOCK)])


def _estimate(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> Costs:
    case = read(Inputs(facts, book, prices, day))
    lines = all_lines(case)
    months = np.broadcast_to(case.inputs.answered("horizon_months", "horizon_months").values, (3, facts.n))
    setup = {name: _sum(lines, name, "setup", facts.n) for name in APPROACHES}
    monthly = {name: _sum(lines, name, "monthly", facts.n) for name in APPROACHES}
    horizon = {name: setup[name] + months * monthly[name] for name in APPROACHES}
    requests = np.broadcast_to(case.volume.requests.values[LIKELY], facts.n)
    prompted, tuned = (Curve(lines, name, requests, months[LIKELY]) for name in ("prompting", "fine_tuning"))
    return Costs(
        setup={name: _spread(band) for name, band in setup.items()},
        monthly={name: _spread(band) for name, band in monthly.items()},
        horizon={name: _spread(band) for name, band in horizon.items()},
        lead_weeks={name: _spread(band) for name, band in weeks(case).items()},
        volume_known=facts.known("requests_per_month"),
        break_even=Numbers.exact(*first_saving(prompted, tuned)),
    )


def _joined(parts: Sequence[Costs]) -> Costs:
    """The costs of several blocks of scenarios, one after the other."""

    def spreads(field: str) -> dict[str, Spread]:
        tables: list[Mapping[str, Spread]] = [getattr(part, field) for part in parts]
        return {
            name: Spread(*(np.concatenate([getattr(table[name], end) for table in tables]) for end in ENDS))
            for name in tables[0]
        }

    begins = [part.break_even for part in parts]
    return Costs(
        setup=spreads("setup"),
        monthly=spreads("monthly"),
        horizon=spreads("horizon"),
        lead_weeks=spreads("lead_weeks"),
        volume_known=np.concatenate([part.volume_known for part in parts]),
        break_even=Numbers.exact(
            np.concatenate([one.likely for one in begins]), np.concatenate([one.known for one in begins])
        ),
    )


def itemise(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> tuple[CostLine, ...]:
    """The lines of the estimate of one scenario; their sums by approach and phase are those of `estimate`.

    Each amount carries its formula with the inputs and where each comes from. Lines of 0 are left out.
    """
    staged = staged_lines(facts, book, prices, day)
    return tuple(CostLine(line.approach, line.phase, line.title, line.amount) for line in staged)


def staged_lines(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> tuple[StagedLine, ...]:
    """The lines of `itemise`, each with the stage of the plan that it belongs to."""
    if facts.n != 1:
        raise ValueError("only one scenario can be itemised")
    lines = all_lines(read(Inputs(facts, book, prices, day)))
    return tuple(_line(line) for line in lines if line.amount[HIGH, 0] > 0)


def by_stage(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> Mapping[str, Mapping[str, StageEstimate]]:
    """Weeks and set-up cost of each stage of each approach, for N scenarios.

    The weeks add up to the lead time of `estimate`, the costs to its set-up cost.
    """
    case = read(Inputs(facts, book, prices, day))
    lines = [line for line in all_lines(case) if line.phase == "setup"]
    result: dict[str, dict[str, StageEstimate]] = {}
    for approach, stages in stage_weeks(case).items():
        result[approach] = {}
        for stage, band in stages.items():
            amounts = [line.amount for line in lines if (line.approach, line.stage) == (approach, stage)]
            cost = np.zeros((3, facts.n)) + sum(amounts)
            result[approach][stage] = StageEstimate(_spread(band), _spread(cost))
    return result


def with_cost_facts(facts: Facts, costs: Costs) -> Facts:
    """The same facts with those that follow from costs: over budget, past the deadline, cost ratio, break-even.

    An excess is the low estimate less the budget, so that it is above 0 only where even the low estimate is. A budget
    stated as a range makes it one, which decides a rule only where all of it agrees.
    """
    amounts = _bounded(costs)
    columns: dict[str, Column] = {}
    for fact, field in BOUNDS.items():
        bound = facts.numbers(field)
        for name in APPROACHES:
            least, likely, most = (amounts[fact][name].low - end for end in (bound.high, bound.likely, bound.low))
            columns[f"{fact}_{name}"] = Numbers(least, likely, most, bound.known, bound.absent)
    prompted, tuned = costs.horizon["prompting"].likely, costs.horizon["fine_tuning"].likely
    payable = prompted > 0
    ratio = tuned / np.where(payable, prompted, 1.0)
    columns["tuning_cost_ratio"] = Numbers.exact(ratio, costs.volume_known & payable)
    columns["break_even_requests"] = costs.break_even
    return facts.with_columns(columns)


def shortfalls(facts: Facts, costs: Costs) -> tuple[Shortfall, ...]:
    """The budgets and deadlines that an approach misses in one scenario, with the missing dollars or weeks.

    Of a budget stated as a range the high end counts: what is missing then is missing whatever the budget turns out.
    """
    if facts.n != 1:
        raise ValueError("shortfalls are told for one scenario")
    found = []
    for fact, amounts in _bounded(costs).items():
        field = BOUNDS[fact]
        bound, (unit, what) = facts.numbers(field), _SAID[fact]
        for name in APPROACHES:
            low, limit = float(amounts[name].low[0]), float(bound.high[0])
            if bound.known[0] and low > limit:
                source = say(
                    "lowest estimate of the {what}, {low}, less {field}, {limit}",
                    what=say(what),
                    low=in_units(low, unit),
                    field=field,
                    limit=in_units(limit, unit),
                )
                missing = Quantity(low - limit, unit, "estimated", source)
                text = say(
                    "Even the lowest estimate of the {what}, {low}, is {limit} above the {limit_two} that you stated.",
                    what=say(what),
                    low=in_units(low, unit),
                    limit=in_units(low - limit, unit),
                    limit_two=in_units(limit, unit),
                )
                found.append(Shortfall(name, f"{fact}_{name}", field, missing, text))
    return tuple(found)


_SAID = {
    "setup_over_budget": ("USD", message("set-up cost")),
    "monthly_over_budget": ("USD per month", message("monthly cost")),
    "weeks_over_deadline": ("weeks", message("lead time")),
}


def in_units(amount: float, unit: str) -> str:
    """An amount of money or weeks in words: weeks to a tenth, money to three digits below 100, whole dollars above."""
    if unit == "weeks":
        digits = numeral(f"{tenths(amount):,.1f}".removesuffix(".0"))
        return f"{digits} {unit_of(digits, unit)}"
    return f"{numeral(f'{amount:,.0f}' if amount >= 100 else f'{amount:.3g}')} {say(unit)}"


def tenths(weeks: float) -> float:
    """Weeks to a tenth, halves upwards: what is added up from stages and what is worked out at once read the same."""
    return round(weeks + 1e-9, 1)


def _bounded(costs: Costs) -> Mapping[str, Mapping[str, Spread]]:
    return {
        "setup_over_budget": costs.setup,
        "monthly_over_budget": costs.monthly,
        "weeks_over_deadline": costs.lead_weeks,
    }


def _sum(lines: tuple[Line, ...], approach: str, phase: str, n: int) -> Band:
    total = np.zeros((3, n))
    for line in lines:
        if line.approach == approach and line.phase == phase:
            total = total + line.amount
    return total


def _spread(band: Band) -> Spread:
    return Spread(band[LOW], band[LIKELY], band[HIGH])


def _line(line: Line) -> StagedLine:
    low, likely, high = (float(row[0]) for row in line.amount)
    unit = "USD" if line.phase == "setup" else "USD per month"
    source = f"{line.formula}: " + "; ".join(term.text() for term in line.terms)
    amount = Quantity(likely, unit, "estimated", source, low, high)
    return StagedLine(line.approach, line.phase, line.title, amount, line.stage)
