"""Assessments that were saved: search, versions, what changed between two, open, share, delete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import AdvisorError
from advisor.knowledge.domain import Rulebook
from advisor.language import say, say_many, written
from advisor.store import Assessment, Version, difference
from advisor.ui import account, draft, knowledge
from advisor.ui.verdicts import advice_for
from advisor.ui.wording import literal

PRESENT = "saved-present"  # the assessment that the session's answers were opened from, or saved as
TROUBLE = "saved-trouble"


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the page."""
    st.title(say("Saved assessments"), anchor=False)
    owner = account.required()
    if owner is None:
        return
    book = knowledge.session_engine().book
    for problem in st.session_state.pop(TROUBLE, ()):
        st.error(literal(str(problem)))
    _save(owner)
    text = st.text_input(say("Search in names and answers"), key="saved-search", max_chars=200)
    found = account.store().search(owner, text)
    if not found:
        st.info(say("Nothing is saved yet.") if not text else say("No saved assessment contains this."))
    for each in found:
        _entry(each, owner, pages, book)


def _save(owner: str) -> None:
    held = draft.plain()
    if not held:
        st.caption(say("Answer some questions, and you can save them here."))
        return
    present = st.session_state.get(PRESENT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(say("Name"), value=str(held.get("name", "")), key="saved-name", max_chars=200)
        if present is None:
            st.button(say("Save"), key="saved-save", on_click=_on_save, args=(owner, None), type="primary")
            return
        st.button(
            say("Save as a new version"), key="saved-version", on_click=_on_save, args=(owner, present), type="primary"
        )
        st.button(say("Save separately"), key="saved-save", on_click=_on_save, args=(owner, None))


def _on_save(owner: str, assessment: str | None) -> None:
    engine = knowledge.session_engine()
    try:
        advice = advice_for(draft.read(engine.book).answers, engine)
        name = str(st.session_state.get("saved-name", "")).strip() or say("Without a name")
        verdict = advice.recommendation or advice.status
        held = draft.plain()
        kept = account.store().save_assessment(owner, name, held, verdict=verdict, assessment=assessment)
        st.session_state[PRESENT] = kept.assessment
        st.toast(say("Saved as version {number}.", number=kept.number))
    except AdvisorError as error:
        st.session_state[TROUBLE] = error.problems


def _entry(each: Assessment, owner: str, pages: Mapping[str, StreamlitPage], book: Rulebook) -> None:
    mine = each.owner == owner
    day = written(datetime.fromtimestamp(each.updated, UTC).date())
    count = say_many("{count} version", "{count} versions", each.number)
    approach = book.approaches.get(each.verdict)
    verdict = literal(say(approach.title)) if approach else say("No recommendation")
    title = f"{literal(each.name)} · {verdict} · {count} · {day}"
    shown = st.expander(title, key=f"saved-{each.id}", on_change="rerun")
    if not shown.open:
        return
    with shown:
        if not mine:
            st.caption(say("Shared by {who}", who=literal(each.owner)))
        versions = account.store().versions(each.id, owner)
        numbers = [version.number for version in versions]
        number = st.selectbox(
            say("Version"), numbers, index=len(numbers) - 1, key=f"saved-number-{each.id}", format_func=str
        )
        chosen = next(version for version in versions if version.number == number)
        with st.container(horizontal=True):
            if st.button(say("Open"), key=f"saved-open-{each.id}", icon=":material/folder_open:"):
                draft.replace(chosen.answers)
                st.session_state[PRESENT] = each.id if mine else None
                st.switch_page(pages["result"])
            if mine:
                with st.popover(say("Delete"), key=f"saved-delete-{each.id}"):
                    st.markdown(say("All versions go, and cannot be had again."))
                    gone = partial(_act, account.store().delete_assessment, each.id, owner)
                    st.button(say("Delete for good"), key=f"saved-gone-{each.id}", on_click=gone)
        if mine and owner:
            _share(each, owner)
        if len(versions) > 1:
            _differences(each, versions, chosen, book)


def _share(each: Assessment, owner: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        whom = st.text_input(say("Share with (e-mail address)"), key=f"saved-whom-{each.id}", max_chars=320)
        shared = partial(_act, account.store().share, each.id, owner, whom.strip())
        st.button(say("Share"), key=f"saved-share-{each.id}", on_click=shared, disabled=not whom.strip())


def _act(action: Any, *words: str) -> None:
    try:
        action(*words)
    except AdvisorError as error:
        st.session_state[TROUBLE] = error.problems


def _differences(each: Assessment, versions: list[Version], chosen: Version, book: Rulebook) -> None:
    others = [version for version in versions if version.number != chosen.number]
    before = st.selectbox(
        say("Compare with version"), others, index=len(others) - 1, key=f"saved-before-{each.id}",
        format_func=lambda version: str(version.number),
    )  # fmt: skip
    changes = difference(before, chosen)
    if not changes:
        st.caption(say("The answers are the same."))
        return
    columns = (say("Question"), say("Before"), say("Now"))
    rows = []
    for field, pair in changes.items():
        question = book.questions.get(field)
        asked = say(question.ask) if question else field
        rows.append(dict(zip(columns, (asked, *(_shown(value) for value in pair)), strict=True)))
    st.dataframe(rows, key=f"saved-diff-{each.id}", hide_index=True)


def _shown(value: Any) -> str:
    if value is None:
        return say("not known")
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)
