"""Paired differences between two arms on the same items, with interval, p-values and a verdict in one word.

An item counts when both arms were asked about it; "no answer" is a wrong answer, or refusing would pay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from .estimates import Estimate, equivalence_p, estimate
from .intervals import LEVEL, SeedPrior
from .metrics import Outcomes, Values
from .scores import ItemScores, LabelScores, Scored
from .sequential import sequential

Verdict = Literal["a_better", "b_better", "no_difference_shown"]

MARGIN = 0.02
PRIOR_DEGREES = 4.0
FEWEST_ARMS = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """The score of arm a minus the score of arm b on `n` common items, over `seeds` common seeds.

    `verdict` looks at this interval alone. `p_equivalence` is one minus the largest level whose interval lies within
    `margin` either way. `variance` is the part of the seeds and the part of the items, `seed_degrees`
    the degrees of freedom of the former (0 with one seed).
    """

    metric: str
    difference: float
    low: float
    high: float
    p_value: float
    n: int
    seeds: int
    level: float
    method: str
    verdict: Verdict
    score_a: float
    score_b: float
    margin: float
    p_equivalence: float
    variance: tuple[float, float]
    seed_degrees: float


def paired_difference(
    golds: Sequence[str],
    a: Sequence[Sequence[str | None]],
    b: Sequence[Sequence[str | None]],
    labels: Sequence[str],
    metric: str,
    level: float = LEVEL,
) -> Difference:
    """The paired difference a - b of labels; `a` and `b` hold one list of answers per common seed, as in `golds`.

    One seed and accuracy: Newcombe's paired interval and McNemar's mid-p. One seed and another metric: paired
    bootstrap. Several seeds: variance over seeds and items. Raises ValueError on no items or on unequal lengths.
    """
    check_paired(a, b)
    return compared(LabelScores(Outcomes.of(golds, [*a, *b], labels)), metric, level)


def paired_scores(
    a: Sequence[Sequence[float]], b: Sequence[Sequence[float]], metric: str, level: float = LEVEL
) -> Difference:
    """The paired difference a - b of any score per item in 0..1; `a` and `b` hold one list per common seed.

    Raises ValueError on no items, on unequal lengths or on scores outside of 0..1.
    """
    check_paired(a, b)
    return compared(ItemScores.of([*a, *b]), metric, level)


def compared(
    scored: Scored,
    metric: str,
    level: float = LEVEL,
    *,
    margin: float = MARGIN,
    cap: int | None = None,
    looking: bool = False,
    prior: SeedPrior | None = None,
) -> Difference:
    """The difference between the first half of the columns and the second half.

    With a `cap` the comparison was a race over at most so many items, and interval and p-values hold whenever it was
    stopped; `looking` makes that quick and a little rough. `prior` is what other arms say of the spread between seeds.
    """
    found: Estimate
    if cap is None:
        found = estimate(scored, metric, prior)
    else:
        found = sequential(scored, metric, cap, looking=looking, prior=prior)
    low, high = found.interval(level)
    scores = scored.observed(metric)
    seeds = len(scores) // 2
    return Difference(
        metric=metric,
        difference=found.difference,
        low=low,
        high=high,
        p_value=found.p_value(),
        n=scored.n,
        seeds=seeds,
        level=level,
        method=found.method,
        verdict=_verdict(low, high),
        score_a=float(scores[:seeds].mean()),
        score_b=float(scores[seeds:].mean()),
        margin=margin,
        p_equivalence=equivalence_p(found, margin, scored.n),
        variance=found.variance,
        seed_degrees=0.0 if seeds == 1 else seeds - 1 + (prior.degrees if prior else 0.0),
    )


def seed_prior(arms: Sequence[Sequence[Values]]) -> SeedPrior | None:
    """What all arms of a run say of the variance of one seed's difference; None with less than three arms.

    `arms` holds for every arm the values per seed at each train size. The arm whose seeds differ most, on average over
    sizes, speaks for all, because a prior that is too small makes winners of ties; it counts for four degrees.
    """
    spreads = [
        fmean(float(values.var(ddof=1)) for values in sizes if len(values) > 1)
        for sizes in arms
        if any(len(values) > 1 for values in sizes)
    ]
    return SeedPrior(2 * max(spreads), PRIOR_DEGREES) if len(spreads) >= FEWEST_ARMS else None


def check_paired(a: Sequence[object], b: Sequence[object]) -> None:
    """Raises ValueError unless both arms have the same number of seeds, at least one."""
    if len(a) != len(b) or not a:
        raise ValueError(f"{len(a)} and {len(b)} seeds cannot be paired")


def _verdict(low: float, high: float) -> Verdict:
    if low > 0:
        return "a_better"
    return "b_better" if high < 0 else "no_difference_shown"
