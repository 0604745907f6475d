"""Which tasks of a folder a suite runs, and with which arms: a kind of task takes the asked arms that it can."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .. import approaches, tasks
from ..errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Entry:
    """One task of a suite, the words of its arms, and a line that says which of the asked arms it cannot take."""

    name: str
    folder: Path
    arms: str
    remark: str


def entries(folder: str, only: str | None, arms: str) -> list[Entry]:
    """The tasks directly under a folder, by name. Raises BenchmarkError with everything that is wrong."""
    found = {path.name: path for path in tasks.discover(folder)}
    wanted = list(found) if only is None else [name.strip() for name in only.split(",") if name.strip()]
    problems = [
        f"--only: no task {name!r} in {folder}; allowed: {', '.join(found)}" for name in wanted if name not in found
    ]
    if not found:
        problems = [f"{folder}: holds no task; allowed: a folder of folders with {tasks.CARD_FILE}"]
    entered = []
    for name in wanted:
        if name in found:
            try:
                entered.append(_entry(name, found[name], arms))
            except BenchmarkError as error:
                problems += error.problems
    if problems:
        raise BenchmarkError(problems)
    return entered


def _entry(name: str, folder: Path, arms: str) -> Entry:
    kind = tasks.load(folder).card.kind
    able = approaches.arms_for(kind)
    asked = [arm.strip() for arm in arms.split(",") if arm.strip()]
    left_out = [arm for arm in asked if arm in approaches.ARMS and arm not in able]
    without = f"; left out, since they cannot do {kind}: {', '.join(left_out)}" if left_out else ""
    return Entry(name, folder, ",".join(arm for arm in asked if arm not in left_out), f"{name} ({kind}){without}")
