"""A process that runs a grid of slow fakes, for tests that kill it: python ring_child.py TASK RUNDIR LOG."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ring_fakes import ARMS, Slow, fake_ring

from benchmarks.runs import read_wish, run


def main(task: str, out: str, log: str) -> None:
    """Runs six slow arms at two sizes."""
    ring = fake_ring(Path(log), dict.fromkeys(ARMS, Slow))
    run(task, read_wish(tuple(ARMS), train_sizes="16,40", model="tiny"), out=out, ring=ring)


if __name__ == "__main__":
    main(*sys.argv[1:])
