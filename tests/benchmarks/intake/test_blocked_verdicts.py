"""What would make a verdict worthless is caught: leaks, labels hinted in the examples, test rows as examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from own_rows import as_csv, rows, write_file

from benchmarks import tasks
from benchmarks.cli import main_bench
from benchmarks.records import Answer, Example
from benchmarks.runs import Ring, read_wish, resume, run
from benchmarks.runs.table import table
from benchmarks.tasks.intake import Imported, Wanted, import_task, in_words, write
from benchmarks.tasks.intake.hints import hints

TRAIN, TEST = rows(60), rows(40, start=100)


class Guess:
    """Says the first label, and names the rows that it would show as solved examples."""

    def __init__(self, card: Any, shots: Sequence[str]) -> None:
        self.card, self.shots = card, shots

    def fit(self, train: Sequence[Example], dev: Sequence[Example]) -> Mapping[str, Any]:
        """Shows the rows that it was told to, else its first training rows."""
        return {"shots": list(self.shots or [row.id for row in train[:4]])}

    def predict(self, texts: Sequence[str], progress: Any = None) -> list[Answer]:
        """The first label for every text."""
        return [Answer(self.card.labels[0]) for _ in texts]


def ring(shots: Sequence[str] = ()) -> Ring:
    """One prompting and one tuning arm; the prompting arm shows `shots`."""
    approaches = {"few_shot": "prompting", "lora": "fine_tuning"}
    arms = {
        name: SimpleNamespace(name=name, approach=approach, technique=name, needs_model=False)
        for name, approach in approaches.items()
    }
    make = lambda arm, card, seed, model: Guess(card, shots if arm == "few_shot" else ())  # noqa: E731
    return Ring(arms, make, lambda arm: {}, lambda name: None, lambda files, dtype=None: None)


def imported(folder: Path, train: Sequence[tuple[str, str]], test: Sequence[tuple[str, str]], **words: Any) -> Imported:
    """The import of a training and a test file."""
    test_file = write_file(folder / "test.csv", as_csv(test))
    return import_task(str(write_file(folder / "train.csv", as_csv(train))), Wanted(test_file=str(test_file), **words))


def measured(folder: Path, found: Imported, shots: Sequence[str] = ()) -> Any:
    """What a run on imported data leaves."""
    task = write(found.task, found.report, folder / "data")
    wish = read_wish(("few_shot", "lora"), train_sizes="40")
    return run(str(task), wish, out=folder / "run", ring=ring(shots))


PLANTED = {"word for word": (TEST[3][0], "exact"), "case and blanks": (f"  {TEST[3][0].upper()} ", "exact")}
PLANTED["other punctuation"] = (TEST[3][0].replace(",", " -") + "!!", "near")


@pytest.mark.parametrize("how", PLANTED)
def test_a_planted_leak_is_caught_and_names_both_rows(how, tmp_path):
    """A test row put among the training rows is found, however it is dressed, with file and line on both sides."""
    text, kind = PLANTED[how]
    report = imported(tmp_path, [*TRAIN, (text, TEST[3][1])], TEST).report
    assert report.n_leaks == 1 and report.leaks[0].kind == kind
    assert (report.leaks[0].train, report.leaks[0].test) == ("train.csv line 62", "test.csv line 5")
    assert "test test.csv line 5 = train train.csv line 62" in report.blocked[0]
    assert "BLOCKED" in in_words(report)


def test_one_changed_word_in_thirty_is_still_a_leak_and_one_in_ten_is_not(tmp_path):
    """Near means nine tenths of the word triples."""
    long = " ".join(f"word{number}" for number in range(60))
    near, far = f"{long} changed", f"other {' '.join(long.split()[:20])} end"
    report = imported(tmp_path, [*TRAIN, (long, "praise")], [*TEST, (near, "praise"), (far, "praise")]).report
    assert [(leak.kind, leak.test) for leak in report.leaks] == [("near", "test.csv line 42")]


def test_a_leak_blocks_the_verdict_of_the_run_with_its_rows(tmp_path):
    """The run is made, its scores are shown, and no winner or comparison is drawn from it, resumed or not."""
    finished = measured(tmp_path, imported(tmp_path, [*TRAIN, TEST[3]], TEST))
    result = finished.result
    assert len(result["blocked"]) == 1 and "test.csv line 5" in result["blocked"][0]
    assert (result["best"], result["comparisons"], result["crossovers"]) == ({}, [], [])
    assert [entry["arm"] for entry in result["arms"]] == ["few_shot", "lora"]
    assert "BLOCKED" in table(result) and "line 5" in table(result)
    assert json.loads((finished.path / "data-report.json").read_text())["n_leaks"] == 1
    assert resume(finished.path, ring=ring()).result["blocked"] == result["blocked"]


def test_sound_data_are_not_blocked(tmp_path):
    """Without a leak the same run has a winner per approach and a comparison."""
    result = measured(tmp_path, imported(tmp_path, TRAIN, TEST)).result
    assert result["blocked"] == [] and set(result["best"]) == {"prompting", "fine_tuning"} and result["comparisons"]


def test_drop_leaks_removes_the_training_rows_and_says_so(tmp_path):
    """The leaking rows leave train, the test rows stay, the verdict is free, and the report tells of it."""
    found = imported(tmp_path, [*TRAIN, TEST[3], TEST[8]], TEST, drop_leaks=True)
    assert len(found.task.train) == 60 and len(found.task.test) == 40
    assert found.report.removed_from_train == 2 and found.report.blocked == ()
    assert "LEAK: 2 test rows were removed from train" in in_words(found.report)
    assert measured(tmp_path, found).result["blocked"] == []


def test_the_command_reports_before_it_runs_and_blocks(tmp_path, capsys, monkeypatch):
    """`bench run FILE --test-file FILE` prints the report, then a table without a verdict; --drop-leaks frees it."""
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path / "test.csv", as_csv(TEST))
    write_file(tmp_path / "train.csv", as_csv([*TRAIN, TEST[3]]))
    words = ["run", "train.csv", "--test-file", "test.csv", "--arms", "majority", "--train-sizes", "16"]
    assert main_bench(words) == 0
    printed = capsys.readouterr()
    assert "LEAK: 1 test rows stand in train as well" in printed.err
    assert "BLOCKED: no verdict rests on these scores" in printed.out
    run_directory = next(path.parent for path in (tmp_path / "runs").glob("*/result.json"))
    assert main_bench(["compare", str(run_directory), "--html", "page.html"]) == 0
    assert "Blocked, no verdict rests on these scores: 1 test row" in (tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    assert "BLOCKED" in capsys.readouterr().out
    assert main_bench([*words, "--drop-leaks"]) == 0
    assert "BLOCKED" not in capsys.readouterr().out


def test_an_experiment_file_may_name_a_data_file(tmp_path, capsys, monkeypatch):
    """Column names, test file and the rest stand in the YAML, and paths are seen from it."""
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path / "lab" / "train.csv", as_csv(TRAIN, ("message", "verdict")))
    write_file(tmp_path / "lab" / "test.csv", as_csv(TEST, ("message", "verdict")))
    yaml = "task: train.csv\ntest_file: test.csv\nlabel_column: verdict\narms: [majority]\ntrain_sizes: [16]\nout: r\n"
    write_file(tmp_path / "lab" / "desk.yaml", yaml)
    assert main_bench(["run", "lab/desk.yaml"]) == 0
    assert "40 test items" in capsys.readouterr().out and (tmp_path / "lab" / "r" / "data-report.json").is_file()


MARKS = (
    "{text} [{label}]",
    "{text} (label: {label})",
    "Label: {label}. {text}",
    "{text} #{label}",
    "{text} -> answer = {label}",
)


@pytest.mark.parametrize("mark", MARKS)
def test_labels_hinted_in_the_examples_are_caught(mark, tmp_path):
    """A training file whose texts carry their label, from which solved examples are drawn, blocks the verdict."""
    hinted = [(mark.format(text=text, label=label), label) for text, label in TRAIN]
    result = measured(tmp_path, imported(tmp_path, hinted, TEST)).result
    assert any("hinted" in reason for reason in result["blocked"]) and result["comparisons"] == []


def test_hints_are_caught_in_a_task_folder_as_well(tmp_path):
    """A folder made by hand is held to the same rule when it is loaded."""
    found = imported(tmp_path, [(f"{text} [{label}]", label) for text, label in TRAIN], TEST)
    folder = write(found.task, found.report, tmp_path / "data")
    (folder / "data-report.json").unlink()
    assert any("hinted" in reason for reason in tasks.load(folder).blocked)


def test_a_hint_on_one_side_without_any_mark_is_caught():
    """Training texts that name their own label in passing, as test texts do not, are told by the difference."""
    told = [(text.replace("The", f"In {label} of the", 1), label) for text, label in TRAIN]
    assert ["100% of the train texts" in reason for reason in hints(told, TEST)] == [True]


def test_words_that_are_labels_by_nature_are_no_hint():
    """Texts that speak of their subject, on both sides alike, and marks with any label whatever, are no finding."""
    natural = [(f"{text}: much {label} was heard", label) for text, label in (*TRAIN, *TEST)]
    assert hints(natural[:60], natural[60:]) == ()
    either = [
        (f"{text} [{('praise', 'complaint')[index // 2 % 2]}]", label) for index, (text, label) in enumerate(TRAIN)
    ]
    assert hints(either, TEST) == ()


@pytest.mark.parametrize("foreign", [False, True])
def test_an_arm_that_shows_test_rows_as_solved_examples_is_caught(foreign, tmp_path):
    """Solved examples that are test rows, or rows nobody was given, block the verdict and name the arm."""
    found = imported(tmp_path, TRAIN, TEST)
    shots = ["0" * 16] if foreign else [row.id for row in found.task.test[:2]]
    result = measured(tmp_path, found, shots).result
    wanted = "none of the rows that every arm was given" if foreign else "2 of its solved examples are test rows"
    assert len(result["blocked"]) == 1 and wanted in result["blocked"][0]
    assert result["blocked"][0].startswith("few_shot, 40 examples, seed 0") and result["best"] == {}
