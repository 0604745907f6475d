"""The engine that the pages ask, shared between sessions: it holds the rule pack and the day, nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import streamlit as st

from advisor import locate
from advisor.intake.measurements import Measurement
from advisor.knowledge import rulebook
from advisor.knowledge.domain import Rule, Rulebook
from advisor.knowledge.readers import readers
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


@st.cache_resource(max_entries=2, show_spinner=False)
def _readers(digest: str, _book: Rulebook) -> Mapping[str, tuple[Rule, ...]]:
    return readers(_book)


def readers_of(book: Rulebook) -> Mapping[str, tuple[Rule, ...]]:
    """The rules that read each question; worked out once per rule pack."""
    found: Mapping[str, tuple[Rule, ...]] = _readers(book.digest, book)
    return found
