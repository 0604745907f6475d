"""Scores with intervals, paired differences and what they show, races, and how many items a difference needs."""

from __future__ import annotations

from .conclusions import Conclusion, conclude
from .differences import MARGIN, Difference, compared, paired_difference, paired_scores
from .intervals import score_interval, wilson
from .metrics import Outcomes, metrics_of, values
from .power import items_needed, minimum_detectable_difference
from .race import Field, Race, Races, judge, race_order
from .scores import ItemScores, LabelScores, Scored

__all__ = [
    "MARGIN",
    "Conclusion",
    "Difference",
    "Field",
    "ItemScores",
    "LabelScores",
    "Outcomes",
    "Race",
    "Races",
    "Scored",
    "compared",
    "conclude",
    "items_needed",
    "judge",
    "metrics_of",
    "minimum_detectable_difference",
    "paired_difference",
    "paired_scores",
    "race_order",
    "score_interval",
    "values",
    "wilson",
]
