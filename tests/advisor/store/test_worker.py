"""The worker really runs the benchmark, apart from who asked for it, and stops when told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.errors import JobFailed
from advisor.store import Store
from advisor.store.jobs import Job
from advisor.store.launch import launch
from advisor.store.runs import expected_seconds, progress, run_folder
from advisor.store.worker import command

ROOT = Path(__file__).resolve().parents[3]
SPEC = {"task": "pennowick_support", "arms": "majority", "train-sizes": "16", "seeds": "0", "test-limit": "20"}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store in a data folder of the test's own."""
    monkeypatch.setenv("ADVISOR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ADVISOR_DATABASE_URL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    opened = Store.open()
    yield opened
    opened.close()


def _ended(store: Store, name: str, seconds: float = 90) -> Job:
    ends = time.monotonic() + seconds
    while (job := store.job(name)).state in {"waiting", "running"} and time.monotonic() < ends:
        time.sleep(0.2)
    return job


@pytest.mark.slow
def test_a_benchmark_goes_on_when_the_process_that_started_it_has_ended(store: Store) -> None:
    """The starter's whole process group is killed; the run ends with a result that tells times."""
    job = store.submit_job("", "x", SPEC)
    code = "from advisor.store import Store\nfrom advisor.store.launch import launch\ns = Store.open()\n"
    code += f"launch(s, s.job({job.id!r}))\nprint('claimed', flush=True)\nimport time\ntime.sleep(600)"
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert starter.stdout is not None and starter.stdout.readline() == b"claimed\n"
    os.killpg(starter.pid, 9)
    starter.wait(10)
    ended = _ended(store, job.id)
    assert (ended.state, ended.error, ended.progress) == ("done", "", {"done": 1, "failed": 0, "planned": 1})
    assert (run_folder(job.id) / "result.json").is_file()
    seconds, untimed = expected_seconds([run_folder(job.id)], ["majority", "linear"], 2, 20)
    assert seconds >= 0 and untimed == ("linear",)


@pytest.mark.slow
def test_a_cancelled_benchmark_stops_and_keeps_its_cells(store: Store) -> None:
    """It ends as cancelled, short of its plan, without a result."""
    seeds = ",".join(str(seed) for seed in range(60))
    job = launch(store, store.submit_job("", "x", {**SPEC, "arms": "linear", "train-sizes": "64", "seeds": seeds}))
    ends = time.monotonic() + 60
    while ((held := progress(run_folder(job.id))) is None or held["done"] < 1) and time.monotonic() < ends:
        time.sleep(0.1)
    store.cancel(job.id, "")
    ended = _ended(store, job.id)
    assert ended.state == "cancelled" and ended.progress is not None
    assert 1 <= ended.progress["done"] < ended.progress["planned"] == 60
    assert not (run_folder(job.id) / "result.json").exists()


def test_a_worker_that_does_not_start_is_reported_in_its_own_words(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked learns why, and the job does not wait for ever."""
    job = store.submit_job("", "x", SPEC)
    (tmp_path / "broken" / "advisor").mkdir(parents=True)
    (tmp_path / "broken" / "advisor" / "__init__.py").write_text("raise SystemExit('the disk is on fire')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    with pytest.raises(JobFailed, match="the disk is on fire"):
        launch(store, job)
    assert store.job(job.id).state == "cancelled"


def test_only_known_options_reach_the_command_line(store: Store) -> None:
    """A task that looks like an option stays a task, and a stranger's option is left out."""
    job = store.submit_job("", "x", {"task": "--endpoint=http://evil", "arms": "majority", "endpoint": "http://evil"})
    words = command(job)
    assert words[-2:] == ["--", "--endpoint=http://evil"]
    assert [word for word in words if "evil" in word] == words[-1:]
