"""Which rules read which answer, directly or through a fact that follows from it."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import Rule, Rulebook
from advisor.knowledge.vocabulary import DERIVED_FACTS


def fields_read(rule: Rule) -> tuple[str, ...]:
    """The answers that a rule's condition reads, each once, those behind its derived facts included."""
    found: dict[str, None] = {}
    for name in facts_read(rule.when):
        for field in DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,):
            found[field] = None
    return tuple(found)


def readers(book: Rulebook) -> Mapping[str, tuple[Rule, ...]]:
    """The rules that read each question of the pack, in the order of their ids; none where none does."""
    found: dict[str, list[Rule]] = {field: [] for field in book.questions}
    for rule in book.rules:
        for field in fields_read(rule):
            if field in found:
                found[field].append(rule)
    return {field: tuple(rules) for field, rules in found.items()}
