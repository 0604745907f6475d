"""Paired differences: exact where they can be, right as often as they say, and a tie is called a tie."""

from __future__ import annotations

from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from scipy.stats import binom

from benchmarks.statistics.differences import paired_difference
from benchmarks.statistics.shares import mcnemar_mid_p, newcombe_paired

LABELS = ("no", "yes")
FLIP = {"no": "yes", "yes": "no"}


def answers(right: np.ndarray) -> tuple[list[str], list[str]]:
    """Golds that alternate, and answers that are right where the vector is true."""
    golds = [LABELS[index % 2] for index in range(len(right))]
    return golds, [gold if ok else FLIP[gold] for gold, ok in zip(golds, right, strict=True)]


@pytest.mark.parametrize(("b", "c"), [(0, 0), (0, 1), (3, 3), (5, 1), (30, 12), (0, 40), (2, 400)])
def test_mid_p_equals_its_definition_by_enumeration(b, c):
    """Mid-p: all splits less likely than the observed one plus half of the equally likely ones."""
    n = b + c
    observed = comb(n, b)
    likelihoods = [comb(n, k) for k in range(n + 1)]
    expected = (sum(x for x in likelihoods if x < observed) + sum(x for x in likelihoods if x == observed) / 2) / 2**n
    # The binomial is symmetric: with b != c the observed split has a twin, and with b == c half of its mass counts.
    assert mcnemar_mid_p(b, c) == pytest.approx(1.0 if b == c else expected)
    assert mcnemar_mid_p(b, c) == mcnemar_mid_p(c, b)


def test_mid_p_keeps_its_level():
    """Under no difference mid-p falls below 5 % in at most about 5 of 100 tables, whatever their size."""
    for n in (10, 25, 60, 150):
        rejected = sum(binom.pmf(k, n, 0.5) for k in range(n + 1) if mcnemar_mid_p(k, n - k) < 0.05)
        assert rejected < 0.056


def test_newcombe_covers_in_every_small_table_design():
    """Over all tables of 20 pairs the interval covers the true difference in 93 to 99 of 100."""
    n = 20
    tables = [(a, b, c, n - a - b - c) for a, b, c in product(range(n + 1), repeat=3) if a + b + c <= n]
    limits = [newcombe_paired(*table) for table in tables]
    ways = [factorial(n) / np.prod([float(factorial(x)) for x in table]) for table in tables]
    for shares in ((0.6, 0.2, 0.1, 0.1), (0.4, 0.1, 0.1, 0.4), (0.7, 0.25, 0.03, 0.02), (0.25, 0.25, 0.25, 0.25)):
        truth = shares[1] - shares[2]
        covered = sum(
            way * np.prod([share**x for share, x in zip(shares, table, strict=True)])
            for table, (low, high), way in zip(tables, limits, ways, strict=True)
            if low <= truth <= high
        )
        assert 0.93 <= covered <= 0.99


def test_newcombe_without_pairs_in_common_is_square_and_add():
    """With an empty margin the correlation is taken as zero, and the limits combine Wilson's as squares."""
    from benchmarks.statistics.intervals import wilson

    low, high = newcombe_paired(0, 8, 0, 0)
    low_a, high_b = wilson(1.0, 8)[0], wilson(0.0, 8)[1]
    assert low == pytest.approx(1 - ((1 - low_a) ** 2 + high_b**2) ** 0.5)
    assert high == pytest.approx(1.0)


def test_accuracy_of_one_seed_reports_counts_and_verdict():
    """Eighteen against six of fifty items: the difference is 24 points, the better arm is named."""
    right_a = np.array([True] * 36 + [False] * 14)
    right_b = np.array([True] * 18 + [False] * 18 + [True] * 6 + [False] * 8)
    golds, given_a = answers(right_a)
    _, given_b = answers(right_b)
    found = paired_difference(golds, [given_a], [given_b], LABELS, "accuracy")
    assert found.difference == pytest.approx((18 - 6) / 50)
    assert (found.low, found.high) == newcombe_paired(18, 18, 6, 8)
    assert found.p_value == mcnemar_mid_p(18, 6)
    assert (found.n, found.seeds, found.verdict) == (50, 1, "a_better")
    mirrored = paired_difference(golds, [given_b], [given_a], LABELS, "accuracy")
    assert mirrored.verdict == "b_better"
    assert mirrored.low == pytest.approx(-found.high)


def test_equal_answers_show_no_difference():
    """Two arms that say the same have difference 0, p-value 1 and no winner, in every metric and number of seeds."""
    golds, given = answers(np.random.default_rng(0).random(60) < 0.7)
    for metric, seeds in product(("accuracy", "macro_f1", "f1_of_yes"), (1, 3)):
        found = paired_difference(golds, [given] * seeds, [given] * seeds, LABELS, metric)
        assert (found.difference, found.p_value, found.verdict) == (0.0, 1.0, "no_difference_shown")


def test_no_answer_is_a_wrong_answer():
    """An arm that refuses the hard items does not gain by it."""
    golds, right = answers(np.ones(40, dtype=bool))
    shy = [label if index < 20 else None for index, label in enumerate(right)]
    found = paired_difference(golds, [shy], [right], LABELS, "accuracy")
    assert (found.difference, found.n, found.verdict) == (-0.5, 40, "b_better")


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_false_winners_are_rare(metric):
    """Two equally good arms are told apart in at most 8 of 100 comparisons of 150 items."""
    generator = np.random.default_rng(17)
    winners = 0
    for _ in range(200):
        hardness = generator.uniform(0.5, 1.0, 150)
        golds, a = answers(generator.random(150) < hardness)
        _, b = answers(generator.random(150) < hardness)
        winners += paired_difference(golds, [a], [b], LABELS, metric).verdict != "no_difference_shown"
    assert winners / 200 <= 0.08


@pytest.mark.parametrize("seeds", [2, 3])
def test_seeds_are_not_pooled_as_items(seeds):
    """With seeds that vary by five points, equally good arms still win in at most 8 of 100 comparisons."""
    generator = np.random.default_rng(100 + seeds)
    winners = 0
    for _ in range(150):
        hardness = generator.uniform(-0.2, 0.2, 200)
        columns = []
        for _ in range(2 * seeds):
            right = generator.random(200) < 0.75 + generator.normal(0, 0.05) + hardness
            golds, given = answers(right)
            columns.append(given)
        found = paired_difference(golds, columns[:seeds], columns[seeds:], LABELS, "accuracy")
        winners += found.verdict != "no_difference_shown"
    assert winners / 150 <= 0.08


def test_a_clear_gap_is_found_over_seeds():
    """Twenty points over three seeds and 200 items is a difference, with a small p-value."""
    generator = np.random.default_rng(8)
    pairs = [(answers(generator.random(200) < 0.9), answers(generator.random(200) < 0.7)) for _ in range(3)]
    golds = pairs[0][0][0]
    found = paired_difference(golds, [a[1] for a, _ in pairs], [b[1] for _, b in pairs], LABELS, "accuracy")
    assert found.verdict == "a_better"
    assert found.p_value < 0.01
    assert found.method == "3 seeds x items, cochran-cox t"


def test_unpaired_seeds_are_refused():
    """Arms with different numbers of seeds cannot be paired."""
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_difference(["yes"], [["yes"]], [["yes"], ["no"]], LABELS, "accuracy")
