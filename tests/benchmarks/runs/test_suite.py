"""One command runs every task of a folder and prints one table."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ring_fakes import ARMS, Failing, fake_ring, write_task

from benchmarks import approaches, cli
from benchmarks.cli import wishes
from benchmarks.errors import BenchmarkError
from benchmarks.models import registry
from benchmarks.runs import results_on_disk, ring
from benchmarks.runs.overview import as_markdown, foresights, foresights_as_markdown, overview


@pytest.fixture
def suite(tmp_path, monkeypatch, capsys):
    """Runs `bench suite` over two tasks with fakes in the ring; returns status, stdout and stderr."""
    for name in ("desk", "shop"):
        write_task(tmp_path / "tasks" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "resolve", lambda name: SimpleNamespace(name=name, content_hash="ab" * 32))
    monkeypatch.setattr(wishes, "FOR_MODELS", ())
    monkeypatch.setattr(approaches, "ARMS", {name: approaches.ARMS[name] for name in ARMS})

    def call(*words, behaviour=None):
        monkeypatch.setattr(ring, "shipped", lambda _encoder=None: fake_ring(tmp_path / "log", behaviour))
        status = cli.main_bench(["suite", *(str(word) for word in words)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_every_task_has_a_row_with_its_runs_numbers(suite, tmp_path, capsys):
    """The table repeats each run's result.json: the same scores, intervals, difference and crossovers."""
    status, out, _ = suite("tasks", "--train-sizes", "16,64", "--out", "s", "--json")
    rows = json.loads(out)
    assert status == 0
    assert [row["task"] for row in rows] == ["desk", "shop"]
    for row in rows:
        result = json.loads((tmp_path / "s" / row["task"] / "result.json").read_text())
        entry = next(one for one in result["arms"] if (one["arm"], one["train_size"]) == ("linear", row["train_size"]))
        assert row["linear"]["value"] == entry["metric"]["value"]
        assert row["prompting"]["arm"] == result["best"]["prompting"]["arm"]
        assert row["crossovers"] == {one["approach"]: one["sentence"] for one in result["crossovers"]}
        assert row["missing"] == []
        assert result["provenance"][0]["cells"] == sum(len(one["cells"]) for one in result["arms"])
    assert as_markdown(rows).count("\n| desk |") == 1
    assert cli.main_bench(["overview", "s", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == rows


def test_a_cell_that_failed_is_named_and_the_other_tasks_go_on(suite):
    """A broken arm costs its cells alone: status 4, both tasks in the table, every missing cell with its reason."""
    status, out, err = suite("tasks", "--train-sizes", "16", "--out", "s", behaviour={"hybrid": Failing})
    assert status == 4
    assert "| desk |" in out and "| shop |" in out
    assert "the loss is not a number" in out
    assert "shop: RuntimeError: the loss is not a number" in err


def test_wrong_words_are_refused_before_anything_runs(suite, tmp_path):
    """An unknown task, a folder without tasks and an unknown arm end with status 2 and leave no run."""
    assert suite("tasks", "--only", "desk,dsek", "--out", "s")[0] == 2
    assert suite("nowhere", "--out", "s")[0] == 2
    status, _, err = suite("tasks", "--arms", "linear,lorra", "--out", "s")
    assert status == 2 and "lorra" in err
    assert not (tmp_path / "s").exists()


def test_an_empty_measurement_still_has_a_row():
    """A task none of whose cells is finished shows dashes and its reasons, not an error."""
    result = {
        "task": {"name": "t", "kind": "classification", "metric": "accuracy", "n_test": 9},
        "arms": [],
        "best": {},
        "comparisons": [],
        "missing": [{"reason": "not run"}],
    }
    assert "| t | accuracy | None | – | – |" in as_markdown(overview([result]))


def difference(size, value, error=0.01):
    """A paired difference at a train size."""
    return {"train_size": size, "value": value, "error": error}


def test_crossovers_are_foretold_from_the_small_sizes_alone():
    """A lead from the start is foretold and held; one that comes though the small sizes never promised it is not."""
    points = {
        "early": [difference(16, 0.1), difference(64, 0.15), difference(512, 0.2)],
        "broken": [difference(16, -0.3), difference(32, -0.3), difference(64, -0.3), difference(512, 0.3)],
        "short": [difference(64, 0.1), difference(512, 0.2)],
    }
    results = [
        {"task": {"name": name}, "crossovers": [{"approach": "fine_tuning", "differences": rows}]}
        for name, rows in points.items()
    ]
    found = {row["task"]: row for row in foresights(results, 64)}
    assert set(found) == {"early", "broken"}
    assert found["early"]["held"] and found["early"]["number"] == 16
    assert not found["broken"]["held"]
    assert "held: 1 of 2, 0 open" in foresights_as_markdown(list(found.values()), 64)


def test_results_are_read_from_files_runs_and_folders_and_everything_else_is_named(tmp_path):
    """The same measurement is found by its file, its run and the folder of runs; what is none is told with its path."""
    task = {"name": "t", "kind": "classification", "metric": "accuracy", "labels": ["a", "b"], "n_test": 4}
    result = {"schema": "advisor/measurement/1", "task": task, "created_at": "2026-11-23T00:00:00Z", "level": 0.95}
    result |= {"arms": [], "best": {}, "comparisons": [], "status": "incomplete", "missing": []}
    (tmp_path / "runs" / "t").mkdir(parents=True)
    file = tmp_path / "runs" / "t" / "result.json"
    file.write_text(json.dumps(result), encoding="utf-8")
    for place in (file, file.parent, tmp_path / "runs"):
        assert results_on_disk.read([str(place)]) == [result]
    (tmp_path / "torn.json").write_text('{"schema": ', encoding="utf-8")
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "lacks.json").write_text(json.dumps(result | {"best": {"hybrid": {}}}), encoding="utf-8")
    names = ("torn.json", "other.json", "deep.json", "lacks.json", "nowhere")
    with pytest.raises(BenchmarkError) as raised:
        results_on_disk.read([str(tmp_path / name) for name in names])
    assert [str(problem).split(":")[0].rsplit("/", 1)[-1] for problem in raised.value.problems] == list(names)
    assert "'arm' is a required property (at $.best.hybrid)" in str(raised.value.problems[3])
