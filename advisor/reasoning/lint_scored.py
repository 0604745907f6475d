"""Looks over the rules together: which never fire, repeat or contradict each other, or make a score jump.

What can be proven over all combinations of answers is a problem or a plain remark; what was only not seen in samples
says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations

import numpy as np

from advisor.errors import InputError, Problem
from advisor.intake import answers as intake_answers
from advisor.intake.columns import Bools, Facts, Numbers
from advisor.intake.truth import TRUE, evaluate
from advisor.knowledge.conditions import Always, facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rule
from advisor.reasoning import grid
from advisor.reasoning.coverage import draw
from advisor.reasoning.engine import Engine
from advisor.reasoning.trials import day_for

SAMPLES = 3_000
SEED = 20250120
CLIFF = "cliff_edge_points"


def check(engine: Engine) -> tuple[list[Problem], list[Problem]]:
    """The problems (proven faults) and the remarks (worth a look) about the rules of the engine's book together."""
    look = _Look(engine)
    return [*look.unreachable(), *look.pairs()], [*look.not_seen(), *look.dominated(), *look.cliffs()]


@dataclass(frozen=True)
class _Look:
    engine: Engine

    @cached_property
    def rules(self) -> list[Rule]:
        return [rule for rule in self.engine.book.rules if rule.when != Always()]

    @cached_property
    def samples(self) -> Facts:
        facts = draw(self.engine.book, SAMPLES, np.random.default_rng(SEED))
        return self.engine.decide(facts).facts

    @cached_property
    def seen(self) -> dict[str, Bools]:
        """Where each rule fires among the samples and the firing examples of all rules."""
        given = []
        for rule in self.rules:
            try:
                given.append(intake_answers.parse(dict(rule.fires or {}), self.engine.book))
            except InputError:
                continue
        examples = self.engine.decide_answers(given).facts if given else self.samples.take(np.arange(0))
        result = {}
        for rule in self.rules:
            day = self._day(rule)
            parts = [evaluate(rule.when, facts, self.engine.book, day) for facts in (self.samples, examples)]
            result[rule.id] = np.concatenate(parts) == TRUE
        return result

    @cached_property
    def impossible(self) -> set[str]:
        """The rules that no combination of answers can make fire."""
        found = set()
        for rule in self.rules:
            truths = grid.truths([rule.when], self.engine.book, self._day(rule))
            if truths is not None and not (truths == TRUE).any():
                found.add(rule.id)
        return found

    def unreachable(self) -> Iterator[Problem]:
        for rule in self.rules:
            if rule.id in self.impossible:
                remedy = "mend the parts of 'when:' that exclude each other"
                found = "a condition that no answers can make true"
                yield Problem(rule.where, f"rule {rule.id}", found, "one that can hold", remedy)

    def not_seen(self) -> Iterator[Problem]:
        for rule in self.rules:
            if rule.id not in self.impossible and not self.seen[rule.id].any():
                found = f"not seen in {len(self.seen[rule.id]):,} samples"
                remedy = "check whether its condition can hold, and give a firing example"
                yield Problem(rule.where, f"rule {rule.id}", found, "a rule that fires", remedy)

    def pairs(self) -> Iterator[Problem]:
        """Rules that fire together always: with the same effect (duplicate) or with opposite points."""
        for first, second in combinations(self.rules, 2):
            if not self._comparable(first, second):
                continue
            same = _effect(first) == _effect(second)
            against = [name for name, points in first.points.items() if points * second.points.get(name, 0.0) < 0]
            against = against if first.criterion == second.criterion else []
            if not (same or against) or not self._proven(first, second, lambda one, other: bool((one == other).all())):
                continue
            other = f"rule {second.id} ({second.where})"
            if same:
                found, remedy = f"the same condition and effect as {other}", "remove one of the two"
                yield Problem(first.where, f"rule {first.id}", found, "each rule once", remedy)
            else:
                found = f"the same condition as {other} and opposite points for {', '.join(against)}"
                remedy = "settle it: keep one, and show the other side in 'contested_by:'"
                yield Problem(first.where, f"rule {first.id}", found, "one direction for each approach", remedy)

    def dominated(self) -> Iterator[Problem]:
        """Scores that add to another one whenever they fire, and do not say that they mean to."""
        scores = [rule for rule in self.rules if rule.kind == "score"]
        for rule in scores:
            for other in scores:
                if rule is other or other.id in rule.on_top_of or not self._comparable(rule, other):
                    continue
                covers = rule.criterion == other.criterion and all(
                    points * other.points.get(name, 0.0) >= points**2 for name, points in rule.points.items()
                )
                repeated = _effect(rule) == _effect(other) and np.array_equal(self.seen[rule.id], self.seen[other.id])
                if not covers or repeated:
                    continue
                if self._proven(rule, other, lambda one, over: bool((~one | over).all())):
                    found = f"it fires only when rule {other.id} ({other.where}) gives at least the same points"
                    remedy = f"remove it, or say 'on_top_of: [{other.id}]' if it is meant to add"
                    yield Problem(rule.where, f"rule {rule.id}", found, "a reason of its own", remedy)

    def cliffs(self) -> Iterator[Problem]:
        """Bounds at which an approach's score jumps by more than the parameter allows, at the default weights."""
        if CLIFF not in self.engine.book.parameters:
            return
        limit = self.engine.parameter(CLIFF)
        scores = [rule for rule in self.engine.rules if rule.kind == "score"]
        names = dict.fromkeys(name for rule in scores for name in facts_read(rule.when))
        for name in names:
            readers = [rule for rule in scores if name in facts_read(rule.when)]
            for mark in grid.bounds([rule.when for rule in readers], name, self.engine.book, self.engine.day):
                yield from self._cliff(name, mark, readers, limit)

    def _cliff(self, name: str, mark: float, readers: list[Rule], limit: float) -> Iterator[Problem]:
        question = self.engine.book.questions.get(name)
        step = 1.0 if question is not None and question.kind == "integer" else 1e-6 * max(1.0, abs(mark))
        before, after = (self._fired(readers, name, mark + sign * step) for sign in (-1, 1))
        weights = {key: self.engine.book.criteria[key].weight for key in CRITERIA}
        total = sum(weights.values()) or 1.0
        gains = np.array(
            [[rule.points.get(key, 0.0) * weights[rule.criterion] / total for key in APPROACHES] for rule in readers]
        )
        jumps = np.einsum("rn,ra->na", after - before, gains)
        row, column = np.unravel_index(int(np.abs(jumps).argmax()), jumps.shape)
        if abs(jumps[row, column]) > limit:
            moved = [
                rule
                for index, rule in enumerate(readers)
                if after[index, row] != before[index, row] and gains[index, column]
            ]
            ids = ", ".join(rule.id for rule in moved)
            found = f"a cliff edge: {APPROACHES[column]} jumps by {jumps[row, column]:+.2f} at {name} {mark:g} ({ids})"
            remedy = "take smaller points at more bounds"
            yield Problem(moved[0].where, f"rule {moved[0].id}", found, f"a jump of at most {limit:g}", remedy)

    def _fired(self, rules: list[Rule], name: str, value: float) -> np.ndarray:
        """Which of the rules fire in each sample with one number set: float (rules, samples) of 0 and 1."""
        column = self.samples.numbers(name)
        values = np.full(self.samples.n, value)
        facts = self.samples.with_columns({name: Numbers(values, values, values, ~column.absent, column.absent)})
        return np.stack([evaluate(rule.when, facts, self.engine.book, self.engine.day) == TRUE for rule in rules]) * 1.0

    def _comparable(self, one: Rule, other: Rule) -> bool:
        """Whether both can fire, are of one kind, and are in force at the same time on some day."""
        together = max(one.since, other.since) <= min(one.until or date.max, other.until or date.max)
        return one.kind == other.kind and together and not {one.id, other.id} & self.impossible

    def _proven(self, one: Rule, other: Rule, holds: Callable[[Bools, Bools], bool]) -> bool:
        """Whether a relation of where two rules fire holds in the samples and in every combination of answers."""
        if not holds(self.seen[one.id], self.seen[other.id]):
            return False
        truths = grid.truths([one.when, other.when], self.engine.book, max(self._day(one), self._day(other)))
        return truths is not None and holds(truths[0] == TRUE, truths[1] == TRUE)

    def _day(self, rule: Rule) -> date:
        return day_for(rule, self.engine.day)


def _effect(rule: Rule) -> tuple[object, ...]:
    said = rule.because if rule.kind == "note" else ""
    return rule.criterion, tuple(sorted(rule.points.items())), rule.approaches, rule.techniques, said
