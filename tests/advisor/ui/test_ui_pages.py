"""Every page of the app, for every worked case, and what a step keeps, hides and refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from advisor import locate
from advisor.intake.answers import parse
from advisor.knowledge import rulebook
from advisor.knowledge.domain import Case, Rulebook
from advisor.reasoning.advise import advise
from advisor.reasoning.advise import engine as make_engine
from advisor.reasoning.engine import Engine
from advisor.reports import layout
from advisor.reports.document import Block
from advisor.ui import drawing
from advisor.ui.pages.result import TABS, _picked
from advisor.ui.steps import steps
from advisor.ui.wording import literal

BOOK = rulebook.load(locate.rules_dir())
SLUGS = ("", *(step.slug for step in steps(BOOK)), "interview", "check", "result")
ALL = pytest.mark.parametrize("case", BOOK.cases, ids=lambda case: case.id)


@pytest.fixture(scope="module")
def todays() -> Engine:
    """The engine of today, as the app uses it."""
    return make_engine(locate.rules_dir(), date.today())


@ALL
def test_every_page_renders_for_every_worked_case(shared_app: Any, todays: Engine, case: Case) -> None:
    """No page of the app fails on any worked case, no page changes an answer, and the result is the engine's."""
    shared_app.start_with({"name": case.title, **case.answers})
    for slug in SLUGS:
        at = shared_app.go(slug)
        assert not at.exception, f"{slug}: {[item.message for item in at.exception]}"
        assert at.title, f"{slug} has no heading"
    assert at.title[0].value == literal(advise(parse(dict(case.answers), BOOK), todays).headline)
    assert shared_app.answers == {"name": case.title, **case.answers}


@pytest.mark.parametrize(
    ("answers", "heading"),
    [
        ({}, "Too little is known"),
        (
            {"model_access": "hosted_api", "setup_budget_usd": 0, "monthly_budget_usd": 0, "deadline_weeks": 0},
            "No approach",
        ),
    ],
)
def test_the_result_page_renders_where_nothing_is_recommended(app: Any, answers: dict[str, Any], heading: str) -> None:
    """An empty questionnaire and an impossible one each get their page, with the questions or what would lift it."""
    at = app.start_with(answers).go("result")
    assert not at.exception
    assert heading in at.title[0].value


def test_prices_of_a_loaded_file_are_kept_and_used(app: Any, todays: Engine) -> None:
    """The result page gives the verdict at the stated price; a wrong one is left out, as any wrong answer is."""
    answers = {**dict(BOOK.cases[0].answers), "prices": {"hourly_rate": 800}}
    at = app.start_with(answers).go("result")
    assert not at.exception
    stated, usual = (advise(parse(raw, BOOK), todays).verdict_id for raw in (answers, dict(BOOK.cases[0].answers)))
    captions = " ".join(caption.value for caption in at.caption)
    assert stated in captions
    assert usual not in captions
    wrong = app.start_with({**answers, "prices": {"hourly_rat": 800}}).go("result")
    assert not wrong.exception


def test_every_question_stands_in_exactly_one_step(book: Rulebook) -> None:
    """The steps deal out all questions in their order, none twice, and no step is long."""
    dealt = [question.field for step in steps(book) for question in step.questions]
    assert sorted(dealt) == sorted(book.questions)
    assert all(1 <= len(step.questions) <= 6 for step in steps(book))
    assert len({step.slug for step in steps(book)}) == len(steps(book))


def test_every_section_of_a_report_is_drawn_once(shipped: Engine) -> None:
    """The tabs of the result page hold every section of the report, none twice; the verdict stands above them."""
    for answers in ({}, *(case.answers for case in BOOK.cases[::6])):
        document = layout.lay_out(advise(parse(dict(answers), BOOK), shipped))
        sections = {section.id: section for section in document.sections if section.id not in {"verdict", "questions"}}
        drawn = [section.id for title in TABS for section in _picked(title, sections)]
        assert sorted(drawn) == sorted(sections)


def test_every_kind_of_block_can_be_drawn() -> None:
    """A block that the reports may hold and the page cannot draw would fail here first."""
    assert set(drawing._WRITERS) == set(get_args(Block))


def test_an_early_answer_changed_keeps_the_later_ones(app: Any) -> None:
    """A question that no longer applies is hidden with its answer kept; it is there again when it applies again."""
    app.go("task")
    app.choose("task_kind", "classification")
    app.choose("class_count", 12.0)
    app.choose("task_kind", "conversation")
    assert "w:class_count" not in app.at.session_state or not app.at.number_input(key="w:use_case_count").value
    assert [box.key for box in app.at.number_input] == ["w:use_case_count"]
    assert app.answers == {"task_kind": "conversation", "class_count": 12}
    app.choose("task_kind", "classification")
    assert app.at.number_input(key="w:class_count").value == 12


def test_answers_survive_going_on_and_back(app: Any) -> None:
    """Next and Back lead through the steps, and every widget shows what was said."""
    app.go("task")
    app.choose("task_kind", "code")
    app.choose("use_case_count", 3.0)
    app.at.button(key="next").click().run()
    assert app.at.title[0].value == "Quality and risk (1 of 2)"
    app.go("quality")
    app.choose("quality_gap", "both")
    app.at.button(key="back").click().run()
    assert app.at.title[0].value == "The task"
    assert app.at.selectbox(key="w:task_kind").value == "code"
    assert app.at.number_input(key="w:use_case_count").value == 3
    assert app.answers == {"task_kind": "code", "use_case_count": 3, "quality_gap": "both"}


def test_not_known_is_the_default_and_can_be_said_again(app: Any) -> None:
    """Nothing is answered before the user answers; choosing not known, or emptying a box, takes the answer back."""
    at = app.go("task")
    assert at.radio(key="w:domain_specialization").value == "not_known"
    assert at.number_input(key="w:use_case_count").value is None
    app.choose("domain_specialization", "general")
    app.choose("use_case_count", 2.0)
    app.choose("domain_specialization", "not_known")
    app.choose("use_case_count", None)
    assert app.answers == {}


def test_a_wrong_number_is_named_beside_its_field_and_left_out(app: Any) -> None:
    """The parser of the command line speaks beside the field; the check page lists it; the advice goes without it."""
    app.go("quality-2")
    app.choose("target_quality", 90.0)
    assert "0.9 for 90 %" in app.at.error[0].value
    assert app.at.number_input(key="w:target_quality").value == 90
    at = app.go("check")
    assert "target\\_quality" in at.error[0].value
    at = app.go("result")
    assert not at.exception
    assert any("1 answer needs mending" in item.value for item in at.warning)


def test_a_number_becomes_a_range_and_back(app: Any) -> None:
    """The range starts from the number, is checked for its order, and leaves its likely value behind."""
    app.go("data")
    app.choose("labelled_examples", 500.0)
    app.at.toggle(key="r:labelled_examples").set_value(True).run()
    assert app.answers["labelled_examples"] == {"low": 500, "likely": 500, "high": 500}
    app.choose("labelled_examples:high", 900.0)
    assert not app.at.error
    app.choose("labelled_examples:low", 700.0)
    assert "low ≤ likely ≤ high" in app.at.error[0].value
    app.choose("labelled_examples:low", None)
    assert "no number for low" in app.at.error[0].value
    app.at.toggle(key="r:labelled_examples").set_value(False).run()
    assert app.answers == {"labelled_examples": 500}


def test_a_question_can_be_declared_not_to_apply(app: Any) -> None:
    """The answer is kept as in an answers file, and can be taken back."""
    at = app.go("task")
    at.button(key="absent-output_format").click().run()
    assert app.answers == {"output_format": "does_not_apply"}
    at.button(key="answer-output_format").click().run()
    assert app.answers == {}


def test_weights_are_the_defaults_until_they_are_moved(app: Any) -> None:
    """Only what was moved is stated; one button goes back to the default weights."""
    at = app.go("priorities")
    assert [slider.value for slider in at.slider] == [BOOK.criteria[name].weight for name in BOOK.criteria]
    app.choose("priorities:cost", 5.0)
    assert app.answers == {"priorities": {"cost": 5}}
    app.at.button(key="default-weights").click().run()
    assert app.answers == {}


def test_a_good_file_replaces_the_answers_and_can_be_undone(app: Any) -> None:
    """What was there before the file comes back on request."""
    app.start_with({"task_kind": "code"})
    app.at.run()
    app.at.file_uploader(key="upload-answers").upload("mine.yaml", b"task_kind: generation\nuse_case_count: 4\n").run()
    assert app.answers == {"task_kind": "generation", "use_case_count": 4}
    app.at.button(key="undo-load").click().run()
    assert app.answers == {"task_kind": "code"}


def test_a_bad_file_names_every_problem_and_changes_nothing(app: Any) -> None:
    """Three mistakes are named together, and the present answers stay."""
    app.start_with({"task_kind": "code"})
    app.at.run()
    bad = b"task_kind: poetry\nuse_case_count: 0\nfavourite_colour: blue\n"
    app.at.file_uploader(key="upload-answers").upload("bad.yaml", bad).run()
    text = " ".join(item.value for item in app.at.markdown)
    for field in ("task\\_kind", "use\\_case\\_count", "favourite\\_colour"):
        assert field in text
    assert app.answers == {"task_kind": "code"}
    assert not app.at.exception


def test_a_measurement_enters_the_advice_and_can_be_left_out(app: Any, measured: dict[str, Any]) -> None:
    """An uploaded result turns the evidence to measured; a file that is none is refused by name."""
    app.start_with(dict(BOOK.cases[0].answers)).go("result")
    app.at.file_uploader(key="upload-measurement").upload("result.json", b"{}").run()
    assert "schema" in app.at.error[0].value
    app.at.file_uploader(key="upload-measurement").upload("result.json", json.dumps(measured).encode()).run()
    assert not app.at.exception
    assert not app.at.error
    assert "harbour-mail" in app.at.success[0].value
    assert any("Measured" in item.value for item in app.at.markdown)
    app.at.button(key="drop-measurement").click().run()
    assert not app.at.success


def test_the_pages_keep_what_users_write_as_text_alone() -> None:
    """No page allows HTML or draws raw HTML."""
    folder = Path(drawing.__file__).parent
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in text, path
        assert "st.html" not in text, path
