"""Rules past their date count for less and say why; a later day replays the advice with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from advisor.intake import answers as intake
from advisor.knowledge.domain import APPROACHES, CRITERIA
from advisor.knowledge.staleness import overdue, stale_rules
from advisor.reasoning.engine import Engine

VENDOR = {"model_access": "hosted_api_with_tuning", "task_kind": "extraction", "labelled_examples": 3000}


def test_nothing_is_stale_on_the_day_of_the_review(shipped: Engine) -> None:
    """The shipped pack is up to date on its own day."""
    assert shipped.stale == {}
    assert list(overdue(shipped.book, shipped.day)) == []
    assert shipped.rules == tuple(rule for rule in shipped.book.rules if rule.active(shipped.day))


def test_a_rule_past_its_review_date_counts_half(shipped: Engine) -> None:
    """A later day halves exactly the points of the rules past their date, and the totals follow."""
    late = replace(shipped, day=date(2027, 6, 15))
    answers = [intake.parse(VENDOR, shipped.book)]
    assert "to be reviewed by 2027-05-07" in late.stale["tuned_model_dies_with_base"]
    points = {rule.id: rule.points for rule in late.rules}
    assert points["tuned_model_dies_with_base"] == {"fine_tuning": -0.25, "hybrid": -0.25}
    assert points["enough_examples"] == shipped.book.rule("enough_examples").points
    now, then = shipped.decide_answers(answers), late.decide_answers(answers)
    adaptability = CRITERIA.index("adaptability")
    gained = then.rule_points[0, :, adaptability] - now.rule_points[0, :, adaptability]
    assert gained == pytest.approx(np.array([0.0, 0.25, 0.25]))
    assert APPROACHES[1] == "fine_tuning"


def test_a_rule_is_stale_with_the_market_fact_that_it_asks_for(shipped: Engine) -> None:
    """The fact's review date counts for the rule, even where the rule names none or a later one."""
    book = shipped.book
    rule = replace(book.rule("where_tuning_is_still_offered"), review_by=None)
    alone = replace(book, rules=(rule,))
    assert stale_rules(alone, date(2027, 1, 1)) == {}
    assert "market fact" in stale_rules(alone, date(2027, 3, 1))[rule.id]


def test_a_rule_with_old_sources_only_is_stale(shipped: Engine) -> None:
    """Five years after the newest source a rule says so; one newer source is enough to keep it."""
    book = shipped.book
    old = book.rule("tune_through_the_prompt")
    both = replace(book, rules=(old, replace(old, id="kept", source=(*old.source, "P32"))))
    assert stale_rules(both, date(2026, 12, 31)) == {}
    assert stale_rules(both, date(2027, 1, 1)) == {old.id: "its newest source is of 2021"}
