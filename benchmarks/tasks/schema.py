"""The form of an extraction's answer: a JSON schema, the fields in it, and the one way an answer is written.

A card may give the schema itself, or the short forms: `slots`, a list of names of texts, and `intent` with
`slots_by_intent`, where the value of a first choice decides which slots there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import MissingExtra

Schema = Mapping[str, Any]
LONGEST_PATTERN = 100

_ELSEWHERE = ("$ref", "$dynamicRef", "$recursiveRef", "patternProperties")
_ONCE = r"(?:\\.|\[(?:\\.|[^\]\\])*\]|[^\\\[*+{)]|\{\d+(?:,\d+)?\}|\)(?![*+{?]))*"
_SIMPLE = re.compile(rf"{_ONCE}(?:(?:[*+]|\{{\d+,\}})\??{_ONCE})?")

_TEXT = {"type": "string"}
_FORMS = "a JSON schema of an object, {'slots': [names]}, or {'intent': [values], 'slots_by_intent': {value: [names]}}"


def read_schema(raw: Any) -> dict[str, Any]:
    """The JSON schema of a card's `schema`, in which no object allows fields that it does not name.

    Raises ValueError that says what is wrong.
    """
    if not isinstance(raw, Mapping):
        raise ValueError(f"is not an object; allowed: {_FORMS}")
    if "type" in raw or "properties" in raw or "anyOf" in raw:
        schema: dict[str, Any] = _closed(raw)
    elif isinstance(raw.get("slots_by_intent"), Mapping):
        schema = _by_intent(raw["slots_by_intent"], raw.get("intent"))
    elif _names(raw.get("slots")):
        schema = _slots(raw["slots"])
    else:
        raise ValueError(f"has none of the forms that are known; allowed: {_FORMS}")
    _refuse_hostile(schema)
    validator = _validator(schema)
    try:
        validator.check_schema(schema)
    except Exception as error:  # the library's error is only importable where the library is
        raise ValueError(f"is not a JSON schema: {getattr(error, 'message', error)}") from None
    if not any(alternative.get("properties") for alternative in alternatives(schema)):
        raise ValueError(f"names no field; allowed: {_FORMS}")
    return schema


def _refuse_hostile(part: Any) -> None:
    """Raises ValueError for what would fetch an address, never end, or match a text for hours."""
    if isinstance(part, Mapping):
        for key in _ELSEWHERE:
            if key in part and (isinstance(part[key], str) or key == "patternProperties"):
                raise ValueError(f"uses {key}; allowed: a schema that is written out and needs nothing else")
        pattern = part.get("pattern")
        if isinstance(pattern, str) and (len(pattern) > LONGEST_PATTERN or not _SIMPLE.fullmatch(pattern)):
            raise ValueError(
                f"has the pattern {pattern[:40]!r}; allowed: at most {LONGEST_PATTERN} characters, no repeated group "
                "and at most one of * + {n,}, for others may take hours to match"
            )
    for child in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
        _refuse_hostile(child)


def misfit(schema: Schema, values: Sequence[Any]) -> Iterator[str | None]:
    """Per value None, or what keeps it from fitting the schema."""
    from jsonschema.exceptions import best_match

    validator = _validator(schema)
    for value in values:
        error = best_match(validator.iter_errors(value))
        yield None if error is None else f"{error.message[:200]} (at {error.json_path})"


def alternatives(schema: Schema) -> list[Schema]:
    """The schemas of objects of which an answer fits one."""
    return [part for given in schema["anyOf"] for part in alternatives(given)] if "anyOf" in schema else [schema]


def choices(schema: Schema) -> tuple[str, ...]:
    """The fields at the top whose values are fixed: an enumeration, or a constant in every alternative."""
    names: dict[str, bool] = {}
    for alternative in alternatives(schema):
        for name, part in alternative.get("properties", {}).items():
            names[name] = names.get(name, True) and ("const" in part or "enum" in part)
    return tuple(name for name, fixed in names.items() if fixed)


def written(value: Any, schema: Schema) -> str:
    """The value as JSON on one line, its keys in the order of the schema: equal values, equal text."""
    return json.dumps(_ordered(value, [schema]), ensure_ascii=False)


def bounded(schema: Schema, signs: int) -> dict[str, Any]:
    """The schema in which no free text may have more than `signs` signs, unless it says itself how many."""

    def bound(part: Any) -> Any:
        if isinstance(part, list):
            return [bound(entry) for entry in part]
        if not isinstance(part, Mapping):
            return part
        inner = {
            key: {name: bound(value) for name, value in entry.items()}
            if key in ("properties", "$defs")
            else bound(entry)
            for key, entry in part.items()
            if key not in ("const", "enum")
        }
        inner |= {key: part[key] for key in ("const", "enum") if key in part}
        if part.get("type") == "string" and not {"const", "enum", "maxLength", "pattern", "format"} & set(part):
            inner["maxLength"] = signs
        return inner

    return dict(bound(schema))


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def form(schema: Schema) -> str:
    """The schema in a few words, for a prompt: each alternative as an object whose values say what belongs there."""
    return " or ".join(dict.fromkeys(_shown(alternative) for alternative in alternatives(schema)))


def _ordered(value: Any, schemas: Sequence[Schema]) -> Any:
    parts = [part for schema in schemas for part in alternatives(schema)]
    if isinstance(value, list):
        items = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
        return [_ordered(entry, items) for entry in value]
    if not isinstance(value, dict):
        return value
    inner: dict[str, list[Schema]] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            inner.setdefault(name, []).append(schema)
    return {
        name: _ordered(value[name], inner.get(name, []))
        for name in [*inner, *sorted(set(value) - set(inner))]
        if name in value
    }


def _shown(schema: Schema) -> str:
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if "properties" in schema:
        return "{" + ", ".join(f'"{name}": {_shown(part)}' for name, part in schema["properties"].items()) + "}"
    if isinstance(schema.get("items"), Mapping):
        return f"[{_shown(schema['items'])}, ...]"
    return {"string": "...", "integer": "0", "number": "0.0", "boolean": "true | false"}.get(
        str(schema.get("type")), "..."
    )


def _slots(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: dict(_TEXT) for name in names}, "additionalProperties": False}


def _by_intent(table: Mapping[str, Any], intents: Any) -> dict[str, Any]:
    if intents is not None and (not _names(intents) or sorted(intents) != sorted(table)):
        raise ValueError("'intent' and the keys of 'slots_by_intent' differ; allowed: the same names in both")
    for intent, names in table.items():
        if not isinstance(names, list) or (names and not _names(names)):
            raise ValueError(f"'slots_by_intent' has no list of names for {intent!r}")
    parts = [
        {
            "type": "object",
            "properties": {"intent": {"const": intent}, "slots": _slots(table[intent])},
            "required": ["intent", "slots"],
            "additionalProperties": False,
        }
        for intent in intents or table
    ]
    return {"anyOf": parts}


def _closed(schema: Any) -> Any:
    """The schema with every object closed to fields that it does not name, unless it says otherwise itself."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    inner = {
        key: {name: _closed(part) for name, part in value.items()}
        if key in ("properties", "$defs") and isinstance(value, Mapping)
        else _closed(value)
        if key in ("items", "anyOf")
        else value
        for key, value in schema.items()
    }
    if "properties" in inner:
        inner.setdefault("additionalProperties", False)
    return inner


def _names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) and name.strip() for name in value)


def _validator(schema: Schema) -> Any:
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        raise MissingExtra.of(error.name or "jsonschema") from error
    return Draft202012Validator(dict(schema))
