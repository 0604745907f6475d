"""The message catalogue: every sentence that a report or a page shows, in English in the code, in German in `de.po`.

Sentences are written in English where they are used, `say("Review by {day}", day=...)`, and looked up by that English
text. The language in force belongs to the context (`using`), so two sessions of one server never share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
SOURCE = "en"

_current: ContextVar[str] = ContextVar("advisor_language", default=SOURCE)


def current() -> str:
    """The language in force, one of LANGUAGES."""
    return _current.get()


@contextmanager
def using(language: str) -> Iterator[None]:
    """Speaks `language` within the block. Raises KeyError for one that is not in LANGUAGES."""
    if language not in LANGUAGES:
        raise KeyError(language)
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def say(text: str, **values: object) -> str:
    """The message in the language in force, with values at their `{name}`; without a translation it stays English."""
    found = text if _current.get() == SOURCE else _catalogue(_current.get()).get(text, text)
    return found.format(**values) if values else found


def say_many(one: str, many: str, count: int, **values: object) -> str:
    """The message for `count` things, one or many; `{count}` stands for the number."""
    return say(one if count == 1 else many, count=count, **values)


def message(text: str) -> str:
    """The text as it is: marks a message that stands in a table of words and is looked up, by `say`, when shown."""
    return text


def numeral(text: str) -> str:
    """A figure written the English way (`1,234.5`) with the separators of the language in force (`1.234,5`)."""
    if _current.get() == SOURCE:
        return text
    return text.translate(_separators(_current.get()))


def dollars(figure: str) -> str:
    """An amount of US dollars by its figure: `$1,234` in English, `1.234 $` where the sign stands behind."""
    return f"${figure}" if _current.get() == SOURCE else f"{figure}\u00a0$"


def written(day: date) -> str:
    """A day as it is written in the language in force: `2026-11-24` in English, `24.11.2026` in German."""
    if _current.get() == SOURCE:
        return day.isoformat()
    from babel.dates import format_date

    return format_date(day, "medium", locale=_current.get())


def lowered(title: str) -> str:
    """A title as it stands inside a sentence: in small letters but for acronyms in English, as it is elsewhere."""
    if _current.get() != SOURCE:
        return title
    return " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in title.split(" "))


@cache
def _separators(language: str) -> dict[int, str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    return {ord(","): get_group_symbol(language), ord("."): get_decimal_symbol(language)}


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    from babel.messages.pofile import read_po

    with Path(__file__).with_name(f"{language}.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {str(message.id): str(message.string) for message in found if message.id and message.string}
