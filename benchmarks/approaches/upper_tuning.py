"""The tuned arms that may train the upper layers alone: they look first whether that is as good on this task.

The look takes labelled rows of the training split. They decide between two ways of training and nothing else: the
adapter itself learns from the cell's own rows. Where the look does not pass, all layers are trained.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..models.language_model import LoadedModel
from ..models.lower_layers import lower_layers
from ..records import Example, TaskCard
from . import tuning
from .tuning import Tuning
from .upper_layers import compare

TOP = 10
EXAMPLES = 64
SEEDS = 1
ROWS = 800


def settings(*, shots: bool) -> dict[str, Any]:
    """What enters a cell's identity: the tuning's own settings and those of the look."""
    look = {"top": TOP, "examples": EXAMPLES, "seeds": SEEDS, "rows": ROWS}
    return {**tuning.settings(shots=shots), "upper_layers": look}


class UpperTuning(Tuning):
    """A tuning of the upper layers alone where `look_at` found that as good as tuning all, else of all layers."""

    def __init__(self, card: TaskCard, seed: int, model: LoadedModel, *, shots: bool) -> None:
        super().__init__(card, seed, model, shots=shots)
        self.looked: dict[str, Any] = {"verdict": "not looked at"}

    def look_at(self, pool: Sequence[Example]) -> None:
        """Compare both ways on rows of the training split; what was found decides the next `fit`."""
        started = time.perf_counter()
        if lower_layers(self.model, TOP) is None:
            self.looked = {"verdict": "not looked at", "reason": "the model has no layers that can be kept apart"}
            return
        found = compare(
            self.model,
            self.card,
            pool,
            TOP,
            examples=EXAMPLES,
            seeds=range(SEEDS),
            rows=ROWS,
            shots=self.with_shots,
        )
        self.top = TOP if found.holds else 0
        self.looked = {**found.record(), "seconds": round(time.perf_counter() - started, 3)}

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Train as `look_at` decided, all layers if nobody looked; the record says which and why."""
        made = dict(super().fit(train, dev))
        layers = f"top {self.top}" if self.top else "all"
        return {**made, "chosen": {**made["chosen"], "trained_layers": layers}, "upper_layers": self.looked}
