"""Two shares of the same items: McNemar's test and Newcombe's interval, from the four counts of a paired table."""

from __future__ import annotations

import math

from .intervals import LEVEL, wilson


def mcnemar_mid_p(only_a: int, only_b: int) -> float:
    """McNemar's mid-p for `only_a` items that only a has right and `only_b` that only b has right (Fagerland 2013)."""
    from scipy.stats import binom

    n, k = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    return min(1.0, float(2 * binom.cdf(k, n, 0.5) - binom.pmf(k, n, 0.5)))


def newcombe_paired(both: int, only_a: int, only_b: int, neither: int, level: float = LEVEL) -> tuple[float, float]:
    """Newcombe's interval for the difference of two paired shares (Newcombe 1998, method 10).

    Wilson limits of both shares are combined as squares, with the correlation of the pairs corrected for continuity.
    """
    n = both + only_a + only_b + neither
    p_a, p_b = (both + only_a) / n, (both + only_b) / n
    (low_a, high_a), (low_b, high_b) = wilson(p_a, n, level), wilson(p_b, n, level)
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    phi = 0.0
    if margins:
        joint = float(both * neither - only_a * only_b)
        joint = max(joint - n / 2, 0.0) if joint > 0 else joint
        phi = joint / math.sqrt(margins)
    below = (p_a - low_a) ** 2 - 2 * phi * (p_a - low_a) * (high_b - p_b) + (high_b - p_b) ** 2
    above = (high_a - p_a) ** 2 - 2 * phi * (high_a - p_a) * (p_b - low_b) + (p_b - low_b) ** 2
    return p_a - p_b - math.sqrt(max(0.0, below)), p_a - p_b + math.sqrt(max(0.0, above))
