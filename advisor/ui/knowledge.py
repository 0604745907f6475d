"""The engine that the pages ask, shared between sessions: it holds the rule pack and the day, nothing personal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
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
LOOK_SECONDS = 2  # how long a change of the rule pack may stay unseen; to look costs half of what an answer does


def shipped_engine() -> Engine:
    """The engine of today without a measurement. Raises InputError where the rule pack is faulty."""
    folder = locate.rules_dir()
    return _engine(str(folder), _digest(folder, int(time.monotonic() / LOOK_SECONDS)), date.today())


def session_engine() -> Engine:
    """The engine of today with the measurement that this session has loaded, if any."""
    measurement: Measurement | None = st.session_state.get(MEASUREMENT)
    shared = shipped_engine()
    return shared if measurement is None else replace(shared, measurement=measurement)


@lru_cache(maxsize=2)
def _digest(folder: Path, look: int) -> str:
    """The digest of the rule pack as it was at a look, of which there is one in LOOK_SECONDS."""
    return rulebook.digest(folder)


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
