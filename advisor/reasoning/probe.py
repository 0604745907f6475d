"""Asks the engine again: which changes of one or two answers flip the advice, and which open question matters most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.intake.answers import Answer, Answers
from advisor.intake.columns import ABSENT_CODE, Facts, Words
from advisor.intake.facts import derive, tabulate
from advisor.knowledge.domain import APPROACHES, Question
from advisor.reasoning.advice import Change, Flip, NextQuestion
from advisor.reasoning.engine import Engine
from advisor.reasoning.explain import in_words
from advisor.reasoning.regions import Cutter, Line, exact
from advisor.reasoning.variants import Changes, variants

COMPLETIONS = 48
ENUMERATED = 4096
VALUES_PER_QUESTION = 6
SEED = 20250120


@dataclass(frozen=True, slots=True)
class Move:
    """One answer changed to another value, and how far that is."""

    field: str
    answer: Answer
    distance: float


@dataclass(frozen=True)
class Probe:
    """One assessment, to be asked again with other answers."""

    engine: Engine
    answers: Answers

    @cached_property
    def base(self) -> Facts:
        """The answers as one row of columns."""
        return tabulate([self.answers], self.engine.book)

    @cached_property
    def now(self) -> int:
        """The index of the approach that leads as things are."""
        return int(self.leaders([{}])[0])

    def leaders(self, scenarios: list[Changes]) -> NDArray[np.intp]:
        """The index of the leading approach (-1 for none) for each set of changed answers: an int array (N,)."""
        return self.engine.decide(variants(self.base, scenarios)).leader

    def flips(self) -> tuple[Flip, ...]:
        """All minimal changes of one or two answered questions after which another approach leads, easiest first.

        A change of two answers is left out where one of them alone has the same effect. For two numbers that share a
        derived fact, the values tried are the edges of each number's own regions.
        """
        moves, leads = self._moves()
        singles = self._nearest([((move,), lead) for move, lead in zip(moves, leads, strict=True)])
        done = {(flip.changes[0].field, flip.becomes) for flip in singles}
        pairs = [(a, b) for a, b in combinations(moves, 2) if a.field != b.field]
        if not pairs:
            return self._sorted(singles)
        after = self.leaders([{a.field: a.answer, b.field: b.answer} for a, b in pairs])
        two: list[tuple[tuple[Move, ...], int]] = [
            (pair, int(lead))
            for pair, lead in zip(pairs, after, strict=True)
            if lead >= 0 and not any((move.field, APPROACHES[lead]) in done for move in pair)
        ]
        return self._sorted([*singles, *self._nearest(two)])

    def next_questions(self, limit: int = 6) -> tuple[NextQuestion, ...]:
        """The open questions, most valuable first; those that cannot matter are left out.

        The value of a question is the share of completions of the *other* open questions under which two of its answers
        make different approaches lead (an answer that leaves no approach possible decides nothing between them).
        Completions are enumerated where there are few, else drawn with a fixed seed. Numbers take values over the span
        of common answers.
        """
        questions = self.engine.book.questions
        open_fields = [name for name in self.engine.informative if self._open(name)]
        if not open_fields:
            return ()
        grids = {name: likely_values(questions[name]) for name in open_fields}
        values = self._decisive_shares(grids)
        ranked = sorted(values.items(), key=lambda pair: -pair[1])
        return tuple(
            NextQuestion(name, round(value, 4), questions[name].ask) for name, value in ranked[:limit] if value
        )

    def _decisive_shares(self, grids: dict[str, list[Answer]]) -> dict[str, float]:
        scenarios: list[Changes] = []
        blocks: list[tuple[str, int, int, int]] = []
        for name, grid in grids.items():
            others = {other: values for other, values in grids.items() if other != name}
            start = len(scenarios)
            completions = list(_completions(others))
            scenarios += [{**completion, name: answer} for completion in completions for answer in grid]
            blocks.append((name, start, len(scenarios), len(grid)))
        leaders = self.leaders(scenarios)
        shares = {}
        for name, start, stop, width in blocks:
            block = leaders[start:stop].reshape(-1, width)
            first = np.where(block < 0, len(APPROACHES), block).min(axis=1)
            shares[name] = float((block.max(axis=1) > first).mean())
        return shares

    def _moves(self) -> tuple[list[Move], list[int]]:
        """Every telling change of one answered question, and the approach that leads after it."""
        questions = self.engine.book.questions
        fields = [name for name in self.engine.informative if self._may_change(name)]
        moves: list[Move] = []
        for name in fields:
            if not questions[name].numeric:
                moves += self._choices(questions[name])
        leads = [int(lead) for lead in self.leaders([{move.field: move.answer} for move in moves])] if moves else []
        numeric = [name for name in fields if questions[name].numeric]
        for name, regions in zip(numeric, self._cutter.cut([Line({}, name) for name in numeric]), strict=True):
            current = self._likely(name)
            for region in regions:
                value = region.nearest(current)
                if value != current:
                    moves.append(Move(name, exact(_neat(value, region.low, region.high)), _far(current, value)))
                    leads.append(region.leader)
        return moves, leads

    @cached_property
    def _cutter(self) -> Cutter:
        return Cutter(self.engine, self.base)

    def _choices(self, question: Question) -> Iterator[Move]:
        current = self.answers.given[question.field].word
        place = question.values.index(current)
        for position, value in enumerate(question.values):
            if value != current:
                yield Move(question.field, Answer("word", word=value), float(abs(position - place)))

    def _nearest(self, found: list[tuple[tuple[Move, ...], int]]) -> list[Flip]:
        """For each set of fields and each new leader, the change that goes least far."""
        best: dict[tuple[Any, ...], tuple[float, tuple[Move, ...]]] = {}
        for moves, lead in found:
            if lead in (self.now, -1):
                continue
            upward = tuple(move.answer.likely >= self._likely(move.field) for move in moves)
            key = (*(move.field for move in moves), upward, APPROACHES[lead])
            distance = sum(move.distance for move in moves)
            if key not in best or distance < best[key][0]:
                best[key] = (distance, moves)
        return [self._flip(moves, str(key[-1])) for key, (_, moves) in best.items()]

    @staticmethod
    def _sorted(flips: list[Flip]) -> tuple[Flip, ...]:
        return tuple(sorted(flips, key=lambda flip: (len(flip.changes), flip.effort, flip.text)))

    def _flip(self, moves: tuple[Move, ...], becomes: str) -> Flip:
        changes = []
        parts = []
        effort = 0.0
        for move in moves:
            question = self.engine.book.questions[move.field]
            start, to = self.answers.given[move.field].plain(), move.answer.plain()
            changes.append(Change(move.field, start, to))
            parts.append(f"{noun(question)} were {_said(to, question)} instead of {_said(start, question)}")
            effort += question.effort
        text = f"{becomes.replace('_', '-').capitalize()} if {' and '.join(parts)}"
        return Flip(tuple(changes), becomes, effort, text)

    def _likely(self, name: str) -> float:
        answer = self.answers.get(name)
        return answer.likely if answer is not None else 0.0

    def _open(self, name: str) -> bool:
        question = self.engine.book.questions[name]
        return self.answers.get(name) is None and question.kind not in {"model", "priorities"} and self._applies(name)

    def _may_change(self, name: str) -> bool:
        answer = self.answers.get(name)
        question = self.engine.book.questions[name]
        kinds = {"word", "number", "range"} if question.kind != "model" else set()
        return answer is not None and answer.kind in kinds and question.effort > 0 and self._applies(name)

    def _applies(self, name: str) -> bool:
        column = self._derived.columns[name]
        if isinstance(column, Words):
            return bool(column.codes[0] != ABSENT_CODE)
        return not bool(column.absent[0])

    @cached_property
    def _derived(self) -> Facts:
        return derive(self.base, self.engine.book, self.engine.day)


def likely_values(question: Question) -> list[Answer]:
    """The options of a choice; for a number, values over the span of common answers, evenly in their logarithm."""
    if question.kind == "choice":
        return [Answer("word", word=value) for value in question.values]
    low, high = question.typical
    if question.kind == "share":
        values = np.linspace(low, high, VALUES_PER_QUESTION)
    else:
        values = np.geomspace(max(low, high / 1000), high, VALUES_PER_QUESTION)
        values[0] = low
    if question.kind == "integer":
        values = np.unique(values.round())
    return [exact(float(value)) for value in values]


def _completions(grids: dict[str, list[Answer]]) -> Iterator[dict[str, Answer | None]]:
    """All combinations of answers to some questions, or `COMPLETIONS` draws where there are too many."""
    total = math.prod(len(grid) for grid in grids.values())
    if total <= ENUMERATED // max(len(grids), 1):
        for number in range(total):
            rest = number
            completion: dict[str, Answer | None] = {}
            for name, grid in grids.items():
                rest, pick = divmod(rest, len(grid))
                completion[name] = grid[pick]
            yield completion
        return
    rng = np.random.default_rng(SEED)
    for _ in range(COMPLETIONS):
        yield {name: grid[int(rng.integers(len(grid)))] for name, grid in grids.items()}


def _far(start: float, end: float) -> float:
    return abs(math.log1p(end) - math.log1p(start))


def _neat(value: float, low: float, high: float) -> float:
    """The value, or a number of at most three digits close to it, if the region holds one; whole numbers stay."""
    if value == 0 or float(value).is_integer():
        return value
    for digits in (1, 2, 3):
        unit = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
        for steps in (round(value / unit), math.floor(value / unit), math.ceil(value / unit)):
            rounded = float(f"{steps * unit:.{digits}g}")
            if low <= rounded <= high and (digits == 3 or abs(rounded - value) <= 5e-3 * abs(value)):
                return rounded
    return value


def noun(question: Question) -> str:
    """What a question is about, in a few words, without its unit: "the deadline"."""
    words = question.field
    for unit in ("_usd", "_weeks", "_months", "_ms", "_b"):
        words = words.removesuffix(unit)
    return f"the {words.replace('_', ' ')}"


def _said(value: Any, question: Question) -> str:
    if isinstance(value, dict):
        return f"{_said(value['low'], question)} to {_said(value['high'], question)}"
    if isinstance(value, int | float):
        number = in_words(value)
        if question.kind == "usd":
            return f"${number}"
        told = set(noun(question).split()) & set(question.unit.split()) or "count" in question.field
        return number if told else f"{number} {question.unit}".strip()
    return str(value).replace("_", " ")
