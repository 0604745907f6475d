"""Which column holds the text and which the label: as named by the user, or as only one reading allows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from ...errors import BenchmarkError
from .table import Table

_TEXT = (
    "text",
    "texts",
    "sentence",
    "message",
    "content",
    "review",
    "document",
    "body",
    "utterance",
    "tweet",
    "comment",
)
_LABEL = ("label", "labels", "class", "category", "target", "intent", "sentiment", "tag", "answer", "output", "summary")
_CASES = ((_TEXT, "--text-column", "text"), (_LABEL, "--label-column", "label"))


def choose_columns(table: Table, text: str | None, label: str | None) -> tuple[str, str, tuple[str, ...]]:
    """The names of the text and the label column, and a remark for each that the user did not name.

    Raises BenchmarkError that lists the columns if a name is unknown or more than one reading is possible.
    """
    if len(table.columns) < 2:
        few = f"has one column only, {table.columns[0]!r}" if table.columns else "has no column"
        raise BenchmarkError(
            f"{table.name}: {few}; allowed: a column with texts and one with "
            "labels (in a CSV with comma, semicolon, tab or vertical bar between them)"
        )
    problems: list[str] = []
    remarks: list[str] = []
    chosen: list[str | None] = [None, None]
    for place, named in enumerate((text, label)):
        option, what = _CASES[place][1:]
        if named is None:
            continue
        if named in table.columns:
            chosen[place] = named
        else:
            near = difflib.get_close_matches(named, table.columns, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"{table.name}: {option} {named!r}: no such {what} column; allowed: {_listed(table)}{hint}")
    if problems:
        raise BenchmarkError(problems)
    for place, (names, option, what) in enumerate(_CASES):
        if chosen[place] is not None:
            continue
        other = chosen[1 - place]
        found = [column for column in table.columns if column.casefold() in names and column != other]
        rest = [column for column in table.columns if column != other]
        if not found and len(rest) == 1 and other is not None:
            found = rest
        if len(found) == 1:
            chosen[place] = found[0]
            remarks.append(f"{option} was not given: {found[0]!r} is taken for the {what} column")
        else:
            why = f"{' and '.join(map(repr, found))} may both be it" if found else "no column has a usual name for it"
            problems.append(
                f"{table.name}: which column holds the {what}? {why}; say {option} with one of {_listed(table)}"
            )
    if chosen[0] is not None and chosen[0] == chosen[1]:
        problems.append(f"{table.name}: --text-column and --label-column are both {chosen[0]!r}; allowed: two columns")
    if problems or chosen[0] is None or chosen[1] is None:
        raise BenchmarkError(problems)
    return chosen[0], chosen[1], tuple(remarks)


def require_columns(table: Table, columns: Sequence[str]) -> None:
    """Raises BenchmarkError if a second file lacks a column that the first one has."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise BenchmarkError(
            f"{table.name}: has no column {' and no column '.join(map(repr, missing))}, which the training file has; "
            f"allowed: the same two columns in both files (found: {_listed(table)})"
        )


def _listed(table: Table) -> str:
    """The columns, each with the beginning of its first value."""
    first: Any = table.rows[0][1] if table.rows else {}
    shown = [f"{column!r} ({str(first.get(column))[:24]!r})" for column in table.columns[:20]]
    more = f" and {len(table.columns) - 20} more" if len(table.columns) > 20 else ""
    header = " (the first line is taken for the header)" if table.form.startswith("a table") else ""
    return ", ".join(shown) + more + header
