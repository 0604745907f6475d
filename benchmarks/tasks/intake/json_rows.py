"""JSONL (one object a line), or one JSON list of objects, to rows."""

from __future__ import annotations

from typing import Any

from ...errors import BenchmarkError
from ..json_text import parse
from ..problems import kind_of
from .table import MOST_ROWS, refuse_rows, too_many_rows

Rows = tuple[tuple[int, dict[str, Any]], ...]


def read_json_rows(name: str, text: str) -> tuple[tuple[str, ...], Rows, str]:
    """Columns (every key that occurs, in order), rows with line numbers, and the form in words.

    Raises BenchmarkError that lists the lines that are no objects.
    """
    if not text.strip():
        raise BenchmarkError(f"{name}: the file is empty; allowed: one JSON object a line")
    whole = text.lstrip().startswith("[")
    numbered = _entries(name, text) if whole else _lines(name, text)
    faults = [(number, fault) for number, _, fault in numbered if fault]
    refuse_rows(name, faults, "entry" if whole else "line")
    rows = tuple((number, value) for number, value, _ in numbered)
    if not rows:
        raise BenchmarkError(f"{name}: holds no row; allowed: a JSON object for every example")
    columns = tuple(dict.fromkeys(key for _, row in rows for key in row))
    return columns, rows, "a JSON list" if whole else "JSONL"


def _entries(name: str, text: str) -> list[tuple[int, Any, str]]:
    try:
        values = parse(text)
    except ValueError as error:
        raise BenchmarkError(f"{name}: {error}; allowed: one JSON object a line, or one list of objects") from None
    if len(values) > MOST_ROWS:
        raise too_many_rows(name, f"{len(values):,}")
    return [(number, value, _fault(value)) for number, value in enumerate(values, start=1)]


def _lines(name: str, text: str) -> list[tuple[int, Any, str]]:
    found: list[tuple[int, Any, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = parse(line)
        except ValueError as error:
            reason = str(error).replace("line 1, ", "")
            found.append((number, None, f"{reason}: {line[:60]!r}; allowed: one whole JSON object on this line"))
        else:
            found.append((number, value, _fault(value)))
        if len(found) > MOST_ROWS:
            raise too_many_rows(name, f"more than {MOST_ROWS:,}")
    return found


def _fault(value: Any) -> str:
    return "" if isinstance(value, dict) else f"found {kind_of(value)}; allowed: an object, one for every example"
