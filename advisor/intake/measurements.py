"""Reads a benchmark's result file (schema advisor/measurement/1): the only way from the ring to the advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SCHEMA = "advisor/measurement/1"
FILE = "result.json"


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What one arm scored (0-1) on `n` test items, with the interval; `approach` is empty for a baseline."""

    arm: str
    approach: str
    train_size: int
    score: float
    low: float
    high: float
    n: int
    seeds: int
    method: str
    seconds_per_item: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A paired difference between two arms (score of `left` minus score of `right`) with its interval."""

    left: ArmResult
    right: ArmResult
    difference: float
    low: float
    high: float
    n: int
    method: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One benchmark result. `best` holds the arm that represents each measured approach."""

    folder: str
    digest: str
    task: str
    model: str
    metric: str
    status: str
    created_at: str
    best: Mapping[str, ArmResult]
    baselines: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]

    def between(self, left: str, right: str) -> Comparison | None:
        """The comparison of two approaches, in either order."""
        for comparison in self.comparisons:
            if {comparison.left.approach, comparison.right.approach} == {left, right}:
                return comparison
        return None

    def shown(self, left: str, right: str) -> bool:
        """Whether a difference between two approaches was shown (its interval leaves out zero)."""
        comparison = self.between(left, right)
        return comparison is not None and not comparison.low <= 0 <= comparison.high
