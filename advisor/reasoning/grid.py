"""Decides exactly what a condition can be: over every combination of answers that its comparisons can tell apart.

A comparison sees a number only through its bounds, and a choice only through the options that it names. One
representative of each such cell, "not known" and "does not apply" included, therefore stands for all answers. Derived
facts are taken as free, so "never" is proven and "sometimes" is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from advisor.intake.columns import ABSENT_CODE, UNKNOWN_CODE, Column, Facts, Numbers, Words
from advisor.intake.truth import FALSE, Truth, bound_value, evaluate
from advisor.knowledge.conditions import Among, Compare, Condition, facts_read, walk
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.vocabulary import DERIVED_FACTS

LIMIT = 200_000  # combinations, beyond which nothing is decided


@dataclass(frozen=True, slots=True)
class Cells:
    """The representatives of one fact: numbers or codes into `values`, then not known, then does not apply."""

    name: str
    numbers: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.numbers or self.codes) + 2

    def column(self, picks: np.ndarray) -> Column:
        """The column whose row i holds representative picks[i]."""
        if self.values:
            codes = np.array([*self.codes, UNKNOWN_CODE, ABSENT_CODE], np.int16)
            return Words(codes[picks], self.values)
        numbers = np.array([*self.numbers, 0.0, 0.0])[picks]
        known, absent = picks < len(self.numbers), picks == len(self.numbers) + 1
        return Numbers(numbers, numbers, numbers, known, absent)


def truths(conditions: Sequence[Condition], book: Rulebook, day: date) -> Truth | None:
    """The truth of each condition in every combination of cells, int8 (conditions, combinations); None if too many."""
    cells = [_cells(name, conditions, book, day) for name in _names(conditions, book)]
    sizes = [len(cell) for cell in cells]
    total = int(np.prod(sizes, dtype=np.float64)) if sizes else 1
    if total > LIMIT:
        return None
    picks = np.unravel_index(np.arange(total), sizes) if sizes else ()
    columns = {cell.name: cell.column(pick) for cell, pick in zip(cells, picks, strict=True)}
    facts = _consistent(Facts(total, columns, np.zeros((total, 0))), book, day)
    return np.stack([evaluate(condition, facts, book, day) for condition in conditions])


def bounds(conditions: Iterable[Condition], name: str, book: Rulebook, day: date) -> tuple[float, ...]:
    """The numbers with which the conditions compare a fact on the day, ascending."""
    found: set[float] = set()
    for condition in conditions:
        for node in walk(condition):
            if isinstance(node, Compare) and node.fact == name:
                value = bound_value(node.bound, book, day)
                found.update(map(float, value.values()) if isinstance(value, dict) else [float(value)])
    return tuple(sorted(found))


def _names(conditions: Sequence[Condition], book: Rulebook) -> list[str]:
    """The facts that the conditions read, and those that decide whether these apply."""
    names: dict[str, None] = {}
    open_names = [name for condition in conditions for name in facts_read(condition)]
    while open_names:
        name = open_names.pop(0)
        if name in names:
            continue
        names[name] = None
        for field in DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,):
            rule = book.questions[field].applies_when if field in book.questions else None
            if rule is not None:
                open_names.extend(facts_read(rule))
    return list(names)


def _cells(name: str, conditions: Sequence[Condition], book: Rulebook, day: date) -> Cells:
    question = book.questions.get(name)
    gates = [item.applies_when for item in book.questions.values() if item.applies_when is not None]
    nodes = [node for condition in (*conditions, *gates) for node in walk(condition)]
    if question is not None and not question.numeric:
        by = any(isinstance(node, Compare) and node.bound.by == name for node in nodes)
        named = [node.values for node in nodes if isinstance(node, Among) and node.fact == name]
        first: dict[tuple[object, ...], int] = {}
        for code, value in enumerate(question.values):
            first.setdefault((value,) if by else tuple(value in values for values in named), code)
        return Cells(name, values=question.values or ("",), codes=tuple(first.values()) or (0,))
    marks = bounds(conditions, name, book, day)
    low = -np.inf if question is None or question.min is None else question.min
    high = np.inf if question is None or question.max is None else question.max
    points = {*marks, *((left + right) / 2 for left, right in pairwise(marks))}
    step = 1.0 if question is not None and question.kind == "integer" else 1e-6
    points |= {mark + sign * step * max(1.0, 0 if step == 1.0 else abs(mark)) for mark in marks for sign in (-1, 1)}
    if question is not None and question.kind == "integer":
        points = {float(np.floor(point)) for point in points} | {float(np.ceil(point)) for point in points}
    inside = sorted(point for point in points if low <= point <= high)
    return Cells(name, numbers=tuple(inside) or (float(np.clip(0.0, low, high)),))


def _consistent(facts: Facts, book: Rulebook, day: date) -> Facts:
    """The same with what does not apply marked so."""
    outside = {}
    for field, question in book.questions.items():
        if question.applies_when is not None and set(facts_read(question.applies_when)) <= set(facts.columns):
            outside[field] = evaluate(question.applies_when, facts, book, day) == FALSE
    changed: dict[str, Column] = {}
    for name, column in facts.columns.items():
        fields = DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,)
        rows = [outside[field] for field in fields if field in outside]
        if not rows:
            continue
        off = np.logical_or.reduce(rows)
        if isinstance(column, Words):
            changed[name] = Words(np.where(off, ABSENT_CODE, column.codes).astype(np.int16), column.values)
        else:
            known, absent = column.known & ~off, column.absent | off
            changed[name] = Numbers(column.low, column.likely, column.high, known, absent)
    return facts.with_columns(changed)
