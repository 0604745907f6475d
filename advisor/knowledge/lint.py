"""Looks over a whole rule pack: what is wrong with it, and what is merely worth a second look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from advisor.errors import Problem
from advisor.knowledge import rulebook
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.vocabulary import DERIVED_FACTS


def check(folder: Path, day: date) -> tuple[list[Problem], list[str]]:
    """The problems of a pack (any of them makes it unusable) and the remarks (worth a look, harmless)."""
    problems: list[Problem] = []
    book = rulebook.read(folder, problems)
    if book is None:
        return problems, []
    PriceTable.load(folder, problems)
    return problems, [] if problems else list(_remarks(book, day))


def _remarks(book: Rulebook, day: date) -> Iterator[str]:
    read: set[str] = set()
    for rule in book.rules:
        for name in facts_read(rule.when):
            read.update(DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,))
        if rule.until is not None and rule.until < day:
            yield f"{rule.where}: rule {rule.id} expired on {rule.until}"
        elif rule.review_by is not None and rule.review_by < day:
            yield f"{rule.where}: rule {rule.id} is past its review date {rule.review_by}"
    for name, question in book.questions.items():
        if name not in read and question.kind not in {"priorities", "model"}:
            yield f"questions.yaml: no rule reads the answer '{name}'"
    cited = {name for rule in book.rules for name in rule.source}
    cited |= {name for rule in book.rules for contest in rule.contested_by for name in contest.source}
    cited |= {name for parameter in book.parameters.values() for name in parameter.source}
    cited |= {name for fact in book.market.values() for name in fact.source}
    for name in book.sources:
        if name not in cited:
            yield f"sources.yaml: nothing cites the source {name}"
