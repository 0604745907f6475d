"""Scores with intervals, paired differences and their verdicts, and how many items a difference needs."""

from __future__ import annotations

from .differences import Difference, paired_difference
from .intervals import score_interval, wilson
from .metrics import Outcomes, metrics_of, values
from .power import items_needed, minimum_detectable_difference

__all__ = [
    "Difference",
    "Outcomes",
    "items_needed",
    "metrics_of",
    "minimum_detectable_difference",
    "paired_difference",
    "score_interval",
    "values",
    "wilson",
]
