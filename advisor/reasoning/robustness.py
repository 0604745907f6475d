"""How firmly the first place is held: other weights, other ways to add up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from advisor.intake.columns import Bools, Floats
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning.advice import Method, Robustness
from advisor.reasoning.engine import Engine, Outcome

DRAWS = 4000
SEED = 20250120


def robustness(engine: Engine, outcome: Outcome) -> Robustness | None:
    """The robustness of the first scenario; None where fewer than two approaches are eligible."""
    eligible = outcome.eligible[0]
    if eligible.sum() < 2:
        return None
    leader = int(outcome.leader[0])
    points, shares = outcome.points[0], outcome.shares[0]
    concentration = engine.parameter("robustness_concentration")
    rng = np.random.default_rng(SEED)
    weights = rng.dirichlet(np.maximum(shares, 1e-3) * concentration, DRAWS)
    totals = np.where(eligible[:, None], points @ weights.T, -np.inf)
    holds = float((totals.argmax(axis=0) == leader).mean())
    methods = tuple(
        Method(name, APPROACHES[winner], winner == leader)
        for name, method in _METHODS.items()
        if (winner := method(points, shares, eligible)) >= 0
    )
    return Robustness(round(holds, 4), DRAWS, concentration, methods)


def _topsis(points: Floats, shares: Floats, eligible: Bools) -> int:
    """Closeness to the ideal: each criterion scaled to unit length, distance to the best and the worst possible."""
    length = np.sqrt((points**2).sum(axis=0))
    scaled = points / np.where(length > 0, length, 1) * shares
    possible = scaled[eligible]
    best, worst = possible.max(axis=0), possible.min(axis=0)
    to_best = np.sqrt(((scaled - best) ** 2).sum(axis=1))
    to_worst = np.sqrt(((scaled - worst) ** 2).sum(axis=1))
    closeness = to_worst / np.where(to_best + to_worst > 0, to_best + to_worst, 1)
    return int(np.where(eligible, closeness, -1).argmax())


def _lexicographic(points: Floats, shares: Floats, eligible: Bools) -> int:
    """The best on the weightiest criterion; equals go on to the next one."""
    left = np.flatnonzero(eligible)
    for criterion in np.argsort(-shares, kind="stable"):
        column = points[left, criterion]
        left = left[column == column.max()]
        if len(left) == 1:
            break
    return int(left[0])


_METHODS: dict[str, Callable[[Floats, Floats, Bools], int]] = {"topsis": _topsis, "lexicographic": _lexicographic}
