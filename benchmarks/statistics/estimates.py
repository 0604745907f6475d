"""What is known of one paired difference, by the way it was measured: interval at any level, p-value, variance parts.

`TwoShares` conditions on two trained objects and their right and wrong answers; `Resampled` does so for any metric;
`Crossed` asks for the approach, with seeds and items both drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .intervals import SeedPrior, Spread, percentiles
from .metrics import Values
from .scores import Scored
from .shares import mcnemar_mid_p, newcombe_paired


class Estimate(Protocol):
    """One paired difference a - b, between -1 and 1."""

    @property
    def difference(self) -> float:
        """The score of a minus the score of b."""
        ...

    @property
    def method(self) -> str:
        """How interval and p-value are made, in words."""
        ...

    @property
    def variance(self) -> tuple[float, float]:
        """The variance of the difference: the part of the seeds (0 with one seed), the part of the items."""
        ...

    def interval(self, level: float) -> tuple[float, float]:
        """The interval at `level`; a higher level contains a lower one."""
        ...

    def p_value(self) -> float:
        """Two-sided, of no difference."""
        ...


@dataclass(frozen=True, slots=True)
class TwoShares:
    """Two arms right or wrong on the same items: how many both, only a, only b and neither have right."""

    both: int
    only_a: int
    only_b: int
    neither: int
    method: str = "newcombe paired, mcnemar mid-p"

    @property
    def n(self) -> int:
        """The number of items."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def difference(self) -> float:
        """The difference of the shares."""
        return (self.only_a - self.only_b) / self.n

    @property
    def variance(self) -> tuple[float, float]:
        """No seeds; the items' part is that of a mean of n differences in -1, 0, 1."""
        return 0.0, ((self.only_a + self.only_b) / self.n - self.difference**2) / self.n

    def interval(self, level: float) -> tuple[float, float]:
        """Newcombe's paired interval."""
        low, high = newcombe_paired(self.both, self.only_a, self.only_b, self.neither, level)
        return max(-1.0, low), min(1.0, high)

    def p_value(self) -> float:
        """McNemar's mid-p."""
        return mcnemar_mid_p(self.only_a, self.only_b)


@dataclass(frozen=True, slots=True)
class Resampled:
    """Any metric of one seed: the difference, and the differences in bootstrap samples of the items."""

    difference: float
    draws: Values
    method: str = "paired bootstrap percentile"

    @property
    def variance(self) -> tuple[float, float]:
        """No seeds; the items' part is the variance of the draws."""
        return 0.0, float(self.draws.var(ddof=1))

    def interval(self, level: float) -> tuple[float, float]:
        """The central share of the draws."""
        low, high = percentiles(self.draws, level)
        return max(-1.0, low), min(1.0, high)

    def p_value(self) -> float:
        """Twice the smaller tail beyond zero, each tail with one draw added, so that it is never exactly 0."""
        tail = min(int((self.draws <= 0).sum()), int((self.draws >= 0).sum()))
        return min(1.0, 2 * (tail + 1) / (len(self.draws) + 1))


@dataclass(frozen=True, slots=True)
class Crossed:
    """The mean difference over several seeds that all answered the same items."""

    difference: float
    spread: Spread

    @property
    def method(self) -> str:
        """Names the design and the rule for its quantiles."""
        kind = "cochran-cox t" if self.spread.degrees == self.spread.seeds - 1 else "moderated cochran-cox t"
        return f"{self.spread.seeds} seeds x items, {kind}"

    @property
    def variance(self) -> tuple[float, float]:
        """Both parts of the spread."""
        return self.spread.of_seeds, self.spread.of_items

    def interval(self, level: float) -> tuple[float, float]:
        """The mean and half the spread's width on either side."""
        half = self.spread.half_width(level)
        return max(-1.0, self.difference - half), min(1.0, self.difference + half)

    def p_value(self) -> float:
        """One minus the level at which the interval reaches 0."""
        if self.spread.half_width(0.95) == 0.0:
            # No item and no seed disagrees: either nothing differs, or one is right everywhere and the other nowhere.
            return 1.0 if self.difference == 0.0 else 0.5 ** (self.spread.n - 1)
        return self.spread.p_value(self.difference)


def estimate(scored: Scored, metric: str, prior: SeedPrior | None = None) -> TwoShares | Resampled | Crossed:
    """The difference between the first half of the columns (arm a, one per seed) and the second half (arm b).

    `prior` is about the variance of one seed's difference; it counts only where there are several seeds.
    """
    score = scored.observed(metric)
    seeds = len(score) // 2
    per_item = scored.item_scores(metric)
    if seeds == 1 and per_item is not None and ((per_item[0] == 0) | (per_item[0] == 1)).all():
        (a, b), weights = per_item[0] == 1, per_item[1]
        both, only_a, only_b, neither = (
            round(float(weights[which].sum())) for which in (a & b, a & ~b, ~a & b, ~a & ~b)
        )
        return TwoShares(both, only_a, only_b, neither)
    per_seed = score[:seeds] - score[seeds:]
    draws = scored.resampled(metric)
    resampled = draws[:, :seeds].mean(axis=1) - draws[:, seeds:].mean(axis=1)
    if seeds == 1:
        return Resampled(float(per_seed[0]), resampled)
    return Crossed(float(per_seed.mean()), Spread.of(per_seed, resampled, scored.n, prior))


def equivalence_p(estimate: Estimate, margin: float, n: int) -> float:
    """One minus the largest level whose interval lies inside of +-`margin`: at most 0.05 says equivalent.

    So equivalent arms have their 95 % interval inside of the margin. The two one-sided tests (Schuirmann 1987) would
    ask for the 90 % interval only; with few items that differ, Newcombe's then errs in 7 of 100. Where nothing varies,
    because the arms agree on all `n` items, the interval is that of a share of which none of n was seen.
    """
    if not -margin < estimate.difference < margin:
        return 1.0
    constant = sum(estimate.variance) == 0.0 and not isinstance(estimate, TwoShares)
    inside, outside = 0.0, 1.0
    for _ in range(40):
        middle = (inside + outside) / 2
        low, high = estimate.interval(middle)
        if constant:
            unseen = 1.0 - (1.0 - middle) ** (1 / n)
            low, high = low - unseen, high + unseen
        inside, outside = (middle, outside) if -margin < low and high < margin else (inside, middle)
    return 1.0 - inside
