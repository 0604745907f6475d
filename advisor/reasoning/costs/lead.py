"""How many weeks each approach takes until it is in use, as bands over N scenarios."""

from __future__ import annotations

import numpy as np

from advisor.language import say
from advisor.reasoning.costs.inputs import Band
from advisor.reasoning.costs.situation import Situation


def stage_weeks(case: Situation) -> dict[str, dict[str, Band]]:
    """The weeks of each stage of each approach, shape (3, N); they add up to the lead time of the approach.

    prompting = longer of (base × kind of prompt) and (missing evaluation labels / labels a week), + retrieval if any
    fine_tuning = base × time by expertise × (1 − s) + longer of (base × s × share of labels missing) and
                  (missing labels / labels a week), with s the share of the lead time that goes into labels
    hybrid = fine_tuning + part of prompting's own time + retrieval if any
    """
    inputs, labels = case.inputs, case.labels
    rate = inputs.assumed("labels_per_week", falling=True).values + _arising(case)
    base = inputs.priced("prompting", "lead_time", say("lead time of a prompt")).values
    writing = base * inputs.assumed("prompt_lead_factor").values * case.prompting_breadth.values
    retrieval = inputs.priced("retrieval", "lead_time", say("lead time of retrieval")).values
    looked_up = np.where(case.retrieval, retrieval, 0.0)
    test_labels = labels.missing_for_evaluation.values
    first, half = np.maximum(writing, test_labels / rate), inputs.assumed("evaluation_share_of_prompting").values
    prompting = {"evaluate": first * half, "prompt": first * (1 - half), "retrieve": looked_up}

    tuning = inputs.priced("fine_tuning", "lead_time", say("lead time of tuning")).values
    share = inputs.assumed("labelling_share_of_lead").values
    missing = labels.missing_for_training.values + test_labels
    missing_share = np.minimum(missing / np.maximum(labels.needed.values, 1.0), 1.0)
    labelling = np.maximum(tuning * share * missing_share, missing / rate)
    rest = tuning * inputs.assumed("expertise_factor").values * (1 - share)
    tested, prompted = inputs.assumed("evaluation_share_of_tuning").values, inputs.assumed("baseline_share").values
    fine_tuning = {
        "evaluate": rest * tested,
        "prompt": rest * prompted,
        "collect": labelling,
        "tune": rest * (1 - tested - prompted),
    }
    extra = writing * inputs.assumed("hybrid_prompt_lead_share").values
    hybrid = {**fine_tuning, "retrieve": looked_up, "combine": extra}
    plans = {"prompting": prompting, "fine_tuning": fine_tuning, "hybrid": hybrid}
    shape = (3, inputs.facts.n)
    return {
        approach: {stage: np.broadcast_to(band, shape) for stage, band in stages.items()}
        for approach, stages in plans.items()
    }


def weeks(case: Situation) -> dict[str, Band]:
    """The lead time of each approach in weeks, shape (3, N): the sum of its stages."""
    return {approach: np.sum(list(stages.values()), axis=0) for approach, stages in stage_weeks(case).items()}


def _arising(case: Situation) -> Band:
    """Labels that arise each week anyway, more in the favourable row; none where that is not known."""
    arising, _ = case.inputs.stated("new_labels_per_week", say("new labels a week"), falling=True)
    return arising
