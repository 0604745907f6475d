"""A choice on few rows speaks the task's metric and does not follow luck."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.approaches import choice


def test_quality_speaks_the_task_s_metric() -> None:
    """Accuracy, macro-F1 over the labels that occur, and F1 of one label, each by hand."""
    labels, gold = ("not spam", "spam", "other"), ["not spam", "not spam", "not spam", "spam"]
    scores = np.log([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]])
    assert choice.quality(labels, "accuracy", gold, scores)[0] == 0.75
    assert choice.quality(labels, "macro_f1", gold, scores)[0] == pytest.approx((0.8 + 2 / 3) / 2)
    assert choice.quality(labels, "f1_of_spam", gold, scores)[0] == pytest.approx(2 / 3)
    assert choice.quality(labels, "f1_of_not_spam", gold, scores)[0] == pytest.approx(0.8)
    assert choice.quality(labels, "accuracy", gold, scores)[1] == pytest.approx(np.log([0.8, 0.8, 0.1, 0.8]).mean())


LABELS = ("a", "b")
GOLD = ["a", "b"] * 16


def scores(wrong: int) -> np.ndarray:
    """Scores that are right on all 32 rows but the first `wrong`."""
    table = np.zeros((32, 2))
    for row in range(32):
        table[row, (row + (row < wrong)) % 2] = 1.0
    return table


def test_the_default_stays_unless_a_rival_is_clearly_better() -> None:
    """One row more right out of 32 displaces nothing; ten rows do; a worse rival never does."""
    assert choice.choose(LABELS, "accuracy", GOLD, [scores(11), scores(10)])[0] == 0
    assert choice.choose(LABELS, "accuracy", GOLD, [scores(11), scores(10), scores(1)])[0] == 2
    assert choice.choose(LABELS, "macro_f1", GOLD, [scores(11), scores(1)])[0] == 1
    assert choice.choose(LABELS, "accuracy", GOLD, [scores(1), scores(11)]) == (0, 0.0)


def test_the_same_rows_give_the_same_choice() -> None:
    """Resampling is seeded, so a resumed run chooses as the first one did."""
    candidates = [scores(9), scores(5)]
    assert choice.choose(LABELS, "accuracy", GOLD, candidates) == choice.choose(LABELS, "accuracy", GOLD, candidates)
