"""How long each form of the report takes once the program has started: one advice, drawn again and again."""

from __future__ import annotations

import time
from dataclasses import replace
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
    say(["", f"reports: {ROUNDS} full advices, each of another name, in each form, after a first one"])
    knowledge = engine(locate.rules_dir(), date.today())
    advice = advise(answers.read(ANSWERS, knowledge.book), knowledge)
    medians: dict[str, float] = {}
    for name in FORMATS:
        first, size = _drawn(advice, name, 0)
        seconds = Readings(tuple(_drawn(advice, name, number)[0] for number in range(1, ROUNDS + 1)))
        medians[name] = max(seconds.median, first)
        say(f"   {name:<12} {seconds.shown()}; the first {first:.2f} s; {size:,} bytes")
    return claim(f"PDF and DOCX in under {LIMIT:.0f} s each", medians["pdf"] < LIMIT and medians["docx"] < LIMIT)


def _drawn(advice: Advice, name: str, number: int) -> tuple[float, int]:
    """Seconds and bytes of one report; its name differs, for a writer may remember what it has drawn."""
    started = time.perf_counter()
    size = len(render(replace(advice, name=f"{advice.name} {number}"), name))
    return time.perf_counter() - started, size
