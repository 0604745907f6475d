"""The engine that the pages ask, shared between sessions: it holds the rule pack and the day, nothing personal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import streamlit as st

from advisor import locate
from advisor.intake.measurements import Measurement
from advisor.knowledge import rulebook
from advisor.reasoning.advise import engine as make_engine
from advisor.reasoning.engine import Engine

MEASUREMENT = "measurement"


def shipped_engine() -> Engine:
    """The engine of today without a measurement. Raises InputError where the rule pack is faulty."""
    folder = locate.rules_dir()
    return _engine(str(folder), rulebook.digest(folder), date.today())


def session_engine() -> Engine:
    """The engine of today with the measurement that this session has loaded, if any."""
    measurement: Measurement | None = st.session_state.get(MEASUREMENT)
    shared = shipped_engine()
    return shared if measurement is None else replace(shared, measurement=measurement)


@st.cache_resource(max_entries=2, show_spinner="Reading the rulebook …")
def _engine(folder: str, digest: str, day: date) -> Engine:
    return make_engine(Path(folder), day)
