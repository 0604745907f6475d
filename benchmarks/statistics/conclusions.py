"""What a set of comparisons shows, each in one word: better, worse, equivalent or undecided, and what would decide it.

The words are corrected for the number of comparisons (Holm). Where both arms are near 0 or 1 nothing is concluded: the
items are then too hard or too easy to tell the arms apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from .differences import Difference
from .multiplicity import holm
from .power import POWER

Word = Literal["better", "worse", "equivalent", "undecided"]

SATURATED = 0.03
MOST_ITEMS = 100_000
MOST_SEEDS = 40


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One comparison in one word about arm a.

    `p_adjusted` (of a difference) and `p_equivalence_adjusted` (of equivalence within `margin`) are Holm's over all
    comparisons concluded together. `more_items` and `more_seeds` are how many more of one alone would decide with 80 %
    probability if what was observed stays; None where none would, or where none is needed.
    """

    word: Word
    reason: str
    p_adjusted: float
    p_equivalence_adjusted: float
    margin: float
    saturated: bool
    more_items: int | None
    more_seeds: int | None


def conclude(differences: Sequence[Difference], level: float = 0.95) -> tuple[Conclusion, ...]:
    """The conclusions of comparisons that are read together, in their order."""
    apart = holm([found.p_value for found in differences])
    same = holm([found.p_equivalence for found in differences])
    return tuple(
        _concluded(found, p_apart, p_same, 1 - level, len(differences))
        for found, p_apart, p_same in zip(differences, apart, same, strict=True)
    )


def saturated(found: Difference) -> bool:
    """Whether both scores are within three points of 1, or both within three points of 0."""
    low, high = sorted((found.score_a, found.score_b))
    return low >= 1 - SATURATED or high <= SATURATED


def _concluded(found: Difference, p_apart: float, p_same: float, alpha: float, family: int) -> Conclusion:
    full = saturated(found)
    word: Word = "undecided"
    items = seeds = None
    if full:
        end = "right" if found.score_a > 0.5 else "wrong"
        reason = f"both are {end} nearly everywhere: these items cannot tell them apart"
    elif p_same <= alpha:
        word, reason = "equivalent", f"the difference lies within {100 * found.margin:g} points either way"
    elif p_apart <= alpha and not found.low <= 0 <= found.high:
        word = "better" if found.difference > 0 else "worse"
        reason = "the difference holds against the number of comparisons"
    else:
        items, seeds = needed(found, alpha / family)
        reason = _undecided(found, items, seeds)
    return Conclusion(word, reason, p_apart, p_same, found.margin, full, items, seeds)


def needed(found: Difference, alpha: float = 0.05) -> tuple[int | None, int | None]:
    """How many more items, or how many more seeds, would decide: a difference, or equivalence if that is nearer.

    With power 80 % and the variances as observed. None: no number up to a hundred thousand items or forty seeds would.
    A single seed has no variance of seeds to plan with, so that only items count.
    """
    gap = abs(found.difference)
    seed_part, item_part = found.variance
    # Where the arms agreed everywhere, one item on which they differ is what the next item may bring.
    item_part = max(item_part, 1 / found.n**2)

    def decided(n: int, seeds: int) -> bool:
        parts = seed_part * found.seeds / seeds, item_part * found.n / n
        error = math.sqrt(sum(parts))
        normal = NormalDist()
        degrees = found.seed_degrees - found.seeds + seeds
        apart = _quantile(1 - alpha / 2, parts, degrees, n) * error + normal.inv_cdf(POWER) * error
        inside = (_quantile(1 - alpha / 2, parts, degrees, n) + normal.inv_cdf((1 + POWER) / 2)) * error
        return gap >= apart or found.margin - gap >= inside

    items: int | None = None
    if decided(found.n + MOST_ITEMS, found.seeds):
        low, high = 0, MOST_ITEMS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if decided(found.n + middle, found.seeds) else (middle, high)
        items = high
    extra = range(1, MOST_SEEDS + 1) if found.seeds > 1 else ()
    return items, next((more for more in extra if decided(found.n, found.seeds + more)), None)


def _quantile(probability: float, parts: tuple[float, float], degrees: float, n: int) -> float:
    from scipy.stats import t

    if degrees <= 0:
        return NormalDist().inv_cdf(probability)
    of_seeds, of_items = (float(value) for value in t.ppf(probability, [degrees, n - 1]))
    return (of_seeds * parts[0] + of_items * parts[1]) / sum(parts)


def _undecided(found: Difference, items: int | None, seeds: int | None) -> str:
    ways = []
    if items is not None:
        ways.append(f"about {_round(items)} more items")
    if seeds is not None:
        ways.append(f"{seeds} more seed{'s' if seeds > 1 else ''}")
    if ways:
        return f"{' or '.join(ways)} would probably decide"
    if found.seeds > 1:
        return "the seeds differ too much: neither items nor seeds alone would decide"
    return "no number of items that can be had would decide"


def _round(value: int) -> int:
    """Two significant digits, upwards."""
    unit = int(10 ** max(0, len(str(value)) - 2))
    return -(-value // unit) * unit
