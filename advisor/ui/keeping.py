"""Keeps a browser's draft and language in the store, under its cookie; without either the session keeps them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import streamlit as st

from advisor.ui import account, cookie, draft, tongue

if TYPE_CHECKING:
    from advisor.store.store import Store

RESUMED = "draft_resumed"
KEPT = "draft_kept"
MARKS = "_detected"
LANGUAGE = "_language"
log = logging.getLogger(__name__)


def resume() -> None:
    """Takes the answers up that this browser left, at the first run of a session that has none."""
    if st.session_state.get(RESUMED):
        return
    st.session_state[RESUMED] = True
    key, store = _key(), open_store()
    if key is None or store is None or draft.plain():
        return
    try:
        found = store.load_draft(key)
    except Exception:  # a draft that cannot be had must not keep the page from being drawn
        log.exception("the draft could not be read")
        return
    if found:
        if (language := found.pop(LANGUAGE, None)) is not None:
            st.session_state[tongue.KEY] = language
        draft.take_up(found.pop(MARKS, {}), found)
        st.session_state[KEPT] = _whole()


def keep() -> None:
    """Writes the answers down where they changed since."""
    whole = _whole()
    if whole == st.session_state.get(KEPT, {}):
        return
    key, store = _key(), open_store()
    if key is None or store is None:
        return
    try:
        store.save_draft(key, whole)
    except Exception:  # the session still has them, and the next change tries again
        log.exception("the draft could not be kept")
        return
    st.session_state[KEPT] = whole


def _whole() -> dict[str, Any]:
    marks = draft.marks()
    language = st.session_state.get(tongue.KEY)
    return {**draft.plain(), **({MARKS: marks} if marks else {}), **({LANGUAGE: language} if language else {})}


def _key() -> str | None:
    found: object = st.context.cookies.get(cookie.NAME)
    return found if isinstance(found, str) and cookie.FORM.fullmatch(found) else None


@st.cache_resource(show_spinner=False)
def open_store() -> Store | None:
    """The store of this server; None where it cannot be opened, which is logged once."""
    try:
        return account.store()
    except Exception:
        log.exception("drafts are kept in the session alone: the store could not be opened")
        return None
