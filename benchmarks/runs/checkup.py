"""What is wrong with a run's directory, and the repair of what needs no guessing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import BenchmarkError
from .store import PLAN_FILE, RESULT_FILE, RunDirectory, set_aside

_ID = re.compile(r"[0-9a-f]{8,128}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its file, what it is, what to do; `repairable` where the repair needs no guessing."""

    file: str
    found: str
    remedy: str
    repairable: bool = False


def is_run(path: Path) -> bool:
    """Whether a folder is, or was, the directory of a run."""
    return any((path / name).exists() for name in (PLAN_FILE, RESULT_FILE, "cells"))


def examine(path: Path) -> tuple[tuple[Fault, ...], str]:
    """The faults of a run's directory, and in words how far the run is. Changes nothing."""
    faults = [
        Fault(str(file.relative_to(path)), "left half-written by a run that was ended", "remove it", True)
        for file in sorted([*path.glob(".*.tmp"), *path.glob("*/.*.tmp")])
    ]
    again = "run the same `advisor bench run` again with this folder as --out: it plans anew and keeps sound cells"
    try:
        planned = [str(entry["id"]) for entry in RunDirectory(path).read_plan()["plan"]["cells"]]
    except (BenchmarkError, KeyError, TypeError) as error:
        found = str(error.problems[0]) if isinstance(error, BenchmarkError) else "lists no cells"
        return (*faults, Fault(PLAN_FILE, found, again)), "no plan"
    outside = [name for name in planned if not _ID.fullmatch(name)]
    if outside:  # such a name could lead out of the folder, so nothing is read by it
        return (*faults, Fault(PLAN_FILE, f"the cell id {outside[0][:60]!r}", again)), "no sound plan"
    _, cells, broken = RunDirectory(path).read_cells()
    remedy = "set it aside; `advisor bench resume` runs the cell again"
    faults += [Fault(f"cells/{name}.json", fault, remedy, True) for name, fault in broken.items()]
    strangers = {file.stem for file in (path / "cells").glob("*.json")} - set(planned)
    faults += [
        Fault(f"cells/{name}.json", "a cell that the plan does not hold", "move it away; no result reads it")
        for name in sorted(strangers)
    ]
    faults += _result(path / RESULT_FILE)
    return tuple(faults), f"{len(cells)} of {len(planned)} cells are finished and sound"


def repair(path: Path, say: Callable[[str], None]) -> None:
    """Sets broken cells aside and removes half-written files. Raises JobFailed while a runner holds the directory."""
    with RunDirectory(path).locked():  # which removes what is half-written
        for fault in examine(path)[0]:
            if fault.repairable and (path / fault.file).exists():
                say(f"{fault.file}: {fault.found}; set aside as {set_aside(path / fault.file).name}")


def _result(path: Path) -> list[Fault]:
    if not path.exists():
        return []
    try:
        if isinstance(json.loads(path.read_bytes()), dict):
            return []
    except (OSError, ValueError, RecursionError):
        pass
    remedy = "write it anew with `advisor bench compare` on this folder"
    return [Fault(path.name, "cannot be read as a JSON object", remedy)]
