"""From answers to facts: columns of N scenarios, with what follows from the answers alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from advisor.intake.answers import Answer, Answers
from advisor.intake.columns import ABSENT_CODE, UNKNOWN_CODE, Bools, Column, Facts, Floats, Numbers, Words
from advisor.intake.truth import FALSE, evaluate
from advisor.knowledge.domain import CRITERIA, Question, Rulebook

DIGITS = 9  # to which derived numbers count; what is beyond is noise of the arithmetic


def tabulate(scenarios: Sequence[Answers], book: Rulebook) -> Facts:
    """The answers of N scenarios as columns, one a question, without derived facts."""
    columns: dict[str, Column] = {}
    defaulted: set[str] = set()
    for name, question in book.questions.items():
        if question.kind == "priorities":
            continue
        answers = [scenario.get(name) for scenario in scenarios]
        if question.numeric:
            columns[name] = _numbers(question, answers)
            if question.default is not None and any(answer is None for answer in answers):
                defaulted.add(name)
        else:
            columns[name] = _words(question, answers)
    return Facts(len(scenarios), columns, weights(scenarios, book), frozenset(defaulted))


def weights(scenarios: Sequence[Answers], book: Rulebook) -> Floats:
    """The weight of each criterion in each scenario, shape (N, 5): the stated priorities over the defaults."""
    base = [book.criteria[name].weight for name in CRITERIA]
    table = np.tile(np.array(base), (len(scenarios), 1))
    for row, scenario in enumerate(scenarios):
        answer = scenario.get("priorities")
        if answer is not None:
            for name, weight in answer.weights.items():
                table[row, CRITERIA.index(name)] = weight
    return table


def derive(facts: Facts, book: Rulebook, day: date) -> Facts:
    """The same facts with inapplicable answers set aside and the facts that follow from the answers added."""
    facts = facts.with_columns(_applicable(facts, book, day))
    count, classes = facts.numbers("labelled_examples"), facts.numbers("class_count")
    weekly, deadline = facts.numbers("new_labels_per_week"), facts.numbers("deadline_weeks")
    error, success = facts.numbers("error_cost_usd"), facts.numbers("success_value_usd")
    derived = {
        "examples_per_class": _ratio(count, classes),
        "examples_ratio": _examples_ratio(facts, book, day),
        "examples_by_deadline": _combine(lambda c, w, d: c + w * np.maximum(d - 2, 0), count, weekly, deadline),
        "quality_shortfall": _difference(facts.numbers("target_quality"), facts.numbers("prompt_quality")),
        "break_even_quality": _share(error, success),
        "tokens_per_month": _combine(
            lambda r, i, o: r * (i + o),
            facts.numbers("requests_per_month"),
            facts.numbers("input_tokens"),
            facts.numbers("output_tokens"),
        ),
        "size_ratio": _ratio(facts.numbers("base_model_size_b"), facts.numbers("tunable_model_size_b")),
    }
    return facts.with_columns(derived)


def _numbers(question: Question, answers: Sequence[Answer | None]) -> Numbers:
    n = len(answers)
    low, likely, high = np.zeros(n), np.zeros(n), np.zeros(n)
    known, absent = np.zeros(n, bool), np.zeros(n, bool)
    for row, answer in enumerate(answers):
        if answer is None:
            if question.default is not None:
                low[row] = likely[row] = high[row] = question.default
                known[row] = True
        elif answer.kind == "does_not_apply":
            absent[row] = True
        else:
            low[row], likely[row], high[row] = answer.low, answer.likely, answer.high
            known[row] = True
    return Numbers(low, likely, high, known, absent)


def _words(question: Question, answers: Sequence[Answer | None]) -> Words:
    values = question.values
    if question.kind == "model":
        values = tuple(sorted({answer.word for answer in answers if answer is not None and answer.kind == "word"}))
    index = {word: code for code, word in enumerate(values)}
    codes = np.full(len(answers), UNKNOWN_CODE, np.int16)
    for row, answer in enumerate(answers):
        if answer is not None:
            codes[row] = ABSENT_CODE if answer.kind == "does_not_apply" else index[answer.word]
    return Words(codes, values)


def _applicable(facts: Facts, book: Rulebook, day: date) -> dict[str, Column]:
    changed: dict[str, Column] = {}
    for name, question in book.questions.items():
        if question.applies_when is None:
            continue
        outside = evaluate(question.applies_when, facts, book, day) == FALSE
        if not outside.any():
            continue
        column = facts.columns[name]
        if isinstance(column, Numbers):
            known, absent = column.known & ~outside, column.absent | outside
            changed[name] = Numbers(column.low, column.likely, column.high, known, absent)
        else:
            changed[name] = Words(np.where(outside, ABSENT_CODE, column.codes).astype(np.int16), column.values)
    return changed


def _joint(parts: Sequence[Numbers]) -> tuple[Bools, Bools]:
    known = np.logical_and.reduce([part.known for part in parts])
    absent = np.logical_or.reduce([part.absent for part in parts])
    return known & ~absent, absent


def _combine(formula: Callable[..., Any], *parts: Numbers) -> Numbers:
    """A quantity that grows with every part."""
    known, absent = _joint(parts)
    low = formula(*(part.low for part in parts))
    likely = formula(*(part.likely for part in parts))
    return Numbers(low, likely, formula(*(part.high for part in parts)), known, absent)


def _ratio(top: Numbers, bottom: Numbers) -> Numbers:
    known, absent = _joint((top, bottom))
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.nan_to_num(top.low / bottom.high, posinf=0.0)
        likely = np.nan_to_num(top.likely / bottom.likely, posinf=0.0)
        high = np.nan_to_num(top.high / bottom.low, posinf=0.0)
    return Numbers(low, likely, high, known & (bottom.low > 0), absent)


def _difference(top: Numbers, bottom: Numbers) -> Numbers:
    """A difference, rounded: 0.9 less 0.8 has to be at least 0.1."""
    known, absent = _joint((top, bottom))
    low, likely, high = (
        end.round(DIGITS) for end in (top.low - bottom.high, top.likely - bottom.likely, top.high - bottom.low)
    )
    return Numbers(low, likely, high, known, absent)


def _share(error: Numbers, success: Numbers) -> Numbers:
    known, absent = _joint((error, success))
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.nan_to_num(error.low / (error.low + success.high))
        likely = np.nan_to_num(error.likely / (error.likely + success.likely))
        high = np.nan_to_num(error.high / (error.high + success.low))
    return Numbers(low, likely, high, known & (error.likely + success.likely > 0), absent)


def _examples_ratio(facts: Facts, book: Rulebook, day: date) -> Numbers:
    count, kind, quality = facts.numbers("labelled_examples"), facts.words("task_kind"), facts.words("label_quality")
    needed = _lookup(book, "examples_needed", kind, day, missing=np.nan)
    factor = _lookup(book, "label_quality_factor", quality, day, missing=1.0)
    resolved = ~np.isnan(needed)
    whole = np.where(resolved, needed, 1.0)
    # Multiplied first: 5,000 examples that count 0.3 each are exactly what a task in need of 1,500 needs.
    low, likely, high = (end * factor / whole for end in (count.low, count.likely, count.high))
    return Numbers(low, likely, high, count.known & resolved, count.absent)


def _lookup(book: Rulebook, parameter: str, words: Words, day: date, missing: float) -> Floats:
    table = book.parameters[parameter].on(day)
    values = np.array([float(table.get(word, missing)) for word in words.values] + [missing])
    return values[np.where(words.codes >= 0, words.codes, len(words.values))]
