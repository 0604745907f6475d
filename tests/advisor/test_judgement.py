"""A locked prediction meets a measurement: confirmed, tie, refuted or undecided, and what it cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.errors import InputError
from advisor.intake import measurements
from advisor.intake.answers import Answers, parse
from advisor.intake.detected import detect, read_description
from advisor.reasoning import locked, validation
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reasoning.judgement import Judgement, judge
from advisor.reasoning.locked import Lock, Prediction
from advisor.reasoning.validation import Validation, validate

DESCRIBED: dict[str, Any] = {
    "schema": "advisor/description/1",
    "folder": "/tasks/desk",
    "name": "desk",
    "kind": "classification",
    "language": "en",
    "domain": "support",
    "labels": ["bug", "praise", "question"],
    "metric": "accuracy",
    "data": {"train.jsonl": "aa", "test.jsonl": "bb"},
    "n_train": 80,
    "n_test": 300,
    "blocked": [],
    "tokens": {"input": 41.2, "output": 1.4, "counted_by": "the tokenizer of small", "rows": 80},
    "repeats": {"agreeing": 30, "conflicting": 20},
    "model": {"name": "small", "content_hash": "cc", "parameters": 134515008},
    "arms": {
        "linear": {"approach": None, "technique": None},
        "few_shot": {"approach": "prompting", "technique": "few_shot"},
        "lora": {"approach": "fine_tuning", "technique": "lora"},
        "hybrid": {"approach": "hybrid", "technique": "tuned_with_prompt"},
    },
    "train_sizes": [16, 64],
    "seeds": [0],
}
ARMS = {"prompting": "few_shot", "fine_tuning": "lora", "hybrid": "hybrid"}


def predicted(pick: str | None, **changes: Any) -> Prediction:
    """A locked prediction at 64 examples."""
    given: dict[str, Any] = {
        "train_size": 64,
        "verdict_id": "0" * 16,
        "recommendation": pick,
        "technique": "lora",
        "status": "advice" if pick else "abstain",
        "pick": pick,
        "chance": 0.7,
        "chances": {},
        "scores": {},
        "points": {
            "few_labels": {"prompting": 0.5, "fine_tuning": -0.5},
            "published_quality": {"prompting": 0.2, "fine_tuning": -0.2},
            "house_style": {"fine_tuning": 0.3},
        },
        "leads": {},
        "studies": ["tfew"],
        "answers": {"task_kind": "classification"},
        "derived": {},
    }
    return Prediction(**{**given, **changes})


def run(folder: Path, scores: dict[str, float], halves: dict[tuple[str, str], float]) -> measurements.Measurement:
    """The measurement of a run at 64 examples; `halves` are half the widths of the paired intervals, 0.1 if absent."""
    arms = [
        {
            "arm": ARMS[approach],
            "approach": approach,
            "technique": None,
            "train_size": 64,
            "n_seeds": 1,
            "metric": {"value": value, "low": value - 0.03, "high": value + 0.03, "n": 300, "method": "wilson"},
        }
        for approach, value in scores.items()
    ]
    best = {approach: {"arm": ARMS[approach], "train_size": 64} for approach in scores}
    names = list(scores)
    pairs = []
    for place, right in enumerate(names):
        for left in names[place + 1 :]:
            difference, half = scores[left] - scores[right], halves.get((left, right), 0.1)
            pairs.append(
                {
                    "a": ARMS[left],
                    "b": ARMS[right],
                    "train_size": 64,
                    "difference": difference,
                    "low": difference - half,
                    "high": difference + half,
                    "n": 300,
                    "method": "paired",
                    "conclusion": {"word": "undecided", "more_items": 700, "more_seeds": None},
                }
            )
    result = {
        "schema": measurements.SCHEMA,
        "task": {"name": "desk", "metric": "accuracy", "data": DESCRIBED["data"]},
        "model": {"name": "small"},
        "arms": arms,
        "best": best,
        "comparisons": pairs,
        "by_size": [{"train_size": 64, "best": best, "comparisons": pairs}],
        "margin": 0.02,
        "status": "complete",
        "created_at": "2026-11-22T10:00:00Z",
    }
    folder.mkdir(exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result))
    return measurements.read(folder)


def judged(
    tmp_path: Path, pick: str, scores: dict[str, float], half: float, margin: float | None = None, **changes: Any
) -> Judgement:
    """The judgement of a pick where every paired interval is as wide."""
    halves = {(left, right): half for left in ARMS for right in ARMS}
    return judge(predicted(pick, **changes), run(tmp_path / "run", scores, halves), margin)


def test_the_measured_best_told_apart_is_confirmed(tmp_path: Path) -> None:
    """The pick is the best and another approach is shown to be worse: confirmed, at no regret."""
    found = judged(tmp_path, "fine_tuning", {"prompting": 0.7, "fine_tuning": 0.9}, 0.05)
    assert (found.verdict, found.hit, found.best) == ("confirmed", True, "fine_tuning")
    assert found.regret is not None
    assert (found.regret.value, found.regret.low, found.regret.high) == (0.0, 0.0, 0.0)
    assert found.losses == {"prompting": 20.0, "fine_tuning": 0.0}


def test_within_the_margin_of_the_best_is_confirmed(tmp_path: Path) -> None:
    """One and a half points behind the best counts as level with it; another approach is far behind."""
    scores = {"prompting": 0.6, "fine_tuning": 0.9, "hybrid": 0.915}
    found = judged(tmp_path, "fine_tuning", scores, 0.05)
    assert (found.verdict, found.hit, found.best) == ("confirmed", True, "hybrid")
    assert found.regret is not None
    assert found.regret.value == pytest.approx(1.5)
    assert judged(tmp_path, "fine_tuning", scores, 0.05, margin=0.01).hit is False


@pytest.mark.parametrize(("half", "shown"), [(0.1, False), (0.015, True)])
def test_nothing_told_apart_within_the_margin_is_a_tie(tmp_path: Path, half: float, shown: bool) -> None:
    """A tie says whether the approaches are shown to be level, or only not told apart."""
    found = judged(tmp_path, "prompting", {"prompting": 0.8, "fine_tuning": 0.8}, half)
    assert (found.verdict, found.equivalent) == ("tie", shown)


def test_a_better_approach_refutes_and_names_what_misled(tmp_path: Path) -> None:
    """The rules that put the pick first are named by their pull, and the studies where the forecast was among them."""
    found = judged(tmp_path, "prompting", {"prompting": 0.7, "fine_tuning": 0.9}, 0.05)
    assert (found.verdict, found.hit) == ("refuted", False)
    assert [(blame.rule, blame.points) for blame in found.blame] == [("few_labels", 1.0), ("published_quality", 0.4)]
    assert found.misled_by == ("tfew",)
    assert found.regret is not None
    assert (found.regret.low, found.regret.value, found.regret.high) == pytest.approx((15, 20, 25))


def test_a_lead_that_chance_could_explain_is_undecided(tmp_path: Path) -> None:
    """Six points behind with an interval that holds zero: undecided, and how many items would tell."""
    found = judged(tmp_path, "prompting", {"prompting": 0.80, "fine_tuning": 0.86}, 0.1)
    assert (found.verdict, found.hit, found.more_items, found.more_seeds) == ("undecided", False, 700, None)
    assert found.blame == ()


def test_regret_in_money_only_where_it_is_stated(tmp_path: Path) -> None:
    """Ten points at 2 USD an error and 1,000 requests a month are 200 USD a month; without them there is no sum."""
    scores = {"prompting": 0.7, "fine_tuning": 0.8}
    stated = {"error_cost_usd": 2, "requests_per_month": {"low": 500, "likely": 1000, "high": 3000}}
    found = judged(tmp_path, "prompting", scores, 0.05, answers=stated).regret_usd
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((100, 200, 300))
    assert found.origin == "estimated"
    assert judged(tmp_path, "prompting", scores, 0.05).regret_usd is None


def test_what_was_not_measured_is_not_judged(tmp_path: Path) -> None:
    """An abstention, a size without a run and an approach without an arm are told apart from misses."""
    scores = {"prompting": 0.7, "fine_tuning": 0.9}
    assert judged(tmp_path, "hybrid", scores, 0.1).verdict == "not_judged"
    there = run(tmp_path / "run", scores, {})
    assert judge(predicted(None), there).reason == "the advice abstained"
    assert judge(predicted("prompting", train_size=16), there).reason.startswith("this train size was not measured")


def test_a_train_size_with_a_missing_cell_is_not_judged(tmp_path: Path) -> None:
    """An arm that has not run yet might be the best, so that nothing is said before it has."""
    run(tmp_path / "run", {"prompting": 0.7, "fine_tuning": 0.9}, {})
    file = tmp_path / "run" / "result.json"
    raw = json.loads(file.read_text())
    for size, verdict in ((16, "confirmed"), (64, "not_judged")):
        missing = [{"id": "x", "arm": "hybrid", "train_size": size, "seed": 0, "reason": "not run"}]
        file.write_text(json.dumps({**raw, "status": "incomplete", "missing": missing}))
        assert judge(predicted("fine_tuning"), measurements.read(tmp_path / "run")).verdict == verdict


def test_answers_are_detected_and_a_stated_one_wins(shipped: Engine) -> None:
    """Each detected answer is marked so and says from what it was derived; what the user states is kept."""
    task = read_description(DESCRIBED, "described")
    stated = parse({"label_quality": "good", "domain_specialization": "general"}, shipped.book)
    found = detect(task, 64, stated, shipped.book)
    plain = found.answers.plain()
    expected = {"task_kind": "classification", "class_count": 3, "labelled_examples": 64, "input_tokens": 41}
    expected |= {"base_model_size_b": 0.135, "model_access": "open_weights", "prompt_effort": "few_shot"}
    expected |= {"label_quality": "good", "domain_specialization": "general", "quality_measure": "label_match"}
    assert {name: plain[name] for name in expected} == expected
    origins = {name: answer.origin for name, answer in found.answers.given.items()}
    assert origins["label_quality"] == "stated"
    assert {name for name, origin in origins.items() if origin == "detected"} == set(found.derived)
    assert detect(task, 64, Answers(), shipped.book).answers.plain()["label_quality"] == "poor"


@pytest.mark.parametrize(
    ("arms", "method"),
    [
        (("lora", "hybrid"), "adapters"),
        (("encoder_head", "lora", "hybrid"), "adapters"),
        (("encoder_contrastive",), "few_shot_tuner"),
        (("encoder_contrastive", "lora"), None),
        ((), None),
    ],
)
def test_the_tuning_method_is_that_of_the_arms(shipped: Engine, arms: tuple[str, ...], method: str | None) -> None:
    """Several ordinary methods count as the most frequent; one made for few labels beside them leaves it open."""
    known = {name: {"approach": "fine_tuning", "technique": name} for name in arms}
    task = read_description({**DESCRIBED, "arms": known}, "described")
    assert detect(task, 64, Answers(), shipped.book).answers.plain().get("tuning_method") == method


def test_a_lock_is_kept_as_it_is_and_seals_its_content(shipped: Engine, tmp_path: Path) -> None:
    """A second lock for the same request is found equal, another request is refused, an edited lock is no lock."""
    task = read_description(DESCRIBED, "described")
    lock = locked.make(task, Answers(), shipped)
    first, fresh = locked.write_once(tmp_path, lock)
    again, second = locked.write_once(tmp_path, locked.make(task, Answers(), shipped))
    assert (fresh, second) == (True, False)
    assert again == first == locked.read(tmp_path)
    assert [item.verdict_id for item in again.predictions] == [item.verdict_id for item in lock.predictions]
    other = read_description({**DESCRIBED, "train_sizes": [16]}, "described")
    with pytest.raises(InputError, match="never overwritten"):
        locked.write_once(tmp_path, locked.make(other, Answers(), shipped))
    file = tmp_path / locked.FILE
    content = file.read_text()
    file.chmod(0o644)
    for spoilt in (content.replace(lock.locked_at, "2020-01-01T00:00:00Z"), "[" * 100_000, "7", ""):
        file.write_text(spoilt)
        with pytest.raises(InputError, match="no sound lock"):
            locked.read(tmp_path)


def test_a_lock_holds_what_the_advice_expected(shipped: Engine) -> None:
    """Leads, chances and scores of the locked answers are those of the advice, to the digits that a lock keeps."""
    task = read_description({**DESCRIBED, "train_sizes": [64]}, "described")
    (kept,) = locked.make(task, Answers(), shipped).predictions
    advice = advise(parse(dict(kept.answers), shipped.book), shipped)
    assert advice.evidence.forecast is not None
    assert set(kept.leads) == {lead.approach for lead in advice.evidence.forecast.leads} != set()
    for lead in advice.evidence.forecast.leads:
        said = kept.leads[lead.approach]
        assert said["likely"] == pytest.approx(lead.points.value, abs=6e-4)
        assert said["low"] < said["likely"] < said["high"]
    assert kept.pick is not None
    assert kept.chance == kept.chances[kept.pick]
    assert all(chance == round(chance, 6) for chance in kept.chances.values() if chance is not None)
    pulls = {name: sum(points.get(name, 0.0) for points in kept.points.values()) for name in kept.scores}
    assert pulls == pytest.approx(dict(kept.scores), abs=1e-4)


def validated(folder: Path, item: Judgement, **changes: Any) -> str:
    """The words about one judgement of the run in a folder."""
    lock = Lock({"task": {"name": "desk"}}, (item.prediction,), "2026-11-22T09:00:00Z", "pack", "1", "", "")
    given: dict[str, Any] = {"locked_before": True, "now": {64: "fine_tuning"}, **changes}
    found = Validation(str(folder), lock, measurements.read(folder), judgements=(item,), **given)
    return "\n".join(validation.lines(found))


def test_the_words_of_a_validation_say_what_each_verdict_means(tmp_path: Path) -> None:
    """What misled, what the lead costs, what would decide it, and which advice had no arm; none where it is not so."""
    run_of = tmp_path / "run"
    worth = {"error_cost_usd": 2, "requests_per_month": 1000}
    item = judged(tmp_path, "prompting", {"prompting": 0.6, "fine_tuning": 0.8}, 0.05, answers=worth)
    text = validated(run_of, item)
    assert "prompting   fine_tuning refuted             20.0   prompting 60.0, fine_tuning 80.0" in text
    assert "that is 400 USD a month (300 to 500" in text
    assert "misled by: few_labels (by 1.00 points), published_quality (by 0.40 points)" in text
    assert "the forecast's nearest studies: tfew" in text
    assert "with the measurement in, the advice is fine_tuning" in text
    assert not [words for words in ("no arm", "NOT locked", "not complete", "more test items") if words in text]
    late = validated(run_of, item, locked_before=False, now={})
    assert "NOT locked before the run" in late
    assert "the advice is to abstain" in late
    item = judged(tmp_path, "prompting", {"prompting": 0.7, "fine_tuning": 0.76}, 0.1, recommendation="hybrid")
    text = validated(run_of, item)
    assert "the advice was hybrid, which has no arm here; next came prompting" in text
    assert "would probably be decided by 700 more test items" in text
    assert not [words for words in ("misled", "USD", "more seeds") if words in text]


def test_a_run_on_other_data_is_not_judged(shipped: Engine, tmp_path: Path) -> None:
    """The lock names its data by digest; a measurement of other files is refused, one of the same is judged."""
    task = read_description({**DESCRIBED, "train_sizes": [64]}, "described")
    locked.write_once(tmp_path, locked.make(task, Answers(), shipped))
    run(tmp_path, {"prompting": 0.6, "fine_tuning": 0.8, "hybrid": 0.81}, {})
    found = validate(tmp_path, shipped)
    assert found.task == "desk"
    assert [item.prediction.train_size for item in found.judgements] == [64]
    assert set(found.now) == {64 for item in found.judgements if item.verdict == "refuted"}
    file = tmp_path / measurements.FILE
    raw = json.loads(file.read_text())
    for data in ({"train.jsonl": "aa", "test.jsonl": "cc"}, {"train.jsonl": "aa"}, {**DESCRIBED["data"], "more": "dd"}):
        file.write_text(json.dumps({**raw, "task": {**raw["task"], "data": data}}))
        with pytest.raises(InputError, match="other data"):
            validate(tmp_path, shipped)


def test_a_lock_precedes_a_run_where_no_cell_began_before_it(tmp_path: Path) -> None:
    """Cells of the same second or later count as after; an earlier one, or one without a start, proves nothing."""
    lock = Lock({}, (), "2026-11-22T09:00:00Z", "pack", "1", "", "")
    assert locked.locked_before(tmp_path, lock) is None
    cells = tmp_path / "cells"
    cells.mkdir()

    def begun(name: str, start: str) -> bool | None:
        (cells / f"{name}.json").write_text(json.dumps({"timing": {"started_at": start}}))
        return locked.locked_before(tmp_path, lock)

    assert begun("a", "2026-11-22T09:00:00Z") is True
    assert begun("b", "2026-11-22T09:00:01Z") is True
    assert begun("c", "2026-11-22T08:59:59Z") is False
    (cells / "c.json").write_text("{")
    assert locked.locked_before(tmp_path, lock) is False
