"""Asks the engine again: which changes of one or two answers flip the advice, and which open question matters most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.intake.answers import Answer, Answers
from advisor.intake.columns import ABSENT_CODE, Facts, Words
from advisor.intake.facts import derive, tabulate
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import APPROACHES, Question
from advisor.knowledge.quality_model import ANSWERS
from advisor.knowledge.vocabulary import DERIVED_FACTS
from advisor.reasoning.advice import Flip, NextQuestion
from advisor.reasoning.engine import Engine
from advisor.reasoning.flips import Search
from advisor.reasoning.regions import exact
from advisor.reasoning.variants import Changes, picked, variants

COMPLETIONS = 128
ENUMERATED = 4096
VALUES_PER_QUESTION = 6
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

    @cached_property
    def now(self) -> int:
        """The index of the approach that leads as things are."""
        return int(self.leaders([{}])[0])

    def leaders(self, scenarios: list[Changes]) -> NDArray[np.intp]:
        """The index of the leading approach (-1 for none) for each set of changed answers: an int array (N,)."""
        return self.engine.decide(variants(self.base, scenarios)).leader

    def flips(self) -> tuple[Flip, ...]:
        """All minimal changes of one or two answered questions after which another approach leads, easiest first.

        Questions count that apply and that some effort can change; a range changes to a single number. A change is
        minimal where no part of it makes the same approach lead: neither one of its two answers alone, nor going less
        far in the same direction, along the number or along the list of options. For two numbers that share a derived
        fact, and so trade off along a curve, one of the two takes values at the edges of its own regions.
        """
        fields = tuple(name for name in self.engine.book.questions if self._may_change(name))
        return Search(self.engine, self.answers, self.base, fields, self.now).flips()

    def next_questions(self, limit: int = 6) -> tuple[NextQuestion, ...]:
        """The open questions, most valuable first; those that cannot matter are left out.

        The value of a question is the share of completions of the *other* open questions under which two of its answers
        make different approaches lead (an answer that leaves no approach possible decides nothing between them).
        Completions are enumerated where there are few, else drawn with a fixed seed. Numbers take a few values over the
        span of common answers, whole numbers all of them where these are few. A question with a default is not open.
        """
        questions = self.engine.book.questions
        if not self._open_fields:
            return ()
        grids = {name: likely_values(questions[name]) for name in self._open_fields}
        values = self._decisive_shares(grids)
        ranked = sorted(values.items(), key=lambda pair: -pair[1])
        return tuple(
            NextQuestion(name, round(value, 4), questions[name].ask) for name, value in ranked[:limit] if value
        )

    def still_open(self) -> tuple[str, ...]:
        """The approaches that lead as things are, or under one of many ways to answer all that is open.

        In the order of the domain; the ways are enumerated where they are few, else drawn with a fixed seed.
        """
        grids = {name: likely_values(self.engine.book.questions[name]) for name in self._open_fields}
        found = {self.now}
        if grids:
            picks = completions({name: len(grid) for name, grid in grids.items()})
            found |= set(self.engine.decide(picked(self.base, grids, picks)).leader.tolist())
        return tuple(name for index, name in enumerate(APPROACHES) if index in found)

    @cached_property
    def _open_fields(self) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.engine.book.questions if self._open(name)))

    def _decisive_shares(self, grids: dict[str, list[Answer]]) -> dict[str, float]:
        """For each open question, the share of completions of the others under which its answers decide who leads."""
        sizes = {name: len(grid) for name, grid in grids.items()}
        blocks = []
        for name, width in sizes.items():
            others = completions({other: size for other, size in sizes.items() if other != name})
            count = len(next(iter(others.values()), [0]))
            block = {other: np.repeat(picks, width) for other, picks in others.items()}
            blocks.append(block | {name: np.tile(np.arange(width), count)})
        picks = {name: np.concatenate([block[name] for block in blocks]) for name in sizes}
        leaders = self.engine.decide(picked(self.base, grids, picks)).leader
        ends = np.cumsum([len(block[name]) for name, block in zip(sizes, blocks, strict=True)])
        shares = {}
        for (name, width), rows in zip(sizes.items(), np.split(leaders, ends[:-1]), strict=True):
            table = rows.reshape(-1, width)
            first = np.where(table < 0, len(APPROACHES), table).min(axis=1)
            shares[name] = float((table.max(axis=1) > first).mean())
        return shares

    def _open(self, name: str) -> bool:
        question = self.engine.book.questions[name]
        stated = self.answers.get(name) is not None or question.default is not None
        return not stated and question.kind not in {"model", "priorities"} and self._matters(name)

    def _may_change(self, name: str) -> bool:
        answer = self.answers.get(name)
        question = self.engine.book.questions[name]
        kinds = {"word", "number", "range"} if question.kind != "model" else set()
        return answer is not None and answer.kind in kinds and question.effort > 0 and self._matters(name)

    def _matters(self, name: str) -> bool:
        return name in self._deciding and self._applies(name)

    @cached_property
    def _deciding(self) -> frozenset[str]:
        """The questions that can bear on who leads: what gates, scores, techniques and the forecast read.

        Where one of them reads a fact that follows from costs, these are all questions.
        """
        book = self.engine.book
        conditions = [rule.when for rule in self.engine.rules if rule.kind != "note"]
        conditions += [technique.when for approach in book.approaches.values() for technique in approach.techniques]
        names = {name for condition in conditions for name in facts_read(condition)}
        names |= ANSWERS if self.engine.model is not None else set()
        if any(name in DERIVED_FACTS and name not in self._derived.columns for name in names):
            return frozenset(book.questions)
        found: set[str] = set()
        while names:
            name = names.pop()
            found.add(name)
            reads = set(DERIVED_FACTS[name].reads) if name in DERIVED_FACTS else set()
            applies_when = book.questions[name].applies_when if name in book.questions else None
            names |= (reads | set(facts_read(applies_when) if applies_when else ())) - found
        return frozenset(found)

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
    if question.kind == "integer" and high - low < VALUES_PER_QUESTION:
        values = np.arange(low, high + 1)
    elif question.kind == "share":
        values = np.linspace(low, high, VALUES_PER_QUESTION)
    else:
        values = np.geomspace(max(low, high / 1000), high, VALUES_PER_QUESTION)
        values[0] = low
    if question.kind == "integer":
        values = np.unique(values.round())
    return [exact(float(value)) for value in values]


def completions(sizes: dict[str, int]) -> dict[str, NDArray[np.intp]]:
    """Which answer to each question each completion takes: all combinations, or `COMPLETIONS` draws of many."""
    total = math.prod(sizes.values())
    if total <= ENUMERATED // max(len(sizes), 1):
        return dict(zip(sizes, np.unravel_index(np.arange(total), tuple(sizes.values())), strict=True)) if sizes else {}
    rng = np.random.default_rng(SEED)
    return {name: rng.integers(size, size=COMPLETIONS, dtype=np.intp) for name, size in sizes.items()}
