"""What is told of the first scenario of several is what is told of it alone: the others are never looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from advisor.intake.answers import parse
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning import advise as advising
from advisor.reasoning import limits, plan, published
from advisor.reasoning.costs import shortfalls
from advisor.reasoning.engine import Engine, Outcome, unknown_gates
from advisor.reasoning.explain import Explainer, value_in_words
from advisor.reasoning.likeness import of_case
from advisor.reasoning.quality.crossover import crossover
from advisor.reasoning.review import review
from advisor.reasoning.robustness import robustness
from advisor.reasoning.volumes import volumes

Told = Callable[[Engine, Outcome, Mapping[str, Any]], Any]

RICH: dict[str, Any] = {
    **{"task_kind": "classification", "class_count": 20, "labelled_examples": 900, "requests_per_month": 60_000},
    **{"base_model": "openai/gpt-6.1-terra", "prompt_effort": "few_shot", "model_access": "hosted_api_with_tuning"},
    **{"ml_expertise": "some", "deadline_weeks": 4, "setup_budget_usd": 9000, "monthly_budget_usd": 700},
    **{"target_quality": 0.9, "tunable_model_size_b": 8, "use_case_count": 2, "knowledge_need": "none"},
}
OWN: dict[str, Any] = {
    **{"task_kind": "code", "model_access": "open_weights", "compute": "multi_gpu", "base_model_size_b": 7},
    **{"tunable_model_size_b": 7, "labelled_examples": {"low": 100, "likely": 4000, "high": 9000}},
    **{"data_sensitivity": "regulated", "requests_per_month": 2_000_000, "training_material": "domain_mix"},
    **{"error_cost_usd": 3, "success_value_usd": 1, "monthly_budget_usd": 5, "ml_expertise": "strong"},
}
CLOSED: dict[str, Any] = {"setup_budget_usd": 0, "monthly_budget_usd": 0, "deadline_weeks": 0, "task_kind": "reasoning"}
BARE: dict[str, Any] = {}


def explained(engine: Engine, outcome: Outcome, raw: Mapping[str, Any]) -> Explainer:
    """The explainer of the first scenario."""
    return Explainer(engine, outcome, parse(dict(raw), engine.book))


def findings(engine: Engine, outcome: Outcome, raw: Mapping[str, Any]) -> Any:
    """All findings of an advice."""
    return advising._findings(explained(engine, outcome, raw), outcome, engine)


def headed(engine: Engine, outcome: Outcome, raw: Mapping[str, Any]) -> Any:
    """Headline and reason of an advice whose ranking is that of the first scenario."""
    alone = engine.decide_answers([parse(dict(raw), engine.book)])
    ranking = advising._ranking(engine, alone)
    made = findings(engine, outcome, raw)
    return advising._headline(outcome, ranking), advising._reason(outcome, made, ranking)


def leader(outcome: Outcome) -> str | None:
    """The approach that leads the first scenario."""
    return APPROACHES[int(outcome.leader[0])] if outcome.leader[0] >= 0 else None


TOLD: dict[str, Told] = {
    "findings": findings,
    "notes": lambda e, o, raw: tuple(explained(e, o, raw).notes()),
    "ruled out": lambda e, o, raw: tuple(explained(e, o, raw).ruled_out()),
    "trace": lambda e, o, raw: tuple(explained(e, o, raw).trace()),
    "near misses": lambda e, o, raw: explained(e, o, raw).near_misses(40),
    "values": lambda e, o, raw: [value_in_words(o.facts, name, "") for name in sorted(o.facts.columns)],
    "headline and reason": headed,
    "confidence": lambda e, o, raw: advising._confidence(o, e),
    "limits": lambda e, o, raw: limits.limits(e, o, parse(dict(raw), e.book), findings(e, o, raw)),
    "open gates": lambda e, o, raw: [rule.id for rule in unknown_gates(o, 0)],
    "shown forecast": lambda e, o, raw: published.evidence(e, o, findings(e, o, raw)),
    "plan": lambda e, o, raw: plan.schedule(e, o, leader(o)),
    "review": lambda e, o, raw: review(e, o),
    "robustness": lambda e, o, raw: robustness(e, o),
    "volumes": lambda e, o, raw: volumes(e, o),
    "conditions": lambda e, o, raw: of_case(o.facts, e.situation(o.facts)),
    "crossover": lambda e, o, raw: crossover(e.model or pytest.fail("no model"), e.situation(o.facts)),
    "ledger behind": lambda e, o, raw: e.behind(o),
    "evidence": lambda e, o, raw: advising._evidence(e, o, findings(e, o, raw), ()),
}
PAIRS = {"rich": RICH, "own": OWN, "closed": CLOSED, "bare": BARE}


@pytest.fixture(scope="module")
def alone(shipped: Engine) -> dict[str, Outcome]:
    """The outcome of each scenario by itself."""
    return {name: shipped.decide_answers([parse(dict(raw), shipped.book)]) for name, raw in PAIRS.items()}


@pytest.fixture(scope="module")
def first(shipped: Engine) -> dict[str, Outcome]:
    """The outcomes of all scenarios together, each time with another one first."""
    names = list(PAIRS)
    turned = {name: [name, *(other for other in names if other != name)] for name in names}
    return {
        name: shipped.decide_answers([parse(dict(PAIRS[one]), shipped.book) for one in order])
        for name, order in turned.items()
    }


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("told", TOLD)
def test_the_first_of_several_is_told_as_if_it_were_alone(
    shipped: Engine, alone: dict[str, Outcome], first: dict[str, Outcome], told: str, name: str
) -> None:
    """Three very different scenarios behind it change nothing, neither a figure nor a word."""
    raw = PAIRS[name]
    assert same(TOLD[told](shipped, first[name], raw), TOLD[told](shipped, alone[name], raw))


def same(one: Any, other: Any) -> bool:
    """Whether two values say the same, floats to the last digits but two."""
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True))
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return set(one) == set(other) and all(same(one[name], other[name]) for name in one)
    if hasattr(one, "__dataclass_fields__"):
        names = one.__dataclass_fields__
        return type(one) is type(other) and all(same(getattr(one, name), getattr(other, name)) for name in names)
    return bool(one == other)


@pytest.mark.parametrize("told", TOLD)
def test_the_scenarios_differ_in_what_is_told(shipped: Engine, alone: dict[str, Outcome], told: str) -> None:
    """What is compared above is not the same for every scenario, so that a mix-up would be seen."""
    said = [TOLD[told](shipped, alone[name], PAIRS[name]) for name in PAIRS]
    assert any(not same(said[0], other) for other in said[1:])


def test_shortfalls_are_told_of_one_scenario_only(shipped: Engine, first: dict[str, Outcome]) -> None:
    """Of several it would not be clear whose they are."""
    outcome = first["closed"]
    with pytest.raises(ValueError, match="one scenario"):
        shortfalls(outcome.facts, outcome.costs)
