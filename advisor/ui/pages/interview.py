"""The interview: one question a page, the most valuable first, and an end as soon as nothing open can matter."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.knowledge.domain import Question
from advisor.language import say, say_many
from advisor.reasoning.engine import Engine
from advisor.ui import draft, fields, knowledge, order
from advisor.ui.pages.questions import contradictions, still_open
from advisor.ui.wording import literal

WIDTH = 780


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the question whose turn it is, or the end."""
    engine = knowledge.session_engine()
    present = draft.read(engine.book)
    turn = order.turn(present.answers, engine)
    express = order.mode() == order.EXPRESS
    if turn.field is None:
        _end(pages, turn, express, present)
    else:
        _ask(engine.book.questions[turn.field], turn, express, engine, present)
        if turn.settled:
            st.info(say("No open question can change the verdict any more. You may stop here."), icon=":material/flag:")
    contradictions(engine, present)
    _ways(pages, turn, still_open(engine, present))


def _ask(question: Question, turn: order.Turn, express: bool, engine: Engine, present: draft.Draft) -> None:
    total = turn.number + turn.left
    if express:
        st.caption(say("Question {number} of {total}", number=turn.number, total=total))
        st.progress(turn.number / max(total, 1))
    else:
        more = say_many("{count} more can matter", "{count} more can matter", turn.left)
        st.caption(f"{say('Question {number}', number=turn.number)} · {more}")
    st.title(literal(say(question.ask)), anchor=False)
    fields.draw(question, engine.book, present.problems.get(question.field, ()), titled=False)


def _end(pages: Mapping[str, StreamlitPage], turn: order.Turn, express: bool, present: draft.Draft) -> None:
    count = len(present.answers.given)
    st.title(say("That is enough for an advice") if count else say("Nothing is answered yet"), anchor=False)
    st.markdown(say_many("You have answered {count} question.", "You have answered {count} questions.", count))
    if turn.settled:
        st.markdown(say("No open question can change the verdict any more."))
    elif express:
        st.markdown(say("More answers can still change the verdict; the advice says which matter most."))
        st.button(
            say("Go on with the questions that matter"),
            key="go-full",
            icon=":material/playlist_add:",
            on_click=order.begin,
            args=(order.FULL,),
        )
    st.page_link(pages["check"], label=say("Check your answers"), icon=":material/fact_check:")


def _ways(pages: Mapping[str, StreamlitPage], turn: order.Turn, status: str) -> None:
    """Back, Next and the way to the advice at the bottom of the window, with one quiet line above them."""
    with st.bottom, st.container(horizontal_alignment="center"), st.container(width=WIDTH):
        st.caption(status)
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            st.button(
                say("Back"), key="back", icon=":material/arrow_back:", on_click=order.back, disabled=order.at_start()
            )
            if turn.field is not None and st.button(say("See the advice"), key="to-advice", type="tertiary"):
                st.switch_page(pages["result"])
            _next(pages, turn)


def _next(pages: Mapping[str, StreamlitPage], turn: order.Turn) -> None:
    if turn.field is None:
        if st.button(say("See the advice"), key="to-advice", type="primary", icon=":material/lightbulb:"):
            st.switch_page(pages["result"])
        return
    label = say("Next") if draft.answered(turn.field) else say("Not known, next")
    st.button(
        label, key="next", type="primary", icon=":material/arrow_forward:", icon_position="right",
        on_click=order.forward,
    )  # fmt: skip
