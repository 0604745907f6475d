"""Answers that do not go together: the notes of the rule pack that say so, where they speak."""

from __future__ import annotations

from datetime import date

from advisor.intake.answers import Answers
from advisor.intake.facts import derive, tabulate
from advisor.intake.truth import TRUE, evaluate
from advisor.knowledge.domain import Rule, Rulebook

OUTCOME = "contradiction"


def clashes(answers: Answers, book: Rulebook, day: date) -> tuple[Rule, ...]:
    """The contradictions among the answers on a day, each as the note that points it out; by id."""
    notes = [rule for rule in book.rules if rule.outcome == OUTCOME and rule.active(day)]
    if not notes or not answers.given:
        return ()
    facts = derive(tabulate([answers], book), book, day)
    return tuple(rule for rule in notes if evaluate(rule.when, facts, book, day)[0] == TRUE)
