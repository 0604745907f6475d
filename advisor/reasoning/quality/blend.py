"""The quality criterion: what rules assume, then what published studies say, then what was measured.

Rules that read only what the forecast reads, too, are covered by it: their differences give way to the forecast's, the
more so the surer it is. All other rules keep their points. A measurement then takes the place of both, the more so the
more items it counted.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from advisor.intake.columns import Floats
from advisor.intake.measurements import Measurement
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rule, Rulebook
from advisor.reasoning.quality.features import COVERED
from advisor.reasoning.quality.forecast import Forecast

QUALITY = CRITERIA.index("quality")
MEASURED = "measured_quality"
PUBLISHED = "published_quality"


def covered(rule: Rule) -> bool:
    """Whether a rule on quality reads nothing that the forecast does not read."""
    return rule.kind == "score" and rule.criterion == "quality" and COVERED.issuperset(facts_read(rule.when))


def weight(forecast: Forecast, book: Rulebook, day: date) -> Floats:
    """How far the forecast replaces the covered rules, 0 to 1, shape (N,): by its variance against that of rules."""
    rules = float(book.parameters["rules_variance"].on(day))
    return rules / (rules + forecast.tuning_error**2)


def with_published(points: Floats, assumed: Floats, forecast: Forecast, book: Rulebook, day: date) -> Floats:
    """The criterion points, shape (N, 3, 5), with the forecast in.

    `assumed` (N, 3) are the points of covered rules in the quality column. Their mean stays; their differences move
    towards those of the forecast at a fixed rate of points per z.
    """
    rate = float(book.parameters["published_points_per_z"].on(day))
    utilities = forecast.utilities()
    stand = assumed.mean(axis=1, keepdims=True) + (utilities - utilities.mean(axis=1, keepdims=True)) * rate
    result = points.copy()
    result[:, :, QUALITY] += weight(forecast, book, day)[:, None] * (stand - assumed)
    return result


def measured_scores(measurement: Measurement) -> dict[str, float]:
    """The score (0-1) that each measured approach is credited with: ties with the best count as the best."""
    best = max(measurement.best, key=lambda approach: measurement.best[approach].score)
    top = measurement.best[best].score
    credited = {}
    for approach, arm in measurement.best.items():
        tied = approach == best or not measurement.shown(best, approach)
        credited[approach] = top if tied else arm.score
    return credited


def measured_weight(measurement: Measurement, book: Rulebook, day: date) -> float:
    """How far a measurement replaces the order of the rules, 0 to 1: n / (n + half) by its least number of items."""
    items = min(arm.n for arm in measurement.best.values())
    return items / (items + float(book.parameters["measured_half_weight_items"].on(day)))


def with_measured(points: Floats, measurement: Measurement | None, book: Rulebook, day: date) -> Floats:
    """The criterion points, shape (N, 3, 5), with the measured approaches compared as they were measured.

    Their level stays; their differences become those of the measurement, as far as `measured_weight` says.
    """
    if measurement is None or len(measurement.best) < 2:
        return points
    credited = measured_scores(measurement)
    rows = [APPROACHES.index(approach) for approach in credited]
    scores = np.array(list(credited.values()))
    rate = float(book.parameters["measured_points_per_10_percent"].on(day)) * 10
    share = measured_weight(measurement, book, day)
    level = points[:, rows, QUALITY].mean(axis=1, keepdims=True)
    result = points.copy()
    stand = level + (scores - scores.mean())[None, :] * rate
    result[:, rows, QUALITY] += share * (stand - points[:, rows, QUALITY])
    return result
