"""The arms with an encoder and the searched prompt: who is shown what, what is chosen on what, what it may cost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import approaches
from benchmarks.approaches import encoder_head, optimised, prompts, retrieved, tuning
from benchmarks.errors import BenchmarkError
from benchmarks.models.encoder import LoadedEncoder
from benchmarks.models.label_scoring import score
from benchmarks.models.language_model import LoadedModel
from benchmarks.models.own_frames import groups, score_each
from benchmarks.records import Example, TaskCard, example_id

CARD = TaskCard("toy", "classification", "en", "phones", "Is it good?", ("positive", "negative", "neutral"), "accuracy")
WORDS = {"positive": "good", "negative": "bad", "neutral": "blue"}


def rows(count: int, start: int = 0) -> list[Example]:
    """Rows whose label shows in one word, the labels in turn."""
    made = []
    for number in range(start, start + count):
        label = CARD.labels[number % 3]
        text = f"The phone {number} is {WORDS[label]}."
        made.append(Example(example_id(text), text, label))
    return made


def said(plain: list[Example]) -> list[Example]:
    """The same rows with little beside the word that shows the label: a random encoder hears no more."""
    return [replace(row, text=f"{WORDS[row.label]} " * (1 + number % 5) + ".") for number, row in enumerate(plain)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, encoder_home: Path) -> None:
    """Trainings of eight steps, and a tiny encoder where the known one would be."""
    monkeypatch.setenv("ADVISOR_HOME", str(encoder_home))
    for module in (tuning, encoder_head):
        monkeypatch.setattr(module, "FEWEST_STEPS", 8)
        monkeypatch.setattr(module, "MOST_STEPS", 8)


def test_scores_in_own_frames_are_those_of_each_prompt_alone(tiny: LoadedModel) -> None:
    """Grouping and packing of different prompts give the scores that one call per prompt gives."""
    pool = rows(6)
    frames = [prompts.frame(tiny, CARD, shots=pool[:count]) for count in (3, 3, 3, 1, 0, 3, 2)]
    texts = ["good", "blue", "x " * 90, "", "bad", "good", "The phone is good."]
    together = score_each(tiny, frames, texts, CARD.labels, document_tokens=40)
    for frame, text, found, tokens in zip(frames, texts, together.values, together.tokens, strict=True):
        one = score(tiny, frame, [text], CARD.labels, document_tokens=40)
        assert found == pytest.approx(one.values[0], abs=1e-4)
        assert tokens == one.tokens[0]
    assert together.shortened == 1


def test_frames_that_end_differently_are_refused(tiny: LoadedModel) -> None:
    """Labels begin where the frame ends, so one ending is needed."""
    frame = prompts.frame(tiny, CARD)
    with pytest.raises(ValueError, match="end differently"):
        score_each(tiny, [frame, type(frame)(frame.head, "!")], ["a", "b"], CARD.labels, document_tokens=9)


def test_groups_share_what_is_worth_sharing() -> None:
    """Two long beginnings make two groups, one short difference makes one; every row is in one group with its part."""
    left, right = list(range(1000, 1500)), list(range(2000, 2500))
    found = groups([[*left, 1], [*right, 1], [*left, 2], [*right, 2, 3]])
    assert sorted((sorted(members), shared) for members, shared in found) == [([0, 2], 500), ([1, 3], 500)]
    assert [(sorted(members), shared) for members, shared in groups([[7, 1, 2], [7, 3], [7, 1]])] == [([0, 1, 2], 1)]
    assert groups([[7, 1], [7, 1]]) == [([0, 1], 1)]


def test_a_text_is_shown_its_most_similar_rows_and_never_itself(tiny: LoadedModel, tiny_encoder: LoadedEncoder) -> None:
    """The places are those of the largest cosines in the pool's order; a row of the pool does not find itself."""
    arm = retrieved.Retrieved(CARD, 1, tiny, tiny_encoder)
    arm._arrange(rows(12))
    likeness = arm.vectors @ arm.vectors.T
    found = arm.looked_up(arm.vectors, 3, [row.id for row in arm.pool])
    for place, places in enumerate(found):
        others = [other for other in np.argsort(-likeness[place], kind="stable") if other != place]
        assert places == tuple(sorted(others[:3]))
    strangers = arm.looked_up(arm.vectors, 3, [""] * 12)
    assert all(place in places for place, places in enumerate(strangers))


def test_retrieval_shows_training_rows_alone(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """No development row and no asked text ever stands in a prompt as an example, not in fit and not in predict."""
    heads: list[str] = []
    original = retrieved.score_each

    def watch(model: Any, frames: Any, *words: Any, **options: Any) -> Any:
        heads.extend(frame.head for frame in frames)
        return original(model, frames, *words, **options)

    monkeypatch.setattr(retrieved, "score_each", watch)
    monkeypatch.setattr(prompts, "SHOT_TOKENS", 20)  # else the tiny model's prompt has room for two
    train, dev, test = rows(24), rows(6, 50), rows(5, 100)
    arm = approaches.make("retrieved_few_shot", CARD, 1, tiny)
    record = arm.fit(train, dev)
    arm.predict([row.text for row in test])
    assert any(row.text in head for head in heads for row in train)
    assert not any(row.text in head for head in heads for row in (*dev, *test))
    assert record["trials"] == len(record["candidates"]) == 2 * len(retrieved.SHOT_COUNTS)
    assert sorted(record["order"]) == sorted(row.id for row in train)


def test_an_answer_does_not_depend_on_the_texts_beside_it(tiny: LoadedModel) -> None:
    """One text alone gets the scores that it gets among others, to rounding."""
    arm = approaches.make("retrieved_few_shot", CARD, 1, tiny)
    arm.fit(rows(24), [])
    texts = ["good phone", "The phone 3 is bad.", "blue"]
    for text, among in zip(texts, arm.predict(texts), strict=True):
        [alone] = arm.predict([text])
        assert alone.scores == pytest.approx(among.scores, abs=1e-4)


def test_the_head_learns_and_gives_probabilities(tiny_encoder: LoadedEncoder) -> None:
    """It gets known words in new texts right, its scores are log-probabilities, and dev only chooses."""
    train, dev, test = (said(rows(count, start)) for count, start in ((30, 0), (9, 60), (9, 200)))
    arm = encoder_head.EncoderHead(CARD, 1, tiny_encoder, moved=False)
    record = arm.fit(train, dev)
    answers = arm.predict([row.text for row in test])
    assert [answer.label for answer in answers] == [row.label for row in test]
    assert all(sum(np.exp(answer.scores)) == pytest.approx(1.0) for answer in answers if answer.scores)
    assert record["rows"] == 30 and record["judged_on"] == 9 and record["trials"] == len(encoder_head.STRENGTHS)
    without = encoder_head.EncoderHead(CARD, 1, tiny_encoder, moved=False)
    assert without.fit(train, [])["chosen"]["c"] == encoder_head.STRENGTHS[0]


@pytest.mark.parametrize("arm", ["encoder_head", "encoder_contrastive"])
def test_labels_without_rows_are_unlikely_but_possible(arm: str) -> None:
    """With rows of one or two labels the others keep a finite score below, and the answer is a seen label."""
    for seen in (("positive",), ("positive", "negative")):
        contestant = approaches.make(arm, CARD, 1, None)
        contestant.fit([row for row in rows(12) if row.label in seen], [])
        for answer in contestant.predict(["The phone is good.", ""]):
            assert answer.label in seen and answer.scores is not None
            assert np.isfinite(answer.scores).all() and np.exp(answer.scores).sum() == pytest.approx(1.0)
    with pytest.raises(BenchmarkError, match="at least 1"):
        approaches.make(arm, CARD, 1, None).fit([], [])


def test_contrast_is_looked_at_on_dev_and_recorded() -> None:
    """Four looks with three strengths each are twelve trials; the kept step is one of the looks."""
    record = approaches.make("encoder_contrastive", CARD, 1, None).fit(rows(24), rows(6, 50))
    assert record["checks"] == [2, 4, 6, 8] and record["trials"] == 12
    assert record["chosen"]["step"] in record["checks"]
    assert len(record["losses"]) == 8


def test_without_the_encoder_the_command_that_brings_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The arm cannot be made, and the message says how to fetch what is missing."""
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path))
    with pytest.raises(BenchmarkError, match="advisor models pull minilm-l6-v2"):
        approaches.make("encoder_head", CARD, 0, None)


def test_the_search_keeps_to_the_effort_of_a_tuning(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads at most what a training on the same rows reads, more effort gives more ways, and all are recorded."""
    train, dev = rows(40), rows(8, 50)
    ways = []
    for steps in (8, 24):
        monkeypatch.setattr(tuning, "FEWEST_STEPS", steps)
        monkeypatch.setattr(tuning, "MOST_STEPS", steps)
        record = approaches.make("optimised_prompt", CARD, 1, tiny).fit(train, dev)
        effort = record["effort"]
        assert effort["allowed"] == optimised.effort_of(tiny, CARD, train)
        assert effort["used"] == record["tokens"] <= effort["allowed"]
        assert record["trials"] == len(record["candidates"]) == 3 * record["ways"]
        ways.append(record["ways"])
    assert 1 < ways[0] < ways[1] <= optimised.MOST_TRIALS


def test_the_search_never_judges_by_rows_it_shows(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown rows come from one half of the training rows, judged ones from the other and from dev."""
    judged: list[str] = []
    original = optimised.Optimised.score

    def watch(self: Any, frame: Any, texts: Any, *words: Any) -> Any:
        judged.extend(texts)
        return original(self, frame, texts, *words)

    monkeypatch.setattr(optimised.Optimised, "score", watch)
    train, dev = rows(24), rows(6, 50)
    record = approaches.make("optimised_prompt", CARD, 1, tiny).fit(train, dev)
    texts = {row.id: row.text for row in train}
    assert {texts[name] for name in record["shots"]}.isdisjoint(judged)
    assert {row.text for row in dev} <= set(judged)
    assert set(judged) <= {row.text for row in (*train, *dev)} | set(prompts.CONTENT_FREE)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_search_without_rows_to_judge_by_is_the_default(count: int, tiny: LoadedModel) -> None:
    """Too few rows to judge by leave the first wording and contextual calibration, and the record says so."""
    contestant = approaches.make("optimised_prompt", CARD, 1, tiny)
    record = contestant.fit(rows(count), [])
    assert record["chosen"]["judged_on"] == 0 and record["trials"] == 0
    assert len(contestant.predict(["good", "bad"])) == 2


def test_retrieval_works_with_next_to_no_rows(tiny: LoadedModel) -> None:
    """One row is enough to show; none is refused with a reason."""
    contestant = approaches.make("retrieved_few_shot", CARD, 1, tiny)
    assert contestant.fit(rows(1), [])["chosen"]["shots"] == 1
    assert contestant.predict(["good"])[0].label in CARD.labels
    with pytest.raises(BenchmarkError, match="at least 1"):
        approaches.make("retrieved_few_shot", CARD, 1, tiny).fit([], [])
