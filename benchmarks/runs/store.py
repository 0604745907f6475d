"""One directory per run: a plan, one file per finished cell, one file per failed attempt, one lock.

A cell is done when its file stands under its final name, its checksum matches and its content hashes to its name;
anything else is set aside as `*.corrupt` and done again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from ..errors import BenchmarkError, JobFailed
from ..records import SCHEMA_CELL, Cell, digest
from .plan import SCHEMA_PLAN, Plan, PlannedCell

PLAN_FILE = "plan.json"
RESULT_FILE = "result.json"
LOCK_FILE = "run.lock"


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its checksum: the SHA-256 of its canonical JSON without the checksum."""
    body = {key: value for key, value in record.items() if key != "checksum"}
    return {**body, "checksum": digest(body)}


def write_atomically(path: Path, value: object) -> None:
    """Writes JSON such that the file under its final name is either the old one or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1, allow_nan=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class RunDirectory:
    """The files of one run. Whoever writes holds the lock; readers need none."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the directory against a second runner; the operating system frees the lock of a killed owner.

        Raises JobFailed if another process holds it, BenchmarkError if it cannot be written.
        """
        with self._lock_file() as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.seek(0)
                owner = stream.read().strip() or "unknown"
                problem = f"{self.path}: another runner works in this directory ({owner})"
                raise JobFailed([f"{problem}; wait for it, or use another --out"]) from None
            stream.seek(0)
            stream.truncate()
            stream.write(f"process {os.getpid()} on {socket.gethostname()}")
            stream.flush()
            for leftover in [*self.path.glob(".*.tmp"), *self.path.glob("*/.*.tmp")]:
                leftover.unlink(missing_ok=True)
            yield

    def open_plan(self, plan: Plan, source: Mapping[str, Any], created_at: str, say: Callable[[str], None]) -> None:
        """Writes the plan, or checks that the directory holds this very plan. Raises BenchmarkError if it does not."""
        path = self.path / PLAN_FILE
        if path.exists():
            try:
                found = self.read_plan()
            except BenchmarkError as error:
                say(f"{error.problems[0]}; set aside as {set_aside(path).name}")
            else:
                if found["digest"] != plan.digest:
                    raise BenchmarkError([_different(self.path, found["plan"], plan.description)])
                return
        write_atomically(
            path,
            sealed(
                {
                    "schema": SCHEMA_PLAN,
                    "digest": plan.digest,
                    "plan": plan.description,
                    "source": dict(source),
                    "created_at": created_at,
                }
            ),
        )

    def keep_report(self, path: Path) -> None:
        """Copies the data report of imported data beside the plan; there is none for a task folder of one's own."""
        if path.is_file() and not (self.path / path.name).exists():
            write_atomically(self.path / path.name, json.loads(path.read_bytes()))

    def read_plan(self) -> dict[str, Any]:
        """The plan file. Raises BenchmarkError if it is missing or damaged."""
        path = self.path / PLAN_FILE
        if not path.is_file():
            raise BenchmarkError([f"{self.path}: no {PLAN_FILE} here; allowed: the directory of a benchmark run"])
        found, fault = _read_sealed(path)
        if found is None or found.get("schema") != SCHEMA_PLAN or found.get("digest") != digest(found.get("plan")):
            raise BenchmarkError([f"{path}: {fault or 'not a plan of this version, or changed by hand'}"])
        return found

    def read_cells(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, str]]:
        """The plan file, the sound records by cell id, and what is wrong with the others. Changes nothing."""
        plan = self.read_plan()
        cells: dict[str, dict[str, Any]] = {}
        faults: dict[str, str] = {}
        for entry in plan["plan"]["cells"]:
            path = self._cell_path(entry["id"])
            if not path.exists():
                continue
            record, fault = _verified(path, entry["id"])
            if record is None:
                faults[entry["id"]] = fault
            else:
                cells[entry["id"]] = record
        return plan, cells, faults

    def finished(self, planned: PlannedCell, say: Callable[[str], None]) -> dict[str, Any] | None:
        """The sound record of a cell, or None; a file that is not sound is set aside and said so."""
        path = self._cell_path(planned.id)
        if not path.exists():
            return None
        record, fault = _verified(path, planned.id)
        if record is None:
            say(f"{path}: {fault}; set aside as {set_aside(path).name}, the cell is run again")
        return record

    def write_cell(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Seals and writes a finished cell; returns what was written."""
        whole = sealed(record)
        write_atomically(self._cell_path(whole["id"]), whole)
        return whole

    def write_failure(self, planned: PlannedCell, failure: Mapping[str, Any]) -> Path:
        """Writes what went wrong in one attempt at a cell."""
        folder = self.path / "failed"
        attempt = 1
        while (path := folder / f"{planned.id}.{attempt}.json").exists():
            attempt += 1
        write_atomically(path, {"id": planned.id, "cell": asdict(planned.cell), "attempt": attempt, **failure})
        return path

    def failures(self) -> dict[str, str]:
        """The last failure of every cell that has one, by cell id."""
        last: dict[str, tuple[int, str]] = {}
        for path in (self.path / "failed").glob("*.json"):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                entry = (int(found["attempt"]), f"{found['class']}: {found['message']}")
                last[found["id"]] = max(entry, last.get(found["id"], (0, "")))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return {key: text for key, (_, text) in last.items()}

    def write_result(self, result: Mapping[str, Any]) -> Path:
        """Writes the measurement beside the plan."""
        path = self.path / RESULT_FILE
        write_atomically(path, result)
        return path

    def _lock_file(self) -> TextIO:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            return (self.path / LOCK_FILE).open("a+", encoding="utf-8")
        except OSError as error:
            reason = error.strerror or str(error)
            raise BenchmarkError(
                [f"--out: {self.path} cannot be used ({reason}); allowed: a folder that can be written"]
            ) from None

    def _cell_path(self, cell_id: str) -> Path:
        return self.path / "cells" / f"{cell_id}.json"


def _read_sealed(path: Path) -> tuple[dict[str, Any] | None, str]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return None, f"cannot be read as JSON ({type(error).__name__})"
    if not isinstance(found, dict):
        return None, "is not a JSON object"
    try:
        if sealed(found)["checksum"] == found.get("checksum"):
            return found, ""
    except ValueError:
        pass
    return None, "its checksum does not match its content"


def _verified(path: Path, cell_id: str) -> tuple[dict[str, Any] | None, str]:
    """A cell's record if schema, id, identity and checksum hold; else None and the reason."""
    record, fault = _read_sealed(path)
    if record is None:
        return None, fault
    if record.get("schema") != SCHEMA_CELL:
        return None, f"has the schema {record.get('schema')!r}, wanted {SCHEMA_CELL!r}"
    try:
        model = record["model"]["content_hash"] if record["model"] else None
        identity = Cell(**record["cell"]).identity(record["data"], model, record["settings"])
        complete = len(record["predictions"]) == len(record["rows"]["test"])
    except (KeyError, TypeError, ValueError):
        return None, "lacks fields of a cell"
    if not record.get("id") == identity == cell_id:
        return None, "its content does not hash to its name"
    return (record, "") if complete else (None, "has fewer predictions than test rows")


def set_aside(path: Path) -> Path:
    """Renames a file to `*.corrupt`, or `*.2.corrupt` and so on; returns the new path."""
    target, number = path.with_name(f"{path.name}.corrupt"), 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.{number}.corrupt")
    path.rename(target)
    return target


def _different(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    differing = [key for key in wanted if key != "cells" and found.get(key) != wanted[key]] or ["arm settings"]
    return (
        f"{path}: holds a run with another plan (differs in: {', '.join(differing)}); "
        "use another --out, or 'advisor bench resume' to finish the run that is there"
    )
