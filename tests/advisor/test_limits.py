"""What an advice says about its own limits, computed from the case."""

from __future__ import annotations

from advisor.intake import answers as intake
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine


def limits(shipped: Engine, **raw: object) -> dict[str, str]:
    advice = advise(intake.parse(raw, shipped.book), shipped)
    return {limit.id: limit.text for limit in advice.limits}


def test_a_number_far_from_common_answers_is_called_an_extrapolation(shipped: Engine) -> None:
    """A million labelled examples are beyond the common span, two thousand are not."""
    far = limits(shipped, task_kind="classification", labelled_examples=1_000_000, class_count=4)
    assert "labelled_examples is 1,000,000" in far["extrapolating"]
    assert "extrapolating" not in limits(shipped, task_kind="classification", labelled_examples=2_000, class_count=4)


def test_answers_that_pull_both_ways_are_pointed_out(shipped: Engine) -> None:
    """A good enough prompt with a clear shortfall speaks for and against prompting: both answers are named."""
    found = limits(shipped, quality_gap="none", target_quality=0.95, prompt_quality=0.6, task_kind="extraction")
    text = found["opposed_prompting_quality"]
    assert "quality_gap" in text
    assert "prompt_quality" in text


def test_few_answers_and_no_measurement_are_said(shipped: Engine) -> None:
    """The limits name the share of questions answered and that nothing was measured."""
    found = limits(shipped, task_kind="classification")
    assert found["few_answers"].startswith("1 of ")
    assert "not_measured" in found
