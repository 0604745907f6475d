"""Simulated costs: paired, repeatable, with their drivers; a break-even with a band; what is still offered on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from advisor import locate
from advisor.intake import answers as intake
from advisor.intake.columns import Facts
from advisor.intake.facts import derive, tabulate
from advisor.knowledge.domain import APPROACHES, Rulebook
from advisor.knowledge.price_overrides import parse_overrides
from advisor.knowledge.prices import PriceTable
from advisor.reasoning.advise import advise
from advisor.reasoning.costs import (
    by_stage,
    estimate,
    itemise,
    shortfalls,
    simulate,
    staged_lines,
    study,
    with_cost_facts,
)
from advisor.reasoning.costs.chance import Chance, between, share_of_variance
from advisor.reasoning.engine import Engine

DAY = date(2026, 11, 22)
PRICES = PriceTable.load(locate.rules_dir())
BUSY = {"requests_per_month": 500_000, "input_tokens": 1500, "base_model": "anthropic/claude-opus-5-5"}
TINY = {"requests_per_month": 1000, "base_model": "openai/gpt-6-luna"}
NEAR_THE_LINE = {
    "task_kind": "classification",
    "labelled_examples": 3000,
    "label_quality": "good",
    "base_model": "google/gemini-4-argon",
    "requests_per_month": 300_000,
    "input_tokens": 600,
    "output_tokens": 20,
    "prompt_effort": "zero_shot",
    "quality_gap": "none",
    "model_access": "hosted_api_with_tuning",
    "monthly_budget_usd": 500,
}


def facts_of(book: Rulebook, raw: dict[str, Any]) -> Facts:
    """The facts of some answers."""
    return derive(tabulate([intake.parse(raw, book)], book), book, DAY)


def test_draws_have_the_likely_value_as_median_and_the_mean_of_pert() -> None:
    """Half of the draws lie below the likely value, none out of bounds; the mean is (low + 4 likely + high) / 6."""
    chance = Chance(20_000)
    low, likely, high = (np.array([value]) for value in (1_000.0, 10_000.0, 100_000.0))
    values = chance.draw("requests", "Requests", low, likely, high)
    assert np.median(values) == pytest.approx(10_000, rel=0.001)
    assert values.mean() == pytest.approx((1_000 + 4 * 10_000 + 100_000) / 6, rel=0.001)
    assert values.min() >= 1_000
    assert values.max() <= 100_000
    again = chance.draw("requests", "Requests", low, likely, high)
    assert np.array_equal(values, again)
    other = chance.draw("tokens", "Tokens", low, likely, high)
    assert abs(np.corrcoef(values.ravel(), other.ravel())[0, 1]) < 0.03


def test_the_share_of_variance_of_a_known_sum_is_the_known_one() -> None:
    """In a + 2b of equally spread inputs, a accounts for one fifth, b for four fifths, a bystander for nothing."""
    chance, ends = Chance(20_000), [np.array([value]) for value in (0.0, 1.0, 2.0)]
    a, b = (chance.draw(name, name, *ends) for name in "ab")
    chance.draw("c", "c", *ends)
    shares = [share_of_variance(a + 2 * b, chance.inputs[name].ranks) for name in "abc"]
    assert shares == pytest.approx([0.2, 0.8, 0.0], abs=0.02)


def test_without_uncertainty_the_distribution_is_a_point() -> None:
    """An input whose bounds agree is no input of the draws."""
    chance, one = Chance(10), np.array([3.0])
    assert (chance.draw("x", "x", one, one, one) == 3).all()
    assert not chance.inputs
    assert between(one, one, one, np.array([0.1, 0.9])).tolist() == [3, 3]


@pytest.mark.parametrize("raw", [{}, BUSY, {"knowledge_need": "changing", "compute": "single_gpu"}])
def test_a_simulation_is_the_same_every_time_and_within_the_bounds_of_the_estimate(
    book: Rulebook, raw: dict[str, Any]
) -> None:
    """Equal arguments give equal results; percentiles are in order and inside low and high; another seed is close."""
    facts = facts_of(book, raw)
    one, two = (simulate(facts, book, PRICES, DAY) for _ in range(2))
    assert one == two
    other = simulate(facts, book, PRICES, DAY, seed=7)
    costs = estimate(facts, book, PRICES, DAY)
    for name in APPROACHES:
        total = one[name].total
        assert costs.horizon[name].low[0] <= total.low < total.likely < total.high <= costs.horizon[name].high[0]
        assert other[name].total.likely == pytest.approx(total.likely, rel=0.05)
        assert other[name].total.likely != total.likely
        drivers = [driver.share.value for driver in one[name].drivers]
        assert 1 <= len(drivers) <= 3
        assert drivers == sorted(drivers, reverse=True)
        assert all(driver.title and driver.text for driver in one[name].drivers)


def test_differences_between_approaches_are_paired(book: Rulebook) -> None:
    """Tuning is surely cheaper for a busy large model, surely not for a rarely used small one; shares add up to 1."""
    for raw, low, high in ((BUSY, 0.95, 1.0), (TINY, 0.0, 0.05)):
        found = simulate(facts_of(book, raw), book, PRICES, DAY)
        share = found["fine_tuning"].cheaper_than_prompting
        assert share is not None
        assert low <= share.value <= high
        assert found["prompting"].cheaper_than_prompting is None
        assert sum(found[name].cheapest.value for name in APPROACHES) == pytest.approx(1, abs=0.001)


def test_the_widest_answer_is_the_first_driver(book: Rulebook) -> None:
    """A volume known only between 1,000 and a million requests drives the cost of prompting, and names its question."""
    raw = {**BUSY, "requests_per_month": {"low": 1000, "likely": 50_000, "high": 1_000_000}}
    first = simulate(facts_of(book, raw), book, PRICES, DAY)["prompting"].drivers[0]
    assert first.field == "requests_per_month"
    assert first.title == "requests a month"
    assert first.share.value > 0.3
    exact = simulate(facts_of(book, BUSY), book, PRICES, DAY)["prompting"].drivers
    assert "requests_per_month" not in [driver.field for driver in exact]


def test_shares_within_budget_and_deadline_are_told_where_those_are_stated(book: Rulebook) -> None:
    """A huge budget is kept in all draws, a tiny one in none, an unstated one says nothing."""
    raw = {"setup_budget_usd": 10_000_000, "monthly_budget_usd": 0.01, "deadline_weeks": 4}
    found = simulate(facts_of(book, raw), book, PRICES, DAY)["fine_tuning"]
    assert found.within_setup_budget is not None
    assert found.within_monthly_budget is not None
    assert found.within_deadline is not None
    assert (found.within_setup_budget.value, found.within_monthly_budget.value) == (1, 0)
    assert 0 < found.within_deadline.value < 1
    assert simulate(facts_of(book, {}), book, PRICES, DAY)["hybrid"].within_deadline is None


def test_a_break_even_has_a_band_around_the_likely_one(book: Rulebook) -> None:
    """Low < likely < high around the estimate's own volume; a dearer prompted model pays back sooner."""
    found = study(facts_of(book, BUSY), book, PRICES, DAY).break_even["fine_tuning"]
    assert found.low is not None
    assert found.likely is not None
    assert found.high is not None
    assert found.low.value < found.likely.value < found.high.value
    likely = estimate(facts_of(book, BUSY), book, PRICES, DAY).break_even.likely[0]
    assert found.low.value <= likely <= found.high.value
    told = f"At likely values it does from about {float(f'{likely:.2g}'):,.0f} requests a month."
    assert found.text.endswith(told)
    cheap = {**BUSY, "base_model": "openai/gpt-6-luna"}
    later = study(facts_of(book, cheap), book, PRICES, DAY).break_even["fine_tuning"]
    assert later.likely is None or later.likely.value > found.likely.value
    low, likely, high = (f"{float(f'{one.value:.2g}'):,.0f}" for one in (found.low, found.likely, found.high))
    said = f"Fine-tuning costs less than prompting from about {likely} requests a month ({low} to {high})"
    assert found.text.startswith(said)


def test_never_is_said_plainly_when_it_is_never(book: Rulebook) -> None:
    """A tiny prompt to the cheapest model never costs more than a tuned one; the share of draws and the words agree."""
    table = PRICES
    for size in PRICES.assumptions.sizes:
        for item in size.tuned_services:
            for kind in ("tuned_input", "tuned_output"):
                table = table.with_price(item, kind, 500, 500, 500, "a quote")
    table = table.overridden(parse_overrides({"tuning_hours": 500, "expertise_factor": 1}, table, "", []))
    raw = {"base_model": "openai/gpt-6-luna", "model_access": "hosted_api_with_tuning", "requirement_change": "rarely"}
    found = study(facts_of(book, raw), book, table, DAY).break_even["fine_tuning"]
    assert found.never_share == 1
    assert found.low is found.likely is found.high is None
    assert found.text.startswith("Fine-tuning never costs less than prompting")
    assert found.text.endswith("At likely values it never does.")


def test_at_the_break_even_of_a_draw_both_cost_the_same(book: Rulebook) -> None:
    """Half of the draws are cheaper by prompting below the median volume and by tuning above it."""
    base = {key: value for key, value in BUSY.items() if key != "requests_per_month"}
    volume = study(facts_of(book, base), book, PRICES, DAY).break_even["fine_tuning"].likely
    assert volume is not None
    at = simulate(facts_of(book, {**base, "requests_per_month": volume.value}), book, PRICES, DAY)["fine_tuning"]
    assert at.cheaper_than_prompting is not None
    assert at.cheaper_than_prompting.value == pytest.approx(0.5, abs=0.03)


def test_only_one_scenario_can_be_simulated(book: Rulebook) -> None:
    """Two scenarios are a mistake of the caller."""
    with pytest.raises(ValueError, match="one scenario"):
        simulate(facts_of(book, {}).take(np.array([0, 0])), book, PRICES, DAY)


def test_a_shortfall_names_the_missing_dollars_or_weeks(book: Rulebook) -> None:
    """Each gate fact above 0 has a shortfall of the same amount, with its unit and what it is the difference of."""
    raw = {"setup_budget_usd": 100, "monthly_budget_usd": 1, "deadline_weeks": 1}
    facts = facts_of(book, raw)
    costs = estimate(facts, book, PRICES, DAY)
    found = {one.fact: one for one in shortfalls(facts, costs)}
    with_facts = with_cost_facts(facts, costs)
    names = [name for name in with_facts.columns if "_over_" in name]
    assert len(names) == 9
    for name in names:
        amount = with_facts.numbers(name).likely[0]
        assert (name in found) == (amount > 0)
        if amount > 0:
            assert found[name].missing.value == pytest.approx(amount)
            assert found[name].missing.origin == "estimated"
            assert found[name].field in found[name].missing.source
    assert found["weeks_over_deadline_fine_tuning"].missing.unit == "weeks"
    assert "that you stated" in found["setup_over_budget_fine_tuning"].text
    assert not shortfalls(facts_of(book, {}), estimate(facts_of(book, {}), book, PRICES, DAY))


@pytest.mark.parametrize("raw", [{}, BUSY, {"knowledge_need": "stable", "labelled_examples": 50, "deadline_weeks": 3}])
def test_stages_add_up_to_set_up_cost_and_lead_time(book: Rulebook, raw: dict[str, Any]) -> None:
    """By approach the stages sum to the estimate at every bound; every set-up line has a stage, no monthly line has."""
    facts = facts_of(book, raw)
    costs, stages = estimate(facts, book, PRICES, DAY), by_stage(facts, book, PRICES, DAY)
    for name in APPROACHES:
        for bound in ("low", "likely", "high"):
            cost = sum(getattr(one.cost, bound)[0] for one in stages[name].values())
            weeks = sum(getattr(one.weeks, bound)[0] for one in stages[name].values())
            assert cost == pytest.approx(getattr(costs.setup[name], bound)[0])
            assert weeks == pytest.approx(getattr(costs.lead_weeks[name], bound)[0])
    for line in staged_lines(facts, book, PRICES, DAY):
        assert bool(line.stage) == (line.phase == "setup")
        assert line.stage in {*stages[line.approach], ""}


def test_a_service_is_not_priced_for_somebody_new_once_it_is_closing(book: Rulebook) -> None:
    """Until 6 May 2026 a tune without hosting fee was to be had, from the 7th it is not; then hosting is never free."""
    facts = facts_of(book, {"model_access": "hosted_api_with_tuning"})

    def hosting(day: date) -> Any:
        lines = itemise(facts, book, PRICES, day)
        return next(x.amount for x in lines if (x.approach, x.title) == ("fine_tuning", "Host the tuned model"))

    assert hosting(date(2026, 5, 6)).low == 0
    assert hosting(date(2026, 5, 7)).low > 0
    assert hosting(date(2026, 5, 6)).value == hosting(date(2026, 5, 7)).value


def test_when_the_last_service_has_ended_tuned_models_run_on_cards(book: Rulebook) -> None:
    """With an end of Azure's tuning, advice from the day after prices cards instead of tokens and hosting."""
    fact = replace(book.market["azure_tuning_open"], ends=date(2026, 12, 31))
    ending = replace(book, market={**book.market, "azure_tuning_open": fact})
    facts = facts_of(ending, {"model_access": "hosted_api_with_tuning"})

    def titles(day: date) -> set[str]:
        return {line.title for line in itemise(facts, ending, PRICES, day) if line.approach == "fine_tuning"}

    assert "Host the tuned model" in titles(date(2026, 12, 31))
    assert "Run the model on graphics cards" not in titles(date(2026, 12, 31))
    assert "Host the tuned model" not in titles(date(2027, 1, 1))
    assert "Run the model on graphics cards" in titles(date(2027, 1, 1))


def test_services_rest_on_market_facts_that_exist(book: Rulebook) -> None:
    """The shipped table names only facts of the shipped market; an unknown name is a problem with the nearest one."""
    problems: list[Any] = []
    PRICES.check_market(book.market, problems)
    assert not problems
    PRICES.check_market([name for name in book.market if name != "azure_tuning_open"], problems)
    assert {problem.found for problem in problems} == {"'azure_tuning_open'"}


def test_a_price_change_ahead_moves_the_advice_only_from_its_day(book: Rulebook) -> None:
    """Gemini 4 Argon doubles on 1 December 2026: cost and recommendation turn on that day, and not the day before."""
    answers = intake.parse(NEAR_THE_LINE, book)
    found = {}
    for day in (date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 1)):
        advice = advise(answers, Engine(book, PRICES, day))
        cost = next(one.cost_usd.monthly.likely for one in advice.ranking if one.approach == "prompting")
        found[day.isoformat()] = advice.recommendation, round(cost, 6), advice.verdict_id
    assert found["2026-11-23"] == found["2026-11-30"]
    assert found["2026-11-30"][0] == "prompting"
    assert found["2026-12-01"][0] == "fine_tuning"
    assert found["2026-12-01"][1] > 1.5 * found["2026-11-30"][1]
    assert found["2026-12-01"][2] != found["2026-11-30"][2]
