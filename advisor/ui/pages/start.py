"""The first page: what this is, and three ways in: answer, load a file, look at an example."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.knowledge.domain import Case, Rulebook
from advisor.ui import draft, knowledge
from advisor.ui.steps import steps
from advisor.ui.wording import literal, spoken

UPLOAD_MB = 5
OUTCOME = "load_outcome"


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the start page."""
    book = knowledge.session_engine().book
    st.title("Should you prompt, fine-tune, or do both?", anchor=False)
    st.markdown(
        "You have a task for an AI model and must decide how to adapt it. Answer what you know about the task, the "
        "data and the means, and get a recommendation that shows its working."
    )
    _promise()
    asked = steps(book)
    first = pages[asked[0].slug]
    label = "Continue with the questions" if draft.plain() else "Start with the questions"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(label, type="primary", key="begin", icon=":material/arrow_forward:", icon_position="right"):
            st.switch_page(first)
        if draft.plain() and st.button("Go to the advice", key="to-result"):
            st.switch_page(pages["result"])
    st.caption(
        f"{len(book.questions)} questions in {len(asked)} short steps, about ten minutes. None is compulsory: leave "
        "open what you do not know, and the advice says how much that matters."
    )
    _load(pages, book)
    _examples(pages, book)


def _promise() -> None:
    cards = (
        (":material/balance:", "A verdict with its reasons", "Every rule that spoke, the answer it read, its source."),
        (":material/payments:", "Costs and time as ranges", "Set-up, monthly and in total, each line with its origin."),
        (":material/alt_route:", "What would change it", "The smallest change of an answer that turns the advice."),
    )
    for column, (icon, title, text) in zip(st.columns(len(cards)), cards, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"{icon} **{title}**")
            st.caption(text)


def _load(pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    st.subheader("Go on from a saved file", anchor=False)
    st.file_uploader(
        "Answers file (YAML or JSON)",
        type=["yaml", "yml", "json"],
        key="upload-answers",
        max_upload_size=UPLOAD_MB,
        on_change=_loaded,
        args=(book,),
    )
    outcome = st.session_state.get(OUTCOME)
    if outcome is None:
        return
    name, problems = outcome
    if problems:
        st.error(f"{literal(name)} was not loaded; your present answers are unchanged. Mend this and load it again:")
        for problem in problems:
            st.markdown(f"- {literal(problem)}")
        return
    st.success(f"{literal(name)} is loaded.", icon=":material/check:")
    with st.container(horizontal=True):
        if st.button("See the advice", key="loaded-result"):
            st.switch_page(pages["result"])
        if st.button("Check the answers", key="loaded-check"):
            st.switch_page(pages["check"])
        if draft.replaced():
            st.button("Bring my earlier answers back", key="undo-load", type="tertiary", on_click=_undo)


def _examples(pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    st.subheader("Look at an example", anchor=False)
    cases = {case.id: case for case in book.cases}
    chosen = st.selectbox(
        "Worked cases that the rulebook must answer rightly",
        list(cases),
        index=None,
        format_func=lambda name: cases[name].title,
        placeholder="Choose a case",
        key="example",
    )
    if chosen is not None:
        st.caption(_about(cases[chosen], book))
    disabled = chosen is None
    if st.button("Open this example", key="open-example", disabled=disabled) and chosen is not None:
        case = cases[chosen]
        draft.replace({"name": case.title, **case.answers})
        st.session_state.pop(OUTCOME, None)
        st.switch_page(pages["result"])


def _about(case: Case, book: Rulebook) -> str:
    expected = " or ".join(spoken(name) for name in case.recommendation if name)
    return (
        f"{len(case.answers)} answers; the rulebook's own test expects {expected}. It takes the place of your answers."
    )


def _loaded(book: Rulebook) -> None:
    file = st.session_state["upload-answers"]
    if file is None:
        st.session_state.pop(OUTCOME, None)
        return
    st.session_state[OUTCOME] = (file.name, draft.load(file.getvalue(), file.name, book))


def _undo() -> None:
    draft.undo_replace()
    st.session_state.pop(OUTCOME, None)
