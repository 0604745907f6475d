"""What a task and the wished-for run of it say of themselves, counted from rows and files before anything runs.

The advisor derives its answers from this, so everything here is a plain count with the words of how it was counted.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import BenchmarkError
from ..models.weights import parameters, token_counter
from ..records import Task
from ..statistics import minimum_detectable_difference
from ..tasks import find, load
from ..tasks.intake.report import REPORT_FILE
from .plan import Wish
from .ring import Ring, shipped

SCHEMA = "advisor/description/1"
SAMPLED = 200
CHARACTERS = 4  # to a token, where no tokenizer is at hand
REPEATED = "the same text and answer again"


def describe(folder: str | Path, wish: Wish, ring: Ring | None = None) -> dict[str, Any]:
    """The task in `folder`, the arms and sizes of the wish, and its model, JSON-shaped. Raises BenchmarkError."""
    ring = ring or shipped()
    path = find(folder)
    task = load(path)
    card = task.card
    count: Callable[[Sequence[str]], list[int]] = _characters
    counted_by = f"characters / {CHARACTERS}"
    model = None
    if wish.model and any(ring.arms[arm].needs_model for arm in wish.arms):
        files = ring.resolve(wish.model)
        model = {"name": files.name, "content_hash": files.content_hash}
        if "endpoint" in ring.said:
            model["endpoint"] = ring.said["endpoint"]["url"]
        else:
            model["parameters"] = parameters(files.folder)
            found = token_counter(files.folder)
            if found is not None:
                count, counted_by = found, f"the tokenizer of {files.name}"
    limit = min(wish.test_limit or len(task.test), len(task.test))
    return {
        "schema": SCHEMA,
        "folder": str(path.resolve()),
        "name": card.name,
        "kind": card.kind,
        "language": card.language,
        "domain": card.domain,
        "labels": list(card.labels),
        "metric": card.metric,
        "data": dict(task.fingerprint),
        "n_train": len(task.train),
        "n_test": limit,
        "blocked": list(task.blocked),
        "detectable": minimum_detectable_difference(limit),
        "tokens": {**_tokens(task, count), "counted_by": counted_by, "rows": min(SAMPLED, len(task.train))},
        "repeats": _repeats(path),
        "model": model,
        "arms": {
            arm: {"approach": ring.arms[arm].approach, "technique": ring.arms[arm].technique} for arm in wish.arms
        },
        "train_sizes": list(wish.train_sizes),
        "seeds": list(wish.seeds),
    }


def _tokens(task: Task, count: Callable[[Sequence[str]], list[int]]) -> dict[str, float]:
    """Mean tokens of the first training rows with the instruction before them, and of the answers."""
    rows = task.train[:SAMPLED]
    instruction = count([" ".join([task.card.description, *task.card.labels])])[0]
    return {
        "input": round(instruction + statistics.fmean(count([row.text for row in rows])), 1),
        "output": round(statistics.fmean(count([row.label for row in rows])), 1),
    }


def _characters(texts: Sequence[str]) -> list[int]:
    return [max(1, round(len(text) / CHARACTERS)) for text in texts]


def _repeats(folder: Path) -> dict[str, int] | None:
    """How many texts of imported data came again with the same answer, and with another one; None of a task folder."""
    path = folder / REPORT_FILE
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_bytes())
        same = sum(int(fall["count"]) for fall in raw["dropped"] if fall["reason"] == REPEATED)
        return {"agreeing": same, "conflicting": int(raw["n_conflicts"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise BenchmarkError(f"{path}: is no data report of this version; import the data again") from None
