"""Whole runs on tasks whose answers are written: grid, cells, result, table, resumption, with a tiny random model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cli
from benchmarks.approaches import arms_for, prompted_writing, tuned_writing, tuning, writing
from benchmarks.errors import BenchmarkError
from benchmarks.runs import compare, read_wish, resume, run
from benchmarks.runs.table import table

CARDS = {
    "extraction": {"metric": "slot_micro_f1", "schema": {"slots": ["name", "time"]}},
    "qa": {"metric": {"primary": "token_f1"}},
}
NAMES = ("Ann", "Bob", "Cem", "Dora")


def write_task(folder: Path, kind: str) -> Path:
    """Forty training and ten test rows in which the answer stands."""
    folder.mkdir()
    card = {"kind": kind, "description": "Who, and when?", **CARDS[kind]}
    (folder / "task.json").write_text(json.dumps(card), encoding="utf-8")
    for name, numbers in (("train", range(40)), ("test", range(40, 50))):
        lines = []
        for number in numbers:
            who, when = NAMES[number % 4], f"{number % 12 + 1} pm"
            target: Any = {"name": who, "time": when} if kind == "extraction" else who
            row = {"text": f"{who} comes at {when}, number {number}", "target": target}
            lines.append(json.dumps({**row, "references": [who, who + "!"]} if kind == "qa" else row))
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two training steps, short answers, two rows to judge a choice by."""
    for name in ("FEWEST_STEPS", "MOST_STEPS"):
        monkeypatch.setattr(tuning, name, 2)
    monkeypatch.setattr(writing, "MOST_TOKENS", 24)
    monkeypatch.setattr(prompted_writing, "JUDGED_ROWS", 4)
    monkeypatch.setattr(prompted_writing, "SHOT_COUNTS", (2,))
    monkeypatch.setattr(tuned_writing, "CHECKED_ROWS", 2)


@pytest.mark.parametrize("kind", CARDS)
def test_every_arm_runs_and_is_compared(kind: str, tmp_path: Path, tiny_folder: Path) -> None:
    """All cells finish; each answer is judged on every metric; arms are compared in pairs on the task's own."""
    task = write_task(tmp_path / "task", kind)
    wish = read_wish(arms_for(kind), train_sizes="32", model=str(tiny_folder))
    finished = run(str(task), wish, out=tmp_path / "r")
    assert dict(finished.failed) == {}
    result = finished.result
    metric = "slot_micro_f1" if kind == "extraction" else "token_f1"
    assert result["status"] == "complete"
    assert {entry["arm"] for entry in result["arms"]} == set(arms_for(kind))
    assert set(result["best"]) == {"prompting", "fine_tuning", "hybrid"}
    assert len(result["comparisons"]) == 3 + 3 * (3 if kind == "extraction" else 2)
    for entry in result["arms"]:
        assert entry["metric"]["name"] == metric
        assert 0 <= entry["metric"]["low"] <= entry["metric"]["value"] <= entry["metric"]["high"] <= 1
        assert list(entry["also"]) == (
            ["exact_match"] if kind == "extraction" else ["exact_match_normalised", "rouge_l", "chrf"]
        )
    for entry in result["comparisons"]:
        assert entry["metric"] == metric
        assert entry["low"] <= entry["difference"] <= entry["high"]
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "r" / "cells").glob("*.json")]
    for cell in cells:
        by_model = cell["model"] is not None
        for row in cell["predictions"]:
            assert set(row["judged"]) == set(cell["metrics"])
            assert ("text" in row) == ("written" in row) == by_model
            assert row["label"] is not None or all(right == 0 for right, _ in row["judged"].values())
        sums = [sum(row["judged"][metric][part] for row in cell["predictions"]) for part in (0, 1)]
        assert cell["metrics"][metric]["value"] == pytest.approx(sums[0] / sums[1])
    words = table(result)
    assert ("JSON objects" if kind == "extraction" else "free text") in words
    assert f"Paired differences in {metric}" in words


def test_baselines_find_what_there_is_to_find(tmp_path: Path) -> None:
    """The tagger extracts names and times of texts that it never saw, and is found better than a constant answer."""
    wish = read_wish(arms_for("extraction"), arms="majority,linear", train_sizes="32")
    finished = run(str(write_task(tmp_path / "task", "extraction")), wish, out=tmp_path / "r")
    scores = {entry["arm"]: entry["metric"]["value"] for entry in finished.result["arms"]}
    assert scores["linear"] > 0.9
    assert scores["majority"] < 0.5


def test_a_run_is_resumed_and_compared_to_the_same_bytes(tmp_path: Path, tiny_folder: Path) -> None:
    """A cell that is lost is run again with the same answers; the result is a function of the files."""
    wish = read_wish(arms_for("qa"), arms="nearest,zero_shot", train_sizes="16", model=str(tiny_folder))
    finished = run(str(write_task(tmp_path / "task", "qa")), wish, out=tmp_path / "r")
    cells = {path: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "r" / "cells").glob("*.json")}
    lost = next(path for path, cell in cells.items() if cell["arm"] == "zero_shot")
    lost.unlink()
    again = resume(tmp_path / "r")
    assert again.ran == (lost.stem,)
    assert json.loads(lost.read_text(encoding="utf-8"))["predictions"] == cells[lost]["predictions"]
    result, remarks = compare(tmp_path / "r")
    assert remarks == []
    assert result == json.loads(json.dumps(again.result))
    assert len(finished.ran) == 2


def test_what_the_card_says_belongs_to_the_cell(tmp_path: Path) -> None:
    """Another description asks for something else: its cells are others."""
    task = write_task(tmp_path / "task", "qa")
    wish = read_wish(arms_for("qa"), arms="nearest", train_sizes="16")
    first = run(str(task), wish, out=tmp_path / "r1")
    card = json.loads((task / "task.json").read_text(encoding="utf-8"))
    (task / "task.json").write_text(json.dumps({**card, "description": "When?"}), encoding="utf-8")
    second = run(str(task), wish, out=tmp_path / "r2")
    assert first.ran != second.ran


def test_arms_that_do_not_fit_the_kind_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By name with those that do, before anything is run."""
    task = write_task(tmp_path / "task", "qa")
    with pytest.raises(BenchmarkError, match="'linear' cannot do a task of the kind 'qa'; allowed: majority, nearest"):
        run(str(task), read_wish(("linear",), train_sizes="16"), out=tmp_path / "r")
    assert cli.main_bench(["run", str(task), "--arms", "linear", "--train-sizes", "16"]) == 2
    assert "unknown arm 'linear'; allowed: all, every, majority, nearest" in capsys.readouterr().err


def test_tasks_of_a_folder_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its kind; a folder without tasks and a broken task are problems."""
    for kind in CARDS:
        write_task(tmp_path / kind, kind)
    assert cli.main_bench(["tasks", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "extraction: extraction (en), JSON objects, 40 train and 10 test rows, slot_micro_f1" in out
    assert "qa: qa (en), free text" in out
    assert cli.main_bench(["tasks", str(tmp_path / "nowhere")]) == 2
    (tmp_path / "qa" / "test.jsonl").write_text("{}\n", encoding="utf-8")
    assert cli.main_bench(["tasks", str(tmp_path)]) == 2
    assert "test.jsonl line 1: field 'target': found no such field" in capsys.readouterr().err
