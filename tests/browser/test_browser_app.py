"""The app as different people use it: in a hurry, by link, with a portfolio, in German, by keyboard, with a reader."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import expect

from advisor import locate
from advisor.knowledge.domain import Rulebook
from advisor.reasoning.advise import engine

pytestmark = pytest.mark.browser

FIRST = {
    "task_kind": "classification",
    "domain_specialization": "highly_specialized",
    "quality_gap": "inconsistent_behaviour",
    "knowledge_need": "none",
    "precision_need": "high",
    "labelled_examples": 4000,
}
PAGES = (
    "", "interview", "task", "check", "result", "compare", "portfolio", "rules", "record", "benchmarks", "saved",
)  # fmt: skip


def test_six_questions_and_the_report_take_less_than_two_minutes(visitor: Any, book: Rulebook, tmp_path: Path) -> None:
    """From the first page to a PDF in the hand, answering what is asked in whatever order it is asked."""
    started = time.monotonic()
    visitor.open()
    visitor.press("Express: 6 questions")
    asked = _interview(visitor, book, FIRST)
    assert sorted(asked) == sorted(FIRST)
    visitor.press("See the advice")
    visitor.page.get_by_role("tab", name="Reasons").wait_for()
    report = visitor.download("PDF", tmp_path)
    assert time.monotonic() - started < 120
    assert report.read_bytes()[:5] == b"%PDF-"
    assert visitor.strangers() == []
    assert visitor.errors == []


def _interview(visitor: Any, book: Rulebook, answers: dict[str, Any]) -> list[str]:
    """Answers question after question until the interview ends; the fields in the order in which they were asked."""
    asks = {question.ask: field for field, question in book.questions.items()}
    asked: list[str] = []
    while visitor.heading() in asks:
        field = asks[visitor.heading()]
        asked.append(field)
        visitor.answer(book.questions[field], answers[field])
        before = visitor.heading()
        visitor.press("Next")
        expect(visitor.page.get_by_role("heading", level=1)).not_to_have_text(before)
        visitor.settle()
    return asked


def test_a_link_opens_the_same_answers_in_a_strange_browser_and_a_reload_keeps_them(
    visitor: Any, second_visitor: Any, book: Rulebook
) -> None:
    """The link holds the answers; the other browser gets a draft of its own, which a reload does not lose."""
    visitor.open("task")
    visitor.answer(book.questions["task_kind"], "classification")
    visitor.answer(book.questions["class_count"], 12)
    visitor.page.get_by_role("button", name="Share by link").click()
    link = visitor.page.get_by_test_id("stPopoverBody").locator("code").inner_text()
    second_visitor.open(link.partition("/?")[2].join(("?", "")))
    second_visitor.arrive("Check your answers")
    assert "p=" not in second_visitor.page.url
    second_visitor.follow("task")
    count = second_visitor.page.get_by_role("spinbutton", name=book.questions["class_count"].ask)
    expect(count).to_have_value("12")
    second_visitor.answer(book.questions["class_count"], 13)
    second_visitor.page.reload()
    second_visitor.settle()
    expect(count).to_have_value("13")
    expect(visitor.page.get_by_role("spinbutton", name=book.questions["class_count"].ask)).to_have_value("12")
    second_visitor.open(f"?p={link[-40:]}")
    second_visitor.page.get_by_text("This link is not valid").wait_for()


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet of 300 projects drawn at random."""
    import numpy as np

    from advisor.reasoning.coverage import draw
    from perf import scenarios

    knowledge = engine(locate.rules_dir(), date(2026, 11, 22))
    path = tmp_path_factory.mktemp("portfolio") / "projects.csv"
    scenarios.write_sheet(knowledge, draw(knowledge.book, 300, np.random.default_rng(5)), path)
    return path


def test_three_hundred_projects_are_advised_drawn_and_taken_home(visitor: Any, projects: Path, tmp_path: Path) -> None:
    """The sheet becomes a map, a table and a file with one row of advice a project."""
    visitor.open("portfolio")
    visitor.upload("", projects)
    visitor.page.get_by_role("heading", name="300 projects").wait_for()
    visitor.settle()
    assert "Projects by recommendation" in visitor.page.get_by_role("figure").first.get_attribute("aria-label")
    rows = visitor.download("Advice on all projects (CSV)", tmp_path).read_text(encoding="utf-8").splitlines()
    assert len(rows) == 301
    assert visitor.strangers() == []


def test_a_german_session_speaks_german_and_the_other_one_does_not(visitor: Any, second_visitor: Any) -> None:
    """The language is chosen in one browser and holds over its pages and a reload; another browser keeps its own."""
    visitor.open()
    assert visitor.heading() == "Should you prompt, fine-tune, or do both?"
    visitor.choose(visitor.page.get_by_role("combobox", name=re.compile("Sprache")), "Deutsch")
    visitor.arrive("Prompting, Fine-Tuning oder beides?")
    visitor.follow("record")
    assert visitor.heading() == "Unsere Bilanz"
    visitor.page.reload()
    visitor.arrive("Unsere Bilanz")
    second_visitor.open()
    assert second_visitor.heading() == "Should you prompt, fine-tune, or do both?"
    assert visitor.errors == []


def test_the_keyboard_alone_leads_from_the_start_to_a_report(visitor: Any, book: Rulebook, tmp_path: Path) -> None:
    """Tab, arrows, Space and Enter are enough for the interview, the advice and the download."""
    visitor.open()
    _tab_to(visitor, "button", "Express: 6 questions")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("Question 1 of 6").wait_for()
    visitor.settle()
    _tab_to(visitor, "radio", "")
    visitor.page.keyboard.press("ArrowUp")
    visitor.settle()
    _tab_to(visitor, "button", "Next")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("Question 2 of 6").wait_for()
    visitor.settle()
    _tab_to(visitor, "button", "See the advice")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_text("Take it with you").wait_for()
    visitor.settle()
    _tab_to(visitor, "button", "HTML")
    with visitor.page.expect_download() as waiting:
        visitor.page.keyboard.press("Enter")
    waiting.value.save_as(tmp_path / "advice.html")
    assert (tmp_path / "advice.html").stat().st_size > 10_000


def _tab_to(visitor: Any, kind: str, name: str, limit: int = 80) -> None:
    """Presses Tab until the focus is on a control of that kind with the name (any, if empty)."""
    script = """() => { const e = document.activeElement; const kind = e.getAttribute('role') || e.type || e.tagName;
        return [kind.toLowerCase(), e.tagName.toLowerCase(), (e.innerText || '')]; }"""
    for _ in range(limit):
        visitor.page.keyboard.press("Tab")
        role, tag, text = visitor.page.evaluate(script)
        lines = [line.strip() for line in text.splitlines()]  # an icon is a line of its own
        if kind in (role, tag) and (not name or name in lines):
            return
    pytest.fail(f"{limit} presses of Tab did not reach the {kind} {name!r}")


def test_no_page_has_a_serious_fault_for_those_who_cannot_see_it(reader: Any, book: Rulebook, tmp_path: Path) -> None:
    """axe finds nothing serious or critical on any page, light and dark, with answers in it."""
    from axe_playwright_python.sync_playwright import Axe

    answers = tmp_path / "answers.yaml"
    answers.write_text(yaml.safe_dump(dict(book.cases[2].answers)), encoding="utf-8")
    reader.open()
    reader.upload("Answers file", answers)
    reader.page.get_by_text("is loaded.").wait_for()
    reader.settle()
    faults = []
    for slug in PAGES:
        if slug:
            reader.follow(slug)
        found = Axe().run(reader.page).response["violations"]
        faults += [
            f"{slug or 'start'}: {one['id']} {[node['target'] for node in one['nodes']][:3]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
    assert faults == []
