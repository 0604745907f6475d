"""A budget of time: the most decisive cells come first, and none is started that would not be done in it.

The largest train size decides most, with the first seed of every arm before any second one; further seeds make that
verdict hold; smaller sizes only draw the curve.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .plan import PlannedCell
from .progress import seconds_left, spoken


def decisive_first(cells: Sequence[PlannedCell]) -> list[PlannedCell]:
    """The cells by falling train size, then by seed in the order of the plan; arms keep their order."""
    seeds = list(dict.fromkeys(planned.cell.seed for planned in cells))
    return sorted(cells, key=lambda planned: (-planned.cell.train_size, seeds.index(planned.cell.seed)))


@dataclass(frozen=True, slots=True)
class Budget:
    """So many seconds from the moment it was made."""

    seconds: float
    since: float

    @classmethod
    def of(cls, minutes: float | None) -> Budget | None:
        """A budget that starts now; None without minutes."""
        return None if minutes is None else cls(60 * minutes, time.monotonic())

    @property
    def left(self) -> float:
        """The seconds that are left, never below 0."""
        return max(0.0, self.seconds - (time.monotonic() - self.since))

    @property
    def note(self) -> str:
        """The budget in words."""
        return f"budget {spoken(self.seconds)}: largest train size first, cells that do not fit are left for a resume"

    def allows(self, planned: PlannedCell, done: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a cell would probably be done in time, by finished cells of its arm; an arm's first may start."""
        expected, _ = seconds_left([planned], done)
        return self.left > 0 and expected <= self.left
