"""The numbers that end the stages of a plan, its dates, and the day to look again, each worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from advisor.intake.answers import parse
from advisor.knowledge.conditions import Known, Market
from advisor.knowledge.domain import MarketFact
from advisor.knowledge.prices import parse_overrides
from advisor.reasoning.engine import Engine
from advisor.reasoning.plan import Schedule, schedule
from advisor.reasoning.review import review
from advisor.reasoning.tripwires import Tripwire
from advisor.reasoning.volumes import volumes

BASE: dict[str, Any] = {
    **{"task_kind": "classification", "class_count": 5, "labelled_examples": 40, "requests_per_month": 50_000},
    **{"knowledge_need": "none", "ml_expertise": "some", "base_model": "openai/gpt-6.1-terra"},
}


def planned(engine: Engine, approach: str | None = "fine_tuning", **raw: Any) -> Schedule:
    """The plan for BASE with some answers more; None takes one away."""
    answers = {name: value for name, value in {**BASE, **raw}.items() if value is not None}
    return schedule(engine, engine.decide_answers([parse(answers, engine.book)]), approach)


def wires(engine: Engine, stage: str, approach: str | None = "fine_tuning", **raw: Any) -> list[Tripwire]:
    """The tripwires of one stage of that plan."""
    (one,) = [one for one in planned(engine, approach, **raw).stages if one.id == stage]
    return list(one.tripwires)


def test_the_target_is_the_stated_one_else_that_from_which_the_use_pays(shipped: Engine) -> None:
    """A stop at the target, then the next stage; without a target it is to be agreed on first."""
    stop, on = wires(shipped, "prompt", target_quality=0.925, error_cost_usd=1, success_value_usd=1)
    assert (stop.to, stop.number.value, stop.number.unit, stop.number.origin) == ("stop", 92.5, "%", "stated")
    assert "92.5 % (your answer)" in stop.text
    assert (on.to, on.number.value, on.number.unit, on.number.origin) == (
        "collect",
        5.0,
        "percentage points",
        "published",
    )
    assert "more than 5 percentage points" in on.text
    stop, _ = wires(shipped, "prompt", error_cost_usd=3, success_value_usd=1)
    assert (stop.number.value, stop.number.origin) == (75.0, "estimated")
    assert "75 % (our estimate)" in stop.text
    (only,) = wires(shipped, "prompt")
    assert only.to == "collect"
    assert only.text.startswith("Agree on the quality that you need before you measure. Move on only if")
    (last,) = wires(shipped, "prompt", "prompting")
    assert last.to == "review"
    assert "answer the questionnaire again" in last.text
    (stop,) = wires(shipped, "prompt", "prompting", target_quality=0.9)
    assert stop.to == "stop"


@pytest.mark.parametrize(("need", "word"), [("high", "high"), (None, "")])
def test_the_evaluation_ends_at_its_items(shipped: Engine, need: str | None, word: str) -> None:
    """As many as the costs count on for the precision needed; the share is then known to one over their root."""
    (wire,) = wires(shipped, "evaluate", precision_need=need)
    items = shipped.prices.assumed("evaluation_examples").on(word)[1]
    assert (wire.to, wire.number.value) == ("prompt", items)
    assert f"±{round(100 / math.sqrt(items))} percentage points" in wire.text


@pytest.mark.parametrize(("cases", "factor"), [(None, 1.0), (1, 1.0), (4, 4.0), (0.5, 1.0)])
def test_labels_end_at_what_the_task_needs_for_all_uses(shipped: Engine, cases: float | None, factor: float) -> None:
    """The rule pack's number times the uses to their power; half of it sends back to the prompt at twice the margin."""
    if cases == 0.5:
        cases = 1
    full, half = wires(shipped, "collect", use_case_count=cases)
    exponent = shipped.prices.assumed("tuning_use_case_exponent").on()[1]
    table: Any = shipped.book.parameters["examples_needed"].on(shipped.day)
    needed = round(table["classification"] * factor**exponent)
    assert (full.to, full.number.value, full.number.unit, full.number.origin) == (
        "tune",
        needed,
        "examples",
        "published",
    )
    assert (half.to, half.number.value, half.number.origin) == ("prompt", needed / 2, "estimated")
    assert "; 40 are at hand" in full.text
    assert "more than 10 percentage points worse" in half.text
    assert ("for the number of use cases" in full.number.source) == (factor > 1)
    assert "at hand" not in wires(shipped, "collect", labelled_examples=None)[0].text


def test_labels_end_at_the_stated_or_usual_number_where_the_pack_has_none(shipped: Engine) -> None:
    """What the user states goes before the pack; without a kind of task it is the assumption."""
    usual = shipped.prices.assumed("examples_needed").quantity()
    assert wires(shipped, "collect", task_kind=None, class_count=None)[0].number == usual
    stated = shipped.prices.overridden(parse_overrides({"examples_needed": 321}, shipped.prices, "answers", []))
    assert wires(replace(shipped, prices=stated), "collect")[0].number.value == 321


def test_tuning_ends_with_a_difference_or_with_its_runs(shipped: Engine) -> None:
    """Above 0 it is kept; after the most runs that the costs count on it goes back to the prompt."""
    keep, back = wires(shipped, "tune")
    assert (keep.to, keep.number.value, keep.number.unit) == ("review", 0.0, "percentage points")
    runs = shipped.prices.assumed("training_runs").quantity()
    assert (back.to, back.number.value, back.number.unit) == ("prompt", runs.high, runs.unit)
    (both,) = wires(shipped, "combine", "hybrid")
    assert (both.to, both.number.value) == ("review", 0.0)
    (search,) = wires(shipped, "retrieve", "hybrid", knowledge_need="changing")
    assert (search.to, search.number.value) == ("collect", 5.0)


def test_the_bill_is_the_budget_or_the_high_estimate(shipped: Engine) -> None:
    """A stated budget in its own digits, an estimate in two; a plan for nothing has neither bill nor volume."""
    *_, bill = wires(shipped, "review", monthly_budget_usd=1234)
    assert (bill.to, bill.number.value, bill.number.origin) == ("evaluate", 1234, "stated")
    assert "more than 1,234 USD (your answer)" in bill.text
    *_, bill = wires(shipped, "review", "prompting")
    outcome = shipped.decide_answers([parse(BASE, shipped.book)])
    assert bill.number.value == pytest.approx(float(outcome.costs.monthly["prompting"].high[0]))
    assert bill.number.origin == "estimated"
    (fall,) = wires(shipped, "review", None)
    assert (fall.to, fall.number.value) == ("evaluate", 5.0)


def test_a_volume_is_waited_for_from_its_own_side_only(shipped: Engine) -> None:
    """Prompting waits for a rise, tuning for a fall, a hybrid for neither; an assumed volume counts too."""
    even = float(shipped.decide_answers([parse(BASE, shipped.book)]).costs.break_even.likely[0])
    for approach, requests, count in (
        *(("prompting", even * 0.99, 3), ("prompting", even * 1.01, 2), ("fine_tuning", even * 1.01, 3)),
        *(("fine_tuning", even * 0.99, 2), ("hybrid", even * 1.01, 2)),
    ):
        found = wires(shipped, "review", approach, requests_per_month=requests)
        assert len(found) == count, (approach, requests)
        if count == 3:
            assert found[1].number.value == pytest.approx(even)
            assert ("rise above" if approach == "prompting" else "fall below") in found[1].text
    usual = shipped.prices.assumed("requests_per_month").on()[1]
    side = "prompting" if usual < even else "fine_tuning"
    assert len(wires(shipped, "review", side, requests_per_month=None)) == 3


def test_dates_run_at_the_pace_that_keeps_the_deadline(shipped: Engine) -> None:
    """Half way between low and likely where the deadline lies half way; the low end where even that is late."""
    free = planned(shipped)
    low, likely = free.weeks.low, free.weeks.likely
    day = shipped.day
    assert (free.begins, free.ends) == (day, day + timedelta(days=math.ceil(round(7 * likely, 6))))
    middle = planned(shipped, deadline_weeks=(low + likely) / 2)
    assert middle.ends == day + timedelta(days=math.ceil(round(7 * (low + likely) / 2, 6)))
    assert (middle.feasible, middle.deadline) == (True, day + timedelta(days=int(7 * (low + likely) / 2)))
    assert middle.overshoot is not None
    assert middle.overshoot.value == pytest.approx((likely - low) / 2)
    assert middle.overshoot.low == 0.0
    assert middle.overshoot.high == pytest.approx(free.weeks.high - (low + likely) / 2)
    late = planned(shipped, deadline_weeks=low / 2)
    assert (late.feasible, late.ends) == (False, day + timedelta(days=math.ceil(round(7 * low, 6))))
    assert late.overshoot is not None
    assert late.overshoot.low == pytest.approx(low / 2)
    spent = 0.0
    begins: date | None = day
    for stage in free.stages[:-1]:
        assert stage.weeks is not None
        spent += stage.weeks.likely
        assert (stage.begins, stage.ends) == (begins, day + timedelta(days=math.ceil(round(7 * spent, 6))))
        begins = stage.ends
    assert free.stages[-1].begins == free.stages[-1].ends == free.review.day


def fact(name: str, begins: date, ends: date | None = None) -> MarketFact:
    """A dated market fact."""
    return MarketFact(name, f"T {name}", "It holds.", begins, ends, None, ())


def looked_at(shipped: Engine, *facts: MarketFact, **changes: Any) -> Any:
    """The review where a rule asks for each market fact."""
    template = next(rule for rule in shipped.book.rules if rule.kind == "note")
    rules = tuple(
        replace(template, id=f"r{k}", when=Market(one.id), techniques=(), since=date(2020, 1, 1), until=None)
        for k, one in enumerate(facts)
    )
    market = {one.id: one for one in facts}
    book = replace(
        shipped.book, rules=(*rules, *changes.pop("rules", ())), market=market, parameters=shipped.book.parameters
    )
    engine = replace(shipped, book=book, model=None)
    answers = {**BASE, **changes}
    return review(engine, engine.decide_answers([parse(answers, book)]))


def test_the_review_is_on_the_day_on_which_rules_speak_differently(shipped: Engine) -> None:
    """A fact that begins counts on its first day, one that ends on the day after its last; the earliest is told."""
    day = shipped.day
    soon, later = day + timedelta(days=20), day + timedelta(days=40)
    begun = looked_at(shipped, fact("a", soon), fact("b", later))
    assert (begun.day, begun.because) == (soon, "from that day: T a")
    ended = looked_at(shipped, fact("a", date(2020, 1, 1), soon))
    assert (ended.day, ended.because) == (soon + timedelta(days=1), "no longer true from that day: T a")
    both = looked_at(shipped, fact("a", soon), fact("b", soon), fact("c", date(2020, 1, 1), soon - timedelta(days=1)))
    assert both.because == "from that day: T a; T b"
    never = looked_at(shipped, fact("a", date(2020, 1, 1)))
    months = shipped.parameter("review_months")
    assert never.day == day + timedelta(days=round(months * 365.25 / 12))
    assert never.because == f"{months:g} months after the advice"
    template = next(rule for rule in shipped.book.rules if rule.kind == "note")
    cases: Any = (({"since": soon}, soon), ({"since": day, "until": soon}, soon + timedelta(days=1)))
    for changes, when in cases:
        own = replace(template, id="own", when=Known("task_kind"), techniques=(), **changes)
        found = looked_at(shipped, rules=(own,))
        assert (found.day, found.because) == (when, "the rules about this case change that day")
    silent = replace(template, id="own", when=Known("deadline_weeks"), techniques=(), since=soon)
    assert looked_at(shipped, rules=(silent,)).day == never.day


def test_the_totals_by_volume_reach_ten_times_each_way(shipped: Engine) -> None:
    """Nine volumes of two digits, even by ratio, around the stated one and the break-even, from one request on."""

    def tried(**raw: Any) -> list[float]:
        answers = {name: value for name, value in {**BASE, **raw}.items() if value is not None}
        outcome = shipped.decide_answers([parse(answers, shipped.book)])
        found = volumes(shipped, outcome)
        assert len(found) % 3 == 0
        return [one.requests.value for one in found[: len(found) // 3]]

    even = float(shipped.decide_answers([parse(BASE, shipped.book)]).costs.break_even.likely[0])
    first, last = min(even, 50_000) / 10, max(even, 50_000) * 10
    steps = [first * (last / first) ** (k / 8) for k in range(9)]
    assert tried() == [float(f"{one:.2g}") for one in steps]
    assert tried(requests_per_month=5)[0] == 1.0
    assert tried(requests_per_month=9e8)[-1] == 1e9
