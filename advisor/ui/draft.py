"""The answers of one session: one plain mapping, as in an answers file. Widgets show it and write back into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as with_
from typing import Any

import streamlit as st
import yaml

from advisor.errors import InputError, Problem
from advisor.intake import answers as intake
from advisor.intake.answers import DOES_NOT_APPLY, NOT_KNOWN, RANGE_KEYS, Answer, Answers
from advisor.intake.facts import derive, tabulate
from advisor.intake.truth import FALSE, evaluate
from advisor.knowledge.domain import Question, Rulebook
from advisor.knowledge.price_overrides import FIELD as PRICES
from advisor.knowledge.price_overrides import PriceOverride
from advisor.knowledge.prices import PriceTable, parse_overrides
from advisor.reasoning.engine import Engine

ANSWERS = "answers"
REPLACED = "answers_before"
PAST = "answers_past"
DETECTED = "answers_detected"
STEPS_BACK = 50
HEAD = ("name", "description")


@dataclass(frozen=True, slots=True)
class Draft:
    """The session's answers as parsed: what the engine may read, and what is wrong with the rest, by field."""

    answers: Answers
    problems: Mapping[str, tuple[Problem, ...]]


def plain() -> dict[str, Any]:
    """The answers of this session as they were given: field to plain value. Change it through `put` and `replace`."""
    held: dict[str, Any] = st.session_state.setdefault(ANSWERS, {})
    return held


def put(field: str, value: Any) -> None:
    """Sets one answer; None (or an empty text) makes it not known."""
    held = dict(plain())
    held.pop(field, None)
    if value is not None and value not in ("", NOT_KNOWN):
        held[field] = value
    _set(held)


def replace(answers: Mapping[str, Any]) -> None:
    """Puts other answers in place of the present ones, which `undo_replace` brings back."""
    if plain():
        st.session_state[REPLACED] = plain()
    _set(dict(answers))


def _set(answers: dict[str, Any]) -> None:
    """Makes these the answers of the session; the ones before can be had again by `undo`."""
    before = plain()
    if answers != before:
        st.session_state[PAST] = (*st.session_state.get(PAST, ()), before)[-STEPS_BACK:]
        st.session_state[ANSWERS] = answers


def can_undo() -> bool:
    """Whether there is a change to take back."""
    return bool(st.session_state.get(PAST))


def undo() -> None:
    """Takes the last change of an answer back, or the last load of a file, data set or example."""
    past = st.session_state.get(PAST, ())
    if past:
        st.session_state[ANSWERS], st.session_state[PAST] = past[-1], past[:-1]


def prefill(answers: Mapping[str, Any], derived: Mapping[str, str]) -> None:
    """Puts answers that were found in data beside those that were given; what was said before stays.

    `derived` says of each what it was derived from; it counts as detected until it is changed.
    """
    held = plain()
    marks = dict(st.session_state.get(DETECTED, {}))
    marks |= {field: (value, derived.get(field, "")) for field, value in answers.items() if field not in held}
    st.session_state[DETECTED] = marks
    _set({**answers, **held})


def marks() -> dict[str, Any]:
    """Which answers were detected: field to value and derivation, as plain data."""
    return {field: list(mark) for field, mark in st.session_state.get(DETECTED, {}).items()}


def take_up(detected: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Makes kept answers those of the session, with the marks of what was detected; nothing to undo comes of it."""
    st.session_state[ANSWERS] = dict(answers)
    st.session_state[DETECTED] = {field: (value, str(how)) for field, (value, how) in detected.items()}


def derivation(field: str) -> str:
    """From what the present answer was detected; empty for one that was stated, and for none."""
    value, how = st.session_state.get(DETECTED, {}).get(field, (None, ""))
    return how if how and plain().get(field) == value else ""


def replaced() -> bool:
    """Whether there are earlier answers to bring back."""
    return bool(st.session_state.get(REPLACED))


def undo_replace() -> None:
    """Swaps the present answers with those that the last load or example put aside."""
    before = st.session_state.get(REPLACED, {})
    st.session_state[REPLACED] = plain()
    st.session_state[ANSWERS] = before


def read(book: Rulebook) -> Draft:
    """The session's answers through the parser of the command line; a wrong one is left out, with its problems."""
    given: dict[str, Answer] = {}
    wrong: dict[str, tuple[Problem, ...]] = {}
    for field, value in plain().items():
        question = book.questions.get(field)
        if question is None:
            continue
        answer, problems = check(question, value)
        if problems:
            wrong[field] = problems
        elif answer is not None:
            given[field] = with_(answer, origin="detected") if derivation(field) else answer
    held = plain()
    own, problems = _own_prices(held.get(PRICES), book)
    if problems:
        wrong[PRICES] = problems
    return Draft(Answers(str(held.get("name", "")), str(held.get("description", "")), given, own), wrong)


def _own_prices(raw: Any, book: Rulebook) -> tuple[Mapping[str, PriceOverride], tuple[Problem, ...]]:
    """The prices that a loaded file states in place of ours. No widget changes them."""
    if not raw:
        return {}, ()
    problems: list[Problem] = []
    own = parse_overrides(raw, PriceTable.load(book.price_folder), "answers", problems)
    return own, tuple(problems)


def check(question: Question, value: Any) -> tuple[Answer | None, tuple[Problem, ...]]:
    """One plain value through the parser; a range with gaps is a problem, an empty range is not known."""
    if is_range(question, value):
        gaps = [key for key in RANGE_KEYS if value.get(key) is None]
        if len(gaps) == len(RANGE_KEYS):
            return None, ()
        if gaps:
            found = f"no number for {' and '.join(gaps)}"
            return None, (Problem("answers", question.field, found, "all three of low, likely and high"),)
    problems: list[Problem] = []
    answer = intake.parse_one(question, value, "answers", problems)
    return answer, tuple(problems)


def is_range(question: Question, value: Any) -> bool:
    """Whether the value is (or is becoming) a range."""
    return question.numeric and isinstance(value, Mapping)


def load(content: bytes, name: str, book: Rulebook) -> list[Problem | str]:
    """Replaces the answers by those of an uploaded file; returns its problems, and then changes nothing."""
    try:
        answers = intake.parse_text(content, book, name)
    except InputError as error:
        return list(error.problems)
    replace(answers.plain())
    return []


def to_yaml(answers: Answers) -> bytes:
    """The content of an answers file, UTF-8."""
    return yaml.safe_dump(answers.plain(), sort_keys=False, allow_unicode=True).encode()


def applicable(answers: Answers, engine: Engine) -> frozenset[str]:
    """The fields of the questions that apply, or may apply, under these answers; by the engine's own truth."""
    facts = derive(tabulate([answers], engine.book), engine.book, engine.day)
    return frozenset(
        field
        for field, question in engine.book.questions.items()
        if question.applies_when is None or evaluate(question.applies_when, facts, engine.book, engine.day)[0] != FALSE
    )


def answered(field: str) -> bool:
    """Whether the user has said something about a question, be it that it does not apply."""
    value = plain().get(field)
    return value == DOES_NOT_APPLY or (value is not None and value != NOT_KNOWN)
