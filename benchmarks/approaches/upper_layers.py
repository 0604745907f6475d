"""Whether training the upper layers alone is as good as training all, on one task: measured, never assumed.

Upper layers are trained over kept activations of the lower ones, at a fraction of the cost. On some tasks that loses
quality; only where it provably does not may it be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from ..models.language_model import LoadedModel
from ..records import Example, Task, nested_subset
from .tuning import Tuning

MARGIN = 0.02
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Comparison:
    """Shares of right answers per seed, with all layers trained and with the `top` upper ones, on the same rows.

    `difference` is the upper layers' lead, and `least` is its lower confidence bound over rows.
    """

    top: int
    every: tuple[float, ...]
    upper: tuple[float, ...]
    rows: int
    difference: float
    least: float

    @property
    def holds(self) -> bool:
        """Whether the upper layers are at most MARGIN worse, with CONFIDENCE."""
        return self.least > -MARGIN

    def line(self) -> str:
        """The comparison in a line."""
        verdict = "passes" if self.holds else "does not pass"
        return (
            f"{verdict}: top {self.top} layers {np.mean(self.upper):.3f}, all {np.mean(self.every):.3f}, difference "
            f"{self.difference:+.3f}, at least {self.least:+.3f} ({len(self.every)} seeds, {self.rows} rows)"
        )


def compare(model: LoadedModel, task: Task, top: int, *, examples: int, seeds: Sequence[int], dev: int) -> Comparison:
    """The comparison on `dev` labelled rows of the training split that no seed is trained on; test rows stay closed."""
    held = nested_subset(task.train, dev, 0)
    kept = set(held)
    pool = [row for row in task.train if row not in kept]
    right: dict[int, list[list[bool]]] = {0: [], top: []}
    for seed in seeds:
        train = nested_subset(pool, examples, seed)
        for layers, found in right.items():
            found.append(_right(model, task, train, held, seed, layers))
    return judged(top, right[0], right[top])


def judged(top: int, every: Sequence[Sequence[bool]], upper: Sequence[Sequence[bool]]) -> Comparison:
    """The comparison from what was right, seed by seed and row by row; seeds of one row are no rows of their own."""
    leads = np.mean(np.asarray(upper, dtype=float) - np.asarray(every, dtype=float), axis=0)
    rows = len(leads)
    # Where no row differs the rows say little about how many of the next would: as if one more row had.
    spread = max(float(leads.std(ddof=1)), 1 / sqrt(rows))
    least = float(leads.mean()) - NormalDist().inv_cdf(CONFIDENCE) * spread / sqrt(rows)
    shares = [tuple(float(np.mean(one)) for one in rows_right) for rows_right in (every, upper)]
    return Comparison(top, shares[0], shares[1], rows, float(leads.mean()), least)


def _right(
    model: LoadedModel, task: Task, train: Sequence[Example], held: Sequence[Example], seed: int, layers: int
) -> list[bool]:
    tuned = Tuning(task.card, seed, model, shots=False, top=layers)
    tuned.fit(train, ())
    answers = tuned.predict([row.text for row in held])
    return [answer.label == row.label for answer, row in zip(answers, held, strict=True)]
