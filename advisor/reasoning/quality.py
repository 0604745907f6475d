"""The quality criterion when there is a measurement: what was measured replaces what the rules assume.

The level stays that of the rules (the mean of their quality points over the measured approaches); the differences
become those of the measurement, at a fixed exchange rate of points per ten percentage points. Approaches whose paired
difference from the best is not shown count as equal to the best: a tie is called a tie.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from advisor.intake.columns import Floats
from advisor.intake.measurements import Measurement
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rulebook

QUALITY = CRITERIA.index("quality")
RULE = "measured_quality"


def measured_scores(measurement: Measurement) -> dict[str, float]:
    """The score (0-1) that each measured approach is credited with: ties with the best count as the best."""
    best = max(measurement.best, key=lambda approach: measurement.best[approach].score)
    top = measurement.best[best].score
    credited = {}
    for approach, arm in measurement.best.items():
        tied = approach == best or not measurement.shown(best, approach)
        credited[approach] = top if tied else arm.score
    return credited


def apply(points: Floats, measurement: Measurement | None, book: Rulebook, day: date) -> Floats:
    """The criterion points, shape (N, 3, 5), with the quality column of measured approaches replaced."""
    if measurement is None or len(measurement.best) < 2:
        return points
    credited = measured_scores(measurement)
    rows = [APPROACHES.index(approach) for approach in credited]
    scores = np.array(list(credited.values()))
    rate = float(book.parameters["measured_points_per_10_percent"].on(day)) * 10
    level = points[:, rows, QUALITY].mean(axis=1, keepdims=True)
    result = points.copy()
    result[:, rows, QUALITY] = level + (scores - scores.mean())[None, :] * rate
    return result
