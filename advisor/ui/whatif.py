"""What if: a few answers to move, and the verdict at once. Nothing here changes the answers until it is taken over."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from advisor.intake.answers import Answer, Answers
from advisor.intake.facts import tabulate
from advisor.knowledge.domain import APPROACHES, Quantity, Question
from advisor.knowledge.wording import approach_words
from advisor.language import say
from advisor.reasoning.advice import Advice
from advisor.reasoning.engine import ABSTAIN, TIE, Engine, Outcome
from advisor.reasoning.variants import variants
from advisor.reports.document import ChartSpec, Mark, Series
from advisor.reports.figures import exact
from advisor.ui import draft
from advisor.ui.drawing import draw_chart
from advisor.ui.tongue import spoken
from advisor.ui.wording import literal

POINTS = 31
SOURCE = "score = sum over the criteria of weight share × points of the rules, with this answer moved"
PROPER = {"number", "integer", "share", "usd", "choice"}


def panel(advice: Advice, answers: Answers, engine: Engine) -> None:
    """Draws the panel: one answer to choose, a slider over its span, the verdict there and the scores along the way."""
    fields = _fields(advice, answers, engine)
    if not fields:
        return
    st.subheader(say("Move an answer and see"), anchor=False)
    st.fragment(spoken(_moving))(fields, _turns(advice), answers, engine)


def _fields(advice: Advice, answers: Answers, engine: Engine) -> list[str]:
    """The answered questions that a slider can move: those whose change flips the advice first."""
    flipping = [change.field for flip in advice.flips for change in flip.changes]
    rest = [name for name in answers.given if name in engine.informative]
    questions = engine.book.questions
    return [name for name in dict.fromkeys([*flipping, *rest]) if questions[name].kind in PROPER and answers.get(name)]


def _turns(advice: Advice) -> dict[str, list[float]]:
    """The numbers at which one answer alone turns the advice, by field; the slider stops at each."""
    found: dict[str, list[float]] = {}
    for flip in advice.flips:
        change = flip.changes[0]
        if len(flip.changes) == 1 and isinstance(change.to, int | float):
            found.setdefault(change.field, []).append(float(change.to))
    return found


def _moving(fields: list[str], turns: Mapping[str, list[float]], answers: Answers, engine: Engine) -> None:
    questions = engine.book.questions
    field = st.selectbox(
        say("Answer to move"), fields, key="whatif-field", format_func=lambda name: say(questions[name].ask)
    )
    question = questions[field]
    values = _values(question, answers.given[field], turns.get(field, []))
    now = min(range(len(values)), key=lambda place: _distance(values[place], answers.given[field]))
    key = f"whatif:{field}"
    shown = {place: _shown(question, value) for place, value in enumerate(values)}
    place = st.select_slider(
        say(question.ask), list(shown), value=now, key=key, format_func=lambda index: shown[index],
        label_visibility="collapsed",
    )  # fmt: skip
    outcome = engine.decide(variants(tabulate([answers], engine.book), [{field: value} for value in values]))
    _verdict(outcome.status[place], int(outcome.leader[place]), place == now)
    if question.numeric:
        draw_chart(_scores(question, values, outcome, engine))
    if place != now:
        st.button(
            say("Take this answer over"), key="whatif-take", on_click=draft.put, args=(field, values[place].plain())
        )


def _values(question: Question, answer: Answer, turns: list[float]) -> list[Answer]:
    """The places of the slider: every option, or numbers over the common span, the present one and the turns."""
    if not question.numeric:
        return [Answer("word", word=value) for value in question.values]
    low, high = question.typical
    low, high = min(low, answer.likely, *turns), max(high, answer.likely, *turns)
    if question.kind == "share" or high - low < POINTS:
        found = np.linspace(low, high, POINTS)
    else:
        found = np.geomspace(max(low, high / 1e4, 1e-6), high, POINTS - 1)
        found = np.concatenate([[low], found])
    whole = question.kind == "integer"
    neat = {float(round(value)) if whole else float(f"{value:.3g}") for value in found.tolist()}
    numbers = sorted({*neat, answer.likely, *turns})
    return [Answer("number", low=value, likely=value, high=value) for value in numbers]


def _distance(value: Answer, answer: Answer) -> float:
    return float(value.word != answer.word) if answer.kind == "word" else abs(value.likely - answer.likely)


def _shown(question: Question, value: Answer) -> str:
    if question.numeric:
        return exact(value.likely, question.unit or "")
    labels = {option.value: say(option.label) for option in question.options}
    return labels[value.word]


def _verdict(status: int, leader: int, unmoved: bool) -> None:
    if status == ABSTAIN or leader < 0:
        text = say("Then nothing can be recommended.")
    elif status == TIE:
        text = say("Then it is a tie, led by {approach}.", approach=approach_words(APPROACHES[leader]))
    else:
        text = say("Then the advice is {approach}.", approach=approach_words(APPROACHES[leader]))
    st.markdown(f"**{literal(text)}**" + (f" :gray[{say('As you answered.')}]" if unmoved else ""))


def _scores(question: Question, values: list[Answer], outcome: Outcome, engine: Engine) -> ChartSpec:
    """The score of each approach along the answer, drawn only where it is not ruled out."""
    unit = question.unit or ""
    all_series = (
        Series(
            say(engine.book.approaches[name].title),
            tuple(
                Mark(
                    _shown(question, value),
                    Quantity(float(outcome.totals[step, column]), "points", "estimated", SOURCE),
                    at=Quantity(value.likely, unit, "stated", "the slider"),
                )
                for step, value in enumerate(values)
                if outcome.eligible[step, column]
            ),
        )
        for column, name in enumerate(APPROACHES)
    )
    series = tuple(one for one in all_series if one.marks)
    best = [APPROACHES[leader] for leader in outcome.leader.tolist() if leader >= 0]
    titles = [say(engine.book.approaches[name].title) for name in dict.fromkeys(best)] or [say("none of them")]
    logarithmic = values[0].likely > 0 and values[-1].likely / values[0].likely > 30
    return ChartSpec(
        id="whatif",
        kind="line",
        title=say("Scores along this answer"),
        axis=say("score, points"),
        alt=say("First along the way, from low to high: {approaches}.", approaches=", ".join(titles)),
        series=series,
        across=f"{say(question.ask)} ({say(unit)})" if unit else say(question.ask),
        across_scale="log" if logarithmic else "linear",
    )
