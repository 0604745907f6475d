"""Choosing on few labelled rows: the task's own metric, and a default that only a clearly better rival displaces.

On 16 rows the best of nine candidates is mostly the luckiest one. A rival must therefore beat the default in most
bootstrap resamples of the rows, about as often as a lead of one standard error would.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..statistics.tallies import Judged, Tallies
from .calibration import Array, log_posterior

RESAMPLES = 200
SHARE_TO_DISPLACE = 0.84


def quality(labels: Sequence[str], metric: str, gold: Sequence[str], scores: Array) -> tuple[float, float]:
    """How good scores are on labelled rows: the task's own metric first, the mean log-probability of gold second."""
    truth = np.array([labels.index(label) for label in gold])
    likelihood = float(log_posterior(scores)[np.arange(len(truth)), truth].mean())
    return _metric(labels, metric, truth, scores.argmax(axis=1)), likelihood


def choose(labels: Sequence[str], metric: str, gold: Sequence[str], scores: Sequence[Array]) -> tuple[int, float]:
    """The index of the scores to keep, and the share of resamples in which the best rival beat the default.

    `scores[0]` is the default's. A resample in which both are equally good counts half.
    """
    qualities = [quality(labels, metric, gold, one) for one in scores]
    best = max(range(len(scores)), key=lambda index: (qualities[index], -index))
    if best == 0:
        return 0, 0.0
    truth = np.array([labels.index(label) for label in gold])
    default, rival = scores[0].argmax(axis=1), scores[best].argmax(axis=1)
    generator = np.random.default_rng(0)
    won = 0.0
    for _ in range(RESAMPLES):
        rows = generator.integers(len(truth), size=len(truth))
        lead = _metric(labels, metric, truth[rows], rival[rows]) - _metric(labels, metric, truth[rows], default[rows])
        won += 1.0 if lead > 0 else 0.5 if lead == 0 else 0.0
    share = won / RESAMPLES
    return (best if share >= SHARE_TO_DISPLACE else 0), share


def judged_quality(metric: str, judged: Sequence[Judged]) -> tuple[float, float]:
    """How good judged answers are: the task's own metric first, the mean of all its metrics second."""
    table = Tallies.of([judged])
    values = {name: float(table.observed(name)[0]) for name in table.sums}
    return values[metric], float(np.mean(list(values.values())))


def choose_judged(metric: str, candidates: Sequence[Sequence[Judged]]) -> tuple[int, float]:
    """As `choose`, for answers judged one by one; the first candidate is the default, kept where nothing was judged."""
    if not candidates[0]:
        return 0, 0.0
    qualities = [judged_quality(metric, one) for one in candidates]
    best = max(range(len(candidates)), key=lambda index: (qualities[index], -index))
    if best == 0:
        return 0, 0.0
    draws = Tallies.of([candidates[0], candidates[best]]).resampled(metric, RESAMPLES)
    lead = draws[:, 1] - draws[:, 0]
    share = float(((lead > 0) + 0.5 * (lead == 0)).mean())
    return (best if share >= SHARE_TO_DISPLACE else 0), share


def _metric(labels: Sequence[str], metric: str, truth: Array, given: Array) -> float:
    """Accuracy, F1 of one label, or macro-F1 over the labels that occur in `truth`."""
    if metric == "accuracy":
        return float((given == truth).mean())
    size = len(labels)
    hits = np.bincount(truth[truth == given], minlength=size)
    total = np.bincount(truth, minlength=size) + np.bincount(given, minlength=size)
    f1 = 2 * hits / np.maximum(total, 1)
    if metric.startswith("f1_of_"):
        wanted = metric.removeprefix("f1_of_").replace("_", " ")
        return float(f1[[label.replace("_", " ") for label in labels].index(wanted)])
    return float(f1[np.bincount(truth, minlength=size) > 0].mean())
