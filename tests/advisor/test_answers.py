"""Reading answers."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.intake.answers import DOES_NOT_APPLY, NOT_KNOWN
from advisor.knowledge.domain import Rulebook

DESIGN_FIELDS = {
    "task_kind", "domain_specialization", "use_case_count", "class_count", "output_format", "quality_gap",
    "knowledge_need", "knowledge_tokens", "precision_need", "target_quality", "prompt_quality", "error_cost_usd",
    "success_value_usd", "labelled_examples", "label_quality", "new_labels_per_week", "label_cost_usd",
    "proprietary_data", "data_sensitivity", "setup_budget_usd", "monthly_budget_usd", "ml_expertise", "compute",
    "model_access", "base_model", "base_model_size_b", "tunable_model_size_b", "prompt_effort", "deadline_weeks",
    "project_stage", "requirement_change", "horizon_months", "requests_per_month", "input_tokens", "output_tokens",
    "latency_ms", "priorities",
}  # fmt: skip


def test_the_questions_are_the_fields_of_the_design(book: Rulebook) -> None:
    """Every fixed field is asked, and beside them only those that the forecast from published studies added."""
    added = {"base_model_grade", "quality_measure", "training_material", "tuning_method"}
    assert set(book.questions) == DESIGN_FIELDS | added


def test_every_mistake_is_reported_at_once(book: Rulebook) -> None:
    """Five mistakes give five problems, each naming the file, the field, what was found and what is allowed."""
    text = (
        "task_kind: clasification\nlabelled_examples: about 500\ntarget_quality: 95\n"
        "deadline_weeks: -2\nfavourite_colour: blue\n"
    )
    with pytest.raises(InputError) as caught:
        intake.parse_text(text, book, "my.yaml")
    lines = [str(problem) for problem in caught.value.problems]
    assert len(lines) == 5
    assert all(line.startswith("my.yaml: ") and "found" in line and "allowed" in line for line in lines)
    named = {line.split(": ")[1] for line in lines}
    assert named == {"task_kind", "labelled_examples", "target_quality", "deadline_weeks", "favourite_colour"}
    assert "did you mean 'classification'?" in lines[0]
    assert any("write 0.9 for 90 %" in line for line in lines)


def test_not_known_in_any_spelling_is_the_absence_of_an_answer(book: Rulebook) -> None:
    """Null, not_known and a missing field mean the same."""
    spelled = intake.parse({"labelled_examples": None, "task_kind": NOT_KNOWN}, book)
    assert dict(spelled.given) == dict(intake.parse({}, book).given) == {}


def test_does_not_apply_is_an_answer_of_its_own(book: Rulebook) -> None:
    """It is kept apart from not known and survives a round trip."""
    answers = intake.parse({"class_count": DOES_NOT_APPLY}, book)
    assert answers.plain() == {"class_count": DOES_NOT_APPLY}


def test_a_range_must_be_whole_and_in_order(book: Rulebook) -> None:
    """Missing ends and a wrong order are problems; a range of one value is that value."""
    whole = intake.parse({"labelled_examples": {"low": 10, "likely": 20, "high": 40}}, book)
    assert whole.plain() == {"labelled_examples": {"low": 10, "likely": 20, "high": 40}}
    point = intake.parse({"labelled_examples": {"low": 5, "likely": 5, "high": 5}}, book)
    assert point.plain() == {"labelled_examples": 5}
    for wrong in ({"low": 10}, {"low": 30, "likely": 20, "high": 40}):
        with pytest.raises(InputError):
            intake.parse({"labelled_examples": wrong}, book)


@pytest.mark.parametrize("value", [True, [], [1], "12 000", float("nan"), float("inf"), 10**30, {"a": {}}])
def test_nonsense_numbers_are_refused(book: Rulebook, value: object) -> None:
    """Booleans, lists, words, infinities and absurd sizes are never taken for a number."""
    with pytest.raises(InputError):
        intake.parse({"labelled_examples": value}, book)


@pytest.mark.parametrize("value", [1e308, 10**400])
def test_a_number_beyond_all_bounds_is_told_the_bound(book: Rulebook, value: float) -> None:
    """A budget has no bound of its own; one that is absurd is told where the line is."""
    with pytest.raises(InputError, match="allowed: a number from 0 to 1000000000000000 USD"):
        intake.parse({"setup_budget_usd": value}, book)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_plain_answers_parse_back_to_themselves(book: Rulebook, data: st.DataObject) -> None:
    """parse(plain(a)) = a, as YAML and as JSON."""
    raw: dict[str, object] = {}
    for name, question in book.questions.items():
        if not data.draw(st.booleans()):
            continue
        if question.kind == "choice":
            raw[name] = data.draw(st.sampled_from(question.values))
        elif question.kind == "share":
            raw[name] = data.draw(st.floats(0, 1, allow_nan=False))
        elif question.numeric:
            least = math.ceil(question.min or 0)
            raw[name] = data.draw(st.integers(least, int(min(question.max or 10**6, 10**6))))
        elif question.kind == "priorities":
            raw[name] = {"quality": data.draw(st.integers(1, 5)), "cost": data.draw(st.integers(0, 5))}
    answers = intake.parse(raw, book)
    assert intake.parse_text(yaml.safe_dump(answers.plain()), book) == answers
    assert intake.parse_text(json.dumps(answers.plain()), book) == answers
