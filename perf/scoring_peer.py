"""Scores labels with lm-evaluation-harness and times it. Runs in its own environment.

Usage: scoring_peer.py JOB.json. The job names the model's folder, the number format, the batch size, the threads and
the pairs of [context, continuation]; one pair is scored before the clock starts. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main(job: dict[str, Any]) -> None:
    """Scores every pair; loading the model is not timed."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from lm_eval.api.instance import Instance  # type: ignore[import-not-found]
    from lm_eval.models.huggingface import HFLM  # type: ignore[import-not-found]

    torch.set_num_threads(job["threads"])
    model = HFLM(pretrained=job["folder"], dtype=job["dtype"], batch_size=job["batch"], device="cpu")

    def score(pairs: list[list[str]]) -> list[float]:
        asked = [Instance("loglikelihood", {}, tuple(pair), index) for index, pair in enumerate(pairs)]
        return [float(value) for value, _greedy in model.loglikelihood(asked, disable_tqdm=True)]

    score(job["pairs"][:1])
    clock = time.process_time if job["processor_time"] else time.perf_counter
    started = clock()
    values = score(job["pairs"])
    seconds = clock() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(json.dumps({"values": values, "seconds": seconds, "peak_bytes": peak}) + "\n")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
