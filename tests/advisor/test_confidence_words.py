"""When a percentage is given, against which ledger it was held, and why none is given; what stays open says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.errors import InputError
from advisor.intake.answers import parse
from advisor.knowledge.domain import CRITERIA
from advisor.knowledge.record_summary import RecordSummary
from advisor.reasoning import advise as advising
from advisor.reasoning import locked, published, validation
from advisor.reasoning.advice import Confidence, Finding
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.locked import Lock
from advisor.reasoning.quality import blend

RAW: dict[str, Any] = {
    "task_kind": "classification",
    "class_count": 12,
    "labelled_examples": 2500,
    "prompt_effort": "few_shot",
}


def recorded(engine: Engine, behind: int, error: float | None = 0.0312) -> Engine:
    """The engine with a record of its model that holds so many forecasts of classification."""
    assert engine.model is not None
    record = RecordSummary({}, 321, {"classification": behind}, error, engine.model.digest[:12], "1")
    return replace(engine, record=record)


def asked(engine: Engine, **answers: Any) -> tuple[Confidence, Outcome]:
    """How sure an advice is."""
    raw = {name: value for name, value in {**RAW, **answers}.items() if value is not None}
    outcome = engine.decide_answers([parse(raw, engine.book)])
    return advising._confidence(outcome, engine), outcome


def test_a_percentage_needs_thirty_forecasts_of_its_kind(shipped: Engine) -> None:
    """With 29 there is none and no level, with 30 both, and the ledger is named with its size and error."""
    few, outcome = asked(recorded(shipped, 29))
    assert (few.value, few.calibrated) == (None, False)
    assert "holds 29 judged forecasts of this kind of task, fewer than 30" in few.basis
    assert published._levels(recorded(shipped, 29), outcome, "s") == ()
    enough, outcome = asked(recorded(shipped, 30))
    assert enough.calibrated
    said = shipped.confidence(outcome, outcome.eligible)
    assert enough.value == pytest.approx(float(said[0, int(outcome.leader[0])]))
    assert "321 forecasts judged without their paper, 30 of this kind of task" in enough.basis
    assert "expected calibration error 0.031" in enough.basis
    assert published._levels(recorded(shipped, 30), outcome, "s")
    unstated, _ = asked(recorded(shipped, 30, None))
    assert "Held against" not in unstated.basis
    assert unstated.basis == unstated.basis.strip()
    assert unstated.value is not None


def test_a_record_of_another_model_counts_for_nothing(shipped: Engine) -> None:
    """Without a record of the model in force the percentage stands without a ledger; an open kind counts all."""
    other = replace(recorded(shipped, 3), record=replace(recorded(shipped, 3).record, forecast_model="zz"))  # type: ignore[type-var]
    confidence, outcome = asked(other)
    assert confidence.value is not None
    assert "Held against" not in confidence.basis
    assert other.behind(outcome) is None
    _, open_ = asked(recorded(shipped, 3), task_kind=None, class_count=None)
    assert recorded(shipped, 3).behind(open_) == 321
    assert replace(shipped, record=None).behind(outcome) is None
    assert replace(recorded(shipped, 3), model=None).behind(outcome) is None


def test_why_no_percentage_is_given(shipped: Engine) -> None:
    """No model, studies too far away, or too little known: the first that applies is told."""
    engine = recorded(shipped, 30)
    bare, _ = asked(replace(engine, model=None))
    assert "No percentage is given: no model of published studies." in bare.basis
    far, outcome = asked(
        engine, prompt_effort=None, task_kind=None, class_count=None, labelled_examples=None, use_case_count=2
    )
    assert np.isnan(engine.confidence(outcome, outcome.eligible)).all()
    assert "No percentage is given: published studies are too far from this case." in far.basis
    assert all(one.value is None for one in (bare, far))


def test_chances_are_for_what_is_offered_alone(shipped: Engine) -> None:
    """What is not offered has none; with a measurement or beyond the limit of the error there is no number at all."""
    _, outcome = asked(shipped)
    offered = np.array([[True, False, True]])
    said = shipped.confidence(outcome, offered)
    assert said[0, 1] == 0.0
    assert shipped.model is not None
    assert outcome.forecast is not None
    wanted = shipped.model.calibration(outcome.forecast.within_level(offered))
    assert said[0, [0, 2]].tolist() == pytest.approx(wanted[0, [0, 2]].tolist())
    limit = shipped.parameter("confidence_error_limit")
    for error, told in ((limit, True), (limit + 1e-9, False)):
        near = replace(outcome, forecast=replace(outcome.forecast, tuning_error=np.array([error])))
        assert np.isfinite(shipped.confidence(near, offered)).all() == told
    assert np.isnan(shipped.confidence(replace(outcome, forecast=None), offered)).all()
    assert np.isnan(replace(shipped, measurement=SimpleNamespace()).confidence(outcome, offered)).all()  # type: ignore[arg-type]


def test_the_forecast_is_a_finding_per_approach(shipped: Engine) -> None:
    """What it adds to the rules' points of quality, weighted by the share of quality, with its weight in words."""
    _, outcome = asked(shipped)
    assert outcome.forecast is not None
    found: list[Finding] = list(published.finding(shipped, outcome))
    change = (outcome.published_points - outcome.rule_points)[0, :, CRITERIA.index("quality")]
    share = float(outcome.shares[0, CRITERIA.index("quality")])
    assert [one.approach for one in found] == ["prompting", "fine_tuning", "hybrid"]
    assert [one.points for one in found] == pytest.approx(change.tolist())
    assert [one.weighted for one in found] == pytest.approx((change * share).tolist())
    assert {(one.rule, one.kind, one.criterion) for one in found} == {(blend.PUBLISHED, "forecast", "quality")}
    weight = float(blend.weight(outcome.forecast, shipped.book, shipped.day)[0])
    assert f"{100 * weight:.0f} %" in found[0].because
    low, likely, high = (float(end[0]) for end in outcome.forecast.tuning_interval())
    assert f"{abs(likely):.0f}" in found[0].because
    assert f"{low:+.0f}".replace("-", "−") in found[0].because
    assert f"{high:+.0f}".replace("-", "−") in found[0].because
    assert shipped.model is not None
    assert found[0].source == (published.source_of(shipped.model),)
    bare = replace(shipped, model=None)
    assert list(published.finding(bare, outcome)) == []
    assert published.evidence(bare, outcome, found) is None
    assert list(published.finding(shipped, replace(outcome, forecast=None))) == []


def test_a_rule_is_covered_where_it_reads_only_what_the_forecast_reads(shipped: Engine) -> None:
    """On quality, and a score; the derived examples count as read, costs do not."""
    from advisor.knowledge.conditions import AtLeastK, Bound, Compare

    rule = next(one for one in shipped.book.rules if one.kind == "score" and one.criterion == "quality")
    examples = Compare("examples_per_class", ">", Bound(number=3))
    both = AtLeastK(2, (examples, Compare("requests_per_month", ">", Bound(number=3))))
    assert blend.covered(replace(rule, when=examples))
    assert not blend.covered(replace(rule, when=both))
    assert not blend.covered(replace(rule, when=examples, criterion="cost"))
    assert not blend.covered(replace(rule, when=examples, kind="note"))


def lock(**changes: Any) -> Lock:
    """A lock without predictions."""
    given: dict[str, Any] = {
        **{"request": {"task": {"name": "desk", "data": {"a": 1}}, "stated": {}}, "predictions": (), "rulebook": "p"},
        **{"locked_at": "2026-11-22T09:00:00Z", "rulebook_version": "1", "forecast_model": "", "advisor_version": ""},
    }
    return Lock(**{**given, **changes})


def test_a_lock_for_another_request_names_what_differs(tmp_path: Path) -> None:
    """Every field of the task and of the stated answers that differs, in order; the file stays as it was."""
    first, fresh = locked.write_once(tmp_path, lock())
    assert (first, fresh) == (lock(), True)
    assert oct((tmp_path / locked.FILE).stat().st_mode & 0o777) == "0o444"
    assert json.loads((tmp_path / locked.FILE).read_text())["digest"] == lock().digest
    assert len(lock().digest) == 64
    other = lock(request={"task": {"name": "mail", "data": {"a": 1}, "more": 1}, "stated": {"x": 2}})
    with pytest.raises(InputError, match=r"another request \(it differs in more, name, x\)"):
        locked.write_once(tmp_path, other)
    kept, fresh = locked.write_once(tmp_path, lock(rulebook="q"))
    assert (kept.rulebook, fresh) == ("p", False)
    assert [path.name for path in tmp_path.iterdir()] == [locked.FILE]
    with pytest.raises(InputError, match="lock the advice first"):
        locked.read(tmp_path / "nowhere.json")
    assert locked.read(tmp_path) == locked.read(tmp_path / locked.FILE) == first
    with pytest.raises(InputError, match="found Not a directory"):
        locked.write_once(tmp_path / locked.FILE / "in a file", lock())


def test_a_run_is_foreign_where_its_data_are_others(tmp_path: Path) -> None:
    """The data are held against those of the lock where both name them; a task of another name is no matter."""
    for data, refused in (({"a": 1}, False), ({"a": 2}, True), ({}, False), (None, False)):
        (tmp_path / "result.json").write_text(json.dumps({"task": {"name": "other", "data": data}}))
        if refused:
            with pytest.raises(InputError, match="judge the run that was made on the locked data"):
                validation.refuse_foreign(lock(), tmp_path)
        else:
            validation.refuse_foreign(lock(), tmp_path)
    (tmp_path / "result.json").write_text(json.dumps({"task": {"data": {"a": 2}}}))
    validation.refuse_foreign(lock(request={"task": {"name": "desk"}, "stated": {}}), tmp_path)
