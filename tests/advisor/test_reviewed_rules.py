"""What every rule decides and moves, kept beside the rules: a change of a rule file shows here, or it changed nothing.

After a change that is meant: `python tests/advisor/test_reviewed_rules.py`, and read the difference.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor import locate
from advisor.intake import answers as intake
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA
from advisor.reasoning.advise import engine
from advisor.reasoning.engine import STATUS, Engine
from advisor.reasoning.grid import bounds, truths

REVIEWED = Path(__file__).with_name("reviewed_rules.json")
DAY = date(2026, 11, 23)


def decided(knowledge: Engine) -> dict[str, Any]:
    """By rule: the edges of its numbers, its truth over all answers it can tell apart, its example's advice."""
    rules = sorted(knowledge.rules, key=lambda rule: rule.id)
    examples = [rule for rule in rules if rule.fires]
    outcome = knowledge.decide_answers([intake.parse(dict(rule.fires or {}), knowledge.book) for rule in examples])
    found: dict[str, Any] = {}
    for rule in rules:
        table = truths([rule.when], knowledge.book, knowledge.day)
        found[rule.id] = {
            "edges": {
                name: edges
                for name in sorted(set(facts_read(rule.when)))
                if (edges := [round(float(edge), 6) for edge in bounds([rule.when], name, knowledge.book, DAY)])
            },
            "truth": None if table is None else sha256(np.ascontiguousarray(table).tobytes()).hexdigest()[:12],
            "moves": dict(sorted(rule.points.items())),
            "criterion": rule.criterion,
            "closes": [*rule.approaches, *rule.techniques] if rule.kind == "gate" else [],
        }
    for row, rule in enumerate(examples):
        points = {
            f"{approach} {criterion}": round(float(outcome.rule_points[row, a, c]), 4)
            for a, approach in enumerate(APPROACHES)
            for c, criterion in enumerate(CRITERIA)
            if outcome.rule_points[row, a, c]
        }
        found[rule.id]["advice"] = {
            "status": STATUS[outcome.status[row]],
            "possible": [name for a, name in enumerate(APPROACHES) if outcome.eligible[row, a]],
            "points": points,
        }
    return found


def test_every_rule_decides_and_moves_what_was_reviewed(shipped: Engine) -> None:
    """Conditions, points and what gates close are those that were looked at last, rule by rule."""
    reviewed = json.loads(REVIEWED.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(decided(shipped)))
    assert sorted(now) == sorted(reviewed)
    assert {name: now[name] for name in now if now[name] != reviewed[name]} == {}


@pytest.mark.parametrize("name", ["gap_both", "hardly_any_examples", "fine_tuning_over_setup_budget"])
def test_the_reviewed_file_holds_what_such_a_rule_is_about(name: str) -> None:
    """The file is no empty shell: rules of each kind stand in it with what they decide."""
    reviewed = json.loads(REVIEWED.read_text(encoding="utf-8"))[name]
    assert reviewed["truth"] or reviewed["edges"]
    assert reviewed["moves"] or reviewed["closes"]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    whole = decided(engine(locate.rules_dir(), DAY))
    REVIEWED.write_text(json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
