"""The worker: claims jobs, runs `advisor bench run` for each in a process group of its own, and keeps the lease.

It is a process apart from the app, which may be stopped and started while a benchmark goes on. A cancelled benchmark is
interrupted as by Ctrl-C, so its finished cells stay.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.store.jobs import CANCELLED, DONE, FAILED, Job
from advisor.store.place import data_folder
from advisor.store.runs import progress, run_folder
from advisor.store.store import Store

BEAT_SECONDS = 1.0
PATIENCE_SECONDS = 20.0
JOB_HOURS = 24.0
LOG_TAIL = 2000
OPTIONS = (
    "arms", "train-sizes", "seeds", "test-limit", "model", "text-column", "label-column", "kind", "description",
)  # fmt: skip


def command(job: Job) -> list[str]:
    """The command line that runs a job; only known options of the spec get onto it."""
    options = [f"--{name}={job.spec[name]}" for name in OPTIONS if job.spec.get(name) not in {None, ""}]
    out = f"--out={run_folder(job.id)}"
    return [sys.executable, "-m", "advisor.cli", "bench", "run", *options, out, "--", str(job.spec["task"])]


def work(store: Store, *, only: str | None = None, once: bool = False, stop: threading.Event | None = None) -> int:
    """Works on jobs until told to stop; with `once` until none is there; with `only` on that one job.

    Returns how many jobs it claimed.
    """
    name = f"{socket.gethostname()}:{os.getpid()}"
    stop = stop or threading.Event()
    count = 0
    while not stop.is_set():
        job = store.claim(name, only=only)
        if job is not None:
            count += 1
            _run(store, job, name, stop)
        elif once or only is not None:
            break
        else:
            stop.wait(BEAT_SECONDS)
    return count


def log_file(job: str) -> Path:
    """The file with what the benchmark of a job said."""
    folder = data_folder() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{job}.log"


def _run(store: Store, job: Job, name: str, stop: threading.Event) -> None:
    folder = run_folder(job.id)
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = log_file(job.id)
    with path.open("ab") as log:
        running = subprocess.Popen(
            command(job), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
        )
    ends = time.monotonic() + JOB_HOURS * 3600
    try:
        while running.poll() is None:
            word = store.renew(job.id, name, progress(folder))
            late = time.monotonic() > ends
            if word == "cancel" or stop.is_set() or late:
                interrupt(running)
                state, why = (CANCELLED, "") if not late else (FAILED, f"stopped after {JOB_HOURS:.0f} hours")
                store.finish(job.id, name, state, why, progress(folder))
                return
            if word == "lost":
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(BEAT_SECONDS)
    finally:
        if running.poll() is None:
            interrupt(running)
    state, error = (DONE, "") if running.returncode == 0 else (FAILED, _last_words(path))
    store.finish(job.id, name, state, error, progress(folder))


def interrupt(running: subprocess.Popen[bytes]) -> None:
    """Ends a process group: as by Ctrl-C, after a while by SIGTERM, at last by SIGKILL."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, sign)
        try:
            running.wait(PATIENCE_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue


def _last_words(path: Path) -> str:
    """The problems that the benchmark named at its end, or its last lines."""
    text = path.read_bytes()[-LOG_TAIL:].decode(errors="replace").replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line.removeprefix("advisor: ") for line in lines if line.startswith("advisor: ")]
    return "\n".join(told or lines[-3:])


def environment(store: Store) -> Mapping[str, Any]:
    """The environment for a worker on the same database and folder."""
    return {**os.environ, "ADVISOR_DATABASE_URL": store.url, "ADVISOR_DATA_DIR": str(data_folder())}
