"""How much sooner a grid is done on more Ray workers, with cells that only sleep: what is left is the dispatch."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf.readings import claim, say

SLEEP = 1.0
CELLS = 64
WORKERS = (1, 2, 4, 8)
NEARLY = 0.85  # of the linear speed-up


@dataclass(frozen=True)
class Sleeper:
    """An arm that sleeps while fitting and answers with the first label."""

    name: str
    approach: str | None = None
    technique: str | None = None
    needs_model: bool = False


class Sleeping:
    """The contestant of a sleeper."""

    def __init__(self, card: Any) -> None:
        self._label = card.labels[0]

    def fit(self, train: Sequence[Any], dev: Sequence[Any]) -> Mapping[str, Any]:
        """Sleeps."""
        time.sleep(SLEEP)
        return {}

    def predict(self, texts: Sequence[str], progress: Any = None) -> list[Any]:
        """Says the same of every text."""
        from benchmarks.records import Answer

        return [Answer(self._label) for _ in texts]


def measure() -> bool:
    """Prints wall time and speed-up for 1, 2, 4 and 8 workers."""
    import ray

    rates = {}
    for count in WORKERS:
        ray.init(num_cpus=count, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        wall, steady = _grid(count)
        ray.shutdown()
        rates[count] = steady
        say(f"{count} workers: {CELLS} cells of {SLEEP:g} s in {wall:.1f} s; {steady:.2f} cells/s once all were there")
    shares = {count: rates[count] / rates[1] / count for count in WORKERS}
    say(", ".join(f"{count} workers {share:.0%} of linear" for count, share in shares.items()))
    return claim(f"at least {NEARLY:.0%} of the linear speed-up on 2, 4 and 8 workers", min(shares.values()) >= NEARLY)


def _grid(count: int) -> tuple[float, float]:
    """The seconds from the command to the result, and the cells a second over whole rounds of the second half."""
    from benchmarks.runs import Ring, Silent, Wish, run
    from benchmarks.runs.cluster import Cluster

    ends: list[float] = []

    class Clock(Silent):
        def finish(self, planned: Any, record: Any, note: str) -> None:
            ends.append(time.perf_counter())

    arms = {name: Sleeper(name) for name in ("a", "b", "c", "d")}
    ring = Ring(
        arms, lambda arm, card, seed, model: Sleeping(card), lambda arm: {}, lambda name: None, lambda files: None
    )
    wish = Wish(tuple(arms), (16,), tuple(range(CELLS // len(arms))), 20)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run("pennowick_support", wish, out=Path(folder) / "run", ring=ring, progress=Clock(), cluster=Cluster("auto"))
        wall = time.perf_counter() - began
    # Whole rounds of all workers, so that the cells of a round which end together weigh nothing.
    first = len(ends) // 2
    cells = (len(ends) - 1 - first) // count * count
    return wall, cells / (ends[first + cells] - ends[first])
