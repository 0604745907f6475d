"""One step of the questionnaire."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.knowledge.domain import APPROACHES
from advisor.reasoning.engine import Engine
from advisor.ui import draft, fields, knowledge
from advisor.ui.steps import Step
from advisor.ui.wording import literal


def draw(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...], step: Step) -> None:
    """Draws the questions of one step, and the way on at the bottom."""
    engine = knowledge.session_engine()
    present = draft.read(engine.book)
    position = all_steps.index(step)
    st.caption(f"Step {position + 1} of {len(all_steps)}")
    st.progress((position + 1) / len(all_steps))
    st.title(literal(step.heading), anchor=False)
    st.markdown(literal(step.intro))
    shown = draft.applicable(present.answers, engine)
    for question in step.questions:
        if question.field in shown:
            fields.draw(question, engine.book, present.problems.get(question.field, ()))
    slugs = ["start", *(item.slug for item in all_steps), "check"]
    place = slugs.index(step.slug)
    way_on(pages[slugs[place - 1]], pages[slugs[place + 1]], still_possible(engine, present))


def way_on(back: StreamlitPage, forward: StreamlitPage, status: str) -> None:
    """Draws Back and Next at the bottom of the window, with one quiet line between them."""
    with st.bottom, st.container(horizontal_alignment="center"), st.container(width=780):
        st.caption(status)
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            if st.button("Back", key="back", icon=":material/arrow_back:"):
                st.switch_page(back)
            if st.button("Next", key="next", type="primary", icon=":material/arrow_forward:", icon_position="right"):
                st.switch_page(forward)


def still_possible(engine: Engine, present: draft.Draft) -> str:
    """Which approaches no answer so far has ruled out, as one line."""
    eligible = engine.decide_answers([present.answers]).eligible[0]
    titles = [
        engine.book.approaches[name].title.lower() for name, fits in zip(APPROACHES, eligible, strict=True) if fits
    ]
    return f"Possible: {', '.join(titles)}" if titles else "Possible: none of the three under these answers"
