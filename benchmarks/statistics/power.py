"""How small a difference a test set can show, and how many items a difference needs (McNemar's test)."""

from __future__ import annotations

import math
from statistics import NormalDist

DISCORDANT = 0.2
POWER = 0.8
LEVEL = 0.95


def items_needed(
    difference: float, discordant: float = DISCORDANT, power: float = POWER, level: float = LEVEL
) -> float:
    """The paired items that show a difference in accuracy with probability `power` (Connor 1987, two-sided).

    `discordant` is the share of items on which exactly one arm is right; it cannot be below the difference itself and
    is raised to it where it is.
    """
    if not 0 < difference <= 1:
        raise ValueError(f"difference: found {difference}; allowed: above 0, at most 1")
    share = max(discordant, difference)
    z_level, z_power = NormalDist().inv_cdf((1 + level) / 2), NormalDist().inv_cdf(power)
    root = z_level * math.sqrt(share) + z_power * math.sqrt(share - difference**2)
    return (root / difference) ** 2


def minimum_detectable_difference(
    n: int, discordant: float = DISCORDANT, power: float = POWER, level: float = LEVEL
) -> float:
    """The smallest difference in accuracy that `n` paired items show with probability `power`; 1.0 if none is."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if items_needed(middle, discordant, power, level) <= n else (middle, high)
    return high
