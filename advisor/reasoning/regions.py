"""Where along one number the verdict can change: the comparisons that the rules make cut its line into regions.

Inside a region every comparison answers alike, so one value speaks for all of it. Bounds that a rule puts on the number
itself are exact. Bounds on facts derived from it are found by cutting the line finely and narrowing each change down;
they are exact to one unit for whole numbers and to `PRECISION` of the value otherwise, unless two bounds undo each
other inside one cell of the first cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.intake.answers import Answer
from advisor.intake.columns import Facts
from advisor.intake.truth import bound_value, evaluate
from advisor.knowledge.conditions import Compare, walk
from advisor.knowledge.domain import Question
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.variants import Changes, along

PRECISION = 1e-4
CELLS = 24
SECTIONS = 15
REACH = 10  # how far beyond the common answers the line is followed, as a factor


@dataclass(frozen=True, slots=True)
class Region:
    """The values from `low` to `high` (inclusive) of a number; `leader` is the leading approach there, -1 for none."""

    low: float
    high: float
    leader: int

    def nearest(self, value: float) -> float:
        """The value of the region closest to `value`, written with as few digits as the region allows."""
        return self.low if value < self.low else self.high if value > self.high else value


@dataclass(frozen=True, slots=True)
class Line:
    """A number to follow (`field`) under some changes of the other answers."""

    changes: Changes
    field: str


@dataclass(frozen=True, slots=True)
class _Points:
    """Values on lines, as arrays: the index of the line, the value, what the rules say there, who leads there."""

    owners: NDArray[np.intp]
    values: NDArray[np.float64]
    signs: NDArray[np.uint64]
    leaders: NDArray[np.intp]


class Cutter:
    """Cuts lines into regions with as few calls of the engine as possible.

    With `marks`, values at which to look at each number, the first cut is coarser and regions are told apart by who
    leads in them alone.
    """

    def __init__(self, engine: Engine, base: Facts, marks: Mapping[str, Sequence[float]] | None = None) -> None:
        self.engine = engine
        self.base = base
        self.marks = marks
        self._compared = tuple(dict.fromkeys(_comparisons(engine)))
        rng = np.random.default_rng(1)
        self._salt = rng.integers(1, 2**62, size=len(self._compared) + 1, dtype=np.uint64)
        self.bounds = _direct_bounds(engine)

    def cut(self, lines: Sequence[Line]) -> list[list[Region]]:
        """The regions of each line, from the least value to the greatest."""
        if not lines:
            return []
        grids = {name: self._grid(self.engine.book.questions[name]) for name in {line.field for line in lines}}
        owners = np.repeat(np.arange(len(lines)), [len(grids[line.field]) for line in lines])
        points = self._ask(lines, owners, np.concatenate([grids[line.field] for line in lines]))
        before, after = self._edges(lines, points)
        regions: list[list[Region]] = [[] for _ in lines]
        starts, ends = np.flatnonzero(np.diff(owners, prepend=-1)), np.flatnonzero(np.diff(owners, append=-1))
        lows = _sorted_points(points, starts, after)
        highs = _sorted_points(points, ends, before)
        for owner, low, high, leader in zip(lows.owners, lows.values, highs.values, lows.leaders, strict=True):
            regions[owner].append(Region(float(low), float(high), int(leader)))
        return regions

    def _ask(self, lines: Sequence[Line], owners: NDArray[np.intp], values: NDArray[np.float64]) -> _Points:
        """What the comparisons say, as a signature, and who leads, at each value of its line."""
        names = [line.field for line in lines]
        outcome = self.engine.decide(along(self.base, [line.changes for line in lines], names, owners, values))
        signs = outcome.leader.astype(np.uint64) if self.marks is not None else self._signature(outcome)
        return _Points(owners, values, signs, outcome.leader)

    def _signature(self, outcome: Outcome) -> NDArray[np.uint64]:
        """A number that differs where a comparison does: a change that alone turns no rule may do so with another."""
        book, day = self.engine.book, self.engine.day
        with np.errstate(over="ignore"):
            signature: NDArray[np.uint64] = (outcome.leader + 2).astype(np.uint64) * self._salt[-1]
            for comparison, salt in zip(self._compared, self._salt[:-1], strict=True):
                signature += evaluate(comparison, outcome.facts, book, day).astype(np.uint64) * salt
        return signature

    def _edges(self, lines: Sequence[Line], points: _Points) -> tuple[_Points, _Points]:
        """The last value before and the first value after each change along each line."""
        low, high = _changes(points.owners, points.values, points.signs, points.leaders)
        steps = np.array([self._step(line.field) for line in lines])
        whole = np.array([self.engine.book.questions[line.field].kind == "integer" for line in lines])
        done: list[tuple[_Points, _Points]] = []
        while len(low.owners):
            fine = self._fine(lines, low, high, steps, whole)
            done.append((_some(low, fine), _some(high, fine)))
            low, high = self._sections(lines, _some(low, ~fine), _some(high, ~fine), whole)
        if not done:
            return low, high
        return _joined([pair[0] for pair in done]), _joined([pair[1] for pair in done])

    def _sections(
        self, lines: Sequence[Line], low: _Points, high: _Points, whole: NDArray[np.bool_]
    ) -> tuple[_Points, _Points]:
        """The changes inside each bracket, narrowed to a section of it."""
        if not len(low.owners):
            return low, high
        shares = np.arange(1, SECTIONS + 1) / (SECTIONS + 1)
        inner = low.values[:, None] + (high.values - low.values)[:, None] * shares
        inner = np.where(whole[low.owners][:, None], inner.round(), inner)
        asked = self._ask(lines, np.repeat(low.owners, SECTIONS), inner.ravel())
        shape = (len(low.owners), SECTIONS)

        def row(at_low: NDArray[Any], between: NDArray[Any], at_high: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([at_low[:, None], between.reshape(shape), at_high[:, None]], axis=1)

        brackets = np.repeat(np.arange(len(low.owners)), SECTIONS + 2)
        values = row(low.values, asked.values, high.values).ravel()
        signs = row(low.signs, asked.signs, high.signs).ravel()
        before, after = _changes(brackets, values, signs, row(low.leaders, asked.leaders, high.leaders).ravel())
        return replace(before, owners=low.owners[before.owners]), replace(after, owners=low.owners[after.owners])

    def _fine(
        self, lines: Sequence[Line], low: _Points, high: _Points, steps: NDArray[np.float64], whole: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Which brackets are narrow enough: one unit of a whole number, one step at a bound, else `PRECISION`."""
        width, step = high.values - low.values, steps[low.owners]
        direct = np.array(
            [
                one in self.bounds.get(lines[owner].field, ()) or two in self.bounds.get(lines[owner].field, ())
                for owner, one, two in zip(low.owners, low.values, high.values, strict=True)
            ],
            bool,
        )
        close = width <= PRECISION * np.maximum(np.abs(high.values), step)
        return np.where(whole[low.owners], width <= 1, close | (direct & (width <= step * 1.000001)))

    def _step(self, name: str) -> float:
        return smallest_step(self.engine.book.questions[name])

    def _grid(self, question: Question) -> NDArray[np.float64]:
        """The first cut: every direct bound with a neighbour on each side, and cells over the common answers."""
        low, high = span(question)
        common_low, common_high = question.typical
        cells = CELLS * 2 if self.marks is None else CELLS // 4
        step = smallest_step(question)
        if question.kind == "share":
            ladder = np.linspace(low, high, cells + 1)
        else:
            start = max(low, common_high / 1e5, step)
            ladder = np.concatenate([[low], np.geomspace(start, max(high, start), cells)])
        points = {low, high, common_low, common_high, *ladder.tolist(), *(self.marks or {}).get(question.field, ())}
        for bound in self.bounds.get(question.field, ()):
            points |= {bound - step, bound, bound + step}
        if question.kind == "integer":
            points = {float(round(value)) for value in points}
        return np.array(sorted(value for value in points if low <= value <= high))


def _changes(
    owners: NDArray[np.intp], values: NDArray[np.float64], signs: NDArray[np.uint64], leaders: NDArray[np.intp]
) -> tuple[_Points, _Points]:
    """The neighbours of one owner between which the signature changes."""
    at = np.flatnonzero((owners[1:] == owners[:-1]) & (signs[1:] != signs[:-1]))
    points = _Points(owners, values, signs, leaders)
    return _some(points, at), _some(points, at + 1)


def _some(points: _Points, rows: NDArray[Any]) -> _Points:
    return _Points(points.owners[rows], points.values[rows], points.signs[rows], points.leaders[rows])


def _joined(parts: Sequence[_Points]) -> _Points:
    return _Points(
        np.concatenate([part.owners for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.signs for part in parts]),
        np.concatenate([part.leaders for part in parts]),
    )


def _sorted_points(points: _Points, rows: NDArray[np.intp], more: _Points) -> _Points:
    """Some of the points and more of them, by line and value."""
    both = _joined([_some(points, rows), more])
    return _some(both, np.lexsort((both.values, both.owners)))


def span(question: Question) -> tuple[float, float]:
    """The least and the greatest value that are tried for a number."""
    low, high = question.typical[0] / REACH, question.typical[1] * REACH
    low = max(low, question.min if question.min is not None else 0.0)
    high = high if question.max is None else min(high, question.max)
    if question.kind == "integer":
        low = float(np.ceil(low))
    return low, high


def smallest_step(question: Question) -> float:
    """The step by which an answer to a question may reasonably differ from a bound."""
    return {"integer": 1.0, "share": 0.001, "usd": 0.01}.get(question.kind, 0.01)


def exact(value: float) -> Answer:
    """The answer that states one number."""
    return Answer("number", low=value, likely=value, high=value)


def _comparisons(engine: Engine) -> Iterator[Compare]:
    """The comparisons that bear on the verdict: those of gates, scores and techniques."""
    conditions = [rule.when for rule in engine.rules if rule.kind != "note"]
    conditions += [technique.when for approach in engine.book.approaches.values() for technique in approach.techniques]
    for condition in conditions:
        yield from (node for node in walk(condition) if isinstance(node, Compare))


def _direct_bounds(engine: Engine) -> dict[str, frozenset[float]]:
    found: dict[str, set[float]] = {}
    for node in _comparisons(engine):
        if node.fact in engine.book.questions:
            value = bound_value(node.bound, engine.book, engine.day)
            bounds = value.values() if isinstance(value, dict) else [value]
            found.setdefault(node.fact, set()).update(float(bound) for bound in bounds)
    return {name: frozenset(bounds) for name, bounds in found.items()}
