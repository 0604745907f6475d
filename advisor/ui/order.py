"""In which order the interview asks: the most valuable open question first, until none can change the verdict."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from advisor.intake.answers import Answers
from advisor.reasoning.engine import Engine
from advisor.reasoning.probe import Probe
from advisor.ui import draft

RANKED = "interview_ranked"
OPEN = "interview_open"
TRAIL = "interview_trail"
PLACE = "interview_place"
MODE = "interview_mode"
EXPRESS, FULL = "express", "full"


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: the question asked now (None at the end), its number from 1, and how many may follow at most.

    `settled` says that no open question can change the verdict any more.
    """

    field: str | None
    number: int
    left: int
    settled: bool


def mode() -> str:
    """The mode of this session's interview: express (the pack's six) or full."""
    chosen: str = st.session_state.get(MODE, EXPRESS)
    return chosen


def begin(chosen: str) -> None:
    """Starts an interview in a mode, with the answers that there are."""
    st.session_state[MODE] = chosen
    st.session_state[TRAIL], st.session_state[PLACE] = (), 0


def turn(answers: Answers, engine: Engine) -> Turn:
    """The question to ask now. Whatever was asked stays in its place, so that Back leads to it.

    The questions are ranked anew only where the next one is chosen, so that an answer shows at once.
    """
    trail: tuple[str, ...] = st.session_state.get(TRAIL, ())
    place: int = st.session_state.get(PLACE, 0)
    settled = len(still_open(answers, engine)) <= 1
    if place < len(trail):
        return Turn(trail[place], place + 1, len(trail) - place - 1 + _left(answers, engine, trail), settled)
    waiting = _waiting(answers, engine, trail)
    if not waiting:
        return Turn(None, len(trail) + 1, 0, not ranked(answers, engine))
    st.session_state[TRAIL] = (*trail, waiting[0])
    return Turn(waiting[0], place + 1, len(waiting) - 1, settled)


def _left(answers: Answers, engine: Engine, trail: tuple[str, ...]) -> int:
    """How many questions may follow those asked, by the last ranking."""
    if mode() == EXPRESS:
        return sum(field not in trail for field in _express(answers, engine))
    kept = st.session_state.get(RANKED)
    return sum(field not in trail and not draft.answered(field) for field in kept[1]) if kept else 0


def forward() -> None:
    """Goes on to the next question, or to the end."""
    st.session_state[PLACE] = st.session_state.get(PLACE, 0) + 1


def back() -> None:
    """Goes back to the question before."""
    st.session_state[PLACE] = max(0, st.session_state.get(PLACE, 0) - 1)


def at_start() -> bool:
    """Whether there is no question before this one."""
    return int(st.session_state.get(PLACE, 0)) == 0


def _waiting(answers: Answers, engine: Engine, trail: tuple[str, ...]) -> tuple[str, ...]:
    """The questions still to be asked, most valuable first; of the express ones those that do not matter come last."""
    valuable = ranked(answers, engine)
    if mode() == EXPRESS:
        open_ = _express(answers, engine)
        valuable = tuple(sorted(open_, key=lambda field: valuable.index(field) if field in valuable else len(valuable)))
    return tuple(field for field in valuable if field not in trail)


def _express(answers: Answers, engine: Engine) -> list[str]:
    """The express questions that apply and are open, in the order of the pack."""
    applies = draft.applicable(answers, engine)
    asked = (question.field for question in engine.book.questions.values() if question.express)
    return [field for field in asked if field in applies and not draft.answered(field)]


def ranked(answers: Answers, engine: Engine) -> tuple[str, ...]:
    """The open questions that can change the verdict, most valuable first; kept while the answers stay."""
    kept = st.session_state.get(RANKED)
    if kept is None or kept[0] != (answers.given, engine.book.digest):
        asked = Probe(engine, answers).next_questions(limit=len(engine.book.questions))
        kept = ((answers.given, engine.book.digest), tuple(question.field for question in asked))
        st.session_state[RANKED] = kept
    found: tuple[str, ...] = kept[1]
    return found


def still_open(answers: Answers, engine: Engine) -> tuple[str, ...]:
    """The approaches that could still come first, whatever the open answers are; kept while the answers stay."""
    measured = engine.measurement.digest if engine.measurement else ""
    key = (answers.given, engine.book.digest, measured)
    kept = st.session_state.get(OPEN)
    if kept is None or kept[0] != key:
        kept = (key, Probe(engine, answers).still_open())
        st.session_state[OPEN] = kept
    found: tuple[str, ...] = kept[1]
    return found
