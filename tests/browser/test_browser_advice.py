"""From the first page to a report in the hand, in a real browser."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import expect

from advisor.cli import commands
from advisor.knowledge.domain import Case, Rulebook

pytestmark = pytest.mark.browser

Cli = Callable[..., subprocess.CompletedProcess[str]]
UGLY = "**loud** :red[red] <b id='x'>bold</b> $a_1$ [link](http://evil.example) ![i](http://evil.example/i.png) :smile:"


@pytest.fixture(scope="module")
def hospital(book: Rulebook) -> Case:
    """The worked case E14: a healthcare company."""
    return next(case for case in book.cases if case.id == "E14")


def test_the_healthcare_company_is_advised_a_hybrid_and_takes_its_report_home(
    visitor: Any, chromium: Any, book: Rulebook, hospital: Case, tmp_path: Path
) -> None:
    """A user answers as E14, sees hybrid with S22 among its sources, and reads the report with the network off."""
    visitor.interview(book, dict(hospital.answers))
    visitor.arrive("Check your answers")
    assert f"You have answered {len(hospital.answers)} of {len(book.questions)} questions" in _text(visitor)
    visitor.press("See the advice")
    visitor.page.get_by_role("tab", name="Reasons").wait_for()
    assert visitor.heading().startswith("Hybrid")
    visitor.page.get_by_role("tab", name="Reasons").click()
    visitor.page.get_by_text("Sources: S22").first.click()
    visitor.page.get_by_text("S22", exact=True).first.wait_for()
    visitor.page.get_by_role("tab", name="Ranking").click()
    assert visitor.page.get_by_role("figure").first.get_attribute("aria-label").startswith("Hybrid scores")
    visitor.page.locator(".js-plotly-plot .bars path").nth(3).wait_for(state="attached")
    report = visitor.download("HTML", tmp_path)
    assert visitor.strangers() == []
    assert any(url.startswith("ws://localhost") for url in visitor.requests), "the recorder of requests was deaf"
    assert visitor.errors == []
    _reads_offline(chromium, report)


def _reads_offline(chromium: Any, report: Path) -> None:
    context = chromium.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    page.locator(".js-plotly-plot .bars path").first.wait_for()
    assert "Hybrid" in page.locator("body").inner_text()
    assert "S22" in page.locator("body").inner_text()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def test_saved_answers_loaded_by_someone_else_give_the_same_advice_and_the_same_bytes(
    visitor: Any, second_visitor: Any, book: Rulebook, hospital: Case, advisor_cli: Cli, tmp_path: Path
) -> None:
    """The answers file travels: another session and the command line make the very same reports from it."""
    ranged = {"labelled_examples": {"low": 3000, "likely": 5000, "high": 8000}}
    visitor.open_example(hospital.title)
    visitor.follow("data")
    visitor.answer(book.questions["labelled_examples"], ranged["labelled_examples"])
    visitor.follow("check")
    visitor.page.get_by_label("Name of this assessment").fill(UGLY)
    visitor.page.get_by_label("Name of this assessment").press("Tab")
    visitor.settle()
    saved = visitor.download("Save answers (YAML)", tmp_path)
    assert yaml.safe_load(saved.read_text(encoding="utf-8")) == {"name": UGLY, **hospital.answers, **ranged}
    visitor.press("See the advice")
    visitor.page.get_by_role("tab", name="Reasons").wait_for()

    second_visitor.open()
    second_visitor.upload("Answers file", saved)
    second_visitor.page.get_by_text("is loaded.").wait_for()
    second_visitor.press("See the advice")
    second_visitor.page.get_by_role("tab", name="Reasons").wait_for()
    assert second_visitor.heading() == visitor.heading()
    assert UGLY in _text(second_visitor), "what a user wrote is shown as text"
    assert second_visitor.page.locator("#x").count() == 0

    for button, name in (("HTML", "html"), ("Markdown", "md"), ("Text", "text"), ("JSON", "json")):
        here = second_visitor.download(button, tmp_path).read_bytes()
        there = tmp_path / f"cli.{name}"
        words = ["recommend", str(saved), "--format", name, "--out", str(there)]
        if name == "html":
            run = advisor_cli(*words)
            assert run.returncode == 0, run.stderr
        else:  # the same command without a process of its own
            commands.app(words, standalone_mode=False)
        assert here == there.read_bytes(), f"{name} differs between the app and the command line"
    assert visitor.strangers() == second_visitor.strangers() == []


def test_the_browsers_back_button_and_a_changed_early_answer_lose_nothing(visitor: Any, book: Rulebook) -> None:
    """Back leads to the step before; an answer that no longer applies is hidden and comes back with its question."""
    visitor.open("task")
    visitor.answer(book.questions["task_kind"], "classification")
    visitor.answer(book.questions["class_count"], 40)
    visitor.press("Next")
    visitor.arrive("Quality and risk (1 of 2)")
    visitor.answer(book.questions["quality_gap"], "both")
    visitor.page.go_back()
    visitor.arrive("The task")
    visitor.answer(book.questions["task_kind"], "code")
    count = visitor.page.get_by_role("spinbutton", name=book.questions["class_count"].ask)
    count.wait_for(state="detached")
    visitor.answer(book.questions["task_kind"], "classification")
    expect(count).to_have_value("40")
    visitor.press("Next")
    visitor.arrive("Quality and risk (1 of 2)")
    gap = visitor.page.get_by_role("radiogroup", name=book.questions["quality_gap"].ask)
    expect(gap.get_by_role("radio").nth(4)).to_be_checked()


def test_a_file_with_mistakes_is_explained_and_changes_nothing(visitor: Any, book: Rulebook, tmp_path: Path) -> None:
    """Every mistake is named with what is allowed, and the answers given before are still there."""
    visitor.open("task")
    visitor.answer(book.questions["use_case_count"], 7)
    visitor.page.get_by_role("link", name="Start", exact=True).click()
    visitor.arrive("Should you prompt, fine-tune, or do both?")
    bad = tmp_path / "bad.yaml"
    bad.write_text("task_kind: classificaton\nlabelled_examples: many\n", encoding="utf-8")
    visitor.upload("Answers file", bad)
    visitor.page.get_by_text("did you mean 'classification'").wait_for()
    assert "labelled_examples" in _text(visitor)
    visitor.open("task")
    expect(visitor.page.get_by_role("spinbutton", name=book.questions["use_case_count"].ask)).to_have_value("7")


def test_an_answer_typed_in_haste_is_not_lost(visitor: Any, book: Rulebook) -> None:
    """A number that is still in its box when Next is pressed counts, whatever the server is doing just then."""
    visitor.open("task")
    box = visitor.page.get_by_role("spinbutton", name=book.questions["use_case_count"].ask)
    for number in ("3", "14", "15"):
        box.fill(number)
        visitor.page.get_by_role("button", name="Next", exact=True).click()
        visitor.arrive("Quality and risk (1 of 2)")
        visitor.press("Back")
        visitor.arrive("The task")
        expect(box).to_have_value(number)


def _text(visitor: Any) -> str:
    text: str = visitor.page.get_by_test_id("stMain").inner_text()
    return text
