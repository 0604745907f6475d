"""Asks the engine again: which single change flips the advice, and which open question matters most.

The grid of values for a number holds every bound that a rule compares it with (and its neighbours) and a 1-2-5 ladder;
a flip found on the grid is narrowed down to the smallest change by bisection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from advisor.intake.answers import Answer, Answers
from advisor.intake.columns import ABSENT_CODE, UNKNOWN_CODE, Column, Facts, Numbers, Words
from advisor.intake.facts import tabulate
from advisor.intake.truth import bound_value
from advisor.knowledge.conditions import Compare, walk
from advisor.knowledge.domain import APPROACHES, Question
from advisor.reasoning.advice import Change, Flip, NextQuestion
from advisor.reasoning.engine import Engine
from advisor.reasoning.explain import in_words

COMPLETIONS = 48
VALUES_PER_QUESTION = 6
REACH = 10  # flips are looked for up to this factor beyond the common answers
SEED = 20250120


@dataclass(frozen=True)
class Probe:
    """One assessment, to be asked again with other answers."""

    engine: Engine
    answers: Answers

    @cached_property
    def base(self) -> Facts:
        """The answers as one row of columns."""
        return tabulate([self.answers], self.engine.book)

    def leaders(self, scenarios: Sequence[Mapping[str, Answer | None]]) -> Any:
        """The index of the leading approach (-1 for none) for each set of changed answers: an int array (N,)."""
        return self.engine.decide(variants(self.base, scenarios, self.engine.book.questions)).leader

    def flips(self) -> tuple[Flip, ...]:
        """The smallest change of each answered question that makes another approach lead, easiest first."""
        fields = [name for name in self.engine.informative if self._may_change(name)]
        trials = [(name, answer) for name in fields for answer in self._candidates(name)]
        if not trials:
            return ()
        now = int(self.leaders([{}])[0])
        after = self.leaders([{name: answer} for name, answer in trials])
        found: dict[tuple[str, str], tuple[float, Answer]] = {}
        for (name, answer), leader in zip(trials, after, strict=True):
            if leader in (now, -1):
                continue
            distance = self._distance(name, answer)
            key = (name, APPROACHES[leader])
            if key not in found or distance < found[key][0]:
                found[key] = (distance, answer)
        flips = [self._flip(name, becomes, answer) for (name, becomes), (_, answer) in found.items()]
        return tuple(sorted(flips, key=lambda flip: (flip.effort, flip.changes[0].field, flip.becomes)))

    def next_questions(self, limit: int = 6) -> tuple[NextQuestion, ...]:
        """The open questions, most valuable first.

        The value is the share of random completions of the open questions in which the answer to this one decides
        which approach leads. It is 0 for a question that cannot matter; such questions are left out.
        """
        book = self.engine.book
        open_fields = [name for name in self.engine.informative if self._open(name)]
        if not open_fields:
            return ()
        grids = {name: _likely_values(book.questions[name]) for name in open_fields}
        rng = np.random.default_rng(SEED)
        draws = [{name: grid[int(rng.integers(len(grid)))] for name, grid in grids.items()} for _ in range(COMPLETIONS)]
        scenarios: list[dict[str, Answer | None]] = []
        spans: list[tuple[str, int, int]] = []
        for name in open_fields:
            start = len(scenarios)
            scenarios += [{**draw, name: answer} for draw in draws for answer in grids[name]]
            spans.append((name, start, len(scenarios)))
        leaders = self.leaders(scenarios)
        values = []
        for name, start, stop in spans:
            block = leaders[start:stop].reshape(COMPLETIONS, -1)
            values.append((name, float((block != block[:, :1]).any(axis=1).mean())))
        values.sort(key=lambda pair: -pair[1])
        questions = book.questions
        return tuple(
            NextQuestion(name, round(value, 4), questions[name].ask) for name, value in values[:limit] if value
        )

    def _open(self, name: str) -> bool:
        question = self.engine.book.questions[name]
        return self.answers.get(name) is None and question.kind not in {"model", "priorities"} and self._applies(name)

    def _may_change(self, name: str) -> bool:
        answer = self.answers.get(name)
        question = self.engine.book.questions[name]
        return answer is not None and answer.kind in {"word", "number"} and question.effort > 0 and self._applies(name)

    def _applies(self, name: str) -> bool:
        column = self._derived.columns[name]
        if isinstance(column, Words):
            return bool(column.codes[0] != ABSENT_CODE)
        return not bool(column.absent[0])

    @cached_property
    def _derived(self) -> Facts:
        from advisor.intake.facts import derive

        return derive(self.base, self.engine.book, self.engine.day)

    def _candidates(self, name: str) -> list[Answer]:
        answer = self.answers.get(name)
        return [other for other in self._grid(self.engine.book.questions[name]) if other != answer]

    def _grid(self, question: Question) -> list[Answer]:
        if question.kind == "choice":
            return [Answer("word", word=value) for value in question.values]
        if question.kind == "share":
            ladder = {round(step / 20, 2) for step in range(21)}
        else:
            ladder = {0.0} | {digit * 10.0**power for power in range(8) for digit in (1, 2, 5)}
        step = 1.0 if question.kind == "integer" else 0.01 if question.kind == "share" else 0.5
        for bound in self._bounds(question.field):
            ladder |= {bound, bound - step, bound + step}
        low, high = question.typical[0] / REACH, question.typical[1] * REACH
        low = max(low, 0.0 if question.min is None else question.min)
        high = high if question.max is None else min(high, question.max)
        values = sorted(value for value in ladder if low <= value <= high)
        if question.kind == "integer":
            values = sorted({float(round(value)) for value in values})
        return [Answer("number", low=value, likely=value, high=value) for value in values]

    def _bounds(self, name: str) -> set[float]:
        bounds: set[float] = set()
        for rule in self.engine.rules:
            for node in walk(rule.when):
                if isinstance(node, Compare) and node.fact == name:
                    value = bound_value(node.bound, self.engine.book, self.engine.day)
                    bounds |= {float(item) for item in (value.values() if isinstance(value, dict) else [value])}
        return bounds

    def _distance(self, name: str, answer: Answer) -> float:
        current = self.answers.get(name)
        if current is None or answer.kind == "word":
            question = self.engine.book.questions[name]
            words = list(question.values)
            return abs(words.index(answer.word) - words.index(current.word)) if current else 0.0
        return float(abs(np.log1p(answer.likely) - np.log1p(current.likely)))

    def _flip(self, name: str, becomes: str, answer: Answer) -> Flip:
        current = self.answers.get(name)
        question = self.engine.book.questions[name]
        if current is not None and answer.kind == "number":
            answer = self._narrow(question, becomes, current.likely, answer.likely)
        start = current.plain() if current else None
        to = answer.plain()
        label = becomes.replace("_", "-")
        text = f"{label.capitalize()} if {name.replace('_', ' ')} were {_said(to)} instead of {_said(start)}"
        return Flip((Change(name, start, to),), becomes, float(question.effort), text)

    def _narrow(self, question: Question, becomes: str, start: float, end: float) -> Answer:
        """The value closest to `start`, between it and `end`, at which the leader is still `becomes`."""
        target = APPROACHES.index(becomes)
        whole = question.kind == "integer"
        for _ in range(6):
            steps = np.linspace(start, end, 18)
            values = [float(round(value)) if whole else float(f"{value:.6g}") for value in steps]
            answers = [Answer("number", low=value, likely=value, high=value) for value in values]
            leads = self.leaders([{question.field: answer} for answer in answers]) == target
            first = int(np.argmax(leads))
            if not leads[first] or first == 0 or abs(values[first] - values[first - 1]) < (1.5 if whole else 1e-6):
                break
            start, end = values[first - 1], values[first]
        return Answer("number", low=end, likely=end, high=end)


def _likely_values(question: Question) -> list[Answer]:
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
    return [Answer("number", low=value, likely=value, high=value) for value in map(float, values)]


def variants(base: Facts, scenarios: Sequence[Mapping[str, Answer | None]], questions: Mapping[str, Question]) -> Facts:
    """One row of answers repeated once per scenario, with that scenario's answers put in (None: not known)."""
    facts = base.take(np.zeros(len(scenarios), np.intp))
    rows: dict[str, list[tuple[int, Answer | None]]] = {}
    for row, changes in enumerate(scenarios):
        for name, answer in changes.items():
            rows.setdefault(name, []).append((row, answer))
    columns: dict[str, Column] = {name: _replaced(facts.columns[name], changes) for name, changes in rows.items()}
    return facts.with_columns(columns)


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
    return Numbers(low, likely, high, known, absent)


def _said(value: Any) -> str:
    if isinstance(value, int | float):
        return in_words(value)
    return "not known" if value is None else str(value).replace("_", " ")
