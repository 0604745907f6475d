"""docs/answers-format.md says of every field what the questionnaire says, and its example is a recorded case."""

from __future__ import annotations

import re
from pathlib import Path

from advisor.knowledge.domain import CRITERIA, Question, Rulebook
from advisor.reasoning.record import read_cases

PAGE = Path(__file__).resolve().parent.parent / "docs" / "answers-format.md"


def values(question: Question) -> str:
    """The values of a field as the page writes them."""
    if question.kind == "choice":
        return ", ".join(question.values)
    if question.kind == "model":
        return "provider/model, as the package genai-prices names it"
    if question.kind == "priorities":
        return f"a mapping of {', '.join(CRITERIA)} to 0-5"
    noun = "whole number" if question.kind == "integer" else "number"
    low = "" if question.min is None else f" from {question.min:g}"
    high = (
        "" if question.max is None else f" to {question.max:,g}" if question.max < 1000 else f" to {question.max:,.0f}"
    )
    default = "" if question.default is None else f", default {question.default:g}"
    return f"{noun}{low}{high}{' ' + question.unit if question.unit else ''}{default}"


def test_the_page_lists_every_field_with_its_values(book: Rulebook) -> None:
    """The table holds the fields of the questionnaire, in its order, and nothing else."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{question.field}` | {values(question)} |" for question in book.questions.values()]


def test_the_example_of_a_recorded_case_is_one(book: Rulebook, tmp_path: Path) -> None:
    """What the page shows can be read by the command that it explains."""
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    file = tmp_path / "cases.yaml"
    file.write_text(example[1])
    assert [case.expect for case in read_cases(file, book)] == [("fine_tuning",)]
