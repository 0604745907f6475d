"""Who is at the page, and the store of their work; without sign-in everyone on this machine is the same nobody."""

from __future__ import annotations

import streamlit as st

from advisor.language import say
from advisor.store import Store


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The store of this server, opened once and brought to the present schema."""
    return Store.open()


def configured() -> bool:
    """Whether the operator set sign-in up (section [auth] of Streamlit's secrets)."""
    return "is_logged_in" in st.user


def owner() -> str | None:
    """Whose work is shown: the e-mail address that was signed in with, empty without sign-in, None before it."""
    if not configured():
        return ""
    if not st.user.get("is_logged_in"):
        return None
    email = st.user.get("email") if st.user.get("email_verified", True) else None  # shares go by the address
    return str(email or st.user.get("sub") or "") or None


def required() -> str | None:
    """The owner; where sign-in is due, draws its button and returns None."""
    who = owner()
    if who is None:
        st.info(say("Sign in to see your work. Others see only what you share."))
        st.button(say("Sign in"), key="sign-in", on_click=st.login, type="primary")
    return who


def sign_out() -> None:
    """Draws who is signed in, and the button to leave; nothing without sign-in."""
    who = owner()
    if who:
        st.caption(say("Signed in as {who}", who=who))
        st.button(say("Sign out"), key="sign-out", on_click=st.logout)
