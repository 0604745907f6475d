"""`advisor diff`: what changed, and why."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from advisor.intake.answers import parse
from advisor.reasoning.advise import advise
from advisor.reasoning.difference import amount_in_words, difference, faults, lines
from advisor.reasoning.engine import Engine

Cli = Callable[..., subprocess.CompletedProcess[str]]
BASE = {"task_kind": "classification", "labelled_examples": 4000, "quality_gap": "inconsistent_behaviour"}


def write(path: Path, **changes: object) -> str:
    path.write_text(yaml.safe_dump({key: value for key, value in {**BASE, **changes}.items() if value is not None}))
    return str(path)


def test_a_changed_answer_is_traced_to_the_rules_that_read_it(advisor_cli: Cli, tmp_path: Path) -> None:
    """The rule that no longer speaks is named together with the answer through which it changed."""
    before, after = write(tmp_path / "a.yaml"), write(tmp_path / "b.yaml", quality_gap="missing_knowledge")
    found = json.loads(advisor_cli("diff", before, after, "--json").stdout)
    assert found["recommendation"] == ["fine_tuning", "prompting"]
    assert found["answers"] == [
        {"field": "quality_gap", "before": "inconsistent_behaviour", "after": "missing_knowledge"}
    ]
    rules = {change["rule"]: change for change in found["rules"]}
    assert rules["gap_inconsistent_behaviour"]["effect"] == "no longer speaks"
    assert rules["gap_missing_knowledge"]["effect"] == "speaks now"
    assert all(change["through"] == ["quality_gap"] for change in rules.values())


def test_the_score_differences_add_up_rule_by_rule(advisor_cli: Cli, tmp_path: Path) -> None:
    """For each approach, the changes of the rules sum to the change of its score."""
    before = write(tmp_path / "a.yaml")
    after = write(tmp_path / "b.yaml", labelled_examples=40, project_stage="exploration")
    found = json.loads(advisor_cli("diff", before, after, "--json").stdout)
    for approach, (was, now) in found["scores"].items():
        moved = sum(rule["after"].get(approach, 0) - rule["before"].get(approach, 0) for rule in found["rules"])
        assert moved == pytest.approx(now - was, abs=1e-6)


def test_advice_files_can_be_compared_with_answers(advisor_cli: Cli, tmp_path: Path) -> None:
    """An advice in JSON on one side and the same answers on the other: the same advice, only the day differs."""
    answers = write(tmp_path / "a.yaml")
    advice = tmp_path / "a.json"
    advisor_cli("recommend", answers, "--out", str(advice), "--as-of", "2026-11-01")
    result = advisor_cli("diff", str(advice), answers, "--as-of", "2026-11-22")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("The advice is the same: fine-tuning.")
    assert "day: 2026-11-01 → 2026-11-22" in result.stdout


def test_a_file_that_is_neither_exits_2(advisor_cli: Cli, tmp_path: Path) -> None:
    """A half advice is refused with a remedy."""
    half = tmp_path / "half.json"
    half.write_text('{"verdict_id": "1"}')
    result = advisor_cli("diff", str(half), write(tmp_path / "a.yaml"))
    assert result.returncode == 2
    assert "advisor recommend --format json" in result.stderr


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("answers", None),
        ("recommendation", 5),
        ("ranking", []),
        ("ranking", {}),
        ("ranking", [1]),
        ("findings", ["x"]),
        ("findings", [{"rule": "a"}]),
        ("evidence", {}),
        ("evidence", {"measured": {"task": 5}}),
        ("status", None),
    ],
)
def test_a_spoiled_advice_is_named_by_field(field: str, value: object, shipped: Engine) -> None:
    """An advice that lacks what is compared, or holds something else there, has a fault at that field."""
    advice = advise(parse(dict(BASE), shipped.book), shipped).to_json()
    assert list(faults(advice)) == []
    assert any(place.startswith(field) for place, _ in faults({**advice, field: value}))


def test_a_spoiled_advice_file_is_refused_on_either_side(advisor_cli: Cli, tmp_path: Path) -> None:
    """The message names file and field, with exit status 2 and nothing on standard output."""
    answers = write(tmp_path / "a.yaml")
    advice = json.loads(advisor_cli("recommend", answers, "--json").stdout)
    spoiled = tmp_path / "spoiled.json"
    spoiled.write_text(json.dumps({**advice, "findings": [{"rule": "a"}]}))
    for pair in ((str(spoiled), answers), (answers, str(spoiled))):
        result = advisor_cli("diff", *pair)
        assert (result.returncode, result.stdout) == (2, "")
        assert "spoiled.json: findings[0].title: found nothing" in result.stderr


def test_a_difference_in_words_holds_what_changed_and_nothing_else(shipped: Engine) -> None:
    """Answers, rules by weight, scores and costs that moved each have their line; equal advices have one line."""
    before = advise(parse(dict(BASE), shipped.book), shipped).to_json()
    assert list(lines(difference(before, before))) == ["The advice is the same: fine-tuning."]
    raw = {**BASE, "quality_gap": "missing_knowledge", "labelled_examples": 50}
    after = advise(parse(raw, shipped.book), shipped).to_json()
    found = difference(before, after)
    text = [*lines(found)]
    assert text[0] == "The advice changed from fine-tuning to prompting."
    assert "answer labelled_examples: 4000 → 50" in text
    assert len([line for line in text if line.startswith("answer ")]) == len(found.answers) == 2
    told = [line.split()[1] for line in text if line.startswith("rule ")]
    assert told == [change.rule for change in found.rules]
    moves = []
    for change in found.rules:
        names = {*change.before, *change.after}
        moved = {name: change.after.get(name, 0.0) - change.before.get(name, 0.0) for name in names}
        line = next(line for line in text if line.startswith(f"rule {change.rule} "))
        assert change.effect in line
        assert all(f"{name} {value:+.2f}" in line for name, value in moved.items())
        moves.append(max((abs(value) for value in moved.values()), default=9.0))
    assert moves == sorted(moves, reverse=True)
    scores = {line.split()[2].rstrip(":"): line for line in text if line.startswith("score of ")}
    for name, (was, now) in found.scores.items():
        assert (name in scores) == (abs(was - now) > 1e-6)
        assert name not in scores or scores[name].endswith(f"{was:.2f} → {now:.2f}")
    for name, (was, now) in found.costs_usd.items():
        said = [line for line in text if line.startswith(f"likely cost of {name} ")]
        line = f"likely cost of {name} over the horizon: ${was:,.0f} → ${now:,.0f} (estimated)"
        assert said == ([line] if abs(was - now) >= 1 else [])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not in force"),
        ([1.0, 2.0, 3.5], "2 (1 to 3.5)"),
        ([2.0, 2.0, 2.0], "2"),
        (0.25, "0.25"),
        ("in force", "in force"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_amounts_in_force_are_said_with_their_range(value: object, words: str) -> None:
    """One number where nothing is open, the likely one with its range elsewhere, texts as they are."""
    assert amount_in_words(value) == words


def test_a_verdict_that_stays_names_the_technique_that_changes(shipped: Engine) -> None:
    """Where only the technique is another, both are named; a tie and an abstention are called so."""
    plain = advise(parse(dict(BASE), shipped.book), shipped).to_json()
    other = {**plain, "technique": "another", "ranking": [dict(item) for item in plain["ranking"]]}
    (mine,) = [item for item in other["ranking"] if item["approach"] == "fine_tuning"]
    mine["technique_title"] = "Another way"
    told = next(iter(lines(difference(plain, other))))
    assert told.startswith("The advice stays fine-tuning; the technique changes from ")
    assert told.endswith(" to Another way.")
    turned = {**other, "ranking": other["ranking"][::-1]}
    assert next(iter(lines(difference(plain, turned)))) == told, "the advised one, wherever it stands"
    tied = {**plain, "status": "tie"}
    none = {**plain, "recommendation": None, "status": "abstain"}
    told = next(iter(lines(difference(tied, none))))
    assert told == "The advice changed from a tie led by fine-tuning to no recommendation (abstains)."
