"""Scores from counts equal scores from scikit-learn; unusual inputs are refused or defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.statistics.metrics import Outcomes, values
from benchmarks.tasks import metrics_of

LABELS = ("not spam", "spam", "maybe")


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from((*LABELS, None))), min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_values_equal_scikit_learn(pairs):
    """Accuracy, macro-F1 and the F1 of a label equal scikit-learn's, with no answer as a label of its own."""
    golds = [gold for gold, _ in pairs]
    answers = [answer for _, answer in pairs]
    plain = ["(none)" if answer is None else answer for answer in answers]
    outcomes = Outcomes.of(golds, [answers], LABELS)
    assert values(outcomes, "accuracy")[0, 0] == pytest.approx(accuracy_score(golds, plain))
    wanted = sorted(set(golds))
    macro = f1_score(golds, plain, labels=wanted, average="macro", zero_division=0)
    assert values(outcomes, "macro_f1")[0, 0] == pytest.approx(macro)
    spam = f1_score(golds, plain, labels=["spam"], average="macro", zero_division=0)
    assert values(outcomes, "f1_of_spam")[0, 0] == pytest.approx(spam)


def test_resampled_counts_score_like_resampled_items():
    """A row of counts scores exactly like the items that it stands for."""
    generator = np.random.default_rng(3)
    golds = [LABELS[index] for index in generator.integers(0, 3, 50)]
    answers = [LABELS[index] for index in generator.integers(0, 3, 50)]
    outcomes = Outcomes.of(golds, [answers], LABELS)
    cells = [(LABELS[g], LABELS[a]) for g, a in zip(outcomes.gold, outcomes.given[0], strict=True)]
    for _ in range(20):
        counts = generator.multinomial(50, outcomes.counts / 50)
        items = [cell for cell, count in zip(cells, counts, strict=True) for _ in range(count)]
        expected = values(Outcomes.of([g for g, _ in items], [[a for _, a in items]], LABELS), "macro_f1")
        assert values(outcomes, "macro_f1", counts[None, :])[0, 0] == pytest.approx(expected[0, 0])


def test_columns_are_scored_apart():
    """Several columns of answers give one value each."""
    outcomes = Outcomes.of(["spam", "maybe"], [["spam", "maybe"], ["spam", None], [None, None]], LABELS)
    assert values(outcomes, "accuracy").tolist() == [[1.0, 0.5, 0.0]]


def test_label_with_blanks_may_be_written_with_underscores():
    """f1_of_not_spam speaks of the label 'not spam'."""
    outcomes = Outcomes.of(["not spam", "spam"], [["not spam", "not spam"]], LABELS)
    assert values(outcomes, "f1_of_not_spam")[0, 0] == pytest.approx(2 / 3)


def test_unknown_metric_and_empty_input_are_refused():
    """No silent zero: an unknown metric, no items and unequal lengths raise."""
    with pytest.raises(ValueError, match="rouge"):
        values(Outcomes.of(["spam"], [["spam"]], LABELS), "rouge_l")
    with pytest.raises(ValueError, match="no items"):
        Outcomes.of([], [[]], LABELS)
    with pytest.raises(ValueError, match="1 answers for 2 items"):
        Outcomes.of(["spam", "spam"], [["spam"]], LABELS)


def test_the_tasks_own_metric_comes_first_and_once():
    """Every cell reports the task's metric, accuracy and macro-F1."""
    assert metrics_of("f1_of_spam") == ("f1_of_spam", "accuracy", "macro_f1")
    assert metrics_of("accuracy") == ("accuracy", "macro_f1")
