"""The frame around every page: addresses, the list of pages, undo, the way to save and share, the language."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import AdvisorError
from advisor.knowledge.domain import Rulebook
from advisor.language import say, using
from advisor.ui import account, draft, keeping, knowledge, sharing, tongue
from advisor.ui.pages import (
    benchmarks,
    check,
    compare,
    interview,
    portfolio,
    questions,
    record,
    result,
    rules,
    saved,
    start,
)
from advisor.ui.steps import Step, steps
from advisor.ui.wording import literal

ICON = Path(__file__).with_name("icon.svg")  # a named icon would be fetched from another machine
SIDEBAR = 320  # the longest step has to fit
WIDE = {"benchmarks", "saved", "result", "compare", "portfolio", "rules", "record"}


def run() -> None:
    """Draws the frame and the page asked for, in the language of the session."""
    st.set_page_config(
        page_title="Advisor", page_icon=ICON, layout="wide", menu_items={}, initial_sidebar_state=SIDEBAR
    )
    keeping.resume()
    try:
        with using(tongue.language()):
            _run()
    finally:
        keeping.keep()


def _run() -> None:
    try:
        engine = knowledge.session_engine()
    except AdvisorError as error:
        st.error(say("The rulebook could not be read."))
        for problem in error.problems:
            st.text(str(problem))
        return
    all_steps = steps(engine.book)
    pages = _pages(all_steps)
    page = st.navigation(list(pages.values()), position="hidden")
    if sharing.arrive(engine.book):
        st.switch_page(pages["check"])
    _sidebar(pages, all_steps, engine.book, page)
    with st.container(horizontal_alignment="center"), st.container(width=page_width(page.url_path)):
        sharing.outcome()
        page.run()


def page_width(slug: str) -> int:
    """The widest that a page's content gets, in pixels."""
    return 1080 if slug in WIDE else 780


def _pages(all_steps: tuple[Step, ...]) -> dict[str, StreamlitPage]:
    pages: dict[str, StreamlitPage] = {}
    pages["start"] = st.Page(partial(start.draw, pages), title=say("Start"), url_path="start", default=True)
    pages["interview"] = st.Page(partial(interview.draw, pages), title=say("Interview"), url_path="interview")
    for step in all_steps:
        drawn = partial(questions.draw, pages, all_steps, step)
        pages[step.slug] = st.Page(drawn, title=step.heading, url_path=step.slug)
    more = {
        "check": (say("Check your answers"), partial(check.draw, pages, all_steps)),
        "result": (say("Your advice"), partial(result.draw, pages, all_steps)),
        "compare": (say("Compare scenarios"), partial(compare.draw, pages)),
        "portfolio": (say("Portfolio"), partial(portfolio.draw, pages)),
        "rules": (say("Rules"), partial(rules.draw, pages)),
        "record": (say("Our record"), partial(record.draw, pages)),
        "benchmarks": (say("Benchmarks"), partial(benchmarks.draw, pages)),
        "saved": (say("Saved assessments"), partial(saved.draw, pages)),
    }
    for slug, (title, draw) in more.items():
        pages[slug] = st.Page(draw, title=title, url_path=slug)
    return pages


def _sidebar(pages: dict[str, StreamlitPage], all_steps: tuple[Step, ...], book: Rulebook, page: StreamlitPage) -> None:
    with st.sidebar:
        st.markdown("### Advisor")
        st.caption(say("Prompting, fine-tuning or a hybrid"))
        st.page_link(pages["start"], label=say("Start"), icon=":material/home:")
        st.page_link(pages["interview"], label=say("Interview"), icon=":material/forum:")
        slugs = {step.slug for step in all_steps}
        with st.expander(say("All questions by topic"), expanded=page.url_path in slugs, key="topics"):
            for step in all_steps:
                done = sum(draft.answered(question.field) for question in step.questions)
                icon = ":material/radio_button_partial:" if done else ":material/radio_button_unchecked:"
                st.page_link(pages[step.slug], label=step.label, icon=icon)
        st.page_link(pages["check"], label=say("Check your answers"), icon=":material/fact_check:")
        st.page_link(pages["result"], label=say("Your advice"), icon=":material/lightbulb:")
        st.caption(say("More"))
        st.page_link(pages["compare"], label=say("Compare scenarios"), icon=":material/view_column:")
        st.page_link(pages["portfolio"], label=say("Portfolio"), icon=":material/scatter_plot:")
        st.page_link(pages["rules"], label=say("Rules"), icon=":material/gavel:")
        st.page_link(pages["record"], label=say("Our record"), icon=":material/history:")
        st.page_link(pages["benchmarks"], label=say("Benchmarks"), icon=":material/speed:")
        st.page_link(pages["saved"], label=say("Saved assessments"), icon=":material/inventory_2:")
        st.divider()
        _keep(book)
        tongue.choice()
        account.sign_out()
        version = literal(f"{book.version} ({book.as_of.isoformat()})")
        st.caption(say("Everything stays on this machine. Rulebook {version}.", version=version))


def _keep(book: Rulebook) -> None:
    """Undo, save and share."""
    st.button(
        say("Undo"), key="undo", on_click=draft.undo, icon=":material/undo:", disabled=not draft.can_undo(),
        width="stretch",
    )  # fmt: skip
    st.download_button(
        say("Save answers"),
        data=partial(draft.to_yaml, draft.read(book).answers),
        file_name="answers.yaml",
        mime="application/yaml",
        on_click="ignore",
        icon=":material/save:",
        disabled=not draft.plain(),
        key="save-sidebar",
        width="stretch",
    )
    sharing.button(book)
