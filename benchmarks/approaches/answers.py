"""Label scores become answers: the best label, scores before and after calibration, and the tokens of the prompt."""

from __future__ import annotations

from collections.abc import Sequence

from ..models.label_scoring import Scores
from ..records import Answer
from .calibration import Array


def answers_of(labels: Sequence[str], scores: Scores, offset: Array) -> list[Answer]:
    """One answer per row of `scores`; of labels with equal scores the first of the card wins."""
    result = []
    for raw, tokens in zip(scores.values, scores.tokens, strict=True):
        moved = tuple(float(value + shift) for value, shift in zip(raw, offset, strict=True))
        result.append(Answer(labels[moved.index(max(moved))], moved, tuple(raw), tokens))
    return result
