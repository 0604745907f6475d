"""The crossover: from how many labelled examples on tuning beats the best prompt.

Read from the curve of the paired difference (tuned minus prompted on the same items and seeds), whose errors are
smaller than those of two curves. The answer is a band, "already", or "not within reach"; it is extrapolated to eight
times the largest measured size at most, and no further than the band of the difference stays within fifteen points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .curve import DIFFERENCE, LEVEL, Curve, Point, falls, fit, held_back

Status = Literal["already", "band", "not_within_reach", "unknown"]

REACH = 8
WIDEST = 0.15


@dataclass(frozen=True, slots=True)
class Crossover:
    """The number of examples from which tuning beats the best prompt.

    `low` and `high` hold 90 % of the draws; None for `low` means at or below the smallest size measured, None for
    `high` beyond `reach`, the largest number that is spoken about. `likely` is the median, None outside of both.
    `p_already` and `p_within_reach` are shares of the draws. `extrapolable` is false where the largest size contradicts
    the smaller ones; then `reach` is the largest measured size.
    """

    status: Status
    low: float | None
    likely: float | None
    high: float | None
    smallest: int
    reach: int
    p_already: float
    p_within_reach: float
    extrapolable: bool
    level: float = LEVEL

    @property
    def sentence(self) -> str:
        """The crossover in plain words."""
        if self.status == "already":
            return f"already at {self.smallest} examples, the fewest that were tried"
        if self.status == "not_within_reach":
            return f"not within reach: not up to {self.reach} examples"
        if self.status == "unknown" and self.low is not None:
            return f"unknown: not up to {self.reach} examples, and what was measured does not say how it goes on"
        if self.status == "unknown":
            return f"unknown: anything from {self.smallest} examples on to beyond {self.reach} fits what was measured"
        low = f"at most {self.smallest}" if self.low is None else f"{_rounded(self.low)}"
        high = f"beyond {self.reach}" if self.high is None else f"{_rounded(self.high)}"
        likely = "" if self.likely is None else f", likely {_rounded(self.likely)}"
        return f"from {low} to {high} examples ({self.level:.0%} band{likely})"

    def contains(self, train_size: float) -> bool:
        """Whether a number of examples lies in the band; any number beyond reach is one number."""
        above = self.low is None or train_size >= self.low
        return above and (self.high is None or train_size <= self.high)


def crossover(points: Sequence[Point]) -> Crossover:
    """The crossover behind paired differences at several train sizes. Raises ValueError without a point."""
    curve = fit(points, DIFFERENCE)
    extrapolable = not falls(points) and held_back(points, DIFFERENCE) is not False
    reach = reach_of(curve) if extrapolable else curve.last
    found = curve.reaching(0.0)
    low, likely, high = (float(value) for value in np.quantile(found, [0.05, 0.5, 0.95], method="inverted_cdf"))
    already, within = float((found <= curve.first).mean()), float((found <= reach).mean())
    status: Status = "band"
    if high <= curve.first:
        status = "already"
    elif low > reach:
        # Beyond sizes that contradict each other nothing is known, not even that tuning fails.
        status = "not_within_reach" if extrapolable else "unknown"
    elif low <= curve.first and high > reach:
        status = "unknown"
    return Crossover(
        status=status,
        low=low if low > curve.first else None,
        likely=likely if curve.first < likely <= reach else None,
        high=high if high <= reach else None,
        smallest=curve.first,
        reach=reach,
        p_already=already,
        p_within_reach=within,
        extrapolable=extrapolable,
    )


def reach_of(curve: Curve) -> int:
    """The largest size that is spoken about: the band's half stays within fifteen points, eight times at most."""
    sizes = np.geomspace(curve.last, REACH * curve.last, 25)
    wide = [one.train_size for one in curve.band(sizes.tolist()) if one.high - one.low > 2 * WIDEST]
    return round(max(curve.last, min(wide, default=REACH * curve.last)))


def _rounded(value: float) -> str:
    digits = 1 if value < 100 else 10 if value < 1000 else 100
    return f"{round(value / digits) * digits:,}"
