"""Conditions over columns of facts: three truth values for N scenarios at once.

FALSE < UNKNOWN < TRUE, as 0, 1, 2. A comparison with a range is true or false only where the whole range agrees.
"Not known" makes a comparison UNKNOWN; "does not apply" makes it FALSE.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import UNKNOWN_CODE, Bools, Facts
from advisor.knowledge.conditions import Among, AtLeastK, Bound, Compare, Condition, Known, Market, Not
from advisor.knowledge.domain import Rulebook

FALSE, UNKNOWN, TRUE = 0, 1, 2
_UNKNOWN, _TRUE = np.int8(UNKNOWN), np.int8(TRUE)
Truth = NDArray[np.int8]


def evaluate(
    condition: Condition, facts: Facts, book: Rulebook, day: date, seen: dict[Condition, Truth] | None = None
) -> Truth:
    """The truth of a condition for each scenario: an int8 array of shape (N,) with values 0, 1 or 2.

    Rules repeat comparisons: given `seen`, one that is in it is not made again, and what is returned may be shared.
    It holds for one set of facts on one day.
    """
    if isinstance(condition, AtLeastK):
        return _at_least_k(condition, facts, book, day, seen)
    if isinstance(condition, Compare):
        truth = seen.get(condition) if seen is not None else None
        return _compare(condition, facts, book, day, seen) if truth is None else truth
    if isinstance(condition, Among):
        truth = seen.get(condition) if seen is not None else None
        return _among(condition, facts, seen) if truth is None else truth
    if isinstance(condition, Known):
        return _scaled(facts.known(condition.fact))
    if isinstance(condition, Market):
        return np.full(facts.n, TRUE if book.market[condition.fact].valid(day) else FALSE, np.int8)
    if isinstance(condition, Not):
        opposite: Truth = _TRUE - evaluate(condition.part, facts, book, day, seen)
        return opposite
    return np.full(facts.n, TRUE, np.int8)


def bound_value(bound: Bound, book: Rulebook, day: date) -> Any:
    """The number of a bound on a day, or the table {word: number} where it is looked up by a fact."""
    if bound.parameter is None:
        return bound.number
    value = book.parameters[bound.parameter].on(day)
    if bound.by is None and isinstance(value, dict):
        return float(value["likely"])
    return value


def _compare(
    node: Compare, facts: Facts, book: Rulebook, day: date, seen: dict[Condition, Truth] | None = None
) -> Truth:
    column = facts.numbers(node.fact)
    bound: Any = bound_value(node.bound, book, day)
    decided = column.known
    if node.bound.by is not None:
        words = facts.words(node.bound.by)
        table = np.array([float(bound.get(word, np.nan)) for word in words.values] + [np.nan])
        bound = table[np.where(words.codes >= 0, words.codes, len(words.values))]
        decided = decided & ~np.isnan(bound)
    if node.op == ">=":
        sure, never = column.low >= bound, column.high < bound
    elif node.op == ">":
        sure, never = column.low > bound, column.high <= bound
    elif node.op == "<=":
        sure, never = column.high <= bound, column.low > bound
    else:
        sure, never = column.high < bound, column.low >= bound
    truth: Truth = (sure & decided).view(np.int8) - (never & decided).view(np.int8)
    truth += _UNKNOWN
    if column.absent.any():
        truth[column.absent] = FALSE
    if seen is not None:
        seen[node] = truth
    return truth


def _among(node: Among, facts: Facts, seen: dict[Condition, Truth] | None = None) -> Truth:
    words = facts.words(node.fact)
    truth = _scaled(words.is_any(node.values))
    truth += (words.codes == UNKNOWN_CODE).view(np.int8)
    if seen is not None:
        seen[node] = truth
    return truth


def _at_least_k(
    node: AtLeastK, facts: Facts, book: Rulebook, day: date, seen: dict[Condition, Truth] | None = None
) -> Truth:
    truths = [evaluate(part, facts, book, day, seen) for part in node.parts]
    if node.k in {1, len(truths)}:
        fold = np.maximum if node.k == 1 else np.minimum
        truth = truths[0].copy()
        for other in truths[1:]:
            fold(truth, other, out=truth)
        return truth
    sure = np.zeros(facts.n, np.int16)
    possible = np.zeros(facts.n, np.int16)
    for truth in truths:
        sure += truth == TRUE
        possible += truth >= UNKNOWN
    return np.where(sure >= node.k, TRUE, np.where(possible >= node.k, UNKNOWN, FALSE)).astype(np.int8)


def _scaled(holds: Bools) -> Truth:
    """TRUE where it holds, else FALSE."""
    truth: Truth = holds.view(np.int8) * _TRUE
    return truth
