"""The bench and models commands: exit statuses, data on standard output, messages on standard error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ring_fakes import ARMS, Failing, fake_ring, write_task

from benchmarks import approaches, cli, tasks
from benchmarks.cli import wishes
from benchmarks.errors import BenchmarkError, JobFailed, MissingExtra
from benchmarks.models import registry
from benchmarks.runs import ring, runner

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    """Runs `bench` with fakes in the ring, in an empty folder; returns status, stdout and stderr."""
    write_task(tmp_path / "desk")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "resolve", lambda name: SimpleNamespace(name=name, content_hash="ab" * 32))
    monkeypatch.setattr(wishes, "FOR_MODELS", ())
    monkeypatch.setattr(approaches, "ARMS", {name: approaches.ARMS[name] for name in ARMS})

    def call(*words, behaviour=None):
        monkeypatch.setattr(ring, "shipped", lambda _encoder=None: fake_ring(tmp_path / "log", behaviour))
        status = cli.main_bench([str(word) for word in words])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_run_prints_the_table_and_leaves_the_result(bench, tmp_path):
    """Status 0, the table on standard output, the power note and one line per cell on standard error."""
    status, out, err = bench("run", "desk", "--train-sizes", "16", "--out", "r")
    assert status == 0
    assert "accuracy on 80 test items" in out
    assert "Paired differences in accuracy" in out
    assert "80 test items: a difference in accuracy below" in err
    assert "hybrid, 16 examples, seed 0: accuracy" in err
    assert json.loads((tmp_path / "r" / "result.json").read_text())["status"] == "complete"
    assert (out + err).isascii()


def test_run_resume_and_compare_agree_as_json(bench):
    """The three commands print the same measurement, and nothing else, on standard output."""
    printed = [
        bench("run", "desk", "--arms", "linear,lora", "--train-sizes", "16", "--out", "r", "--json"),
        bench("resume", "r", "--json"),
        bench("compare", "r", "--json"),
    ]
    assert [status for status, _, _ in printed] == [0, 0, 0]
    results = [json.loads(out) for _, out, _ in printed]
    assert results[0] == results[1] == results[2]
    assert results[0]["schema"] == "advisor/measurement/1"
    _, out, _ = bench("compare", "r", "r", "--json")
    assert json.loads(out) == [results[0], results[0]]


def test_every_wrong_word_is_named_in_one_go(bench):
    """Status 2: unknown arm, too large a size, an odd seed and an odd limit, each on a line of standard error."""
    status, out, err = bench(
        "run", "desk", "--arms", "linear,magic", "--train-sizes", "16,900", "--seeds", "x", "--test-limit", "none"
    )
    assert (status, out) == (2, "")
    lines = err.splitlines()
    assert len(lines) == 4
    for word, line in zip(("'magic'", "at most 80", "'x'", "'none'"), lines, strict=True):
        assert word in line


def test_task_and_option_problems_come_together(bench, tmp_path):
    """A broken task file does not hide a wrong option."""
    (tmp_path / "desk" / "test.jsonl").write_text("{}\n")
    status, _, err = bench("run", "desk", "--arms", "magic")
    assert status == 2
    assert "test.jsonl line 1" in err
    assert "'magic'" in err
    status, _, err = bench("run", "nowhere", "--train-sizes", "0")
    assert (status, len(err.splitlines())) == (2, 2)


def test_a_failing_arm_ends_with_status_4(bench, tmp_path):
    """The table of the others is printed, the failed cell is named, and the directory can be resumed."""
    status, out, err = bench("run", "desk", "--train-sizes", "16", "--out", "r", behaviour={"lora": Failing})
    assert status == 4
    assert "INCOMPLETE: 1 cells are missing" in out
    assert "lora, 16 examples, seed 0: failed with RuntimeError: the loss is not a number" in err
    status, out, _ = bench("resume", "r")
    assert (status, "INCOMPLETE" in out) == (0, False)


def test_compare_and_resume_refuse_what_is_no_run(bench):
    """Status 2, and every wrong directory is named."""
    status, out, err = bench("compare", "desk", "nowhere")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 2
    assert bench("resume", "desk")[0] == 2


@pytest.mark.parametrize("words", [["run"], ["run", "desk", "--colour", "red"], ["dance"]])
def test_wrong_command_lines_have_status_2(bench, words):
    """A missing argument, an unknown option, an unknown command."""
    status, out, err = bench(*words)
    assert (status, out) == (2, "")
    assert err


def test_a_missing_package_has_status_3(bench, monkeypatch):
    """The message is the line that installs the extra, and no cell is run before it."""
    monkeypatch.setattr(wishes, "FOR_MODELS", ("no_such_package_here",))
    status, _, err = bench("run", "desk", "--train-sizes", "16")
    assert status == 3
    assert "advisor[bench]" in err
    assert "to do" not in err


def test_errors_have_their_exit_status():
    """2 for input, 3 for an extra, 4 for a job, 130 for an interrupt."""
    errors = [BenchmarkError("a"), MissingExtra("b"), JobFailed("c"), KeyboardInterrupt()]
    assert [cli.exit_code(error) for error in errors] == [2, 3, 4, 130]


def test_tasks_lists_the_samples(bench, monkeypatch, tmp_path):
    """Names, sizes and licences of the shipped samples, as text and as JSON."""
    write_task(tmp_path / "samples" / "desk")
    monkeypatch.setattr(tasks, "SAMPLES", tmp_path / "samples")
    status, out, _ = bench("tasks")
    assert status == 0
    assert "desk: classification (en), 2 labels, 80 train and 80 test rows, accuracy, CC0-1.0" in out
    [entry] = json.loads(bench("tasks", "--json")[1])
    assert (entry["name"], entry["labels"], entry["n_test"]) == ("desk", ["bug", "praise"], 80)


def test_models_list_tells_what_is_on_disk(monkeypatch, tmp_path, capsys):
    """A model that is not there is listed with the command that fetches it."""
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path))
    cli.models_app(args=["list"], standalone_mode=False)
    assert "models pull smollm2-135m" in capsys.readouterr().out
    cli.models_app(args=["list", "--json"], standalone_mode=False)
    [entry] = [one for one in json.loads(capsys.readouterr().out) if one["name"] == "smollm2-135m"]
    assert (entry["on_disk"], entry["folder"]) == (False, None)


def test_an_interrupt_has_status_130_and_can_be_resumed(tmp_path):
    """SIGINT in the middle of a real process: status 130, a sentence on what to do, finished cells kept."""
    task, out, log = write_task(tmp_path / "desk"), tmp_path / "r", tmp_path / "log"
    program = (
        "import sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from ring_fakes import ARMS, Slow, fake_ring\n"
        "from benchmarks import cli\n"
        "from benchmarks.runs import ring\n"
        f"ring.shipped = lambda _encoder=None: fake_ring(Path({str(log)!r}), dict.fromkeys(ARMS, Slow))\n"
        f"sys.exit(cli.main_bench(['run', {str(task)!r}, '--arms', 'majority,linear', "
        f"'--seeds', '0,1,2,3,4', '--out', {str(out)!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (out / "cells").exists() or len(list((out / "cells").glob("*.json"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the same command goes on where it stopped" in err
    done = len(list((out / "cells").glob("*.json")))
    finished = runner.resume(out, ring=fake_ring(log))
    assert (len(finished.skipped), len(finished.ran)) == (done, 20 - done)


def test_help_loads_no_numerical_library():
    """`bench --help` imports neither numpy nor torch, so the advisor's help stays fast."""
    program = (
        "import sys; from benchmarks import cli\n"
        "cli.main_bench(['run', '--help'])\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'torch', 'transformers', 'tqdm'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "--train-sizes" in done.stdout
