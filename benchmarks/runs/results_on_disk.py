"""Measurements that were written earlier: result.json of runs, or copies of it under another name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import BenchmarkError
from ..records import SCHEMA_MEASUREMENT
from ..tasks import json_text
from ..tasks.schema import misfit
from .store import RESULT_FILE

SCHEMA_FILE = "measurement.schema.json"


def read(places: Sequence[str]) -> list[dict[str, Any]]:
    """The measurements at the places, sorted by task: files, directories of runs, or folders of either.

    Raises BenchmarkError with everything that is no measurement.
    """
    problems: list[str] = []
    found = [loaded for place in places for path in _files(place, problems) if (loaded := _one(path, problems))]
    if problems:
        raise BenchmarkError(problems)
    return sorted(found, key=lambda result: (result["task"]["name"], result["created_at"]))


def _files(place: str, problems: list[str]) -> Iterator[Path]:
    path = Path(place)
    if path.is_file():
        yield path
    elif (path / RESULT_FILE).is_file():
        yield path / RESULT_FILE
    else:
        inside = [*path.glob(f"*/{RESULT_FILE}"), *path.glob("*.json")] if path.is_dir() else []
        if not inside:
            problems.append(f"{place}: holds no result; allowed: a result.json, a run's directory, a folder of either")
        yield from sorted(inside)


def _one(path: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        loaded = json_text.parse(json_text.decode(path.read_bytes()))
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror})")
        return None
    except ValueError as error:
        problems.append(f"{path}: {error}")
        return None
    if not isinstance(loaded, dict) or loaded.get("schema") != SCHEMA_MEASUREMENT:
        found = loaded.get("schema") if isinstance(loaded, dict) else type(loaded).__name__
        problems.append(f"{path}: schema: found {str(found)[:200]!r}; allowed: {SCHEMA_MEASUREMENT!r}")
        return None
    for fault in misfit(_schema(), [loaded]):
        if fault is not None:
            problems.append(f"{path}: {fault}; make it again with `advisor bench compare DIR`")
            return None
    return loaded


@cache
def _schema() -> dict[str, Any]:
    """The published schema of a measurement."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / SCHEMA_FILE).read_text(encoding="utf-8"))
    return found
