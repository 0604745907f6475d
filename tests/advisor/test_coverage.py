"""Random scenarios: reproducible, within what the questions allow, fast, and honest about what never fired."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from advisor.knowledge.conditions import Among, AtLeastK
from advisor.reasoning.coverage import coverage, draw
from advisor.reasoning.engine import Engine


def test_the_same_seed_gives_the_same_coverage(shipped: Engine) -> None:
    """Two runs agree to the last digit; another seed differs."""
    assert coverage(shipped, 500, 7) == coverage(shipped, 500, 7)
    assert coverage(shipped, 500, 7).rules != coverage(shipped, 500, 8).rules


def test_shares_add_up(shipped: Engine) -> None:
    """Every scenario has one status, and each that does not abstain one approach and one technique."""
    found = coverage(shipped, 2000)
    assert sum(found.status.values()) == pytest.approx(1)
    assert sum(found.recommended.values()) == pytest.approx(1 - found.status["abstain"])
    assert sum(found.techniques.values()) == pytest.approx(sum(found.recommended.values()))
    assert found.rules["prompting_is_fast"] == 1
    assert set(found.recommended) == set(found.eligible) == {"prompting", "fine_tuning", "hybrid"}


def test_the_random_answers_are_allowed_answers(shipped: Engine) -> None:
    """Numbers keep to the bounds and the order of their question, integers are whole, choices are options."""
    facts = draw(shipped.book, 3000, np.random.default_rng(3))
    for name, question in shipped.book.questions.items():
        if question.numeric:
            column = facts.numbers(name)
            known = column.known
            assert (column.low[known] >= (question.min or 0)).all(), name
            assert (column.high[known] <= (question.max or np.inf)).all(), name
            assert (column.low <= column.likely).all() and (column.likely <= column.high).all(), name
            if question.kind == "integer":
                assert (column.likely[known] % 1 == 0).all(), name
        elif question.kind == "choice":
            codes = facts.words(name).codes
            assert codes.min() == -1 and codes.max() == len(question.values) - 1, name


def test_a_rule_that_cannot_fire_is_listed(shipped: Engine) -> None:
    """A planted rule whose parts exclude each other is among those never seen."""
    kinds = (Among("task_kind", ("code",)), Among("task_kind", ("extraction",)))
    planted = replace(shipped.book.rule("gap_none"), id="planted", when=AtLeastK(2, kinds))
    engine = replace(shipped, book=replace(shipped.book, rules=(*shipped.book.rules, planted)))
    found = coverage(engine, 1000)
    assert "planted" in found.never
    assert "gap_none" not in found.never
    assert "openai_has_closed_tuning" in found.not_in_force


def test_the_command_prints_shares_and_what_was_never_seen(
    advisor_cli: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """`advisor rules coverage` speaks words and JSON."""
    words = advisor_cli("rules", "coverage", "--scenarios", "300", "--seed", "5")
    assert words.returncode == 0
    assert "300 random scenarios, seed 5" in words.stdout
    assert "never seen:" in words.stdout
    data = json.loads(advisor_cli("rules", "coverage", "--scenarios", "300", "--seed", "5", "--json").stdout)
    assert data["scenarios"] == 300
    assert data["status"]["advice"] > 0
