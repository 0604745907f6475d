"""Between the page of benchmarks and the benchmark: asks its commands, keeps uploads, starts jobs. Draws nothing."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from advisor.errors import InputError, JobFailed, Problem
from advisor.knowledge.domain import Quantity
from advisor.store import Job, Store, data_folder
from advisor.store.launch import launch
from advisor.store.runs import expected_seconds, run_folder

ARMS = (
    "majority", "linear", "nearest", "zero_shot", "few_shot", "retrieved_few_shot", "optimised_prompt", "encoder_head",
    "encoder_contrastive", "lora", "full", "hybrid", "lora_upper", "hybrid_upper",
)  # fmt: skip
WORDS = ("task", "arms", "train-sizes", "seeds", "test-limit", "text-column", "label-column")  # of a run, here
SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
UPLOAD_BYTES = 50 * 2**20
CELLS_LIMIT = 200
TITLE_LENGTH = 60
COMMAND_SECONDS = 120
EXTERNAL_VARIABLE = "ADVISOR_EXTERNAL_WORKER"
FOLDERS_VARIABLE = "ADVISOR_TASK_FOLDERS"  # set by the operator, separated as in PATH


@dataclass(frozen=True, slots=True)
class Look:
    """What is known before a run: test rows, the smallest difference that shows (share), seconds, arms not timed."""

    test_rows: int
    detectable: float
    seconds: float
    untimed: tuple[str, ...]


def bench(arguments: Sequence[str]) -> bytes:
    """Standard output of an `advisor bench` command. Raises JobFailed with the problems that it named."""
    command = [sys.executable, "-m", "advisor.cli", "bench", *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise JobFailed([f"the benchmark did not answer within {COMMAND_SECONDS} seconds"]) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        told = [line.removeprefix("advisor: ") for line in lines if line.startswith("advisor: ")]
        raise JobFailed(told or lines[-3:] or ["the benchmark said nothing"])
    return done.stdout


@cache
def samples() -> tuple[str, ...]:
    """The names of the shipped samples."""
    return tuple(str(task["name"]) for task in json.loads(bench(["tasks", "--json"])))


def allowed_folders() -> dict[str, Path]:
    """The task folders that the operator opened to the app (ADVISOR_TASK_FOLDERS), by name."""
    found: dict[str, Path] = {}
    for named in filter(None, os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)):
        for card in sorted(Path(named).glob("*/task.json")):
            found[card.parent.name] = card.parent.resolve()
    return found


def keep_upload(content: bytes, name: str, owner: str) -> Path:
    """Writes an upload under the data folder, named by its content alone. Raises InputError for a kind or size."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError([Problem("upload", "", f"a {suffix or 'nameless'} file", ", ".join(SUFFIXES))])
    if len(content) > UPLOAD_BYTES:
        raise InputError([Problem("upload", "", f"{len(content):,} bytes", f"up to {UPLOAD_BYTES:,}")])
    path = _uploads(owner) / f"{hashlib.sha256(content).hexdigest()[:32]}{suffix}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    return path


def check(spec: Mapping[str, str], owner: str) -> None:
    """Raises InputError unless the task is a sample, a folder that the operator opened, or an upload of the owner."""
    task, problems = spec["task"], []
    if foreign := sorted(set(spec) - set(WORDS)):  # an address, a key or a file of the server
        problems.append(Problem("run", "options", ", ".join(foreign), ", ".join(WORDS)))
    uploaded = Path(task).is_absolute() and Path(task).resolve().parent == _uploads(owner).resolve()
    if task not in samples() and not uploaded and Path(task) not in allowed_folders().values():
        problems.append(Problem("task", "", repr(task[-60:]), "a sample, a task of this server or your own upload"))
    counts = [
        len([part for part in spec[name].split(",") if part.strip()]) for name in ("arms", "train-sizes", "seeds")
    ]
    cells = counts[0] * counts[1] * counts[2]
    if not 1 <= cells <= CELLS_LIMIT:
        allowed = f"1 to {CELLS_LIMIT} (approaches x training sizes x seeds)"
        problems.append(Problem("run", "cells", str(cells), allowed))
    if unknown := [arm for arm in spec["arms"].split(",") if arm not in ARMS]:
        problems.append(Problem("run", "approaches", ", ".join(unknown), ", ".join(ARMS)))
    if problems:
        raise InputError(problems)


def look(spec: Mapping[str, str], owner: str) -> Look:
    """Asks the benchmark what the run could show, and earlier runs what it will take. Raises AdvisorError."""
    check(spec, owner)
    options = [f"--{name}={value}" for name, value in spec.items() if name != "task" and value]
    out = f"--out={_uploads(owner) / 'imported'}"
    said: dict[str, Any] = json.loads(bench(["describe", *options, out, "--", spec["task"]]))
    detectable = said["detectable"]
    smallest = float(detectable["difference"] if isinstance(detectable, dict) else detectable)
    cells = len(said["train_sizes"]) * len(said["seeds"])
    folders = sorted((data_folder() / "runs").glob("*"), key=lambda path: path.stat().st_mtime)[-20:]
    seconds, untimed = expected_seconds(folders, list(said["arms"]), cells, int(said["n_test"]))
    return Look(int(said["n_test"]), smallest, seconds, untimed)


def start(store: Store, owner: str, spec: Mapping[str, str], name: str) -> Job:
    """Submits the run under the name of its data and starts its worker, which outlives the app. Raises AdvisorError.

    Where the operator runs `advisor worker` beside the app (ADVISOR_EXTERNAL_WORKER=1) the run waits for that one.
    """
    check(spec, owner)
    job = store.submit_job(owner, name[:TITLE_LENGTH], spec)
    return job if os.environ.get(EXTERNAL_VARIABLE) == "1" else launch(store, job)


def measured(job: Job) -> bool:
    """Whether a job has a result to show."""
    return (run_folder(job.id) / "result.json").is_file()


def comparison(jobs: tuple[str, ...]) -> str:
    """The benchmark's own page over the runs: curves with crossovers, costs, items fixed and broken."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "comparison.html"
        bench(["compare", f"--html={page}", *(str(run_folder(name)) for name in jobs)])
        return page.read_text(encoding="utf-8")


def duration(seconds: float) -> Quantity:
    """A span of time that is expected: 40 s, 12 min, 2.5 h."""
    source = "mean seconds of a cell in earlier runs × cells"
    if seconds < 90:
        return Quantity(round(seconds), "s", "estimated", source)
    if seconds < 5400:
        return Quantity(round(seconds / 60), "min", "estimated", source)
    return Quantity(round(seconds / 3600, 1), "h", "estimated", source)


def _uploads(owner: str) -> Path:
    return data_folder() / "uploads" / hashlib.sha256(owner.encode()).hexdigest()[:16]
