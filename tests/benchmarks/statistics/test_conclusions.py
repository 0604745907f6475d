"""Comparisons end in one word, corrected for their number, with what would decide the undecided ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.statistics.conclusions import conclude, needed, saturated
from benchmarks.statistics.differences import Difference, compared, paired_scores, seed_prior
from benchmarks.statistics.intervals import SeedPrior
from benchmarks.statistics.multiplicity import holm
from benchmarks.statistics.scores import ItemScores


def pair(wins: int, losses: int, both: int, neither: int, margin: float = 0.02) -> Difference:
    """A comparison of two arms by the counts of their paired table."""
    a = [1.0] * (wins + both) + [0.0] * (losses + neither)
    b = [0.0] * wins + [1.0] * both + [1.0] * losses + [0.0] * neither
    return compared(ItemScores.of([a, b]), "accuracy", margin=margin)


def test_holm_equals_the_worked_example():
    """0.01, 0.04, 0.03 and 0.005 become 0.03, 0.06, 0.06 and 0.02; order and ties are kept."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


def test_families_of_equal_arms_seldom_have_a_winner():
    """Of 300 families of six comparisons between equals, at most 7 of 100 name any arm better or worse."""
    generator = np.random.default_rng(7)
    families = 0
    for _ in range(300):
        found = []
        for _ in range(6):
            w = int(generator.binomial(40, 0.5))
            found.append(pair(w, 40 - w, 120, 40))
        families += any(one.word in ("better", "worse") for one in conclude(found))
    assert families / 300 <= 0.07


def test_each_word_has_its_case():
    """Thirty points up and down, identical answers, and a small gap on few items."""
    found = [pair(70, 10, 100, 20), pair(10, 70, 100, 20), pair(0, 0, 300, 200), pair(22, 14, 120, 44)]
    words = [one.word for one in conclude(found)]
    assert words == ["better", "worse", "equivalent", "undecided"]


def test_the_undecided_learn_how_many_items_would_decide():
    """The named number of items, drawn again with the same shares, is decided in about 80 of 100."""
    found = pair(22, 14, 120, 44)
    [conclusion] = conclude([found])
    assert "more items" in conclusion.reason
    n = found.n + conclusion.more_items
    generator = np.random.default_rng(1)
    decided = 0
    for _ in range(200):
        table = generator.multinomial(n, np.asarray([22, 14, 120, 44]) / 200)
        decided += conclude([pair(*map(int, table))])[0].word != "undecided"
    assert 0.7 <= decided / 200 <= 0.9


def test_a_gap_between_zero_and_margin_needs_the_nearer_decision():
    """A wide margin makes equivalence the cheaper decision, so fewer items are asked for."""
    close = pair(20, 19, 120, 41)
    assert needed(replace(close, margin=0.10))[0] < needed(close)[0]


def test_more_items_cannot_help_where_the_seeds_differ():
    """With a spread of four points between three seeds only seeds are named."""
    generator = np.random.default_rng(3)
    b = (generator.random(2000) < 0.7).astype(float)
    a = [(generator.random(2000) < level).astype(float) for level in (0.71, 0.75, 0.79)]
    [conclusion] = conclude([paired_scores(a, [b] * 3, "accuracy")])
    assert (conclusion.word, conclusion.more_items) == ("undecided", None)
    assert 2 <= conclusion.more_seeds <= 15
    assert "more seeds would probably decide" in conclusion.reason


@pytest.mark.parametrize(("both", "neither"), [(485, 0), (0, 488)])
def test_nothing_is_concluded_near_the_ends(both, neither):
    """Both arms above 97 %, or both below 3 %: saturated, whatever the p-value."""
    found = pair(12, 0, both, neither)
    assert found.p_value < 0.001
    assert saturated(found)
    [conclusion] = conclude([found])
    assert (conclusion.word, conclusion.saturated) == ("undecided", True)
    assert "cannot tell them apart" in conclusion.reason
    assert not saturated(pair(100, 0, 390, 10))


def test_identical_answers_on_few_items_are_not_equivalence():
    """Ten items without a difference do not prove a difference below two points, with one seed or three."""
    few = [1.0, 0.0] * 5
    for seeds in (1, 3):
        found = paired_scores([few] * seeds, [few] * seeds, "token_f1")
        assert conclude([found])[0].word == "undecided"
    many = [1.0, 0.0] * 300
    assert conclude([paired_scores([many] * 3, [many] * 3, "token_f1")])[0].word == "equivalent"


def test_any_score_per_item_has_a_paired_bootstrap():
    """Token F1 of 150 items: interval and p-value agree with the t interval of the differences."""
    from scipy.stats import ttest_rel

    generator = np.random.default_rng(6)
    hard = generator.beta(4, 2, 150)
    a, b = np.clip(hard + generator.normal(0.03, 0.1, 150), 0, 1), np.clip(hard + generator.normal(0, 0.1, 150), 0, 1)
    found = paired_scores([a.tolist()], [b.tolist()], "token_f1")
    expected = ttest_rel(a, b).confidence_interval()
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.003)
    assert found.method == "paired bootstrap percentile"
    with pytest.raises(ValueError, match="between 0 and 1"):
        paired_scores([[1.5]], [[0.0]], "token_f1")
    with pytest.raises(ValueError, match="unequal length"):
        paired_scores([[1.0]], [[0.0, 1.0]], "token_f1")


class Quick:
    """Item scores that are resampled 400 times only."""

    def __init__(self, columns: list[np.ndarray]) -> None:
        self.whole = ItemScores.of(columns)
        self.n = self.whole.n

    def observed(self, metric):
        """As the whole."""
        return self.whole.observed(metric)

    def resampled(self, metric, resamples=400):
        """Fewer than asked for."""
        return self.whole.resampled(metric, 400)

    def item_scores(self, metric):
        """As the whole."""
        return self.whole.item_scores(metric)


@pytest.mark.parametrize("spreads", [(0.02, 0.03, 0.06), (0.05, 0.05, 0.05)])
def test_other_arms_may_tell_how_much_seeds_differ(spreads):
    """With the widest arm's spread as a prior, equal arms over three seeds win in at most 5 % of comparisons."""
    generator = np.random.default_rng(31)
    wins = families = 0
    for _ in range(100):
        hard = generator.uniform(-0.2, 0.2, 150)
        arms = [
            [(generator.random(150) < 0.75 + generator.normal(0, sd) + hard) * 1.0 for _ in range(3)] for sd in spreads
        ]
        prior = seed_prior([[np.asarray([column.mean() for column in columns])] for columns in arms])
        pairs = [(0, 1), (0, 2), (1, 2)]
        found = [compared(Quick([*arms[a], *arms[b]]), "score", prior=prior) for a, b in pairs]
        wins += sum(one.p_value <= 0.05 for one in found)
        families += any(one.word in ("better", "worse") for one in conclude(found))
    assert wins / 300 <= 0.05
    assert families / 100 <= 0.05


def test_too_few_arms_tell_nothing_about_seeds():
    """Two arms, or one seed each, give no prior; three give the largest mean variance, doubled, for four degrees."""
    wide, narrow = np.asarray([0.6, 0.8]), np.asarray([0.7, 0.7])
    assert seed_prior([[wide], [narrow]]) is None
    assert seed_prior([[wide[:1]]] * 3) is None
    found = seed_prior([[wide, narrow], [narrow], [narrow]])
    assert (found.variance, found.degrees) == (pytest.approx(0.02), 4.0)


def test_a_prior_sharpens_what_three_seeds_can_show():
    """Seeds that agree with the other arms need less of a gap, because their spread is known better."""
    generator = np.random.default_rng(2)
    a = [(generator.random(400) < level) * 1.0 for level in (0.80, 0.84, 0.88)]
    b = [(generator.random(400) < 0.70) * 1.0 for _ in range(3)]
    alone = compared(Quick([*a, *b]), "score")
    helped = compared(Quick([*a, *b]), "score", prior=SeedPrior(alone.variance[0] * 3, 4.0))
    assert (alone.seed_degrees, helped.seed_degrees) == (2.0, 6.0)
    assert helped.p_value < alone.p_value
    assert helped.high - helped.low < alone.high - alone.low
    assert "moderated" in helped.method
