"""Rows with named columns, as they stood in a file; and how much of them is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import BenchmarkError

MOST_BYTES = 200_000_000
MOST_ROWS = 200_000
MOST_CHARACTERS = 100_000
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows. `rows` are pairs of line number (row number in Parquet, from 1) and values by column.

    `form` says how the file was read, in words; `sha256` is that of its bytes.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, Any]], ...]
    form: str
    sha256: str
    remarks: tuple[str, ...] = ()
    unit: str = "line"


def refuse_rows(name: str, problems: list[tuple[int, str]], unit: str = "line") -> None:
    """Raises BenchmarkError that lists the first problems of a file's rows and counts the rest, if there are any."""
    if not problems:
        return
    lines = [f"{name} {unit} {number}: {text}" for number, text in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        lines.append(f"{name}: {len(problems) - MOST_SHOWN} more problems of this file are not shown")
    raise BenchmarkError(lines)


def too_many_rows(name: str, found: int | str) -> BenchmarkError:
    """The error for a file with more rows than are read."""
    return BenchmarkError(
        f"{name}: far too large: found {found} rows; allowed: at most {MOST_ROWS:,}. A benchmark learns from hundreds "
        "of examples: draw a random sample of some thousand rows (shuf -n 5000 for a file with a row a line)"
    )


def too_many_bytes(name: str, found: int, what: str = "bytes") -> BenchmarkError:
    """The error for a file with more bytes than are read."""
    return BenchmarkError(
        f"{name}: far too large: found {found:,} {what}; allowed: at most {MOST_BYTES:,}. "
        "Keep the two columns with texts and labels, and a random sample of some thousand rows"
    )
