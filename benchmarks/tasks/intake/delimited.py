"""CSV and its relatives: the delimiter is found, every row must have as many fields as the header."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from ...errors import BenchmarkError
from .table import MOST_ROWS, refuse_rows, too_many_rows

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_LOOKED_AT = 50
_LARGEST_FIELD = 10_000_000
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)

Rows = tuple[tuple[int, dict[str, str]], ...]


def read_delimited(name: str, text: str, tabs: bool, wanted: set[str]) -> tuple[tuple[str, ...], Rows, str]:
    """Columns, rows with line numbers, and the delimiter in words. `wanted` are columns that the user named.

    Raises BenchmarkError for a file without rows, with a torn row, or whose header repeats a name.
    """
    first = _SEP.match(text)
    # Excel writes its delimiter into a line of its own; the empty line in its place keeps the numbering.
    text, told = ("\n" + text[first.end() :], first.group(1)) if first else (text, None)
    if not text.strip():
        raise BenchmarkError(f"{name}: the file is empty; allowed: a header and a row for every example")
    delimiter = told or _delimiter(text, "\t" if tabs else None, wanted)
    records = _records(name, text, delimiter)
    header = next(records)[1]
    columns = tuple(cell.strip() or f"column {index}" for index, cell in enumerate(header, start=1))
    repeated = sorted(column for column, count in Counter(columns).items() if count > 1)
    if repeated:
        raise BenchmarkError(
            f"{name} line 1: the header names {', '.join(map(repr, repeated))} more than once "
            f"(columns: {', '.join(columns)}); give every column a name of its own"
        )
    rows, torn = [], []
    for number, cells in records:
        if len(cells) == len(columns):
            rows.append((number, dict(zip(columns, cells, strict=True))))
        else:
            torn.append((number, _torn(len(cells), len(columns), delimiter)))
        if len(rows) > MOST_ROWS:
            raise too_many_rows(name, f"more than {MOST_ROWS:,}")
    refuse_rows(name, torn)
    if not rows:
        raise BenchmarkError(
            f"{name}: holds a header ({', '.join(columns)[:200]}) and no row; allowed: a row for every example"
        )
    return columns, tuple(rows), DELIMITERS.get(delimiter, repr(delimiter))


def _torn(found: int, wanted: int, delimiter: str) -> str:
    what = DELIMITERS.get(delimiter, repr(delimiter))
    why = f'a text that holds a {what} or a line break must stand in "double quotes"'
    return f"found {found} field{'s' if found != 1 else ''}, the header has {wanted}; {why}"


def _delimiter(text: str, told: str | None, wanted: set[str]) -> str:
    """The delimiter whose header holds the wanted columns and whose first rows have as many fields as it."""
    ranked = []
    for rank, delimiter in enumerate(DELIMITERS):
        try:
            seen = [cells for _, cells in itertools.islice(_records("", text, delimiter), _LOOKED_AT)]
        except BenchmarkError:
            # A torn quote is told of by the reader proper; the header says enough to choose by.
            seen = [re.split(r"[\r\n]", text.lstrip(), maxsplit=1)[0].replace('"', "").split(delimiter)]
        if not seen:
            continue
        header = seen[0]
        fitting = sum(len(cells) == len(header) for cells in seen) / len(seen)
        known = len(wanted & {cell.strip() for cell in header})
        ranked.append(((len(header) > 1, known, delimiter == told, fitting, len(header), -rank), delimiter))
    return max(ranked)[1]


def _records(name: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a text with the line that each begins in; empty lines are no records."""
    csv.field_size_limit(_LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        begin = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            known = ("unexpected end", "field larger", "expected after")
            torn = any(words in str(error) for words in known)
            why = "the double quotes do not match: one is opened in this row and never closed, or stands alone inside"
            raise BenchmarkError(
                f'{name} line {begin}: {why if torn else error}; write a double quote inside a quoted text twice ("")'
            ) from None
        if cells:
            yield begin, cells
