"""Accuracy, macro-F1 and the F1 of one label, computed from counts so that ten thousand resamples take milliseconds.

Answers are tabled once: every distinct combination (gold label, answer 1, ..., answer k) is one cell with a count. A
resample of the items is then a row of counts, and every metric is a few sums over cells. "No answer" is an answer
that is never right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..records import seed_for
from ..tasks.kinds import label_of_metric

Counts = NDArray[np.int64]
Values = NDArray[np.float64]

RESAMPLES = 10_000
_BLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What k columns of answers (arms or seeds) said about the same n items, as a table of distinct combinations.

    `gold` has shape [cells], `given` [k, cells] (the code `len(labels)` means no answer), `counts` [cells], sum n.
    """

    labels: tuple[str, ...]
    gold: Counts
    given: Counts
    counts: Counts

    @classmethod
    def of(cls, golds: Sequence[str], answers: Sequence[Sequence[str | None]], labels: Sequence[str]) -> Outcomes:
        """The table of `golds` [n] and `answers` [k][n]. Raises ValueError on no items, or on unequal lengths."""
        if not golds:
            raise ValueError("there are no items to score")
        code = {label: index for index, label in enumerate(labels)}
        rows = [[code[gold] for gold in golds]]
        for column in answers:
            if len(column) != len(golds):
                raise ValueError(f"{len(column)} answers for {len(golds)} items")
            rows.append([len(labels) if label is None else code[label] for label in column])
        cells, counts = np.unique(np.asarray(rows, dtype=np.int64), axis=1, return_counts=True)
        return cls(tuple(labels), cells[0], cells[1:], counts.astype(np.int64))

    @property
    def n(self) -> int:
        """The number of items."""
        return int(self.counts.sum())

    def resampled(self, metric: str, resamples: int = RESAMPLES) -> Values:
        """The metric of every column in `resamples` bootstrap samples of the items, shape [resamples, k].

        The draw is multinomial over the occupied cells and seeded by the metric and the table's size alone, so equal
        answers give equal numbers.
        """
        generator = np.random.default_rng(seed_for(0, "bootstrap", metric, self.n, len(self.counts)))
        share = self.counts / self.n
        blocks = [
            values(self, metric, generator.multinomial(self.n, share, size=min(_BLOCK, resamples - start)))
            for start in range(0, resamples, _BLOCK)
        ]
        return np.concatenate(blocks)


def values(outcomes: Outcomes, metric: str, counts: Counts | None = None) -> Values:
    """The metric of every column of answers for each row of cell counts [b, cells]; shape [b, k].

    Macro-F1 is the mean over the labels that occur in the (re)sampled items; an F1 without any item or answer of its
    label is 0. Without `counts` the observed table is used, and b is 1. Raises ValueError on an unknown metric.
    """
    table = outcomes.counts[None, :] if counts is None else counts
    weights = table.astype(np.float64)
    if metric == "accuracy":
        right = (outcomes.given == outcomes.gold).T.astype(np.float64)
        return np.asarray(weights @ right / outcomes.n)
    if metric == "macro_f1":
        wanted = np.unique(outcomes.gold)
        columns = [_macro(weights, outcomes.gold, given, wanted) for given in outcomes.given]
        return np.stack(columns, axis=1)
    label = label_of_metric(metric, outcomes.labels)
    if label is None:
        raise ValueError(f"unknown metric {metric!r}")
    code = np.asarray([outcomes.labels.index(label)])
    return np.concatenate([_f1(weights, outcomes.gold, given, code)[0] for given in outcomes.given], axis=1)


def _f1(weights: Values, gold: Counts, given: Counts, codes: Counts) -> tuple[Values, Values]:
    """The F1 [b, codes] of each label, and how many items [b, codes] carry it."""
    is_gold = (gold[:, None] == codes).astype(np.float64)
    is_given = (given[:, None] == codes).astype(np.float64)
    hits = weights @ (is_gold * is_given)
    support = weights @ is_gold
    either = support + weights @ is_given
    return np.divide(2 * hits, either, out=np.zeros_like(hits), where=either > 0), support


def _macro(weights: Values, gold: Counts, given: Counts, codes: Counts) -> Values:
    score, support = _f1(weights, gold, given, codes)
    present = support > 0
    return np.asarray((score * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1))
