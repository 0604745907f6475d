"""`advisor backtest` over recorded cases."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from advisor.errors import InputError
from advisor.knowledge.domain import Rulebook
from advisor.reasoning.engine import Engine
from advisor.reasoning.record import backtest, lines, read_cases, wilson

Cli = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]

CASES = [
    {
        "id": "hit",
        "title": "Facts that change",
        "source_url": "https://example.org/hit",
        "answers": {"task_kind": "question_answering", "knowledge_need": "changing", "labelled_examples": 0},
        "expect": ["prompting"],
        "decidable": True,
    },
    {
        "id": "miss",
        "title": "The same, with an outcome that the advice does not foresee",
        "source_url": "https://example.org/miss",
        "answers": {"task_kind": "question_answering", "knowledge_need": "changing", "labelled_examples": 0},
        "expect": ["fine_tuning"],
        "decidable": True,
    },
    {
        "id": "open",
        "title": "Too little is stated",
        "source_url": "https://example.org/open",
        "answers": {"task_kind": "conversation"},
        "expect": ["prompting"],
        "decidable": False,
    },
]


def test_hits_and_misses_are_counted_over_decidable_cases(advisor_cli: Cli, tmp_path: Path) -> None:
    """One hit in two, the undecidable one apart, the miss listed with what was advised and expected."""
    path = tmp_path / "cases.yaml"
    path.write_text(yaml.safe_dump(CASES))
    record = json.loads(advisor_cli("backtest", str(path), "--json").stdout)
    assert (record["n"], record["hits"], record["undecidable"]) == (2, 1, 1)
    assert [(miss["id"], miss["advised"], miss["expect"]) for miss in record["misses"]] == [
        ("miss", "prompting", ["fine_tuning"])
    ]


def test_a_faulty_cases_file_exits_2_with_every_problem(advisor_cli: Cli, tmp_path: Path) -> None:
    """An unknown approach and a wrong answer are both named with the case."""
    path = tmp_path / "cases.yaml"
    wrong = {**CASES[0], "expect": ["guessing"], "answers": {"task_kind": "guessing"}}
    path.write_text(yaml.safe_dump([wrong]))
    result = advisor_cli("backtest", str(path))
    assert result.returncode == 2
    assert "guessing" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 2


def test_the_published_cases_are_met_in_at_least_85_of_100(advisor_cli: Cli) -> None:
    """On the recorded real cases that lie beside a checkout, at least 85 % of the decidable ones are hits."""
    cases = ROOT.parent / "shared" / "notes" / "cases.yaml"
    if not cases.is_file():
        pytest.skip("the recorded cases are not beside this checkout")
    record = json.loads(advisor_cli("backtest", str(cases), "--json").stdout)
    assert record["n"] >= 20
    assert record["hit_rate"] >= 0.85


def test_wilson_agrees_with_the_published_example() -> None:
    """Wilson's 95 % interval for 8 of 10 is 0.490 to 0.943 (Agresti and Coull 1998)."""
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


def test_a_file_that_is_no_list_is_one_problem(book: Rulebook, tmp_path: Path) -> None:
    """A mapping in place of the list is said once, and its keys are not taken for cases."""
    file = tmp_path / "cases.yaml"
    file.write_text("cases: []\n")
    with pytest.raises(InputError) as caught:
        read_cases(file, book)
    assert len(caught.value.problems) == 1


def test_a_record_in_words_counts_its_cases_and_names_its_misses(shipped: Engine, tmp_path: Path) -> None:
    """Hits of decidable cases with their interval in percent, the rest apart, and each miss with all scores."""
    path = tmp_path / "cases.yaml"
    path.write_text(yaml.safe_dump(CASES))
    found = backtest(shipped, read_cases(path, shipped.book))
    first, *misses = lines(found)
    low, high = wilson(1, 2)
    assert first == (
        f"1 of 2 decidable cases advised as expected ({100 * low:.0f} to {100 * high:.0f} %, Wilson 95 %); "
        "1 cases decide nothing."
    )
    assert found.plain()["hit_rate"] == 0.5
    (miss,) = misses
    assert miss.startswith("miss miss: advised prompting, expected fine_tuning (prompting ")
    scores = found.judged[1].scores
    assert list(scores) == ["prompting", "fine_tuning", "hybrid"]
    assert scores["prompting"] == max(scores.values()) > min(scores.values())
    assert backtest(shipped, []).plain()["interval"] == [0.0, 1.0]
