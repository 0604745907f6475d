"""One engine for one scenario or many: facts, gates, scores, ranking, as arrays over N scenarios.

Four stages, each a single pass: derive, gate, score, rank. No rule fires a rule, so the order of rules means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.intake import facts as intake_facts
from advisor.intake.answers import Answers
from advisor.intake.columns import Bools, Facts, Floats
from advisor.intake.measurements import Measurement
from advisor.intake.truth import TRUE, UNKNOWN, Truth, evaluate
from advisor.knowledge.conditions import Condition, facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rule, Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.quality_model import ANSWERS, QualityModel
from advisor.knowledge.record_summary import RecordSummary
from advisor.knowledge.staleness import WEIGHT, stale_rules
from advisor.knowledge.vocabulary import DERIVED_FACTS
from advisor.reasoning.costs import Costs, estimate, with_cost_facts
from advisor.reasoning.likeness import Library
from advisor.reasoning.quality import blend
from advisor.reasoning.quality.features import Situation, situation
from advisor.reasoning.quality.forecast import Forecast, forecast

ADVICE, TIE, ABSTAIN = 0, 1, 2
STATUS = ("advice", "tie", "abstain")


@dataclass(frozen=True)
class Outcome:
    """What the engine concluded for N scenarios. Approaches and criteria are in the order of the domain's tuples.

    truths: int8 (rules, N), in the order of `rules`. eligible: bool (N, 3). techniques: (N, 3), the index of the chosen
    one in its approach, -1 for none. rule_points: (N, 3, 5), what the rules give; published_points: the same with the
    forecast from published studies in; points: with what was measured in as well. forecast: None without a fitted
    model. shares: (N, 5) weight shares. totals: (N, 3). order: (N, 3) best first. status: (N,) 0 advice, 1 tie,
    2 abstain. margin: (N,) distance of the first two eligible totals, infinite where fewer than two are eligible.
    """

    facts: Facts
    costs: Costs
    rules: tuple[Rule, ...]
    truths: Truth
    eligible: Bools
    techniques: NDArray[np.int8]
    rule_points: Floats
    published_points: Floats
    points: Floats
    forecast: Forecast | None
    shares: Floats
    totals: Floats
    order: NDArray[np.intp]
    status: NDArray[np.int8]
    margin: Floats

    @property
    def leader(self) -> NDArray[np.intp]:
        """The index of the approach ranked first, whether or not the advice abstains; -1 where none is eligible."""
        return np.where(self.eligible.any(axis=1), self.order[:, 0], -1)


@dataclass(frozen=True)
class Engine:
    """The rulebook, prices, day, measurement, quality model, library of studies and record that advice is given by."""

    book: Rulebook
    prices: PriceTable
    day: date
    measurement: Measurement | None = None
    model: QualityModel | None = None
    library: Library | None = None
    record: RecordSummary | None = None

    @cached_property
    def stale(self) -> Mapping[str, str]:
        """The rules past their date on the day, by id, each with the reason; their points count for less."""
        return stale_rules(self.book, self.day)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force on the day by id, with the points that count on it: those of stale rules are scaled down.

        Sorted, so that sums and ids come out the same to the last digit in whatever order the rules were given.
        """
        weight = self.parameter(WEIGHT) if self.stale else 1.0
        return tuple(
            replace(rule, points={name: value * weight for name, value in rule.points.items()})
            if rule.id in self.stale
            else rule
            for rule in sorted(self.book.rules, key=lambda rule: rule.id)
            if rule.active(self.day)
        )

    @cached_property
    def informative(self) -> tuple[str, ...]:
        """The questions without a default that the forecast or at least one gate or score in force reads."""
        read: set[str] = set(ANSWERS) if self.model is not None else set()
        for rule in self.rules:
            if rule.kind != "note":
                for name in facts_read(rule.when):
                    read.update(DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,))
        asked = self.book.questions.items()
        return tuple(name for name, question in asked if name in read and question.default is None)

    def in_force(self, models: tuple[str, ...]) -> Mapping[str, str]:
        """All knowledge in force on the day by name, as JSON; of the published prices those of `models` count too.

        It is written once for all scenarios that name the same models.
        """
        if models not in self._in_force:
            book = self.book
            known = {
                "pack": book.digest,
                "rules": [rule.id for rule in self.rules],
                "stale": sorted(self.stale),
                "parameters": {name: parameter.on(self.day) for name, parameter in sorted(book.parameters.items())},
                "market": sorted(name for name, fact in book.market.items() if fact.valid(self.day)),
                "prices": self.prices.digest(self.day, models),
                "measurement": self.measurement.digest if self.measurement else None,
                "quality_model": self.model.digest if self.model else None,
            }
            self._in_force[models] = {name: canonical(value) for name, value in known.items()}
        return self._in_force[models]

    @cached_property
    def _in_force(self) -> dict[tuple[str, ...], Mapping[str, str]]:
        return {}

    def parameter(self, name: str) -> float:
        """The value of a plain parameter on the day."""
        return float(self.book.parameters[name].on(self.day))

    def decide_answers(self, scenarios: Sequence[Answers]) -> Outcome:
        """The outcome of N answered questionnaires."""
        return self.decide(intake_facts.tabulate(scenarios, self.book))

    def decide(self, answered: Facts) -> Outcome:
        """The outcome of N scenarios given as columns of answers."""
        facts = intake_facts.derive(answered, self.book, self.day)
        costs = estimate(facts, self.book, self.prices, self.day)
        return self.conclude(with_cost_facts(facts, costs), costs)

    def conclude(self, facts: Facts, costs: Costs) -> Outcome:
        """The outcome of N scenarios of which every fact is there, those that follow from the costs included."""
        seen: dict[Condition, Truth] = {}
        said = [evaluate(rule.when, facts, self.book, self.day, seen) for rule in self.rules]
        truths = np.stack(said) if said else np.zeros((0, facts.n), np.int8)
        eligible = self._gates(truths, facts.n)
        techniques = self._techniques(facts, truths, seen)
        eligible &= techniques >= 0
        rule_points, assumed = self._scores(truths, facts.n)
        expected = forecast(self.model, self.situation(facts)) if self.model is not None else None
        published = rule_points
        if expected is not None:
            published = blend.with_published(rule_points, assumed, expected, self.book, self.day)
        points = blend.with_measured(published, self.measurement, self.book, self.day)
        sums = facts.weights.sum(axis=1, keepdims=True)
        shares = np.divide(facts.weights, sums, out=np.full_like(facts.weights, 1 / len(CRITERIA)), where=sums > 0)
        totals = np.einsum("nac,nc->na", points, shares)
        # Rounded, so that equal totals rank in the fixed order of approaches and not by the noise of their sums.
        order = np.argsort(np.where(eligible, -totals.round(9), np.inf), axis=1, kind="stable")
        margin = self._margin(totals, eligible, order)
        return Outcome(
            facts=facts,
            costs=costs,
            rules=self.rules,
            truths=truths,
            eligible=eligible,
            techniques=techniques,
            rule_points=rule_points,
            published_points=published,
            points=points,
            forecast=expected,
            shares=shares,
            totals=totals,
            order=order,
            status=self._status(facts, eligible, margin),
            margin=margin,
        )

    def situation(self, facts: Facts) -> Situation:
        """What the forecast reads of N scenarios."""
        return situation(facts, self.prices, self.day)

    def confidence(self, outcome: Outcome, offered: Bools) -> Floats:
        """The calibrated probability that each offered approach is within a point of the best in quality, (N, 3).

        NaN where the studies carry no such statement: without a model, after a measurement, or too far from them.
        """
        expected = outcome.forecast
        if expected is None or self.model is None or self.measurement is not None:
            return np.full(offered.shape, np.nan)
        said = self.model.calibration(expected.within_level(offered))
        thin = expected.tuning_error > self.parameter("confidence_error_limit")
        return np.where(thin[:, None], np.nan, np.where(offered, said, 0.0))

    def behind(self, outcome: Outcome) -> int | None:
        """How many judged forecasts of the record stand behind a percentage for the first scenario's kind of task.

        None where there is no record of the quality model in force.
        """
        if self.record is None or self.model is None or not self.record.is_of(self.model.digest):
            return None
        kinds = outcome.facts.words("task_kind")
        code = int(kinds.codes[0])
        return self.record.behind(kinds.values[code] if code >= 0 else None)

    def _gates(self, truths: Truth, n: int) -> Bools:
        eligible = np.ones((n, len(APPROACHES)), bool)
        for row, rule in enumerate(self.rules):
            if rule.kind == "gate" and not rule.techniques:
                closed = truths[row] == TRUE
                for approach in rule.approaches:
                    eligible[closed, APPROACHES.index(approach)] = False
        return eligible

    def _techniques(self, facts: Facts, truths: Truth, seen: dict[Condition, Truth]) -> NDArray[np.int8]:
        """The index of the technique chosen in each approach, shape (N, 3).

        It is the one that was measured, if any, else the first whose condition holds; a gate may close it.
        """
        closed: dict[tuple[str, str], Bools] = {}
        for row, rule in enumerate(self.rules):
            if rule.kind == "gate":
                for approach in rule.approaches:
                    for name in rule.techniques:
                        shut = closed.get((approach, name), np.zeros(facts.n, bool))
                        closed[approach, name] = shut | (truths[row] == TRUE)
        chosen = np.full((facts.n, len(APPROACHES)), -1, np.int8)
        for column, approach_id in enumerate(APPROACHES):
            for index, technique in enumerate(self.book.approaches[approach_id].techniques):
                holds = evaluate(technique.when, facts, self.book, self.day, seen) == TRUE
                holds &= ~closed.get((approach_id, technique.id), np.zeros(facts.n, bool))
                chosen[holds & (chosen[:, column] < 0), column] = index
            for index, technique in enumerate(self.book.approaches[approach_id].techniques):
                if self.measurement is not None and technique.id == self.measurement.technique(approach_id):
                    chosen[~closed.get((approach_id, technique.id), np.zeros(facts.n, bool)), column] = index
        return chosen

    def _scores(self, truths: Truth, n: int) -> tuple[Floats, Floats]:
        """The points of all rules, shape (N, 3, 5), and of those on quality that a forecast covers, shape (N, 3)."""
        # Scenarios last while adding up, so that each sum runs along memory; in the order of the rules.
        points = np.zeros((len(APPROACHES), len(CRITERIA), n))
        assumed = np.zeros((len(APPROACHES), n))
        fires = (truths == TRUE).any(axis=1)
        for row, rule in enumerate(self.rules):
            if rule.kind == "score" and fires[row]:
                fired = truths[row] == TRUE
                criterion = CRITERIA.index(rule.criterion)
                for approach, value in rule.points.items():
                    points[APPROACHES.index(approach), criterion] += value * fired
                    if rule.id in self.covered:
                        assumed[APPROACHES.index(approach)] += value * fired
        return np.ascontiguousarray(points.transpose(2, 0, 1)), np.ascontiguousarray(assumed.T)

    @cached_property
    def covered(self) -> frozenset[str]:
        """The rules that the forecast covers: on quality, and reading nothing that it does not read."""
        return frozenset(rule.id for rule in self.rules if blend.covered(rule)) if self.model else frozenset()

    @staticmethod
    def _margin(totals: Floats, eligible: Bools, order: NDArray[np.intp]) -> Floats:
        ranked = np.take_along_axis(np.where(eligible, totals, -np.inf), order, axis=1)
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(ranked[:, 1]), np.maximum(ranked[:, 0] - ranked[:, 1], 0), np.inf)

    def _status(self, facts: Facts, eligible: Bools, margin: Floats) -> NDArray[np.int8]:
        answered = np.zeros(facts.n, int)
        for name in self.informative:
            answered += facts.known(name)
        if self.measurement is not None and len(self.measurement.best) > 1:
            answered += int(self.parameter("min_answers"))
        status = np.where(margin < self.parameter("tie_margin") - 1e-12, TIE, ADVICE)
        status[(answered < self.parameter("min_answers")) | ~eligible.any(axis=1)] = ABSTAIN
        return status.astype(np.int8)


def canonical(value: object) -> str:
    """The one JSON text of a value, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def unknown_gates(outcome: Outcome, row: int) -> list[Rule]:
    """The gates of one scenario that an open answer could still close."""
    return [
        rule
        for position, rule in enumerate(outcome.rules)
        if rule.kind == "gate" and outcome.truths[position, row] == UNKNOWN
    ]
