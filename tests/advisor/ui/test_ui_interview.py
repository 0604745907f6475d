"""The interview, undo, links, data and the other pages, as Streamlit's own test runner runs them."""

from __future__ import annotations

from typing import Any

from advisor import locate
from advisor.knowledge import rulebook
from advisor.ui import link

BOOK = rulebook.load(locate.rules_dir())
EXPRESS = {field for field, question in BOOK.questions.items() if question.express}


def _asked(at: Any) -> str:
    return str(next(field for field, question in BOOK.questions.items() if question.ask == at.title[0].value))


def test_the_express_interview_asks_its_six_questions_once_and_ends(app: Any) -> None:
    """Six pages, each question once, Back leads to the one before with its answer, and then the advice is offered."""
    app.at.button(key="begin-express").click().run()
    seen = [_asked(app.at)]
    app.choose("quality_gap", "both") if seen == ["quality_gap"] else None
    for _ in EXPRESS:
        app.at.button(key="next").click().run()
        if app.at.title[0].value == "Nothing is answered yet" or app.at.title[0].value.startswith("That is enough"):
            break
        seen.append(_asked(app.at))
    assert sorted(seen) == sorted(EXPRESS)
    assert any(button.key == "go-full" for button in app.at.button)
    app.at.button(key="back").click().run()
    assert _asked(app.at) == seen[-1]


def test_a_prefilled_question_is_marked_and_what_was_said_before_stays(app: Any) -> None:
    """A data file answers what was open, says from what, and leaves the user's own answer alone."""
    app.start_with({"labelled_examples": 7})
    app.at.run()
    rows = "text,label\n" + "".join(f"hello {i},{'ab'[i % 2]}\n" for i in range(40))
    app.at.file_uploader(key="upload-data").upload("mine.csv", rows.encode()).run()
    assert not app.at.exception
    assert app.answers["labelled_examples"] == 7
    assert app.answers["class_count"] == 2
    at = app.go("task")
    assert any("Detected in your data" in caption.value for caption in at.caption)
    app.choose("class_count", 5.0)
    assert not any("different values" in caption.value for caption in app.at.caption)


def test_undo_takes_back_one_change_after_the_other(app: Any) -> None:
    """Two answers and a load are taken back in turn."""
    app.go("task")
    app.choose("task_kind", "code")
    app.choose("task_kind", "reasoning")
    app.at.button(key="undo").click().run()
    assert app.answers == {"task_kind": "code"}
    app.at.button(key="undo").click().run()
    assert app.answers == {}
    assert app.at.button(key="undo").disabled


def test_a_link_opens_as_a_new_draft_and_a_bad_one_changes_nothing(app: Any) -> None:
    """The answers of the link are there and the earlier ones can be had again; a cut link says why."""
    app.start_with({"task_kind": "code"})
    app.at.query_params[link.PARAMETER] = link.encode({"task_kind": "generation", "use_case_count": 3})
    app.at.run()
    assert app.answers == {"task_kind": "generation", "use_case_count": 3}
    app.at.button(key="undo").click().run()
    assert app.answers == {"task_kind": "code"}
    app.at.query_params[link.PARAMETER] = "1.broken"
    app.at.run()
    assert "not valid" in app.at.error[0].value
    assert app.answers == {"task_kind": "code"}


def test_compare_rules_and_record_render_and_say_what_they_hold(app: Any) -> None:
    """Two scenarios stand side by side with what differs marked; the rules can be searched; the record counts."""
    app.start_with(dict(BOOK.cases[0].answers))
    at = app.go("compare")
    at.button(key="scenario-mine").click().run()
    app.start_with({**BOOK.cases[0].answers, "labelled_examples": 12})
    app.at.run()
    app.at.button(key="scenario-mine").click().run()
    assert not app.at.exception
    assert len(app.at.table) == 2
    at = app.go("rules")
    total = len(at.expander)
    at.text_input(key="rules-search").set_value("deadline").run()
    assert not app.at.exception
    assert 0 < len(app.at.expander) <= total
    at = app.go("record")
    assert not at.exception
    assert any("hits or ties" in item.value for item in at.markdown)


def test_a_german_session_leaves_another_in_english(app: Any, shared_app: Any) -> None:
    """The language belongs to one session: the choice of one user changes no page of another."""
    app.at.selectbox(key="w:language").set_value("de").run()
    assert not app.at.exception
    assert app.at.session_state["language"] == "de"
    shared_app.at.run()
    assert shared_app.at.title[0].value == "Should you prompt, fine-tune, or do both?"
