"""`advisor backtest` on published comparisons: what is counted, what is offered, what is refused."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from advisor.errors import InputError
from advisor.knowledge.model_names import read_model_names
from advisor.knowledge.quality_model import NAMES, PRIORS, read_priors, studies_folder
from advisor.knowledge.studies import COLUMNS, parse_comparisons
from advisor.reasoning.engine import Engine
from advisor.reasoning.quality.fit import trials
from advisor.reasoning.studies_record import BASELINES, StudyRecord, examples_group, lines
from advisor.reasoning.studies_record import judge as judge_studies

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


@pytest.fixture(scope="module")
def counted(shipped: Engine) -> StudyRecord:
    """The record of the shipped advice over the small file."""
    rows = parse_comparisons(sheet(ROWS).encode(), "studies.csv")
    names = read_model_names(studies_folder(shipped.book) / NAMES)
    return judge_studies(shipped, trials(rows, names, shipped.book, shipped.prices, shipped.day))


def test_each_group_of_the_record_holds_its_own_rows(counted: StudyRecord) -> None:
    """Groups part the rows, each has the figures of its rows alone, and what was missed says how sure it was."""
    plain, regret = counted.plain(), dict(zip([row.id for row in counted.data.rows], counted.regret, strict=True))
    groups = {"not stated": ["six-1"], "20 to 99": ["one-1", "one-2"], "2,000 to 9,999": ["two-1", "two-2"]}
    assert {name: found["n"] for name, found in plain["by_examples"].items()} == {k: len(v) for k, v in groups.items()}
    for name, ids in groups.items():
        lost = [float(regret[one]) for one in ids]
        assert plain["by_examples"][name]["median_regret"] == pytest.approx(statistics.median(lost))
        assert plain["by_examples"][name]["mean_regret"] == pytest.approx(statistics.fmean(lost))
    assert {miss["id"] for miss in plain["misses"]} == {one for one, lost in regret.items() if lost > 1}
    assert plain["ties"] == sum(0 < lost <= 1 for lost in regret.values())
    said = dict(zip(regret, counted.said, strict=True))
    assert plain["misses"]
    for miss in plain["misses"]:
        assert miss["confidence"] == pytest.approx(said[miss["id"]], abs=1e-4)


def test_how_often_it_held_is_told_to_four_digits_for_each_tenth(counted: StudyRecord) -> None:
    """Two hits of three forecasts around 0.8 are 0.6667; forecasts without a chance do not count."""
    hits = np.flatnonzero(counted.regret <= 1)
    misses = np.flatnonzero(counted.regret > 1)
    said = np.full(len(counted.said), np.nan)
    said[[*hits[:2], misses[0]]] = 0.81, 0.82, 0.83333
    [tenth] = replace(counted, said=said).plain()["reliability"]
    assert tenth == {"said": round((0.81 + 0.82 + 0.83333) / 3, 4), "held": 0.6667, "n": 3}


def test_a_record_says_whether_each_paper_was_left_out(shipped: Engine, counted: StudyRecord) -> None:
    """With beliefs the model is fitted again without each study; without them the shipped one is asked."""
    again = judge_studies(shipped, counted.data, read_priors(studies_folder(shipped.book) / PRIORS))
    assert (again.plain()["left_out"], counted.plain()["left_out"]) == ("paper", None)


def test_rules_of_thumb_choose_by_what_a_row_states(counted: StudyRecord) -> None:
    """From 500 examples tune, below prompt, with no number tune; the hybrid first where it is offered and preferred."""
    plain = counted.plain()["baselines"]
    lost = [0, 0.5, 0, 30, 6]  # one-1 and one-2 are prompted, two-1, two-2 and six-1 tuned
    assert plain["tune_from_500_examples"]["mean_regret"] == pytest.approx(sum(lost) / 5)
    assert plain["hybrid_if_offered_else_tune_from_500"]["mean_regret"] == pytest.approx(sum(lost[:4]) / 5)


def test_numbers_of_examples_are_grouped_without_gaps() -> None:
    """Every number has one group, whose words hold it."""
    said = {None: "not stated", 0: "0", 1: "1 to 19", 19: "1 to 19", 20: "20 to 99", 499: "100 to 499"}
    said |= {500: "500 to 1,999", 9999: "2,000 to 9,999", 10_000: "10,000 to 99,999", 100_000: "100,000 and more"}
    assert {number: examples_group(number) for number in said} == said


def test_the_record_in_words_holds_the_figures_of_its_json(counted: StudyRecord) -> None:
    """One line for the advisor, each rule of thumb, each group and each miss, in percent and points."""
    plain, text = counted.plain(), lines(counted)
    assert text[0].startswith(f"{plain['n']} comparisons from {plain['papers']} papers (the fitted model as it is)")
    tables = {"advisor": plain, **plain["baselines"]}
    tables |= {name: found for key in ("by_task_kind", "by_examples", "by_paper") for name, found in plain[key].items()}
    for name, figures in tables.items():
        words = rf" *{re.escape(name)} +\d" if name not in BASELINES else rf"{name.replace('_', ' ')} +\d"
        line = next(line for line in text if re.match(words, line))
        assert f"{100 * figures['hit_rate']:.1f}%" in line
        assert line.endswith(f"n = {figures['n']}")
    for miss in plain["misses"]:
        assert any(line.startswith(f"  {miss['id']}: advised {miss['advised']}, best {miss['best']}") for line in text)
    assert f"expected calibration error {plain['ece']:.3f}" in "\n".join(text)
