"""Runs a rule pack's own tests: its worked cases, and the firing and resting example of each rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from advisor.errors import InputError
from advisor.intake import answers as intake_answers
from advisor.intake.truth import TRUE
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine


@dataclass(frozen=True, slots=True)
class Trial:
    """One test of the pack: what was tried, whether it held, and what came out instead."""

    name: str
    where: str
    passed: bool
    detail: str


def run(engine: Engine) -> tuple[Trial, ...]:
    """Every trial of the pack: cases first, then rule examples."""
    return (*_cases(engine), *_examples(engine))


def _cases(engine: Engine) -> Iterator[Trial]:
    for case in engine.book.cases:
        try:
            answers = intake_answers.parse(dict(case.answers), engine.book, f"{case.where}: case {case.id}")
        except InputError as error:
            yield Trial(case.id, case.where, False, str(error))
            continue
        advice = advise(answers, engine)
        spoke = {finding.rule for finding in advice.findings}
        spoke |= {source for finding in advice.findings for source in finding.source}
        missing = [name for name in case.findings if name not in spoke]
        wrong = []
        if advice.recommendation not in case.recommendation:
            expected = " or ".join(str(approach) for approach in case.recommendation)
            wrong.append(f"recommended {advice.recommendation}, expected {expected}")
        if advice.status != case.status:
            wrong.append(f"status {advice.status}, expected {case.status}")
        if missing:
            wrong.append("missing among the findings: " + ", ".join(missing))
        scores = ", ".join(f"{item.approach} {item.score:.2f}" for item in advice.ranking)
        yield Trial(f"{case.id} {case.title}", case.where, not wrong, "; ".join([*wrong, scores]))


def _examples(engine: Engine) -> Iterator[Trial]:
    tried = []
    broken = []
    for rule in engine.rules:
        for wanted, example in ((True, rule.fires), (False, rule.rests)):
            if example is None:
                continue
            name = f"{rule.id} {'fires' if wanted else 'rests'}"
            try:
                answers = intake_answers.parse(dict(example), engine.book, f"{rule.where}: rule {rule.id}")
            except InputError as error:
                broken.append(Trial(name, rule.where, False, str(error)))
                continue
            tried.append((rule, wanted, name, answers))
    yield from broken
    if not tried:
        return
    outcome = engine.decide_answers([answers for _, _, _, answers in tried])
    position = {rule.id: row for row, rule in enumerate(outcome.rules)}
    for column, (rule, wanted, name, _) in enumerate(tried):
        fired = bool(outcome.truths[position[rule.id], column] == TRUE)
        yield Trial(name, rule.where, fired == wanted, "it fired" if fired else "it did not fire")
