"""The paired difference of a race, valid at the moment the race was stopped, whenever that was.

Of the error that is allowed a fifth is spent on looking at any time (an e-value, a confidence sequence) and the rest on
one fixed-size test, which counts only where the race ran to its cap. Both parts add up to the level by the union bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .anytime import Refuted, asymptotic_half_width, log_capital
from .estimates import Crossed, Estimate, estimate
from .intervals import SeedPrior
from .metrics import Values
from .scores import Scored

EARLY = 0.2
LOOK_RESAMPLES = 1_000
# Below these an asymptotic confidence sequence promises what it cannot hold.
FEWEST_FOR_F1 = 100


@dataclass(frozen=True, slots=True)
class Sequential:
    """An estimate made after any number of items. `refuted` is None for metrics that are no mean over items."""

    fixed: Estimate
    refuted: Refuted | None
    log_e: float | None
    n: int
    cap: int

    @property
    def difference(self) -> float:
        """The observed difference; after an early stop it is somewhat optimistic, which the interval allows for."""
        return self.fixed.difference

    @property
    def variance(self) -> tuple[float, float]:
        """The parts of the variance, as if the size had been fixed."""
        return self.fixed.variance

    @property
    def method(self) -> str:
        """How the interval is made, in words."""
        kind = "betting confidence sequence" if self.refuted else "asymptotic confidence sequence"
        seeds = f"{self.fixed.spread.seeds} seeds x items, " if isinstance(self.fixed, Crossed) else ""
        end = f", {self.fixed.method} at the cap" if self.n >= self.cap else f", stopped after {self.n} items"
        return f"race: {seeds}{kind}{end}"

    def interval(self, level: float) -> tuple[float, float]:
        """The confidence sequence at a fifth of the error; at the cap also inside of the fixed-size interval."""
        low, high = self._at_any_time(EARLY * (1 - level))
        if self.n >= self.cap:
            fixed_low, fixed_high = self.fixed.interval(1 - (1 - EARLY) * (1 - level))
            low, high = max(low, fixed_low), min(high, fixed_high)
        return max(-1.0, min(low, self.difference)), min(1.0, max(high, self.difference))

    def p_value(self) -> float:
        """Two-sided, of no difference; at most 0.05 in at most 5 % of races between equals, whenever they stop."""
        early = self._early_p()
        if self.n < self.cap:
            return early
        return min(1.0, early, self.fixed.p_value() / (1 - EARLY))

    def _early_p(self) -> float:
        if self.log_e is not None and not isinstance(self.fixed, Crossed):
            return min(1.0, math.exp(-self.log_e) / EARLY) if self.log_e > -700 else 1.0
        lower, upper = 1e-9, 1.0
        for _ in range(40):
            middle = math.sqrt(lower * upper)
            low, high = self._at_any_time(EARLY * middle)
            lower, upper = (middle, upper) if low <= 0 <= high else (lower, middle)
        return min(1.0, upper)

    def _at_any_time(self, alpha: float) -> tuple[float, float]:
        """The confidence sequence over items, widened by the seeds: as squares, either side by itself."""
        middle = self.difference
        if self.refuted is not None:
            low, high = self.refuted.interval(alpha)
        elif self.n < min(self.cap, FEWEST_FOR_F1):
            low, high = -1.0, 1.0
        else:
            half = asymptotic_half_width(self.variance[1] * self.n, self.n, alpha, self.cap)
            low, high = middle - half, middle + half
        if isinstance(self.fixed, Crossed):
            of_seeds = self.fixed.spread.of_seeds_half(1 - alpha / EARLY)
            low, high = middle - math.hypot(middle - low, of_seeds), middle + math.hypot(high - middle, of_seeds)
        return low, high


def sequential(
    scored: Scored, metric: str, cap: int, *, looking: bool = False, prior: SeedPrior | None = None
) -> Sequential:
    """The difference between the halves of the columns after the items asked so far, of at most `cap`.

    `looking` takes a thousand instead of ten thousand resamples, for the looks during a race.
    """
    per_item = scored.item_scores(metric)
    if per_item is None:
        return Sequential(_fixed(scored, metric, looking, prior), None, None, scored.n, cap)
    scores, weights = per_item
    seeds = len(scores) // 2
    # Means over seeds are rounded to a millionth so that equal differences are met as equal.
    steps, cells = np.unique(
        np.round(scores[:seeds].mean(axis=0) - scores[seeds:].mean(axis=0), 6), return_inverse=True
    )
    counts = np.bincount(cells, weights=weights)
    log_e = float(log_capital(counts, steps, 0.0))
    return Sequential(_fixed(scored, metric, looking, prior), Refuted(counts, steps), log_e, scored.n, cap)


def chance_at_cap(difference: ArrayLike, moving: ArrayLike, half: ArrayLike, margin: float) -> Values:
    """The chance that the last interval leaves out 0 or lies within `margin`; arrays of any shapes that fit.

    It will be `half` wide on either side of a difference that is drawn around the one seen so far, with the standard
    deviation `moving`. Normal approximation.
    """
    from scipy.stats import norm

    half, final = np.asarray(half, dtype=np.float64), norm(difference, np.maximum(moving, 1e-12))
    alike = final.cdf(margin - half) - final.cdf(half - margin)
    return np.asarray(final.cdf(-half) + final.sf(half) + np.maximum(0.0, alike))


def _fixed(scored: Scored, metric: str, looking: bool, prior: SeedPrior | None) -> Estimate:
    return estimate(_Fewer(scored) if looking else scored, metric, prior)


@dataclass(frozen=True, slots=True)
class _Fewer:
    """Scores that are resampled fewer times."""

    scored: Scored

    @property
    def n(self) -> int:
        return self.scored.n

    def observed(self, metric: str) -> Values:
        return self.scored.observed(metric)

    def resampled(self, metric: str, resamples: int = LOOK_RESAMPLES) -> Values:
        return self.scored.resampled(metric, LOOK_RESAMPLES)

    def item_scores(self, metric: str) -> tuple[Values, Values] | None:
        return self.scored.item_scores(metric)
