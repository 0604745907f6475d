"""What an advice says about its own limits, computed from the case."""

from __future__ import annotations

import re

from advisor.intake import answers as intake
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine


def limits(shipped: Engine, **raw: object) -> dict[str, str]:
    advice = advise(intake.parse(raw, shipped.book), shipped)
    return {limit.id: limit.text for limit in advice.limits}


def test_a_number_far_from_common_answers_is_called_an_extrapolation(shipped: Engine) -> None:
    """A million labelled examples are beyond the common span, two thousand are not."""
    far = limits(shipped, task_kind="classification", labelled_examples=1_000_000, class_count=4)
    assert "labelled examples: 1,000,000, where" in far["extrapolating"]
    assert "extrapolating" not in limits(shipped, task_kind="classification", labelled_examples=2_000, class_count=4)


def test_answers_that_pull_both_ways_are_pointed_out(shipped: Engine) -> None:
    """A good enough prompt with a clear shortfall speaks for and against prompting: both answers are named."""
    found = limits(shipped, quality_gap="none", target_quality=0.95, prompt_quality=0.6, task_kind="extraction")
    text = found["opposed_prompting_quality"]
    assert "quality gap" in text
    assert "prompt quality" in text


def test_few_answers_and_no_measurement_are_said(shipped: Engine) -> None:
    """The limits name the share of questions answered and that nothing was measured."""
    found = limits(shipped, task_kind="classification")
    assert found["few_answers"].startswith("1 of ")
    assert "not_measured" in found


def test_limits_speak_of_answers_in_words_and_count_what_they_leave_out(shipped: Engine) -> None:
    """No code of a field stands in a limit, a bound has its unit, and of many open gates the rest is counted."""
    told = limits(
        shipped,
        task_kind="extraction",
        base_model_size_b=0.1,
        knowledge_need="none",
        knowledge_tokens=9000,
        proprietary_data="extensive",
        quality_gap="missing_knowledge",
    )
    assert "base model size: 0.1, where 1 to 400 billion parameters are usual" in told["extrapolating"]
    assert "set aside: knowledge tokens." in told["set_aside"]
    assert "(proprietary data) for it" in told["opposed_fine_tuning_quality"]
    assert re.search(r"^\d+ conditions .*: [^;]+; [^;]+; [^;]+ and \d+ more\.$", told["open_gates"])
    assert not any("_" in text for name, text in told.items() if name != "record")
