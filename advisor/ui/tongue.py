"""The language of one session. A run of a page speaks it; so must what runs outside of one (callbacks, downloads)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from advisor.language import LANGUAGES, SOURCE, using

KEY = "language"
Given = ParamSpec("Given")
Made = TypeVar("Made")


def language() -> str:
    """The language of this session, one of LANGUAGES: the one chosen, else the browser's if we speak it."""
    chosen: str | None = st.session_state.get(KEY)
    if chosen is None:
        locale: object = st.context.locale  # no text where no browser asks
        chosen = locale.partition("-")[0].lower() if isinstance(locale, str) else SOURCE
    return chosen if chosen in LANGUAGES else SOURCE


def spoken(function: Callable[Given, Made]) -> Callable[Given, Made]:
    """The same function, speaking the language that the session has now; for callbacks, fragments and downloads."""
    now = language()

    @wraps(function)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        with using(now):
            return function(*args, **kwargs)

    return run


def choice() -> None:
    """Draws the choice of the language."""
    widget = f"w:{KEY}"
    st.session_state[widget] = language()
    st.selectbox(
        "Language · Sprache", list(LANGUAGES), key=widget, format_func=lambda code: LANGUAGES[code], on_change=_choose
    )


def _choose(*_: Any) -> None:
    st.session_state[KEY] = st.session_state[f"w:{KEY}"]
