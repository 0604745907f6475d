"""Words of the reports: names of fields and options as a reader would write them, and what grades and verdicts mean."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.language import message, say

GRADES = {
    "A": message("controlled study or vendor documentation"),
    "B": message("vendor marketing or curated summary"),
    "C": message("blog or opinion"),
    "D": message("claim without support"),
}
DIFFERENCE = {
    "left_better": message("the first is better"),
    "right_better": message("the second is better"),
    "no_difference_shown": message("no difference shown"),
}
_UNITS = {"usd": "USD", "weeks": "weeks", "months": "months", "ms": "ms", "b": "billion parameters"}


def field_unit(name: str) -> str:
    """The unit that the name of a field ends in: `setup_budget_usd` is in `USD`; empty where it names none."""
    head, _, last = name.rpartition("_")
    return _UNITS.get(last, "") if head else ""


def field_words(name: str) -> str:
    """The name of a field in words, without its unit: `setup_budget_usd` is `setup budget`."""
    return say(plain_field(name))


def plain_field(name: str) -> str:
    """The English words of a field, by which they are looked up in the catalogue."""
    return (name.rpartition("_")[0] if field_unit(name) else name).replace("_", " ").replace("ml ", "ML ")


def field_title(name: str) -> str:
    """The name of a field as a heading, with its unit: `setup_budget_usd` is `Setup budget (USD)`."""
    unit = field_unit(name)
    return capital(field_words(name)) + (f" ({say(unit)})" if unit else "")


def option(value: str) -> str:
    """A chosen option in words: `highly_specialized` is `highly specialized`; other text stays as it is."""
    return say(value.replace("_", " ")) if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", value) else value


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def listed(words: Sequence[str], last: str = "and") -> str:
    """Words as a list in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    if last == "or":
        return say("{first} or {last}", first=", ".join(words[:-1]), last=words[-1])
    return say("{first} and {last}", first=", ".join(words[:-1]), last=words[-1])
