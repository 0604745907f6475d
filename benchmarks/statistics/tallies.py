"""Answers that are objects or texts, judged one by one: every metric is a ratio of two sums over the items.

For a mean score the second sum counts items. For a micro-averaged F1 an item adds twice the fields it has right to the
first, and the fields given and wanted to the second. Sums are all that a resample of the items needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..records import seed_for
from ..tasks.kinds import EXTRACTION, metrics_of
from .fields import Pair, field_score
from .metrics import RESAMPLES, Values
from .texts import text_score

_BLOCK = 500

Judged = Mapping[str, Pair]


def judged(
    kind: str, metric: str, answer: str | None, references: Sequence[str], *, language: str, choices: Sequence[str]
) -> dict[str, Pair]:
    """What one answer adds to both sums of every metric of the task; None is no answer, which is wrong throughout."""
    names = metrics_of(metric, kind, choices)
    if kind == EXTRACTION:
        return {name: field_score(name, answer, references[0], choices) for name in names}
    return {name: (text_score(name, answer, references, language), 1.0) for name in names}


@dataclass(frozen=True, slots=True)
class Tallies:
    """What k columns of answers (arms or seeds) to the same n items add to a metric: `sums` has shape [2, k, n]."""

    sums: Mapping[str, Values]

    @classmethod
    def of(cls, columns: Sequence[Sequence[Judged]]) -> Tallies:
        """From k lists of n judged answers. Raises ValueError on no items or unequal lengths."""
        if not columns or not columns[0]:
            raise ValueError("there are no items to score")
        if len({len(column) for column in columns}) > 1:
            raise ValueError(f"columns of unequal length: {sorted({len(column) for column in columns})}")
        names = columns[0][0]
        return cls(
            {
                name: np.moveaxis(np.asarray([[row[name] for row in column] for column in columns], dtype=float), 2, 0)
                for name in names
            }
        )

    @property
    def n(self) -> int:
        """The number of items."""
        return int(next(iter(self.sums.values())).shape[2])

    def observed(self, metric: str) -> Values:
        """The metric of every column, shape [k]."""
        right, total = self._sums(metric).sum(axis=2)
        return _ratio(right, total)

    def resampled(self, metric: str, resamples: int = RESAMPLES) -> Values:
        """The metric of every column in bootstrap samples of the items, shape [resamples, k]; seeded by its size."""
        generator = np.random.default_rng(seed_for(0, "bootstrap", metric, self.n))
        right, total = self._sums(metric)
        even = np.full(self.n, 1 / self.n)
        blocks = []
        for start in range(0, resamples, _BLOCK):
            counts = generator.multinomial(self.n, even, size=min(_BLOCK, resamples - start)).astype(float)
            blocks.append(_ratio(counts @ right.T, counts @ total.T))
        return np.concatenate(blocks)

    def item_scores(self, metric: str) -> tuple[Values, Values] | None:
        """Scores [k, n] and weights [n] whose mean is the metric; None for a ratio that is no mean over items."""
        right, total = self._sums(metric)
        return (right, np.ones(self.n)) if (total == 1).all() else None

    def _sums(self, metric: str) -> Values:
        if metric not in self.sums:
            raise ValueError(f"unknown metric {metric!r}")
        return self.sums[metric]


def _ratio(right: Values, total: Values) -> Values:
    """Where nothing was wanted and nothing given, everything is right."""
    return np.divide(right, total, out=np.ones_like(right), where=total > 0)
