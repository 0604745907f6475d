"""Upper layers alone are trained only where they were measured to be as good, and the record says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from benchmarks.approaches import tuning
from benchmarks.approaches.tuning import Tuning
from benchmarks.approaches.upper_layers import MARGIN, compare, judged
from benchmarks.models.language_model import LoadedModel
from benchmarks.models.lower_layers import lower_layers
from benchmarks.records import Example, Task, TaskCard, nested_subset


def flags(wrong: int, rows: int = 400) -> list[bool]:
    """What was right: all but the first `wrong` rows."""
    return [index >= wrong for index in range(rows)]


def test_equal_answers_pass() -> None:
    """Where both say the same on many rows, the upper layers are as good."""
    found = judged(10, [flags(30)] * 3, [flags(30)] * 3)
    assert found.holds
    assert found.difference == 0
    assert -MARGIN < found.least < 0


def test_a_clear_loss_does_not_pass() -> None:
    """Five points fewer are not as good."""
    found = judged(10, [flags(20)] * 3, [flags(40)] * 3)
    assert found.difference == pytest.approx(-0.05)
    assert not found.holds
    assert "does not pass" in found.line()


def test_few_rows_prove_nothing() -> None:
    """Equal answers on twenty rows do not show that the next ones would be equal."""
    assert not judged(10, [flags(2, 20)], [flags(2, 20)]).holds


def test_seeds_are_no_rows_of_their_own() -> None:
    """The same rows seen by more seeds do not narrow the bound."""
    generator = np.random.default_rng(0)
    every, upper = (list(generator.random(100) > share) for share in (0.1, 0.1))
    assert judged(10, [every], [upper]).least == pytest.approx(judged(10, [every] * 5, [upper] * 5).least)


def test_both_are_trained_on_the_same_rows_and_the_record_names_the_layers(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison trains each seed both ways on rows that it does not judge; what was kept is computed once."""
    monkeypatch.setattr(tuning, "FEWEST_STEPS", 3)
    rows = tuple(Example(f"id{index}", f"text {index}", ("good", "bad")[index % 2]) for index in range(24))
    card = TaskCard("made", "classification", "en", "texts", "Good or bad.", ("bad", "good"), "accuracy")
    task = Task(card, rows, ())
    trained: list[tuple[int, set[str]]] = []
    fit = Tuning.fit

    def noted(self: Tuning, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        record = fit(self, train, dev)
        trained.append((self.top, {row.text for row in train}))
        named = record["chosen"].get("trained_layers")
        assert named == ("top 1" if self.top else None)
        return record

    monkeypatch.setattr(Tuning, "fit", noted)
    found = compare(tiny, task, 1, examples=8, seeds=range(2), dev=10)
    assert [top for top, _ in trained] == [0, 1, 0, 1]
    assert trained[0][1] == trained[1][1] != trained[2][1]
    held = {row.text for row in nested_subset(rows, 10, 0)}
    assert all(not texts & held for _, texts in trained)
    assert found.rows == 10
    assert len(found.every) == len(found.upper) == 2
    lower = lower_layers(tiny, 1)
    assert lower is not None
    kept = lower.kept_bytes / (tiny.model.config.hidden_size * 4)
    assert kept <= lower.computed < 8 * kept
