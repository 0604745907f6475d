"""Learning curves: quality as a - b * x(n), with a band that comes from everything that could have made the points.

x falls from 1 at the smallest size to 0: as a power n^-c, or, in a third of the draws, late: (1 + k) / (1 + k n^c),
because tuning with few examples often learns nothing at first. c and k are drawn from their priors; given them the
curve is linear in a and b, which are then drawn exactly. Errors of the points have heavy tails (Student's t, as a
mixture of normal ones), so that a single odd size does not bend the curve. b is never negative: more examples do not
hurt. No more than a few thousand vectorised draws, no chain, no optimiser.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..records import seed_for
from .scores import Scored

Floats = NDArray[np.float64]

DRAWS = 20_000
KEPT = 4_000
LEVEL = 0.90
# What the law itself may miss at a measured size, and the spread between seeds where only one was run.
LAW_ERROR = 0.01
ONE_SEED_SD = 0.04
TAIL_DEGREES = 5
# Median on the log scale, spread, least and most of c where learning starts at once, and where it starts late.
EXPONENT = (math.log(0.4), 0.8, 0.05, 2.0)
LATE_EXPONENT = (math.log(1.2), 0.4, 0.4, 3.0)
LATE_SHARE = 1 / 3
LATEST = (0.01, 1.0)


@dataclass(frozen=True, slots=True)
class Point:
    """A mean over seeds at one train size, with its standard error over seeds and items."""

    train_size: int
    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Prior:
    """What is held likely before the points are seen: the end value and the gain from the smallest size to the end."""

    end: float
    end_sd: float
    gain: float
    gain_sd: float
    least: float
    most: float


SCORE = Prior(end=0.75, end_sd=0.4, gain=0.2, gain_sd=0.3, least=0.0, most=1.0)
DIFFERENCE = Prior(end=0.1, end_sd=0.5, gain=0.2, gain_sd=0.3, least=-1.0, most=1.0)


@dataclass(frozen=True, slots=True)
class Band:
    """The curve at one train size: its median and the central share of the draws."""

    train_size: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Draws of end a, gain b and shape (c, k), each of shape [draws], and the points behind them.

    k is infinite where learning starts at once.
    """

    points: tuple[Point, ...]
    end: Floats
    gain: Floats
    exponent: Floats
    onset: Floats

    @property
    def first(self) -> int:
        """The smallest measured train size."""
        return self.points[0].train_size

    @property
    def last(self) -> int:
        """The largest measured train size."""
        return self.points[-1].train_size

    def at(self, train_sizes: ArrayLike) -> Floats:
        """The curve of every draw at the sizes, shape [draws, sizes]."""
        relative = np.asarray(train_sizes, dtype=np.float64) / self.first
        return np.asarray(self.end[:, None] - self.gain[:, None] * _left(relative, self.exponent, self.onset))

    def reaching(self, level: float) -> Floats:
        """The train size at which every draw reaches `level`: the smallest if it is there, infinity if it never is."""
        found = np.full(len(self.end), np.inf)
        above = self.end > level
        # x must have fallen to 1 / ratio.
        ratio = np.maximum(self.gain[above] / (self.end[above] - level), 1.0)
        late = np.isfinite(self.onset[above])
        onset = np.where(late, self.onset[above], 1.0)
        grown = np.where(late, ((1 + onset) * ratio - 1) / onset, ratio)
        with np.errstate(over="ignore"):
            found[above] = self.first * grown ** (1 / self.exponent[above])
        found[self.end - self.gain >= level] = self.first
        return found

    def band(self, train_sizes: Sequence[float], level: float = LEVEL) -> list[Band]:
        """Median and band at the sizes."""
        low, middle, high = np.quantile(self.at(train_sizes), [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
        return [
            Band(float(size), float(middle[index]), float(low[index]), float(high[index]))
            for index, size in enumerate(train_sizes)
        ]


def point(scored: Scored, metric: str, train_size: int, *, paired: bool) -> Point:
    """The point of one train size: the columns' mean, or if `paired` the first half's mean minus the second half's.

    The error has a part of the seeds and a part of the items; one seed alone is given the spread that is usual.
    """
    observed, draws = scored.observed(metric), scored.resampled(metric, 2_000)
    if paired:
        half = len(observed) // 2
        observed, draws = observed[:half] - observed[half:], draws[:, :half] - draws[:, half:]
    of_items = float(draws.mean(axis=1).var(ddof=1))
    of_seeds = float(observed.var(ddof=1)) / len(observed) if len(observed) > 1 else ONE_SEED_SD**2
    # Resamples of a perfect score do not vary; one item of n may still have been luck.
    return Point(train_size, float(observed.mean()), math.sqrt(max(of_items, 1 / scored.n**2) + of_seeds))


def fit(points: Sequence[Point], prior: Prior = SCORE, draws: int = DRAWS, kept: int = KEPT) -> Curve:
    """The curve behind the points, at most one per train size. Raises ValueError without a point.

    The draws are seeded by the points alone. One point leaves the prior to say how the curve goes on, which is wide.
    """
    ordered = tuple(sorted(points, key=lambda one: one.train_size))
    if not ordered or len({one.train_size for one in ordered}) < len(ordered):
        raise ValueError("a curve needs points at different train sizes")
    generator = np.random.default_rng(seed_for(0, "curve", *(repr(one) for one in ordered), repr(prior)))
    sizes = np.asarray([one.train_size for one in ordered], dtype=np.float64)
    values = np.asarray([one.value for one in ordered])
    variances = np.asarray([one.error**2 + LAW_ERROR**2 for one in ordered])
    exponent, onset = _shapes(generator, draws)
    scale = TAIL_DEGREES / generator.chisquare(TAIL_DEGREES, (draws, len(ordered)))
    precision = 1 / (variances * scale)
    x = _left(sizes / sizes[0], exponent, onset)
    mean, covariance, log_weight = _linear(x, values, precision, prior)
    chosen = generator.choice(draws, size=4 * kept, p=_shares(log_weight))
    end, gain = _pairs(generator, mean[chosen], covariance[chosen])
    start = end - gain
    good = np.flatnonzero((gain >= 0) & (end <= prior.most) & (start >= prior.least))[:kept]
    if len(good) < kept // 20:
        # Points that fall steeply leave next to no rising curve: the flat ones are what remains.
        flat = np.clip(end, prior.least, prior.most)
        return Curve(ordered, flat[:kept], np.zeros(kept), exponent[chosen][:kept], onset[chosen][:kept])
    return Curve(ordered, end[good], gain[good], exponent[chosen][good], onset[chosen][good])


def falls(points: Sequence[Point]) -> bool:
    """Whether a larger size is worse than a smaller one by more than two standard errors of their difference."""
    ordered = sorted(points, key=lambda one: one.train_size)
    return any(
        before.value - after.value > 2 * math.hypot(before.error, after.error)
        for index, before in enumerate(ordered)
        for after in ordered[index + 1 :]
    )


def held_back(points: Sequence[Point], prior: Prior = SCORE) -> bool | None:
    """Whether the largest size lies in the 90 % band that the smaller ones predict; None with less than three."""
    ordered = sorted(points, key=lambda one: one.train_size)
    if len(ordered) < 3:
        return None
    last = ordered[-1]
    predicted = fit(ordered[:-1], prior).at([last.train_size])[:, 0]
    generator = np.random.default_rng(0)
    noisy = predicted + generator.normal(0, math.hypot(last.error, LAW_ERROR), len(predicted))
    low, high = np.quantile(noisy, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return bool(low <= last.value <= high)


def _shapes(generator: Any, draws: int) -> tuple[Floats, Floats]:
    """Draws of c and k: k is infinite in two thirds of them."""
    late = generator.random(draws) < LATE_SHARE
    exponents = [
        np.clip(np.exp(generator.normal(middle, spread, draws)), least, most)
        for middle, spread, least, most in (EXPONENT, LATE_EXPONENT)
    ]
    onset = np.exp(generator.uniform(*np.log(LATEST), draws))
    return np.where(late, exponents[1], exponents[0]), np.where(late, onset, np.inf)


def _left(relative: Floats, exponent: Floats, onset: Floats) -> Floats:
    """x of every draw at sizes relative to the smallest, shape [draws, sizes]: 1 at the smallest, then falling."""
    grown = relative[None, :] ** exponent[:, None]
    late = np.isfinite(onset)
    k = np.where(late, onset, 1.0)[:, None]
    return np.where(late[:, None], (1 + k) / (1 + k * grown), 1 / grown)


def _linear(x: Floats, values: Floats, precision: Floats, prior: Prior) -> tuple[Floats, Floats, Floats]:
    """Posterior mean [d, 2] and covariance [d, 2, 2] of (end, gain) per draw, and its log marginal likelihood [d]."""
    p_end, p_gain = 1 / prior.end_sd**2, 1 / prior.gain_sd**2
    s00 = p_end + precision.sum(axis=1)
    s01 = -(precision * x).sum(axis=1)
    s11 = p_gain + (precision * x**2).sum(axis=1)
    r0 = p_end * prior.end + (precision * values).sum(axis=1)
    r1 = p_gain * prior.gain - (precision * x * values).sum(axis=1)
    determinant = s00 * s11 - s01**2
    mean = np.stack([(s11 * r0 - s01 * r1) / determinant, (s00 * r1 - s01 * r0) / determinant], axis=1)
    covariance = np.empty((len(x), 2, 2))
    covariance[:, 0, 0], covariance[:, 1, 1] = s11 / determinant, s00 / determinant
    covariance[:, 0, 1] = covariance[:, 1, 0] = -s01 / determinant
    fitted = mean[:, 0] * r0 + mean[:, 1] * r1
    log_weight = 0.5 * (np.log(precision).sum(axis=1) - (precision * values**2).sum(axis=1) + fitted)
    return mean, covariance, log_weight - 0.5 * np.log(determinant)


def _shares(log_weight: Floats) -> Floats:
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _pairs(generator: Any, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """One draw of (end, gain) for each mean and covariance."""
    normal = generator.normal(size=(len(mean), 2))
    first = np.sqrt(covariance[:, 0, 0])
    along = covariance[:, 0, 1] / first
    rest = np.sqrt(np.maximum(covariance[:, 1, 1] - along**2, 0.0))
    return mean[:, 0] + first * normal[:, 0], mean[:, 1] + along * normal[:, 0] + rest * normal[:, 1]
