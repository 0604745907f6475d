"""Raw rows to usable ones: what is empty, repeated or contradictory falls away, and each fall is counted."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...errors import BenchmarkError
from ...records import example_id
from ..kinds import CLASSIFICATION, EXTRACTION
from ..problems import kind_of, storable
from .report import Conflict, Dropped
from .table import MOST_CHARACTERS, Table, refuse_rows

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A usable row: its file (`part` 0 for the first, 1 for the test file) and line, its text, and its answer.

    The answer is a label, a text, or an object as JSON.
    """

    part: int
    file: str
    line: int
    id: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The usable rows of one file, and what fell away."""

    rows: tuple[Row, ...]
    dropped: tuple[Dropped, ...]
    conflicts: tuple[Conflict, ...]
    n_conflicts: int


def clean(table: Table, text_column: str, label_column: str, kind: str, part: int = 0) -> Cleaned:
    """The usable rows of a table. Raises BenchmarkError where a cell holds what is no text, or nearly all rows fall."""
    fallen: dict[str, list[int]] = defaultdict(list)
    wrong: list[tuple[int, str]] = []
    rows: list[Row] = []
    for line, values in table.rows:
        text, answer = values.get(text_column), _answer(values.get(label_column), kind)
        if text is None or (isinstance(text, str) and not text.strip()):
            fallen["empty text"].append(line)
        elif not isinstance(text, str) or not storable(text):
            found = "half a surrogate pair" if isinstance(text, str) else kind_of(text)
            wrong.append((line, f"column {text_column!r}: found {found}; allowed: a text"))
        elif answer is None:
            found = kind_of(values.get(label_column))
            wanted = {CLASSIFICATION: "a text or a whole number", EXTRACTION: "a JSON object"}.get(kind, "a text")
            wrong.append((line, f"column {label_column!r}: found {found}; allowed: {wanted}"))
        elif not answer:
            fallen["empty label" if kind == CLASSIFICATION else "empty answer"].append(line)
        elif len(text) > MOST_CHARACTERS or len(answer) > MOST_CHARACTERS:
            fallen[f"text longer than {MOST_CHARACTERS:,} characters"].append(line)
        else:
            rows.append(Row(part, table.name, line, example_id(text), text, answer))
    refuse_rows(table.name, wrong, table.unit)
    _refuse_mostly_empty(table, fallen, text_column, label_column)
    kept, conflicts = _without_repeats(rows, fallen)
    dropped = tuple(Dropped(table.name, why, len(lines), tuple(lines[:SHOWN])) for why, lines in fallen.items())
    return Cleaned(tuple(kept), dropped, tuple(conflicts[:SHOWN]), len(conflicts))


def _answer(value: Any, kind: str) -> str | None:
    """An answer as text, "" for none, None for one of the wrong type."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if kind == EXTRACTION:
        return _object(value)
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int) or (isinstance(value, float) and value.is_integer() and kind == CLASSIFICATION):
        value = str(int(value))
    if not isinstance(value, str) or not storable(value):
        return None
    return unicodedata.normalize("NFC", " ".join(value.split())) if kind == CLASSIFICATION else value.strip()


def _object(value: Any) -> str | None:
    if isinstance(value, str):
        if not value.strip():
            return ""
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, dict) else None


def _refuse_mostly_empty(table: Table, fallen: dict[str, list[int]], text_column: str, label_column: str) -> None:
    gone = sum(map(len, fallen.values()))
    if 2 * gone > len(table.rows):
        reasons = ", ".join(f"{len(lines)} with {why}" for why, lines in fallen.items())
        raise BenchmarkError(
            f"{table.name}: of {len(table.rows)} rows {gone} cannot be used ({reasons}); are {text_column!r} and "
            f"{label_column!r} the right columns? (--text-column, --label-column; found: {', '.join(table.columns)})"
        )


def _without_repeats(rows: Sequence[Row], fallen: dict[str, list[int]]) -> tuple[list[Row], list[Conflict]]:
    """The first of rows that say the same; none of rows with one text and several answers: which one is right?"""
    by_text: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_text[row.id].append(row)
    kept, conflicts = [], []
    for same in by_text.values():
        answers = tuple(dict.fromkeys(row.answer for row in same))
        if len(answers) > 1:
            fallen["the same text with different answers"] += [row.line for row in same]
            lines = tuple(row.line for row in same)
            conflicts.append(Conflict(same[0].file, lines[:SHOWN], answers[:SHOWN], shortened(same[0].text)))
            continue
        kept.append(same[0])
        if same[1:]:
            fallen["the same text and answer again"] += [row.line for row in same[1:]]
    return kept, conflicts


def shortened(text: str, most: int = 80) -> str:
    """The beginning of a text on one line, for a message."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."


def one_spelling(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Rows with labels that differ only in case brought to the most frequent spelling, and a remark for each."""
    counts = Counter(row.answer for row in rows)
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        spellings[label.casefold()].append(label)
    chosen, remarks = {}, []
    for group in spellings.values():
        best = min(group, key=lambda label: (-counts[label], label))
        chosen.update(dict.fromkeys(group, best))
        if len(group) > 1:
            remarks.append(
                f"the labels {', '.join(map(repr, sorted(group)))} differ only in case: all count as {best!r}"
            )
    return [replace(row, answer=chosen[row.answer]) for row in rows], remarks
