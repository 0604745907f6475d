"""Whether training the upper layers alone is as good as training all, on one task: measured, never assumed.

Upper layers are trained over kept activations of the lower ones, at a fraction of the cost. On some tasks that loses
quality; only where it provably does not may it be used. What was right after one training is kept, so that a check that
was stopped goes on where it was, and the next run on the same task need not repeat it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from ..models.files import models_home
from ..models.language_model import LoadedModel
from ..records import Example, TaskCard, digest, nested_subset
from .tuning import Tuning, settings

MARGIN = 0.02
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Comparison:
    """Shares of right answers per seed, with all layers trained and with the `top` upper ones, on the same rows.

    `difference` is the upper layers' lead; `least` and `most` are its one-sided confidence bounds over rows.
    """

    top: int
    every: tuple[float, ...]
    upper: tuple[float, ...]
    rows: int
    difference: float
    least: float
    most: float

    @property
    def holds(self) -> bool:
        """Whether the upper layers are at most MARGIN worse, with CONFIDENCE."""
        return self.least > -MARGIN

    @property
    def verdict(self) -> str:
        """`passes`; `worse` where a loss is shown; `undecided` where the rows are too few for either."""
        if self.holds:
            return "passes"
        return "worse" if self.most < 0 else "undecided"

    def line(self) -> str:
        """The comparison in a line."""
        verdict = self.verdict if self.holds else f"does not pass, {self.verdict}"
        return (
            f"{verdict}: top {self.top} layers {np.mean(self.upper):.3f}, all {np.mean(self.every):.3f}, difference "
            f"{self.difference:+.3f}, {self.least:+.3f} to {self.most:+.3f} ({len(self.every)} seeds, {self.rows} rows)"
        )

    def record(self) -> dict[str, Any]:
        """The comparison as a cell's record has it."""
        return {**asdict(self), "margin": MARGIN, "confidence": CONFIDENCE, "verdict": self.verdict}


def compare(
    model: LoadedModel,
    card: TaskCard,
    pool: Sequence[Example],
    top: int,
    *,
    examples: int,
    seeds: Sequence[int],
    rows: int,
    shots: bool = False,
) -> Comparison:
    """The comparison on at most `rows` rows of `pool`, training rows of the task, that no seed is trained on."""
    held = nested_subset(pool, min(rows, max(2, len(pool) - examples)), 0)
    kept = set(held)
    rest = [row for row in pool if row not in kept]
    right: dict[int, list[list[bool]]] = {0: [], top: []}
    for seed in seeds:
        train = nested_subset(rest, min(examples, len(rest)), seed)
        for layers, found in right.items():
            found.append(_right(model, card, train, held, seed, layers, shots))
    return judged(top, right[0], right[top])


def judged(top: int, every: Sequence[Sequence[bool]], upper: Sequence[Sequence[bool]]) -> Comparison:
    """The comparison from what was right, seed by seed and row by row; seeds of one row are no rows of their own."""
    leads = np.mean(np.asarray(upper, dtype=float) - np.asarray(every, dtype=float), axis=0)
    rows = len(leads)
    # Where no row differs the rows say little about how many of the next would: as if one more row had.
    spread = max(float(leads.std(ddof=1)), 1 / sqrt(rows))
    reach = NormalDist().inv_cdf(CONFIDENCE) * spread / sqrt(rows)
    lead = float(leads.mean())
    shares = [tuple(float(np.mean(one)) for one in rows_right) for rows_right in (every, upper)]
    return Comparison(top, shares[0], shares[1], rows, lead, lead - reach, lead + reach)


def _right(
    model: LoadedModel,
    card: TaskCard,
    train: Sequence[Example],
    held: Sequence[Example],
    seed: int,
    layers: int,
    shots: bool,
) -> list[bool]:
    """Which of the held rows are answered rightly after training on `train`; read where it was kept."""
    texts = [[row.id, row.text, row.label] for row in (*train, *held)]
    named = [
        settings(shots=shots),
        asdict(card),
        texts,
        len(train),
        seed,
        layers,
        model.dtype,
        model.files.content_hash,
    ]
    path = models_home().parent / "upper_layers" / f"{digest(named)[:24]}.json"
    try:
        found: list[bool] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = []
    if len(found) == len(held):
        return found
    tuned = Tuning(card, seed, model, shots=shots, top=layers)
    tuned.fit(train, ())
    answers = tuned.predict([row.text for row in held])
    found = [answer.label == row.label for answer, row in zip(answers, held, strict=True)]
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(found), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        return found
    return found
