"""How many weeks each approach takes until it is in use, as bands over N scenarios."""

from __future__ import annotations

import numpy as np

from advisor.reasoning.costs.inputs import Band
from advisor.reasoning.costs.situation import Situation


def weeks(case: Situation) -> dict[str, Band]:
    """The lead time of each approach in weeks, shape (3, N).

    prompting = longer of (base × kind of prompt) and (missing evaluation labels / labels a week), + retrieval if any
    fine_tuning = base × time by expertise × (1 − s) + longer of (base × s × share of labels missing) and
                  (missing labels / labels a week), with s the share of the lead time that goes into labels
    hybrid = fine_tuning + part of prompting's own time + retrieval if any
    """
    inputs, labels = case.inputs, case.labels
    rate = inputs.assumed("labels_per_week", falling=True).values + _arising(case)
    base = inputs.priced("prompting", "lead_time", "lead time").values
    writing = base * inputs.assumed("prompt_lead_factor").values * case.prompting_breadth.values
    retrieval = inputs.priced("retrieval", "lead_time", "lead time").values
    looked_up = np.where(case.retrieval, retrieval, 0.0)
    test_labels = labels.missing_for_evaluation.values / rate
    prompting = np.maximum(writing, test_labels) + looked_up

    tuning = inputs.priced("fine_tuning", "lead_time", "lead time").values
    share = inputs.assumed("labelling_share_of_lead").values
    skill = inputs.assumed("expertise_factor").values
    missing = labels.missing_for_tuning.values
    missing_share = np.minimum(missing / np.maximum(labels.needed.values, 1.0), 1.0)
    labelling = np.maximum(tuning * share * missing_share, missing / rate)
    fine_tuning = tuning * skill * (1 - share) + labelling
    extra = writing * inputs.assumed("hybrid_prompt_lead_share").values
    bands = {"prompting": prompting, "fine_tuning": fine_tuning, "hybrid": fine_tuning + extra + looked_up}
    shape = (3, inputs.facts.n)
    return {name: np.broadcast_to(band, shape) for name, band in bands.items()}


def _arising(case: Situation) -> Band:
    """Labels that arise each week anyway, more in the favourable row; none where that is not known."""
    column = case.inputs.facts.numbers("new_labels_per_week")
    return np.where(column.known, np.stack((column.high, column.likely, column.low)), 0.0)
