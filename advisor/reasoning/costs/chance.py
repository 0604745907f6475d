"""Random draws of uncertain inputs, each drawn once and shared by everything that reads it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import Floats

ROWS = 3  # the rows of a band; with draws they are three lots of the same


@dataclass(frozen=True, slots=True)
class Uncertain:
    """One input that varies between the draws: where in its range each draw lies (0-1), and what to call it."""

    title: str
    field: str
    ranks: Floats


@dataclass(frozen=True)
class Chance:
    """Draws of the inputs of one scenario, in bands of shape (3, `columns`).

    Each input has two triangles: one falls from its likely value to its low value, one to its high value, each with
    half of the chance. So the likely value is the median, and the mean is that of PERT, (low + 4 likely + high) / 6.
    A single triangle would not do: with 1,000, 10,000 and 100,000 requests it puts nine of ten draws above the likely
    value. PERT's own shape needs the inverse beta function, which numpy lacks. Draws are stratified (a Latin
    hypercube): exactly one lies in each of the equal slices of an input's range. Inputs vary independently.
    """

    columns: int
    seed: int = 0
    inputs: dict[str, Uncertain] = field(default_factory=dict)

    def draw(self, key: str, title: str, low: Floats, likely: Floats, high: Floats, name: str = "") -> Floats:
        """Values between the bounds at the ranks of the input `key`: shape (3, columns); `name` is its question."""
        if np.array_equal(low, high):
            return np.broadcast_to(likely, (ROWS, self.columns))
        if key not in self.inputs:
            self.inputs[key] = Uncertain(title, name, self._ranks(key))
        return between(low, likely, high, self.inputs[key].ranks)

    def _ranks(self, key: str) -> Floats:
        """One draw in each slice, in an order that depends on the seed and the input alone."""
        count = ROWS * self.columns
        rng = np.random.default_rng([self.seed, zlib.crc32(key.encode())])
        ranks: Floats = (rng.permutation(count) + rng.random(count)) / count
        return ranks.reshape(ROWS, self.columns)


def between(low: Floats, likely: Floats, high: Floats, ranks: Floats) -> Floats:
    """The values at the ranks (0-1) of the distribution with two triangles that `Chance` describes."""
    below = ranks < 0.5
    share = np.sqrt(2 * np.where(below, ranks, 1 - ranks))
    values: Floats = np.where(below, low + (likely - low) * share, high - (high - likely) * share)
    return values


def share_of_variance(totals: Floats, ranks: Floats, slices: int = 25) -> float:
    """The share of the variance of the totals that goes back to one input alone (a first-order Sobol index).

    Compares the means within equal slices of the input's range, less what chance alone would make of them.
    """
    values, places = totals.ravel(), (ranks.ravel() * slices).astype(np.intp)
    whole = float(values.var())
    if whole <= 0:
        return 0.0
    counts: NDArray[np.intp] = np.bincount(places, minlength=slices)
    means = np.bincount(places, weights=values, minlength=slices) / np.maximum(counts, 1)
    explained = float(counts @ (means - values.mean()) ** 2) / values.size / whole
    correction = (slices - 1) / (values.size - slices) * (1 - explained)
    return float(np.clip(explained - correction, 0.0, 1.0))
