"""Whom a report is for and in whose name it comes can be chosen in the app, as on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from advisor import locate
from advisor.cli.commands import app as command
from advisor.intake import answers
from advisor.knowledge import rulebook
from advisor.reasoning.advise import advise, engine
from advisor.ui import house
from advisor.ui.pages.result import _report

BOOK = rulebook.load(locate.rules_dir())
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><rect width="40" height="10" fill="#7a1f5c"/></svg>'
)


def choose(app: Any, name: str, value: object) -> None:
    """Sets a widget of the panel and lets the page run again."""
    app.at.get_by_key(f"house-{name}").set_value(value)
    app.at.run()


def test_what_is_chosen_is_kept_and_handed_out(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth, title, note, colour and logo survive other pages; the file made of them gives the command's own bytes."""
    app.start_with(dict(BOOK.cases[0].answers)).go("result")
    app.at.file_uploader(key="house-upload").upload("mark.svg", LOGO).run()
    words = {"title": "For the board", "note": "Secret: *yes*", "accent": "#7a1f5c", "logo_text": "A bar"}
    for name, value in {**words, "depth": "executive"}.items():
        choose(app, name, value)
    app.go("rules")
    app.go("result")
    assert not app.at.exception
    assert app.at.get_by_key("house-title").value == "For the board"
    assert app.at.get_by_key("house-depth").value == "executive"
    kept, logo = app.at.session_state["house"], app.at.session_state["house-logo"]
    monkeypatch.setattr(house.st, "session_state", {"house": kept, "house-logo": logo})
    chosen = house.present()
    assert chosen.brand is not None and chosen.brand.title == "For the board" and not chosen.problems
    monkeypatch.chdir(tmp_path)
    Path("report.yaml").write_text(house._as_file(kept), encoding="utf-8")
    Path("mark.svg").write_bytes(LOGO)
    Path("answers.yaml").write_text(yaml.safe_dump(dict(BOOK.cases[0].answers)), encoding="utf-8")
    knowledge = engine(locate.rules_dir(), BOOK.as_of)
    advice = advise(answers.read(Path("answers.yaml"), knowledge.book), knowledge)
    words = ["recommend", "answers.yaml", "--as-of", advice.as_of.isoformat(), "--depth", "executive"]
    printed = CliRunner().invoke(command, [*words, "--format", "html-light", "--branding", "report.yaml"])
    assert printed.stdout_bytes == _report(advice, "html-light", chosen)
    assert b"For the board" in printed.stdout_bytes


@pytest.mark.parametrize(
    ("name", "value", "told"), [("accent", "#ffff00", "a contrast of"), ("accent", "purple", "a colour as")]
)
def test_a_look_that_cannot_be_read_is_pointed_out_and_left_out(app: Any, name: str, value: str, told: str) -> None:
    """The problem stands in the panel, and reports come in our own name until it is mended."""
    app.start_with(dict(BOOK.cases[0].answers)).go("result")
    choose(app, name, value)
    assert any(told in item.value for item in app.at.error)
    choose(app, name, "")
    assert not app.at.error and not app.at.exception


def test_a_logo_that_is_more_than_a_drawing_is_refused_and_can_be_left_out(app: Any) -> None:
    """A script in it is named; the button takes it away."""
    app.start_with(dict(BOOK.cases[0].answers)).go("result")
    bad = LOGO.replace(b"<rect", b"<script>alert(1)</script><rect")
    app.at.file_uploader(key="house-upload").upload("mark.svg", bad).run()
    assert any("script" in item.value for item in app.at.error)
    app.at.button(key="house-no-logo").click().run()
    assert not app.at.error and not app.at.exception
