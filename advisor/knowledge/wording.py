"""Words for fields and options as a reader would write them, in the language in force."""

from __future__ import annotations

import re

from advisor.language import message, say

_UNITS = {"usd": "USD", "weeks": "weeks", "months": "months", "ms": "ms", "b": "billion parameters"}

# One of each. Other units stay as they are: there is no "1 billion parameter".
_ONE = {
    "examples": message("example"),
    "examples per week": message("example per week"),
    "hours": message("hour"),
    "items": message("item"),
    "milliseconds": message("millisecond"),
    "months": message("month"),
    "requests": message("request"),
    "requests a month": message("request a month"),
    "requests per month": message("request per month"),
    "tokens": message("token"),
    "tokens per request": message("token per request"),
    "use cases": message("use case"),
    "weeks": message("week"),
}


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


def option(value: str) -> str:
    """A chosen option in words: `highly_specialized` is `highly specialized`; other text stays as it is."""
    return say(value.replace("_", " ")) if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", value) else value


def approach_words(approach: str) -> str:
    """The name of an approach inside a sentence: `fine_tuning` is `fine-tuning`."""
    return say(approach.replace("_", "-"))


def unit_of(digits: str, unit: str) -> str:
    """The words of a unit after a number as it is written: `week` after 1, else `weeks`."""
    return measure(_ONE.get(unit, unit) if digits == "1" else unit)


def measure(name: str) -> str:
    """The name of a metric in words: `macro_f1` is `macro F1`, `f1_of_spam` is `F1 of spam`."""
    if name.startswith("f1_of_"):
        return say("F1 of {label}", label=name.removeprefix("f1_of_").replace("_", " "))
    return say(re.sub(r"\bf1\b", "F1", name.replace("_", " ").replace("rouge l", "ROUGE-L").replace("chrf", "chrF")))
