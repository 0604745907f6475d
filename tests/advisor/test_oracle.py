"""The engine against a plain interpreter of the same rules, on rulebooks and answers drawn at random."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.intake import answers as intake
from advisor.intake.answers import Answer, Answers
from advisor.intake.columns import Numbers
from advisor.knowledge.conditions import Always, Among, AtLeastK, Bound, Compare, Condition, Known, Market, Not
from advisor.knowledge.domain import APPROACHES, CRITERIA, MarketFact, Parameter, Rule, Rulebook, Source
from advisor.knowledge.vocabulary import DERIVED_FACTS
from advisor.reasoning.engine import STATUS, Engine, Outcome

DAY = date(2026, 11, 22)
WORDS = ("task_kind", "label_quality", "ml_expertise", "model_access")
WHOLE = ("labelled_examples", "class_count", "horizon_months")
NUMBERS = (*WHOLE, "deadline_weeks", "target_quality", "prompt_quality", "requests_per_month", "input_tokens")
COST_FACTS = ("setup_over_budget_hybrid", "weeks_over_deadline_fine_tuning", "tuning_cost_ratio")
FREE_FACTS = ("examples_per_class", "examples_ratio", "examples_by_deadline", "quality_shortfall", "tokens_per_month")
DATES = [DAY + timedelta(days=days) for days in (-900, -30, -1, 0, 1, 400)]
AMOUNTS = {
    "labelled_examples": (0, 10, 49, 100, 250, 490, 1500),
    "class_count": (2, 7, 10, 49),
    "horizon_months": (3, 12, 24),
    "deadline_weeks": (0, 2, 2.5, 6, 12),
    "target_quality": (0.7, 0.8, 0.9, 1.0),
    "prompt_quality": (0.6, 0.7, 0.8, 0.85),
    "requests_per_month": (0, 1000, 90_000),
    "input_tokens": (50, 400),
    "examples_per_class": (1, 5, 7, 10),
    "examples_ratio": (0.3, 0.5, 0.7, 1, 3),
    "examples_by_deadline": (10, 100, 250),
    "quality_shortfall": (0, 0.05, 0.1, 0.2, 0.3),
    "tokens_per_month": (1000, 450_000),
    "setup_over_budget_hybrid": (0, 5000),
    "weeks_over_deadline_fine_tuning": (0, 3),
    "tuning_cost_ratio": (0.5, 1, 2),
}


class Draw:
    """Draws packs and answers from one seed; small numbers of everything, so that rules meet and totals tie."""

    def __init__(self, book: Rulebook, seed: int) -> None:
        self.book = book
        self.rng = random.Random(seed)

    def pack(self) -> Rulebook:
        """A rulebook with rules, techniques, parameters, market facts and weights of its own."""
        rng = self.rng
        market = {f"m{k}": self._market_fact(f"m{k}") for k in range(2)}
        settings_ = {
            "tie_margin": rng.choice([0, 0.1, 0.25, 0.3]),
            "min_answers": rng.choice([0, 1, 3]),
            "stale_weight": rng.choice([0, 0.3, 0.5]),
            "source_ages_out_years": rng.choice([1, 4]),
        }
        own = {f"p{k}": self._parameter(f"p{k}") for k in range(3)}
        own |= {f"by_{word}": self._table(f"by_{word}", word) for word in WORDS}
        own |= {name: replace(self.book.parameters[name], values=((DAY, v),)) for name, v in settings_.items()}
        sources = {
            f"s{year}": Source(f"s{year}", "t", "p", str(year), "A", "c") for year in (2019, 2023, 2025, "undated")
        }
        self.book = replace(
            self.book,
            market={**self.book.market, **market},
            parameters={**self.book.parameters, **own},
            sources=sources,
            criteria={
                name: replace(c, weight=rng.choice([0.0, 1.0, 3.0, 5.0])) for name, c in self.book.criteria.items()
            },
        )
        questions = dict(self.book.questions)
        for name in rng.sample(["labelled_examples", "label_quality", "deadline_weeks"], k=rng.randint(0, 2)):
            questions[name] = replace(questions[name], applies_when=self.condition(2, self._leaf_of_answers))
        approaches = {
            name: replace(
                approach,
                techniques=tuple(
                    replace(technique, when=rng.choice([Always(), self.condition(2)]))
                    for technique in approach.techniques[: rng.randint(1, 3)]
                ),
            )
            for name, approach in self.book.approaches.items()
        }
        self.book = replace(self.book, questions=questions, approaches=approaches)
        rules = [self._rule(k) for k in range(rng.randint(1, 12))]
        rng.shuffle(rules)
        self.book = replace(self.book, rules=tuple(rules))
        return self.book

    def answers(self) -> Answers:
        """Answers to some of the questions, with ranges and inapplicable ones, and sometimes priorities."""
        rng, given_ = self.rng, {}
        share = rng.choice([0.2, 0.6, 0.95])
        for name in (*WORDS, *NUMBERS, "setup_budget_usd", "new_labels_per_week"):
            if rng.random() < share:
                given_[name] = self._answer(name)
        if rng.random() < 0.4:
            chosen = rng.sample(CRITERIA, k=rng.randint(1, 5))
            weights = {name: float(rng.choice([0, 0, 1, 2.5, 5])) for name in chosen}
            given_["priorities"] = Answer("weights", weights=weights)
        return Answers(given=given_)

    def condition(self, depth: int, leaf: Any = None) -> Condition:
        """A condition of any form, nested at most `depth` deep."""
        rng, leaf = self.rng, leaf or self._leaf
        form = rng.choice(["leaf", "leaf", "not", "several"]) if depth else "leaf"
        if form == "not":
            return Not(self.condition(depth - 1, leaf))
        if form == "several":
            parts = tuple(self.condition(depth - 1, leaf) for _ in range(rng.randint(1, 4)))
            return AtLeastK(rng.randint(1, len(parts)), parts)
        return leaf()

    def _leaf(self) -> Condition:
        rng = self.rng
        kind = rng.choice(["answers", "answers", "answers", "derived", "cost", "market", "always"])
        if kind == "answers":
            return self._leaf_of_answers()
        if kind == "market":
            return Market(rng.choice(["m0", "m1"]))
        if kind == "always":
            return Always()
        name = rng.choice(FREE_FACTS if kind == "derived" else COST_FACTS)
        return rng.choice([Known(name), self._compare(name), self._compare(name)])

    def _leaf_of_answers(self) -> Condition:
        rng = self.rng
        if rng.random() < 0.2:
            return Known(rng.choice((*WORDS, *NUMBERS)))
        if rng.random() < 0.5:
            name = rng.choice(WORDS)
            values = self.book.questions[name].values
            return Among(name, tuple(rng.sample(values, k=rng.randint(1, min(3, len(values))))))
        return self._compare(rng.choice(NUMBERS))

    def _compare(self, name: str) -> Condition:
        rng = self.rng
        bound = Bound(number=float(rng.choice(AMOUNTS[name])))
        if rng.random() < 0.3:
            by = rng.choice([None, *WORDS])
            bound = Bound(parameter=f"by_{by}", by=by) if by else Bound(parameter=f"p{rng.randrange(3)}")
        return Compare(name, rng.choice([">=", ">", "<=", "<"]), bound)

    def _rule(self, number: int) -> Rule:
        rng = self.rng
        kind = rng.choice(["score", "score", "score", "gate", "note"])
        approaches = tuple(rng.sample(APPROACHES, k=rng.randint(1, 2)))
        techniques = [t.id for name in approaches for t in self.book.approaches[name].techniques]
        since, until = rng.choice(DATES[:4]), rng.choice([None, None, *DATES])
        return Rule(
            id=f"r{number}",
            kind=kind,
            title="t",
            when=self.condition(3),
            because="b",
            source=tuple(rng.sample(sorted(self.book.sources), k=rng.randint(0, 2))),
            since=since if rng.random() < 0.9 else DATES[4],
            where="w",
            approaches=approaches if kind == "gate" else (),
            criterion=rng.choice(CRITERIA) if kind == "score" else "",
            points={a: rng.choice([-2, -1, -0.3, 0.1, 0.2, 0.3, 1, 1.5]) for a in approaches}
            if kind == "score"
            else {},
            until=until,
            review_by=rng.choice([None, None, *DATES]),
            techniques=tuple(rng.sample(techniques, k=1)) if kind == "gate" and rng.random() < 0.4 else (),
        )

    def _market_fact(self, name: str) -> MarketFact:
        rng = self.rng
        ends = [None, *DATES]
        return MarketFact(name, "t", "s", rng.choice(DATES), rng.choice(ends), rng.choice(ends), ())

    def _parameter(self, name: str) -> Parameter:
        rng = self.rng
        numbers = [0, 5, 10, 100, 0.7, 0.1]
        later = [(day, rng.choice(numbers)) for day in DATES[2:5] if rng.random() < 0.5]
        first: Any = rng.choice([*numbers, {"low": 5, "likely": 10, "high": 50}])
        return Parameter(name, "t", "", (), ((DATES[0], first), *later))

    def _table(self, name: str, word: str) -> Parameter:
        values = [value for value in self.book.questions[word].values if self.rng.random() < 0.8]
        return Parameter(name, "t", "", (), ((DAY, {value: self.rng.choice([0.5, 10, 100]) for value in values}),))

    def _answer(self, name: str) -> Answer:
        rng = self.rng
        if rng.random() < 0.08:
            return Answer("does_not_apply")
        if name in WORDS:
            return Answer("word", word=rng.choice(self.book.questions[name].values))
        amounts = AMOUNTS.get(name, (0, 10, 4000, 20_000))
        low, likely, high = sorted(float(rng.choice(amounts)) for _ in range(3))
        if rng.random() < 0.3 and low < high:
            return Answer("range", low=low, likely=likely, high=high)
        return Answer("number", low=likely, likely=likely, high=likely)


def costed(oracle: ModuleType, outcome: Outcome, row: int) -> dict[str, Any]:
    """The facts that follow from costs, as the engine estimated them for one scenario."""
    found = {}
    for name in DERIVED_FACTS:
        column = outcome.facts.columns[name]
        if not name.startswith(("setup_", "monthly_", "weeks_", "tuning_cost", "break_even_requests")):
            continue
        assert isinstance(column, Numbers)
        if column.absent[row]:
            found[name] = oracle.ABSENT_VALUE
        elif not column.known[row]:
            found[name] = oracle.OPEN_VALUE
        else:
            found[name] = oracle.Value.number(*(float(getattr(column, end)[row]) for end in ("low", "likely", "high")))
    return found


def assert_same(oracle: ModuleType, engine: Engine, scenarios: list[Answers]) -> None:
    """Every part of the batch's outcome is what the oracle says of each scenario."""
    outcome = engine.decide_answers(scenarios)
    for row, answers in enumerate(scenarios):
        said = oracle.Case(engine.book, engine.day, answers, costed(oracle, outcome, row)).verdict()
        truths = {rule.id: int(outcome.truths[k, row]) for k, rule in enumerate(outcome.rules)}
        assert truths == dict(said.truths)
        assert dict(zip(APPROACHES, outcome.eligible[row].tolist(), strict=True)) == said.eligible
        for column, name in enumerate(APPROACHES):
            index = int(outcome.techniques[row, column])
            technique = engine.book.approaches[name].techniques[index].id if index >= 0 else None
            assert technique == said.technique[name]
            points = [float(said.points[name][criterion]) for criterion in CRITERIA]
            assert outcome.points[row, column].tolist() == pytest.approx(points, abs=1e-9)
            assert outcome.totals[row, column] == pytest.approx(float(said.totals[name]), abs=1e-9)
        assert tuple(APPROACHES[k] for k in outcome.order[row]) == said.order
        leader = int(outcome.leader[row])
        assert (APPROACHES[leader] if leader >= 0 else None) == said.leader
        margin = float("inf") if said.margin is None else float(said.margin)
        assert outcome.margin[row] == pytest.approx(margin, abs=1e-9)
        assert STATUS[outcome.status[row]] == said.status


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_the_engine_says_what_the_oracle_says(shipped: Engine, oracle: ModuleType, seed: int) -> None:
    """Random rulebooks on random answers: truths, gates, techniques, points, totals, order, status and margin agree."""
    draw = Draw(shipped.book, seed)
    engine = Engine(draw.pack(), shipped.prices, DAY)
    assert_same(oracle, engine, [draw.answers() for _ in range(6)])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_the_shipped_rules_say_what_the_oracle_says(shipped: Engine, oracle: ModuleType, seed: int) -> None:
    """The same agreement for the rulebook as shipped, without the forecast, on this and on other days."""
    draw = Draw(shipped.book, seed)
    engine = replace(
        shipped, model=None, day=draw.rng.choice([date(2025, 1, 1), date(2025, 6, 1), DAY, date(2031, 1, 1)])
    )
    assert_same(oracle, engine, [draw.answers() for _ in range(6)])


def test_the_random_rulebooks_reach_every_corner(shipped: Engine) -> None:
    """The packs drawn above advise, tie and abstain; they close approaches and techniques; rules are stale and over."""
    seen: set[str] = set()
    for seed in range(60):
        draw = Draw(shipped.book, seed)
        engine = Engine(draw.pack(), shipped.prices, DAY)
        outcome = engine.decide_answers([draw.answers() for _ in range(6)])
        seen |= {STATUS[status] for status in outcome.status}
        seen |= {"closed"} if not outcome.eligible.all() else set()
        seen |= {"no technique"} if (outcome.techniques < 0).any() else set()
        seen |= {"stale"} if engine.stale else set()
        seen |= {"not in force"} if len(engine.rules) < len(engine.book.rules) else set()
        seen |= {f"truth {truth}" for truth in outcome.truths.ravel().tolist()}
        seen |= {f"leader {leader}" for leader in outcome.leader.tolist()}
    assert seen == {
        *STATUS, "closed", "no technique", "stale", "not in force", "truth 0", "truth 1", "truth 2",
        "leader -1", "leader 0", "leader 1", "leader 2",
    }  # fmt: skip


def test_before_the_first_rule_nothing_is_advised(shipped: Engine) -> None:
    """On a day before every rule, the engine abstains for want of answers that any rule reads."""
    early = replace(shipped, day=date(2024, 1, 1))
    outcome = early.decide_answers([Answers(given={"task_kind": Answer("word", word="classification")})])
    assert outcome.truths.shape == (0, 1)
    assert STATUS[outcome.status[0]] == "abstain"


@pytest.mark.parametrize(
    ("name", "bound", "given_"),
    [
        ("quality_shortfall", 0.1, {"target_quality": 0.9, "prompt_quality": 0.8}),
        ("quality_shortfall", 0.05, {"target_quality": 0.9, "prompt_quality": 0.85}),
        (
            "examples_ratio",
            1.0,
            {"task_kind": "question_answering", "label_quality": "poor", "labelled_examples": 5000},
        ),
        ("examples_ratio", 0.3, {"task_kind": "generation", "label_quality": "good", "labelled_examples": 90}),
    ],
)
def test_a_derived_number_meets_a_bound_that_it_equals_on_paper(
    shipped: Engine, name: str, bound: float, given_: dict[str, Any]
) -> None:
    """At its bound a fact is at least it and not above it, whatever the noise of binary fractions."""
    rules = tuple(
        replace(shipped.book.rules[0], id=op, kind="note", when=Compare(name, op, Bound(number=bound)))
        for op in (">=", ">", "<=", "<")
    )
    engine = replace(shipped, book=replace(shipped.book, rules=rules))
    outcome = engine.decide_answers([intake.parse(given_, shipped.book)])
    said = {rule.id: int(truth) for rule, truth in zip(outcome.rules, outcome.truths[:, 0], strict=True)}
    assert said == {">=": 2, ">": 0, "<=": 2, "<": 0}


@pytest.mark.parametrize("ahead", APPROACHES[1:])
def test_equal_totals_rank_in_the_fixed_order(shipped: Engine, ahead: str) -> None:
    """0.1 + 0.2 points and 0.3 points are a tie that the order of approaches decides, not the last binary digit."""
    rule = replace(shipped.book.rule("prompts_carry_over"), kind="score", when=Always(), criterion="quality")
    parts = [("a", APPROACHES[0], 0.3), ("b", ahead, 0.1), ("c", ahead, 0.2)]
    rules = tuple(replace(rule, id=name, points={approach: value}) for name, approach, value in parts)
    engine = replace(shipped, model=None, book=replace(shipped.book, rules=rules))
    outcome = engine.decide_answers([Answers()])
    assert APPROACHES[int(outcome.order[0, 0])] == APPROACHES[0]
    assert outcome.margin[0] == pytest.approx(0, abs=1e-12)
