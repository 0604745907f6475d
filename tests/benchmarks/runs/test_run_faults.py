"""Faults that really happen to a run: a disk that takes no more, memory that ends, a clock set back, an upgrade."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ring_fakes import ARMS, Keywords, executions, fake_ring, write_task
from test_run_killed import HERE, ROOT, comparable, without_times

from benchmarks.errors import JobFailed
from benchmarks.runs import read_wish, run
from benchmarks.runs.table import table

CELL_BYTES = 12_000  # less than a cell of this task needs, more than its plan


def in_a_child(task: Path, out: Path, log: Path, *, path: Path = ROOT, limit: Callable[[], None] | None = None) -> Any:
    """The grid in a process of its own, with a limit that the system enforces, or with another search path."""
    words = [sys.executable, str(HERE / "ring_child.py"), str(task), str(out), str(log)]
    # Under the limit Python would leave torn bytecode behind, as well.
    there = {"PYTHONPATH": f"{path}:{ROOT}", "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(words, cwd=ROOT, env=there, preexec_fn=limit, capture_output=True, text=True, check=False)


@pytest.fixture
def calm(tmp_path: Path) -> Any:
    """A task, and the same grid run without any fault."""
    task = write_task(tmp_path / "desk")
    wish = read_wish(tuple(ARMS), train_sizes="16,40", model="tiny")
    return task, run(str(task), wish, out=tmp_path / "calm", ring=fake_ring(tmp_path / "calm.log"))


def test_a_disk_that_takes_no_more_ends_the_run_and_nothing_half_written_stays(calm: Any, tmp_path: Path) -> None:
    """The system refuses every cell in the middle of its file; with room again the same command gives the same."""
    task, undisturbed = calm
    out, log = tmp_path / "run", tmp_path / "log"
    assert (undisturbed.path / "plan.json").stat().st_size < CELL_BYTES
    assert min(path.stat().st_size for path in (undisturbed.path / "cells").iterdir()) > CELL_BYTES

    def no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (CELL_BYTES, CELL_BYTES))

    in_a_child(task, out, log, limit=no_more)
    assert not list(out.glob("cells/*.json"))
    reasons = [json.loads(path.read_text(encoding="utf-8"))["message"] for path in out.glob("failed/*.json")]
    assert len(reasons) == 12
    assert all("File too large" in reason for reason in reasons)
    assert in_a_child(task, out, log).returncode == 0
    assert comparable(out) == comparable(undisturbed.path)
    assert not list(out.rglob("*.tmp"))
    assert not list(out.rglob("*.corrupt"))


class Greedy(Keywords):
    """An arm that asks for more memory than there is."""

    def fit(self, train: Any, dev: Any) -> Any:
        """Asks for four exabytes."""
        return {"table": np.ones(2**59).sum()}


def test_an_arm_without_memory_fails_alone(tmp_path: Path) -> None:
    """The allocation that is refused fails its cell by name; the other arms are done."""
    task = write_task(tmp_path / "desk")
    wish = read_wish(tuple(ARMS), train_sizes="16", model="tiny")
    found = run(str(task), wish, out=tmp_path / "run", ring=fake_ring(tmp_path / "log", {"lora": Greedy}))
    assert len(found.ran) == 5
    [missing] = found.result["missing"]
    assert "MemoryError" in missing["reason"]
    with pytest.raises(JobFailed, match="lora, 16 examples"):
        found.raise_if_incomplete()


def test_a_clock_that_is_set_back_changes_no_number(calm: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Hours that run backwards reach neither scores nor which cells are done, and no duration is negative."""
    import time

    task, undisturbed = calm
    hours = iter(range(10**9, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(hours)))
    wish = read_wish(tuple(ARMS), train_sizes="16,40", model="tiny")
    found = run(str(task), wish, out=tmp_path / "run", ring=fake_ring(tmp_path / "log"))
    assert comparable(found.path) == comparable(undisturbed.path)
    for path in (found.path / "cells").iterdir():
        timing = json.loads(path.read_text(encoding="utf-8"))["timing"]
        assert min(timing["fit_seconds"], timing["predict_seconds"], timing["latency"]["p50"]) >= 0


def test_an_upgrade_between_two_halves_of_a_run_is_told_with_both_versions(calm: Any, tmp_path: Path) -> None:
    """Cells that ran with another numpy are counted by version in the result and in its table."""
    task, undisturbed = calm
    out, log = tmp_path / "run", tmp_path / "log"
    assert in_a_child(task, out, log).returncode == 0
    for path in sorted((out / "cells").iterdir())[:5]:
        path.unlink()
    newer = tmp_path / "site" / "numpy-99.0.dist-info"
    newer.mkdir(parents=True)
    (newer / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 99.0\n", encoding="utf-8")
    assert in_a_child(task, out, log, path=newer.parent).returncode == 0
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert f"numpy {np.__version__} (7 cells), 99.0 (5 cells)" in " ".join(table(result).split())
    assert "different versions" not in table(dict(undisturbed.result))
    assert {**without_times(result)} == without_times(dict(undisturbed.result))
    assert len(executions(log)) == 12 + 5
