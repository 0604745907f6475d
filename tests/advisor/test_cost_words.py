"""Where each figure of the costs comes from, in words, and what a simulation counts over its draws."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from advisor import locate
from advisor.intake.answers import parse
from advisor.intake.columns import Facts, Numbers
from advisor.intake.facts import derive, tabulate
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.prices import PriceTable, parse_overrides
from advisor.reasoning.costs import estimate, itemise, shortfalls, simulation, study, with_cost_facts
from advisor.reasoning.costs.chance import Chance, Uncertain
from advisor.reasoning.costs.inputs import Inputs
from advisor.reasoning.costs.situation import read

DAY = date(2026, 11, 22)
PRICES = PriceTable.load(locate.rules_dir())
OWN: dict[str, Any] = {"model_access": "open_weights", "compute": "single_gpu", "tunable_model_size_b": 8}
RENTED: dict[str, Any] = {"model_access": "open_weights", "data_sensitivity": "regulated", "base_model_size_b": 8}


def facts_of(book: Rulebook, raw: dict[str, Any]) -> Facts:
    """The facts of some answers."""
    return derive(tabulate([parse(raw, book)], book), book, DAY)


def source(book: Rulebook, approach: str, title: str, raw: dict[str, Any], prices: PriceTable = PRICES) -> str:
    """Where the amount of a line comes from."""
    lines = itemise(facts_of(book, raw), book, prices, DAY)
    (found,) = [line.amount.source for line in lines if (line.approach, line.title) == (approach, title)]
    return found


@pytest.mark.parametrize(
    ("approach", "title", "raw", "part"),
    [
        ("prompting", "Write and try the prompt", {}, "hours × rate × work for all use cases: Hours to write and try"),
        ("prompting", "Write and try the prompt", {}, "; for prompt effort not known]"),
        ("prompting", "Write and try the prompt", {"prompt_effort": "few_shot"}, "; for prompt effort = few shot]"),
        ("prompting", "Write and try the prompt", {}, "use cases 1 use case [taken as one]"),
        ("prompting", "Write and try the prompt", {"use_case_count": 2}, "use cases 2 use cases [your answer]"),
        ("fine_tuning", "Try a plain prompt to compare with", {}, "; for prompt effort = zero shot]"),
        (
            "prompting",
            "Label examples for the evaluation",
            {},
            "missing × one label: labels missing for the evaluation",
        ),
        (
            "prompting",
            "Label examples for the evaluation",
            {},
            "one label 1.17 (0.292 to 5.83) USD [minutes / 60 × hourly",
        ),
        ("prompting", "Label examples for the evaluation", {"label_cost_usd": 3}, "one label 3 USD [your answer]"),
        (
            "prompting",
            "Label examples for the evaluation",
            {"labelled_examples": 7},
            "examples at hand 7 examples [your answer]",
        ),
        ("prompting", "Read the requests", {}, "requests × (request + passages) × price: Requests a month 10,000"),
        ("prompting", "Read the requests", {"requests_per_month": 9}, "Requests a month 9 requests [your answer]"),
        (
            "prompting",
            "Read the requests",
            {},
            "looked-up passages 0 tokens [smaller of passages and the whole knowledge",
        ),
        (
            *("prompting", "Read the requests", {}),
            "so between openai/gpt-6-luna, openai/gpt-6.1-terra, anthropic/claude-sonnet-5-5; openai/gpt-6.1",
        ),
        (
            "prompting",
            "Write the answers",
            {"base_model": "openai/gpt-5-mini"},
            "USD per 1M tokens [openai/gpt-5-mini, package",
        ),
        (
            "prompting",
            "Write the answers",
            {"base_model_size_b": 8},
            "[no model named, so between groq/llama-3.1-8b-instant",
        ),
        ("prompting", "Write the answers", {"latency_ms": 9e7}, "in batches"),
        ("fine_tuning", "Training runs", {}, "runs × one run: Training runs until one is good enough"),
        ("fine_tuning", "Training runs", {}, "(request + answer + prompt); tokens × price: examples trained on 500"),
        (
            "fine_tuning",
            "Training runs",
            OWN,
            "(request + answer + prompt); tokens / speed × cards × hour: examples trained on",
        ),
        ("fine_tuning", "Training runs", OWN, "; for a small model]"),
        ("fine_tuning", "Training runs", OWN, "share [estimated, costs.yaml"),
        ("fine_tuning", "Training runs", RENTED, "share [rented, so in full]"),
        ("fine_tuning", "Read the requests", {}, "requests × tokens × price: Requests a month"),
        ("fine_tuning", "Read the requests", {}, "[azure/gpt-oss-20b: package"),
        (
            "fine_tuning",
            "Host the tuned model",
            {},
            "hours × price: Hours a month that a hosted tuned model is deployed 730",
        ),
        (
            "hybrid",
            "Write and try the prompt",
            {},
            "hours × rate × work for all use cases: hours 6 (0.5 to 40) hours [prompt hours",
        ),
        (
            "fine_tuning",
            "Label examples for training",
            {"task_kind": "code"},
            "[rule pack: examples_needed; range: estimated",
        ),
        ("prompting", "Adapt the prompt to changes", {}, "changes × hours × rate × work for all use cases: Changes"),
    ],
)
def test_a_line_says_where_it_comes_from(
    book: Rulebook, approach: str, title: str, raw: dict[str, Any], part: str
) -> None:
    """Formula, terms with value, range and unit, and the origin of each: an answer, a price or an assumption."""
    assert part in source(book, approach, title, raw)


def test_what_the_user_states_is_told_as_such(book: Rulebook) -> None:
    """A stated assumption goes before the rule pack; a questionnaire's default is none of the user's answers."""
    own = PRICES.overridden(parse_overrides({"examples_needed": 321}, PRICES, "answers", []))
    text = source(book, "fine_tuning", "Label examples for training", {}, own)
    assert "Labelled examples that tuning needs 321 examples [" in text
    assert "rule pack" not in text


def test_a_shortfall_at_its_edge(book: Rulebook) -> None:
    """A budget of exactly the low estimate is enough, a dollar less is not; what is missing is told in both."""
    facts = facts_of(book, {})
    low = float(estimate(facts, book, PRICES, DAY).setup["fine_tuning"].low[0])
    for missing in (0.0, 1.0):
        stated = facts_of(book, {"setup_budget_usd": low - missing})
        costs = estimate(stated, book, PRICES, DAY)
        found = [one for one in shortfalls(stated, costs) if one.approach == "fine_tuning"]
        assert len(found) == (missing > 0)
        for one in found:
            assert (one.fact, one.field) == ("setup_over_budget_fine_tuning", "setup_budget_usd")
            assert one.missing.value == pytest.approx(missing)
            assert (one.missing.unit, one.missing.origin) == ("USD", "estimated")
            assert f"is {missing:.3g} USD above the {low - 1:,.0f} USD that you stated" in one.text
            assert one.missing.source.startswith("lowest estimate of the set-up cost, ")
    late = facts_of(book, {"deadline_weeks": 0.01})
    units = {one.fact: one.missing.unit for one in shortfalls(late, estimate(late, book, PRICES, DAY))}
    assert units["weeks_over_deadline_prompting"] == "weeks"


def test_facts_from_costs_where_nothing_is_paid(book: Rulebook) -> None:
    """The ratio is known where the volume is and prompting costs something; an excess has the ends of its bound."""
    facts = facts_of(book, {"requests_per_month": 1000, "setup_budget_usd": {"low": 1, "likely": 5, "high": 11}})
    costs = estimate(facts, book, PRICES, DAY)
    told = with_cost_facts(facts, costs)
    over: Numbers = told.numbers("setup_over_budget_hybrid")
    low = float(costs.setup["hybrid"].low[0])
    assert [float(end[0]) for end in (over.low, over.likely, over.high)] == pytest.approx([low - 11, low - 5, low - 1])
    assert told.known("tuning_cost_ratio")[0]
    for spread in (costs.horizon["prompting"],):
        spread.likely[0] = 0.0
    assert not with_cost_facts(facts, costs).known("tuning_cost_ratio")[0]


def test_shares_of_draws_are_counted(book: Rulebook) -> None:
    """Cheaper than prompting, cheapest of all, and within a bound that belongs to what is allowed."""
    facts = facts_of(book, {"setup_budget_usd": {"low": 1, "likely": 10, "high": 99}})
    totals = {
        "prompting": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "fine_tuning": np.array([[0.5, 2.0], [2.0, 5.0]]),
        "hybrid": np.array([[0.1, 3.0], [3.0, 1.0]]),
    }
    measure = simulation._Measure(facts, totals, "4 draws")
    assert measure.cheaper("fine_tuning").value == 0.5
    assert measure.cheaper("hybrid").value == 0.5
    assert [measure.cheapest(name).value for name in totals] == [0.0, 0.25, 0.5]
    within = measure.within("setup_budget_usd", np.array([[9.0, 10.0], [10.1, 98.0]]))
    assert within is not None
    assert (within.value, within.unit, within.origin, within.source) == (0.5, "share", "estimated", "4 draws")
    assert measure.within("monthly_budget_usd", np.ones((2, 2))) is None


def test_the_three_strongest_inputs_are_named_from_one_in_a_hundred_on() -> None:
    """Strongest first, with the share of the spread, the key and the question that would settle it."""
    rng = np.random.default_rng(0)
    chance = Chance(1000)
    ranks = {name: (rng.permutation(3000) + 0.5).reshape(3, 1000) / 3000 for name in "abcde"}
    for name, field in (("a", "q"), ("b", ""), ("c", ""), ("d", ""), ("e", "")):
        chance.inputs[name] = Uncertain(f"The {name}", field, ranks[name])
    totals = 6 * ranks["a"] + 3 * ranks["b"] + 2 * ranks["c"] + ranks["d"]
    found = simulation._drivers(totals, chance, "3,000 draws")
    assert [(one.key, one.field) for one in found] == [("a", "q"), ("b", ""), ("c", "")]
    assert [one.share.value for one in found] == pytest.approx([0.72, 0.18, 0.08], abs=0.02)
    assert found[0].text == f"the a: about {100 * found[0].share.value:.0f} % of the spread"
    assert found[0].title == "the a"
    assert found[0].share.source == "share of the variance of the total, 3,000 draws"
    alone = simulation._drivers(6 * ranks["a"] + 0.3 * ranks["b"], chance, "n")
    assert [one.key for one in alone] == ["a"]


def test_a_study_counts_its_draws(book: Rulebook) -> None:
    """Draws come in threes, rounded up, and are told with their seed; ranges are the tenth, fiftieth and ninetieth."""
    facts = facts_of(book, {"requests_per_month": 20_000})
    found = study(facts, book, PRICES, DAY, draws=10, seed=5)
    assert (found.draws, found.seed, set(found.break_even)) == (12, 5, {"fine_tuning", "hybrid"})
    one = found.simulations["prompting"]
    assert one.total.source == (
        "10th, 50th and 90th percentile of 12 draws of the ranges of answers, assumptions and prices (seed 5)"
    )
    assert (one.total.unit, one.setup.unit, one.monthly.unit, one.lead_weeks.unit) == (
        *("USD", "USD", "USD per month", "weeks"),
    )
    assert one.cheaper_than_prompting is None
    assert one.within_setup_budget is one.within_deadline is None
    assert sum(item.cheapest.value for item in found.simulations.values()) == pytest.approx(1.0)
    assert study(facts, book, PRICES, DAY, draws=9).draws == 9
    assert simulation.DRAWS == 4000


def test_batches_save_half_of_the_tokens(book: Rulebook) -> None:
    """At likely values half of what the tokens cost, between what both ends save; hours and vendors are told."""
    raw = {
        "requests_per_month": 100_000,
        "input_tokens": 1000,
        "output_tokens": 100,
        "base_model": "openai/gpt-6.1-terra",
    }
    lines = itemise(facts_of(book, raw), book, PRICES, DAY)
    titles = ("Read the requests", "Read the prompt, partly from the cache", "Write the answers")
    tokens = [line.amount for line in lines if line.approach == "prompting" and line.title in titles]
    found = simulation.batching(facts_of(book, raw), book, PRICES, DAY)
    assert found is not None
    assert found.saving.value == pytest.approx(sum(one.value for one in tokens) / 2)
    assert found.saving.low == pytest.approx(sum(one.low or 0 for one in tokens) / 2)
    assert found.saving.high == pytest.approx(sum(one.high or 0 for one in tokens) / 2)
    amount = f"${found.saving.value:,.0f}"
    assert found.text == (
        f"If answers could wait 24 hours, paying the tokens of prompting as batches would save about {amount} a month."
    )
    assert (found.used, found.saving.unit) == (False, "USD per month")
    used = simulation.batching(facts_of(book, {**raw, "latency_ms": 9e7}), book, PRICES, DAY)
    assert used is not None
    assert used.text == (
        f"Answers may wait 24 hours, so tokens of prompting are paid as batches; that saves about {amount} a month."
    )


def told(inputs: Inputs) -> list[str]:
    """Every term of a situation in words."""
    case = read(inputs)
    machines, volume, labels = case.machines, case.volume, case.labels
    price = machines.price
    terms = [machines.card_share, price.input, price.cached, price.output, case.training_run, case.rate]
    terms += [case.prompting_breadth, case.tuning_breadth, inputs.examples_needed()]
    terms += [getattr(volume, name) for name in volume.__dataclass_fields__]
    terms += [getattr(labels, name) for name in labels.__dataclass_fields__]
    terms += [inputs.gpu_hour(machines.tuned_size, use) for use in ("serving", "training")]
    terms += [inputs.tuned_service(machines.tuned_size, "tuned_hosting", "hosting")]
    terms += [inputs.assumed("writing_speed", falling=True, size=machines.tuned_size)]
    return [term.text() for term in terms]


SCENARIOS: tuple[dict[str, Any], ...] = (
    {},
    {**OWN, "task_kind": "code", "label_cost_usd": 3, "use_case_count": 4, "requests_per_month": 77, "latency_ms": 9e7},
    {"base_model": "anthropic/claude-opus-5-5", "labelled_examples": {"low": 1, "likely": 9, "high": 500}},
    {**RENTED, "tunable_model_size_b": 200, "knowledge_need": "changing", "prompt_effort": "few_shot"},
)


@pytest.mark.parametrize("row", range(4))
def test_the_terms_of_the_first_of_several_are_its_own(book: Rulebook, row: int) -> None:
    """Figures and origins are those of the first scenario, whatever stands behind it."""
    order = [SCENARIOS[row], *(one for k, one in enumerate(SCENARIOS) if k != row)]
    several = derive(tabulate([parse(raw, book) for raw in order], book), book, DAY)
    alone = facts_of(book, SCENARIOS[row])
    assert told(Inputs(several, book, PRICES, DAY)) == told(Inputs(alone, book, PRICES, DAY))
