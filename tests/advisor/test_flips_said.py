"""The numbers of a flip as they are said: in few digits, but never in so few that the flip would not flip."""

from __future__ import annotations

import pytest

from advisor.reasoning.flips import _exact_words, few_digits
from advisor.reports.verdict import _outward


def test_more_digits_are_taken_where_fewer_leave_the_region() -> None:
    """Three digits where they do; else exactly as many as are asked for, inside the bounds."""
    assert few_digits(0.37125, 0.371, 0.372) == 0.371
    assert few_digits(0.3712545, 0.3712, 0.3713, 4, 4) == 0.3713
    assert few_digits(0.3712545, 0.371253, 0.371256, 6, 6) == 0.371254


@pytest.mark.parametrize(
    ("value", "cents", "said"),
    [(249.99, True, "249.99"), (249.99, False, "249.99"), (70.4, True, "70.40"), (1e12, False, "1,000,000,000,000")],
)
def test_the_sentence_of_a_flip_rounds_nothing(value: float, cents: bool, said: str) -> None:
    """A budget of 249.99 turned one advice and 250, which was said, did not."""
    assert _exact_words(value, cents=cents) == said


def test_a_report_shows_the_digits_that_a_flip_needs() -> None:
    """Up to six digits stay; longer numbers are rounded away from where the answer stood."""
    assert _outward(0.371254, 6.21) == 0.371254
    assert _outward(1234567.8, 100.0) == 1234570
    assert _outward(1234567.8, 9999999.0) == 1234560
