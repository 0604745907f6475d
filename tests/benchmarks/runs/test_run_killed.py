"""A run killed in the middle goes on where it stopped and ends with the numbers of an undisturbed run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ring_fakes import ARMS, Slow, executions, fake_ring, write_task

from benchmarks.errors import BenchmarkError
from benchmarks.runs import read_wish, resume, run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TIMES = ("seconds_per_item", "latency_seconds", "fit_seconds", "peak_memory_mb")


def comparable(path: Path) -> dict[str, object]:
    """Everything in a run's cells that must be equal between two runs."""
    keys = ("id", "cell", "metrics", "dev_metrics", "predictions", "rows", "seeds", "fit", "settings", "data", "tokens")
    found = {}
    for file in (path / "cells").glob("*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        found[file.stem] = {key: record[key] for key in keys}
    return found


def without_times(result: dict) -> dict:
    """A measurement without what the clock and the machine put into it."""
    arms = [{key: value for key, value in arm.items() if key not in TIMES} for arm in result["arms"]]
    return {**{key: value for key, value in result.items() if key not in ("created_at", "provenance")}, "arms": arms}


def child(task: Path, out: Path, log: Path) -> subprocess.Popen:
    """The slow grid in a process of its own."""
    words = [sys.executable, str(HERE / "ring_child.py"), str(task), str(out), str(log)]
    return subprocess.Popen(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def wait_for_lines(log: Path, lines: int, process: subprocess.Popen) -> None:
    """Waits until the log has so many lines; fails if the process ends before."""
    deadline = time.monotonic() + 60
    while len(executions(log)) < lines:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_kill_nine_twice_then_the_same_command(tmp_path):
    """After two kill -9 no finished cell runs again, and scores and predictions equal an undisturbed run's."""
    task = write_task(tmp_path / "desk")
    calm = fake_ring(tmp_path / "calm.log", dict.fromkeys(ARMS, Slow))
    undisturbed = run(
        str(task), read_wish(tuple(ARMS), train_sizes="16,40", model="tiny"), out=tmp_path / "a", ring=calm
    )
    out, log = tmp_path / "b", tmp_path / "log"
    finished: list[set[str]] = []
    for lines in (3, 7):
        process = child(task, out, log)
        wait_for_lines(log, lines, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished.append({file.stem for file in (out / "cells").glob("*.json")})
    assert child(task, out, log).wait() == 0

    runs: dict[int, list[tuple]] = {}
    for line in executions(log):
        arm, size, seed, pid = json.loads(line)
        runs.setdefault(pid, []).append((arm, size, seed))
    assert len(runs) == 3
    plan = json.loads((out / "plan.json").read_text(encoding="utf-8"))["plan"]
    cell_of = {(entry["arm"], entry["train_size"]): entry["id"] for entry in plan["cells"]}
    per_process = [[cell_of[arm, size] for arm, size, _ in cells] for cells in runs.values()]
    assert 2 <= len(finished[0]) < len(finished[1]) < 12
    assert not finished[0] & set(per_process[1])
    assert not finished[1] & set(per_process[2])
    assert set(per_process[2]) == set(cell_of.values()) - finished[1]
    # Only a cell that was in the middle when its process died may stand in the log twice.
    assert sum(map(len, per_process)) <= 12 + 2
    assert comparable(out) == comparable(undisturbed.path)
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert without_times(result) == without_times(dict(undisturbed.result))
    assert result["status"] == "complete"
    assert not list(out.rglob("*.tmp"))


def test_resume_finishes_a_killed_run(tmp_path):
    """The run directory alone is enough to finish: task, model and grid stand in its plan."""
    task = write_task(tmp_path / "desk")
    out, log = tmp_path / "run", tmp_path / "log"
    process = child(task, out, log)
    wait_for_lines(log, 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {file.stem for file in (out / "cells").glob("*.json")}
    finished = resume(out, ring=fake_ring(log))
    assert set(finished.skipped) == done
    assert len(finished.ran) == 12 - len(done)
    assert finished.result["status"] == "complete"


def test_an_interrupt_leaves_a_run_that_can_be_resumed(tmp_path):
    """Ctrl-C in the middle raises KeyboardInterrupt and keeps the finished cells; the next run does the others."""
    task = write_task(tmp_path / "desk")

    class Interrupted(Slow):
        def fit(self, train, dev):
            raise KeyboardInterrupt

    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny")
    with pytest.raises(KeyboardInterrupt):
        run(str(task), wish, out=tmp_path / "r", ring=fake_ring(tmp_path / "log", {"few_shot": Interrupted}))
    finished = run(str(task), wish, out=tmp_path / "r", ring=fake_ring(tmp_path / "log"))
    assert (len(finished.skipped), len(finished.ran)) == (3, 3)
    assert len(executions(tmp_path / "log")) == 6


def test_resume_refuses_changed_data_and_changed_settings(tmp_path):
    """A plan is finished as it was made, or not at all."""
    task = write_task(tmp_path / "desk")
    out = tmp_path / "run"
    run(str(task), read_wish(tuple(ARMS), train_sizes="16", model="tiny"), out=out, ring=fake_ring(tmp_path / "log"))
    with pytest.raises(BenchmarkError, match="cannot be repeated"):
        resume(out, ring=fake_ring(tmp_path / "log", model_hash="cd" * 32))
    with (task / "test.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"text": "one more crash", "label": "bug"}\n')
    with pytest.raises(BenchmarkError, match=r"desk/test\.jsonl: the file has changed"):
        resume(out, ring=fake_ring(tmp_path / "log"))


def test_a_resumed_run_keeps_the_number_format(tmp_path):
    """The model of the second half is loaded in the format that the first half recorded."""
    task = write_task(tmp_path / "desk")
    log = tmp_path / "log"
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny")
    first = run(str(task), wish, out=tmp_path / "r", ring=fake_ring(log))
    victim = next(arm for arm in first.result["arms"] if arm["arm"] == "lora")["cells"][0]
    (first.path / "cells" / f"{victim}.json").unlink()
    run(str(task), wish, out=tmp_path / "r", ring=fake_ring(log))
    assert log.with_suffix(".loads").read_text().split() == ["None", "float32"]
