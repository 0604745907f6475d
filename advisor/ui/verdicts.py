"""The advice of the session, worked out once per set of answers and kept in the session, never in a shared cache."""

from __future__ import annotations

from typing import Any

import streamlit as st

from advisor.intake.answers import Answers
from advisor.reasoning.advice import Advice
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine

KEPT = "advice_kept"


def advice_for(answers: Answers, engine: Engine) -> Advice:
    """The advice on these answers; the same value again while answers, rulebook, day and measurement stay."""
    measured = engine.measurement.digest if engine.measurement else ""
    key: tuple[Any, ...] = (answers, engine.book.digest, engine.day, measured)
    kept = st.session_state.get(KEPT)
    if kept is None or kept[0] != key:
        kept = (key, advise(answers, engine))
        st.session_state[KEPT] = kept
    advice: Advice = kept[1]
    return advice
