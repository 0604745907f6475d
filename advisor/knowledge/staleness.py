"""Which parts of a rulebook are past their date on a day, and why: such rules count for less, and say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from advisor.knowledge.conditions import Market, walk
from advisor.knowledge.domain import Rule, Rulebook, Source

WEIGHT = "stale_weight"
SOURCE_AGE = "source_ages_out_years"


def stale_rules(book: Rulebook, day: date) -> Mapping[str, str]:
    """The rules in force that are stale on the day, by id, each with the reason in words.

    A rule is stale past its review date, past that of a market fact that it asks for, or where every source that it
    cites is older than the parameter `source_ages_out_years`.
    """
    found: dict[str, str] = {}
    for rule in book.rules:
        if rule.active(day):
            reason = next(_reasons(rule, book, day), "")
            if reason:
                found[rule.id] = reason
    return found


def overdue(book: Rulebook, day: date) -> Iterator[tuple[str, str, date]]:
    """Kind, id and review date of every parameter and valid market fact whose review date is past on the day."""
    entries: list[tuple[str, Mapping[str, Any]]] = [("parameter", book.parameters), ("market fact", book.market)]
    for kind, items in entries:
        for name, item in items.items():
            over = kind == "market fact" and not item.valid(day)
            if item.review_by is not None and item.review_by < day and not over:
                yield kind, name, item.review_by


def _reasons(rule: Rule, book: Rulebook, day: date) -> Iterator[str]:
    if rule.review_by is not None and rule.review_by < day:
        yield f"it was to be reviewed by {rule.review_by}"
    for node in walk(rule.when):
        fact = book.market.get(node.fact) if isinstance(node, Market) else None
        if fact is not None and fact.review_by is not None and fact.review_by < day:
            yield f"the market fact “{fact.title}” was to be reviewed by {fact.review_by}"
    limit = book.parameters.get(SOURCE_AGE)
    years = [_year(book.sources[name]) for name in rule.source if name in book.sources]
    if limit is not None and years and max(years) + float(limit.on(day)) < day.year:
        yield f"its newest source is of {max(years)}"


def _year(source: Source) -> int:
    text = source.published[:4]
    return int(text) if text.isdigit() else date.max.year
