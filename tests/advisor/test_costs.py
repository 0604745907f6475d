"""Costs and lead times: the published break-even table, sums that add up, bounds in order, and no odd directions."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor import locate
from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.intake.columns import Facts
from advisor.intake.facts import derive, tabulate
from advisor.intake.truth import TRUE, UNKNOWN, evaluate
from advisor.knowledge.domain import APPROACHES, Rulebook
from advisor.knowledge.prices import PriceTable, parse_overrides
from advisor.knowledge.token_prices import token_price
from advisor.reasoning.costs import (
    Costs,
    Spread,
    estimate,
    in_units,
    itemise,
    serving_break_even,
    shortfalls,
    with_cost_facts,
)
from advisor.reasoning.costs.break_even import Curve, saving_window
from advisor.reasoning.costs.simulation import Batching, batching, in_cash

DAY = date(2026, 11, 22)
PRICES = PriceTable.load(locate.rules_dir())
MODELS = ("openai/gpt-6-luna", "openai/gpt-6.1-terra", "anthropic/claude-opus-5-5", "deepseek/deepseek-v4-flash")


def facts_of(book: Rulebook, *scenarios: dict[str, Any]) -> Facts:
    """The facts of some answers."""
    return derive(tabulate([intake.parse(raw, book) for raw in scenarios], book), book, DAY)


def costs_of(book: Rulebook, *scenarios: dict[str, Any]) -> Costs:
    """The estimate for some answers."""
    return estimate(facts_of(book, *scenarios), book, PRICES, DAY)


def cost_facts(book: Rulebook, **answers: Any) -> Facts:
    """The facts of one scenario with those that follow from its costs."""
    facts = facts_of(book, answers)
    return with_cost_facts(facts, estimate(facts, book, PRICES, DAY))


def random_answers(book: Rulebook, seed: int) -> dict[str, Any]:
    """Answers to a random part of the questions, some of them ranges, some of them extreme."""
    rng = random.Random(seed)
    raw: dict[str, Any] = {}
    share = rng.choice([0.1, 0.4, 0.9])
    for name, question in book.questions.items():
        if rng.random() > share:
            continue
        if question.kind == "choice":
            raw[name] = rng.choice(question.values)
        elif question.kind == "model":
            raw[name] = rng.choice(MODELS)
        elif question.kind in {"integer", "number", "usd"}:
            floor, ceiling = question.min or 0, question.max or 1e9
            draw = sorted(int(min(max(10 ** rng.uniform(-1, 7), floor), ceiling)) for _ in range(3))
            low, likely, high = (max(number, int(np.ceil(floor))) for number in draw)
            wide = question.range_allowed and rng.random() < 0.4
            raw[name] = {"low": low, "likely": likely, "high": high} if wide else likely
    return raw


def spreads(costs: Costs) -> list[tuple[str, Spread]]:
    """All spreads of an estimate with their names."""
    parts = {"setup": costs.setup, "monthly": costs.monthly, "horizon": costs.horizon, "weeks": costs.lead_weeks}
    return [(f"{part} {name}", spread) for part, named in parts.items() for name, spread in named.items()]


@pytest.mark.parametrize(
    ("model", "service", "calls"),
    [
        ("openai/gpt-6-luna", "azure/gpt-oss-20b", 2.6e6),
        ("openai/gpt-6-luna", "azure/gpt-4.1-mini", None),
        ("openai/gpt-6-luna", "l4", 3.5e6),
        ("openai/gpt-6.1-terra", "azure/gpt-oss-20b", 147e3),
        ("openai/gpt-6.1-terra", "azure/gpt-4.1-mini", 1.1e6),
        ("openai/gpt-6.1-terra", "l4", 370e3),
        ("anthropic/claude-sonnet-5-5", "azure/gpt-oss-20b", 71e3),
        ("anthropic/claude-sonnet-5-5", "azure/gpt-4.1-mini", 458e3),
        ("anthropic/claude-sonnet-5-5", "l4", 185e3),
        ("anthropic/claude-opus-5-5", "azure/gpt-oss-20b", 35e3),
        ("anthropic/claude-opus-5-5", "azure/gpt-4.1-mini", 212e3),
        ("anthropic/claude-opus-5-5", "l4", 93e3),
    ],
)
def test_the_break_even_of_serving_is_that_of_the_table_worked_out_by_hand(
    model: str, service: str, calls: float | None
) -> None:
    """2,000 prompt tokens of which 1,500 cached, 200 written, 300 with a tuned model: within 10 %."""
    price = token_price(model, DAY)
    if service == "l4":
        tuned, hosting = (0.0, 0.0), PRICES.price("l4", "gpu_hour").amount.value * 730
    else:
        tuned = (PRICES.price(service, "tuned_input").amount.value, PRICES.price(service, "tuned_output").amount.value)
        hosting = PRICES.price(service, "tuned_hosting").amount.value * 730
    found = serving_break_even(
        prompt_tokens=2000,
        cached_tokens=1500,
        output_tokens=200,
        tuned_tokens=300,
        prompted_usd_per_million=(price.input.value, price.cached.value, price.output.value),
        tuned_usd_per_million=tuned,
        hosting_usd_per_month=hosting,
    )
    assert found == (None if calls is None else pytest.approx(calls, rel=0.10))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_the_items_add_up_to_the_estimate(book: Rulebook, seed: int) -> None:
    """By approach and phase the lines sum to low, likely and high exactly, and horizon = set-up + months × monthly."""
    facts = facts_of(book, random_answers(book, seed))
    costs, lines = estimate(facts, book, PRICES, DAY), itemise(facts, book, PRICES, DAY)
    for name in APPROACHES:
        for phase, part in (("setup", costs.setup), ("monthly", costs.monthly)):
            mine = [line.amount for line in lines if (line.approach, line.phase) == (name, phase)]
            assert sum(amount.low or 0.0 for amount in mine) == part[name].low[0]
            assert sum(amount.value for amount in mine) == part[name].likely[0]
            assert sum(amount.high or 0.0 for amount in mine) == part[name].high[0]
        months = facts.numbers("horizon_months").likely[0]
        whole = costs.setup[name].likely[0] + months * costs.monthly[name].likely[0]
        assert costs.horizon[name].likely[0] == pytest.approx(whole)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_bounds_are_in_order_finite_and_not_negative(book: Rulebook, seed: int) -> None:
    """0 ≤ low ≤ likely ≤ high for every cost and lead time, whatever the answers."""
    for name, spread in spreads(costs_of(book, *(random_answers(book, seed + k) for k in range(4)))):
        assert np.isfinite(spread.high).all(), name
        slack = 1e-9 * (1 + spread.high)
        assert (spread.low >= 0).all(), name
        assert (spread.low <= spread.likely + slack).all(), name
        assert (spread.likely <= spread.high + slack).all(), name


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_batch_gives_what_each_scenario_gives_alone(book: Rulebook, seed: int) -> None:
    """Scenario k of N costs the same as with N = 1, and so do its derived facts."""
    answers = [random_answers(book, seed + k) for k in range(5)]
    together = costs_of(book, *answers)
    for row, raw in enumerate(answers):
        alone = costs_of(book, raw)
        for (name, one), (_, many) in zip(spreads(alone), spreads(together), strict=True):
            assert np.allclose(
                [one.low[0], one.likely[0], one.high[0]], [many.low[row], many.likely[row], many.high[row]]
            ), name
        assert alone.break_even.known[0] == together.break_even.known[row]
        assert np.isclose(alone.break_even.likely[0], together.break_even.likely[row])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_more_requests_never_cost_less(book: Rulebook, seed: int) -> None:
    """Monthly cost does not fall with volume for any approach at any bound; set-up does not depend on it."""
    base = random_answers(book, seed)
    costs = costs_of(book, *({**base, "requests_per_month": 10**power} for power in range(9)))
    for name in APPROACHES:
        for bound in ("low", "likely", "high"):
            monthly = getattr(costs.monthly[name], bound)
            assert (np.diff(monthly) >= -1e-9 * monthly[1:]).all()
            assert np.ptp(getattr(costs.setup[name], bound)) == 0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**9), field=st.sampled_from(["setup_budget_usd", "monthly_budget_usd", "deadline_weeks"]))
def test_more_budget_never_means_more_excess(book: Rulebook, seed: int, field: str) -> None:
    """The excess over a budget or a deadline falls as that is raised, by just as much."""
    fact = {"setup_budget_usd": "setup_over_budget", "monthly_budget_usd": "monthly_over_budget"}.get(
        field, "weeks_over_deadline"
    )
    base = random_answers(book, seed)
    facts = facts_of(book, *({**base, field: amount} for amount in (0, 1, 10, 100, 1000)))
    facts = with_cost_facts(facts, estimate(facts, book, PRICES, DAY))
    for name in APPROACHES:
        excess = facts.numbers(f"{fact}_{name}")
        assert excess.known.all()
        assert np.allclose(np.diff(excess.likely), [-1, -9, -90, -900])


def test_an_excess_is_positive_only_where_even_the_low_estimate_is_too_much(book: Rulebook) -> None:
    """The excess over one number is the low estimate less that, the same at all bounds; unknown without a budget."""
    low = costs_of(book, {}).setup["fine_tuning"].low[0]
    for budget, over in ((low - 1, True), (low + 1, False)):
        column = cost_facts(book, setup_budget_usd=float(budget)).numbers("setup_over_budget_fine_tuning")
        assert (column.low[0] > 0) == over
        assert column.low[0] == column.likely[0] == column.high[0] == pytest.approx(low - budget)
    unknown = cost_facts(book)
    for name in ("setup_over_budget_prompting", "monthly_over_budget_hybrid", "weeks_over_deadline_fine_tuning"):
        assert not unknown.known(name)[0]


def test_a_budget_stated_as_a_range_rules_nothing_out_that_its_high_end_would_pay(book: Rulebook) -> None:
    """A gate speaks only where even the high end of the stated range is below the low estimate."""
    low = float(costs_of(book, {}).monthly["prompting"].low[0])
    gate = next(rule for rule in book.rules if rule.id == "prompting_over_monthly_budget")
    for high, expected in ((2 * low, UNKNOWN), (low - 1, TRUE)):
        budget = {"low": low / 4, "likely": low / 2, "high": high}
        facts = cost_facts(book, monthly_budget_usd=budget)
        assert evaluate(gate.when, facts, book, DAY)[0] == expected
        missed = {one.fact for one in shortfalls(facts, estimate(facts, book, PRICES, DAY))}
        assert ("monthly_over_budget_prompting" in missed) == (expected == TRUE)


def test_the_cost_ratio_is_known_only_where_the_volume_was_answered(book: Rulebook) -> None:
    """Without requests a month there is an estimate but no ratio; with them it is that of the likely totals."""
    assert not cost_facts(book).known("tuning_cost_ratio")[0]
    facts = cost_facts(book, requests_per_month=50_000)
    costs = costs_of(book, {"requests_per_month": 50_000})
    ratio = costs.horizon["fine_tuning"].likely[0] / costs.horizon["prompting"].likely[0]
    assert facts.known("tuning_cost_ratio")[0]
    assert facts.numbers("tuning_cost_ratio").likely[0] == pytest.approx(ratio)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_at_the_break_even_both_cost_the_same(book: Rulebook, seed: int) -> None:
    """Just below that volume prompting is no dearer, just above it tuning is cheaper; without one it never is."""
    base = random_answers(book, seed)
    base.pop("requests_per_month", None)
    found = costs_of(book, base).break_even
    volume = float(found.likely[0])
    if not found.known[0]:
        volumes = [0.0, 1e3, 1e6, 1e9, 1e12]
    elif volume == 0:
        volumes = [0.0]
    elif volume < 1e13:
        volumes = [volume * 0.999, volume * 1.001]
    else:
        return
    costs = costs_of(book, *({**base, "requests_per_month": amount} for amount in volumes))
    saving = costs.horizon["prompting"].likely - costs.horizon["fine_tuning"].likely
    if not found.known[0]:
        assert (saving <= 1e-9 * costs.horizon["prompting"].likely).all()
    else:
        assert saving[-1] > 0
        assert volume == 0 or saving[0] <= 0


def test_a_window_holds_all_volumes_at_which_tuning_saves() -> None:
    """No volume outside saves and those just inside do, whatever fixed costs, slopes and cards two curves have."""
    rng, size, step = np.random.default_rng(0), 2000, 1e-6

    def drawn() -> Curve:
        curve = Curve([], "prompting", np.zeros(size), np.ones(size))
        curve.fixed, curve.slope, curve.copy = rng.integers(0, 4, (3, size)).astype(float)
        curve.load = rng.choice([0.0, 0.0, 0.2, 0.5, 1.0], size)
        return curve

    prompted, tuned = drawn(), drawn()
    begin, found, end = saving_window(prompted, tuned)

    def saves(volume: Any) -> Any:
        return prompted.at(volume) - tuned.at(volume) > 1e-9

    volumes = np.concatenate((np.linspace(0, 30, 301), [1e3, 1e6]))[:, None] * np.ones(size)
    saving = saves(volumes)
    assert not (saving & (~found | (volumes < begin - step) | (volumes > end + step))).any()
    assert saves(begin + step)[found].all()
    closed = found & np.isfinite(end)
    assert 0 < closed.sum() < found.sum() < size
    assert saves(np.where(closed, end, 1) - step)[closed].all()
    assert saving[-1][found & ~closed].all()


def test_amounts_are_said_to_the_digits_that_matter() -> None:
    """Whole dollars from a hundred on, three digits below, weeks to a tenth."""
    said = [in_units(amount, "USD") for amount in (1234.5, 100.4, 99.96, 12.345, 0.012345)]
    assert said == ["1,234 USD", "100 USD", "100 USD", "12.3 USD", "0.0123 USD"]
    assert in_units(2.345, "weeks") == "2.3 weeks"
    assert [in_cash(amount) for amount in (0.5, 9.994, 10.4, 1234.5)] == ["0.50", "9.99", "10", "1,234"]


def test_retrieval_is_paid_by_prompting_and_hybrid_where_knowledge_is_missing(book: Rulebook) -> None:
    """Fine-tuning alone pays no retrieval, and nobody does where no knowledge is missing."""
    with_need = itemise(facts_of(book, {"knowledge_need": "changing"}), book, PRICES, DAY)
    payers = {line.approach for line in with_need if "etrieval" in line.title}
    assert payers == {"prompting", "hybrid"}
    without = itemise(facts_of(book, {"knowledge_need": "none"}), book, PRICES, DAY)
    assert not [line for line in without if "etrieval" in line.title or "nowledge" in line.title]


def test_own_cards_replace_tokens_and_hosting(book: Rulebook) -> None:
    """Open weights on own cards are paid by the card's hour; a vendor's tuned model by token and deployment."""
    own = {"model_access": "open_weights", "compute": "multi_gpu"}
    titles = {line.title for line in itemise(facts_of(book, own), book, PRICES, DAY)}
    assert "Run the model on graphics cards" in titles
    assert not titles & {"Host the tuned model", "Read the requests", "Write the answers"}
    vendor = {"model_access": "hosted_api_with_tuning", "compute": "multi_gpu"}
    titles = {line.title for line in itemise(facts_of(book, vendor), book, PRICES, DAY)}
    assert "Run the model on graphics cards" not in titles
    assert {"Host the tuned model", "Read the requests", "Write the answers"} <= titles
    guarded = {"model_access": "open_weights", "data_sensitivity": "regulated", "compute": "none"}
    rented, owned = costs_of(book, guarded), costs_of(book, {**guarded, "compute": "single_gpu"})
    assert rented.monthly["fine_tuning"].likely[0] > owned.monthly["fine_tuning"].likely[0]


def test_examples_at_hand_save_labels_and_weeks(book: Rulebook) -> None:
    """With enough examples nothing is left to label and tuning is quicker; slow labelling makes it slower."""
    none, plenty = {"labelled_examples": 0}, {"labelled_examples": 2000}
    costs = costs_of(book, none, plenty)
    assert costs.setup["fine_tuning"].likely[0] > costs.setup["fine_tuning"].likely[1]
    assert costs.lead_weeks["fine_tuning"].likely[0] > costs.lead_weeks["fine_tuning"].likely[1]
    lines = itemise(facts_of(book, plenty), book, PRICES, DAY)
    assert not [line for line in lines if line.title.startswith("Label examples")]
    weekly = costs_of(book, *({**none, "task_kind": "reasoning", "new_labels_per_week": w} for w in (0, 5000)))
    assert weekly.lead_weeks["fine_tuning"].likely[0] > weekly.lead_weeks["fine_tuning"].likely[1]


def test_answers_move_costs_the_way_that_they_should(book: Rulebook) -> None:
    """More change, less expertise, dearer labels, longer texts and dearer models cost more where they matter."""
    volume = {"requests_per_month": 100_000}

    def likely(part: str, name: str, **answers: Any) -> float:
        return float(getattr(costs_of(book, {**volume, **answers}), part)[name].likely[0])

    change = [likely("monthly", "fine_tuning", requirement_change=word) for word in ("rarely", "monthly", "weekly")]
    assert change == sorted(change)
    assert change[0] < change[-1]
    skill = [likely("setup", "hybrid", ml_expertise=word) for word in ("strong", "some", "none")]
    assert skill == sorted(skill)
    assert skill[0] < skill[-1]
    assert likely("setup", "prompting", ml_expertise="strong") == likely("setup", "prompting", ml_expertise="none")
    assert likely("setup", "fine_tuning", label_cost_usd=10) > likely("setup", "fine_tuning", label_cost_usd=0.1)
    assert likely("monthly", "prompting", input_tokens=5000) > likely("monthly", "prompting", input_tokens=50)
    dear = likely("monthly", "prompting", base_model="anthropic/claude-opus-5-5")
    assert dear > likely("monthly", "prompting", base_model="openai/gpt-6-luna")
    by_size = [likely("monthly", "prompting", base_model_size_b=size) for size in (8, 70, 1000)]
    assert by_size == sorted(by_size)
    assert by_size[0] < by_size[-1]
    few = likely("setup", "fine_tuning", use_case_count=1)
    assert likely("setup", "fine_tuning", use_case_count=20) / few > likely(
        "setup", "prompting", use_case_count=20
    ) / likely("setup", "prompting", use_case_count=1)


def test_lead_times_lie_where_they_were_published(book: Rulebook) -> None:
    """Prompting takes days, tuning weeks within 3 to 8 at likely values, and a hybrid takes longest."""
    lead = costs_of(book, {"ml_expertise": "some", "labelled_examples": 0}).lead_weeks
    assert lead["prompting"].likely[0] < 1
    assert 3 <= lead["fine_tuning"].likely[0] <= 8
    assert lead["hybrid"].likely[0] > lead["fine_tuning"].likely[0]
    looked_up = costs_of(book, {"knowledge_need": "stable"}).lead_weeks
    assert looked_up["prompting"].likely[0] >= 2


def test_each_item_tells_its_formula_and_where_its_numbers_are_from(book: Rulebook) -> None:
    """A line names the user's answers as such, prices with source and date, and assumptions with their origin."""
    answers = {"requests_per_month": 30_000, "base_model": "openai/gpt-5-mini", "knowledge_need": "stable"}
    lines = itemise(facts_of(book, answers), book, PRICES, DAY)
    by_title = {(line.approach, line.title): line.amount for line in lines}
    tokens = by_title["prompting", "Write the answers"]
    assert tokens.source.startswith("requests × answer × price: ")
    assert "30,000 requests [your answer]" in tokens.source
    assert "openai/gpt-5-mini, package genai-prices" in tokens.source
    assert "2026-11-22" in tokens.source
    assert tokens.origin == "estimated"
    hosting = by_title["fine_tuning", "Host the tuned model"]
    assert "azure/gpt-oss-20b" in hosting.source
    assert "as of 2026-08-11" in hosting.source
    assert hosting.value == pytest.approx(0.30 * 730)


def test_a_hosted_answer_is_priced_by_hand(book: Rulebook) -> None:
    """The token lines of one fully answered case equal the sum worked out on paper."""
    answers = {
        "requests_per_month": 100_000,
        "input_tokens": 1000,
        "output_tokens": 100,
        "prompt_effort": "zero_shot",
        "base_model": "openai/gpt-6.1-terra",
        "knowledge_need": "none",
    }
    lines = {
        (line.approach, line.title): line.amount.value for line in itemise(facts_of(book, answers), book, PRICES, DAY)
    }
    assert lines["prompting", "Read the requests"] == pytest.approx(100_000 * 1000 * 1.00 / 1e6)
    assert lines["prompting", "Read the prompt, partly from the cache"] == pytest.approx(100_000 * 300 * 1.00 / 1e6)
    assert lines["prompting", "Write the answers"] == pytest.approx(100_000 * 100 * 5.00 / 1e6)
    assert lines["fine_tuning", "Read the requests"] == pytest.approx(100_000 * 1050 * 0.07 / 1e6)
    assert lines["fine_tuning", "Write the answers"] == pytest.approx(100_000 * 100 * 0.30 / 1e6)


HOSTED = {
    "requests_per_month": 100_000,
    "input_tokens": 1000,
    "output_tokens": 100,
    "prompt_effort": "few_shot",
    "base_model": "openai/gpt-6.1-terra",
    "knowledge_need": "none",
}
A_DAY = 24 * 3_600_000


def tokens_paid(book: Rulebook, **answers: Any) -> dict[str, float]:
    """The likely monthly amounts of the lines of prompting that are paid by the token."""
    lines = itemise(facts_of(book, {**HOSTED, **answers}), book, PRICES, DAY)
    titles = ("Read the requests", "Read the prompt, partly from the cache", "Write the answers")
    return {line.title: line.amount.value for line in lines if line.approach == "prompting" and line.title in titles}


def test_tokens_are_paid_as_batches_where_every_answer_may_wait_a_day(book: Rulebook) -> None:
    """At 24 hours all three token lines cost half; below, with a range that begins below, or unanswered, all of it."""
    at_once = tokens_paid(book)
    assert at_once["Write the answers"] == pytest.approx(100_000 * 100 * 5.00 / 1e6)
    batched = tokens_paid(book, latency_ms=A_DAY)
    assert batched == {title: pytest.approx(amount / 2) for title, amount in at_once.items()}
    assert tokens_paid(book, latency_ms=A_DAY - 1) == at_once
    wide = {"low": A_DAY - 1, "likely": 2 * A_DAY, "high": 3 * A_DAY}
    assert tokens_paid(book, latency_ms=wide) == at_once
    unsold = {"base_model": "deepseek/deepseek-v4-flash"}
    assert tokens_paid(book, **unsold, latency_ms=A_DAY) == tokens_paid(book, **unsold)


def test_a_batch_says_so_and_only_prompting_gets_its_price(book: Rulebook) -> None:
    """The source of a batched line names the batch and the vendor; tuned models and set-up cost the same as before."""
    answers = {**HOSTED, "latency_ms": A_DAY}
    lines = itemise(facts_of(book, answers), book, PRICES, DAY)
    written = next(one for one in lines if (one.approach, one.title) == ("prompting", "Write the answers"))
    assert "openai/gpt-6.1-terra, package genai-prices" in written.amount.source
    assert "in batches" in written.amount.source
    batched, at_once = costs_of(book, answers), costs_of(book, HOSTED)
    assert batched.monthly["fine_tuning"].likely[0] == at_once.monthly["fine_tuning"].likely[0]
    assert batched.setup["prompting"].likely[0] == at_once.setup["prompting"].likely[0]


def test_the_study_says_what_batches_save(book: Rulebook) -> None:
    """Unused, the saving is half of the tokens; used, it is the same sum; without tokens or batches there is none."""
    saving = sum(tokens_paid(book).values()) / 2

    def found(**answers: Any) -> Batching | None:
        return batching(facts_of(book, {**HOSTED, **answers}), book, PRICES, DAY)

    for answers, used in (({}, False), ({"latency_ms": 500}, False), ({"latency_ms": A_DAY}, True)):
        said = found(**answers)
        assert said is not None
        assert said.saving.value == pytest.approx(saving)
        assert said.used == used
        assert ("would save" in said.text) != used
        assert "batch-api-faq" in said.saving.source
    assert found(base_model="deepseek/deepseek-v4-flash") is None
    assert found(model_access="open_weights", compute="multi_gpu") is None


def test_a_stated_token_price_holds_in_batches_unless_one_for_batches_is_stated(book: Rulebook) -> None:
    """An own price is not halved on the quiet; `batch_output` states what batches cost."""
    model = "openai/gpt-6.1-terra"
    own = PRICES.overridden(parse_overrides({f"{model}/output": 4}, PRICES, "answers", []))
    assert own.token_price(model, DAY).batch_output.value == 4
    assert own.token_price(model, DAY).batch_input.value == 0.5
    both = {f"{model}/output": 4, f"{model}/batch_output": 3}
    own = PRICES.overridden(parse_overrides(both, PRICES, "answers", []))
    assert own.token_price(model, DAY).batch_output.value == 3
    assert own.token_price(model, DAY).output.value == 4


def test_a_model_without_a_price_is_an_input_error(book: Rulebook) -> None:
    """The estimate refuses an unknown base model by name."""
    with pytest.raises(InputError, match="gpt-5-minni"):
        costs_of(book, {"base_model": "openai/gpt-5-minni"})


def test_only_one_scenario_can_be_itemised(book: Rulebook) -> None:
    """Asking for the items of two scenarios is a mistake of the caller."""
    with pytest.raises(ValueError, match="one scenario"):
        itemise(facts_of(book, {}, {}), book, PRICES, DAY)
