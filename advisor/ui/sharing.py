"""Share by a link that carries the answers, and open such a link into a new draft. The server keeps nothing of it."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from advisor.errors import InputError
from advisor.intake import answers as intake
from advisor.knowledge.domain import Rulebook
from advisor.language import say
from advisor.ui import draft, link
from advisor.ui.wording import literal

OPENED = "link_outcome"


def arrive(book: Rulebook) -> bool:
    """Opens the link that the page was asked for with, if any; whether its answers are the session's now.

    A link that is not valid changes nothing; `outcome` says why.
    """
    value = st.query_params.get(link.PARAMETER)
    if value is None:
        return False
    del st.query_params[link.PARAMETER]
    try:
        answers = intake.parse(link.decode(value), book, "link")
    except InputError as error:
        st.session_state[OPENED] = [str(problem) for problem in error.problems]
        return False
    draft.replace(answers.plain())
    st.session_state[OPENED] = []
    return True


def outcome() -> None:
    """Says once what became of a link."""
    problems = st.session_state.pop(OPENED, None)
    if problems is None:
        return
    if problems:
        st.error(say("This link is not valid, and nothing was changed:"))
        for problem in problems[:8]:
            st.markdown(f"- {literal(problem)}")
        return
    st.success(say("The answers of the link are open here as a draft of your own."), icon=":material/check:")


def button(book: Rulebook) -> None:
    """Draws the button that shows the link to the present answers."""
    with st.popover(
        say("Share by link"), icon=":material/link:", disabled=not draft.plain(), width="stretch", key="share"
    ):
        st.markdown(say("The link holds the answers themselves. Whoever opens it gets a copy of their own."))
        try:
            value = link.encode(draft.read(book).answers.plain())
        except InputError as error:
            st.warning(literal(error.problems[0]))
            return
        url: object = st.context.url
        at = urlsplit(url if isinstance(url, str) else "")
        st.code(f"{at.scheme}://{at.netloc}/?{link.PARAMETER}={value}", language=None, wrap_lines=True)
