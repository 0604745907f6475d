"""Words on the page: answers and problems in plain language, and text that Markdown cannot misread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from advisor.errors import Problem
from advisor.intake.answers import DOES_NOT_APPLY, NOT_KNOWN, RANGE_KEYS
from advisor.knowledge.domain import Question, Rulebook
from advisor.language import message, say
from advisor.reasoning.explain import in_words
from advisor.reports.figures import exact

NOT_KNOWN_LABEL = message("Not known")
DOES_NOT_APPLY_LABEL = message("Does not apply")

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$:<>&@])|(?<=www)(\.)", re.IGNORECASE)
_LINE_START = re.compile(r"^([-+=]|\d+(?=[.)]))")


def literal(text: object) -> str:
    """The text as one line of Markdown that is no markup, link, emoji or formula to the page."""
    safe = _SPECIAL.sub(r"\\\g<0>", " ".join(str(text).split()))
    return _LINE_START.sub(lambda found: f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}", safe)


def spoken(identifier: str) -> str:
    """An id as words: `fine_tuning` reads fine-tuning, other underscores are spaces."""
    return identifier.replace("fine_tuning", "fine-tuning").replace("_", " ")


def answer_in_words(question: Question, value: Any, book: Rulebook) -> str:
    """A plain value of an answers file as a reader would say it."""
    if value is None or value == NOT_KNOWN:
        return say(NOT_KNOWN_LABEL)
    if value == DOES_NOT_APPLY:
        return say(DOES_NOT_APPLY_LABEL)
    if question.kind == "choice":
        labels = {option.value: say(option.label) for option in question.options}
        return labels.get(str(value), str(value))
    if isinstance(value, Mapping):
        if question.kind == "priorities":
            return ", ".join(f"{say(book.criteria[name].title)} {in_words(weight)}" for name, weight in value.items())
        low, likely, high = (_number(value.get(key), "USD" if question.unit == "USD" else "") for key in RANGE_KEYS)
        unit = say(question.unit) if question.unit and question.unit != "USD" else ""
        return say("{low} to {high}, likely {likely} {unit}", low=low, high=high, likely=likely, unit=unit).strip()
    return _number(value, question.unit or "") if question.numeric else str(value)


def problem_in_words(problem: Problem) -> str:
    """A problem beside its field: what was found, what is allowed and what to do."""
    part = problem.field.partition(".")[2]
    found = f"{spoken(part)}: {problem.found}" if part else problem.found
    sentence = f"Found {found}. Allowed: {problem.allowed.replace(NOT_KNOWN, 'not known')}."
    remedy = problem.remedy[:1].upper() + problem.remedy[1:]
    return f"{sentence} {remedy}".strip()


def _number(value: Any, unit: str) -> str:
    return exact(value, unit) if isinstance(value, int | float) else "?"
