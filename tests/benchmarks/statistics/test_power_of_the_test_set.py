"""How many items a difference needs agrees with simulation and with its own inverse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.statistics.power import items_needed, minimum_detectable_difference
from benchmarks.statistics.shares import mcnemar_mid_p


@pytest.mark.parametrize(
    ("difference", "discordant", "items"), [(0.05, 0.2, 626), (0.05, 0.1, 312), (0.02, 0.2, 3923), (0.1, 0.4, 312)]
)
def test_items_needed_for_known_designs(difference, discordant, items):
    """The table of paired designs at 80 % power and 5 % level."""
    assert math.ceil(items_needed(difference, discordant)) == items


def test_the_needed_items_really_give_the_power():
    """Simulated McNemar tests with the needed items find the difference in 76 to 86 of 100."""
    difference, discordant = 0.08, 0.2
    n = math.ceil(items_needed(difference, discordant))
    generator = np.random.default_rng(1)
    shares = [(discordant + difference) / 2, (discordant - difference) / 2, 1 - discordant]
    tables = generator.multinomial(n, shares, size=1500)
    found = np.mean([mcnemar_mid_p(int(b), int(c)) < 0.05 for b, c, _ in tables])
    assert 0.76 <= found <= 0.86


@pytest.mark.parametrize("n", [12, 50, 100, 300, 1000])
def test_the_smallest_difference_is_the_inverse(n):
    """The smallest detectable difference needs exactly the items that there are."""
    assert items_needed(minimum_detectable_difference(n)) == pytest.approx(n, rel=1e-6)


def test_too_few_items_show_nothing():
    """Three items cannot show any difference."""
    assert minimum_detectable_difference(3) == 1.0
    with pytest.raises(ValueError, match="difference"):
        items_needed(0.0)
