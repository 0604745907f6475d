"""Several comparisons at once: Holm's step-down adjustment, which holds whatever the dependence between them."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values adjusted such that at most 5 % of families have any false one below 0.05 (Holm 1979).

    The smallest is multiplied by the number of comparisons, the next by one less, and so on; an adjusted value is never
    below one before it, and never above 1. The order of the input is kept.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, p_values[index] * (len(order) - rank)))
        adjusted[index] = running
    return tuple(adjusted)
