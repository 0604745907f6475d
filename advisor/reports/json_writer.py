"""The advice as JSON, in the published form."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from advisor.reasoning.advice import Advice
from advisor.reports.document import Document


def write(advice: Advice) -> bytes:
    """UTF-8, keys in the order in which the advice declares them, two spaces of indent, one newline at the end."""
    return _written(advice.to_json())


def write_document(document: Document) -> bytes:
    """A document as JSON: each of its parts names its kind, each number has unit, bounds, origin and source."""
    return _written(_plain(document))


def _plain(thing: Any) -> Any:
    if is_dataclass(thing):
        return {"kind": type(thing).__name__} | {
            ("shape" if item.name == "kind" else item.name): _plain(getattr(thing, item.name)) for item in fields(thing)
        }
    if isinstance(thing, tuple | list):
        return [_plain(item) for item in thing]
    return thing.isoformat() if isinstance(thing, date) else thing


def _written(data: Any) -> bytes:
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)
    return f"{text}\n".encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape
