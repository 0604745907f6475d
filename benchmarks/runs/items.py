"""The items that tuning fixes and breaks, compared to the best prompt: what a difference in points is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import tasks
from ..errors import BenchmarkError
from .scored import Record, paired_records, scored_of

SHOWN = 40


def changed_items(
    plan_file: Record, cells: Mapping[str, Record], result: Record, approach: str = "fine_tuning"
) -> dict[str, Any] | None:
    """Items whose score differs by half or more between the tuned arm and the best prompt, on average over seeds.

    Returns `tuned`, `prompt`, `train_size`, and `fixed` and `broken`: rows with `id`, `text` (None where the task is
    no longer to be found), `gold`, and what both arms said most often. None if one of both arms is missing.
    """
    best = result["best"]
    if approach not in best or "prompting" not in best:
        return None
    arms = best[approach]["arm"], best["prompting"]["arm"]
    size = best[approach]["train_size"]
    sides = [
        [cell for cell in cells.values() if (cell["arm"], cell["cell"]["train_size"]) == (arm, size)] for arm in arms
    ]
    both = paired_records(sides[0], sides[1])
    if both is None:
        return None
    shared = _shared(both)
    texts = _texts(plan_file["source"])
    half = len(both) // 2
    fixed: list[dict[str, Any]] = []
    broken: list[dict[str, Any]] = []
    for key in shared:
        rows = [next(row for row in record["predictions"] if row["example_id"] == key) for record in both]
        right = [_right(row, plan_file["plan"]["task"]) for row in rows]
        change = sum(right[:half]) / half - sum(right[half:]) / half
        if abs(change) < 0.5:
            continue
        entry = {
            "id": key,
            "text": texts.get(key),
            "gold": rows[0]["gold"],
            "tuned": _most_often([row["label"] for row in rows[:half]]),
            "prompt": _most_often([row["label"] for row in rows[half:]]),
            "change": change,
        }
        (fixed if change > 0 else broken).append(entry)
    for rows in (fixed, broken):
        rows.sort(key=lambda entry: (-abs(entry["change"]), entry["id"]))
    return {
        "tuned": arms[0],
        "prompt": arms[1],
        "train_size": size,
        "n": scored_of(both, plan_file["plan"]["task"]).n,
        "fixed": fixed,
        "broken": broken,
    }


def _shared(records: Sequence[Record]) -> list[str]:
    keys = [{row["example_id"] for row in record["predictions"]} for record in records]
    return [row["example_id"] for row in records[0]["predictions"] if all(row["example_id"] in one for one in keys)]


def _right(row: Record, task: Record) -> float:
    """The item's own score in 0..1: right or wrong for a label, the ratio of the main metric for a written answer."""
    judged = row.get("judged")
    if not judged:
        return float(row["label"] == row["gold"])
    right, total = judged[task["metric"]]
    return right / total if total else 1.0


def _most_often(labels: Sequence[str | None]) -> str | None:
    return max(dict.fromkeys(labels), key=labels.count)


def _texts(source: Record) -> dict[str, str]:
    """The texts of the test rows by id; empty where the task has moved since."""
    try:
        folder = Path(source["task_folder"])
        task = tasks.load(folder if folder.is_dir() else tasks.find(source["task"]))
    except BenchmarkError:
        return {}
    return {row.id: row.text for row in task.test}
