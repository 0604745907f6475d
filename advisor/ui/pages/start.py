"""The first page: what this is, and the ways in: a short or a full interview, a file, your data, an example."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import InputError
from advisor.intake.data_file import SIZE_LIMIT, read_data
from advisor.knowledge.domain import Case, Rulebook
from advisor.knowledge.wording import approach_words
from advisor.language import say, say_many
from advisor.ui import draft, knowledge, order
from advisor.ui.tongue import spoken as speaking
from advisor.ui.wording import answer_in_words, literal

UPLOAD_MB = 5
DATA_MB = SIZE_LIMIT // 1_000_000
OUTCOME = "load_outcome"
DATA_OUTCOME = "data_outcome"


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the start page."""
    book = knowledge.session_engine().book
    st.title(say("Should you prompt, fine-tune, or do both?"), anchor=False)
    st.markdown(
        say(
            "You have a task for an AI model and must decide how to adapt it. Answer what you know about the task, the "
            "data and the means, and get a recommendation that shows its working."
        )
    )
    _ways_in(pages, book)
    _promise()
    _data(pages, book)
    _load(pages, book)
    _examples(pages, book)


def _ways_in(pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    six = sum(question.express for question in book.questions.values())
    ways = (
        (
            order.EXPRESS,
            say("Express: {count} questions", count=six),
            say("About two minutes. The questions that usually matter most, the most valuable first."),
        ),
        (
            order.FULL,
            say("Full interview"),
            say("About ten minutes. One question after the other, until no open one can change the verdict."),
        ),
    )
    for column, (mode, title, text) in zip(st.columns(len(ways)), ways, strict=True):
        with column.container(border=True, height="stretch"):
            if st.button(
                title,
                type="primary" if mode == order.EXPRESS else "secondary",
                key=f"begin-{mode}",
                icon=":material/arrow_forward:",
                width="stretch",
            ):
                order.begin(mode)
                st.switch_page(pages["interview"])
            st.caption(text)
    text = "None of the {count} questions is compulsory: leave open what you do not know, and the advice says how much that matters."  # noqa: E501
    st.caption(say(text, count=len(book.questions)))
    if draft.plain():
        count = len(draft.read(book).answers.given)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(say_many("You have {count} answer here.", "You have {count} answers here.", count))
            if st.button(say("Go to the advice"), key="to-result"):
                st.switch_page(pages["result"])
            st.button(say("Start afresh"), key="afresh", type="tertiary", on_click=_afresh)


def _afresh() -> None:
    draft.replace({})
    order.begin(order.mode())


def _promise() -> None:
    cards = (
        (
            ":material/balance:",
            say("A verdict with its reasons"),
            say("Every rule that spoke, the answer it read, its source."),
        ),
        (
            ":material/payments:",
            say("Costs and time as ranges"),
            say("Set-up, monthly and in total, each line with its origin."),
        ),
        (
            ":material/alt_route:",
            say("What would change it"),
            say("The smallest change of an answer that turns the advice."),
        ),
    )
    for column, (icon, title, text) in zip(st.columns(len(cards)), cards, strict=True):
        with column:
            st.markdown(f"{icon} **{title}**")
            st.caption(text)


def _data(pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    st.subheader(say("Begin with your data"), anchor=False)
    st.caption(say("A file of labelled examples answers some of the questions for you."))
    st.file_uploader(
        say("Labelled examples (CSV or JSON lines, with a text and its right answer)"),
        type=["csv", "jsonl", "ndjson"],
        key="upload-data",
        max_upload_size=DATA_MB,
        on_change=speaking(_examined),
    )
    outcome = st.session_state.get(DATA_OUTCOME)
    if outcome is None:
        return
    name, problems, found = outcome
    if problems:
        st.error(say("{name} could not be read:", name=literal(name)))
        st.markdown("\n".join(f"- {literal(problem)}" for problem in problems))
        return
    text = "{name} answers these; they are marked as detected, and you may change each. Nothing of the file is kept."
    st.success(say(text, name=literal(name)), icon=":material/manage_search:")
    lines = []
    for field, how in found.items():
        question = book.questions[field]
        said = answer_in_words(question, draft.plain().get(field), book)
        lines.append(f"- {literal(say(question.ask))} **{literal(said)}** :gray[{literal(how)}]")
    st.markdown("\n".join(lines))
    if st.button(say("Answer the rest"), key="data-go", type="primary"):
        order.begin(order.EXPRESS)
        st.switch_page(pages["interview"])


def _examined() -> None:
    file = st.session_state["upload-data"]
    if file is None:
        st.session_state.pop(DATA_OUTCOME, None)
        return
    try:
        found = read_data(file.getvalue(), file.name)
    except InputError as error:
        st.session_state[DATA_OUTCOME] = (file.name, [str(problem) for problem in error.problems], {})
        return
    draft.prefill(found.answers, found.derived)
    st.session_state[DATA_OUTCOME] = (file.name, [], dict(found.derived))


def _load(pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    st.subheader(say("Go on from a saved file"), anchor=False)
    st.file_uploader(
        say("Answers file (YAML or JSON)"),
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
        text = "{name} was not loaded; your present answers are unchanged. Mend this and load it again:"
        st.error(say(text, name=literal(name)))
        for problem in problems:
            st.markdown(f"- {literal(problem)}")
        return
    st.success(say("{name} is loaded.", name=literal(name)), icon=":material/check:")
    with st.container(horizontal=True):
        if st.button(say("See the advice"), key="loaded-result"):
            st.switch_page(pages["result"])
        if st.button(say("Check the answers"), key="loaded-check"):
            st.switch_page(pages["check"])
        if draft.replaced():
            st.button(say("Bring my earlier answers back"), key="undo-load", type="tertiary", on_click=_undo)


def _examples(pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    st.subheader(say("Look at an example"), anchor=False)
    cases = {case.id: case for case in book.cases}
    chosen = st.selectbox(
        say("Worked cases that the rulebook must answer rightly"),
        list(cases),
        index=None,
        format_func=lambda name: say(cases[name].title),
        placeholder=say("Choose a case"),
        key="example",
    )
    if chosen is not None:
        st.caption(_about(cases[chosen]))
    disabled = chosen is None
    if st.button(say("Open this example"), key="open-example", disabled=disabled) and chosen is not None:
        case = cases[chosen]
        draft.replace({"name": case.title, **case.answers})
        st.session_state.pop(OUTCOME, None)
        st.switch_page(pages["result"])


def _about(case: Case) -> str:
    expected = say(" or ").join(approach_words(name) for name in case.recommendation if name)
    text = "{count} answers; the rulebook's own test expects {expected}. It takes the place of your answers."
    return say(text, count=len(case.answers), expected=expected)


def _loaded(book: Rulebook) -> None:
    file = st.session_state["upload-answers"]
    if file is None:
        st.session_state.pop(OUTCOME, None)
        return
    st.session_state[OUTCOME] = (file.name, draft.load(file.getvalue(), file.name, book))


def _undo() -> None:
    draft.undo_replace()
    st.session_state.pop(OUTCOME, None)
