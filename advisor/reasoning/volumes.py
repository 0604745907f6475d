"""What each approach costs at other volumes than the stated one, from little use to heavy use."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from advisor.knowledge.domain import APPROACHES, Quantity
from advisor.language import say
from advisor.reasoning.advice import Range
from advisor.reasoning.costs import estimate
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.regions import exact
from advisor.reasoning.variants import variants

POINTS = 9
REACH = 10.0  # how far the volumes go below and above those in question
MOST = 1e9


@dataclass(frozen=True, slots=True)
class VolumeCost:
    """The total over the planning horizon of one approach at one number of requests a month."""

    approach: str
    requests: Quantity
    total: Range


def volumes(engine: Engine, outcome: Outcome) -> tuple[VolumeCost, ...]:
    """The totals of all approaches for row 0 of an outcome, at volumes around the stated one and the break-even."""
    grid = _grid(engine, outcome)
    facts = variants(outcome.facts.take(np.zeros(1, np.intp)), [{"requests_per_month": exact(one)} for one in grid])
    costs = estimate(facts, engine.book, engine.prices, engine.day)
    source = say("set-up + months of the horizon x monthly, at this volume")
    tried = say("a volume that was tried")

    def total(name: str, row: int) -> Range:
        low, likely, high = (float(getattr(costs.horizon[name], bound)[row]) for bound in ("low", "likely", "high"))
        return Range(low, likely, high, "USD", "estimated", source)

    return tuple(
        VolumeCost(name, Quantity(one, "requests a month", "estimated", tried), total(name, row))
        for name in APPROACHES
        for row, one in enumerate(grid)
    )


def _grid(engine: Engine, outcome: Outcome) -> list[float]:
    """Volumes of two digits, evenly by ratio."""
    stated, even = outcome.facts.numbers("requests_per_month"), outcome.costs.break_even
    low, high = engine.book.questions["requests_per_month"].typical
    known = [float(column.likely[0]) for column in (stated, even) if column.known[0] and column.likely[0] >= 1]
    middle = known or [math.sqrt(max(low, 1.0) * max(high, 1.0))]
    first, last = max(min(middle) / REACH, 1.0), min(max(middle) * REACH, MOST)
    steps = [first * (last / first) ** (step / (POINTS - 1)) for step in range(POINTS)]
    return list(dict.fromkeys(float(f"{one:.2g}") for one in steps))
