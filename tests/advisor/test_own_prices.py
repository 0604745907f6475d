"""The user's own prices, stated in the answers file."""

from __future__ import annotations

import pytest

from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine

BASE = {"task_kind": "classification", "requests_per_month": 100_000, "labelled_examples": 500}


def test_a_stated_price_is_used_and_named(shipped: Engine) -> None:
    """Ten times the hourly rate makes every set-up dearer; the lines say that the rate was stated; the id changes."""
    plain = advise(intake.parse(BASE, shipped.book), shipped)
    dear = advise(intake.parse({**BASE, "prices": {"hourly_rate": 800}}, shipped.book), shipped)
    cost = {item.approach: item.cost_usd.setup.likely for item in plain.ranking}
    assert all(item.cost_usd.setup.likely > cost[item.approach] for item in dear.ranking)
    assert any("prices: hourly_rate" in line.amount.source for item in dear.ranking for line in item.cost_usd.lines)
    assert dear.verdict_id != plain.verdict_id


def test_own_prices_survive_a_round_trip(shipped: Engine) -> None:
    """They are part of the answers file that is written back."""
    raw = {**BASE, "prices": {"h100/gpu_hour": {"low": 2, "likely": 2.2, "high": 2.5}, "hourly_rate": 110}}
    answers = intake.parse(raw, shipped.book)
    assert answers.plain() == raw
    assert intake.parse(answers.plain(), shipped.book) == answers


def test_unknown_prices_are_refused_with_the_nearest_name(shipped: Engine) -> None:
    """A misspelled price and a price that is no number are two problems."""
    with pytest.raises(InputError) as caught:
        intake.parse({"prices": {"hourly_rat": 3, "hourly_rate": "much"}}, shipped.book)
    assert len(caught.value.problems) == 2
    assert "hourly_rate" in str(caught.value.problems[0])
