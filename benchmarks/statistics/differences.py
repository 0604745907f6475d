"""Paired differences between two arms on the same items, with interval, p-value and a verdict in one word.

An item counts when both arms were asked about it; "no answer" is a wrong answer, or refusing would pay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .intervals import LEVEL, Spread, percentiles, wilson
from .metrics import Outcomes, Values, values

Verdict = Literal["a_better", "b_better", "no_difference_shown"]


@dataclass(frozen=True, slots=True)
class Difference:
    """The score of arm a minus the score of arm b on `n` common items, over `seeds` common seeds."""

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


def paired_difference(
    golds: Sequence[str],
    a: Sequence[Sequence[str | None]],
    b: Sequence[Sequence[str | None]],
    labels: Sequence[str],
    metric: str,
    level: float = LEVEL,
) -> Difference:
    """The paired difference a - b; `a` and `b` hold one list of answers per common seed, in the order of `golds`.

    One seed and accuracy: Newcombe's paired interval and McNemar's mid-p. One seed and another metric: paired
    bootstrap. Several seeds: variance over seeds and items. Raises ValueError on no items or
    on unequal lengths.
    """
    if len(a) != len(b) or not a:
        raise ValueError(f"{len(a)} and {len(b)} seeds cannot be paired")
    outcomes = Outcomes.of(golds, [*a, *b], labels)
    seeds = len(a)
    if seeds == 1 and metric == "accuracy":
        difference, low, high, p_value = _two_shares(outcomes, level)
        method = "newcombe paired, mcnemar mid-p"
    else:
        score = values(outcomes, metric)[0]
        per_seed = score[:seeds] - score[seeds:]
        draws = outcomes.resampled(metric)
        resampled = draws[:, :seeds].mean(axis=1) - draws[:, seeds:].mean(axis=1)
        difference = float(per_seed.mean())
        if seeds == 1:
            low, high = percentiles(resampled, level)
            p_value = _bootstrap_p(resampled)
            method = "paired bootstrap percentile"
        else:
            low, high, p_value = _over_seeds(per_seed, resampled, outcomes.n, level)
            method = f"{seeds} seeds x items, cochran-cox t"
    low, high = max(-1.0, low), min(1.0, high)
    return Difference(metric, difference, low, high, p_value, outcomes.n, seeds, level, method, _verdict(low, high))


def mcnemar_mid_p(only_a: int, only_b: int) -> float:
    """McNemar's mid-p for `only_a` items that only a has right and `only_b` that only b has right (Fagerland 2013)."""
    from scipy.stats import binom

    n, k = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    return min(1.0, float(2 * binom.cdf(k, n, 0.5) - binom.pmf(k, n, 0.5)))


def newcombe_paired(both: int, only_a: int, only_b: int, neither: int, level: float = LEVEL) -> tuple[float, float]:
    """Newcombe's interval for the difference of two paired shares (Newcombe 1998, method 10).

    Wilson limits of both shares are combined as squares, with the correlation of the pairs corrected for continuity.
    """
    n = both + only_a + only_b + neither
    p_a, p_b = (both + only_a) / n, (both + only_b) / n
    (low_a, high_a), (low_b, high_b) = wilson(p_a, n, level), wilson(p_b, n, level)
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    phi = 0.0
    if margins:
        joint = float(both * neither - only_a * only_b)
        joint = max(joint - n / 2, 0.0) if joint > 0 else joint
        phi = joint / math.sqrt(margins)
    below = (p_a - low_a) ** 2 - 2 * phi * (p_a - low_a) * (high_b - p_b) + (high_b - p_b) ** 2
    above = (high_a - p_a) ** 2 - 2 * phi * (high_a - p_a) * (p_b - low_b) + (p_b - low_b) ** 2
    return p_a - p_b - math.sqrt(max(0.0, below)), p_a - p_b + math.sqrt(max(0.0, above))


def _two_shares(outcomes: Outcomes, level: float) -> tuple[float, float, float, float]:
    a, b = outcomes.given[0] == outcomes.gold, outcomes.given[1] == outcomes.gold
    both, only_a, only_b, neither = (int(outcomes.counts[which].sum()) for which in (a & b, a & ~b, ~a & b, ~a & ~b))
    low, high = newcombe_paired(both, only_a, only_b, neither, level)
    return (only_a - only_b) / outcomes.n, low, high, mcnemar_mid_p(only_a, only_b)


def _bootstrap_p(resampled: Values) -> float:
    """Twice the smaller tail beyond zero, each tail with one draw added, so that it is never exactly 0."""
    tail = min(int((resampled <= 0).sum()), int((resampled >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (len(resampled) + 1))


def _over_seeds(per_seed: Values, resampled: Values, n: int, level: float) -> tuple[float, float, float]:
    mean = float(per_seed.mean())
    spread = Spread.of(per_seed, resampled, n)
    half = spread.half_width(level)
    if half == 0.0:
        # No item and no seed disagrees: either nothing differs, or one arm is right everywhere and the other nowhere.
        return mean, mean, 1.0 if mean == 0.0 else 0.5 ** (n - 1)
    return mean - half, mean + half, spread.p_value(mean)


def _verdict(low: float, high: float) -> Verdict:
    if low > 0:
        return "a_better"
    return "b_better" if high < 0 else "no_difference_shown"
