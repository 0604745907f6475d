"""A rulebook in the language in force: every text that a reader sees, looked up by its English text at this one place.

What the engine decides on (ids, conditions, points, dates) stays as it is, and so does the digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from advisor.knowledge.domain import Rulebook
from advisor.language import SOURCE, current, say

TEXTS: Mapping[str, tuple[str, ...]] = {
    "Group": ("title", "intro"),
    "Question": ("ask", "help", "why", "unit"),
    "Option": ("label", "help"),
    "Approach": ("title", "summary"),
    "Technique": ("title", "summary"),
    "Criterion": ("title", "meaning"),
    "Parameter": ("title", "unit"),
    "MarketFact": ("title", "statement"),
    "Source": ("claim",),
    "Rule": ("title", "because", "lift"),
    "Contest": ("because", "resolution"),
}
PARTS = ("groups", "questions", "approaches", "criteria", "parameters", "market", "sources", "rules")


def in_language(book: Rulebook) -> Rulebook:
    """The rulebook with its texts in the language in force; the very same where that is English."""
    if current() == SOURCE:
        return book
    return replace(book, **{name: _told(getattr(book, name)) for name in PARTS})


def texts(book: Rulebook) -> Iterator[str]:
    """Every text of a rulebook that a reader sees, in English, and the words of its fields and options."""
    for name in PARTS:
        yield from _texts(getattr(book, name))
    for question in book.questions.values():
        yield from (value.replace("_", " ") for value in question.values)


def _told(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {key: _told(item) for key, item in thing.items()}
    if isinstance(thing, tuple):
        return tuple(_told(item) for item in thing)
    named = TEXTS.get(type(thing).__name__)
    if named is None:
        return thing
    changed = {name: say(getattr(thing, name)) for name in named if getattr(thing, name)}
    inner = {field.name: getattr(thing, field.name) for field in fields(thing) if field.name not in named}
    changed |= {name: _told(item) for name, item in inner.items() if _holds_texts(item)}
    return replace(thing, **changed)


def _holds_texts(item: Any) -> bool:
    return isinstance(item, tuple) and any(type(one).__name__ in TEXTS for one in item)


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, Mapping):
        thing = tuple(thing.values())
    if isinstance(thing, tuple):
        for item in thing:
            yield from _texts(item)
    elif is_dataclass(thing) and type(thing).__name__ in TEXTS:
        named = TEXTS[type(thing).__name__]
        yield from (getattr(thing, name) for name in named if getattr(thing, name))
        for field in fields(thing):
            if _holds_texts(getattr(thing, field.name)):
                yield from _texts(getattr(thing, field.name))
