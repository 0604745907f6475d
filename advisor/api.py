"""The advisor for Python programs: a few functions over plain mappings or files of answers.

Their names are taken from the package itself, `import advisor; advisor.recommend(...)`; docs/python-api.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from advisor import locate, reports
from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.reasoning.advice import Advice, NextQuestion
from advisor.reasoning.advise import advise
from advisor.reasoning.advise import engine as make_engine
from advisor.reasoning.difference import Difference, difference
from advisor.reasoning.engine import Engine
from advisor.reasoning.probe import Probe

Given = Mapping[str, Any] | str | Path


def recommend(
    answers: Given, *, as_of: date | None = None, rules: str | Path | None = None, measured: str | Path | None = None
) -> Advice:
    """The advice on answers, a mapping of fields or an answers file; an empty mapping abstains.

    `as_of` is the day of the advice, today if absent; `rules` the folder of a rule pack; `measured` the folder of a
    benchmark run. Raises advisor.InputError, which lists everything that is wrong.
    """
    knowledge = _engine(as_of, rules, measured)
    return advise(_read(answers, knowledge), knowledge)


def next_questions(
    answers: Given, *, limit: int = 6, as_of: date | None = None, rules: str | Path | None = None
) -> tuple[NextQuestion, ...]:
    """The open questions whose answers may change the advice, most valuable first; empty where none can.

    Raises advisor.InputError.
    """
    knowledge = _engine(as_of, rules, None)
    return Probe(knowledge, _read(answers, knowledge)).next_questions(limit)


def question(field: str, *, as_of: date | None = None, rules: str | Path | None = None) -> dict[str, Any]:
    """What a question asks: `field`, `ask`, `help`, `why`, `kind`, `unit` and its `options` (value and label).

    Raises KeyError for a field that does not exist.
    """
    found = _engine(as_of, rules, None).book.questions[field]
    return {
        "field": found.field,
        "ask": found.ask,
        "help": found.help,
        "why": found.why,
        "kind": found.kind,
        "unit": found.unit,
        "options": [{"value": option.value, "label": option.label} for option in found.options],
    }


def compare(before: Advice | Mapping[str, Any], after: Advice | Mapping[str, Any]) -> Difference:
    """What changed between two advices (or their JSON form), through which answer, rule, price or day."""
    old, new = (item.to_json() if isinstance(item, Advice) else item for item in (before, after))
    return difference(old, new)


def render(advice: Advice, format: str) -> bytes:  # noqa: A002
    """The report of an advice in a format of `advisor recommend --format`. Raises advisor.InputError for another."""
    return reports.render(advice, format)


def _read(answers: Given, knowledge: Engine) -> Answers:
    if isinstance(answers, Mapping):
        return intake.parse(answers, knowledge.book)
    return intake.read(Path(answers), knowledge.book)


def _engine(as_of: date | None, rules: str | Path | None, measured: str | Path | None) -> Engine:
    folder = Path(rules) if rules is not None else locate.rules_dir()
    # A measurement may be written anew while a program runs, a rule pack as a rule not.
    if measured is not None:
        return make_engine(folder, as_of or date.today(), Path(measured))
    return _kept(folder, as_of or date.today())


@lru_cache(maxsize=8)
def _kept(folder: Path, day: date) -> Engine:
    return make_engine(folder, day)
