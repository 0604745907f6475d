"""The words of the command line about a user's own data, and the task folder that they lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import BenchmarkError
from ..tasks.intake import Wanted, import_task, in_words, is_own_data, write
from ..tasks.kinds import CLASSIFICATION, KINDS

WORDS = ("text_column", "label_column", "test_file", "kind", "description", "split_seed", "drop_leaks")


def task_of(task: str, words: Mapping[str, Any], out: str | None, say: Callable[[str], None]) -> str:
    """The task folder to run: of a data file or a data set of the hub, imported and reported; else `task` as it is.

    The folder lies under `data` in the run's directory, or in `runs` without `out`. Raises BenchmarkError.
    """
    given = [f"--{name.replace('_', '-')}" for name in WORDS if words.get(name)]
    if not is_own_data(task):
        if given:
            raise BenchmarkError(
                f"{', '.join(given)}: allowed with a data file (CSV, TSV, JSONL, Parquet) or hub:NAME; {task!r} is "
                "neither, it is a task folder or a sample, whose task.json says all this"
            )
        return task
    imported = import_task(task, wanted(words))
    say(in_words(imported.report))
    return str(write(imported.task, imported.report, (Path(out) if out else Path("runs")) / "data"))


def wanted(words: Mapping[str, Any]) -> Wanted:
    """What the words of the command line say about the data. Raises BenchmarkError."""
    kind, seed = words.get("kind") or CLASSIFICATION, str(words.get("split_seed") or "0")
    problems = []
    if kind not in KINDS:
        problems.append(f"--kind: the kind {kind!r} is unknown; allowed: {', '.join(KINDS)}")
    if not re.fullmatch(r"[0-9]{1,9}", seed):
        problems.append(f"--split-seed: found {seed!r}; allowed: a whole number from 0")
    if problems:
        raise BenchmarkError(problems)
    return Wanted(
        text_column=words.get("text_column"),
        label_column=words.get("label_column"),
        test_file=words.get("test_file"),
        kind=kind,
        description=words.get("description") or "",
        seed=int(seed),
        drop_leaks=bool(words.get("drop_leaks")),
    )
