"""The measurement of a run: a pure function of its plan and its cell records (docs/measurement-format.md)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from ..records import SCHEMA_MEASUREMENT, digest
from ..statistics import (
    MARGIN,
    Difference,
    compared,
    conclude,
    minimum_detectable_difference,
    score_interval,
    seed_prior,
)
from ..statistics.intervals import SeedPrior
from ..statistics.power import DISCORDANT, POWER
from ..statistics.sequential import sequential
from ..tasks import metrics_of
from .fouls import fouls
from .learning import crossovers, curves
from .scored import Alone, paired_records, scored_of

LEVEL = 0.95
# Used only where there are no development rows to choose on.
PREFERENCE = ("few_shot", "zero_shot", "lora", "hybrid")

Record = Mapping[str, Any]


def measurement(
    plan_file: Record, cells: Mapping[str, Record], failures: Mapping[str, str], *, margin: float | None = None
) -> dict[str, Any]:
    """The content of result.json. The same plan, cells, failures and margin give the same bytes.

    `margin` is the difference that does not matter; without it the plan's counts, or two points.
    """
    plan = plan_file["plan"]
    task = plan["task"]
    groups = _groups(plan, cells)
    arms = [_arm_entry(records, plan) for records in groups.values()]
    # What was measured on leaking data is shown, and nothing is concluded from it.
    blocked = [*plan.get("blocked", ()), *fouls(cells.values())]
    best = {} if blocked else _best(plan, arms)
    race = plan.get("race")
    allowed = margin if margin is not None else race["margin"] if race else MARGIN
    missing = [
        {
            "id": entry["id"],
            "arm": entry["arm"],
            "train_size": entry["train_size"],
            "seed": entry["seed"],
            "reason": failures.get(entry["id"], "not run"),
        }
        for entry in plan["cells"]
        if entry["id"] not in cells
    ]
    model = plan["model"]
    return {
        "schema": SCHEMA_MEASUREMENT,
        "task": {**task, "data": dict(plan["data"])},
        "model": {**model, "origin": plan_file["source"]["model_origin"]} if model else None,
        "level": LEVEL,
        "detectable": {
            "difference": minimum_detectable_difference(task["n_test"]),
            "power": POWER,
            "discordant": DISCORDANT,
        },
        "arms": arms,
        "best": best,
        "margin": allowed,
        "race": race,
        "comparisons": _comparisons(plan, groups, best, allowed),
        "by_size": [] if blocked else _by_size(plan, arms, groups, allowed),
        "curves": curves(groups, plan),
        "crossovers": crossovers(groups, plan, best),
        "blocked": blocked,
        "status": "incomplete" if missing else "complete",
        "missing": missing,
        "plan_digest": plan_file["digest"],
        "provenance": _provenance(cells.values()),
        "created_at": max([plan_file["created_at"], *(cell["timing"]["finished_at"] for cell in cells.values())]),
    }


def _provenance(cells: Iterable[Record]) -> list[dict[str, Any]]:
    """In which environments the cells ran, each once with the number of its cells, most cells first."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        ran_in = {name: value for name, value in cell["environment"].items() if name != "thread_pools"}
        entry = found.setdefault(digest(ran_in), {**ran_in, "cells": 0})
        entry["cells"] += 1
    return sorted(found.values(), key=lambda entry: (-entry["cells"], digest(entry)))


def _groups(plan: Record, cells: Mapping[str, Record]) -> dict[tuple[str, int], list[Record]]:
    """The finished records of every (arm, train size), in the order of the plan; seeds in their order."""
    groups: dict[tuple[str, int], list[Record]] = {}
    for arm in plan["arms"]:
        for size in plan["train_sizes"]:
            found = [
                cells[entry["id"]]
                for entry in plan["cells"]
                if (entry["arm"], entry["train_size"]) == (arm, size) and entry["id"] in cells
            ]
            if found:
                groups[arm, size] = found
    return groups


def _arm_entry(records: Sequence[Record], plan: Record) -> dict[str, Any]:
    task, first = plan["task"], records[0]
    scored = scored_of(records, task)
    names = metrics_of(task["metric"], task["kind"], task.get("choices", ()))
    scores = {metric: asdict(score_interval(scored, metric, LEVEL)) for metric in names}
    if plan.get("race") and scored.n < task["n_test"]:
        # How many items were asked depended on the answers: only an interval for any time is one.
        for metric, entry in scores.items():
            stopped = sequential(Alone(scored), metric, task["n_test"])
            low, high = stopped.interval(LEVEL)
            entry.update(low=max(0.0, low), high=min(1.0, high), method=stopped.method)
    dev = [record["dev_metrics"][task["metric"]] for record in records if record["dev_metrics"]]
    timings = [record["timing"] for record in records]
    latency = [timing["latency"] for timing in timings]
    return {
        "arm": first["arm"],
        "approach": first["approach"],
        "technique": first["technique"],
        "train_size": first["cell"]["train_size"],
        "seeds": [record["cell"]["seed"] for record in records],
        "n_seeds": len(records),
        "n": scored.n,
        "metric": {"name": task["metric"], **scores.pop(task["metric"])},
        "also": scores,
        "dev": {"value": _mean(entry["value"] for entry in dev), "n": dev[0]["n"]} if dev else None,
        "invalid_share": _mean(record["invalid_share"] for record in records),
        "seconds_per_item": _mean(timing["seconds_per_item"] for timing in timings),
        "latency_seconds": {name: _mean(entry[name] for entry in latency) for name in ("p50", "p95")},
        "fit_seconds": _mean(timing["fit_seconds"] for timing in timings),
        "peak_memory_mb": max(record["resources"]["peak_memory_mb"] for record in records),
        "tokens_per_item": _mean(record["tokens"]["per_item"] for record in records),
        **_checks(records),
        "cells": [record["id"] for record in records],
    }


def _checks(records: Sequence[Record]) -> dict[str, Any]:
    """Means over the seeds of the scores on shifted texts, and of what tuning forgot; empty without checks."""
    if not all("shift" in record for record in records):
        return {}
    shift = [record["shift"] for record in records]
    found: dict[str, Any] = {"shift": {name: _mean(one[name] for one in shift) for name in shift[0] if name != "n"}}
    found["shift"]["n"] = shift[0]["n"]
    if all("memory" in record for record in records):
        memory = [record["memory"] for record in records]
        found["memory"] = {"n": memory[0]["n"]} | {
            side: {name: _mean(one[side][name] for one in memory) for name in memory[0][side]}
            for side in ("base", "tuned")
        }
    return found


def _best(plan: Record, arms: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Per approach the arm that stands for it, at the largest train size that shows the most approaches."""
    seeds = len(plan["seeds"])
    whole = [entry for entry in arms if entry["approach"] and entry["n_seeds"] == seeds]
    pool = whole or [entry for entry in arms if entry["approach"]]
    if not pool:
        return {}
    shown = {size: {entry["approach"] for entry in pool if entry["train_size"] == size} for size in plan["train_sizes"]}
    return _best_at(max(shown, key=lambda candidate: (len(shown[candidate]), candidate)), pool)


def _best_at(size: int, pool: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """Per approach the arm that stands for it at one train size."""
    best = {}
    for approach in ("prompting", "fine_tuning", "hybrid"):
        rivals = [entry for entry in pool if entry["approach"] == approach and entry["train_size"] == size]
        if rivals:
            best[approach] = representative(rivals)
    return best


def _by_size(
    plan: Record, arms: Sequence[Record], groups: Mapping[tuple[str, int], Sequence[Record]], margin: float
) -> list[dict[str, Any]]:
    """Per train size the arms that stand for the approaches there, and their comparisons among themselves.

    An arm stands for its approach only with all seeds finished.
    """
    pool = [entry for entry in arms if entry["approach"] and entry["n_seeds"] == len(plan["seeds"])]
    found = []
    for size in plan["train_sizes"]:
        best = _best_at(size, pool)
        if best:
            compared_there = _comparisons(plan, groups, best, margin, baselines=False)
            found.append({"train_size": size, "best": best, "comparisons": compared_there})
    return found


def representative(rivals: Sequence[Record]) -> dict[str, Any]:
    """Which of the entries (arm, train_size, dev) of one approach stands for it, and on what it was chosen."""
    ranked = sorted(rivals, key=lambda entry: _preference(entry["arm"]))
    if len(ranked) == 1:
        chosen_on = "only_arm"
    elif all(entry["dev"] for entry in ranked):
        chosen_on = "dev"
        ranked.sort(key=lambda entry: -entry["dev"]["value"])
    else:
        chosen_on = "preference"
    return {
        "arm": ranked[0]["arm"],
        "train_size": ranked[0]["train_size"],
        "chosen_on": chosen_on,
        "among": [entry["arm"] for entry in ranked],
    }


def _preference(arm: str) -> tuple[int, str]:
    return (PREFERENCE.index(arm) if arm in PREFERENCE else len(PREFERENCE), arm)


def pairs_of(best: Mapping[str, Record], baselines: Sequence[str]) -> list[tuple[str, str]]:
    """The comparisons of one train size: the approaches' representatives in pairs, and each against each baseline.

    The later approach is tried against the earlier one: tuning must beat prompting, and everything the baselines.
    """
    chosen = [entry["arm"] for entry in best.values()]
    return [(b, a) for a, b in combinations(chosen, 2)] + [(a, b) for a in chosen for b in baselines]


def baselines_of(plan: Record) -> list[str]:
    """The arms of the plan that belong to no approach."""
    return [arm for arm, kind in plan["arms"].items() if kind["approach"] is None]


def prior_of(plan: Record, groups: Mapping[tuple[str, int], Sequence[Record]]) -> SeedPrior | None:
    """What all arms that belong to an approach say of the variance between seeds; the groups are of one train size."""
    arms: dict[str, list[Any]] = {}
    for (arm, _), records in groups.items():
        if plan["arms"][arm]["approach"] is not None:
            observed = scored_of(records, plan["task"]).observed(plan["task"]["metric"])
            arms.setdefault(arm, []).append(observed)
    return seed_prior(list(arms.values()))


def _comparisons(
    plan: Record,
    groups: Mapping[tuple[str, int], Sequence[Record]],
    best: Mapping[str, Record],
    margin: float,
    *,
    baselines: bool = True,
) -> list[dict[str, Any]]:
    """Paired differences between the approaches' representatives, and of each against every baseline."""
    if not best:
        return []
    size = next(iter(best.values()))["train_size"]
    others = [arm for arm in baselines_of(plan) if baselines and (arm, size) in groups]
    prior = prior_of(plan, {key: records for key, records in groups.items() if key[1] == size})
    found: list[tuple[str, str, Difference]] = []
    for a, b in pairs_of(best, others):
        both = paired_records(groups[a, size], groups[b, size])
        if both is not None:
            cap = plan["task"]["n_test"] if plan.get("race") else None
            metric = plan["task"]["metric"]
            scored = scored_of(both, plan["task"])
            found.append((a, b, compared(scored, metric, LEVEL, margin=margin, cap=cap, prior=prior)))
    words = conclude([difference for _, _, difference in found], LEVEL)
    return [
        {
            "a": a,
            "b": b,
            "train_size": size,
            **asdict(difference),
            "variance": list(difference.variance),
            "conclusion": asdict(word),
        }
        for (a, b, difference), word in zip(found, words, strict=True)
    ]


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)
