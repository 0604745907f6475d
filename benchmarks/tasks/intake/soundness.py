"""Whether rows can make a task: enough of them, at least two labels, none of the test rows in train."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BenchmarkError
from ..kinds import CLASSIFICATION
from ..schema import read_schema
from .cleaning import Row, shortened
from .leaks import near_pairs
from .report import Leak

FEWEST_ROWS = 10
MOST_LABELS = 150
SHOWN_LEAKS = 20


@dataclass(frozen=True, slots=True)
class FoundLeak:
    """A leak as the report shows it, and the id of the training row."""

    leak: Leak
    train_id: str


def found_leaks(train: Sequence[Row], test: Sequence[Row]) -> list[FoundLeak]:
    """Every pair of a training and a test row with the same or nearly the same text, the most similar first."""
    found = []
    pairs = near_pairs([row.text for row in train], [row.text for row in test])
    for pair in sorted(pairs, key=lambda one: (-one.similarity, one.right, one.left)):
        left, right = train[pair.left], test[pair.right]
        kind = "exact" if left.id == right.id else "near"
        in_train, in_test = (f"{row.file} line {row.line}" for row in (left, right))
        leak = Leak(kind, round(pair.similarity, 4), in_train, in_test, shortened(right.text))
        found.append(FoundLeak(leak, left.id))
    return found


def leak_sentence(leaks: Sequence[Leak], count: int) -> str:
    """Why leaks block a verdict, with the first rows and the way out."""
    rows = "; ".join(f"test {leak.test} = train {leak.train}" for leak in leaks[:5])
    more = " ..." if len(leaks) > 5 else ""
    return (
        f"{count} test row{'s' if count != 1 else ''} also stand{'s' if count == 1 else ''} in train, word for word or "
        f"nearly ({rows}{more}); remove them from one side, or say --drop-leaks to remove them from train"
    )


def without_singles(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """The rows of labels with two rows or more, where that leaves two labels, and a remark on the others."""
    counts = Counter(row.answer for row in rows)
    single = sorted(label for label, count in counts.items() if count == 1)
    if not single or len(counts) - len(single) < 2 or len(single) > MOST_LABELS:
        return list(rows), []
    lines = {row.answer: row.line for row in rows}
    shown = ", ".join(f"{label!r} (line {lines[label]})" for label in single[:8]) + (" ..." if len(single) > 8 else "")
    remark = (
        f"left out, for a single row cannot be in train and in test: {shown}; add rows of such labels, or merge them"
    )
    return [row for row in rows if counts[row.answer] > 1], [remark]


def refuse_too_few(word: str, rows: Sequence[Row], label_column: str, kind: str) -> None:
    """Raises BenchmarkError for too few rows, for one label only, and for labels that are no labels."""
    if kind == CLASSIFICATION:
        counts = Counter(row.answer for row in rows)
        if len(counts) == 1:
            raise BenchmarkError(
                f"{word}: every usable row has the label {next(iter(counts))!r} in column {label_column!r}; a choice "
                "needs rows of at least two labels"
            )
        if len(counts) > MOST_LABELS or (len(counts) > 2 and 2 * len(counts) > len(rows) and len(rows) >= FEWEST_ROWS):
            raise BenchmarkError(
                f"{word}: column {label_column!r} has {len(counts)} different labels in {len(rows)} rows; allowed: at "
                f"most {MOST_LABELS}, with two rows each on average. Is it the right column (--label-column), or is "
                "the answer to be written (--kind generation, qa, summarization or extraction)?"
            )
    if len(rows) < FEWEST_ROWS:
        raise BenchmarkError(f"{word}: found {len(rows)} usable rows; allowed: at least {FEWEST_ROWS}")


def refuse_one_sided(word: str, train: Sequence[Row], test: Sequence[Row], kind: str) -> None:
    """Raises BenchmarkError if a side is empty or, of a classification, holds one label only."""
    problems = []
    for name, rows in (("training", train), ("test", test)):
        labels = {row.answer for row in rows}
        if not rows:
            problems.append(f"{word}: no {name} row is left; allowed: at least one, of a classification two labels")
        elif kind == CLASSIFICATION and len(labels) < 2:
            problems.append(f"{word}: every {name} row has the label {labels.pop()!r}; allowed: rows of two labels")
    if problems:
        raise BenchmarkError(problems)


def slots_schema(word: str, rows: Sequence[Row]) -> dict[str, Any]:
    """The schema of objects whose fields are texts, each of which may be left out. Raises BenchmarkError for others."""
    fields: dict[str, None] = {}
    odd: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for name, value in json.loads(row.answer).items():
            fields[name] = None
            if not isinstance(value, str) or not value.strip():
                odd[name].append(row.line)
    if odd or not fields:
        shown = ", ".join(f"{name!r} (line {lines[0]})" for name, lines in list(odd.items())[:8])
        raise BenchmarkError(
            f"{word}: objects of a file may hold non-empty texts only; found other values in {shown or 'no field'}. "
            "For nested or fixed values write a task folder with a schema (docs/task-format.md)"
        )
    return read_schema({"slots": list(fields)})
