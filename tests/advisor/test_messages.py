"""What the catalogue must hold: the messages of the code and the texts of the rule pack, with the same placeholders."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from advisor import language, locate
from advisor.cli import messages
from advisor.knowledge import rulebook
from advisor.knowledge.translated import in_language, texts
from advisor.language import using


def test_messages_of_code_and_pack_are_all_found() -> None:
    """Plain sentences, both numbers of a plural, marked words, and the texts of rules and questions are collected."""
    found = messages.used()
    book = rulebook.load(locate.rules_dir())
    assert {"Review by", "Make this report again", "Build an evaluation set"} <= found
    assert "{count} of the reasons is contested by other evidence, shown beside it." in found
    assert {book.rules[0].title, book.rules[0].because, *(one.ask for one in book.questions.values())} <= found
    assert "labelled examples" in found
    assert "Never spoke in {count} random scenarios: {rules}" in found, "named first, said later"
    assert {case.title for case in book.cases} <= found


def test_a_catalogue_is_told_what_it_lacks_keeps_and_gets_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, stale and wrongly filled messages are told apart."""
    own = {"Review by": "Überprüfen bis", "gone": "weg", "{count} rules": "{anzahl} Regeln"}
    monkeypatch.setattr(messages, "catalogue", lambda _: own)
    monkeypatch.setattr(messages, "used", lambda: frozenset({"Review by", "Set-up", "{count} rules"}))
    assert messages.missing("de") == ("Set-up",)
    assert messages.stale("de") == ("gone",)
    assert messages.misplaced("de") == ("{count} rules",)


def test_a_pack_is_translated_at_one_place_and_decides_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text of the pack is looked up; rules, points and the id of the verdict stay."""
    from advisor.intake import answers
    from advisor.reasoning.advise import advise, engine

    knowledge = engine(locate.rules_dir(), date(2026, 11, 23))
    given = answers.parse(dict(knowledge.book.cases[0].answers), knowledge.book, "a case")
    english = advise(given, knowledge)
    marked = {text: f"«{text}»" for text in texts(knowledge.book)}
    monkeypatch.setattr(language, "_catalogue", lambda _: marked)
    with using("de"):
        told = in_language(knowledge.book)
        german = advise(given, knowledge)
    for rule, before in zip(told.rules, knowledge.book.rules, strict=True):
        assert (rule.title, rule.because) == (f"«{before.title}»", f"«{before.because}»")
        assert (rule.id, rule.when, rule.points) == (before.id, before.when, before.points)
    scored = [one.because for one in german.findings if one.kind == "score"]
    assert scored
    assert all(because.startswith("«") for because in scored)
    assert german.verdict_id == english.verdict_id
    assert german.recommendation == english.recommendation
    assert in_language(knowledge.book) is knowledge.book


def test_the_command_counts_and_prints_what_is_missing(capfd: pytest.CaptureFixture[str]) -> None:
    """The count comes with an exit status of 1 while anything is missing, stale or misplaced."""
    status = messages.main(["de"])
    told = capfd.readouterr().out
    assert told.startswith("de: ")
    assert (status == 0) == (" 0 missing, 0 stale, 0 with" in told)
    assert Path(language.__file__).with_name("de.po").is_file()


def test_the_german_catalogue_is_complete() -> None:
    """Every sentence of code, templates and rules has its German, with the same placeholders, and none is left over."""
    assert messages.missing("de") == ()
    assert messages.stale("de") == ()
    assert messages.misplaced("de") == ()
