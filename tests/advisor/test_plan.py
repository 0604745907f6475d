"""The plan: dates inside the deadline, stages that add up, a number that ends each, a review when something changes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.intake import answers as intake
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning import plan
from advisor.reasoning.costs import tenths
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.plan import Schedule, schedule

RICH = {
    "task_kind": "classification",
    "knowledge_need": "stable",
    "labelled_examples": 200,
    "target_quality": 0.9,
    "use_case_count": 4,
    "requests_per_month": 200_000,
    "model_access": "open_weights",
}


def decided(engine: Engine, raw: dict[str, Any]) -> Outcome:
    """The outcome for some answers."""
    return engine.decide_answers([intake.parse(raw, engine.book)])


def planned(engine: Engine, approach: str | None, **raw: Any) -> Schedule:
    """The schedule for some answers."""
    return schedule(engine, decided(engine, raw), approach)


@pytest.mark.parametrize("approach", APPROACHES)
def test_the_stages_add_up_to_the_estimate(shipped: Engine, approach: str) -> None:
    """Weeks and cost of the stages sum to lead time and set-up cost of the approach at every bound."""
    outcome = decided(shipped, RICH)
    found = schedule(shipped, outcome, approach)
    for bound in ("low", "likely", "high"):
        weeks = sum(getattr(one.weeks, bound) for one in found.stages if one.weeks)
        cost = sum(getattr(one.cost_usd, bound) for one in found.stages if one.cost_usd)
        assert weeks == pytest.approx(getattr(outcome.costs.lead_weeks[approach], bound)[0])
        assert cost == pytest.approx(getattr(outcome.costs.setup[approach], bound)[0])
        assert getattr(found.weeks, bound) == pytest.approx(weeks)
        assert getattr(found.setup_usd, bound) == pytest.approx(cost)


def test_the_stages_are_those_of_the_approach_in_order(shipped: Engine) -> None:
    """A prompt is measured before anything is tuned, a hybrid has all stages, and every plan ends with a review."""
    names = {approach: [one.id for one in planned(shipped, approach, **RICH).stages] for approach in APPROACHES}
    assert names["prompting"] == ["evaluate", "prompt", "retrieve", "review"]
    assert names["fine_tuning"] == ["evaluate", "prompt", "collect", "tune", "review"]
    assert names["hybrid"] == ["evaluate", "prompt", "retrieve", "collect", "tune", "combine", "review"]
    assert [one.id for one in planned(shipped, None).stages] == ["evaluate", "prompt", "review"]
    plain = plan.stages(shipped, decided(shipped, RICH), "hybrid")
    assert [stage.id for stage in plain] == names["hybrid"]


@settings(max_examples=40, deadline=None)
@given(weeks=st.floats(0.1, 40), approach=st.sampled_from(APPROACHES), examples=st.integers(0, 3000))
def test_dates_follow_each_other_and_keep_a_deadline_that_can_be_kept(
    shipped: Engine, weeks: float, approach: str, examples: int
) -> None:
    """Each stage begins when the one before ends; the last ends by the deadline where the low estimate allows it."""
    found = planned(shipped, approach, **{**RICH, "labelled_examples": examples}, deadline_weeks=weeks)
    work = found.stages[:-1]
    assert work[0].begins == shipped.day
    assert all(left.ends == right.begins for left, right in pairwise(work))
    assert work[-1].ends == found.ends
    assert found.deadline is not None
    assert found.feasible == (found.weeks.low <= weeks)
    if found.feasible:
        assert found.ends <= found.deadline + timedelta(days=1)
    assert (found.overshoot is not None) == (found.weeks.likely > weeks)
    if found.overshoot is not None:
        assert found.overshoot.value == pytest.approx(found.weeks.likely - weeks)
        digits = f"{tenths(weeks):,.1f}".removesuffix(".0")
        assert f"overshoots the deadline of {digits} {'week' if digits == '1' else 'weeks'}" in found.text
        assert "even if all goes well" in found.text or found.feasible


def test_without_a_deadline_the_dates_follow_the_likely_pace(shipped: Engine) -> None:
    """The end lies the likely lead time after the day of the advice; nothing overshoots."""
    found = planned(shipped, "fine_tuning", **RICH)
    assert found.overshoot is None
    assert found.deadline is None
    assert 0 <= (found.ends - shipped.day).days - 7 * found.weeks.likely < 1


def test_every_stage_ends_with_a_number_that_says_where_it_comes_from(shipped: Engine) -> None:
    """Each tripwire has a quantity with source, leads to a stage or to a stop, and is in the text of its stage."""
    for approach in (*APPROACHES, None):
        found = planned(shipped, approach, **RICH)
        names = {one.id for one in found.stages}
        for one in found.stages:
            assert one.tripwires
            for wire in one.tripwires:
                assert wire.number.source
                assert wire.to in names | {"stop"}
                assert wire.text in one.tripwire
                assert any(character.isdigit() for character in wire.text)


def test_the_numbers_of_the_tripwires_are_those_of_answers_and_parameters(shipped: Engine) -> None:
    """The target is the stated one, the examples those of the rule pack for the kind of task and number of uses."""
    by_stage = {one.id: one.tripwires for one in planned(shipped, "fine_tuning", **RICH).stages}
    stop = next(wire for wire in by_stage["prompt"] if wire.to == "stop")
    assert (stop.number.value, stop.number.origin) == (90, "stated")
    exponent = shipped.prices.assumed("tuning_use_case_exponent").on()[1]
    needed = shipped.book.parameters["examples_needed"].on(shipped.day)["classification"]
    assert by_stage["collect"][0].number.value == round(needed * 4**exponent)
    assert "200 are at hand" in by_stage["collect"][0].text
    margin = shipped.parameter("material_shortfall")
    assert by_stage["review"][0].number.value == pytest.approx(100 * margin)
    costly = planned(shipped, "prompting", error_cost_usd=9, success_value_usd=1)
    assert "90 % (our estimate)" in costly.stages[1].tripwire


@pytest.mark.parametrize("approach", ["fine_tuning", "prompting"])
def test_a_volume_ends_the_plan_only_from_the_side_on_which_the_costs_stand(shipped: Engine, approach: str) -> None:
    """Where tuning is advised although prompting costs less at this volume, no fall of it is to be waited for."""
    volume = decided(shipped, RICH).costs.break_even.likely[0]
    for requests in (volume / 9, volume * 9):
        review = planned(shipped, approach, **{**RICH, "requests_per_month": requests}).stages[-1]
        waited = any(wire.number.value == pytest.approx(volume) for wire in review.tripwires)
        assert waited == ((requests > volume) == (approach == "fine_tuning"))


def test_the_review_comes_when_a_price_of_the_case_changes(shipped: Engine) -> None:
    """A model whose price doubles on 1 December is looked at then; for another model that day means nothing."""
    found = planned(shipped, "prompting", base_model="google/gemini-4-argon").review
    assert found.day == date(2026, 12, 1)
    assert "2 to 4 USD" in found.because
    assert planned(shipped, "prompting", base_model="openai/gpt-5-mini").review.day != date(2026, 12, 1)


def test_the_review_comes_when_the_market_changes_what_rules_say_and_else_after_some_months(shipped: Engine) -> None:
    """The end of tuning at a vendor concerns who may tune there, and not who uses open weights on own cards."""
    hosted = planned(shipped, "fine_tuning", model_access="hosted_api_with_tuning").review
    assert hosted.day == date(2027, 1, 6)
    assert "OpenAI" in hosted.because
    months = round(shipped.parameter("review_months") * 365.25 / 12)
    quiet = replace(shipped, day=date(2030, 1, 1))
    found = planned(quiet, "prompting", base_model="openai/gpt-5-mini").review
    assert found.day == date(2030, 1, 1) + timedelta(days=months)
    assert "months after" in found.because


def test_the_weeks_to_spare_are_the_difference_of_the_weeks_that_are_told(shipped: Engine) -> None:
    """3.3 weeks of 16 leave 12.7, also where both round from a quarter."""
    for weeks in (9, 16, 16.25, 17.5):
        found = planned(shipped, "fine_tuning", task_kind="classification", deadline_weeks=weeks)
        limit, spare = (float(number) for number in re.findall(r"([\d.]+) weeks", found.text))
        assert spare == pytest.approx(limit - float(f"{found.weeks.likely + 1e-9:.1f}"))
