"""Evidence that may be looked at after every item: betting e-values and intervals that hold at all times at once.

A bettor who starts with 1 and cannot expect to gain if the mean difference is m gets beyond 1/alpha with probability at
most alpha, ever (Ville 1939). The bets are mixed over fractions with an arcsine weight, so that right-or-wrong answers
give, at m = 0, the closed form Beta(w + 1/2, l + 1/2) / Beta(1/2, 1/2) * 2^(w + l). Every mean m that the bettor has
not refuted is in the confidence sequence (Waudby-Smith and Ramdas 2024). F1 is no mean over items; for it there is the
asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BETS = 96
_STEP = 0.0025


def log_e_value(wins: ArrayLike, losses: ArrayLike) -> Floats:
    """The natural log of the e-value against "no difference", from discordant wins and losses of any equal shape."""
    from scipy.special import betaln

    w, lost = np.asarray(wins, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    return np.asarray(betaln(w + 0.5, lost + 0.5) - math.log(math.pi) + (w + lost) * math.log(2))


def log_capital(counts: ArrayLike, differences: Sequence[float] | Floats, mean: float) -> Floats:
    """The natural log of the bettor's capital against the mean difference `mean`, for counts [..., c]; shape [...].

    `counts` says how often each of the c `differences` (in -1..1) occurred; `mean` lies strictly between -1 and 1.
    """
    from scipy.special import logsumexp

    growth = _growth(tuple(float(value) for value in np.asarray(differences)), mean)
    return np.asarray(logsumexp(np.asarray(counts, dtype=np.float64) @ growth, axis=-1) - math.log(BETS))


def confidence_sequence(counts: ArrayLike, differences: Sequence[float] | Floats, alpha: float) -> tuple[float, float]:
    """The means that capital 1/alpha has not refuted: with probability 1 - alpha the true one is in at all times.

    `counts` [c] belong to `differences` [c] as in `log_capital`. The interval is the hull of the means on a grid of
    a quarter of a point, each end moved to where the capital is 1/alpha.
    """
    return Refuted(counts, differences).interval(alpha)


class Refuted:
    """The capital against every mean on a grid, from which intervals at all levels are read."""

    def __init__(self, counts: ArrayLike, differences: Sequence[float] | Floats) -> None:
        weights, steps = np.asarray(counts, dtype=np.float64), np.asarray(differences, dtype=np.float64)
        self._mean = float(weights @ steps / weights.sum())
        self._grid = np.arange(-1.0 + _STEP, 1.0 - _STEP / 2, _STEP)
        # Values with many distinct differences (means over seeds, ROUGE) are few dozens: the table stays small.
        bets = _bets(self._grid)
        logs = np.zeros(bets.shape)
        for weight, step in zip(weights, steps, strict=True):
            logs += weight * np.log1p(bets * (step - self._grid[:, None]))
        top = logs.max(axis=1, keepdims=True)
        self._capital = top[:, 0] + np.log(np.exp(logs - top).mean(axis=1))

    def interval(self, alpha: float) -> tuple[float, float]:
        """The hull of the means with capital below 1/alpha; always contains the observed mean."""
        wanted = -math.log(alpha)
        kept = np.flatnonzero(self._capital < wanted)
        if not len(kept):
            return self._mean, self._mean
        low, high = self._edge(kept[0], -1, wanted), self._edge(kept[-1], 1, wanted)
        return min(self._mean, low), max(self._mean, high)

    def _edge(self, kept: int, step: int, wanted: float) -> float:
        out = kept + step
        if not 0 <= out < len(self._grid):
            return float(step)
        inner, outer = self._capital[kept], self._capital[out]
        share = (wanted - inner) / (outer - inner)
        return float(self._grid[kept] + share * (self._grid[out] - self._grid[kept]))


def asymptotic_half_width(variance: float, n: int, alpha: float, planned: int) -> float:
    """Half the asymptotic confidence sequence of a mean of n items: `variance` is that of one item.

    It is narrowest, relative to a fixed-size interval, around half of the `planned` number of items; it holds at all
    times from a few dozen items on, not from the first.
    """
    tuned = max(1.0, planned / 2)
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / tuned
    inside = 2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha)
    return math.sqrt(variance * inside)


def _bets(means: Floats) -> Floats:
    """The bets for each mean, shape [means, BETS]: Chebyshev nodes of the fractions that cannot ruin the bettor."""
    nodes = np.cos((2 * np.arange(BETS) + 1) * math.pi / (2 * BETS))
    least, most = -1.0 / (1.0 - means[:, None]), 1.0 / (1.0 + means[:, None])
    return np.asarray((least + most) / 2 + (most - least) / 2 * nodes[None, :])


@lru_cache(maxsize=64)
def _growth(differences: tuple[float, ...], mean: float) -> Floats:
    """The log growth of every bet when each of the differences occurs once, shape [c, BETS]."""
    bets = _bets(np.asarray([mean]))[0]
    return np.asarray(np.log1p(bets[None, :] * (np.asarray(differences)[:, None] - mean)))
