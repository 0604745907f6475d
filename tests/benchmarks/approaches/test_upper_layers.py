"""Upper layers alone are trained only where they were measured to be as good, and the record says so."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.approaches.upper_layers import MARGIN, judged


def flags(wrong: int, rows: int = 400) -> list[bool]:
    """What was right: all but the first `wrong` rows."""
    return [index >= wrong for index in range(rows)]


def test_equal_answers_pass() -> None:
    """Where both say the same on many rows, the upper layers are as good."""
    found = judged(10, [flags(30)] * 3, [flags(30)] * 3)
    assert found.holds
    assert found.difference == 0
    assert -MARGIN < found.least < 0


def test_a_clear_loss_does_not_pass() -> None:
    """Five points fewer are not as good."""
    found = judged(10, [flags(20)] * 3, [flags(40)] * 3)
    assert found.difference == pytest.approx(-0.05)
    assert not found.holds
    assert "does not pass" in found.line()


def test_few_rows_prove_nothing() -> None:
    """Equal answers on twenty rows do not show that the next ones would be equal."""
    assert not judged(10, [flags(2, 20)], [flags(2, 20)]).holds


def test_seeds_are_no_rows_of_their_own() -> None:
    """The same rows seen by more seeds do not narrow the bound."""
    generator = np.random.default_rng(0)
    every, upper = (list(generator.random(100) > share) for share in (0.1, 0.1))
    assert judged(10, [every], [upper]).least == pytest.approx(judged(10, [every] * 5, [upper] * 5).least)
