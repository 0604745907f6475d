"""Where along one number the verdict can change: the engine's rules cut its line into regions.

Inside a region every rule answers alike, so one value speaks for all of it. Bounds that a rule puts on the number
itself are exact. Bounds on facts derived from it are found by cutting the line finely and narrowing each change down;
they are exact to one unit for whole numbers and to `PRECISION` of the value otherwise, unless two bounds undo each
other inside one cell of the first cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.intake.answers import Answer
from advisor.intake.columns import Facts
from advisor.intake.truth import bound_value
from advisor.knowledge.conditions import Compare, walk
from advisor.knowledge.domain import Question
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.variants import Changes, variants

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


class Cutter:
    """Cuts lines into regions with as few calls of the engine as possible."""

    def __init__(self, engine: Engine, base: Facts) -> None:
        self.engine = engine
        self.base = base
        rng = np.random.default_rng(1)
        self._salt = rng.integers(1, 2**62, size=len(engine.rules) + 1, dtype=np.uint64)
        self.bounds = _direct_bounds(engine)

    def cut(self, lines: Sequence[Line]) -> list[list[Region]]:
        """The regions of each line, from the least value to the greatest."""
        grids = [self._grid(self.engine.book.questions[line.field]) for line in lines]
        owners = np.repeat(np.arange(len(lines)), [len(grid) for grid in grids])
        values = np.concatenate(grids) if grids else np.zeros(0)
        signs, leaders = self._ask(lines, owners, values)
        edges = [(owners[k], values[k], values[k + 1], signs[k], signs[k + 1]) for k in self._changes(owners, signs)]
        narrowed = self._narrow(lines, edges)
        return [self._regions(index, lines, owners, values, leaders, narrowed) for index in range(len(lines))]

    def _ask(
        self, lines: Sequence[Line], owners: NDArray[np.intp], values: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
        """A signature of what all rules say, and the leader, at each value of its line."""
        scenarios: list[Changes] = [
            {**lines[owner].changes, lines[owner].field: exact(float(value))}
            for owner, value in zip(owners, values, strict=True)
        ]
        outcome = self.engine.decide(variants(self.base, scenarios))
        return self._signature(outcome), outcome.leader

    def _signature(self, outcome: Outcome) -> NDArray[np.uint64]:
        with np.errstate(over="ignore"):
            said = (outcome.truths.astype(np.uint64) * self._salt[:-1, None]).sum(axis=0, dtype=np.uint64)
            signature: NDArray[np.uint64] = said + (outcome.leader + 2).astype(np.uint64) * self._salt[-1]
        return signature

    @staticmethod
    def _changes(owners: NDArray[np.intp], signs: NDArray[np.uint64]) -> NDArray[np.intp]:
        return np.flatnonzero((owners[1:] == owners[:-1]) & (signs[1:] != signs[:-1]))

    def _narrow(
        self, lines: Sequence[Line], edges: list[tuple[int, float, float, np.uint64, np.uint64]]
    ) -> dict[int, list[tuple[float, float]]]:
        """The changes inside each bracket as pairs (last value before, first value after), by line."""
        done: dict[int, list[tuple[float, float]]] = {}
        while edges:
            open_edges = []
            for owner, low, high, before, after in edges:
                if self._fine(lines[owner].field, low, high):
                    done.setdefault(int(owner), []).append((low, high))
                else:
                    open_edges.append((owner, low, high, before, after))
            if not open_edges:
                break
            edges = self._sections(lines, open_edges)
        return done

    def _sections(
        self, lines: Sequence[Line], edges: list[tuple[int, float, float, np.uint64, np.uint64]]
    ) -> list[tuple[int, float, float, np.uint64, np.uint64]]:
        owners: list[int] = []
        inner: list[float] = []
        counts = []
        for owner, low, high, _, _ in edges:
            points = np.linspace(low, high, SECTIONS + 2)[1:-1]
            if self.engine.book.questions[lines[owner].field].kind == "integer":
                points = np.unique(np.round(points))
                points = points[(points > low) & (points < high)]
            owners += [owner] * len(points)
            inner += points.tolist()
            counts.append(len(points))
        signs, _ = self._ask(lines, np.array(owners, np.intp), np.array(inner))
        found = []
        start = 0
        for (owner, low, high, before, after), count in zip(edges, counts, strict=True):
            values = [low, *inner[start : start + count], high]
            seen = [before, *signs[start : start + count], after]
            start += count
            for k in range(len(values) - 1):
                if seen[k] != seen[k + 1]:
                    found.append((owner, values[k], values[k + 1], seen[k], seen[k + 1]))
        return found

    def _fine(self, name: str, low: float, high: float) -> bool:
        question = self.engine.book.questions[name]
        if question.kind == "integer":
            return high - low <= 1
        step = smallest_step(question)
        direct = self.bounds.get(name, ())
        if high - low <= step * 1.000001 and (low in direct or high in direct):
            return True
        return high - low <= PRECISION * max(abs(high), step)

    def _regions(
        self,
        index: int,
        lines: Sequence[Line],
        owners: NDArray[np.intp],
        values: NDArray[np.float64],
        leaders: NDArray[np.intp],
        narrowed: Mapping[int, list[tuple[float, float]]],
    ) -> list[Region]:
        mine = owners == index
        grid, leads = values[mine], leaders[mine]
        if not len(grid):
            return []
        pairs = sorted(narrowed.get(index, ()))
        lows = [float(grid[0]), *(after for _, after in pairs)]
        highs = [*(before for before, _ in pairs), float(grid[-1])]
        inside = [np.flatnonzero((grid >= low) & (grid <= high)) for low, high in zip(lows, highs, strict=True)]
        missing = [k for k, rows in enumerate(inside) if not len(rows)]
        asked: dict[int, int] = {}
        if missing:
            rows = np.full(len(missing), index, np.intp)
            _, lead = self._ask(lines, rows, np.array([lows[k] for k in missing]))
            asked = {k: int(lead[position]) for position, k in enumerate(missing)}
        regions = []
        for k, (low, high) in enumerate(zip(lows, highs, strict=True)):
            leader = asked[k] if k in asked else int(leads[inside[k][0]])
            regions.append(Region(low, high, leader))
        return regions

    def _grid(self, question: Question) -> NDArray[np.float64]:
        """The first cut: every direct bound with a neighbour on each side, and cells over the common answers."""
        low, high = span(question)
        common_low, common_high = question.typical
        if question.kind == "share":
            ladder = np.linspace(low, high, CELLS * 2 + 1)
        else:
            start = max(low, common_high / 1e5, smallest_step(question))
            ladder = np.concatenate([[low], np.geomspace(start, max(high, start), CELLS * 2)])
        step = smallest_step(question)
        points = {low, high, common_low, common_high, *ladder.tolist()}
        for bound in self.bounds.get(question.field, ()):
            points |= {bound - step, bound, bound + step}
        if question.kind == "integer":
            points = {float(round(value)) for value in points}
        return np.array(sorted(value for value in points if low <= value <= high))


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


def _direct_bounds(engine: Engine) -> dict[str, frozenset[float]]:
    found: dict[str, set[float]] = {}
    conditions = [rule.when for rule in engine.rules]
    conditions += [technique.when for approach in engine.book.approaches.values() for technique in approach.techniques]
    for condition in conditions:
        for node in walk(condition):
            if isinstance(node, Compare) and node.fact in engine.book.questions:
                value = bound_value(node.bound, engine.book, engine.day)
                bounds = value.values() if isinstance(value, dict) else [value]
                found.setdefault(node.fact, set()).update(float(bound) for bound in bounds)
    return {name: frozenset(bounds) for name, bounds in found.items()}
