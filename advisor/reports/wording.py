"""Words of the reports: titles of fields, what grades and verdicts mean, lists."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.knowledge.wording import field_unit, field_words
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


def field_title(name: str) -> str:
    """The name of a field as a heading, with its unit: `setup_budget_usd` is `Setup budget (USD)`."""
    unit = field_unit(name)
    return capital(field_words(name)) + (f" ({say(unit)})" if unit else "")


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
