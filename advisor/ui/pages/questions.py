"""One step of the questionnaire."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.intake.contradictions import clashes
from advisor.knowledge.readers import fields_read
from advisor.knowledge.wording import approach_words
from advisor.language import say
from advisor.reasoning.engine import Engine
from advisor.ui import draft, fields, knowledge, order
from advisor.ui.steps import Step
from advisor.ui.wording import literal


def draw(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...], step: Step) -> None:
    """Draws the questions of one step, and the way on at the bottom."""
    engine = knowledge.session_engine()
    present = draft.read(engine.book)
    position = all_steps.index(step)
    st.caption(say("Step {number} of {total}", number=position + 1, total=len(all_steps)))
    st.progress((position + 1) / len(all_steps))
    st.title(literal(step.heading), anchor=False)
    st.markdown(literal(say(step.intro)))
    shown = draft.applicable(present.answers, engine)
    for question in step.questions:
        if question.field in shown:
            fields.draw(question, engine.book, present.problems.get(question.field, ()))
    contradictions(engine, present)
    slugs = ["start", *(item.slug for item in all_steps), "check"]
    place = slugs.index(step.slug)
    way_on(pages[slugs[place - 1]], pages[slugs[place + 1]], still_open(engine, present))


def way_on(back: StreamlitPage, forward: StreamlitPage, status: str, onward: str = "") -> None:
    """Draws Back and Next (or another word for it) at the bottom of the window, with one quiet line above them."""
    with st.bottom, st.container(horizontal_alignment="center"), st.container(width=780):
        st.caption(status)
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            if st.button(say("Back"), key="back", icon=":material/arrow_back:"):
                st.switch_page(back)
            label = onward or say("Next")
            if st.button(label, key="next", type="primary", icon=":material/arrow_forward:", icon_position="right"):
                st.switch_page(forward)


def still_open(engine: Engine, present: draft.Draft) -> str:
    """Which approaches could still come first, as one quiet line."""
    names = order.still_open(present.answers, engine)
    titles = [approach_words(name) for name in names]
    if not titles:
        return say("Still open: none of the three is possible under these answers")
    if len(titles) == 1:
        return say("Decided by what you said: {approach}", approach=titles[0])
    return say("Still open: {approaches}", approaches=", ".join(titles))


def contradictions(engine: Engine, present: draft.Draft) -> None:
    """Points out, kindly, which answers do not go together; both are kept."""
    for rule in clashes(present.answers, engine.book, engine.day):
        fields = [say(engine.book.questions[name].ask) for name in fields_read(rule) if name in present.answers.given]
        with st.container(border=True, key=f"clash-{rule.id}"):
            st.markdown(f":material/compare_arrows: **{literal(say(rule.title))}**")
            st.markdown(literal(say(rule.because)))
            st.caption(say("It reads: {questions}", questions=literal(" · ".join(fields))))
