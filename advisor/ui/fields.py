"""One question on the page: wording, help, why we ask, the widget for its kind, and what is wrong beside it.

A widget shows the session's answers and writes back through a callback; it never holds an answer of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from advisor.errors import Problem
from advisor.intake.answers import DOES_NOT_APPLY, NOT_KNOWN, RANGE_KEYS
from advisor.knowledge.domain import CRITERIA, Question, Rulebook
from advisor.language import message, say, say_many
from advisor.reports.figures import exact
from advisor.ui import draft, knowledge
from advisor.ui.wording import NOT_KNOWN_LABEL, literal, problem_in_words

MANY_OPTIONS = 6
SHARE_STEP = 0.05
NUMBER_WIDTH = 220
MOST_RULES = 5
RANGE_LABELS = {"low": message("Low"), "likely": message("Likely"), "high": message("High")}


def draw(question: Question, book: Rulebook, problems: Iterable[Problem], titled: bool = True) -> None:
    """Draws one question with its present answer; without its wording where the page's title says it already."""
    value = draft.plain().get(question.field)
    with st.container(border=True, key=f"question-{question.field}"):
        _wording(question, value, book, titled)
        if value == DOES_NOT_APPLY:
            st.info(say("Does not apply here, as you said."), icon=":material/block:")
        elif question.kind == "choice":
            _choice(question, value)
        elif question.kind == "model":
            _model(question, value)
        elif question.kind == "priorities":
            _weights(question, value, book)
        else:
            _number(question, value)
        how = draft.derivation(question.field)
        if how:
            st.caption(f":material/manage_search: {say('Detected in your data: {how}.', how=literal(how))}")
        for problem in problems:
            st.error(literal(problem_in_words(problem)), icon=":material/error:")


def _wording(question: Question, value: Any, book: Rulebook, titled: bool) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        if titled:
            st.markdown(f"**{literal(say(question.ask))}**", width="stretch")
        else:
            st.caption(literal(say(question.help)), width="stretch")
        with st.popover(say("Why we ask"), type="tertiary", key=f"why-{question.field}"):
            st.markdown(literal(say(question.why)))
            _read_by(question, book)
            if question.kind != "priorities":
                _absence(question.field, value)
    if titled:
        st.caption(literal(say(question.help)))


def _read_by(question: Question, book: Rulebook) -> None:
    rules = knowledge.readers_of(book).get(question.field, ())
    if not rules:
        return
    st.caption(say_many("{count} rule reads this answer", "{count} rules read this answer", len(rules)))
    titles = [f"- {literal(say(rule.title))}" for rule in rules[:MOST_RULES]]
    if len(rules) > MOST_RULES:
        titles.append(f"- {say('and {count} more, on the page Rules', count=len(rules) - MOST_RULES)}")
    st.markdown("\n".join(titles))


def _absence(field: str, value: Any) -> None:
    if value == DOES_NOT_APPLY:
        st.button(say("Answer it after all"), key=f"answer-{field}", on_click=draft.put, args=(field, None))
    else:
        label = say("This does not apply to us")
        st.button(label, key=f"absent-{field}", on_click=draft.put, args=(field, DOES_NOT_APPLY))


def _choice(question: Question, value: Any) -> None:
    key = f"w:{question.field}"
    options = [*question.values, NOT_KNOWN]
    labels = {option.value: say(option.label) for option in question.options} | {NOT_KNOWN: say(NOT_KNOWN_LABEL)}
    captions = [literal(say(option.help)) for option in question.options]
    st.session_state[key] = value if value in options else NOT_KNOWN
    if len(question.options) > MANY_OPTIONS:
        helps = {option.value: f"{say(option.label)} – {say(option.help)}" for option in question.options}
        st.selectbox(
            say(question.ask),
            options,
            key=key,
            format_func=lambda item: helps.get(item, labels[NOT_KNOWN]),
            label_visibility="collapsed",
            on_change=_write,
            args=(question.field, key),
        )
        return
    st.radio(
        say(question.ask),
        options,
        key=key,
        format_func=lambda item: labels[item],
        captions=[*captions, ""],
        label_visibility="collapsed",
        on_change=_write,
        args=(question.field, key),
    )


def _model(question: Question, value: Any) -> None:
    from advisor.knowledge.token_prices import check_model, known_models

    key = f"w:{question.field}"
    known = known_models()
    options = known if value is None or value in known else [value, *known]
    st.session_state[key] = value
    st.selectbox(
        say(question.ask),
        options,
        index=None,
        key=key,
        placeholder=say(NOT_KNOWN_LABEL),
        accept_new_options=True,
        label_visibility="collapsed",
        on_change=_write,
        args=(question.field, key),
    )
    unpriced = check_model(value, field=question.field) if isinstance(value, str) else None
    if unpriced is not None:
        st.warning(literal(problem_in_words(unpriced)), icon=":material/info:")


def _number(question: Question, value: Any) -> None:
    ranged = draft.is_range(question, value)
    if ranged:
        for column, key in zip(st.columns(len(RANGE_KEYS)), RANGE_KEYS, strict=True):
            with column:
                _number_input(question, say(RANGE_LABELS[key]), value.get(key), f"w:{question.field}:{key}", key)
    else:
        _number_input(question, say(question.ask), value, f"w:{question.field}", None)
    if question.default is not None and value is None:
        taken = exact(question.default, question.unit or "")
        st.caption(say("Left open, we take {amount}.", amount=literal(taken)))
    if question.range_allowed:
        key = f"r:{question.field}"
        st.session_state[key] = ranged
        st.toggle(say("Give a range"), key=key, on_change=_switch_range, args=(question.field, key))


def _number_input(question: Question, label: str, value: Any, key: str, part: str | None) -> None:
    st.session_state[key] = None if value is None else float(value)
    unit = say(question.unit) if question.unit else say("between 0 and 1") if question.kind == "share" else ""
    row = st.container(horizontal=True, wrap=False, vertical_alignment="center")
    row.number_input(
        label,
        value=None,
        step=SHARE_STEP if question.kind == "share" else 1.0,
        format="%g",
        key=key,
        placeholder=say(NOT_KNOWN_LABEL),
        label_visibility="visible" if part else "collapsed",
        width="stretch" if part else NUMBER_WIDTH,
        on_change=_write_number,
        args=(question.field, key, part),
    )
    if part is None:
        row.caption(literal(unit), width="content")


def _weights(question: Question, value: Any, book: Rulebook) -> None:
    weights = value if isinstance(value, Mapping) else {}
    st.caption(say("Your own weights.") if weights else say("Default weights: nothing has been changed."))
    for name in CRITERIA:
        criterion = book.criteria[name]
        key = f"w:{question.field}:{name}"
        st.session_state[key] = float(weights.get(name, criterion.weight))
        st.slider(
            say(criterion.title),
            0.0,
            5.0,
            step=0.5,
            format="%g",
            key=key,
            help=literal(f"{say(criterion.meaning)} {say('Default: {weight}.', weight=f'{criterion.weight:g}')}"),
            on_change=_write_weight,
            args=(question.field, name, key),
        )
    if weights:
        label = say("Back to the default weights")
        st.button(label, key="default-weights", on_click=draft.put, args=(question.field, None))


def _write(field: str, key: str) -> None:
    draft.put(field, st.session_state[key])


def _write_number(field: str, key: str, part: str | None) -> None:
    number = st.session_state[key]
    if number is not None and float(number).is_integer():
        number = int(number)
    if part is None:
        draft.put(field, number)
    else:
        draft.put(field, {**draft.plain().get(field, {}), part: number})


def _switch_range(field: str, key: str) -> None:
    value = draft.plain().get(field)
    if st.session_state[key]:
        draft.put(field, dict.fromkeys(RANGE_KEYS, value))
    else:
        draft.put(field, value.get("likely") if isinstance(value, Mapping) else value)


def _write_weight(field: str, criterion: str, key: str) -> None:
    weight = st.session_state[key]
    weight = int(weight) if float(weight).is_integer() else weight
    draft.put(field, {**draft.plain().get(field, {}), criterion: weight})
