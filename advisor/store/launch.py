"""Starts a worker for one job, detached from the process that asked, and waits until it really has the job."""

from __future__ import annotations

import subprocess
import sys
import time

from advisor.errors import JobFailed
from advisor.store.jobs import WAITING, Job
from advisor.store.store import Store
from advisor.store.worker import environment, log_file

CLAIM_SECONDS = 30.0


def launch(store: Store, job: Job, patience: float = CLAIM_SECONDS) -> Job:
    """Starts a worker for the job and returns the job as claimed.

    Raises JobFailed with the worker's own words where it ends, or stays silent, without claiming the job.
    """
    path = log_file(job.id)
    with path.open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "advisor.cli", "worker", "--job", job.id],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment(store),
            start_new_session=True,
        )
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        now = store.job(job.id)
        if now.state != WAITING:
            return now
        if worker.poll() is not None:
            break
        time.sleep(0.1)
    if worker.poll() is None:
        worker.terminate()
    store.cancel(job.id, job.owner)
    words = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise JobFailed([f"the benchmark's worker did not start: {' '.join(words) or 'it said nothing'}"])
