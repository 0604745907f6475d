"""One questionnaire many times over, each time with some answers changed, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.intake.answers import Answer
from advisor.intake.columns import ABSENT_CODE, UNKNOWN_CODE, Column, Facts, Words
from advisor.intake.columns import Numbers as NumberColumn

Changes = Mapping[str, Answer | None]


def variants(base: Facts, scenarios: Sequence[Changes]) -> Facts:
    """The single row of `base` repeated once per scenario, with that scenario's answers put in (None: not known)."""
    facts = base.take(np.zeros(len(scenarios), np.intp))
    rows: dict[str, list[tuple[int, Answer | None]]] = {}
    for row, changes in enumerate(scenarios):
        for name, answer in changes.items():
            rows.setdefault(name, []).append((row, answer))
    columns: dict[str, Column] = {name: _replaced(facts.columns[name], changes) for name, changes in rows.items()}
    return facts.with_columns(columns)


def along(
    base: Facts,
    changes: Sequence[Changes],
    fields: Sequence[str],
    owners: NDArray[np.intp],
    values: NDArray[np.float64],
) -> Facts:
    """The single row of `base` once per value: row i with changes[owners[i]], and fields[owners[i]] set to the value.

    The field of a line is not among its changes.
    """
    lines = variants(base, changes)
    facts = lines.take(owners)
    places = {name: place for place, name in enumerate(dict.fromkeys(fields))}
    moved = np.array([places[name] for name in fields])[owners]
    columns: dict[str, Column] = {}
    for name, place in places.items():
        rows = np.flatnonzero(moved == place)
        column = facts.numbers(name)  # a copy of our own: `take` made it
        for end in (column.low, column.likely, column.high):
            end[rows] = values[rows]
        column.known[rows], column.absent[rows] = True, False
        columns[name] = column
    return facts.with_columns(columns)


def picked(base: Facts, grids: Mapping[str, Sequence[Answer]], picks: Mapping[str, NDArray[np.intp]]) -> Facts:
    """The single row of `base` repeated, row i with answer number picks[name][i] of grids[name] to each question.

    The answers are words and exact numbers.
    """
    columns: dict[str, Column] = {}
    for name, rows in picks.items():
        column = base.columns[name]
        if isinstance(column, Words):
            codes = np.array([column.values.index(answer.word) for answer in grids[name]], np.int16)
            columns[name] = Words(codes[rows], column.values)
        else:
            numbers = np.array([answer.likely for answer in grids[name]])[rows]
            columns[name] = NumberColumn.exact(numbers, np.ones(len(rows), bool))
    count = len(next(iter(picks.values()), ()))
    return base.take(np.zeros(count, np.intp)).with_columns(columns)


def _replaced(column: Column, changes: Sequence[tuple[int, Answer | None]]) -> Column:
    rows = np.array([row for row, _ in changes], np.intp)
    if isinstance(column, Words):
        index = {word: code for code, word in enumerate(column.values)}
        codes = column.codes.copy()
        codes[rows] = [UNKNOWN_CODE if a is None else index.get(a.word, ABSENT_CODE) for _, a in changes]
        return Words(codes, column.values)
    low, likely, high = column.low.copy(), column.likely.copy(), column.high.copy()
    known, absent = column.known.copy(), column.absent.copy()
    low[rows] = [0.0 if a is None else a.low for _, a in changes]
    likely[rows] = [0.0 if a is None else a.likely for _, a in changes]
    high[rows] = [0.0 if a is None else a.high for _, a in changes]
    known[rows] = [a is not None and a.kind in {"number", "range"} for _, a in changes]
    absent[rows] = [a is not None and a.kind == "does_not_apply" for _, a in changes]
    return NumberColumn(low, likely, high, known, absent)
