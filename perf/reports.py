"""How long each form of the report takes once the program has started: one advice, drawn again and again."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from advisor import locate
from advisor.intake import answers
from advisor.reasoning.advice import Advice
from advisor.reasoning.advise import advise, engine
from advisor.reports import FORMATS, render
from perf.readings import Readings, claim, say

ANSWERS = Path(__file__).with_name("answers.yaml")
LIMIT = 2.0
ROUNDS = 5


def measure() -> bool:
    """Prints the seconds of each form; whether PDF and Word stay under their limit here."""
    say(["", "reports: one full advice in each form, after a first run that loads what it needs"])
    knowledge = engine(locate.rules_dir(), date.today())
    advice = advise(answers.read(ANSWERS, knowledge.book), knowledge)
    medians: dict[str, float] = {}
    for name in FORMATS:
        size = len(render(advice, name))
        seconds = Readings(tuple(_seconds(advice, name) for _ in range(ROUNDS)))
        medians[name] = seconds.median
        say(f"   {name:<12} {seconds.shown()}; {size:,} bytes")
    return claim(f"PDF and DOCX in under {LIMIT:.0f} s each", medians["pdf"] < LIMIT and medians["docx"] < LIMIT)


def _seconds(advice: Advice, name: str) -> float:
    started = time.perf_counter()
    render(advice, name)
    return time.perf_counter() - started
