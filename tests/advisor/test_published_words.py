"""What the report says of published comparisons agrees with itself, with the ranking and with what is possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from advisor.intake import answers as intake
from advisor.reasoning.advice import Advice, ForecastEvidence
from advisor.reasoning.advise import advise
from advisor.reasoning.coverage import draw
from advisor.reasoning.engine import Engine
from advisor.reasoning.quality.forecast import contenders
from advisor.reports import render

ONLY_PROMPTS = {
    "task_kind": "classification",
    "labelled_examples": 50_000,
    "base_model_grade": "small",
    "prompt_effort": "zero_shot",
    "model_access": "hosted_api",
}
NOTHING = {**ONLY_PROMPTS, "setup_budget_usd": 0, "monthly_budget_usd": 0}
NEAR = {
    "task_kind": "classification",
    "class_count": 4,
    "labelled_examples": 5000,
    "base_model_grade": "mid_range",
    "prompt_effort": "few_shot",
    "tunable_model_size_b": 8,
    "quality_measure": "label_match",
    "knowledge_need": "none",
    "model_access": "open_weights",
}


def advised(engine: Engine, raw: dict[str, Any]) -> tuple[Advice, ForecastEvidence]:
    """The advice on one questionnaire, and its forecast."""
    advice = advise(intake.parse(raw, engine.book), engine)
    assert advice.evidence.forecast is not None
    return advice, advice.evidence.forecast


def words(advice: Advice, form: str = "text") -> str:
    """The report on one line."""
    return " ".join(render(advice, form).decode().split())


@pytest.mark.parametrize(("raw", "left"), [(ONLY_PROMPTS, "only prompting is"), (NOTHING, "no approach is")])
def test_evidence_points_nowhere_where_there_is_nothing_to_choose_between(
    shipped: Engine, raw: dict[str, Any], left: str
) -> None:
    """With one possible approach or none, no study is said to point to it and no chance is told, everywhere alike."""
    advice, found = advised(shipped, raw)
    assert sum(item.eligible for item in advice.ranking) == (left == "only prompting is")
    assert found.leads[0].points.value > 1
    assert f"As {left} possible under your answers, there is nothing to choose between." in found.text
    assert not found.levels
    assert not found.disagreement
    assert advice.confidence.value is None
    assert "There are not two possible approaches to compare." in words(advice, "md")


@pytest.mark.parametrize("material", ["domain_mix", "raw_documents"])
def test_no_number_of_labelled_examples_is_named_where_none_are_trained_on(shipped: Engine, material: str) -> None:
    """The forecast is the same at any number of labelled examples, and so no crossover is told."""
    few, many = (
        advised(shipped, {**NEAR, "training_material": material, "labelled_examples": count})[1]
        for count in (10, 100_000)
    )
    assert few.leads == many.leads
    for found in (few, many):
        assert (found.crossover.word, found.crossover.examples) == ("does_not_apply", None)
        assert "no number of labelled examples" in found.crossover.text


def test_the_crossover_and_the_lead_agree_on_the_stated_number(shipped: Engine) -> None:
    """Above the crossover tuning is forecast ahead, below it behind."""
    raw = {**NEAR, "base_model_grade": "frontier", "prompt_effort": "optimised", "class_count": 20}
    turn = advised(shipped, raw)[1].crossover.examples
    assert turn is not None
    for count, sign in ((turn.likely / 1.3, -1), (turn.likely * 1.3, 1)):
        lead = advised(shipped, {**raw, "labelled_examples": round(count)})[1].leads[0]
        assert lead.points.value * sign > 0


def test_without_a_recommendation_the_missing_percentage_is_not_blamed_on_the_studies(shipped: Engine) -> None:
    """Two answers are too few to recommend; the studies are near all the same and their chances are shown."""
    advice, found = advised(shipped, {"task_kind": "classification", "base_model_grade": "frontier"})
    assert advice.status == "abstain"
    assert advice.confidence.value is None
    assert found.levels
    assert "too little is known" in advice.confidence.basis
    assert "too far" not in advice.confidence.basis


def test_a_recommendation_against_the_better_chance_says_what_outweighs_it(shipped: Engine) -> None:
    """Where another approach is clearly likelier to be level in quality, the verdict names it; else it does not."""
    against = {**NEAR, "requirement_change": "weekly", "project_stage": "exploration", "use_case_count": 60}
    against |= {"prompt_quality": 0.95, "target_quality": 0.9, "setup_budget_usd": 100_000, "deadline_weeks": 40}
    advice, found = advised(shipped, against)
    chances = {level.approach: level.probability.value for level in found.levels}
    assert advice.recommendation == "prompting"
    assert max(chances.values()) - chances["prompting"] > 10
    assert "What speaks for prompting beyond those comparisons outweighs that here." in words(advice)
    plain, _ = advised(shipped, NEAR)
    assert plain.recommendation != "prompting"
    assert "outweighs that here" not in words(plain)


SCARCE = {"task_kind": "classification", "labelled_examples": 0, "class_count": 77, "base_model_grade": "frontier"}
UNEXPECTED = {"task_kind": "code", "base_model_grade": "frontier", "prompt_effort": "optimised"}


@pytest.mark.parametrize(
    ("raw", "side"), [(SCARCE, "prompting"), (NEAR, "tuning"), (UNEXPECTED, "")], ids=["scarce", "near", "unexpected"]
)
def test_points_against_the_lead_that_is_told_are_explained(shipped: Engine, raw: dict[str, Any], side: str) -> None:
    """Where comparisons see a side ahead and yet take points from it, the reason says that rules went further."""
    advice, found = advised(shipped, raw)
    given = {item.approach: item for item in advice.findings if item.rule == "published_quality"}
    gain = (given["fine_tuning"].points or 0) - (given["prompting"].points or 0)
    assert abs(found.leads[0].points.value) > 1
    assert (gain * found.leads[0].points.value < 0) == bool(side)
    for item in given.values():
        assert ("further ahead than the comparisons do" in item.because) == bool(side)
        assert f"put {side} further" in item.because or not side
        assert "(-" not in item.because


def test_approaches_of_about_the_same_chance_are_named_together() -> None:
    """54 % beside 60 and 59, or 75 % beside 82, is not singled out against; 40 beside 85 is."""
    told = contenders(np.array([[0.54, 0.60, 0.59], [0.82, 0.75, 0.10], [0.85, 0.40, 0.0]]), 0.8)
    assert told.tolist() == [[True, True, True], [True, True, False], [True, False, False]]


def test_whoever_is_named_ahead_in_quality_has_a_chance_clearly_above_the_rest(shipped: Engine) -> None:
    """Over a thousand questionnaires no approach is left out of those told together whose chance is near the best."""
    outcome = shipped.decide(draw(shipped.book, 1000, np.random.default_rng(1)))
    assert outcome.forecast is not None
    chances = outcome.forecast.within_level(outcome.eligible)
    named = contenders(chances, shipped.parameter("contenders_cover"))
    assert not (~named & outcome.eligible & (chances >= chances.max(axis=1, keepdims=True) - 0.1) & (chances > 0)).any()
    assert (~named & outcome.eligible).any()
