"""Depths, languages and the block from which a report is made again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.cli.commands import app
from advisor.language import using
from advisor.reasoning.advice import Advice
from advisor.reports.document import Chart, quantities
from advisor.reports.edition import DEPTHS, at_depth
from advisor.reports.layout import lay_out

ANSWERS = """name: Tickets über alles
task_kind: classification
class_count: 5
labelled_examples: 2000
requests_per_month: 50000
model_access: hosted_api_with_tuning
ml_expertise: some
project_stage: pilot
"""


def _made(arguments: list[str]) -> bytes:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout_bytes


@pytest.mark.parametrize(("language", "depth"), [("en", "engineer"), ("de", "executive")])
def test_the_printed_command_makes_the_same_report_byte_for_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, depth: str
) -> None:
    """The command and the answers that a report prints are all that is needed to make it again."""
    monkeypatch.chdir(tmp_path)
    Path("given.yaml").write_text(ANSWERS, encoding="utf-8")
    asked = ["recommend", "given.yaml", "--format", "md", "--language", language, "--depth", depth]
    first = _made([*asked, "--as-of", "2026-11-23"])
    blocks = re.findall(r"```\n(.*?)\n```", first.decode(), re.DOTALL)
    command, answers = blocks[-2:]
    Path("answers.yaml").write_text(answers, encoding="utf-8")
    program, *arguments = shlex.split(command)
    assert program == "advisor"
    assert _made(arguments) == first


def test_a_shallower_report_shows_no_other_facts(sample: object) -> None:
    """Each depth is a part of the next deeper one: every number of it stands there, too."""
    advice: Advice = sample()  # type: ignore[operator]
    shown = []
    for depth in DEPTHS:
        with at_depth(depth):  # type: ignore[arg-type]
            document = lay_out(advice)
        shown.append({(item.origin, item.source, str(item)) for _, item in quantities(document)})
        assert document.sections[0].id == "verdict"
        assert document.sections[-1].id == "reproduction"
    assert shown[0] < shown[1] < shown[2]


def test_figures_and_days_are_written_the_german_way_and_the_verdict_stays(sample: object) -> None:
    """German separates thousands with a point and writes the day first; what was decided is the same."""
    from advisor.reports import text

    advice: Advice = sample()  # type: ignore[operator]
    english = text.write(lay_out(advice)).decode()
    with using("de"):
        german = text.write(lay_out(advice)).decode()
    assert advice.as_of.strftime("%d.%m.%Y") in german
    assert advice.as_of.isoformat() in english
    assert advice.verdict_id in german
    assert re.search(r"\d\.\d{3}\b", german)


def test_every_chart_has_a_title_a_unit_and_an_alternative_text(sample: object) -> None:
    """No chart comes without what a reader needs who cannot see it."""
    charts = [
        block.spec
        for section in lay_out(sample()).sections
        for block in section.blocks
        if isinstance(block, Chart)  # type: ignore[operator]
    ]
    assert charts
    for spec in charts:
        assert spec.title
        assert spec.axis
        assert spec.alt.endswith(".")


def test_an_unknown_language_or_depth_is_refused_with_all_problems(tmp_path: Path) -> None:
    """Both options are judged before anything else is done, and told of together."""
    file = tmp_path / "a.yaml"
    file.write_text(ANSWERS, encoding="utf-8")
    from advisor.errors import InputError

    with pytest.raises(InputError) as caught:
        CliRunner().invoke(app, ["recommend", str(file), "--language", "fr", "--depth", "deep"], catch_exceptions=False)
    assert {problem.where for problem in caught.value.problems} == {"--language", "--depth"}
