"""A score with its interval: Wilson for a share of items, bootstrap for any other, seeds x items with several seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..records import Interval
from .metrics import Outcomes, Values
from .scores import LabelScores, Scored

LEVEL = 0.95


def wilson(share: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval for a share of `n` independent items (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def score_interval(scored: Scored | Outcomes, metric: str, level: float = LEVEL) -> Interval:
    """The mean of the metric over the columns (one column per seed) with its interval.

    One seed: the interval is over items. Several seeds: over seeds and items, which are crossed (every seed answers the
    same items), so the variance has a part of the seeds and a part of the items; it is never narrower than the interval
    over items alone. Items of different seeds are never pooled.
    """
    if isinstance(scored, Outcomes):
        scored = LabelScores(scored)
    per_seed = scored.observed(metric)
    mean = float(per_seed.mean())
    low, high, method = _over_items(scored, metric, mean, level)
    if len(per_seed) > 1:
        half = Spread.of(per_seed, scored.resampled(metric).mean(axis=1), scored.n).half_width(level)
        low, high = max(0.0, min(low, mean - half)), min(1.0, max(high, mean + half))
        method = f"{len(per_seed)} seeds x items, cochran-cox t"
    return Interval(value=mean, low=low, high=high, n=scored.n, level=level, method=method)


@dataclass(frozen=True, slots=True)
class SeedPrior:
    """What other arms of a run say of the variance between seeds, and for how many degrees of freedom it counts."""

    variance: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The two parts of the variance of a mean over seeds: the seeds' with its degrees, the items' with n - 1.

    `degrees` are seeds - 1, and more where other arms of the run help to tell how much seeds differ.
    """

    of_seeds: float
    of_items: float
    seeds: int
    n: int
    degrees: float

    @classmethod
    def of(cls, per_seed: Values, resampled: Values, n: int, prior: SeedPrior | None = None) -> Spread:
        """From the observed values [seeds] and the mean over seeds in bootstrap samples of the items [b].

        The interaction of seeds and items is in both parts, which errs on the wide side. With a `prior` the variance
        of the seeds is a weighted mean of both, by degrees of freedom (moderated t, Smyth 2004).
        """
        variance, degrees = float(per_seed.var(ddof=1)), float(len(per_seed) - 1)
        if prior is not None:
            total = prior.degrees + degrees
            variance = (prior.degrees * prior.variance + degrees * variance) / total
            degrees = total
        return cls(variance / len(per_seed), float(resampled.var(ddof=1)), len(per_seed), n, degrees)

    def half_width(self, level: float) -> float:
        """Half the interval at `level`: both parts' t quantiles, weighted by their variances (Cochran and Cox 1950).

        Satterthwaite's degrees of freedom would be narrower, and called 15 of 100 ties a win with two seeds.
        """
        from scipy.stats import t

        total = self.of_seeds + self.of_items
        if total == 0.0:
            return 0.0
        quantiles = t.ppf((1 + level) / 2, [self.degrees, max(1, self.n - 1)])
        return float((quantiles[0] * self.of_seeds + quantiles[1] * self.of_items) / math.sqrt(total))

    def of_seeds_half(self, level: float) -> float:
        """Half the interval at `level` if only the seeds varied."""
        from scipy.stats import t

        return float(t.ppf((1 + level) / 2, self.degrees)) * math.sqrt(self.of_seeds)

    def p_value(self, mean: float) -> float:
        """One minus the level at which the interval around `mean` just reaches 0."""
        outside, inside = 0.0, 1.0
        for _ in range(60):
            middle = (outside + inside) / 2
            outside, inside = (middle, inside) if self.half_width(middle) < abs(mean) else (outside, middle)
        return 1.0 - outside


def percentiles(draws: Values, level: float) -> tuple[float, float]:
    """The central share `level` of the draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _over_items(scored: Scored, metric: str, mean: float, level: float) -> tuple[float, float, str]:
    per_item = scored.item_scores(metric)
    if per_item is not None and ((per_item[0] == 0) | (per_item[0] == 1)).all():
        return *wilson(mean, scored.n, level), "wilson"
    low, high = percentiles(scored.resampled(metric).mean(axis=1), level)
    if low == high:
        # All answers right, or all wrong: resampling cannot see what it has not met, Wilson's interval can.
        low, high = wilson(mean, scored.n, level)
        return low, high, "wilson, because every resample gives the same value"
    return min(low, mean), max(high, mean), "bootstrap percentile"
