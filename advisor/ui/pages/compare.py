"""Up to four scenarios side by side: verdict, cost, time and the answers, with what differs marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reasoning.advice import Advice, Ranked
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reports.figures import aside, figure, mark
from advisor.ui import draft, knowledge
from advisor.ui.runs import legend, line
from advisor.ui.wording import answer_in_words, literal

SCENARIOS = "scenarios"
ADVICES = "scenario_advices"
MOST = 4
DIFFERS = "◆"
Row = tuple[str, list[str]]


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the page."""
    engine = knowledge.session_engine()
    st.title(say("Compare scenarios"), anchor=False)
    st.markdown(say("Put up to four sets of answers side by side: yours as they are, yours after a change, a case."))
    _add(engine)
    held = kept()
    if not held:
        st.info(say("No scenario is here yet. Add your answers, change one of them, and add them again."))
        return
    advices = [_advice(name, plain, engine) for name, plain in held]
    _head(pages, held)
    _table(say("Verdict"), list(_verdicts(advices)), held)
    _table(say("Answers"), list(_answers(held, engine)), held)
    st.caption(say("{sign} marks what differs between the scenarios.", sign=DIFFERS))
    st.caption(legend(("estimated",)))


def kept() -> list[tuple[str, dict[str, Any]]]:
    """The scenarios of this session: a name and the answers of each."""
    return list(st.session_state.get(SCENARIOS, ()))


def keep(name: str, answers: Mapping[str, Any]) -> None:
    """Adds a scenario, unless there are four."""
    held = kept()
    if len(held) < MOST:
        names = {taken for taken, _ in held}
        fresh = next(text for text in (name, *(f"{name} ({n})" for n in range(2, MOST + 2))) if text not in names)
        st.session_state[SCENARIOS] = [*held, (fresh, dict(answers))]


def _add(engine: Engine) -> None:
    full = len(kept()) >= MOST
    present = draft.read(engine.book).answers
    name = present.name or say("My answers")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            say("Add my present answers"),
            key="scenario-mine",
            type="primary",
            icon=":material/add:",
            disabled=full or not present.given,
            on_click=keep,
            args=(name, present.plain()),
        )
        cases = {case.id: case for case in engine.book.cases}
        chosen = st.selectbox(
            say("Worked case"),
            list(cases),
            index=None,
            key="scenario-case",
            format_func=lambda key: say(cases[key].title),
            placeholder=say("Choose a case"),
            width=320,
        )
        case = cases.get(chosen or "")
        arguments = (say(case.title), case.answers) if case else ("", {})
        st.button(
            say("Add the case"), key="scenario-add-case", disabled=full or case is None, on_click=keep, args=arguments
        )
    if full:
        st.caption(say("Four scenarios are the most; remove one to add another."))


def _advice(name: str, plain: Mapping[str, Any], engine: Engine) -> Advice:
    """The advice on a scenario; kept in the session while answers and rulebook stay."""
    book: dict[Any, Advice] = st.session_state.setdefault(ADVICES, {})
    key = (repr(sorted(plain.items(), key=str)), engine.book.digest, engine.day, engine.measurement is not None)
    if key not in book:
        while len(book) >= 2 * MOST:
            book.pop(next(iter(book)))
        answers: Answers = intake.parse(plain, engine.book, name)
        book[key] = advise(answers, engine)
    return book[key]


def _head(pages: Mapping[str, StreamlitPage], held: list[tuple[str, dict[str, Any]]]) -> None:
    for index, (column, (name, plain)) in enumerate(zip(st.columns(len(held)), held, strict=True)):
        with column.container(border=True, key=f"scenario-{index}"):
            st.markdown(f"**{literal(name)}**")
            if st.button(say("Open"), key=f"open-scenario-{index}", icon=":material/edit:", width="stretch"):
                draft.replace(plain)
                st.switch_page(pages["check"])
            st.button(
                say("Remove"), key=f"drop-scenario-{index}", on_click=_drop, args=(index,), type="tertiary",
                width="stretch",
            )  # fmt: skip


def _drop(index: int) -> None:
    st.session_state[SCENARIOS] = [one for place, one in enumerate(kept()) if place != index]


def _table(title: str, rows: list[Row], held: list[tuple[str, dict[str, Any]]]) -> None:
    """One row a thing compared; a row that differs is marked by sign and by weight, never by colour alone."""
    st.subheader(title, anchor=False)
    labels, columns = [], [[] for _ in held]  # type: tuple[list[str], list[list[str]]]
    for label, cells in rows:
        differs = len(set(cells)) > 1
        labels.append(f"**{DIFFERS}\N{NO-BREAK SPACE}{label}**" if differs else label)
        for column, cell in zip(columns, cells, strict=True):
            column.append(f"**{cell}**" if differs else cell)
    names = [literal(name) for name, _ in held]
    st.table({" ": labels, **dict(zip(names, columns, strict=True))}, border="horizontal", hide_index=True, alt=title)


def _verdicts(advices: list[Advice]) -> Iterator[Row]:
    firsts = [advice.ranking[0] if advice.recommendation else None for advice in advices]
    none = say("No recommendation")
    yield say("Recommended"), [literal(item.title) if item else none for item in firsts]
    status = {"advice": say("advice"), "tie": say("tie"), "abstain": say("no recommendation")}
    yield say("Status"), [status[advice.status] for advice in advices]
    yield say("Technique"), [literal(item.technique_title) if item else "–" for item in firsts]
    yield say("How sure"), [_sure(advice) for advice in advices]
    costs = {
        say("Set-up"): lambda item: item.cost_usd.setup,
        say("Each month"): lambda item: item.cost_usd.monthly,
        say("Over the horizon"): lambda item: item.cost_usd.horizon_total,
        say("Lead time"): lambda item: item.lead_time_weeks,
    }
    for title, of in costs.items():
        yield title, [_amount(item, of) for item in firsts]
    yield say("Review by"), [advice.review_by.isoformat() for advice in advices]


def _sure(advice: Advice) -> str:
    value = advice.confidence.value
    if value is None:
        if advice.recommendation is None:
            return "–"
        lead = Quantity(advice.margin, "points", "estimated", "score of the first approach less that of the second")
        return say("ahead by {lead}", lead=literal(figure(lead)) + mark(lead.origin))
    return line((Quantity(100 * value, "%", "estimated", advice.confidence.basis),))


def _amount(item: Ranked | None, of: Any) -> str:
    if item is None:
        return "–"
    quantity = of(item).quantity()
    between = aside(quantity)
    return literal(figure(quantity)) + mark(quantity.origin) + (f" ({literal(between)})" if between else "")


def _answers(held: list[tuple[str, dict[str, Any]]], engine: Engine) -> Iterator[Row]:
    for question in engine.book.questions.values():
        values = [plain.get(question.field) for _, plain in held]
        if any(value is not None for value in values):
            cells = [literal(answer_in_words(question, value, engine.book)) for value in values]
            yield literal(say(question.ask)), cells
