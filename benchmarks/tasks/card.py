"""The card of a task: what it is, what an answer looks like, how answers are judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..records import TaskCard
from . import schema as schemas
from .json_text import decode, parse
from .kinds import CLASSIFICATION, EXTRACTION, KINDS, metric_is_known, metrics_in_words
from .problems import Problems, kind_of, storable

CARD_FILE = "task.json"

_REQUIRED = None
_TEXT_FIELDS: Mapping[str, str | None] = {
    "name": "",
    "kind": _REQUIRED,
    "language": "en",
    "domain": "",
    "description": _REQUIRED,
    "licence": "",
    "attribution": "",
}


@dataclass(frozen=True, slots=True)
class CardFile:
    """What a card file says: the card (None if it is not sound), names of further row fields, pinned file hashes."""

    card: TaskCard | None = None
    extra: frozenset[str] = frozenset()
    pinned: Mapping[str, Any] = field(default_factory=dict)


def read_card(content: bytes, folder: str, problems: Problems) -> CardFile:
    """The card in the bytes of a card file; `folder` is the task's name if it gives none."""
    try:
        raw = parse(decode(content))
    except ValueError as error:
        problems.add(CARD_FILE, str(error))
        return CardFile()
    if not isinstance(raw, dict):
        problems.add(CARD_FILE, f"found {kind_of(raw)}; allowed: one JSON object")
        return CardFile()
    text = {key: _card_text(raw, key, default, problems) for key, default in _TEXT_FIELDS.items()}
    text["name"] = text["name"] or folder
    kind = text["kind"]
    if kind not in KINDS:
        if kind:
            problems.add(CARD_FILE, f"field 'kind': the kind {kind!r} is unknown; allowed: {', '.join(KINDS)}")
        return CardFile()
    labels = _labels(raw.get("labels"), problems) if kind == CLASSIFICATION else ()
    schema = _schema(raw.get("schema"), problems) if kind == EXTRACTION else None
    choices = schemas.choices(schema) if schema else ()
    metric = _metric(raw.get("metric"), kind, labels, choices, problems)
    card = TaskCard(labels=labels, metric=metric, schema=schema, choices=choices, **text)
    sound = schema is not None or kind != EXTRACTION
    return CardFile(card if sound else None, _extra_fields(raw, problems), _pinned(raw, problems))


def _schema(value: Any, problems: Problems) -> dict[str, Any] | None:
    try:
        return schemas.read_schema(value)
    except ValueError as error:
        problems.add(CARD_FILE, f"field 'schema' {error}")
        return None


def _card_text(raw: Mapping[str, Any], key: str, default: str | None, problems: Problems) -> str:
    value = raw.get(key, default)
    if value is None:
        problems.add(CARD_FILE, f"field {key!r} is missing; allowed: a text")
        return ""
    if not isinstance(value, str):
        problems.add(CARD_FILE, f"field {key!r}: found {kind_of(value)}; allowed: a text")
        return ""
    if not storable(value):
        problems.add(CARD_FILE, f"field {key!r}: found half a surrogate pair; allowed: a text")
        return ""
    if default is None and not value.strip():
        problems.add(CARD_FILE, f"field {key!r} is empty; allowed: a text")
    return value


def _labels(value: Any, problems: Problems) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        problems.add(CARD_FILE, f"field 'labels': found {kind_of(value)}; allowed: a list of at least two texts")
        return ()
    labels = tuple(value)
    if any(not label.strip() or label != label.strip() or not storable(label) for label in labels):
        problems.add(CARD_FILE, "field 'labels': a label is empty or has blanks around it; allowed: non-empty texts")
    seen = Counter(label.casefold() for label in labels)
    for label in sorted({label for label in labels if seen[label.casefold()] > 1}):
        problems.add(CARD_FILE, f"field 'labels': {label!r} occurs more than once (upper and lower case count as one)")
    if len(labels) < 2:
        problems.add(CARD_FILE, f"field 'labels': found {len(labels)} label(s); allowed: at least two")
    return labels


def _metric(value: Any, kind: str, labels: Sequence[str], choices: Sequence[str], problems: Problems) -> str:
    name = value.get("primary") if isinstance(value, dict) else value
    allowed = metrics_in_words(kind, labels, choices)
    if not isinstance(name, str):
        problems.add(CARD_FILE, f"field 'metric': found {kind_of(name)}; {allowed}, or an object with 'primary'")
        return ""
    if not metric_is_known(name, kind, labels, choices):
        problems.add(CARD_FILE, f"field 'metric': found {name!r}; {allowed}")
    return name


def _extra_fields(raw: Mapping[str, Any], problems: Problems) -> frozenset[str]:
    value = raw.get("extra_fields", [])
    if isinstance(value, Mapping):
        return frozenset(value)
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return frozenset(value)
    problems.add(CARD_FILE, f"field 'extra_fields': found {kind_of(value)}; allowed: a list of names")
    return frozenset()


def _pinned(raw: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    value = raw.get("files", {})
    if not isinstance(value, Mapping) or not all(isinstance(entry, Mapping) for entry in value.values()):
        problems.add(CARD_FILE, "field 'files': allowed: an object that gives per file an object with 'sha256'")
        return {}
    return {str(name): entry["sha256"] for name, entry in value.items() if "sha256" in entry}
