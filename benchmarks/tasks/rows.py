"""Raw rows to examples: every row checked against the card, no text twice, enough to learn from.

Where the rows come from is not known here; a reader of any format hands over mappings with their line numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..records import Example, TaskCard, example_id
from .kinds import CLASSIFICATION, EXTRACTION
from .problems import Problems, kind_of, storable
from .schema import misfit, written


def examples(
    name: str, raws: Iterable[tuple[int, Any]], card: TaskCard, extra: frozenset[str], problems: Problems
) -> tuple[Example, ...]:
    """The examples of the split in file `name`, from (line number, raw row) pairs; what is wrong goes to `problems`."""
    before = problems.count(name)
    sound = [
        (number, raw["text"], raw) for number, raw in raws if _row_is_sound(name, number, raw, card, extra, problems)
    ]
    found = _answered(name, sound, card, problems)
    rows: list[Example] = []
    first_at: dict[str, tuple[int, str]] = {}
    for number, row in found:
        seen = first_at.setdefault(row.id, (number, row.label))
        if seen[0] == number:
            rows.append(row)
            continue
        verb, why = "repeats", ""
        if seen[1] != row.label:
            verb, why = "contradicts", f" ({_key(card)} {seen[1]!r} there, {row.label!r} here)"
        problems.add(
            name, f"field 'text': {verb} line {seen[0]}{why}, case and spacing aside; keep one of the two", number
        )
    clean = problems.count(name) == before
    if clean and not rows:
        problems.add(name, f"holds no row; allowed: one JSON object with 'text' and '{_key(card)}' per line")
    elif clean and card.kind == CLASSIFICATION and len({row.label for row in rows}) < 2:
        problems.add(name, f"every row has the label {rows[0].label!r}; allowed: rows of at least two labels")
    return tuple(rows)


def _key(card: TaskCard) -> str:
    return "label" if card.kind == CLASSIFICATION else "target"


def _answered(
    name: str, rows: Iterable[tuple[int, str, Any]], card: TaskCard, problems: Problems
) -> list[tuple[int, Example]]:
    """The rows as examples, in their order; of an extraction, only those whose target fits the schema."""
    rows = list(rows)
    if card.kind != EXTRACTION or card.schema is None:
        return [(number, _example(text, raw, card)) for number, text, raw in rows]
    found = []
    targets = [raw["target"] for _, _, raw in rows]
    for (number, text, raw), fault in zip(rows, misfit(card.schema, targets), strict=True):
        if fault is None:
            answer = written(raw["target"], card.schema)
            found.append((number, Example(example_id(text), text, answer, (answer,))))
        else:
            problems.add(name, f"field 'target': does not fit the schema of task.json: {fault}", number)
    return found


def _example(text: str, raw: Any, card: TaskCard) -> Example:
    if card.kind == CLASSIFICATION:
        return Example(id=example_id(text), text=text, label=raw["label"])
    target = raw["target"]
    return Example(example_id(text), text, target, tuple(dict.fromkeys([target, *raw.get("references", ())])))


def _row_is_sound(name: str, number: int, raw: Any, card: TaskCard, extra: frozenset[str], problems: Problems) -> bool:
    """Whether a row has a text and an answer of the right type; what is missing is noted."""
    key = _key(card)
    known = {"text", key} if card.kind in (CLASSIFICATION, EXTRACTION) else {"text", key, "references"}
    if not isinstance(raw, dict):
        problems.add(name, f"found {kind_of(raw)}; allowed: an object with 'text' and '{key}'", number)
        return False
    faults = []
    for field in sorted(set(raw) - known - extra):
        names = "names under 'extra_fields' in task.json"
        faults.append(f"unknown field {field!r}; allowed: {', '.join(sorted(known, reverse=True))}, and {names}")
    fault = _text_fault(raw, "text")
    if fault:
        faults.append(fault)
    faults += _answer_faults(raw, card)
    for fault in faults:
        problems.add(name, fault, number)
    return not faults


def _answer_faults(raw: dict[str, Any], card: TaskCard) -> list[str]:
    if card.kind == CLASSIFICATION:
        label = raw.get("label")
        if isinstance(label, str) and label in card.labels:
            return []
        found = repr(label) if "label" in raw else "no such field"
        shown = ", ".join(repr(known) for known in card.labels[:8]) + (" ..." if len(card.labels) > 8 else "")
        return [f"field 'label': found {found}; allowed: {shown}"]
    if card.kind == EXTRACTION:
        if isinstance(raw.get("target"), dict):
            return []
        found = kind_of(raw["target"]) if "target" in raw else "no such field"
        return [f"field 'target': found {found}; allowed: an object that fits the schema of task.json"]
    faults = [fault for fault in [_text_fault(raw, "target")] if fault]
    references = raw.get("references", [])
    if not isinstance(references, list) or any(_text_fault({"one": one}, "one") for one in references):
        faults.append(
            "field 'references': allowed: a list of texts that are not empty, each an answer as good as 'target'"
        )
    return faults


def _text_fault(raw: dict[str, Any], field: str) -> str | None:
    text = raw.get(field)
    if isinstance(text, str) and text.strip() and storable(text):
        return None
    found = kind_of(text) if field in raw else "no such field"
    if isinstance(text, str):
        found = "half a surrogate pair" if text.strip() else "an empty text"
    return f"field {field!r}: found {found}; allowed: a text that is not empty"
