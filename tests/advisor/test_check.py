"""`advisor check`: the gate that says when agreed advice no longer holds, and through what."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import yaml

Cli = Callable[..., subprocess.CompletedProcess[str]]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "ci-gate.md"
# Close to the budget at the prices of November 2026; one model's price doubles on 1 December.
CLOSE = {
    "task_kind": "classification",
    "class_count": 12,
    "quality_gap": "none",
    "base_model": "google/gemini-4-argon",
    "requests_per_month": 300_000,
    "input_tokens": 600,
    "output_tokens": 20,
    "monthly_budget_usd": 500,
    "labelled_examples": 3000,
    "label_quality": "good",
    "model_access": "hosted_api_with_tuning",
    "ml_expertise": "some",
}


@pytest.fixture
def agreed(advisor_cli: Cli, tmp_path: Path) -> Path:
    """A folder with answers and the advice that was agreed on."""
    (tmp_path / "answers.yaml").write_text(yaml.safe_dump(CLOSE), encoding="utf-8")
    made = advisor_cli(
        "recommend", tmp_path / "answers.yaml", "--as-of", "2026-11-23", "--out", tmp_path / "verdict.json"
    )
    assert made.returncode == 0
    return tmp_path


def check(advisor_cli: Cli, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return advisor_cli("check", folder / "answers.yaml", "--expect", folder / "verdict.json", *words)


def test_the_same_answers_in_the_same_market_pass(advisor_cli: Cli, agreed: Path) -> None:
    """A week later nothing that counts has changed: status 0, and the day is said."""
    found = check(advisor_cli, agreed, "--as-of", "2026-11-30")
    assert found.returncode == 0
    assert "The advice is the same: prompting." in found.stdout
    assert "price " not in found.stdout


def test_a_price_that_rises_fails_the_check_and_is_named(advisor_cli: Cli, agreed: Path) -> None:
    """From the day on which the model's price doubles: status 1, with the price before and after, and the rule."""
    found = check(advisor_cli, agreed, "--as-of", "2026-12-02")
    assert found.returncode == 1
    assert "The advice changed from prompting to fine-tuning." in found.stdout
    assert "price google/gemini-4-argon/input: 2 → 4" in found.stdout
    assert "rule prompting_over_monthly_budget" in found.stdout


def test_a_price_of_the_own_contract_is_named_too(advisor_cli: Cli, agreed: Path) -> None:
    """A price stated in the answers file counts, and the check names it as answer and as price."""
    own = {**CLOSE, "prices": {"google/gemini-4-argon/input": 9}}
    (agreed / "answers.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    found = check(advisor_cli, agreed, "--as-of", "2026-11-23")
    assert found.returncode == 1
    assert "price google/gemini-4-argon/input: 2 → 9" in found.stdout


def test_a_rule_that_an_overlay_switches_off_is_named(advisor_cli: Cli, agreed: Path) -> None:
    """A pack laid over ours that switches a rule off shows as that rule, whether or not the advice changes."""
    rule, pack = "tuning_pays", agreed / "pack"
    pack.mkdir()
    own: dict[str, object] = {"name": "house", "version": "1.0.0", "as_of": date(2026, 11, 1), "extends": "shipped"}
    own["disable"] = [{"rule": rule, "reason": "Our tuning team is booked out."}]
    (pack / "pack.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    found = check(advisor_cli, agreed, "--as-of", "2026-11-23", "--rules", str(pack))
    assert found.returncode in (0, 1), found.stderr
    assert f"rule {rule}: " in found.stdout
    assert "→ not in force" in found.stdout


def test_what_is_no_advice_is_refused_with_the_way_to_make_one(advisor_cli: Cli, agreed: Path) -> None:
    """An answers file, an empty file and a torn advice in place of the expected one end with status 2."""
    for text in ("task_kind: classification\n", "", '{"verdict_id": "abc"}'):
        (agreed / "verdict.json").write_text(text, encoding="utf-8")
        found = check(advisor_cli, agreed)
        assert found.returncode == 2
        assert "recommend" in found.stderr


def test_every_number_in_force_is_in_the_published_form(agreed: Path) -> None:
    """The advice names the price of every token part that it could have used, as low, likely and high."""
    advice = json.loads((agreed / "verdict.json").read_text(encoding="utf-8"))
    prices = advice["in_force"]["prices"]
    assert prices["google/gemini-4-argon/input"] == [2, 2, 2]
    assert all(low <= likely <= high for low, likely, high in prices.values())
    assert len(advice["in_force"]["rules"]) > 100


def test_the_commands_of_the_page_run_as_written(advisor_cli: Cli, agreed: Path) -> None:
    """The page's two commands, with its file names, do what it says; its workflow is YAML that calls the second."""
    text = DOCUMENT.read_text(encoding="utf-8")
    commands = re.findall(r"^advisor (recommend|check) (.+)$", text, flags=re.MULTILINE)
    assert [name for name, _ in commands] == ["recommend", "check"]
    for name, rest in commands:
        words = [str(agreed / word) if word.endswith((".yaml", ".json")) else word for word in rest.split()]
        assert advisor_cli(name, *words).returncode == 0
    workflow = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)[0])
    steps = workflow["jobs"]["advice"]["steps"]
    assert any("advisor check" in step.get("run", "") for step in steps)
