"""Check your answers: all of them by group, with links to change them and what is still worth answering."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from advisor.knowledge.domain import Quantity, Question
from advisor.language import say
from advisor.reasoning.advice import NextQuestion
from advisor.reasoning.engine import Engine
from advisor.reports.figures import exact
from advisor.ui import draft, knowledge
from advisor.ui.pages.questions import contradictions, still_open, way_on
from advisor.ui.runs import legend, line
from advisor.ui.steps import Step, step_of
from advisor.ui.verdicts import advice_for
from advisor.ui.wording import NOT_KNOWN_LABEL, answer_in_words, literal, problem_in_words


def draw(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...]) -> None:
    """Draws the check page."""
    engine = knowledge.session_engine()
    present = draft.read(engine.book)
    st.title(say("Check your answers"), anchor=False)
    count, total = len(present.answers.given), len(engine.book.questions)
    text = "You have answered {count} of {total} questions. The rest counts as not known."
    st.markdown(say(text, count=count, total=total))
    _head()
    _mistakes(pages, all_steps, present)
    contradictions(engine, present)
    _worth_answering(pages, all_steps, engine, present)
    shown = draft.applicable(present.answers, engine)
    for group in engine.book.groups:
        _group(pages, [step for step in all_steps if step.title == group.title], engine, present, shown)
    with st.container(horizontal=True):
        st.download_button(
            say("Save answers (YAML)"),
            data=lambda: draft.to_yaml(present.answers),
            file_name="answers.yaml",
            mime="application/yaml",
            on_click="ignore",
            icon=":material/save:",
            key="save-check",
        )
    label = say("See the advice")
    way_on(pages[all_steps[-1].slug], pages["result"], still_open(engine, present), label)


def _head() -> None:
    for field, label, most in (
        ("name", say("Name of this assessment"), 120),
        ("description", say("What it is about"), 1000),
    ):
        key = f"w:{field}"
        st.session_state[key] = str(draft.plain().get(field, ""))
        draw_input = st.text_input if field == "name" else st.text_area
        draw_input(
            label,
            key=key,
            max_chars=most,
            placeholder=say("Optional; stands on the report"),
            on_change=_write,
            args=(field,),
        )


def _write(field: str) -> None:
    draft.put(field, st.session_state[f"w:{field}"])


def _mistakes(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...], present: draft.Draft) -> None:
    for field, problems in present.problems.items():
        step = step_of(field, all_steps)
        with st.container(border=True):
            for problem in problems:
                left_out = say("It is left out until then.")
                st.error(f"**{literal(field)}** {literal(problem_in_words(problem))} {left_out}")
            st.page_link(pages[step.slug], label=say("Mend it"), icon=":material/edit:")


def _worth_answering(
    pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...], engine: Engine, present: draft.Draft
) -> None:
    open_questions = advice_for(present.answers, engine).next_questions
    st.subheader(say("What is still worth answering"), anchor=False)
    if not open_questions:
        st.markdown(say("No open question can change the verdict any more."))
        return
    st.caption(say("The share says how often the answer would decide, over many ways of answering the rest."))
    st.caption(legend(("estimated",)))
    for question in open_questions:
        slug = step_of(question.field, all_steps).slug
        with link_row(pages[slug], say("Answer")):
            st.markdown(f"{literal(say(question.ask))} :gray[{decides_in(question)}]")


def decides_in(question: NextQuestion) -> str:
    """The share of completions in which the answer to an open question decides, as a figure with its origin."""
    source = "completions of the open answers in which it decides, drawn at random"
    return line((Quantity(100 * question.value, "%", "estimated", source),))


def link_row(page: StreamlitPage, label: str) -> DeltaGenerator:
    """A row with a link at its end; what is drawn into the returned container stands before the link."""
    row = st.container(horizontal=True, wrap=False, vertical_alignment="center")
    text = row.container(width="stretch")
    row.page_link(page, label=label, icon=":material/edit:")
    return text


def _group(
    pages: Mapping[str, StreamlitPage],
    group_steps: list[Step],
    engine: Engine,
    present: draft.Draft,
    shown: frozenset[str],
) -> None:
    st.subheader(literal(say(group_steps[0].title)), anchor=False)
    for step in group_steps:
        for question in step.questions:
            if question.field in shown:
                with link_row(pages[step.slug], say("Change")):
                    ask, said = st.columns([3, 2.2], vertical_alignment="center", gap="xxsmall")
                    ask.markdown(literal(say(question.ask)))
                    said.markdown(_said(question, engine, present))


def _said(question: Question, engine: Engine, present: draft.Draft) -> str:
    answer = present.answers.get(question.field)
    if question.field in present.problems:
        return f":red[{say('Needs mending')}]"
    if answer is None:
        return f":gray[{_open(question)}]"
    said = f"**{literal(answer_in_words(question, answer.plain(), engine.book))}**"
    return f"{said} :gray[{say('detected')}]" if answer.origin == "detected" else said


def _open(question: Question) -> str:
    if question.kind == "priorities":
        return say("Default weights")
    if question.default is not None:
        taken = exact(question.default, question.unit or "")
        return say("Not known; {amount} taken", amount=literal(taken))
    return say(NOT_KNOWN_LABEL)
