"""Intervals equal reference implementations where there are any, and cover the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks.statistics.intervals import score_interval, wilson
from benchmarks.statistics.metrics import Outcomes

LABELS = ("no", "yes")


def outcomes_of(right: np.ndarray) -> Outcomes:
    """Outcomes of seeds [s, n] whose answers are right where the matrix is true; both labels occur."""
    n = right.shape[1]
    golds = [LABELS[index % 2] for index in range(n)]
    flip = {"no": "yes", "yes": "no"}
    answers = [[gold if ok else flip[gold] for gold, ok in zip(golds, row, strict=True)] for row in right]
    return Outcomes.of(golds, answers, LABELS)


@pytest.mark.parametrize(("hits", "n"), [(0, 5), (3, 7), (77, 100), (500, 500), (1, 1)])
def test_wilson_equals_scipy(hits, n):
    """Wilson's limits are those of scipy's binomial test."""
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_one_seed_accuracy_uses_wilson():
    """With one seed the interval is over items and says so."""
    interval = score_interval(outcomes_of(np.arange(100)[None, :] < 80), "accuracy")
    assert (interval.value, interval.n, interval.level, interval.method) == (0.8, 100, 0.95, "wilson")
    assert (interval.low, interval.high) == wilson(0.8, 100)


def test_f1_interval_equals_a_plain_bootstrap_over_items():
    """The multinomial over cells gives the percentiles that resampling items one by one gives."""
    from sklearn.metrics import f1_score

    generator = np.random.default_rng(11)
    right = generator.random(120) < 0.75
    outcomes = outcomes_of(right[None, :])
    golds = np.arange(120) % 2
    answers = np.where(right, golds, 1 - golds)
    draws = []
    for _ in range(1500):
        rows = generator.integers(0, 120, 120)
        draws.append(f1_score(golds[rows], answers[rows], average="macro"))
    interval = score_interval(outcomes, "macro_f1")
    assert interval.method == "bootstrap percentile"
    assert (interval.low, interval.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.012)


def test_the_same_answers_give_the_same_interval():
    """Bootstrap intervals are seeded: two calls agree to the last digit."""
    outcomes = outcomes_of(np.random.default_rng(5).random((2, 80)) < 0.7)
    assert score_interval(outcomes, "macro_f1") == score_interval(outcomes, "macro_f1")


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_perfect_score_still_has_an_interval(seeds):
    """Thirty right answers do not prove a score of exactly 1, for F1 as little as for accuracy."""
    outcomes = outcomes_of(np.ones((seeds, 30), dtype=bool))
    for metric in ("accuracy", "macro_f1"):
        interval = score_interval(outcomes, metric)
        assert interval.high == 1.0
        assert interval.low == pytest.approx(wilson(1.0, 30)[0])


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_interval_over_seeds_and_items_covers_the_truth(seeds):
    """With crossed seeds and items at least 92 of 100 intervals at 95 % contain the true mean; pooling covers less."""
    generator = np.random.default_rng(seeds)
    inside = pooled = 0
    repeats, items, level = 150, 150, 0.75
    for _ in range(repeats):
        of_seed = generator.normal(0, 0.05, (seeds, 1))
        of_item = generator.uniform(-0.15, 0.15, (1, items))
        right = generator.random((seeds, items)) < level + of_seed + of_item
        interval = score_interval(outcomes_of(right), "accuracy")
        inside += interval.low <= level <= interval.high
        low, high = wilson(interval.value, seeds * items)
        pooled += low <= level <= high
    assert inside / repeats >= 0.92
    assert pooled < inside


def test_more_seeds_that_disagree_widen_the_interval():
    """Seeds that differ by twenty points cannot give the narrow interval of items alone."""
    right = np.stack([np.arange(200) < 180, np.arange(200) < 140])
    interval = score_interval(outcomes_of(right), "accuracy")
    assert interval.method == "2 seeds x items, cochran-cox t"
    assert interval.high - interval.low > 3 * (wilson(0.8, 200)[1] - wilson(0.8, 200)[0])
