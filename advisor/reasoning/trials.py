"""Runs a rule pack's own tests: its worked cases, and the firing and resting example of each rule.

A case that names a day is judged on it; a rule that is not in force on the engine's day is tried on the nearest day on
which it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from advisor.errors import InputError
from advisor.intake import answers as intake_answers
from advisor.intake.answers import Answers
from advisor.intake.truth import TRUE
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import APPROACHES, Case, Rule
from advisor.reasoning.engine import ABSTAIN, STATUS, Engine, Outcome


@dataclass(frozen=True, slots=True)
class Trial:
    """One test of the pack: what was tried, whether it held, and what came out instead."""

    name: str
    where: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class _Example:
    """One example of a rule, with the day on which it is tried and what is wanted of the rule."""

    rule: Rule
    wanted: bool
    answers: Answers
    day: date

    @property
    def name(self) -> str:
        return f"{self.rule.id} {'fires' if self.wanted else 'rests'}"


def run(engine: Engine) -> tuple[Trial, ...]:
    """Every trial of the pack: cases first, then rule examples."""
    return (*_cases(engine), *_examples(engine))


def _cases(engine: Engine) -> Iterator[Trial]:
    for case in engine.book.cases:
        try:
            answers = intake_answers.parse(dict(case.answers), engine.book, f"{case.where}: case {case.id}")
        except InputError as error:
            yield Trial(case.id, case.where, False, str(error))
            continue
        on_day = engine if case.as_of in (None, engine.day) else replace(engine, day=case.as_of or engine.day)
        yield _judged(case, on_day.decide_answers([answers]))


def _judged(case: Case, outcome: Outcome) -> Trial:
    spoke = [rule for row, rule in enumerate(outcome.rules) if outcome.truths[row, 0] == TRUE]
    found = {rule.id for rule in spoke} | {source for rule in spoke for source in rule.source}
    missing = [name for name in case.findings if name not in found]
    status = STATUS[outcome.status[0]]
    recommended = None if outcome.status[0] == ABSTAIN else APPROACHES[int(outcome.leader[0])]
    wrong = []
    if recommended not in case.recommendation:
        expected = " or ".join(str(approach) for approach in case.recommendation)
        wrong.append(f"recommended {recommended}, expected {expected}")
    if status != case.status:
        wrong.append(f"status {status}, expected {case.status}")
    if missing:
        wrong.append("missing among the findings: " + ", ".join(missing))
    scores = ", ".join(f"{APPROACHES[index]} {outcome.totals[0, index]:.2f}" for index in outcome.order[0])
    return Trial(f"{case.id} {case.title}", case.where, not wrong, "; ".join([*wrong, scores]))


def _examples(engine: Engine) -> Iterator[Trial]:
    tried: list[_Example] = []
    for rule in engine.book.rules:
        if not facts_read(rule.when):
            continue  # no answer can make it rest
        for wanted, example in ((True, rule.fires), (False, rule.rests)):
            name = f"{rule.id} {'fires' if wanted else 'rests'}"
            if example is None:
                kind = "firing" if wanted else "resting"
                yield Trial(name, rule.where, False, f"there is no {kind} example; add 'examples: {{fires:, not:}}'")
                continue
            try:
                answers = intake_answers.parse(dict(example), engine.book, f"{rule.where}: rule {rule.id}")
            except InputError as error:
                yield Trial(name, rule.where, False, str(error))
                continue
            tried.append(_Example(rule, wanted, answers, day_for(rule, engine.day)))
    tried.sort(key=lambda example: example.day)
    for day, group in groupby(tried, key=lambda example: example.day):
        yield from _tried_on(engine if day == engine.day else replace(engine, day=day), list(group))


def _tried_on(engine: Engine, examples: list[_Example]) -> Iterator[Trial]:
    outcome = engine.decide_answers([example.answers for example in examples])
    position = {rule.id: row for row, rule in enumerate(outcome.rules)}
    for column, example in enumerate(examples):
        fired = bool(outcome.truths[position[example.rule.id], column] == TRUE)
        detail = f"{'it fired' if fired else 'it did not fire'} on {engine.day}"
        yield Trial(example.name, example.rule.where, fired == example.wanted, detail)


def day_for(rule: Rule, day: date) -> date:
    """The day itself where the rule is in force on it, else the nearest day on which it is."""
    if rule.since > day:
        return rule.since
    return rule.until if rule.until is not None and rule.until < day else day
