"""Small parts of an advice: its JSON, what a changed answer is called, sampled projects, knowledge in force, cases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.errors import InputError
from advisor.intake.answers import parse
from advisor.intake.measurements import ArmResult, Measurement
from advisor.knowledge.conditions import Always, Bound, Compare, Known
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rule
from advisor.reasoning import flips
from advisor.reasoning.advice import Advice, Change, Flip, Range, _plain
from advisor.reasoning.costs import estimate
from advisor.reasoning.engine import Engine
from advisor.reasoning.portfolio import LADDER, SAMPLE, Summary, Tally, Unlock
from advisor.reasoning.probe import Probe
from advisor.reasoning.record import backtest, read_cases
from advisor.reasoning.regions import exact
from advisor.reasoning.variants import variants
from advisor.reasoning.volumes import volumes

RAW: dict[str, Any] = {
    "task_kind": "classification",
    "class_count": 4,
    "labelled_examples": 800,
    "requests_per_month": 9000,
}


def test_a_range_as_a_quantity() -> None:
    """The likely value between its bounds, with unit, origin and source."""
    found = Range(1.0, 2.0, 5.0, "weeks", "estimated", "sum").quantity()
    assert (found.value, found.low, found.high, found.unit, found.origin, found.source) == (
        2,
        1,
        5,
        "weeks",
        "estimated",
        "sum",
    )


def test_an_advice_in_json_has_plain_values() -> None:
    """Ten digits, days as ISO, keys as text, tuples as lists; a change names what it is from and to."""
    flip = Flip((Change("a", None, 3),), "hybrid", 2.0, "t")
    assert _plain({1: (1 / 3, date(2026, 1, 2)), "b": [flip]}) == {
        "1": [0.3333333333, "2026-01-02"],
        "b": [{"changes": [{"field": "a", "start": None, "to": 3}], "becomes": "hybrid", "effort": 2.0, "text": "t"}],
    }
    assert Advice.to_json.__doc__


def question(field: str, kind: str, unit: str = "") -> Any:
    """A question as far as its words are concerned."""
    return SimpleNamespace(field=field, kind=kind, unit=unit)


@pytest.mark.parametrize(
    ("value", "asked", "words"),
    [
        ("highly_specialized", question("domain_specialization", "choice"), "highly specialized"),
        (1234.0, question("setup_budget_usd", "usd", "USD"), "$1,234"),
        (0.25, question("label_cost_usd", "usd", "USD"), "$0.25"),
        (4.0, question("latency_ms", "number", "ms"), "4 ms"),
        (4.0, question("labelled_examples", "integer", "examples"), "4"),
        (4.0, question("use_case_count", "integer", "uses"), "4"),
        (0.5, question("prompt_quality", "share"), "0.5"),
        ({"low": 2, "likely": 3, "high": 4.5}, question("latency_ms", "number", "ms"), "2 ms to 4.5 ms"),
    ],
)
def test_a_changed_answer_in_words(value: Any, asked: Any, words: str) -> None:
    """Money with its sign, other numbers with their unit unless the noun says it, ranges from low to high."""
    assert flips._said(value, asked) == words


def test_a_summary_in_json() -> None:
    """Everything by its name, the questions that unlock in their order."""
    unlock = Unlock("a", "A?", 3, 0.5)
    found = Summary(4, {"hybrid": 1}, {"tie": 4}, {"t": 1}, 0, {"low": 1.0}, (unlock,), 4).to_json()
    assert found == {
        **{"projects": 4, "approaches": {"hybrid": 1}, "statuses": {"tie": 4}, "techniques": {"t": 1}},
        **{"nothing_eligible": 0, "cost_usd": {"low": 1.0}, "sample": 4},
        "unlocks": ({"field": "a", "ask": "A?", "open_in": 3, "share": 0.5},),
    }


def test_two_hundred_and_fifty_projects_are_tried(shipped: Engine) -> None:
    """Evenly from the first to the last, all of fewer, one of one."""
    tried = Tally(shipped, 1000)._tried.tolist()
    assert (len(tried), tried[0], tried[1], tried[-1]) == (250, 0, 4, 999)
    assert Tally(shipped, 3)._tried.tolist() == [0, 1, 2]
    assert Tally(shipped, 1)._tried.tolist() == [0]
    assert Tally(shipped, 250)._tried.tolist() == list(range(250))
    assert (SAMPLE, LADDER) == (250, 5)


def test_a_total_by_volume_is_the_estimate_at_that_volume(shipped: Engine) -> None:
    """By approach and volume, low, likely and high of the horizon."""
    outcome = shipped.decide_answers([parse(RAW, shipped.book)])
    found = volumes(shipped, outcome)
    steps = [one.requests.value for one in found if one.approach == "prompting"]
    facts = variants(outcome.facts, [{"requests_per_month": exact(step)} for step in steps])
    costs = estimate(facts, shipped.book, shipped.prices, shipped.day)
    assert [one.approach for one in found] == [name for name in APPROACHES for _ in steps]
    for row, step in enumerate(steps):
        for name in APPROACHES:
            (one,) = [it for it in found if (it.approach, it.requests.value) == (name, step)]
            spread = costs.horizon[name]
            assert (one.total.low, one.total.likely, one.total.high) == pytest.approx(
                (float(spread.low[row]), float(spread.likely[row]), float(spread.high[row]))
            )
            assert (one.total.unit, one.requests.unit) == ("USD", "requests a month")


def rule(name: str, when: Any, **changes: Any) -> Rule:
    """A score that speaks for a hybrid."""
    given: dict[str, Any] = {
        **{"id": name, "kind": "score", "title": name, "when": when, "because": "b", "source": ()},
        **{"since": date(2026, 1, 1), "where": "m", "criterion": "quality", "points": {"hybrid": 1.0}},
    }
    return Rule(**{**given, **changes})


def small(shipped: Engine, *rules: Rule) -> Engine:
    """The engine over these rules alone."""
    return replace(shipped, book=replace(shipped.book, rules=rules), model=None)


def test_questions_inform_where_a_rule_that_decides_reads_them(shipped: Engine) -> None:
    """Through a derived fact too; notes and rules not in force inform of nothing, nor do questions with a default."""
    rules = [
        rule("b", Known("examples_per_class")),
        rule("a", Known("horizon_months")),
        rule("n", Known("latency_ms"), kind="note", points={}, criterion=""),
        rule("x", Known("use_case_count"), until=date(2026, 2, 1)),
    ]
    engine = small(shipped, *rules)
    assert set(engine.informative) == {"labelled_examples", "class_count"}
    assert [one.id for one in engine.rules] == ["a", "b", "n"]
    assert set(replace(engine, model=shipped.model).informative) > set(engine.informative)


def test_knowledge_in_force_as_text(shipped: Engine) -> None:
    """Each part as JSON with its keys in order; what is not there is null."""
    found = shipped.in_force(())
    assert json.loads(found["rules"]) == [one.id for one in shipped.rules]
    assert json.loads(found["stale"]) == []
    assert json.loads(found["measurement"]) is None
    assert shipped.model is not None
    assert json.loads(found["quality_model"]) == shipped.model.digest
    assert json.loads(found["parameters"])["tie_margin"] == shipped.parameter("tie_margin")
    assert set(json.loads(found["market"])) == {
        name for name, one in shipped.book.market.items() if one.valid(shipped.day)
    }
    assert shipped.in_force(("google/gemini-4-argon",))["prices"] != found["prices"]
    assert shipped.in_force(()) is found


def measured(technique: str) -> Measurement:
    """A run whose arm of tuning used a technique."""
    arm = ArmResult("lora", "fine_tuning", 64, 0.7, 0.6, 0.8, 99, 3, "wilson", technique)
    other = ArmResult("few", "prompting", 64, 0.6, 0.5, 0.7, 99, 3, "wilson")
    return Measurement(
        "out", "d", "t", "m", "accuracy", "complete", "now", {"fine_tuning": arm, "prompting": other}, (), ()
    )


def test_the_measured_technique_is_the_one_that_is_advised(shipped: Engine) -> None:
    """Whatever the answers would choose, unless a gate closes it."""
    techniques = [one.id for one in shipped.book.approaches["fine_tuning"].techniques]
    answers = [parse(RAW, shipped.book)]
    for index, name in enumerate(techniques):
        engine = replace(small(shipped), measurement=measured(name))
        assert int(engine.decide_answers(answers).techniques[0, 1]) == index
    free = int(small(shipped).decide_answers(answers).techniques[0, 1])
    other = techniques[(free + 1) % len(techniques)]
    gate = rule(
        "g", Known("task_kind"), kind="gate", points={}, criterion="", approaches=("fine_tuning",), techniques=(other,)
    )
    engine = replace(small(shipped, gate), measurement=measured(other))
    assert int(engine.decide_answers(answers).techniques[0, 1]) == free


def plain_techniques(engine: Engine) -> Engine:
    """The engine with techniques that ask for nothing."""
    approaches = {
        name: replace(one, techniques=tuple(replace(technique, when=Always()) for technique in one.techniques))
        for name, one in engine.book.approaches.items()
    }
    return replace(engine, book=replace(engine.book, approaches=approaches))


def test_questions_that_may_change_and_those_that_are_open(shipped: Engine) -> None:
    """What no rule reads does not matter; a number behind a derived fact and what decides whether it applies do."""
    engine = plain_techniques(small(shipped, rule("b", Compare("examples_per_class", ">", Bound(number=3)))))
    probe = Probe(engine, parse(RAW, engine.book))
    assert {"labelled_examples", "class_count", "task_kind"} <= probe._deciding
    assert "success_value_usd" not in probe._deciding
    assert probe._may_change("labelled_examples")
    assert not Probe(engine, parse({**RAW, "success_value_usd": 3}, engine.book))._may_change("success_value_usd")
    assert not probe._open("labelled_examples")
    by_cost = plain_techniques(small(shipped, rule("c", Compare("tuning_cost_ratio", ">", Bound(number=3)))))
    assert Probe(by_cost, parse(RAW, by_cost.book))._deciding == frozenset(shipped.book.questions)
    other = Probe(engine, parse({"task_kind": "code"}, engine.book))
    assert not other._open("class_count")
    assert other._open("labelled_examples")


CASE: dict[str, Any] = {
    **{"id": "c", "title": "A case", "answers": RAW, "expect": ["hybrid", "prompting"], "decidable": True},
    **{"source_url": "https://c.example", "evidence_grade": "B"},
}


def test_recorded_cases_are_read_and_judged(shipped: Engine, tmp_path: Path) -> None:
    """Every field as it stands; scores to four digits, and no approach where the advice abstains."""
    path = tmp_path / "cases.yaml"
    path.write_text(json.dumps([CASE, {**CASE, "id": "d", "answers": {}, "decidable": False}]))
    first, second = read_cases(path, shipped.book)
    assert (first.id, first.title, first.expect, first.decidable) == ("c", "A case", ("hybrid", "prompting"), True)
    assert (first.source, first.grade, second.decidable) == ("https://c.example", "B", False)
    engine = small(
        shipped, rule("q", Known("labelled_examples")), rule("r", Known("task_kind")), rule("s", Known("class_count"))
    )
    one, other = backtest(engine, (first, second)).judged
    share = engine.book.criteria["quality"].weight / sum(engine.book.criteria[name].weight for name in CRITERIA)
    assert (one.advised, one.status, one.scores) == (
        "hybrid",
        "advice",
        {"prompting": 0, "fine_tuning": 0, "hybrid": round(3 * share, 4)},
    )
    assert (other.advised, other.status) == (None, "abstain")
    assert (one.hit, other.hit) == (True, False)
    path.write_text(json.dumps([{**CASE, "expect": ["magic"]}, {**CASE, "decidable": "maybe"}]))
    with pytest.raises(InputError) as caught:
        read_cases(path, shipped.book)
    text = str(caught.value)
    assert "one of prompting, fine_tuning, hybrid" in text
    assert "decidable" in text
    assert "case number 1" in text
    assert "case number 2" in text
    assert len(caught.value.problems) == 2
    for empty in ("[]", "7"):
        path.write_text(empty)
        with pytest.raises(InputError, match="a list of cases"):
            read_cases(path, shipped.book)
