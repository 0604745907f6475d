"""Scores with intervals, paired differences and what they show, races, and how many items a difference needs."""

from __future__ import annotations

from ..tasks.kinds import metrics_of
from .conclusions import Conclusion, conclude
from .differences import MARGIN, Difference, compared, paired_difference, paired_scores, seed_prior
from .intervals import score_interval, wilson
from .metrics import Outcomes, values
from .power import items_needed, minimum_detectable_difference
from .race import Field, Race, Races, judge, race_order
from .scores import ItemScores, LabelScores, Scored
from .tallies import Tallies, judged

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
    "Tallies",
    "compared",
    "conclude",
    "items_needed",
    "judge",
    "judged",
    "metrics_of",
    "minimum_detectable_difference",
    "paired_difference",
    "paired_scores",
    "race_order",
    "score_interval",
    "seed_prior",
    "values",
    "wilson",
]
