"""The frame around every page: addresses, the list of steps, the way to save."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import AdvisorError
from advisor.knowledge.domain import Rulebook
from advisor.ui import draft, knowledge
from advisor.ui.pages import check, questions, result, start
from advisor.ui.steps import Step, steps
from advisor.ui.wording import literal

ICON = Path(__file__).with_name("icon.svg")  # a named icon would be fetched from another machine


def run() -> None:
    """Draws the frame and the page asked for."""
    st.set_page_config(page_title="Advisor", page_icon=ICON, layout="wide", menu_items={})
    try:
        engine = knowledge.session_engine()
    except AdvisorError as error:
        st.error("The rulebook could not be read.")
        for problem in error.problems:
            st.text(str(problem))
        return
    all_steps = steps(engine.book)
    pages = _pages(all_steps)
    page = st.navigation(list(pages.values()), position="hidden")
    _sidebar(pages, all_steps, engine.book)
    with st.container(horizontal_alignment="center"), st.container(width=page_width(page.url_path)):
        page.run()


def page_width(slug: str) -> int:
    """The widest that a page's content gets, in pixels."""
    return 1080 if slug == "result" else 780


def _pages(all_steps: tuple[Step, ...]) -> dict[str, StreamlitPage]:
    pages: dict[str, StreamlitPage] = {}
    pages["start"] = st.Page(partial(start.draw, pages), title="Start", url_path="start", default=True)
    for step in all_steps:
        drawn = partial(questions.draw, pages, all_steps, step)
        pages[step.slug] = st.Page(drawn, title=step.heading, url_path=step.slug)
    pages["check"] = st.Page(partial(check.draw, pages, all_steps), title="Check your answers", url_path="check")
    pages["result"] = st.Page(partial(result.draw, pages, all_steps), title="Your advice", url_path="result")
    return pages


def _sidebar(pages: dict[str, StreamlitPage], all_steps: tuple[Step, ...], book: Rulebook) -> None:
    with st.sidebar:
        st.markdown("### Advisor")
        st.caption("Prompting, fine-tuning or a hybrid")
        st.page_link(pages["start"], label="Start", icon=":material/home:")
        st.caption("Questions")
        for step in all_steps:
            done = sum(draft.answered(question.field) for question in step.questions)
            icon = ":material/radio_button_partial:" if done else ":material/radio_button_unchecked:"
            st.page_link(pages[step.slug], label=step.heading, icon=icon)
        st.caption("Advice")
        st.page_link(pages["check"], label="Check your answers", icon=":material/fact_check:")
        st.page_link(pages["result"], label="Your advice", icon=":material/lightbulb:")
        st.divider()
        answers = draft.read(book).answers
        st.download_button(
            "Save answers",
            data=partial(draft.to_yaml, answers),
            file_name="answers.yaml",
            mime="application/yaml",
            on_click="ignore",
            icon=":material/save:",
            disabled=not draft.plain(),
            key="save-sidebar",
            width="stretch",
        )
        st.caption(f"Everything stays on this machine. Rulebook {literal(book.version)} of {book.as_of:%d %B %Y}.")
