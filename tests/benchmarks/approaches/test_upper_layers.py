"""Upper layers alone are trained only where they were measured to be as good, and the record says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.approaches import ARMS, Looking, make, settings, tuning, upper_layers, upper_tuning, usual
from benchmarks.approaches.tuning import Tuning
from benchmarks.approaches.upper_layers import MARGIN, Comparison, compare, judged
from benchmarks.approaches.upper_tuning import UpperTuning
from benchmarks.models.language_model import LoadedModel
from benchmarks.models.lower_layers import lower_layers
from benchmarks.records import Example, TaskCard, nested_subset


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


def test_what_few_rows_cannot_say_is_not_called_a_loss() -> None:
    """A loss is only named where the bound from above is below nothing; else the rows were too few."""
    assert judged(10, [flags(2, 20)], [flags(2, 20)]).verdict == "undecided"
    assert judged(10, [flags(20)], [flags(40)]).verdict == "worse"
    assert judged(10, [flags(30)], [flags(30)]).verdict == "passes"


ROWS = tuple(Example(f"id{index}", f"text {index}", ("good", "bad")[index % 2]) for index in range(24))
CARD = TaskCard("made", "classification", "en", "texts", "Good or bad.", ("bad", "good"), "accuracy")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three training steps, and nothing kept in the user's cache folder."""
    monkeypatch.setattr(tuning, "FEWEST_STEPS", 3)
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path))


@pytest.mark.usefixtures("short")
def test_both_are_trained_on_the_same_rows_and_the_record_names_the_layers(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison trains each seed both ways on rows that it does not judge; what was kept is computed once."""
    trained: list[tuple[int, set[str]]] = []
    fit = Tuning.fit

    def noted(self: Tuning, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        record = fit(self, train, dev)
        trained.append((self.top, {row.text for row in train}))
        named = record["chosen"].get("trained_layers")
        assert named == ("top 1" if self.top else None)
        return record

    monkeypatch.setattr(Tuning, "fit", noted)
    found = compare(tiny, CARD, ROWS, 1, examples=8, seeds=range(2), rows=10)
    assert [top for top, _ in trained] == [0, 1, 0, 1]
    assert trained[0][1] == trained[1][1] != trained[2][1]
    held = {row.text for row in nested_subset(ROWS, 10, 0)}
    assert all(not texts & held for _, texts in trained)
    assert found.rows == 10
    assert len(found.every) == len(found.upper) == 2
    lower = lower_layers(tiny, 1)
    assert lower is not None
    kept = lower.kept_bytes / (tiny.model.config.hidden_size * 4)
    assert kept <= lower.computed < 8 * kept
    assert compare(tiny, CARD, ROWS, 1, examples=8, seeds=range(3), rows=10).every[:2] == found.every
    assert [top for top, _ in trained[4:]] == [0, 1], "the first two seeds are read from what was kept"


@pytest.mark.usefixtures("short")
def test_another_text_is_another_check(tiny: LoadedModel) -> None:
    """What was kept for some rows says nothing about others."""
    compare(tiny, CARD, ROWS, 1, examples=8, seeds=[0], rows=4)
    kept = upper_layers.models_home().parent / "upper_layers"
    assert len(list(kept.iterdir())) == 2
    compare(tiny, CARD, [replace(row, text=row.text + "!") for row in ROWS], 1, examples=8, seeds=[0], rows=4)
    assert len(list(kept.iterdir())) == 4


@pytest.mark.parametrize(("upper", "top", "said"), [(30, 1, "top 1"), (70, 0, "all")])
@pytest.mark.usefixtures("short")
def test_the_arm_trains_the_upper_layers_only_where_the_look_passes(
    tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch, upper: int, top: int, said: str
) -> None:
    """The cell's record names the layers that were trained and what the look found."""
    looks: list[Sequence[Example]] = []

    def found(_model: Any, _card: Any, pool: Sequence[Example], *_: Any, **_more: Any) -> Comparison:
        looks.append(pool)
        return judged(1, [flags(30)], [flags(upper)])

    monkeypatch.setattr(upper_tuning, "compare", found)
    monkeypatch.setattr(upper_tuning, "TOP", 1)
    contestant = make("lora_upper", CARD, 0, tiny)
    assert isinstance(contestant, Looking)
    assert isinstance(contestant, UpperTuning)
    contestant.look_at(ROWS)
    record = contestant.fit(ROWS[:8], ())
    assert looks == [ROWS]
    assert record["chosen"]["trained_layers"] == said
    assert record["upper_layers"]["verdict"] == ("passes" if top else "worse")
    assert contestant.adapter is not None
    assert contestant.adapter.shape.top == top
    assert len(contestant.predict(["text 9"])) == 1


def test_no_usual_arm_trains_upper_layers_alone(tiny: LoadedModel) -> None:
    """Both arms run only where they are named, and their identity is not that of the arm they stand for."""
    assert not {"lora_upper", "hybrid_upper"} & set(usual(tuple(ARMS)))
    for name in ("lora", "hybrid"):
        assert "upper_layers" not in settings(name)
        assert settings(f"{name}_upper")["upper_layers"]["top"] == 10
        contestant = make(f"{name}_upper", CARD, 0, tiny)
        assert isinstance(contestant, UpperTuning)
        assert contestant.with_shots == (name == "hybrid")
        assert not isinstance(make(name, CARD, 0, tiny), Looking)
