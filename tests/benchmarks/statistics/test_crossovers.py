"""Bands of curves and crossovers contain the truth as often as they say, on laws that the fit knows or does not."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.statistics.crossover import REACH, crossover
from benchmarks.statistics.curve import DIFFERENCE, SCORE, Point, falls, fit, held_back, point
from benchmarks.statistics.scores import ItemScores


def power(generator: np.random.Generator):
    """A power law of the difference, by chance above or below zero in the end."""
    end, gain, exponent = generator.uniform(-0.1, 0.25), generator.uniform(0.1, 0.5), generator.uniform(0.2, 1.0)
    return lambda n: end - gain * (n / 16) ** -exponent


def late(generator: np.random.Generator):
    """Nothing is learnt at first, then a steep rise, then a ceiling."""
    start, end = generator.uniform(-0.4, -0.05), generator.uniform(-0.05, 0.25)
    middle, steep = math.exp(generator.uniform(math.log(12), math.log(250))), generator.uniform(0.8, 2.0)
    return lambda n: start + (end - start) / (1 + (middle / n) ** steep)


def logarithmic(generator: np.random.Generator):
    """As much for every doubling, without an end, which no power law can follow far."""
    start, step = generator.uniform(-0.35, 0.1), generator.uniform(0.02, 0.08)
    return lambda n: min(0.4, start + step * math.log2(n / 16))


def crossing(law) -> float:
    """The size at which a law reaches zero, or infinity."""
    sizes = np.geomspace(16, 1e7, 3000)
    above = np.flatnonzero([law(size) >= 0 for size in sizes])
    return float(sizes[above[0]]) if len(above) else math.inf


def measured(generator: np.random.Generator, law, sizes: tuple[int, ...], error: float) -> list[Point]:
    """Points of a law with errors of that size, which are known to a third only."""
    known = error * generator.uniform(0.75, 1.33, len(sizes))
    return [Point(n, law(n) + generator.normal(0, error), known[index]) for index, n in enumerate(sizes)]


@pytest.mark.parametrize("family", [power, late, logarithmic])
@pytest.mark.parametrize("sizes", [(16, 32, 64), (16, 64, 256)])
def test_the_crossover_lies_in_its_band(family, sizes):
    """Of 120 curves at least 85 of 100 bands contain the true crossover, also for laws that are no power laws."""
    generator = np.random.default_rng(len(sizes) + sizes[-1])
    inside = 0
    for _ in range(120):
        law = family(generator)
        found = crossover(measured(generator, law, sizes, 0.03))
        true = crossing(law)
        inside += found.low is None if true <= 16 else found.contains(true if true <= found.reach else math.inf)
    assert inside / 120 >= 0.85


def test_the_band_of_a_curve_holds_where_it_was_not_measured():
    """At twice the largest size 85 of 100 bands at 90 % contain the true quality, and they widen outwards."""
    generator = np.random.default_rng(8)
    inside = 0
    for _ in range(120):
        top, gain, exponent = generator.uniform(0.7, 0.98), generator.uniform(0.1, 0.4), generator.uniform(0.2, 1.0)

        def law(n, top=top, gain=gain, exponent=exponent):
            return top - gain * (n / 16) ** -exponent

        [band] = fit(measured(generator, law, (16, 64, 256), 0.02), SCORE).band([512])
        inside += band.low <= law(512) <= band.high
    assert inside / 120 >= 0.85
    curve = fit([Point(16, 0.6, 0.02), Point(64, 0.7, 0.02), Point(256, 0.75, 0.02)])
    widths = [one.high - one.low for one in curve.band([256, 512, 2048, 8192])]
    assert all(near < far for near, far in pairwise(widths))


def test_already_and_not_within_reach_are_said():
    """Clearly ahead at the smallest size, and clearly and flatly behind, are words and not numbers."""
    ahead = crossover([Point(16, 0.15, 0.03), Point(64, 0.2, 0.02)])
    assert (ahead.status, ahead.low, ahead.sentence) == (
        "already",
        None,
        "already at 16 examples, the fewest that were tried",
    )
    behind = crossover([Point(16, -0.31, 0.01), Point(64, -0.30, 0.01), Point(256, -0.30, 0.01)])
    assert behind.status == "not_within_reach"
    assert "not up to" in behind.sentence
    assert behind.p_within_reach <= 0.05


def test_a_measured_crossing_gives_a_narrow_band():
    """Behind at 64 and ahead at 256, both clearly: the band lies between them."""
    found = crossover([Point(16, -0.2, 0.01), Point(64, -0.06, 0.01), Point(256, 0.08, 0.01)])
    assert found.status == "band"
    assert 64 <= found.low < found.likely < found.high <= 256
    assert found.contains(128)
    assert "90% band" in found.sentence


def test_one_size_says_little():
    """A single size near zero leaves the crossover unknown, or a band that begins at the smallest size."""
    found = crossover([Point(16, 0.0, 0.05)])
    assert found.low is None
    assert found.status in ("unknown", "band")
    with pytest.raises(ValueError, match="different train sizes"):
        crossover([])


def test_nothing_is_extrapolated_far_or_against_the_measurements():
    """Eight times the largest size at most; a larger size that is worse ends all extrapolation."""
    rising = crossover([Point(16, -0.3, 0.01), Point(64, -0.2, 0.01), Point(256, -0.13, 0.01)])
    assert rising.reach <= REACH * 256
    fallen = [Point(16, -0.3, 0.01), Point(64, -0.02, 0.01), Point(256, -0.2, 0.01)]
    assert falls(fallen)
    found = crossover(fallen)
    assert (found.extrapolable, found.reach) == (False, 256)
    assert held_back(fallen, DIFFERENCE) is False
    assert held_back(fallen[:2], DIFFERENCE) is None


def test_a_sudden_rise_below_the_level_leaves_the_crossover_unknown():
    """Where the largest size overtakes all that the smaller ones predict, but is behind still, nothing is ruled out."""
    found = crossover([Point(16, -0.70, 0.02), Point(32, -0.69, 0.02), Point(64, -0.20, 0.02)])
    assert (found.status, found.extrapolable, found.reach) == ("unknown", False, 64)
    assert "not up to 64 examples" in found.sentence


def test_a_point_has_the_errors_of_seeds_and_items():
    """One seed is given the usual spread; several seeds that agree have less, those that differ have more."""
    generator = np.random.default_rng(5)
    right = (generator.random(400) < 0.8).astype(float)
    one = point(ItemScores.of([right]), "score", 64, paired=False)
    assert (one.train_size, one.value) == (64, right.mean())
    assert one.error == pytest.approx(math.hypot(0.04, math.sqrt(0.16 / 400)), rel=0.1)
    agree = point(ItemScores.of([right] * 3), "score", 64, paired=False)
    differ = point(ItemScores.of([right, np.zeros(400), np.ones(400)]), "score", 64, paired=False)
    assert agree.error < one.error < differ.error
    paired = point(ItemScores.of([right, right]), "score", 64, paired=True)
    assert paired.value == 0.0
    assert paired.error == pytest.approx(0.04, rel=0.01)


def test_the_same_points_give_the_same_curve():
    """The draws are seeded by the points, whatever their order."""
    points = [Point(16, 0.5, 0.03), Point(64, 0.7, 0.03)]
    assert fit(points).band([128]) == fit(points[::-1]).band([128])
