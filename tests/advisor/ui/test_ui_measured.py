"""What a run measured and what moving an answer would do, as the pages draw them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.intake.answers import Answer, parse
from advisor.intake.facts import tabulate
from advisor.intake.measurements import read
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reasoning.variants import variants
from advisor.ui import measured as page
from advisor.ui import whatif


def _draw() -> None:
    import streamlit as st

    from advisor.ui import measured

    measured.draw(st.session_state["found"], "a1")


def _shown(raw: dict[str, Any], folder: Path) -> Any:
    from streamlit.testing.v1 import AppTest

    file = folder / "result.json"
    file.write_text(json.dumps(raw), encoding="utf-8")
    app: Any = AppTest.from_function(_draw)
    app.session_state["found"] = read(file)
    return app.run()


def test_a_run_tells_the_lead_with_its_interval_and_origin(measured: dict[str, Any], tmp_path: Path) -> None:
    """The difference stands there with the mark of a measurement, its bounds and the number of rows."""
    app = _shown(measured, tmp_path)
    assert not app.exception
    said = " ".join(item.value for item in app.markdown)
    assert "Fine-tuning by adapters (LoRA) is ahead of Prompt with examples by 22.0 points of 100\u1d50" in said
    assert "16.0 to 28.0, n = 300" in said


@pytest.mark.parametrize("turned", [False, True])
def test_a_difference_that_was_not_shown_is_called_none(measured: dict[str, Any], tmp_path: Path, turned: bool) -> None:
    """An interval that holds zero is no lead, whichever of the two is named first."""
    pair = {"a": "few_shot", "b": "lora"} if turned else {"a": "lora", "b": "few_shot"}
    difference = {"difference": -0.01, "low": -0.04, "high": 0.02} if turned else {"difference": 0.01, "low": -0.02}
    raw = {**measured, "comparisons": [{**measured["comparisons"][0], "high": 0.04, **pair, **difference}]}
    said = " ".join(item.value for item in _shown(raw, tmp_path).markdown)
    assert ": 1.0 points of 100" in said
    assert "that shows no difference" in said
    assert "\u22122.0 to 4.0" in said
    assert "is ahead" not in said


def test_a_run_of_simple_methods_says_what_is_missing(measured: dict[str, Any], tmp_path: Path) -> None:
    """Without an approach there is no verdict, and the page says which to add."""
    arms = [{**measured["arms"][0], "arm": "majority", "approach": None}]
    app = _shown({**measured, "arms": arms, "best": {}, "comparisons": []}, tmp_path)
    assert "Add a prompt and a fine-tuning" in app.caption[0].value


def test_every_arm_that_can_be_chosen_has_a_title() -> None:
    """No arm is offered by its id."""
    from advisor.ui.benching import ARMS

    assert set(ARMS) == set(page.arm_titles())


def test_the_slider_stops_where_the_advice_turns(shipped: Engine) -> None:
    """Every number that the advice names as a turn can be chosen, and turns it as the advice says."""
    case = next(case for case in shipped.book.cases if case.id == "E14")
    answers = parse(dict(case.answers), shipped.book)
    advice = advise(answers, shipped)
    turns = whatif._turns(advice)
    assert turns, "this case must have a number that turns the advice"
    for flip in advice.flips:
        field, value = flip.changes[0].field, flip.changes[0].to
        if len(flip.changes) == 1 and value in turns.get(field, []):
            places = whatif._values(shipped.book.questions[field], answers.given[field], turns[field])
            there = next(place for place in places if place.likely == value)
            outcome = shipped.decide(variants(tabulate([answers], shipped.book), [{field: there}]))
            assert APPROACHES[int(outcome.leader[0])] == flip.becomes


def test_moving_an_answer_draws_an_approach_only_where_it_is_possible(shipped: Engine) -> None:
    """Where a gate closes an approach its line ends, and the sentence below names who is first there."""
    case = next(case for case in shipped.book.cases if case.id == "E14")
    answers = parse(dict(case.answers), shipped.book)
    question = shipped.book.questions["setup_budget_usd"]
    values = [Answer("number", low=usd, likely=usd, high=usd) for usd in (100.0, 1000.0, 250_000.0)]
    rows = variants(tabulate([answers], shipped.book), [{question.field: value} for value in values])
    outcome = shipped.decide(rows)
    assert not outcome.eligible[:2].all() and outcome.eligible[2].all(), "this case must have a gate on its way"
    spec = whatif._scores(question, values, outcome, shipped)
    drawn = {(one.title, mark.at.value) for one in spec.series for mark in one.marks if mark.at}
    names = ("prompting", "fine_tuning", "hybrid")
    titles = [shipped.book.approaches[name].title for name in names]
    possible = {
        (titles[column], values[row].likely) for row in range(3) for column in range(3) if outcome.eligible[row, column]
    }
    assert drawn == possible
    assert spec.alt.endswith(f"{titles[int(outcome.leader[2])]}.")
