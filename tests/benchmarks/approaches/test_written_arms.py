"""Arms that write objects and texts keep the contract of those that choose labels."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from benchmarks import approaches
from benchmarks.approaches import prompted_writing, prompts, tuned_writing, tuning, writing
from benchmarks.approaches.choice import choose_judged
from benchmarks.approaches.tagging import Tagger
from benchmarks.errors import BenchmarkError
from benchmarks.models.language_model import LoadedModel
from benchmarks.records import Example, TaskCard, example_id
from benchmarks.statistics.tallies import judged
from benchmarks.tasks.schema import read_schema, written

SCHEMA = read_schema({"intent": ["book", "cancel"], "slots_by_intent": {"book": ["name", "time"], "cancel": ["name"]}})
CARDS = {
    "extraction": TaskCard(
        "toy", "extraction", "en", "", "Say intent and slots.", (), "slot_micro_f1", schema=SCHEMA, choices=("intent",)
    ),
    "qa": TaskCard("toy", "qa", "en", "", "Who booked?", (), "token_f1"),
}
NAMES = ("Ann", "Bob", "Cem", "Dora", "Eva Lind")


def row(kind: str, number: int) -> Example:
    """A booking or a cancellation; what is wanted stands in the text."""
    name, time = NAMES[number % 5], f"{number % 12 + 1} pm"
    books = number % 3 > 0
    text = f"please book {time} for {name}, number {number}" if books else f"cancel the one of {name}, number {number}"
    if kind == "qa":
        return Example(example_id(text), text, name, (name, name.upper()))
    slots = {"name": name, "time": time} if books else {"name": name}
    answer = written({"intent": "book" if books else "cancel", "slots": slots}, SCHEMA)
    return Example(example_id(text), text, answer, (answer,))


def rows(kind: str, count: int, start: int = 0) -> list[Example]:
    return [row(kind, number) for number in range(start, start + count)]


def quality(kind: str, found: list[Any], test: list[Example]) -> dict[str, float]:
    """The metrics of answers, as sums over all of them."""
    card = CARDS[kind]
    sums: dict[str, list[float]] = {}
    for answer, wanted in zip(found, test, strict=True):
        got = judged(kind, card.metric, answer.label, wanted.references, language="en", choices=card.choices)
        for name, pair in got.items():
            total = sums.setdefault(name, [0.0, 0.0])
            total[0] += pair[0]
            total[1] += pair[1]
    return {name: right / total for name, (right, total) in sums.items()}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short trainings, short answers, few rows to judge by."""
    monkeypatch.setattr(tuning, "FEWEST_STEPS", 4)
    monkeypatch.setattr(tuning, "MOST_STEPS", 4)
    monkeypatch.setattr(writing, "MOST_TOKENS", 40)
    monkeypatch.setattr(prompts, "WHOLE_DOCUMENT_TOKENS", 120)
    monkeypatch.setattr(prompted_writing, "JUDGED_ROWS", 4)
    monkeypatch.setattr(tuned_writing, "CHECKED_ROWS", 3)


@pytest.mark.parametrize(
    ("arm", "kind"),
    [(arm, kind) for kind in CARDS for arm in approaches.arms_for(kind) if approaches.ARMS[arm].needs_model],
)
def test_a_model_arm_writes_an_answer_to_every_text(kind: str, arm: str, tiny: LoadedModel) -> None:
    """Answers come in order, objects fit the schema, the record is JSON, and a second go gives the same."""
    texts = [one.text for one in rows(kind, 4, 100)] + ["", "x " * 500, "これはとても良い"]
    results = []
    for _ in range(2):
        contestant = approaches.make(arm, CARDS[kind], 5, tiny)
        record = contestant.fit(rows(kind, 12), rows(kind, 4, 50))
        assert json.loads(json.dumps(record, allow_nan=False)) == record
        assert ("signs_per_text" in record["limits"]) == (kind == "extraction")
        seen: list[int] = []
        answers = contestant.predict(texts, seen.append)
        assert sum(seen) == len(texts) == len(answers)
        assert all(answer.written > 0 and answer.tokens > answer.written for answer in answers)
        for answer in answers:
            if kind == "extraction" and answer.label is not None:
                jsonschema.validate(json.loads(answer.label), SCHEMA)
        assert kind == "extraction" or all(answer.label for answer in answers)
        results.append(answers)
    assert results[0] == results[1]


def test_training_lowers_the_loss_of_the_targets(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty steps take a tenth off the loss of targets, and the tuned model writes other answers than before."""
    monkeypatch.setattr(tuning, "FEWEST_STEPS", 40)
    monkeypatch.setattr(tuning, "MOST_STEPS", 40)
    contestant = approaches.make("lora", CARDS["qa"], 0, tiny)
    record = contestant.fit(rows("qa", 20), [])
    assert sum(record["losses"][-5:]) < 0.9 * sum(record["losses"][:5])
    base = approaches.make("zero_shot", CARDS["qa"], 0, tiny)
    base.fit([], [])
    texts = [one.text for one in rows("qa", 5, 100)]
    tuned_answers, base_answers = contestant.predict(texts), base.predict(texts)
    assert [one.text for one in tuned_answers] != [one.text for one in base_answers]


def test_targets_that_look_alike_can_be_trained_on(tiny: LoadedModel) -> None:
    """Blanks around a target and two ways to write a sign do not stop a training."""
    train = rows("qa", 6)
    odd = ("\n Ann", "Ann ", "Zoe\u0301", "Zo\u00e9")
    train += [Example(f"odd{index}", f"odd {index}", text, (text,)) for index, text in enumerate(odd)]
    record = approaches.make("lora", CARDS["qa"], 0, tiny).fit(train, [])
    assert record["steps"] == 4


def test_limits_come_from_labelled_rows(tiny: LoadedModel) -> None:
    """A quarter more tokens than the longest answer, and one line where all answers are."""
    pen = writing.Pen(CARDS["qa"], tiny)
    long = Example("x", "t", "first line\nsecond line", ("first line\nsecond line",))
    assert pen.learn(rows("qa", 5))["one_line"] is True
    learnt = pen.learn([long])
    assert learnt["one_line"] is False
    assert learnt["answer_tokens"] == min(40, max(16, round(1.25 * len(tiny.encode(long.label))) + 4))


def test_texts_in_objects_are_bounded_by_those_of_labelled_rows(tiny: LoadedModel) -> None:
    """A text may be a quarter longer than the longest one seen, so that even a random model ends most objects."""
    pen = writing.Pen(CARDS["extraction"], tiny)
    learnt = pen.learn(rows("extraction", 12))
    assert learnt["signs_per_text"] == 16
    longer = written({"intent": "cancel", "slots": {"name": "N" * 40}}, SCHEMA)
    assert pen.learn([Example("x", "t", longer, (longer,))])["signs_per_text"] == 50
    pen.learn(rows("extraction", 12))
    frame = prompts.frame(tiny, CARDS["extraction"])
    answers, _ = pen.write(frame, [one.text for one in rows("extraction", 6)])
    for answer in answers:
        slots = json.loads(answer.label)["slots"] if answer.label else {}
        assert all(len(text) <= 16 for text in slots.values())


def test_every_wording_says_the_form_of_the_answer(tiny: LoadedModel) -> None:
    """The prompt of an extraction shows its fields, that of a question asks for an answer; shots are earlier turns."""
    for template in prompts.templates("extraction"):
        assert '"slots": {"name": ...' in prompts.instruction(tiny, CARDS["extraction"], template)
    assert "the answer" in prompts.instruction(tiny, CARDS["qa"], "plain")
    shot = row("extraction", 1)
    assert shot.label in prompts.frame(tiny, CARDS["extraction"], shots=[shot]).head


def test_a_shot_is_never_cut_at_its_end(tiny: LoadedModel) -> None:
    """A long example keeps the question at its end."""
    text = "passage " * 2000 + "Who was it?"
    assert prompts.shown_text(tiny, CARDS["qa"], text).endswith("Who was it?")


def test_few_shot_chooses_by_answers_that_were_not_shown(tiny: LoadedModel) -> None:
    """The record names the examples shown and how many other rows judged each number of them."""
    contestant = approaches.make("few_shot", CARDS["qa"], 3, tiny)
    record = contestant.fit(rows("qa", 16), [])
    assert [one["shots"] for one in record["candidates"]] == [2, 4, 8]
    assert {one["judged_on"] for one in record["candidates"]} == {4}
    assert len(record["shots"]) == record["chosen"]["shots"]


def test_long_texts_are_judged_on_fewer_rows(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choices are made on as many rows as fit the bound on tokens, never on fewer than four."""
    monkeypatch.setattr(prompted_writing, "JUDGED_ROWS", 12)
    tokens = sum(len(tiny.encode(one.text)) for one in rows("qa", 6))
    for bound, wanted in ((10**6, 12), (tokens, 6), (1, 4)):
        monkeypatch.setattr(prompted_writing, "JUDGED_TOKENS", bound)
        record = approaches.make("zero_shot", CARDS["qa"], 3, tiny).fit(rows("qa", 16), [])
        assert record["held_out"] == wanted


def test_only_a_clearly_better_way_displaces_the_default() -> None:
    """A rival that is right on one row more of thirty stays behind; one that is right on ten more does not."""
    right, wrong = {"f": (1.0, 1.0)}, {"f": (0.0, 1.0)}
    default = [right] * 10 + [wrong] * 20
    assert choose_judged("f", [default, [right] * 11 + [wrong] * 19])[0] == 0
    near = [wrong] * 5 + [right] * 16 + [wrong] * 9
    assert choose_judged("f", [[right] * 15 + [wrong] * 15, near])[0] == 0
    index, share = choose_judged("f", [default, [right] * 20 + [wrong] * 10])
    assert (index, share) == (1, 1.0)
    assert choose_judged("f", [[], []]) == (0, 0.0)


@pytest.mark.parametrize("kind", CARDS)
def test_copying_baselines_answer_with_answers_of_training_rows(kind: str) -> None:
    """The most frequent answer, or that of the nearest text; both are answers that training rows have."""
    train, test = rows(kind, 30), rows(kind, 6, 200)
    known = {one.label for one in train}
    for arm in ("majority", "nearest"):
        contestant = approaches.make(arm, CARDS[kind], 0, None)
        contestant.fit(train, [])
        found = contestant.predict([one.text for one in test])
        assert {one.label for one in found} <= known
    nearest = approaches.make("nearest", CARDS["qa"], 0, None)
    nearest.fit(rows("qa", 30), [])
    assert quality("qa", nearest.predict([one.text for one in test]), rows("qa", 6, 200))["token_f1"] > 0.6


def test_the_tagger_finds_what_stands_in_the_text() -> None:
    """Trained on sixty rows it gets intents and slots of new rows right; answers fit the schema."""
    contestant = approaches.make("linear", CARDS["extraction"], 0, None)
    assert isinstance(contestant, Tagger)
    contestant.fit(rows("extraction", 60), [])
    test = rows("extraction", 20, 300)
    found = contestant.predict([one.text for one in test])
    got = quality("extraction", found, test)
    assert got["intent_accuracy"] == 1.0
    assert got["slot_micro_f1"] > 0.95
    for answer in (*found, *contestant.predict(["", "!!", "book"])):
        jsonschema.validate(json.loads(answer.label or ""), SCHEMA)


def test_arms_that_do_not_fit_a_kind_are_refused() -> None:
    """The message names the arms that can do it; every arm that fits has settings with a version and its words."""
    with pytest.raises(BenchmarkError, match="'linear': cannot do a task of the kind 'qa'; allowed: majority, nearest"):
        approaches.make("linear", CARDS["qa"], 0, None)
    for kind in CARDS:
        for arm in approaches.arms_for(kind):
            found = approaches.settings(arm, kind)
            assert json.loads(json.dumps(found)) == found
            assert isinstance(found["version"], int)
        assert prompts.templates(kind)["plain"] in approaches.settings("zero_shot", kind)["templates"].values()
    assert approaches.settings("lora", "qa") != approaches.settings("hybrid", "qa")
