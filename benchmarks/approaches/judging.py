"""What labelled rows say of ways to prompt: every way with and without an offset, and the one to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Example, TaskCard
from . import calibration, choice
from .calibration import Array


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to ask with one offset: what it is in words, its scores of the judged rows, and their quality."""

    way: int
    shown: Mapping[str, Any]
    method: str
    offset: Array
    judged: Array
    quality: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """The trial as a record keeps it."""
        quality = [round(value, 6) for value in self.quality]
        return {**self.shown, "calibration": self.method, "judged_on": len(self.judged), "quality": quality}


def trials(
    card: TaskCard,
    way: int,
    shown: Mapping[str, Any],
    raw: Array,
    judged: Sequence[Example],
    rows: Sequence[Example],
    empty: Array | None = None,
) -> list[Trial]:
    """One trial per calibration of the raw scores [rows, labels] of `judged`; the first is the default.

    `rows` are all labelled rows, whose label mix is the prior; `empty` scores inputs without content, if any.
    """
    gold = [row.label for row in judged]
    offsets = {"batch": calibration.batch(raw, calibration.prior_of(card.labels, [row.label for row in rows]))}
    if empty is not None:
        offsets["contextual"] = calibration.contextual(empty)
    offsets["none"] = np.zeros(len(card.labels))
    return [
        Trial(way, shown, method, offset, raw + offset, choice.quality(card.labels, card.metric, gold, raw + offset))
        for method, offset in offsets.items()
    ]


def best(card: TaskCard, found: Sequence[Trial], judged: Sequence[Example]) -> tuple[Trial, float]:
    """The trial to keep and the share of resamples in which the best rival beat the first; the first is the default."""
    gold = [row.label for row in judged]
    index, share = choice.choose(card.labels, card.metric, gold, [trial.judged for trial in found])
    return found[index], share
