"""The report of a portfolio."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.cli.commands import app

SHEET = """name,task_kind,class_count,labelled_examples,requests_per_month,model_access,ml_expertise,project_stage
Tickets,classification,5,5000,50000,open_weights,strong,production
Mails,classification,12,,2000,hosted_api,none,pilot
=1+1,extraction,,40,100000,hosted_api_with_tuning,some,pilot
"""


def test_a_portfolio_report_has_totals_a_map_those_to_begin_with_and_what_to_ask(tmp_path: Path) -> None:
    """One report shows the whole: counts, cost against lead, the clearest projects, the answer that unlocks most."""
    sheet, report = tmp_path / "projects.csv", tmp_path / "report.md"
    sheet.write_text(SHEET, encoding="utf-8")
    arguments = ["portfolio", str(sheet), "--as-of", "2026-11-23", "--report", str(report)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout_bytes == b""
    told = report.read_text(encoding="utf-8")
    assert "- **Projects:** 3ᵉ" in told
    for title in ("Map of the projects", "Which come first", "Which missing answer unlocks most", "Every project"):
        assert f"## {title}" in told
    assert told.count("| Tickets |") >= 2


def test_the_suffix_of_the_report_must_name_a_form(tmp_path: Path) -> None:
    """A suffix that no writer makes is refused before any project is judged."""

    from advisor.errors import InputError

    sheet = tmp_path / "projects.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    with pytest.raises(InputError, match="format"):
        CliRunner().invoke(app, ["portfolio", str(sheet), "--report", "x.odt"], catch_exceptions=False)
