"""What stands in a run directory is whole, verified and set aside when it is not."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from ring_fakes import ARMS, executions, fake_ring, write_task

from benchmarks.errors import BenchmarkError, JobFailed
from benchmarks.runs import read_wish, run
from benchmarks.runs.progress import Silent
from benchmarks.runs.store import RunDirectory, sealed, write_atomically


class Listening(Silent):
    """Keeps what the runner says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keeps the line."""
        self.lines.append(line)


@pytest.fixture
def small_run(tmp_path):
    """A finished run of two arms, and a function that repeats its command."""
    task = write_task(tmp_path / "desk")
    log = tmp_path / "log"

    def again(progress=None):
        wish = read_wish(tuple(ARMS), arms="majority,linear", train_sizes="16")
        return run(str(task), wish, out=tmp_path / "run", ring=fake_ring(log), progress=progress)

    return again(), again, log


def corruptions():
    """Ways in which a cell file can be wrong, each with a word of the message."""

    def edit(change):
        def apply(path):
            record = json.loads(path.read_text(encoding="utf-8"))
            change(record)
            path.write_text(json.dumps(record), encoding="utf-8")

        return apply

    def reseal(change):
        def apply(path):
            record = json.loads(path.read_text(encoding="utf-8"))
            change(record)
            path.write_text(json.dumps(sealed(record)), encoding="utf-8")

        return apply

    return [
        ("half", lambda path: path.write_text(path.read_text()[:500]), "cannot be read as JSON"),
        ("empty", lambda path: path.write_text(""), "cannot be read as JSON"),
        ("list", lambda path: path.write_text("[]"), "not a JSON object"),
        ("score", edit(lambda r: r["metrics"]["accuracy"].update(value=0.99)), "checksum"),
        ("no-checksum", edit(lambda r: r.pop("checksum")), "checksum"),
        ("nan", lambda path: path.write_text('{"schema": NaN}'), "checksum"),
        ("schema", reseal(lambda r: r.update(schema="advisor/cell/0")), "schema"),
        ("size", reseal(lambda r: r["cell"].update(train_size=64)), "does not hash to its name"),
        ("data", reseal(lambda r: r["data"].update({"test.jsonl": "00"})), "does not hash to its name"),
        ("fields", reseal(lambda r: r.pop("predictions")), "lacks fields"),
        ("short", reseal(lambda r: r["predictions"].pop()), "fewer predictions"),
    ]


@pytest.mark.parametrize(("kind", "corrupt", "words"), corruptions(), ids=[kind for kind, _, _ in corruptions()])
def test_a_corrupt_cell_is_set_aside_and_run_again(small_run, kind, corrupt, words):
    """Nothing is trusted silently: the file is renamed, said, and its cell alone is run again with equal numbers."""
    first, again, log = small_run
    path = sorted((first.path / "cells").glob("*.json"))[0]
    before = json.loads(path.read_text(encoding="utf-8"))
    corrupt(path)
    listening = Listening()
    second = again(listening)
    assert second.ran == (path.stem,)
    assert len(second.skipped) == 1
    assert any(words in line and "set aside" in line for line in listening.lines)
    assert path.with_name(f"{path.name}.corrupt").exists()
    after = json.loads(path.read_text(encoding="utf-8"))
    assert after["predictions"] == before["predictions"]
    assert after["metrics"] == before["metrics"]
    assert len(executions(log)) == 3


def test_a_second_corrupt_file_does_not_overwrite_the_first(small_run):
    """Both set-aside files are kept."""
    first, again, _ = small_run
    path = sorted((first.path / "cells").glob("*.json"))[0]
    for text in ("one", "two"):
        path.write_text(text)
        again()
    assert path.with_name(f"{path.name}.corrupt").read_text() == "one"
    assert path.with_name(f"{path.name}.2.corrupt").read_text() == "two"


def test_another_plan_in_the_directory_is_refused(small_run, tmp_path):
    """A directory belongs to one plan; the message says in what the new one differs."""
    task = str(tmp_path / "desk")
    with pytest.raises(BenchmarkError, match="differs in: train_sizes"):
        run(task, read_wish(tuple(ARMS), arms="majority,linear"), out=tmp_path / "run", ring=fake_ring(tmp_path / "l"))


def test_a_damaged_plan_is_replaced_by_the_same_command(small_run):
    """The plan file can be written anew from the command, and the cells still stand."""
    first, again, log = small_run
    (first.path / "plan.json").write_text("{")
    second = again()
    assert len(second.skipped) == 2
    assert len(executions(log)) == 2
    assert (first.path / "plan.json.corrupt").exists()


def test_a_directory_that_cannot_be_written_is_wrong_input(tmp_path):
    """A file in the place of the run directory is refused with status 2, not with a traceback."""
    task = write_task(tmp_path / "desk")
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BenchmarkError, match="taken cannot be used") as caught:
        run(str(task), read_wish(tuple(ARMS)), out=tmp_path / "taken", ring=fake_ring(tmp_path / "log"))
    assert caught.value.exit_status == 2


def test_a_full_disk_stops_the_run_as_a_failed_job(tmp_path, monkeypatch):
    """When neither cell nor failure can be written the run ends with what is wrong, and what was written stays."""
    from benchmarks.runs import store

    task = write_task(tmp_path / "desk")
    real = store.write_atomically

    def full(path, value):
        if path.parent.name in ("cells", "failed"):
            raise OSError(28, "No space left on device")
        real(path, value)

    monkeypatch.setattr(store, "write_atomically", full)
    with pytest.raises(JobFailed, match="No space left on device"):
        run(str(task), read_wish(tuple(ARMS), arms="majority"), out=tmp_path / "r", ring=fake_ring(tmp_path / "log"))
    assert (tmp_path / "r" / "plan.json").exists()


def test_a_directory_without_a_plan_is_no_run(tmp_path):
    """Reading a plan that is missing or damaged raises with the path."""
    with pytest.raises(BenchmarkError, match=r"no plan\.json here"):
        RunDirectory(tmp_path).read_plan()
    (tmp_path / "plan.json").write_text('{"schema": "advisor/plan/1"}')
    with pytest.raises(BenchmarkError, match="checksum"):
        RunDirectory(tmp_path).read_plan()


def test_writing_leaves_the_old_file_if_it_fails(tmp_path):
    """A value that is not JSON never reaches the final name."""
    path = tmp_path / "result.json"
    write_atomically(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_atomically(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}


def test_two_runners_on_one_directory_are_refused(small_run):
    """While a living process holds the directory, a second runner fails at once; when it dies the lock is free."""
    first, again, _ = small_run
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from benchmarks.runs.store import RunDirectory\n"
            f"with RunDirectory({str(first.path)!r}).locked():\n    print('held', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(JobFailed, match=f"process {holder.pid}"):
            again()
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    deadline = time.monotonic() + 5
    while True:
        try:
            assert len(again().skipped) == 2
            break
        except JobFailed:
            assert time.monotonic() < deadline, "the lock of a killed process was not freed"
            time.sleep(0.05)
