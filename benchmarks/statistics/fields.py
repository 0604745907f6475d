"""How much of an extracted object is right: its fields as pairs of path and value, compared as multisets.

Values are texts without surplus blanks and without case; numbers and truth values are compared as JSON has them. The
entries of a list count one by one whatever their order. A field without a value is a field left out.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ..tasks.kinds import choice_of_metric

Pair = tuple[float, float]
Field = tuple[str, str]


def field_score(metric: str, answer: str | None, wanted: str, choices: Sequence[str]) -> Pair:
    """What one answer adds to the two sums whose ratio is the metric. Answers are objects as JSON, None for no answer.

    `slot_micro_f1` leaves out the fields with fixed values (`choices`), `field_micro_f1` counts them as well. Raises
    ValueError on an unknown metric.
    """
    gold = list(fields_of(json.loads(wanted)))
    given = [] if answer is None else list(fields_of(json.loads(answer)))
    if metric == "field_micro_f1":
        return _overlap(given, gold)
    if metric == "slot_micro_f1":
        return _overlap(*([field for field in side if field[0] not in choices] for side in (given, gold)))
    if metric == "exact_match":
        return float(answer is not None and Counter(given) == Counter(gold)), 1.0
    choice = choice_of_metric(metric, choices)
    if choice is None:
        raise ValueError(f"unknown metric {metric!r}")
    one, other = ([value for path, value in side if path == choice] for side in (given, gold))
    return float(answer is not None and one == other), 1.0


def fields_of(value: Any, path: str = "") -> Iterator[Field]:
    """The fields of an object: path with dots and [], and the value in the form in which values are compared."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from fields_of(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for part in value:
            yield from fields_of(part, f"{path}[]")
    elif isinstance(value, str):
        yield path, " ".join(unicodedata.normalize("NFC", value).casefold().split())
    elif value is not None:
        yield path, json.dumps(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def _overlap(given: Sequence[Field], gold: Sequence[Field]) -> Pair:
    common = sum((Counter(given) & Counter(gold)).values())
    return 2.0 * common, float(len(given) + len(gold))
