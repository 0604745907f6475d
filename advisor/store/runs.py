"""What can be read off run folders while a benchmark works: cells done of cells planned, and seconds a cell took."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from advisor.store.place import data_folder


def run_folder(job: str) -> Path:
    """The run folder of a job."""
    return data_folder() / "runs" / job


def progress(folder: Path) -> dict[str, int] | None:
    """Cells done, failed and planned in a run folder; None before there is a plan."""
    plan = _read(folder / "plan.json")
    try:
        planned = len(plan["plan"]["cells"]) if plan else None
    except (KeyError, TypeError):
        planned = None
    if planned is None:
        return None
    done = {path.stem for path in (folder / "cells").glob("*.json")}
    failed = {path.name.split(".")[0] for path in (folder / "failed").glob("*.json")} - done
    return {"done": len(done), "failed": len(failed), "planned": planned}


def expected_seconds(
    folders: Iterable[Path], arms: Sequence[str], cells_per_arm: int, test_rows: int
) -> tuple[float, tuple[str, ...]]:
    """The seconds that a run will take by the cells of earlier runs on this machine, and the arms that none has timed.

    Training counts as it was; predicting is scaled to the number of test rows.
    """
    timed: dict[str, list[float]] = {}
    for folder in folders:
        for path in (folder / "cells").glob("*.json"):
            record = _read(path)
            seconds = _seconds(record, test_rows) if record else None
            if record and seconds is not None:
                timed.setdefault(str(record["arm"]), []).append(seconds)
    total = sum(statistics.fmean(timed[arm]) * cells_per_arm for arm in arms if arm in timed)
    return total, tuple(arm for arm in arms if arm not in timed)


def _seconds(record: Mapping[str, Any], test_rows: int) -> float | None:
    try:
        timing, latency = record["timing"], record["timing"]["latency"]
        items = max(1, len(record["rows"]["test"]))
        one_by_one = latency["p50"] * latency["items"]
        return float(timing["fit_seconds"] + timing["predict_seconds"] * test_rows / items + one_by_one)
    except (KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
