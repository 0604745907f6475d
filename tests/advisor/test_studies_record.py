"""`advisor backtest` on published comparisons: what is counted, what is offered, what is refused."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from advisor.errors import InputError
from advisor.knowledge.studies import COLUMNS, parse_comparisons

Cli = Callable[..., Any]

ROWS: list[dict[str, object]] = [
    {"id": "one-1", "paper": "One", "n_train": 20, "prompt_score": 80, "ft_score": 40, "prompt_method": "few_shot"},
    {"id": "one-2", "paper": "One", "n_train": 20, "prompt_score": 70, "ft_score": 70.5, "prompt_method": "few_shot"},
    {"id": "two-1", "paper": "Two", "n_train": 9000, "prompt_score": 50, "ft_score": 75, "prompt_method": "zero_shot"},
    {"id": "two-2", "paper": "Two", "n_train": 9000, "prompt_score": 0.9, "ft_score": 0.6, "metric_max": 1},
    {"id": "six-1", "paper": "Six", "ft_score": 60, "hybrid_score": 66},
    {"id": "six-2", "paper": "Six", "ft_score": 60},
]


def sheet(rows: list[dict[str, object]]) -> str:
    """The rows as CSV with all columns of the format."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        base = {"task_kind": "classification", "prompt_model": "GPT-4", "ft_model": "BERT-base", "metric_max": 100}
        writer.writerow(base | row)
    return text.getvalue()


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    """A small file of comparisons."""
    path = tmp_path / "studies.csv"
    path.write_text(sheet(ROWS), encoding="utf-8")
    return path


@pytest.mark.parametrize("options", [[], ["--leave-out", "paper"]])
def test_the_record_counts_hits_and_regret_of_what_a_row_offers(
    advisor_cli: Cli, studies: Path, options: list[str]
) -> None:
    """Rows with one score count nothing; scores come to points of 100; baselines stand beside the advisor."""
    done = advisor_cli("backtest", str(studies), "--json", *options)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    number = {"type": ["number", "null"]}
    keys = ("n", "hit_rate", "mean_regret", "paper_macro_hit_rate", "paper_macro_regret", "brier", "ece")
    schema = {"required": [*keys, "baselines", "misses"], "properties": dict.fromkeys(keys, number)}
    jsonschema.validate(record, schema)
    assert record["n"] == 5
    prompting = record["baselines"]["always_prompting"]
    assert prompting["hits"] == 3  # one-1, one-2 (within a point), two-2; six-1 offers no prompt and falls to tuning
    assert prompting["mean_regret"] == pytest.approx((0 + 0.5 + 25 + 0 + 6) / 5)
    tuning = record["baselines"]["always_fine_tuning"]
    assert tuning["mean_regret"] == pytest.approx((40 + 0 + 0 + 30 + 6) / 5)
    assert tuning["paper_macro_regret"] == pytest.approx((20 + 15 + 6) / 3)
    assert record["baselines"]["always_hybrid"]["mean_regret"] == pytest.approx((40 + 0 + 0 + 30 + 0) / 5)
    assert record["hits"] + len(record["misses"]) == 5
    for miss in record["misses"]:
        assert miss["advised"] in miss["scores"]
        assert miss["regret"] == pytest.approx(max(miss["scores"].values()) - miss["scores"][miss["advised"]], abs=1e-3)


def test_nothing_of_the_outcome_reaches_the_profile(advisor_cli: Cli, tmp_path: Path) -> None:
    """The advice for a row is the same whatever its scores, winner and note say."""

    def advised(rows: list[dict[str, object]]) -> list[str]:
        path = tmp_path / "studies.csv"
        path.write_text(sheet(rows), encoding="utf-8")
        record = json.loads(advisor_cli("backtest", str(path), "--json").stdout)
        misses = {miss["id"]: miss["advised"] for miss in record["misses"]}
        return [
            misses.get(str(row["id"])) or ("prompting" if row["prompt_score"] == 100 else "fine_tuning") for row in rows
        ]

    conditions = ROWS[:3]
    won = [row | {"prompt_score": 100, "ft_score": 0, "note": "prompting is best"} for row in conditions]
    lost = [row | {"prompt_score": 0, "ft_score": 100, "note": "tuning is best"} for row in conditions]
    assert advised(won) == advised(lost)


def test_every_wrong_cell_is_named_at_once() -> None:
    """File, row, column, what was found and what is allowed, for all mistakes together."""
    rows: list[dict[str, object]] = [
        {"id": "a-1", "paper": "A", "task_kind": "sorting", "prompt_score": "high", "ft_score": 50},
        {"id": "a-1", "paper": "A", "prompt_score": 120, "ft_score": 50, "n_train": -3, "source_url": "javascript:x"},
        {"id": "a-3", "paper": "", "prompt_score": 10, "ft_score": 50, "winner": "prompting", "n_classes": 2.5},
    ]
    with pytest.raises(InputError) as caught:
        parse_comparisons(sheet(rows).encode(), "studies.csv")
    said = [str(problem) for problem in caught.value.problems]
    for place in (
        "row 2, task_kind",
        "row 2, prompt_score",
        "row 3, prompt_score",
        "row 3, n_train",
        "row 3, source_url",
        "row 3, id",
        "row 4, paper",
        "row 4, winner",
        "row 4, n_classes",
    ):
        assert any(place in line and line.startswith("studies.csv") for line in said), (place, said)
    assert len(said) == 9


def test_a_winner_that_the_scores_deny_does_not_stop_the_record(advisor_cli: Cli, tmp_path: Path) -> None:
    """The record reads scores only, so a slip in the column winner, which it never reads, is no reason to refuse."""
    path = tmp_path / "studies.csv"
    path.write_text(sheet([ROWS[0] | {"winner": "fine_tuning"}, ROWS[2] | {"winner": "?"}]), encoding="utf-8")
    done = advisor_cli("backtest", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n"] == 2


def test_columns_that_are_missing_or_unknown_are_named() -> None:
    """A file of another format is refused before its rows are read."""
    with pytest.raises(InputError) as caught:
        parse_comparisons(b"id,paper,task_kind,score\nx-1,X,code,3\n", "other.csv")
    said = " ".join(str(problem) for problem in caught.value.problems)
    assert "column score" in said
    assert "no column prompt_score" in said


def test_rows_whose_id_names_no_study_count_under_their_paper(advisor_cli: Cli, tmp_path: Path) -> None:
    """With ids that are mere numbers the macro figures are those of the paper column, as with the ids of the format."""
    records = []
    for name, rows in (("named", ROWS), ("numbered", [row | {"id": 10 + k} for k, row in enumerate(ROWS)])):
        path = tmp_path / f"{name}.csv"
        path.write_text(sheet(rows), encoding="utf-8")
        done = advisor_cli("backtest", str(path), "--json", "--leave-out", "paper")
        assert done.returncode == 0, done.stderr
        records.append(json.loads(done.stdout))
    named, numbered = records
    assert named["papers"] == numbered["papers"] == 3
    assert sorted(numbered["by_paper"]) == ["One", "Six", "Two"]
    for key in ("paper_macro_hit_rate", "paper_macro_regret", "hit_rate", "brier"):
        assert numbered[key] == pytest.approx(named[key], abs=1e-6)


def test_sizes_and_counts_beyond_the_questionnaire_are_taken_at_its_bounds(advisor_cli: Cli, tmp_path: Path) -> None:
    """A linear model of 50,000 weights, and a trillion examples, are comparisons like any other."""
    path = tmp_path / "extreme.csv"
    extreme = {"ft_params_b": 0.00005, "prompt_model_params_b": 1_000_000, "n_train": 10**12, "n_classes": 10**7}
    path.write_text(sheet([row | extreme for row in ROWS]), encoding="utf-8")
    done = advisor_cli("backtest", str(path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n"] == 5


def test_wrong_uses_of_the_command_are_refused(advisor_cli: Cli, studies: Path, tmp_path: Path) -> None:
    """An unknown thing to leave out, cases with --leave-out, and a file without comparable rows exit with 2."""
    assert advisor_cli("backtest", str(studies), "--leave-out", "rows").returncode == 2
    cases = tmp_path / "cases.yaml"
    cases.write_text("[]")
    assert advisor_cli("backtest", str(cases), "--leave-out", "paper").returncode == 2
    single = tmp_path / "single.csv"
    single.write_text(sheet([ROWS[-1]]))
    done = advisor_cli("backtest", str(single))
    assert done.returncode == 2
    assert "at least two" in done.stderr
