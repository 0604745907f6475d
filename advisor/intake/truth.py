"""Conditions over columns of facts: three truth values for N scenarios at once.

FALSE < UNKNOWN < TRUE, as 0, 1, 2. A comparison with a range is true or false only where the whole range agrees.
"Not known" makes a comparison UNKNOWN; "does not apply" makes it FALSE.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import ABSENT_CODE, UNKNOWN_CODE, Facts
from advisor.knowledge.conditions import Among, AtLeastK, Bound, Compare, Condition, Known, Market, Not
from advisor.knowledge.domain import Rulebook

FALSE, UNKNOWN, TRUE = 0, 1, 2
Truth = NDArray[np.int8]


def evaluate(condition: Condition, facts: Facts, book: Rulebook, day: date) -> Truth:
    """The truth of a condition for each scenario: an int8 array of shape (N,) with values 0, 1 or 2."""
    if isinstance(condition, Compare):
        return _compare(condition, facts, book, day)
    if isinstance(condition, Among):
        return _among(condition, facts)
    if isinstance(condition, Known):
        return np.where(facts.known(condition.fact), TRUE, FALSE).astype(np.int8)
    if isinstance(condition, Market):
        return np.full(facts.n, TRUE if book.market[condition.fact].valid(day) else FALSE, np.int8)
    if isinstance(condition, Not):
        return (TRUE - evaluate(condition.part, facts, book, day)).astype(np.int8)
    if isinstance(condition, AtLeastK):
        return _at_least_k(condition, facts, book, day)
    return np.full(facts.n, TRUE, np.int8)


def bound_value(bound: Bound, book: Rulebook, day: date) -> Any:
    """The number of a bound on a day, or the table {word: number} where it is looked up by a fact."""
    if bound.parameter is None:
        return bound.number
    value = book.parameters[bound.parameter].on(day)
    if bound.by is None and isinstance(value, dict):
        return float(value["likely"])
    return value


def _compare(node: Compare, facts: Facts, book: Rulebook, day: date) -> Truth:
    column = facts.numbers(node.fact)
    value = bound_value(node.bound, book, day)
    resolved = np.ones(facts.n, bool)
    bound: Any = value
    if node.bound.by is not None:
        words = facts.words(node.bound.by)
        table = np.array([float(value.get(word, np.nan)) for word in words.values] + [np.nan])
        bound = table[np.where(words.codes >= 0, words.codes, len(words.values))]
        resolved = ~np.isnan(bound)
    sure, never = {
        ">=": (column.low >= bound, column.high < bound),
        ">": (column.low > bound, column.high <= bound),
        "<=": (column.high <= bound, column.low > bound),
        "<": (column.high < bound, column.low >= bound),
    }[node.op]
    truth = np.full(facts.n, UNKNOWN, np.int8)
    decided = column.known & resolved
    truth[decided & sure] = TRUE
    truth[(decided & never) | column.absent] = FALSE
    return truth


def _among(node: Among, facts: Facts) -> Truth:
    words = facts.words(node.fact)
    truth = np.where(words.is_any(node.values), TRUE, FALSE).astype(np.int8)
    truth[words.codes == UNKNOWN_CODE] = UNKNOWN
    truth[words.codes == ABSENT_CODE] = FALSE
    return truth


def _at_least_k(node: AtLeastK, facts: Facts, book: Rulebook, day: date) -> Truth:
    sure = np.zeros(facts.n, np.int16)
    possible = np.zeros(facts.n, np.int16)
    for part in node.parts:
        truth = evaluate(part, facts, book, day)
        sure += truth == TRUE
        possible += truth >= UNKNOWN
    return np.where(sure >= node.k, TRUE, np.where(possible >= node.k, UNKNOWN, FALSE)).astype(np.int8)
