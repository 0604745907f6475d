"""Flips and question values against enumeration of every answer, on a rulebook small enough for that."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations, product
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.intake import answers as intake
from advisor.intake.answers import Answer, Answers
from advisor.knowledge.conditions import Always, Among, AtLeastK, Bound, Compare, Condition, Known, Not
from advisor.knowledge.domain import APPROACHES, CRITERIA, Parameter, Question, Rule, Rulebook
from advisor.reasoning.engine import Engine
from advisor.reasoning.probe import Probe
from advisor.reasoning.regions import Cutter, Line, Region, exact

DAY = date(2026, 11, 22)
KINDS = ("classification", "extraction", "generation")
CHOICES = ("task_kind", "label_quality", "quality_gap", "knowledge_need")
Step = tuple[str, float, Answer]


class Small:
    """Draws rulebooks over seven questions whose answers can all be tried, and profiles that answer some of them."""

    def __init__(self, shipped: Engine, seed: int, most: int) -> None:
        self.rng = random.Random(seed)
        self.book = self._pack(shipped.book, most)
        self.engine = Engine(self.book, shipped.prices, DAY)

    def answers(self, share: float, most_open: int = 99) -> Answers:
        """Answers to a share of the questions, some of them ranges or inapplicable; at most so many are left open."""
        rng, given_ = self.rng, {}
        for name, question in self.book.questions.items():
            if rng.random() < share:
                given_[name] = self._answer(question)
        left = [name for name in self.book.questions if name not in given_]
        for name in rng.sample(left, k=max(0, len(left) - most_open)):
            given_[name] = self._answer(self.book.questions[name])
        return Answers(given=given_)

    def _pack(self, book: Rulebook, most: int) -> Rulebook:
        rng = self.rng
        asked = {name: book.questions[name] for name in CHOICES}
        kinds = tuple(option for option in asked["task_kind"].options if option.value in KINDS)
        asked["task_kind"] = replace(asked["task_kind"], effort=1, options=kinds)
        asked["labelled_examples"] = self._whole(book, "labelled_examples", 0, most)
        asked["use_case_count"] = self._whole(book, "use_case_count", 1, min(most, 6))
        asked["class_count"] = self._whole(book, "class_count", 2, min(most, 5))
        asked["horizon_months"] = replace(self._whole(book, "horizon_months", 1, min(most, 6)), default=3)
        parameters = dict(book.parameters)
        for name, table in {
            "examples_needed": {kind: rng.choice([2, 4, 6]) for kind in KINDS},
            "label_quality_factor": {"poor": 0.5, "fair": 1, "good": 1, "excellent": 2},
            "by_kind": {kind: rng.randint(0, most) for kind in KINDS},
            "by_gap": {value: rng.randint(1, 5) for value in asked["quality_gap"].values},
        }.items():
            parameters[name] = Parameter(name, "t", "", (), ((DAY, table),))
        approaches = {
            name: replace(approach, techniques=(replace(approach.techniques[0], when=Always()),))
            for name, approach in book.approaches.items()
        }
        small = replace(book, questions=asked, parameters=parameters, approaches=approaches, cases=(), rules=())
        self.book = small
        if rng.random() < 0.3:
            name = rng.choice(APPROACHES)
            techniques = (replace(approaches[name].techniques[0], when=self._condition(2)),)
            small = replace(small, approaches={**approaches, name: replace(approaches[name], techniques=techniques)})
        return replace(small, rules=tuple(self._rule(k) for k in range(rng.randint(3, 9))))

    def _whole(self, book: Rulebook, name: str, low: int, high: int) -> Question:
        return replace(book.questions[name], min=low, max=high, typical=(float(low), float(high)), default=None)

    def _rule(self, number: int) -> Rule:
        rng = self.rng
        gate = rng.random() < 0.25
        approaches = tuple(rng.sample(APPROACHES, k=rng.randint(1, 2)))
        return replace(
            Rule(f"r{number}", "gate" if gate else "score", "t", self._condition(2), "b", (), DAY, "w"),
            approaches=approaches if gate else (),
            criterion="" if gate else rng.choice(CRITERIA),
            points={} if gate else {name: rng.choice([-2.0, -1.0, 0.5, 1.0, 2.0]) for name in approaches},
        )

    def _condition(self, depth: int) -> Condition:
        rng = self.rng
        form = rng.choice(["leaf", "not", "several"]) if depth else "leaf"
        if form == "not":
            return Not(self._condition(depth - 1))
        if form == "several":
            parts = tuple(self._condition(depth - 1) for _ in range(rng.randint(1, 3)))
            return AtLeastK(rng.randint(1, len(parts)), parts)
        name = rng.choice([*self.book.questions, "examples_ratio", "labelled_examples"])
        if rng.random() < 0.1:
            return Known(name)
        if name in CHOICES:
            values = self.book.questions[name].values
            return Among(name, tuple(rng.sample(values, k=rng.randint(1, 2))))
        bound = Bound(number=rng.choice([0.5, 1.0, 2.0, 3.0, 4.0]))
        if name == "labelled_examples":
            bound = rng.choice([Bound(number=float(rng.randint(0, 12))), Bound(parameter="by_kind", by="task_kind")])
        elif name == "use_case_count":
            bound = rng.choice([bound, Bound(parameter="by_gap", by="quality_gap")])
        return Compare(name, rng.choice([">=", ">", "<=", "<"]), bound)

    def _answer(self, question: Question) -> Answer:
        rng = self.rng
        if rng.random() < 0.05:
            return Answer("does_not_apply")
        if not question.numeric:
            return Answer("word", word=rng.choice(question.values))
        assert question.min is not None and question.max is not None
        low, likely, high = sorted(float(rng.randint(int(question.min), int(question.max))) for _ in range(3))
        if rng.random() < 0.2 and low < high:
            return Answer("range", low=low, likely=likely, high=high)
        return Answer("number", low=likely, likely=likely, high=likely)


def every_answer(question: Question) -> list[Answer]:
    """All answers to a question of the small rulebook."""
    if not question.numeric:
        return [Answer("word", word=value) for value in question.values]
    assert question.min is not None and question.max is not None
    values = (float(value) for value in range(int(question.min), int(question.max) + 1))
    return [Answer("number", low=value, likely=value, high=value) for value in values]


@dataclass(frozen=True)
class Enumeration:
    """Everything that another answer could do, found by trying it."""

    small: Small
    answers: Answers
    applies: frozenset[str]

    def leaders(self, scenarios: list[Answers]) -> list[int]:
        """The approach that leads in each scenario; -1 for none."""
        return [int(leader) for leader in self.small.engine.decide_answers(scenarios).leader] if scenarios else []

    def steps(self, name: str) -> Iterator[Step]:
        """Every other answer to an answered question, with how far up or down it lies."""
        question, now = self.small.book.questions[name], self.answers.given[name]
        for answer in every_answer(question):
            if question.numeric:
                away = answer.likely - now.likely
            else:
                away = question.values.index(answer.word) - question.values.index(now.word)
            if away or now.kind == "range":
                yield name, away, answer

    def flips(self) -> set[tuple[frozenset[tuple[str, Any]], str]]:
        """The minimal changes of one or two answers, as the docstring of `Probe.flips` defines them."""
        now = self.leaders([self.answers])[0]
        movable = [
            name
            for name, answer in self.answers.given.items()
            if self.small.book.questions[name].effort > 0 and answer.kind != "does_not_apply" and name in self.applies
        ]
        steps = {name: list(self.steps(name)) for name in movable}
        changes: list[tuple[Step, ...]] = [(step,) for name in movable for step in steps[name]]
        for one, two in combinations(movable, 2):
            changes += product(steps[one], steps[two])
        scenarios = [self.answers.changed({name: answer for name, _, answer in change}) for change in changes]
        by_fields: dict[tuple[tuple[str, ...], int], list[tuple[Step, ...]]] = {}
        for change, leader in zip(changes, self.leaders(scenarios), strict=True):
            if leader not in (now, -1):
                by_fields.setdefault((tuple(name for name, _, _ in change), leader), []).append(change)
        found = set()
        for (fields, leader), group in by_fields.items():
            rivals = [change for name in fields for change in by_fields.get(((name,), leader), [])]
            rivals += group if len(fields) == 2 else []
            for change in group:
                if not any(other is not change and smaller(other, change) for other in rivals):
                    found.add((frozenset((name, answer.plain()) for name, _, answer in change), APPROACHES[leader]))
        return found

    def values(self) -> dict[str, float]:
        """The share of completions of the other open questions under which an open question decides who leads."""
        still_open = [
            name
            for name, question in self.small.book.questions.items()
            if name not in self.answers.given and question.default is None and name in self.applies
        ]
        grids = {name: every_answer(self.small.book.questions[name]) for name in still_open}
        whole = [dict(zip(still_open, picks, strict=True)) for picks in product(*grids.values())]
        leaders = np.array(self.leaders([self.answers.changed(changes) for changes in whole]))
        cube = leaders.reshape([len(grid) for grid in grids.values()])
        shares = {}
        for axis, name in enumerate(still_open):
            rows = np.moveaxis(cube, axis, -1).reshape(-1, cube.shape[axis])
            shares[name] = float(np.mean([len(set(row.tolist()) - {-1}) > 1 for row in rows]))
        return {name: round(share, 4) for name, share in shares.items() if share}


def smaller(change: tuple[Step, ...], than: tuple[Step, ...]) -> bool:
    """Whether one change does a part of the other: the same questions or one of them, in the same direction."""
    reach = {name: away for name, away, _ in than}
    return all(away == 0 or (away * reach[name] > 0 and abs(away) <= abs(reach[name])) for name, away, _ in change)


def enumeration(oracle: ModuleType, small: Small, answers: Answers) -> Enumeration:
    """The enumeration for one profile, told by the oracle which questions apply."""
    facts = oracle.Case(small.book, DAY, answers).facts
    applies = frozenset(name for name in small.book.questions if facts[name].state != "absent")
    return Enumeration(small, answers, applies)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_flips_are_what_enumeration_finds(shipped: Engine, oracle: ModuleType, seed: int) -> None:
    """All minimal changes of one or two answers that make another approach lead; none missing, none extra."""
    small = Small(shipped, seed, most=10)
    answers = small.answers(share=0.8)
    flips = Probe(small.engine, answers).flips()
    told = {(frozenset((change.field, change.to) for change in flip.changes), flip.becomes) for flip in flips}
    assert len(told) == len(flips)
    assert told == enumeration(oracle, small, answers).flips()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_question_values_are_what_enumeration_finds(shipped: Engine, oracle: ModuleType, seed: int) -> None:
    """Each open question has the value that trying every completion gives it; those of no value are left out."""
    small = Small(shipped, seed, most=5)
    answers = small.answers(share=0.5, most_open=4)
    questions = Probe(small.engine, answers).next_questions(limit=99)
    assert {question.field: question.value for question in questions} == enumeration(oracle, small, answers).values()
    assert [question.value for question in questions] == sorted((q.value for q in questions), reverse=True)


@pytest.mark.parametrize("bound", [0.37, 0.73, 1.0])
def test_a_narrow_lead_between_two_bounds_of_a_derived_fact_is_found(shipped: Engine, bound: float) -> None:
    """Tuning leads for a few numbers of examples only, wherever those lie, and just they are a region."""
    base = next(rule for rule in shipped.rules if rule.id == "enough_examples")
    from_here = replace(base, points={"fine_tuning": 3.0}, when=Compare("examples_ratio", ">=", Bound(bound)))
    end = Compare("examples_ratio", ">=", Bound(1.02 * bound))
    to_here = replace(base, id="to", points={"fine_tuning": -3.0}, when=end)
    always = replace(base, id="always", points={"prompting": 1.0}, when=Always())
    engine = Engine(replace(shipped.book, rules=(from_here, to_here, always)), shipped.prices, DAY)
    weights = {name: 5 if name == base.criterion else 0 for name in CRITERIA}
    raw = {"task_kind": "classification", "label_quality": "good", "priorities": weights}
    given_ = intake.parse(raw, engine.book)
    numbers = range(1, 801)
    asked = [given_.changed({"labelled_examples": exact(float(number))}) for number in numbers]
    leads = engine.decide_answers(asked).leader
    narrow = [number for number, lead in zip(numbers, leads, strict=True) if APPROACHES[lead] == "fine_tuning"]
    assert 0 < len(narrow) < 20
    (regions,) = Cutter(engine, engine.decide_answers([given_]).facts).cut([Line({}, "labelled_examples")])
    tuned = [(region.low, region.high) for region in regions if APPROACHES[region.leader] == "fine_tuning"]
    assert tuned == [(narrow[0], narrow[-1])]


def test_the_nearest_value_of_a_region_lies_in_it() -> None:
    """Its near end for a value beyond, the value itself inside."""
    assert [Region(2.0, 5.0, 0).nearest(value) for value in (1.0, 2.0, 3.5, 5.0, 9.0)] == [2.0, 2.0, 3.5, 5.0, 5.0]
