"""The report of what changed between two advices."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from advisor.cli.commands import app

BEFORE = """name: Tickets
task_kind: classification
class_count: 5
labelled_examples: 2000
requests_per_month: 50000
model_access: hosted_api_with_tuning
ml_expertise: some
"""


def _report(folder: Path, after: str, *options: str) -> str:
    one, two = folder / "one.yaml", folder / "two.yaml"
    one.write_text(BEFORE, encoding="utf-8")
    two.write_text(after, encoding="utf-8")
    arguments = ["diff", str(one), str(two), "--as-of", "2026-11-23", "--format", "md", *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout_bytes.decode()


def test_a_changed_answer_stands_with_the_rules_that_it_moved(tmp_path: Path) -> None:
    """The report names the answer before and after, the rules that speak differently through it, and the scores."""
    told = _report(tmp_path, BEFORE.replace("2000", "30"))
    assert "| Labelled examples | 2,000ˢ | 30ˢ |" in told
    assert "no longer speaks" in told
    assert "Scores in points" in told


def test_the_same_answers_leave_the_sections_of_changes_out(tmp_path: Path) -> None:
    """Where nothing changed the report says so and has no empty tables."""
    told = _report(tmp_path, BEFORE)
    assert "The advice is the same" in told
    assert "Answers that changed" not in told
    assert "Rules that speak differently" not in told


def test_markup_in_a_name_stays_text(tmp_path: Path) -> None:
    """What a user wrote is shown as text in the report of a difference, too."""
    told = _report(tmp_path, BEFORE.replace("Tickets", '"<script>alert(1)</script>"'))
    assert "<script>" not in told
