"""The cells of a CSV file by column: commas, semicolons or tabs, every torn row and doubled heading reported."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem

SIZE_LIMIT = 200_000_000
CELL_LIMIT = 131_072
LINE_LIMIT = 4_000_000
Cells = Sequence[str]


def records(raw: bytes, where: str) -> list[list[str]]:
    """The rows of CSV bytes, the header first. Raises InputError where they are not CSV."""
    if len(raw) > SIZE_LIMIT:
        raise InputError([Problem(where, "", f"more than {SIZE_LIMIT:,} bytes", f"at most {SIZE_LIMIT:,} bytes")])
    with _readable(where):
        text = raw.decode("utf-8-sig")
        reader = _reader(io.StringIO(text, newline=""), text.partition("\n")[0])
        try:
            return list(reader)
        except csv.Error as error:
            raise InputError([Problem(where, f"line {reader.line_num}", str(error), "well-formed CSV")]) from None


def blocks(path: Path, size: int) -> Iterator[list[tuple[int, list[str]]]]:
    """The records of a file with their row, the header (row 1) first in every block, in blocks of at most `size` more.

    Only a block is held in memory. Raises InputError where the file is no CSV, or a line has more than LINE_LIMIT
    characters.
    """
    where = str(path)
    with _readable(where), path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline(LINE_LIMIT)
        file.seek(0)
        reader = _reader(_lines(file, where), header)
        try:
            rows = enumerate(reader, start=1)
            first = next(rows, None)
            if first is None:
                return
            while block := list(islice(rows, size)):
                yield [first, *block]
        except csv.Error as error:
            raise InputError([Problem(where, f"line {reader.line_num}", str(error), "well-formed CSV")]) from None


def _lines(file: io.TextIOBase, where: str) -> Iterator[str]:
    number = 0
    try:
        while line := file.readline(LINE_LIMIT):
            number += 1
            if len(line) == LINE_LIMIT:
                found, allowed = f"over {LINE_LIMIT:,} characters", f"at most {LINE_LIMIT:,} characters a line"
                raise InputError([Problem(where, f"line {number}", found, allowed)])
            yield line
    except UnicodeDecodeError:
        place, remedy = f"after line {number}", "save the sheet as CSV UTF-8"
        raise InputError([Problem(where, place, "text that is not UTF-8", "UTF-8", remedy)]) from None


def _reader(lines: Iterator[str], header: str) -> Any:
    csv.field_size_limit(CELL_LIMIT)  # of the whole process: every reader of ours sets its own before it reads
    return csv.reader(lines, delimiter=max((",", ";", "\t"), key=header.count), strict=True)


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """Turns what a file cannot be read for into a problem."""
    try:
        yield
    except UnicodeDecodeError as error:
        remedy = "save the sheet as CSV UTF-8"
        raise InputError([Problem(where, f"byte {error.start}", "text that is not UTF-8", "UTF-8", remedy)]) from None
    except OSError as error:
        raise InputError([Problem(where, "", error.strerror or "unreadable", "a readable CSV file")]) from None


class Table:
    """The cells by column; rows that are wholly empty are left out."""

    def __init__(
        self,
        records: list[list[str]],
        where: str,
        problems: list[Problem],
        noun: str = "project",
        numbers: Sequence[int] | None = None,
    ) -> None:
        """The records, the header first; `numbers` are their rows in the file, counted from 1 if absent."""
        if not records or not any(cell.strip() for cell in records[0]):
            raise InputError([Problem(where, "row 1", "no header", "a header that names the fields")])
        self.header = [cell.strip() for cell in records[0]]
        width = len(self.header)
        kept: list[list[str]] = []
        rows: list[int] = []
        for row, record in zip(numbers or range(2, len(records) + 1), records[1:], strict=True):
            if not any(record):
                continue
            if len(record) != width:
                found = f"{len(record)} cells"
                problems.append(Problem(where, f"row {row}", found, f"{width} cells", "quote cells that hold a comma"))
            kept.append([*record, *[""] * width][:width] if len(record) != width else record)
            rows.append(row)
        if not kept:
            raise InputError([Problem(where, "", f"a header and no {noun}s", f"one {noun} a row")])
        self.rows = tuple(rows)
        self.columns: dict[str, Cells] = {}
        for index, (name, cells) in enumerate(zip(self.header, zip(*kept, strict=True), strict=True)):
            if name in self.columns:
                problems.append(
                    Problem(where, f"column {name}", "the column twice", "each once", "keep one of the two")
                )
            elif name:
                self.columns[name] = cells
            elif any(cells):
                problems.append(Problem(where, f"column {index + 1}", "cells without a heading", "a field as heading"))
