"""What one cell records, what happens when an arm fails, and what the measurement makes of it."""

from __future__ import annotations

import json
import re

import pytest
from ring_fakes import ARMS, Failing, Rambling, Shy, executions, fake_ring, write_task

from benchmarks.errors import JobFailed, MissingExtra
from benchmarks.records import digest
from benchmarks.runs import compare, measurement, read_wish, run
from benchmarks.runs.progress import left, seconds_left, spoken
from benchmarks.runs.store import RunDirectory
from benchmarks.runs.table import WIDTH, table
from benchmarks.statistics.intervals import wilson


@pytest.fixture
def runs(tmp_path):
    """Runs fakes on the keyword task; arms may be given another behaviour."""
    task = write_task(tmp_path / "desk")

    def go(behaviour=None, name="run", **words):
        wish = read_wish(tuple(ARMS), model="tiny", **words)
        return run(str(task), wish, out=tmp_path / name, ring=fake_ring(tmp_path / f"{name}.log", behaviour))

    return go


def read_cell(finished, arm: str, size: int = 16):
    """The record of an arm's first cell."""
    entry = next(one for one in finished.result["arms"] if (one["arm"], one["train_size"]) == (arm, size))
    return json.loads((finished.path / "cells" / f"{entry['cells'][0]}.json").read_text(encoding="utf-8"))


def test_a_cell_records_what_was_run_what_came_out_and_where(runs):
    """Identity, rows, seeds, metrics with intervals, predictions, timing, memory, versions and checksum."""
    record = read_cell(runs(train_sizes="16,40"), "lora", 40)
    assert record["schema"] == "advisor/cell/1"
    assert record["checksum"] == digest({key: value for key, value in record.items() if key != "checksum"})
    assert (len(record["rows"]["train"]), len(record["rows"]["dev"]), len(record["rows"]["test"])) == (32, 8, 80)
    assert not set(record["rows"]["train"]) & set(record["rows"]["test"])
    hits = sum(row["gold"] == row["label"] for row in record["predictions"])
    score = record["metrics"]["accuracy"]
    assert (score["value"], score["n"], score["method"]) == (hits / 80, 80, "wilson")
    assert (score["low"], score["high"]) == wilson(hits / 80, 80)
    assert record["dev_metrics"]["accuracy"]["n"] == 8
    assert set(record["predictions"][0]) == {"example_id", "gold", "label", "scores", "raw_scores", "tokens"}
    assert len(record["predictions"][0]["scores"]) == 2
    assert record["tokens"]["total"] == sum(row["tokens"] for row in record["predictions"]) > 0
    assert record["timing"]["latency"]["items"] == 16
    assert record["timing"]["predict_seconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["timing"]["finished_at"])
    assert record["resources"]["peak_memory_mb"] > 10
    assert record["environment"]["packages"]["numpy"]
    assert record["environment"]["cpus_usable"] >= 1
    assert record["model"] == {
        "name": "tiny",
        "content_hash": "ab" * 32,
        "origin": "a fake",
        "dtype": "float32",
        "facts": {"fake": True},
    }
    assert read_cell(runs(train_sizes="16,40"), "linear", 40)["model"] is None


def test_all_arms_of_a_size_and_seed_see_the_same_rows(runs):
    """The same training, development and test rows in every cell of one (size, seed); other seeds, other rows."""
    finished = runs(train_sizes="40", seeds="0,1,2")
    rows: dict[int, set[str]] = {}
    for file in (finished.path / "cells").glob("*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        rows.setdefault(record["cell"]["seed"], set()).add(digest(record["rows"]))
    assert [len(found) for found in rows.values()] == [1, 1, 1]
    assert len(set.union(*rows.values())) == 3


@pytest.mark.parametrize(
    ("behaviour", "words"), [(Failing, "RuntimeError: the loss is not a number"), (Rambling, "not a label of 'desk'")]
)
def test_a_failing_arm_does_not_stop_the_others(runs, behaviour, words):
    """Five arms finish, the sixth leaves a failure file, the result is incomplete and the command fails in the end."""
    finished = runs({"zero_shot": behaviour}, train_sizes="16")
    assert len(finished.ran) == 5
    assert finished.result["status"] == "incomplete"
    [missing] = finished.result["missing"]
    assert missing["arm"] == "zero_shot"
    assert words in missing["reason"]
    failure = json.loads((finished.path / "failed" / f"{missing['id']}.1.json").read_text(encoding="utf-8"))
    assert failure["attempt"] == 1
    assert any("Error" in line or "Broken" in line for line in failure["traceback"])
    with pytest.raises(JobFailed, match="zero_shot, 16 examples, seed 0"):
        finished.raise_if_incomplete()
    assert "INCOMPLETE: 1 cells are missing" in table(finished.result)
    again = runs({"zero_shot": behaviour}, train_sizes="16")
    assert (len(again.skipped), again.ran) == (5, ())
    assert (finished.path / "failed" / f"{missing['id']}.2.json").exists()
    mended = runs(train_sizes="16")
    assert (len(mended.ran), mended.result["status"]) == (1, "complete")


def test_after_a_failure_the_model_is_loaded_afresh(runs, tmp_path):
    """What a broken arm left on the model does not reach the next arm."""
    runs({"zero_shot": Failing}, train_sizes="16")
    assert len((tmp_path / "run.loads").read_text().split()) == 2
    runs(train_sizes="16", name="calm")
    assert len((tmp_path / "calm.loads").read_text().split()) == 1


def test_a_missing_extra_stops_the_run_at_once(runs):
    """Without its packages no model arm can work, so nothing is gained by trying the others."""

    class NeedsTorch(Failing):
        def fit(self, train, dev):
            raise MissingExtra.of("torch")

    with pytest.raises(MissingExtra, match="torch"):
        runs({"zero_shot": NeedsTorch}, train_sizes="16")


def test_no_answer_is_counted_and_wrong(runs):
    """An arm that never answers has accuracy 0 with an interval, and an invalid share of 1."""
    finished = runs({"few_shot": Shy}, train_sizes="16")
    entry = next(one for one in finished.result["arms"] if one["arm"] == "few_shot")
    assert (entry["metric"]["value"], entry["invalid_share"]) == (0.0, 1.0)
    assert entry["metric"]["high"] > 0


def test_the_measurement_names_the_best_arm_and_compares_in_pairs(runs):
    """Per approach one representative, chosen on development rows where there are any; nine paired differences."""
    result = runs(train_sizes="16,40").result
    assert set(result["best"]) == {"prompting", "fine_tuning", "hybrid"}
    prompting = [one for one in result["arms"] if one["approach"] == "prompting" and one["train_size"] == 40]
    expected = max(prompting, key=lambda one: one["dev"]["value"])["arm"]
    assert result["best"]["prompting"]["arm"] == expected
    assert result["best"]["prompting"]["chosen_on"] == "dev"
    assert result["best"]["fine_tuning"] == {
        "arm": "lora",
        "train_size": 40,
        "chosen_on": "only_arm",
        "among": ["lora"],
    }
    assert len(result["comparisons"]) == 9
    found = next(one for one in result["comparisons"] if (one["a"], one["b"]) == ("lora", "majority"))
    value = {one["arm"]: one["metric"]["value"] for one in result["arms"] if one["train_size"] == 40}
    assert found["difference"] == pytest.approx(value["lora"] - value["majority"])
    assert found["verdict"] == "a_better"
    assert all(
        (one["low"] <= 0 <= one["high"]) == (one["verdict"] == "no_difference_shown") for one in result["comparisons"]
    )


def test_without_development_rows_the_preference_decides(runs):
    """At 16 examples few_shot stands for prompting, and the result says why."""
    result = runs(train_sizes="16").result
    assert result["best"]["prompting"] == {
        "arm": "few_shot",
        "train_size": 16,
        "chosen_on": "preference",
        "among": ["few_shot", "zero_shot"],
    }


def test_several_seeds_are_one_entry_with_a_mean(runs):
    """Three seeds give one entry per arm and size, the mean of the seeds, and an interval over seeds and items."""
    finished = runs(train_sizes="16", seeds="0,1,2")
    entry = next(one for one in finished.result["arms"] if one["arm"] == "lora")
    cells = [json.loads((finished.path / "cells" / f"{key}.json").read_text()) for key in entry["cells"]]
    assert entry["seeds"] == [0, 1, 2]
    assert entry["n"] == entry["metric"]["n"] == 80
    assert entry["metric"]["value"] == pytest.approx(sum(cell["metrics"]["accuracy"]["value"] for cell in cells) / 3)
    assert entry["metric"]["method"] == "3 seeds x items, cochran-cox t"
    assert finished.result["comparisons"][0]["seeds"] == 3


def test_the_measurement_is_a_pure_function_of_the_files(runs):
    """Comparing again gives the same bytes; the file beside the plan is that result."""
    finished = runs(train_sizes="16")
    before = (finished.path / "result.json").read_bytes()
    result, remarks = compare(finished.path)
    assert (finished.path / "result.json").read_bytes() == before
    assert (result, remarks) == (finished.result, [])
    plan, cells, _ = RunDirectory(finished.path).read_cells()
    assert measurement(plan, dict(reversed(cells.items())), {}) == result


def test_an_incomplete_run_is_measured_as_far_as_it_goes(runs):
    """Without any cell of the larger size the smaller one is compared, and what is missing is listed."""
    finished = runs(train_sizes="16,40")
    for entry in finished.result["arms"]:
        if entry["train_size"] == 40:
            (finished.path / "cells" / f"{entry['cells'][0]}.json").unlink()
    result, _ = compare(finished.path)
    assert (result["status"], len(result["missing"])) == ("incomplete", 6)
    assert {entry["train_size"] for entry in result["best"].values()} == {16}
    assert {one["reason"] for one in result["missing"]} == {"not run"}
    for file in (finished.path / "cells").glob("*.json"):
        file.unlink()
    nothing, _ = compare(finished.path)
    assert (nothing["arms"], nothing["best"], nothing["comparisons"]) == ([], {}, [])
    assert "no cell is finished yet" in table(nothing)


def test_compare_leaves_a_corrupt_cell_out_and_says_so(runs):
    """Comparing reads only; a damaged cell stays where it is and is missing from the result."""
    finished = runs(train_sizes="16")
    path = sorted((finished.path / "cells").glob("*.json"))[0]
    path.write_text("{")
    result, remarks = compare(finished.path)
    assert len(result["missing"]) == 1
    assert path.name in remarks[0]
    assert path.exists()


def test_the_table_fits_a_hundred_columns_and_calls_a_tie_a_tie(runs):
    """Every line is short enough; scores have intervals, differences have words."""
    text = table(runs(train_sizes="16,40", seeds="0,1,2").result)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "lora is better" in text
    assert "no difference shown" in text
    assert re.search(r"lora +40 +0\.\d{3} +0\.\d{3} to [01]\.\d{3} +80 +3", text)


def test_the_default_directory_follows_from_the_plan(runs, tmp_path, monkeypatch):
    """Without --out the run stands under runs/, named by task and plan, so the same command finds it again."""
    monkeypatch.chdir(tmp_path)
    wish = read_wish(tuple(ARMS), arms="majority", train_sizes="16")
    finished = run("desk", wish, ring=fake_ring(tmp_path / "log"))
    assert re.fullmatch(r"runs/desk-[0-9a-f]{12}", str(finished.path))
    assert run("desk", wish, ring=fake_ring(tmp_path / "log")).skipped == finished.ran
    assert len(executions(tmp_path / "log")) == 1


def test_the_remaining_time_is_per_arm_and_names_the_untimed(runs):
    """A cell is expected to take what its arm took at the nearest size; arms never timed are not guessed."""
    finished = runs(train_sizes="16,40")
    plan, cells, _ = RunDirectory(finished.path).read_cells()
    done = [record for record in cells.values() if record["cell"]["train_size"] == 16 and record["arm"] == "lora"]
    done[0]["timing"].update(fit_seconds=16.0, predict_seconds=5.0, latency={"p50": 0.5, "p95": 1.0, "items": 16})

    class Pending:
        def __init__(self, entry):
            self.id = entry["id"]
            self.cell = type("Cell", (), entry)

    pending = [Pending(entry) for entry in plan["plan"]["cells"] if entry["train_size"] == 40]
    lora = [one for one in pending if one.cell.arm == "lora"]
    assert seconds_left(lora, done) == (pytest.approx(16.0 + 5.0 + 8.0), ())
    assert left(lora, done) == "about 29 s left"
    assert left(lora, done, gone=9.0) == "about 20 s left"
    assert left(lora, done, gone=900.0) == "about 0 s left"
    assert left(pending, done).startswith("at least 29 s left (majority, linear, zero_shot, few_shot, hybrid not timed")
    assert left(pending, []) == "time left not known yet"
    assert [spoken(seconds) for seconds in (5, 300, 7500)] == ["5 s", "5 min", "2 h 5 min"]


def test_on_a_terminal_bars_are_ascii_and_end(tmp_path):
    """Both bars are drawn on a terminal's standard error with plain characters; standard output stays empty of them."""
    import os
    import pty
    import subprocess
    import sys
    import termios
    from pathlib import Path

    here = Path(__file__).resolve().parent
    program = (
        f"import sys; from pathlib import Path; sys.path.insert(0, {str(here)!r})\n"
        "from ring_fakes import ARMS, Slow, fake_ring, write_task\n"
        "from benchmarks.runs import read_wish, run\nfrom benchmarks.runs.progress import Bars\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "run(str(write_task(folder / 'desk')), read_wish(tuple(ARMS), train_sizes='16', model='tiny'),\n"
        "    out=folder / 'r', ring=fake_ring(folder / 'log', dict.fromkeys(ARMS, Slow)), progress=Bars())\n"
    )
    main, side = pty.openpty()
    termios.tcsetwinsize(side, (40, 120))
    environment = {**os.environ, "PYTHONPATH": str(here.parents[2]), "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", program], stderr=side, stdout=subprocess.PIPE, env=environment)
    os.close(side)
    drawn = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        drawn += part
    out = process.stdout.read()
    process.stdout.close()
    os.close(main)
    assert (process.wait(), out) == (0, b"")
    text = drawn.decode("ascii")
    assert "hybrid 16 seed 0: predict" in text
    assert "cells 6/6 |####################|" in text
    assert "nothing left" in text
