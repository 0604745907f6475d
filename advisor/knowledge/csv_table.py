"""The cells of a CSV file by column: commas, semicolons or tabs, every torn row and doubled heading reported."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from advisor.errors import InputError, Problem

SIZE_LIMIT = 200_000_000
CELL_LIMIT = 131_072
Cells = Sequence[str]


def records(raw: bytes, where: str) -> list[list[str]]:
    """The rows of CSV bytes, the header first. Raises InputError where they are not CSV."""
    if len(raw) > SIZE_LIMIT:
        raise InputError([Problem(where, "", f"more than {SIZE_LIMIT:,} bytes", f"at most {SIZE_LIMIT:,} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "save the sheet as CSV UTF-8"
        raise InputError([Problem(where, f"byte {error.start}", "text that is not UTF-8", "UTF-8", remedy)]) from None
    header = text.partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=header.count)
    csv.field_size_limit(CELL_LIMIT)  # of the whole process: every reader of ours sets its own before it reads
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise InputError([Problem(where, f"line {reader.line_num}", str(error), "well-formed CSV")]) from None


class Table:
    """The cells by column; rows that are wholly empty are left out."""

    def __init__(self, records: list[list[str]], where: str, problems: list[Problem], noun: str = "project") -> None:
        if not records or not any(cell.strip() for cell in records[0]):
            raise InputError([Problem(where, "row 1", "no header", "a header that names the fields")])
        self.header = [cell.strip() for cell in records[0]]
        width = len(self.header)
        kept: list[list[str]] = []
        rows: list[int] = []
        for row, record in enumerate(records[1:], start=2):
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
