"""Cells in several processes of this machine: the same results as in one, raced or not, whatever breaks meanwhile."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ring_fakes import ARMS, Failing, Keywords, executions, fake_ring, write_task
from test_run_killed import comparable, without_times

from benchmarks.errors import BenchmarkError, JobFailed
from benchmarks.models.encoder import choose_encoder
from benchmarks.runs import RacePlan, read_wish, resume, run
from benchmarks.runs.cluster import Cluster
from benchmarks.runs.crew import read_workers
from benchmarks.runs.ring import shipped

HERE = Path(__file__).resolve().parent
CHILD = """
import sys
from pathlib import Path
import time
from ring_fakes import ARMS, Keywords, fake_ring
from benchmarks.runs import read_wish, run


class Endless(Keywords):
    def fit(self, train, dev):
        time.sleep(120)


if __name__ == "__main__":
    task, out, log = map(Path, sys.argv[1:])
    wish = read_wish(tuple(ARMS), train_sizes="16,40", seeds="0,1", model="tiny")
    run(str(task), wish, out=out, ring=fake_ring(log, {"majority": Endless}), workers=2)
"""


class Deadly(Keywords):
    """An arm that kills its whole process, as the system does where memory ends."""

    def fit(self, train: Any, dev: Any) -> Any:
        """Ends the process without a word."""
        os._exit(3)


class Late(Keywords):
    """An arm that breaks when it is asked for the second time."""

    asked = 0

    def predict(self, texts: Any, progress: Any = None) -> Any:
        """Answers the first batches only."""
        self.asked += 1
        if self.asked > 2:
            raise RuntimeError("out of answers")
        return super().predict(texts, progress)


class Threads(Keywords):
    """An arm that tells how many threads its process was given."""

    def fit(self, train: Any, dev: Any) -> Any:
        """Notes the variable that linear algebra reads."""
        super().fit(train, dev)
        return {"threads": os.environ["OMP_NUM_THREADS"]}


def cells(out: Path) -> dict[str, dict[str, Any]]:
    """The records of a run by arm; one size and one seed."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (out / "cells").glob("*.json")]
    return {one["arm"]: one for one in found}


@pytest.mark.parametrize("race", [None, RacePlan(batch=40)], ids=["whole", "raced"])
def test_two_processes_give_what_one_gives(tmp_path: Path, race: RacePlan | None) -> None:
    """Every cell, and the result, is that of a run in one process; both processes have worked."""
    task = write_task(tmp_path / "desk", test=400)
    wish = read_wish(tuple(ARMS), train_sizes="16,40", seeds="0,1", model="tiny", race=race)
    calm = run(str(task), wish, out=tmp_path / "calm", ring=fake_ring(tmp_path / "calm.log"))
    found = run(str(task), wish, out=tmp_path / "run", ring=fake_ring(tmp_path / "log"), workers=2)
    assert comparable(found.path) == comparable(calm.path)
    assert without_times(dict(found.result)) == without_times(dict(calm.result))
    at_work = {json.loads(line)[3] for line in executions(tmp_path / "log")}
    assert len(at_work) == 2
    assert os.getpid() not in at_work


def test_threads_are_shared_and_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads make two for each of two processes; the variable of this process is what it was."""
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    task = write_task(tmp_path / "desk")
    ring = fake_ring(tmp_path / "log", dict.fromkeys(ARMS, Threads))
    wish = read_wish(("linear", "lora"), train_sizes="16", model="tiny")
    found = run(str(task), wish, out=tmp_path / "run", ring=ring, workers=2)
    assert {cell["fit"]["threads"] for cell in cells(found.path).values()} == {"2"}
    assert os.environ["OMP_NUM_THREADS"] == "4"


@pytest.mark.parametrize("race", [None, RacePlan(batch=20)], ids=["whole", "raced"])
def test_what_breaks_is_noted_and_the_rest_is_done(tmp_path: Path, race: RacePlan | None) -> None:
    """An arm that raises fails alone, when it is fitted or asked; a worker that dies fails the cell that it had."""
    task = write_task(tmp_path / "desk", test=400)
    ring = fake_ring(tmp_path / "log", {"hybrid": Failing, "lora": Late if race else Deadly})
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny", race=race)
    found = run(str(task), wish, out=tmp_path / "run", ring=ring, workers=2)
    failures = sorted(found.failed.values())
    assert len(failures) == 2
    assert "RuntimeError: the loss is not a number" in failures[0]
    assert ("RuntimeError: out of answers" if race else "lost (exit code 3); too little memory") in failures[1]
    assert set(cells(found.path)) == set(ARMS) - {"lora", "hybrid"}


def test_a_run_without_any_worker_left_says_so(tmp_path: Path) -> None:
    """Where every worker dies the run ends with the likely cause instead of waiting."""
    task = write_task(tmp_path / "desk")
    ring = fake_ring(tmp_path / "log", dict.fromkeys(ARMS, Deadly))
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny")
    with pytest.raises(JobFailed, match="every worker was lost; too little memory"):
        run(str(task), wish, out=tmp_path / "run", ring=ring, workers=2)


def test_workers_end_with_a_driver_that_is_killed_and_its_run_goes_on(tmp_path: Path) -> None:
    """After kill -9 no worker is left, what was recorded stays, and the run is finished to the same numbers."""
    task = write_task(tmp_path / "desk")
    wish = read_wish(tuple(ARMS), train_sizes="16,40", seeds="0,1", model="tiny")
    calm = run(str(task), wish, out=tmp_path / "calm", ring=fake_ring(tmp_path / "calm.log"))
    script, out, log = tmp_path / "child.py", tmp_path / "run", tmp_path / "log"
    script.write_text(CHILD, encoding="utf-8")
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parents[2])))}
    driver = subprocess.Popen([sys.executable, str(script), str(task), str(out), str(log)], env=there)
    deadline = time.monotonic() + 60
    # All but the four cells of the lightest arm, which come last and would sleep for two minutes each.
    while len(list((out / "cells").glob("*.json"))) < 4 * (len(ARMS) - 1) and time.monotonic() < deadline:
        assert driver.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    at_work = {json.loads(line)[3] for line in executions(log)}
    assert len(at_work) == 2
    deadline = time.monotonic() + 10
    while any(_alive(process) for process in at_work) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(process) for process in at_work)
    finished = resume(out, ring=fake_ring(log), workers=2)
    assert len(finished.skipped) == 4 * (len(ARMS) - 1)
    assert comparable(out) == comparable(calm.path)


def test_the_shipped_arms_travel_to_a_worker() -> None:
    """What a process is given can be sent there, with an encoder of one's own as well."""
    for ring in (shipped(), shipped(choose_encoder("minilm-l6-v2"))):
        there = pickle.loads(pickle.dumps(ring))
        assert set(there.arms) == set(ring.arms)
        assert there.settings("lora") == ring.settings("lora")


def test_the_option_is_checked_at_the_door() -> None:
    """A number from 1, not together with a cluster."""
    assert read_workers(None) == 1
    assert read_workers("2") == 2
    with pytest.raises(BenchmarkError, match="--workers: found 'two'; allowed: a whole number from 1"):
        read_workers("two")
    with pytest.raises(BenchmarkError, match="--workers: found together with --ray"):
        read_workers("2", Cluster("local"))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
