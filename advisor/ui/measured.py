"""What a benchmark run measured, drawn with the page's own means: each figure with its interval and origin."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from advisor.intake.measurements import ArmResult, Comparison, Measurement
from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import measure
from advisor.language import say
from advisor.reports.document import ChartSpec, Mark, Series
from advisor.reports.figures import aside, figure, mark
from advisor.ui.drawing import draw_chart
from advisor.ui.runs import legend
from advisor.ui.wording import literal


def arm_titles() -> Mapping[str, str]:
    """The arms of the benchmark in words, by their ids."""
    return {
        "majority": say("Always the most frequent answer"),
        "linear": say("Word counts and a linear classifier"),
        "nearest": say("The most similar example's answer"),
        "zero_shot": say("Prompt without examples"),
        "few_shot": say("Prompt with examples"),
        "retrieved_few_shot": say("Prompt with the most similar examples"),
        "optimised_prompt": say("Prompt searched for automatically"),
        "encoder_head": say("Sentence encoder with a trained classifier"),
        "encoder_contrastive": say("Sentence encoder trained by contrast"),
        "lora": say("Fine-tuning by adapters (LoRA)"),
        "full": say("Fine-tuning of all weights"),
        "hybrid": say("Hybrid: adapters trained on a prompt with examples"),
        "lora_upper": say("Fine-tuning of the upper layers"),
        "hybrid_upper": say("Hybrid on the upper layers"),
    }


def draw(found: Measurement, key: str) -> None:
    """Draws what each approach reached on the same test rows, and which differences were shown. `key` is unique."""
    arms = (*found.best.values(), *found.baselines)
    if not found.best:
        text = "Only simple methods ran. Add a prompt and a fine-tuning, and the run can check the advice."
        st.caption(say(text))
        return
    draw_chart(_chart(found, arms, key))
    for comparison in found.comparisons:
        st.markdown(_compared(comparison))
    if found.model:
        st.caption(say("Model: {name}", name=literal(found.model)))
    st.caption(legend(("measured",)))


def _chart(found: Measurement, arms: tuple[ArmResult, ...], key: str) -> ChartSpec:
    titles = arm_titles()
    marks = tuple(Mark(titles.get(arm.arm, arm.arm), _score(arm)) for arm in arms)
    size = next(iter(found.best.values())).train_size
    first = max(marks, key=lambda one: one.amount.value)
    said = f"{figure(first.amount)} ({aside(first.amount)})"
    return ChartSpec(
        id=f"measured-{key}",
        kind="interval",
        title=say("What each reached with {size} training examples", size=size),
        axis=f"{measure(found.metric)}, %",
        alt=say("{title} reached most: {score}.", title=first.label, score=said),
        series=(Series(measure(found.metric), marks),),
    )


def _score(arm: ArmResult) -> Quantity:
    source = f"benchmark run, {arm.method}, {arm.seeds} seed(s)"
    return Quantity(100 * arm.score, "%", "measured", source, 100 * arm.low, 100 * arm.high, arm.n)


def _compared(found: Comparison) -> str:
    first, second, sign = (found.left, found.right, 1) if found.difference >= 0 else (found.right, found.left, -1)
    titles = arm_titles()
    names = {"left": titles.get(first.arm, first.arm), "right": titles.get(second.arm, second.arm)}
    low, high = sorted((sign * found.low, sign * found.high))
    value = abs(found.difference)
    lead = Quantity(100 * value, "points of 100", "measured", found.method, 100 * low, 100 * high, found.n)
    said = f"{figure(lead)}{mark(lead.origin)} ({aside(lead)})"
    if low <= 0 <= high:
        text = say("{left} and {right}: {lead}; that shows no difference.", lead=said, **names)
    else:
        text = say("{left} is ahead of {right} by {lead}.", lead=said, **names)
    return literal(text)
