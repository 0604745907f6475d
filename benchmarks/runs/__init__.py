"""Runs: the grid, its cells on disk, and the measurement that is read from them."""

from __future__ import annotations

from .measurement import measurement
from .plan import Plan, PlannedCell, RacePlan, Wish, make_plan, read_wish
from .progress import Silent
from .ring import Ring, shipped
from .runner import Finished, compare, resume, run

__all__ = [
    "Finished",
    "Plan",
    "PlannedCell",
    "RacePlan",
    "Ring",
    "Silent",
    "Wish",
    "compare",
    "make_plan",
    "measurement",
    "read_wish",
    "resume",
    "run",
    "shipped",
]
