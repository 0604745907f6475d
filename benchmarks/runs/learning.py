"""Learning curves of the arms and the crossover of tuning and prompting, from the cells of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..statistics.crossover import crossover, reach_of
from ..statistics.curve import SCORE, fit, point
from .scored import Record, paired_records, scored_of

Groups = Mapping[tuple[str, int], Sequence[Record]]

GRID = 24


def curves(groups: Groups, plan: Record) -> list[dict[str, Any]]:
    """For every arm with two sizes or more: its points, and the band up to where it is still narrow enough to show."""
    task, found = plan["task"], []
    for arm in plan["arms"]:
        sizes = [size for size in plan["train_sizes"] if (arm, size) in groups]
        if len(sizes) < 2:
            continue
        points = [
            point(scored_of(groups[arm, size], task), task["metric"], size, paired=False) for size in sorted(sizes)
        ]
        curve = fit(points, SCORE)
        grid = np.geomspace(curve.first, reach_of(curve), GRID)
        found.append(
            {
                "arm": arm,
                "points": [asdict(one) for one in points],
                "band": [asdict(one) for one in curve.band(grid.tolist())],
            }
        )
    return found


def crossovers(groups: Groups, plan: Record, best: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Fine-tuning's and the hybrid's crossover with the best prompt, where both were run at two sizes or more."""
    if "prompting" not in best:
        return []
    prompt, found = best["prompting"]["arm"], []
    for approach in ("fine_tuning", "hybrid"):
        if approach not in best:
            continue
        tuned = best[approach]["arm"]
        points = []
        for size in plan["train_sizes"]:
            both = paired_records(groups.get((tuned, size), ()), groups.get((prompt, size), ()))
            if both is not None:
                points.append(point(scored_of(both, plan["task"]), plan["task"]["metric"], size, paired=True))
        if len(points) < 2:
            continue
        result = crossover(points)
        found.append(
            {
                "approach": approach,
                "tuned": tuned,
                "prompt": prompt,
                **asdict(result),
                "sentence": result.sentence,
                "differences": [asdict(one) for one in sorted(points, key=lambda one: one.train_size)],
            }
        )
    return found
