"""The result."""

from __future__ import annotations
import streamlit as st
from advisor.reasoning.advise import advise
from advisor.ui import draft, knowledge


def draw(pages, all_steps):
    engine = knowledge.session_engine()
    advice = advise(draft.read(engine.book).answers, engine)
    st.title(advice.headline)
