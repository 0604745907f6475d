"""Answers that do not go together are pointed out, and which approaches are still open is no guess."""

from __future__ import annotations

from advisor.intake.answers import parse
from advisor.intake.contradictions import OUTCOME, clashes
from advisor.knowledge.readers import fields_read, readers
from advisor.reasoning.engine import Engine
from advisor.reasoning.probe import Probe


def test_a_contradiction_is_pointed_out_and_ends_with_its_cause(shipped: Engine) -> None:
    """A prompt that lacks knowledge where none is needed is named; one answer fewer and nothing is said."""
    book = shipped.book
    notes = [rule for rule in book.rules if rule.outcome == OUTCOME]
    assert len(notes) >= 5
    day = max(rule.since for rule in notes)
    said = {"quality_gap": "missing_knowledge", "knowledge_need": "none"}
    assert [rule.id for rule in clashes(parse(said, book), book, day)] == ["gap_of_knowledge_without_need"]
    assert clashes(parse({"quality_gap": "missing_knowledge"}, book), book, day) == ()
    for case in book.cases:
        assert clashes(parse(dict(case.answers), book), book, day) == (), case.id


def test_still_open_is_everything_at_first_and_holds_the_leader_always(shipped: Engine) -> None:
    """With no answer all three may come first; whatever leads now is among those still open."""
    assert Probe(shipped, parse({}, shipped.book)).still_open() == ("prompting", "fine_tuning", "hybrid")
    for case in shipped.book.cases[::6]:
        probe = Probe(shipped, parse(dict(case.answers), shipped.book))
        names = tuple(shipped.book.approaches)
        assert names[probe.now] in probe.still_open()
        if not probe.next_questions():
            assert len(probe.still_open()) == 1


def test_every_rule_is_found_at_each_answer_that_it_reads(shipped: Engine) -> None:
    """The index of readers and the rules' own conditions say the same."""
    index = readers(shipped.book)
    for rule in shipped.book.rules:
        for field in fields_read(rule):
            assert rule in index[field]
    assert any(rule.id == "content_though_below_target" for rule in index["prompt_quality"])
