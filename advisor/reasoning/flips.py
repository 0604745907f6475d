"""The minimal changes of one or two answers after which another approach leads, and how they are said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.intake.answers import Answer, Answers
from advisor.intake.columns import Facts
from advisor.knowledge.domain import APPROACHES, Question
from advisor.knowledge.wording import approach_words, field_words
from advisor.language import dollars, numeral, say
from advisor.reasoning.advice import Change, Flip
from advisor.reasoning.engine import Engine
from advisor.reasoning.regions import Cutter, Line, Region, exact
from advisor.reasoning.variants import variants


@dataclass(frozen=True, slots=True)
class Move:
    """One answer changed to another.

    `step` says how far up (above 0) or down: in places of the list of options, or in the number's own unit. A number
    stands for all from `low` to `high`, which lead to the same.
    """

    field: str
    answer: Answer
    step: float
    low: float = 0.0
    high: float = 0.0


DIGITS = ((1, 3), (4, 4), (5, 5), (6, 6))  # least and most, tried one after the other for the numbers of a change
Moves = tuple[Move, ...]
Found = tuple[Moves, int]


@dataclass(frozen=True)
class Search:
    """The search for what flips one assessment: `base` is its row of columns, `fields` the answers that may change."""

    engine: Engine
    answers: Answers
    base: Facts
    fields: tuple[str, ...]
    now: int

    def flips(self) -> tuple[Flip, ...]:
        """The minimal changes, fewest answers and least effort first."""
        singles, regions = self._singles()
        found = [((move,), lead) for move, lead in singles] + self._pairs([move for move, _ in singles], regions)
        least = minimal(item for item in found if item[1] not in (self.now, -1))
        said = minimal(self._halved(minimal(self._in_few_digits(least))))
        flips = [self._flip(moves, APPROACHES[lead]) for moves, lead in said]
        return tuple(sorted(flips, key=_place))

    def _singles(self) -> tuple[list[tuple[Move, int]], dict[str, list[Region]]]:
        """Every telling change of one answer with the approach that leads after it, and the regions of each number."""
        choices = [move for name in self.fields if not self._question(name).numeric for move in self._choices(name)]
        numbers = [name for name in self.fields if self._question(name).numeric]
        cutter = Cutter(self.engine, self.base)
        regions = dict(zip(numbers, cutter.cut([Line({}, name) for name in numbers]), strict=True))
        singles = list(zip(choices, self._leaders([(move,) for move in choices]).tolist(), strict=True))
        for name, line in regions.items():
            singles += self._along(name, line)
        return singles, regions

    def _pairs(self, moves: Sequence[Move], regions: dict[str, list[Region]]) -> list[Found]:
        """Changes of two answers: each change of one with every option of another choice and along every number."""
        words = [move for move in moves if move.answer.kind == "word"]
        both = [(one, two) for one, two in combinations(words, 2) if one.field != two.field]
        found: list[Found] = list(zip(both, self._leaders(both).tolist(), strict=True))
        marks = {
            name: [mark for region in line for mark in (region.low, region.high)] for name, line in regions.items()
        }
        pairs = [(move, name) for move in moves for name in regions if name != move.field]
        lines = [Line({move.field: move.answer}, name) for move, name in pairs]
        cutter = Cutter(self.engine, self.base, marks)
        for (move, name), line in zip(pairs, cutter.cut(lines), strict=True):
            found += [((move, other), lead) for other, lead in self._along(name, line)]
        return found

    def _along(self, name: str, regions: Iterable[Region]) -> list[tuple[Move, int]]:
        """The nearest other value in each region of a number; a range may shrink to its likely value."""
        answer, found = self.answers.given[name], []
        for region in regions:
            value = region.nearest(answer.likely)
            if value != answer.likely or answer.kind == "range":
                move = Move(name, exact(value), value - answer.likely, region.low, region.high)
                found.append((move, region.leader))
        return found

    def _choices(self, name: str) -> Iterable[Move]:
        values = self._question(name).values
        place = values.index(self.answers.given[name].word)
        for position, value in enumerate(values):
            if position != place:
                yield Move(name, Answer("word", word=value), float(position - place))

    def _in_few_digits(self, found: Sequence[Found]) -> list[Found]:
        """The same changes with numbers as people would say them: in as few digits as lead to the same."""
        said = list(found)
        rest = list(range(len(said)))
        for least, most in DIGITS:
            neat = [tuple(self._neat(move, least, most) for move in said[place][0]) for place in rest]
            after = self._leaders(neat).tolist()
            for place, moves, now in zip(rest, neat, after, strict=True):
                if now == said[place][1]:
                    said[place] = moves, now
            rest = [place for place, now in zip(rest, after, strict=True) if now != said[place][1]]
        return said

    def _halved(self, found: Sequence[Found]) -> list[Found]:
        """The same changes, and in place of two answers the one that leads to the same by itself.

        Bounds on derived facts are cut to a precision only, so that a number can lie beyond one that was not seen.
        """
        halves = [((move,), lead, moves) for moves, lead in found if len(moves) > 1 for move in moves]
        after = self._leaders([half for half, _, _ in halves]).tolist()
        enough = [half for half, now in zip(halves, after, strict=True) if now == half[1]]
        kept = [(moves, lead) for moves, lead in found if not any(whole is moves for _, _, whole in enough)]
        return kept + [(half, lead) for half, lead, _ in enough]

    def _neat(self, move: Move, least: int, most: int) -> Move:
        if move.answer.kind == "word" or not move.step:
            return move
        value = few_digits(move.answer.likely, move.low, move.high, least, most)
        return replace(move, answer=exact(value), step=move.step + value - move.answer.likely)

    def _leaders(self, changes: Sequence[Moves]) -> NDArray[np.intp]:
        rows = [{move.field: move.answer for move in moves} for moves in changes]
        return self.engine.decide(variants(self.base, rows)).leader if rows else np.zeros(0, np.intp)

    def _question(self, name: str) -> Question:
        return self.engine.book.questions[name]

    def _flip(self, moves: Moves, becomes: str) -> Flip:
        changes = []
        parts = []
        effort = 0.0
        for move in sorted(moves, key=lambda move: move.field):
            question = self._question(move.field)
            start, to = self.answers.given[move.field].plain(), move.answer.plain()
            changes.append(Change(move.field, start, to))
            told = say("{answer} were {to} instead of {start}")
            sides = {"to": _said(to, question), "start": _said(start, question)}
            parts.append(told.format(answer=noun(question), **sides))
            effort += question.effort
        name = approach_words(becomes)
        name = name[:1].upper() + name[1:]
        text = say("{approach} if {changes}", approach=name, changes=say(" and ").join(parts))
        return Flip(tuple(changes), becomes, effort, text)


def _place(flip: Flip) -> tuple[Any, ...]:
    """Where a flip stands among others: fewest answers and least effort first, and the same in every language."""
    sides = [(change.field, isinstance(change.to, str), change.to) for change in flip.changes]
    return len(flip.changes), flip.effort, flip.becomes, sides


def minimal(found: Iterable[Found]) -> list[Found]:
    """The changes of which no part makes the same approach lead, each once.

    A part of a change leaves some of its answers alone, or goes less far with them in the same direction.
    """
    unique = {(frozenset((move.field, move.answer.plain()) for move in moves), lead): moves for moves, lead in found}
    groups: dict[tuple[frozenset[str], int], list[Moves]] = {}
    for (_, lead), moves in unique.items():
        groups.setdefault((frozenset(move.field for move in moves), lead), []).append(moves)
    kept = []
    for (fields, lead), group in groups.items():
        alone = [moves for name in fields for moves in groups.get((frozenset({name}), lead), ())]
        rivals = alone if len(fields) == 1 else [*alone, *group]
        kept += [(moves, lead) for moves in group if not any(_part(other, moves) for other in rivals)]
    return kept


def _part(small: Moves, whole: Moves) -> bool:
    if small is whole:
        return False
    reach = {move.field: move.step for move in whole}
    return all(
        move.step == 0 or (move.step * reach[move.field] > 0 and abs(move.step) <= abs(reach[move.field]))
        for move in small
    )


def few_digits(value: float, low: float, high: float, least: int = 1, most: int = 3) -> float:
    """The value, or a number of `least` to `most` digits close to it from `low` to `high`; whole numbers stay."""
    if value == 0 or float(value).is_integer():
        return value
    for digits in range(least, most + 1):
        unit = 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
        for steps in (round(value / unit), math.floor(value / unit), math.ceil(value / unit)):
            rounded = float(f"{steps * unit:.{digits}g}")
            if low <= rounded <= high and (digits == most or abs(rounded - value) <= 5e-3 * abs(value)):
                return rounded
    return value


def noun(question: Question) -> str:
    """What a question is about, in a few words, without its unit: "the deadline"."""
    return say("the {subject}", subject=field_words(question.field))


def _said(value: Any, question: Question) -> str:
    if isinstance(value, dict):
        return say(
            "{value} to {value_two}", value=_said(value["low"], question), value_two=_said(value["high"], question)
        )
    if isinstance(value, int | float):
        number = _exact_words(value, cents=question.kind == "usd")
        if question.kind == "usd":
            return dollars(number)
        told = set(noun(question).split()) & set(question.unit.split()) or "count" in question.field
        return number if told else f"{number} {question.unit}".strip()
    return say(str(value).replace("_", " "))


def _exact_words(value: float, *, cents: bool) -> str:
    """A number with all its digits: one more or less may not turn the advice."""
    if float(value).is_integer():
        return numeral(f"{value:,.0f}")
    return numeral(f"{value:,.2f}" if cents and round(100 * value, 6).is_integer() else f"{value:,.12g}")
