"""The explanation of an advice: what became of every rule, why it failed or waits, and what nearly spoke."""

from __future__ import annotations

import re
from typing import Any

import pytest

from advisor.intake import answers as intake
from advisor.intake.truth import FALSE, TRUE, UNKNOWN, bound_value
from advisor.knowledge.conditions import Compare
from advisor.knowledge.wording import field_words
from advisor.reasoning.advice import Advice
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine

STATED: dict[str, Any] = {
    "task_kind": "classification",
    "labelled_examples": 95,
    "class_count": 10,
    "setup_budget_usd": 900,
    "deadline_weeks": 3,
    "prompt_quality": 0.7,
    "target_quality": 0.9,
    "requests_per_month": 90_000,
    "input_tokens": 900,
}
OTHER = {**STATED, "deadline_weeks": 9, "latency_ms": 210, "model_access": "hosted_api", "use_case_count": 4}


@pytest.fixture(scope="module", params=[STATED, OTHER], ids=["short", "long"])
def raw(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What is stated."""
    return dict(request.param)


@pytest.fixture(scope="module")
def advice(shipped: Engine, raw: dict[str, Any]) -> Advice:
    """The advice for it."""
    return advise(intake.parse(raw, shipped.book), shipped)


def test_the_trace_tells_each_rule_once_as_the_engine_decided_it(
    shipped: Engine, raw: dict[str, Any], advice: Advice
) -> None:
    """Every rule of the pack by id: those in force as true, false or open, the others as expired."""
    outcome = shipped.decide_answers([intake.parse(raw, shipped.book)])
    words = {TRUE: "fired", FALSE: "failed", UNKNOWN: "unknown"}
    decided = {rule.id: words[int(truth)] for rule, truth in zip(outcome.rules, outcome.truths[:, 0], strict=True)}
    trace = advice.trace
    assert [state.rule for state in trace] == sorted(rule.id for rule in shipped.book.rules)
    assert {state.rule: state.state for state in trace if state.state != "expired"} == decided


def test_what_failed_says_by_how_much(advice: Advice) -> None:
    """The number, the bound and the distance told are one subtraction, and the number is on the wrong side."""
    part = re.compile(r" is (-?[\d,.]+\d).*?, needs (not )?(at least|more than|at most|less than) (-?[\d,.]+\d)")
    told = 0
    for state in advice.trace:
        for text in state.detail.split("; ") if state.state == "failed" else ():
            assert " is " in text or text.endswith(" does not apply")
            assert " is does not apply" not in text
            if found := part.search(text):
                value, bound = (float(found[place].replace(",", "")) for place in (1, 4))
                off = re.search(r"\(off by ([\d,.]+)\)", text)
                assert off is not None
                assert float(off[1].replace(",", "")) == pytest.approx(abs(value - bound), rel=0.02, abs=0.02)
                meets = {"at least": value >= bound, "more than": value > bound, "at most": value <= bound}
                assert meets.get(found[3], value < bound) == bool(found[2]), text
                told += 1
    assert told > 5


def test_what_waits_waits_for_answers_that_are_open(raw: dict[str, Any], advice: Advice) -> None:
    """A rule that is undecided names the open questions behind it, and none that is answered."""
    stated = {field_words(name) for name in raw}
    waits = [state.detail for state in advice.trace if state.detail.startswith("waits for ")]
    assert waits
    for detail in waits:
        assert not stated & set(detail.removeprefix("waits for ").split(", "))


def test_what_nearly_spoke_is_a_gate_that_waits_or_a_rule_that_a_small_change_turns(
    shipped: Engine, raw: dict[str, Any], advice: Advice
) -> None:
    """Weightiest first; with the answer at the bound such a rule speaks; notes and what speaks are not named."""
    rules, states = {rule.id: rule for rule in shipped.rules}, {state.rule: state for state in advice.trace}
    assert {miss.reason for miss in advice.near_misses} == {"unknown", "close"}
    weights = []
    for miss in advice.near_misses:
        rule = rules[miss.rule]
        assert rule.kind != "note"
        assert set(miss.approaches) <= set(rule.points or rule.approaches)
        weights.append(max((abs(points) for points in rule.points.values()), default=3.0))
        if miss.reason == "unknown":
            assert (rule.kind, states[miss.rule].state) == ("gate", "unknown")
            assert miss.missing
            assert not set(miss.missing) & set(raw)
            assert all(field_words(name) in miss.detail for name in miss.missing)
        else:
            assert states[miss.rule].state == "failed"
            if isinstance(rule.when, Compare) and rule.when.fact in raw:
                bound = float(bound_value(rule.when.bound, shipped.book, shipped.day))
                step = {">": 1.001, "<": 0.999}.get(rule.when.op, 1.0)
                assert abs(raw[rule.when.fact] - bound) <= 0.5 * bound
                turned = intake.parse({**raw, rule.when.fact: bound * step}, shipped.book)
                outcome = shipped.decide_answers([turned])
                assert outcome.truths[outcome.rules.index(rule), 0] == TRUE
    assert weights == sorted(weights, reverse=True)


def test_a_finding_names_the_answers_and_facts_behind_it(raw: dict[str, Any], advice: Advice) -> None:
    """Answers named are stated ones; a fact says whether it was stated, worked out, taken by default or is open."""
    origins = {fact.name: fact.origin for finding in advice.findings for fact in finding.facts}
    assert "stated" in origins.values()
    assert set(origins.values()) <= {"stated", "estimated", "default", "not known"}
    for finding in advice.findings:
        assert set(finding.answers) <= set(raw)
        read = {fact.name for fact in finding.facts if fact.origin == "stated"}
        assert read <= set(finding.answers)


def test_an_advice_in_json_holds_no_noise_of_arithmetic(advice: Advice) -> None:
    """Numbers end at ten decimals, where two machines may begin to differ."""

    def numbers(value: Any) -> list[float]:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value] if isinstance(value, float) else [one for part in parts for one in numbers(part)]

    found = numbers(advice.to_json())
    assert len(found) > 100
    assert [number for number in found if number != round(number, 10)] == []


def test_the_headline_says_what_the_status_is(shipped: Engine, advice: Advice) -> None:
    """An advice names approach and technique, a tie both approaches, and with nothing answered too little is known."""
    first = advice.ranking[0]
    if advice.status == "tie":
        assert advice.headline.startswith("A tie between ")
    else:
        assert advice.headline == f"{first.title}: {first.technique_title}"
    nothing = advise(intake.parse({}, shipped.book), shipped)
    assert nothing.status == "abstain"
    assert nothing.headline == "Too little is known to recommend an approach"


def test_a_gate_that_hangs_on_a_range_is_told_with_the_answer_that_is_one(shipped: Engine) -> None:
    """A budget from below to above the low estimate decides nothing, and the near misses name it."""
    raw = {**STATED, "monthly_budget_usd": {"low": 1, "likely": 5, "high": 100_000}}
    told = {miss.rule: miss for miss in advise(intake.parse(raw, shipped.book), shipped).near_misses}
    miss = told["prompting_over_monthly_budget"]
    assert (miss.reason, miss.missing) == ("unknown", ())
    assert miss.detail == "Not decided within the range given for monthly budget."


def test_a_tie_tells_the_strongest_reasons_of_both_sides(shipped: Engine) -> None:
    """Two reasons that put the first ahead of the second and two that do the opposite, each under its approach."""
    tie = {
        "task_kind": "classification",
        "class_count": 5,
        "labelled_examples": 400,
        "label_quality": "good",
        "base_model_size_b": 0.6,
        "tunable_model_size_b": 0.6,
        "model_access": "open_weights",
        "compute": "cpu",
        "ml_expertise": "strong",
        "requests_per_month": 200_000,
        "input_tokens": 80,
        "output_tokens": 4,
        "deadline_weeks": 8,
    }
    advice = advise(intake.parse(tie, shipped.book), shipped)
    assert advice.status == "tie"
    first, second = (item.approach for item in advice.ranking[:2])
    pulls: dict[str, float] = {}
    for finding in advice.findings:
        side = {first: 1.0, second: -1.0}.get(finding.approach or "", 0.0)
        pulls[finding.rule] = pulls.get(finding.rule, 0.0) + side * (finding.weighted or 0.0)
    said = {finding.rule: finding.because for finding in advice.findings}
    for_first = sorted((rule for rule in pulls if pulls[rule] > 0), key=lambda rule: (-pulls[rule], rule))[:2]
    for_second = sorted((rule for rule in pulls if pulls[rule] < 0), key=lambda rule: (pulls[rule], rule))[:2]
    assert len(for_first) == len(for_second) == 2
    one, two = (" ".join(said[rule] for rule in rules) for rules in (for_first, for_second))
    assert advice.reason == f"For {first.replace('_', '-')}: {one} For {second.replace('_', '-')}: {two}"
