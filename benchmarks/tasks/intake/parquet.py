"""Parquet to rows, in a process of its own: a damaged file can end the process that reads it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ...errors import BenchmarkError, MissingExtra
from . import unpacking
from .table import MOST_BYTES, MOST_ROWS

EXTRA = "parquet"
SECONDS = 300

Rows = tuple[tuple[int, dict[str, Any]], ...]


def read_parquet(name: str, path: Path, *, most: int | None = None) -> tuple[tuple[str, ...], Rows]:
    """All columns' names, and the rows with the values of flat columns, numbered from 1.

    With `most` only so many rows are read; without it a file with too many is refused. Raises MissingExtra without
    pyarrow, BenchmarkError for a file that is damaged or unpacks to too much.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra.of("pyarrow", EXTRA)
    if not _is_whole(path):
        raise BenchmarkError(_damaged(name, "it does not begin and end with the four signs PAR1"))
    request = {"name": name, "path": str(path), "most": most, "most_rows": MOST_ROWS, "most_bytes": MOST_BYTES}
    answer = _asked(name, request)
    if "problems" in answer:
        raise BenchmarkError(answer["problems"])
    return tuple(answer["columns"]), tuple(enumerate(answer["rows"], start=1))


def _asked(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """The child's answer; its death, and an answer that does not come, are problems of the file."""
    code = f"from {unpacking.__name__} import main; main()"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
        "PYTHONUTF8": "1",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(request).encode(),
            capture_output=True,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode == 0:
            answer: dict[str, Any] = json.loads(done.stdout)
            return answer
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"status {done.returncode}"]
    except subprocess.TimeoutExpired:
        last = [f"not read in {SECONDS} seconds"]
    raise BenchmarkError(_damaged(name, last[0].strip()[:160]))


def _is_whole(path: Path) -> bool:
    with path.open("rb") as stream:
        begin = stream.read(4)
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 4))
        return size > 8 and begin == stream.read(4) == b"PAR1"


def _damaged(name: str, reason: str) -> str:
    return f"{name}: is no whole Parquet file, it is cut off or damaged ({reason}); copy or write it again"
