"""From cell records to scored columns: the items that all of them were asked, one column per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import LabelScores, Outcomes, Scored, Tallies
from ..statistics.metrics import RESAMPLES, Values
from ..tasks import CLASSIFICATION

Record = Mapping[str, Any]


def scored_of(records: Sequence[Record], task: Record) -> Scored:
    """Every record's answers, one column each, on the items that all of them were asked. `task` is the plan's."""
    answers = [{row["example_id"]: row for row in record["predictions"]} for record in records]
    shared = [key for key in answers[0] if all(key in column for column in answers)]
    if task["kind"] != CLASSIFICATION:
        return Tallies.of([[column[key]["judged"] for key in shared] for column in answers])
    golds = [answers[0][key]["gold"] for key in shared]
    return LabelScores(
        Outcomes.of(golds, [[column[key]["label"] for key in shared] for column in answers], task["labels"])
    )


def paired_records(a: Sequence[Record], b: Sequence[Record]) -> list[Record] | None:
    """The records of both arms by common seed, first those of `a`; None without a common seed."""
    seeds = sorted({record["cell"]["seed"] for record in a} & {record["cell"]["seed"] for record in b})
    if not seeds:
        return None
    return [next(record for record in side if record["cell"]["seed"] == seed) for side in (a, b) for seed in seeds]


@dataclass(frozen=True, slots=True)
class Alone:
    """Scored columns beside as many that are always wrong: a score as a difference from nothing."""

    scored: Scored

    @property
    def n(self) -> int:
        """The number of items."""
        return self.scored.n

    def observed(self, metric: str) -> Values:
        """The metric of every column, then zeros."""
        found = self.scored.observed(metric)
        return np.concatenate([found, np.zeros_like(found)])

    def resampled(self, metric: str, resamples: int = RESAMPLES) -> Values:
        """The metric of every column in resamples of the items, then zeros."""
        found = self.scored.resampled(metric, resamples)
        return np.concatenate([found, np.zeros_like(found)], axis=1)

    def item_scores(self, metric: str) -> tuple[Values, Values] | None:
        """Item scores of every column, then zeros."""
        found = self.scored.item_scores(metric)
        return None if found is None else (np.concatenate([found[0], np.zeros_like(found[0])]), found[1])
