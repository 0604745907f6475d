"""What a comparison needs of scored answers: the metric of every column, its resamples, and item scores if it has any.

`Outcomes` tables labels. `ItemScores` holds one score per item (exact match, token F1, ROUGE-L, ...), for metrics that
are means over items. Whatever else has these members can be compared as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..records import seed_for
from .metrics import RESAMPLES, Outcomes, Values, values

_BLOCK = 500


class Scored(Protocol):
    """Columns of answers (arms x seeds) to the same n items, as far as statistics need to know them."""

    @property
    def n(self) -> int:
        """The number of items."""
        ...

    def observed(self, metric: str) -> Values:
        """The metric of every column, shape [k]."""
        ...

    def resampled(self, metric: str, resamples: int = RESAMPLES) -> Values:
        """The metric of every column in bootstrap samples of the items, shape [resamples, k]."""
        ...

    def item_scores(self, metric: str) -> tuple[Values, Values] | None:
        """Scores [k, cells] in 0..1 and weights [cells] whose weighted mean is the metric; None if it is no such mean.

        The weights are numbers of items: items with equal scores in every column may share a cell.
        """
        ...


@dataclass(frozen=True, slots=True)
class ItemScores:
    """One score in 0..1 for every column and item, `scores` of shape [k, n]; every metric is its mean."""

    scores: Values

    @classmethod
    def of(cls, scores: Sequence[Sequence[float]]) -> ItemScores:
        """From k lists of n scores. Raises ValueError on no items, unequal lengths or scores outside 0..1."""
        if not scores or not len(scores[0]):
            raise ValueError("there are no items to score")
        if len({len(row) for row in scores}) > 1:
            raise ValueError(f"columns of unequal length: {sorted({len(row) for row in scores})}")
        table = np.asarray(scores, dtype=np.float64)
        if not ((table >= 0) & (table <= 1)).all():
            raise ValueError("scores must lie between 0 and 1")
        return cls(table)

    @property
    def n(self) -> int:
        """The number of items."""
        return int(self.scores.shape[1])

    def observed(self, metric: str) -> Values:
        """The mean of every column, shape [k]."""
        return np.asarray(self.scores.mean(axis=1))

    def resampled(self, metric: str, resamples: int = RESAMPLES) -> Values:
        """The mean of every column in bootstrap samples of the items, shape [resamples, k]; seeded by its size."""
        generator = np.random.default_rng(seed_for(0, "bootstrap", metric, self.n))
        even = np.full(self.n, 1 / self.n)
        blocks = [
            generator.multinomial(self.n, even, size=min(_BLOCK, resamples - start)) @ self.scores.T / self.n
            for start in range(0, resamples, _BLOCK)
        ]
        return np.concatenate(blocks)

    def item_scores(self, metric: str) -> tuple[Values, Values] | None:
        """The scores themselves, each item with weight 1."""
        return self.scores, np.ones(self.n)


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Labels answered, as `Scored`: accuracy is a mean over items, an F1 is not."""

    outcomes: Outcomes

    @property
    def n(self) -> int:
        """The number of items."""
        return self.outcomes.n

    def observed(self, metric: str) -> Values:
        """The metric of every column, shape [k]."""
        return np.asarray(values(self.outcomes, metric)[0])

    def resampled(self, metric: str, resamples: int = RESAMPLES) -> Values:
        """The metric of every column in bootstrap samples of the items, shape [resamples, k]."""
        return self.outcomes.resampled(metric, resamples)

    def item_scores(self, metric: str) -> tuple[Values, Values] | None:
        """Right or wrong per cell for accuracy, None for any other metric."""
        if metric != "accuracy":
            return None
        return (self.outcomes.given == self.outcomes.gold).astype(np.float64), self.outcomes.counts.astype(np.float64)
