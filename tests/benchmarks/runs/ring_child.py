"""A process that runs a grid of slow fakes, for tests that kill it: ring_child.py TASK RUNDIR LOG [CLUSTER]."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ring_fakes import ARMS, Slow, fake_ring

from benchmarks.runs import read_wish, run
from benchmarks.runs.cluster import Cluster


def main(task: str, out: str, log: str, address: str | None = None) -> None:
    """Runs six slow arms at two sizes, here or on a cluster."""
    ring = fake_ring(Path(log), dict.fromkeys(ARMS, Slow))
    cluster = Cluster(address) if address else None
    if cluster is not None:
        import ray

        ray.init(
            address=address, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": os.environ["PYTHONPATH"]}}
        )
    run(task, read_wish(tuple(ARMS), train_sizes="16,40", model="tiny"), out=out, ring=ring, cluster=cluster)


if __name__ == "__main__":
    main(*sys.argv[1:])
