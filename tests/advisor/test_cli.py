"""The command line as a user meets it: what goes to which stream, and the exit status."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from advisor.intake.answers import Answers, parse
from advisor.knowledge.domain import Rulebook
from advisor.reasoning.engine import Engine
from advisor.reasoning.probe import Probe

Cli = Callable[..., subprocess.CompletedProcess[str]]
DAY = "2026-11-22"


@pytest.fixture
def case_file(book: Rulebook, tmp_path: Path) -> Callable[[str], Path]:
    """Writes the answers of a worked case to a file."""

    def write(case_id: str) -> Path:
        case = next(case for case in book.cases if case.id == case_id)
        path = tmp_path / f"{case_id}.yaml"
        path.write_text(yaml.safe_dump(dict(case.answers)))
        return path

    return write


def test_empty_answers_give_questions_instead_of_a_guess(advisor_cli: Cli, tmp_path: Path) -> None:
    """An empty file exits 0, abstains (or ties) and names the questions worth asking, most valuable first."""
    path = tmp_path / "empty.yaml"
    path.write_text("")
    result = advisor_cli("recommend", str(path), "--format", "json", "--as-of", DAY)
    assert result.returncode == 0, result.stderr
    advice = json.loads(result.stdout)
    assert advice["status"] in {"abstain", "tie"}
    assert advice["recommendation"] is None or advice["status"] == "tie"
    values = [question["value"] for question in advice["next_questions"]]
    assert values
    assert values == sorted(values, reverse=True)
    assert all(0 < value <= 1 for value in values)


def test_five_mistakes_give_exit_status_2_and_all_five(advisor_cli: Cli, tmp_path: Path) -> None:
    """Every mistake is on standard error with its field; nothing is on standard output."""
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "task_kind: poetry\nlabelled_examples: -3\ntarget_quality: 95\ndeadline_weeks: soon\nnumber_of_cats: 2\n"
    )
    result = advisor_cli("recommend", str(path))
    assert result.returncode == 2
    assert result.stdout == ""
    for field in ("task_kind", "labelled_examples", "target_quality", "deadline_weeks", "number_of_cats"):
        assert field in result.stderr
    assert len(result.stderr.strip().splitlines()) == 5
    assert str(path) in result.stderr


def test_the_json_of_e1_fits_the_published_schema(advisor_cli: Cli, case_file: Callable[[str], Path]) -> None:
    """What `--json` prints validates against the schema that we publish."""
    from advisor.reports import schema

    result = advisor_cli("recommend", str(case_file("E1")), "--json", "--as-of", DAY)
    assert result.returncode == 0, result.stderr
    advice = json.loads(result.stdout)
    jsonschema.Draft202012Validator(schema()).validate(advice)
    assert advice["recommendation"] == "fine_tuning"


def test_the_same_input_gives_the_same_bytes(
    advisor_cli: Cli, case_file: Callable[[str], Path], tmp_path: Path
) -> None:
    """Two runs write the same report in every format, to a file as to standard output."""
    path = case_file("E14")
    for kind in ("text", "json", "md", "html"):
        first = advisor_cli("recommend", str(path), "--format", kind, "--as-of", DAY, "--full")
        target = tmp_path / f"report.{kind}"
        second = advisor_cli("recommend", str(path), "--format", kind, "--as-of", DAY, "--out", str(target))
        assert first.returncode == second.returncode == 0, first.stderr + second.stderr
        assert second.stdout == ""
        assert target.read_text() == first.stdout


def test_the_terminal_gets_a_short_form_that_says_where_the_rest_is(
    advisor_cli: Cli, case_file: Callable[[str], Path]
) -> None:
    """Without --full the text holds the verdict and what carries it in under 200 lines; --full holds everything."""
    path = str(case_file("E14"))
    short = advisor_cli("recommend", path, "--as-of", DAY).stdout
    full = advisor_cli("recommend", path, "--as-of", DAY, "--full").stdout
    assert len(short.splitlines()) < 200 < len(full.splitlines())
    assert "--full" in short
    for heading in ("What would change it", "RANKING", "REASONS", "COSTS AND TIME", "PLAN"):
        assert heading in short
    sentences = [line for line in short.splitlines() if len(line) > 60 and "─" not in line]
    assert len(set(sentences)) == len(sentences)
    assert short.splitlines()[4] == full.splitlines()[4]


def test_answers_may_come_from_standard_input(advisor_cli: Cli) -> None:
    """`-` reads the answers from standard input, as JSON too."""
    result = advisor_cli(
        "recommend", "-", "--json", stdin='{"project_stage": "exploration", "task_kind": "generation"}'
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["answers"] == {"project_stage": "exploration", "task_kind": "generation"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("recommend", "nowhere.yaml"), "nowhere.yaml"),
        (("recommend", "-", "--format", "pfd"), "--format"),
        (("recommend", "-", "--as-of", "2026-02-30"), "--as-of"),
        (("recommend", "-", "--measured", "nowhere"), "no measurement"),
        (("recommend", "-", "--rules", "nowhere"), "no such folder"),
        (("recommend",), "ANSWERS"),
        (("rules", "show", "no_such_rule"), "no_such_rule"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_wrong_arguments_exit_2_and_say_which(advisor_cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    """A wrong argument is named on standard error; there is no traceback."""
    result = advisor_cli(*arguments)
    assert result.returncode == 2, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_when_every_approach_is_ruled_out_the_exit_status_is_1(advisor_cli: Cli, tmp_path: Path) -> None:
    """The report is still written, and says what would lift each obstacle."""
    path = tmp_path / "impossible.yaml"
    path.write_text(
        yaml.safe_dump({
            "task_kind": "classification", "requests_per_month": 10_000_000, "input_tokens": 2000, "output_tokens": 500,
            "monthly_budget_usd": 0, "setup_budget_usd": 0, "deadline_weeks": 0, "labelled_examples": 0,
        })
    )  # fmt: skip
    result = advisor_cli("recommend", str(path), "--json")
    advice = json.loads(result.stdout)
    assert not any(item["eligible"] for item in advice["ranking"])
    assert result.returncode == 1
    assert advice["recommendation"] is None
    assert all(entry["lift"] for entry in advice["ruled_out"])


def test_rules_can_be_listed_and_shown(advisor_cli: Cli, book: Rulebook) -> None:
    """The list names every rule; one rule is shown with its reason and the claim of its source."""
    listed = advisor_cli("rules", "list")
    assert all(rule.id in listed.stdout for rule in book.rules)
    rule = next(rule for rule in book.rules if rule.kind == "score")
    shown = advisor_cli("rules", "show", rule.id)
    assert rule.because in shown.stdout
    assert book.sources[rule.source[0]].claim in shown.stdout


def test_the_terminal_interview_saves_what_was_answered(advisor_cli: Cli, shipped: Engine, tmp_path: Path) -> None:
    """Answers typed at the prompt land in the file; help, a wrong answer, not known and back cost nothing; q stops."""
    path = tmp_path / "answers.yaml"
    answers, replies = Answers(), []
    for _ in range(2):
        question = shipped.book.questions[Probe(shipped, answers).next_questions(1)[0].field]
        value = question.values[-1] if question.options else question.typical[1]
        answers = answers.changed(parse({question.field: value}, shipped.book).given)
        replies.append(str(len(question.options)) if question.options else f"{value:.15g}")
    one, two = replies
    as_of = shipped.day.isoformat()
    typed = f"?\nnonsense\n{one}\n\nb\nb\n{one}\n{two}\nq\n"
    result = advisor_cli("ask", "--out", str(path), "--as-of", as_of, stdin=typed)
    assert result.returncode == 0, result.stderr
    assert "Why we ask" in result.stderr
    assert "found 'nonsense'" in result.stderr
    saved = yaml.safe_load(path.read_text())
    assert saved == answers.plain()
    again = advisor_cli("recommend", str(path), "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["answers"] == saved
