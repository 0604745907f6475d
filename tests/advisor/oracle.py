"""A plain interpreter of the rulebook: one questionnaire, one rule after another, no arrays.

It is written from the meaning of the rules, not from the engine, and counts in exact fractions. Only the facts that
follow from costs are taken from the outside (`costed`), because the cost model has tests of its own.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from advisor.intake.answers import Answer, Answers
from advisor.knowledge.conditions import Among, AtLeastK, Compare, Condition, Known, Market, Not
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rule, Rulebook

NO, OPEN, YES = 0, 1, 2
COMPARE = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Value:
    """What is known of one fact: a word or a number with its range, nothing, or that it does not apply."""

    state: str  # "known", "open" or "absent"
    word: str = ""
    low: Fraction = Fraction(0)
    likely: Fraction = Fraction(0)
    high: Fraction = Fraction(0)

    @staticmethod
    def number(low: float, likely: float, high: float) -> Value:
        """A known number as it is written: 0.1 is a tenth."""
        return Value("known", "", _fraction(low), _fraction(likely), _fraction(high))


OPEN_VALUE, ABSENT_VALUE = Value("open"), Value("absent")


@dataclass(frozen=True)
class Verdict:
    """What the rules say about one questionnaire; points and totals are exact fractions."""

    truths: Mapping[str, int]
    eligible: Mapping[str, bool]
    technique: Mapping[str, str | None]
    points: Mapping[str, Mapping[str, Fraction]]
    totals: Mapping[str, Fraction]
    order: tuple[str, ...]
    status: str
    margin: Fraction | None

    @property
    def leader(self) -> str | None:
        """The approach ranked first; None where none is eligible."""
        return self.order[0] if self.eligible[self.order[0]] else None


@dataclass
class Case:
    """One questionnaire under one rulebook on one day."""

    book: Rulebook
    day: date
    answers: Answers
    costed: Mapping[str, Value] = field(default_factory=dict)
    facts: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stated = {name: self._stated(name) for name in self.book.questions}
        self.facts = dict(stated)
        outside = [
            name
            for name, question in self.book.questions.items()
            if question.applies_when is not None and self.truth(question.applies_when) == NO
        ]
        self.facts.update(dict.fromkeys(outside, ABSENT_VALUE))
        self.facts.update(self._derived())
        self.facts.update(self.costed)

    def verdict(self) -> Verdict:
        """Derive, gate, score, rank."""
        rules = [rule for rule in self.book.rules if _in_force(rule, self.day)]
        truths = {rule.id: self.truth(rule.when) for rule in rules}
        fired = [rule for rule in rules if truths[rule.id] == YES]
        technique = {name: self._technique(name, fired) for name in APPROACHES}
        closed = {name for rule in fired if rule.kind == "gate" and not rule.techniques for name in rule.approaches}
        eligible = {name: name not in closed and technique[name] is not None for name in APPROACHES}
        points = self._points(fired)
        totals = {
            name: sum((points[name][criterion] * self._share(criterion) for criterion in CRITERIA), Fraction(0))
            for name in APPROACHES
        }
        possible = sorted((name for name in APPROACHES if eligible[name]), key=lambda name: -totals[name])
        order = (*possible, *(name for name in APPROACHES if not eligible[name]))
        margin = totals[possible[0]] - totals[possible[1]] if len(possible) > 1 else None
        return Verdict(
            truths, eligible, technique, points, totals, order, self._status(rules, possible, margin), margin
        )

    def truth(self, condition: Condition) -> int:
        """YES, NO or OPEN."""
        if isinstance(condition, Not):
            return {YES: NO, NO: YES, OPEN: OPEN}[self.truth(condition.part)]
        if isinstance(condition, AtLeastK):
            parts = [self.truth(part) for part in condition.parts]
            if parts.count(YES) >= condition.k:
                return YES
            return NO if len(parts) - parts.count(NO) < condition.k else OPEN
        if isinstance(condition, Market):
            fact = self.book.market[condition.fact]
            return YES if fact.begins <= self.day and (fact.ends is None or self.day <= fact.ends) else NO
        if isinstance(condition, Known):
            return YES if self._fact(condition.fact).state == "known" else NO
        if isinstance(condition, Among):
            value = self._fact(condition.fact)
            return _state(value, {value.word in condition.values})
        if isinstance(condition, Compare):
            return self._compare(condition)
        return YES

    def _compare(self, condition: Compare) -> int:
        value = self._fact(condition.fact)
        bound: Any = condition.bound.number
        if condition.bound.parameter is not None:
            found = self._parameter(condition.bound.parameter)
            if condition.bound.by is not None:
                key = self._fact(condition.bound.by)
                found = found.get(key.word) if key.state == "known" else None
            bound = found["likely"] if isinstance(found, dict) else found
        if bound is None and value.state == "known":
            return OPEN
        compare = COMPARE[condition.op]
        return _state(value, {compare(end, _fraction(bound)) for end in (value.low, value.high) if bound is not None})

    def _fact(self, name: str) -> Value:
        return self.facts.get(name, OPEN_VALUE)

    def _stated(self, name: str) -> Value:
        answer: Answer | None = self.answers.get(name)
        if answer is None:
            default = self.book.questions[name].default
            return OPEN_VALUE if default is None else Value.number(default, default, default)
        if answer.kind == "does_not_apply":
            return ABSENT_VALUE
        if answer.kind == "word":
            return Value("known", answer.word)
        return Value.number(answer.low, answer.likely, answer.high)

    def _parameter(self, name: str) -> Any:
        """The value whose date is the latest of those that have begun; before all of them, the first."""
        values = self.book.parameters[name].values
        begun = [value for begin, value in values if begin <= self.day]
        return begun[-1] if begun else values[0][1]

    def _derived(self) -> Iterator[tuple[str, Value]]:
        """The facts that follow from the answers, each end worked out from the ends that make it least or greatest."""
        fact = self._fact
        needed = self._parameter("examples_needed").get(fact("task_kind").word)
        factor = self._parameter("label_quality_factor").get(fact("label_quality").word, 1.0)
        examples, classes = fact("labelled_examples"), fact("class_count")
        error, success = fact("error_cost_usd"), fact("success_value_usd")
        yield "examples_per_class", _quotient(examples, classes)
        yield "size_ratio", _quotient(fact("base_model_size_b"), fact("tunable_model_size_b"))
        ratio = _from(lambda count: count * _fraction(factor) / _fraction(needed) if needed else count, examples)
        yield "examples_ratio", OPEN_VALUE if needed is None and ratio.state == "known" else ratio
        yield (
            "examples_by_deadline",
            _from(
                lambda have, weekly, weeks: have + weekly * max(weeks - 2, 0),
                examples,
                fact("new_labels_per_week"),
                fact("deadline_weeks"),
            ),
        )
        yield (
            "tokens_per_month",
            _from(
                lambda requests, read, written: requests * (read + written),
                fact("requests_per_month"),
                fact("input_tokens"),
                fact("output_tokens"),
            ),
        )
        yield (
            "quality_shortfall",
            _from(lambda want, have: want - have, fact("target_quality"), _turned(fact("prompt_quality"))),
        )
        share = _from(lambda cost, gain: cost / (cost + gain) if cost + gain else Fraction(0), error, _turned(success))
        worthless = error.likely + success.likely == 0
        yield "break_even_quality", OPEN_VALUE if worthless and share.state == "known" else share

    def _technique(self, approach: str, fired: list[Rule]) -> str | None:
        shut = {
            name for rule in fired if rule.kind == "gate" and approach in rule.approaches for name in rule.techniques
        }
        for technique in self.book.approaches[approach].techniques:
            if technique.id not in shut and self.truth(technique.when) == YES:
                return technique.id
        return None

    def _points(self, fired: list[Rule]) -> dict[str, dict[str, Fraction]]:
        table = {name: dict.fromkeys(CRITERIA, Fraction(0)) for name in APPROACHES}
        for rule in fired:
            if rule.kind == "score":
                weight = _fraction(self._parameter("stale_weight")) if self._stale(rule) else Fraction(1)
                for approach, value in rule.points.items():
                    table[approach][rule.criterion] += _fraction(value) * weight
        return table

    def _stale(self, rule: Rule) -> bool:
        dates = [rule.review_by]
        dates += [self.book.market[name].review_by for name in _market_facts(rule.when)]
        if any(last is not None and last < self.day for last in dates):
            return True
        years = [self.book.sources[name].published[:4] for name in rule.source if name in self.book.sources]
        if not years or "source_ages_out_years" not in self.book.parameters:
            return False
        limit = self._parameter("source_ages_out_years")
        return all(year.isdigit() and int(year) + limit < self.day.year for year in years)

    def _share(self, criterion: str) -> Fraction:
        stated = self.answers.get("priorities")
        weights = {name: self.book.criteria[name].weight for name in CRITERIA}
        weights |= stated.weights if stated is not None else {}
        total = sum((_fraction(weight) for weight in weights.values()), Fraction(0))
        return _fraction(weights[criterion]) / total if total else Fraction(1, len(CRITERIA))

    def _status(self, rules: list[Rule], possible: list[str], margin: Fraction | None) -> str:
        read: set[str] = set()
        for rule in rules:
            if rule.kind != "note":
                read |= {name for fact in _facts(rule.when) for name in READS.get(fact, (fact,))}
        answered = sum(
            self.facts[name].state == "known"
            for name, question in self.book.questions.items()
            if name in read and question.default is None
        )
        if answered < self._parameter("min_answers") or not possible:
            return "abstain"
        near = margin is not None and margin < _fraction(self._parameter("tie_margin"))
        return "tie" if near else "advice"


READS = {
    "examples_per_class": ("labelled_examples", "class_count"),
    "examples_ratio": ("labelled_examples", "label_quality", "task_kind"),
    "examples_by_deadline": ("labelled_examples", "new_labels_per_week", "deadline_weeks"),
    "quality_shortfall": ("target_quality", "prompt_quality"),
    "break_even_quality": ("error_cost_usd", "success_value_usd"),
    "tokens_per_month": ("requests_per_month", "input_tokens", "output_tokens"),
    "size_ratio": ("base_model_size_b", "tunable_model_size_b"),
    **{f"setup_over_budget_{name}": ("setup_budget_usd",) for name in APPROACHES},
    **{f"monthly_over_budget_{name}": ("monthly_budget_usd",) for name in APPROACHES},
    **{f"weeks_over_deadline_{name}": ("deadline_weeks",) for name in APPROACHES},
    "tuning_cost_ratio": ("requests_per_month",),
    "break_even_requests": ("requests_per_month",),
}


def _state(value: Value, ends: set[bool]) -> int:
    """NO where the fact does not apply, OPEN where it is not known or its ends disagree."""
    if value.state == "absent":
        return NO
    if value.state == "open" or len(ends) != 1:
        return OPEN
    return YES if ends == {True} else NO


def _from(formula: Any, *parts: Value) -> Value:
    """A formula of facts that grows with each of them; a turned fact (see `_turned`) is one that it falls with."""
    if any(part.state == "absent" for part in parts):
        return ABSENT_VALUE
    if any(part.state == "open" for part in parts):
        return OPEN_VALUE
    low, likely, high = (formula(*(getattr(part, end) for part in parts)) for end in ("low", "likely", "high"))
    return Value("known", low=low, likely=likely, high=high)


def _turned(value: Value) -> Value:
    return Value(value.state, value.word, value.high, value.likely, value.low)


def _quotient(top: Value, bottom: Value) -> Value:
    """A ratio; not known where the lower end of what it is divided by is 0."""
    if bottom.state == "known" and bottom.low <= 0 and top.state != "absent":
        return OPEN_VALUE
    return _from(lambda over, under: over / under, top, _turned(bottom))


def _fraction(number: float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(repr(float(number)))


def _in_force(rule: Rule, day: date) -> bool:
    return rule.since <= day and (rule.until is None or rule.until >= day)


def _nodes(condition: Condition) -> Iterator[Condition]:
    yield condition
    for part in getattr(condition, "parts", ()) or ([condition.part] if isinstance(condition, Not) else []):
        yield from _nodes(part)


def _market_facts(condition: Condition) -> list[str]:
    return [node.fact for node in _nodes(condition) if isinstance(node, Market)]


def _facts(condition: Condition) -> Iterator[str]:
    for node in _nodes(condition):
        if isinstance(node, Compare | Among | Known):
            yield node.fact
        if isinstance(node, Compare) and node.bound.by is not None:
            yield node.bound.by
