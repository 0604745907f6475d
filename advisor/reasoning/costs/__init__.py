"""What each approach costs and how long it takes: estimates over N scenarios from answers, prices and assumptions.

Low adds up everything favourable, high everything unfavourable; neither is a limit of what is possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from advisor.intake.columns import Bools, Column, Facts, Floats, Numbers
from advisor.knowledge.domain import APPROACHES, Quantity, Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.reasoning.advice import CostLine
from advisor.reasoning.costs.break_even import Curve, first_saving, serving_break_even
from advisor.reasoning.costs.inputs import HIGH, LIKELY, LOW, Band, Inputs
from advisor.reasoning.costs.lead import weeks
from advisor.reasoning.costs.lines import Line, all_lines
from advisor.reasoning.costs.situation import read

__all__ = ["CostLine", "Costs", "Spread", "estimate", "itemise", "serving_break_even", "with_cost_facts"]


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


def estimate(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> Costs:
    """The costs and lead times of N scenarios. Raises InputError for a base model without a price."""
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


def itemise(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> tuple[CostLine, ...]:
    """The lines of the estimate of one scenario; their sums by approach and phase are those of `estimate`.

    Each amount carries its formula with the inputs and where each comes from. Lines of 0 are left out.
    """
    if facts.n != 1:
        raise ValueError("only one scenario can be itemised")
    lines = all_lines(read(Inputs(facts, book, prices, day)))
    return tuple(_line(line) for line in lines if line.amount[HIGH, 0] > 0)


def with_cost_facts(facts: Facts, costs: Costs) -> Facts:
    """The same facts with those that follow from costs: over budget, past the deadline, cost ratio, break-even.

    An excess is the low estimate less the likely budget, so that it is above 0 only where even the low estimate is.
    """
    budgets = {"setup_over_budget": "setup_budget_usd", "monthly_over_budget": "monthly_budget_usd"}
    bounds = {**budgets, "weeks_over_deadline": "deadline_weeks"}
    amounts = {
        "setup_over_budget": costs.setup,
        "monthly_over_budget": costs.monthly,
        "weeks_over_deadline": costs.lead_weeks,
    }
    columns: dict[str, Column] = {}
    for fact, field in bounds.items():
        bound = facts.numbers(field)
        for name in APPROACHES:
            excess = amounts[fact][name].low - bound.likely
            columns[f"{fact}_{name}"] = Numbers(excess, excess, excess, bound.known, bound.absent)
    prompted, tuned = costs.horizon["prompting"].likely, costs.horizon["fine_tuning"].likely
    payable = prompted > 0
    ratio = tuned / np.where(payable, prompted, 1.0)
    columns["tuning_cost_ratio"] = Numbers.exact(ratio, costs.volume_known & payable)
    columns["break_even_requests"] = costs.break_even
    return facts.with_columns(columns)


def _sum(lines: tuple[Line, ...], approach: str, phase: str, n: int) -> Band:
    total = np.zeros((3, n))
    for line in lines:
        if line.approach == approach and line.phase == phase:
            total = total + line.amount
    return total


def _spread(band: Band) -> Spread:
    return Spread(band[LOW], band[LIKELY], band[HIGH])


def _line(line: Line) -> CostLine:
    low, likely, high = (float(row[0]) for row in line.amount)
    unit = "USD" if line.phase == "setup" else "USD per month"
    source = f"{line.formula}: " + "; ".join(term.text() for term in line.terms)
    return CostLine(line.approach, line.phase, line.title, Quantity(likely, unit, "estimated", source, low, high))
