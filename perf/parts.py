"""What the parts of one advice take inside of a process that is already running."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from advisor import locate
from advisor.intake import answers
from advisor.intake.facts import derive, tabulate
from advisor.knowledge.quality_model import studies_folder
from advisor.knowledge.record_summary import read_summary, record_folder
from advisor.knowledge.study_registry import FOLDER, read_registry
from advisor.reasoning.advise import engine
from advisor.reasoning.costs import estimate
from advisor.reasoning.costs.simulation import study
from perf.commands import ANSWERS
from perf.readings import Readings, claim, say, timed

ROUNDS = 7
SCENARIOS = 10_000


def measure() -> bool:
    """Prints the median of every part; whether each stays within what a page of the app may wait for."""
    knowledge = engine(locate.rules_dir(), date.today())
    book, prices, day = knowledge.book, knowledge.prices, knowledge.day
    one = derive(tabulate([answers.read(ANSWERS, book)], book), book, day)
    many = one.take(np.zeros(SCENARIOS, int))
    parts: list[tuple[str, float, Callable[[], object]]] = [
        ("costs of one scenario", 0.005, lambda: estimate(one, book, prices, day)),
        (f"costs of {SCENARIOS:,} scenarios", 0.3, lambda: estimate(many, book, prices, day)),
        ("4,000 draws of the costs, drivers, break-even", 0.15, lambda: study(one, book, prices, day)),
        ("every published study, read and checked", 0.06, lambda: read_registry(studies_folder(book) / FOLDER)),
        ("the summary of the record", 0.01, lambda: read_summary(record_folder(book))),
    ]
    say(["", "the parts of one advice, in a process that runs already"])
    held = []
    for name, limit, work in parts:
        taken = Readings(tuple(timed(work) for _ in range(ROUNDS)))
        say(f"   {name:<48}{taken.shown(4)}")
        held.append(claim(f"{name} in under {1000 * limit:.0f} ms", taken.median < limit))
    return all(held)
