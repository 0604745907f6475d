"""Answers that an uploaded file of examples gives by itself: CSV or JSON lines, one example a row.

Each comes with the words of what it was derived from, so that a reader can judge it and say otherwise.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.intake.detected import GOOD, POOR, REPEATS
from advisor.language import say

TEXTS = ("text", "input", "prompt", "question", "document", "message", "sentence")
TARGETS = ("label", "category", "class", "target", "output", "answer", "completion", "response", "summary")
LABELS = ("label", "category", "class")
SIZE_LIMIT = 20_000_000
CHARACTERS_PER_TOKEN = 4.0
MOST_CLASSES = 200
SHARE_OF_CLASSES = 0.2  # of the rows: with more different answers than this, they are texts and not categories


@dataclass(frozen=True, slots=True)
class Found:
    """The answers that a data file gives, by field in the form of an answers file, each with its derivation."""

    answers: Mapping[str, Any]
    derived: Mapping[str, str]
    rows: int


def read_data(content: bytes, name: str) -> Found:
    """What a file of examples tells. Raises InputError where it has no rows with a text and an answer."""
    if len(content) > SIZE_LIMIT:
        raise _bad(name, f"{len(content):,} bytes", f"at most {SIZE_LIMIT:,} bytes", "send a part of the rows")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(name, "bytes that are no UTF-8", "a text file in UTF-8", "save it again as UTF-8") from None
    rows = list(_json_rows(text, name) if text.lstrip().startswith("{") else _csv_rows(text, name))
    if not rows:
        raise _bad(name, "no rows", "one example a row", "")
    text_key = _column(rows[0], TEXTS, name, "the text")
    target_key = _column(rows[0], TARGETS, name, "the right answer")
    pairs = [(str(row[text_key]), row[target_key]) for row in rows if row.get(text_key) and row.get(target_key) != ""]
    pairs = [(text, target) for text, target in pairs if target is not None]
    if not pairs:
        raise _bad(name, f"no row with {text_key} and {target_key}", "both filled", "")
    found = list(_answers(pairs, target_key))
    return Found({field: value for field, value, _ in found}, {field: how for field, _, how in found}, len(pairs))


def _json_rows(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise _bad(f"{name}, line {number}", shown(line[:60]), "a JSON object a line", "") from None
        if not isinstance(row, dict):
            raise _bad(f"{name}, line {number}", shown(row), "a JSON object a line", "")
        yield row


def _csv_rows(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(SIZE_LIMIT)
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise _bad(name, str(error), "CSV with a header row", "") from None


def _column(row: Mapping[str, Any], names: Sequence[str], where: str, what: str) -> str:
    lower = {str(key).strip().lower(): str(key) for key in row if key is not None}
    for name in names:
        if name in lower:
            return lower[name]
    found = f"the columns {', '.join(sorted(lower)[:8])}"
    raise _bad(where, found, f"a column for {what}: one of {', '.join(names)}", "rename the column")


def _answers(pairs: Sequence[tuple[str, Any]], column: str) -> Iterator[tuple[str, Any, str]]:
    targets = [target if isinstance(target, str) else json.dumps(target, sort_keys=True) for _, target in pairs]
    yield "labelled_examples", len(pairs), say("rows with a text and a {column}", column=column)
    yield "training_material", "task_examples", say("the rows are examples of the task")
    classes = len(set(targets))
    sorts = 1 < classes <= min(MOST_CLASSES, max(2, SHARE_OF_CLASSES * len(pairs)))
    if sorts or (column.lower() in LABELS and classes > 1):
        counted = say("{classes} different answers in {rows} rows", classes=classes, rows=len(pairs))
        yield "task_kind", "classification", counted
        yield "class_count", classes, say("different values in the column {column}", column=column)
        yield "output_format", "structured", say("the answer is one of fixed labels")
    elif all(isinstance(target, dict) for _, target in pairs):
        yield "task_kind", "extraction", say("every answer is a JSON object")
        yield "output_format", "structured", say("every answer is a JSON object")
    read = fmean(len(text) for text, _ in pairs) / CHARACTERS_PER_TOKEN
    written = fmean(len(target) for target in targets) / CHARACTERS_PER_TOKEN
    how = say("mean length of the texts at four characters a token; instructions come on top")
    yield "input_tokens", max(1, round(read)), how
    yield "output_tokens", max(1, round(written)), say("mean length of the answers at four characters a token")
    yield from _label_quality([text for text, _ in pairs], targets)


def _label_quality(texts: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[str, Any, str]]:
    """How reliable the answers are, where enough texts occur more than once to tell."""
    seen: dict[str, list[str]] = defaultdict(list)
    for text, target in zip(texts, targets, strict=True):
        seen[" ".join(text.lower().split())].append(target)
    repeated = [found for found in seen.values() if len(found) > 1]
    if len(repeated) < REPEATS:
        return
    agreeing = sum(len(set(found)) == 1 for found in repeated)
    share = agreeing / len(repeated)
    word = "good" if share >= GOOD else "poor" if share < POOR else "fair"
    how = say(
        "{agreeing} of {repeated} texts that occur again have the same answer again",
        agreeing=agreeing,
        repeated=len(repeated),
    )
    yield "label_quality", word, how


def _bad(where: str, found: str, allowed: str, remedy: str) -> InputError:
    return InputError([Problem(where, "", found, allowed, remedy)])
