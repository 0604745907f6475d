"""Adapters really learn, leave no trace on the base model, and come out the same for the same seed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
import torch

from benchmarks.errors import JobFailed
from benchmarks.models.adapters import Adapter, Shape, put_on_fresh, take_off, wear
from benchmarks.models.label_scoring import score
from benchmarks.models.language_model import DOCUMENT, Frame, LoadedModel
from benchmarks.models.training import Lesson, Recipe, Way, answer_loss, nothing_left, tune

LABELS = ["transfer", "transfer failed", "positive"]
ROWS = [("phone", "transfer"), ("battery", "transfer failed"), ("price", "positive"), ("The phone works.", "transfer")]
QUICK = Recipe(Shape(rank=8, alpha=16), learning_rate=2e-2, checks=3)


def frame_of(model: LoadedModel) -> Frame:
    """A chat prompt."""
    return model.frame([{"role": "system", "content": "Answer."}, {"role": "user", "content": DOCUMENT}])


def lessons(model: LoadedModel, steps: int) -> list[Lesson]:
    """The same four rows in every step."""
    lesson = Lesson(frame_of(model), tuple(text for text, _ in ROWS), tuple(label for _, label in ROWS))
    return [lesson] * steps


def fingerprint(model: LoadedModel) -> str:
    """A digest of every weight by name."""
    digest = hashlib.sha256()
    for name, value in sorted(model.model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.float().numpy().tobytes())
    return digest.hexdigest()


def answers(model: LoadedModel, adapter: Adapter) -> list[str]:
    """The best label per row."""
    texts = [text for text, _ in ROWS]
    found = score(model, frame_of(model), texts, LABELS, document_tokens=99, adapter=adapter).values
    return [LABELS[row.index(max(row))] for row in found]


def test_adapters_learn_and_come_off_again(tiny: LoadedModel) -> None:
    """A trained adapter answers its rows right, also where one label begins another; the base stays bit for bit."""
    before, first = fingerprint(tiny), score(tiny, frame_of(tiny), ["phone"], LABELS, document_tokens=99).values
    tuned = tune(tiny, lessons(tiny, 60), LABELS, QUICK, 1, document_tokens=99)
    assert tuned.losses[-1] < 1.0 < tuned.losses[0]
    assert fingerprint(tiny) == before
    assert answers(tiny, tuned.adapter) == [label for _, label in ROWS]
    assert score(tiny, frame_of(tiny), ["phone"], LABELS, document_tokens=99).values == first
    assert fingerprint(tiny) == before
    assert not any(parameter.requires_grad for parameter in tiny.model.parameters())
    assert not any("lora" in name for name, _ in tiny.model.named_modules())


def test_the_same_seed_gives_the_same_adapter(tiny: LoadedModel) -> None:
    """Two trainings with one seed agree in every bit, whatever ran between; another seed differs."""
    one = tune(tiny, lessons(tiny, 5), LABELS, QUICK, 3, document_tokens=99)
    torch.rand(17)
    two = tune(tiny, lessons(tiny, 5), LABELS, QUICK, 3, document_tokens=99)
    other = tune(tiny, lessons(tiny, 5), LABELS, QUICK, 4, document_tokens=99)
    assert one.losses == two.losses
    assert all(torch.equal(one.adapter.weights[name], two.adapter.weights[name]) for name in one.adapter.weights)
    assert any(not torch.equal(one.adapter.weights[name], other.adapter.weights[name]) for name in one.adapter.weights)


def test_training_leaves_the_random_numbers_of_others_alone(tiny: LoadedModel) -> None:
    """The stream of random numbers outside goes on as if no training had happened."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    tune(tiny, lessons(tiny, 2), LABELS, QUICK, 3, document_tokens=99)
    assert torch.equal(torch.rand(3), expected)


def test_the_picked_checkpoint_is_kept(tiny: LoadedModel) -> None:
    """Of three checks the picked one's weights are kept: the model scores as it did at that step."""

    def look(adapter: Adapter) -> list[tuple[float, ...]]:
        return score(tiny, frame_of(tiny), ["phone"], LABELS, document_tokens=99, adapter=adapter).values

    for picked in range(3):
        seen: list[Any] = []

        def pick(found: list[Any], seen: list[Any] = seen, picked: int = picked) -> int:
            seen[:] = found
            return min(picked, len(found) - 1)

        tuned = tune(
            tiny,
            lessons(tiny, 6),
            LABELS,
            QUICK,
            1,
            document_tokens=99,
            check=look,
            pick=pick,
        )
        assert tuned.checks == (2, 4, 6)
        assert tuned.kept_step == tuned.checks[picked]
        assert len({tuple(one[0]) for one in seen}) == 3
        assert look(tuned.adapter) == seen[picked]


def test_the_loss_is_that_of_the_answers_alone(tiny: LoadedModel) -> None:
    """The loss is the negative log-likelihood of the whole answers, as scoring reports it, per answer token."""
    lesson = lessons(tiny, 1)[0]
    live = put_on_fresh(tiny, QUICK.shape)
    take_off(tiny)
    with torch.no_grad():
        loss = answer_loss(Way.of(tiny), lesson, LABELS, 99, live)
    rows = score(tiny, lesson.frame, lesson.documents, LABELS, document_tokens=99).values
    tokens = sum(len(tiny.encode(label)) + 1 for label in lesson.labels)
    expected = -sum(row[LABELS.index(label)] for row, label in zip(rows, lesson.labels, strict=True)) / tokens
    assert loss.item() == pytest.approx(expected, abs=1e-4)


def test_training_stops_where_an_early_point_is_kept(tiny: LoadedModel) -> None:
    """When the first of four checks is still the one to keep at the third, the last quarter is not trained."""
    tuned = tune(
        tiny, lessons(tiny, 8), LABELS, Recipe(checks=4), 1, document_tokens=99, check=lambda _: 0, pick=lambda _: 0
    )
    assert tuned.checks == (2, 4, 6)
    assert (tuned.kept_step, len(tuned.losses)) == (2, 6)


def test_a_worn_adapter_stays_on_until_another_is_asked_for(tiny: LoadedModel) -> None:
    """Answering twice with one adapter puts it on once; answering without one takes it off."""
    tuned = tune(tiny, lessons(tiny, 3), LABELS, QUICK, 1, document_tokens=99)
    assert tiny.worn is None
    wear(tiny, tuned.adapter)
    hung = tiny.worn
    wear(tiny, tuned.adapter)
    assert tiny.worn is hung
    wear(tiny, None)
    assert tiny.worn is None


def test_a_loss_that_is_no_number_stops_the_job(tiny: LoadedModel) -> None:
    """A diverging training fails loudly, and still takes its adapters off."""
    before = fingerprint(tiny)
    with torch.no_grad():
        tiny.model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(JobFailed, match="loss is nan at step 1"):
        tune(tiny, lessons(tiny, 2), LABELS, QUICK, 1, document_tokens=99)
    with torch.no_grad():
        tiny.model.model.norm.weight.fill_(1.0)
    assert fingerprint(tiny) == before


def test_training_ends_where_nothing_is_left_to_learn(tiny: LoadedModel) -> None:
    """After a whole round below the loss that counts as learnt, five steps at least; the last weights are looked at."""

    def steps(learnt: float, rounds: list[Lesson]) -> tuple[int, tuple[int, ...], int]:
        recipe = replace(QUICK, learnt=learnt)
        tuned = tune(tiny, rounds, LABELS, recipe, 1, document_tokens=99, check=lambda _: 0, pick=lambda _: 0)
        return len(tuned.losses), tuned.checks, tuned.kept_step

    same = lessons(tiny, 1) * 9
    assert steps(99.0, same) == (5, (3, 5), 3)
    assert steps(0.0, same) == (9, (3, 6, 9), 3)
    many = [
        replace(same[0], documents=(f"{text} {at}",), labels=same[0].labels[:1]) for at, text in enumerate("abcdefg")
    ]
    assert steps(99.0, many * 2)[0] == 7
    end = nothing_left(same, replace(QUICK, learnt=0.1))
    assert [end(losses) for losses in ([0.1] * 4, [0.1] * 5, [9.0, *[0.1] * 5], [0.1, 0.1, 0.1, 0.1, 0.2])] == [
        *(False, True),
        *(True, False),
    ]
