"""A report in another language holds no sentence of ours that the catalogue does not translate."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from advisor import language, locate
from advisor.cli import messages
from advisor.cli.diff import advice_in
from advisor.intake import answers
from advisor.intake.sheet import read_sheet
from advisor.language import using
from advisor.reasoning.advise import advise, engine
from advisor.reasoning.difference import difference
from advisor.reasoning.engine import Engine
from advisor.reasoning.portfolio import Portfolio
from advisor.reports import adr, csv_writer, docx_writer, html, layout, markdown, overview, text
from advisor.reports.change import lay_out_change
from advisor.reports.document import Document

DAY = date(2026, 11, 23)
# What keeps its own language: codes, addresses and titles of works, names of data sets and of statistical methods.
OWN = re.compile(
    r"(Section\.id|ChartSpec\.(id|kind|scale|across_scale)|Citation\.ids|Link\.(text|url)|Code\.text|\.unit|\.origin"
    r"|Quantity\.source|Value\.source|Argument\.rule|Callout\.kind|SourceList\.sources.*|Document\.language)$"
)
KEPT = re.compile(r"https?://\S+|\S*[_/@]\S*|\S+\.(?:yaml|json|csv)\b|\b[0-9a-f]{8,}\b|\bUSD[ᵐᵖᵉˢᵈ]?|\bms\b")


@pytest.fixture(scope="module")
def knowledge() -> Engine:
    """The shipped rules with a measurement that ships, too."""
    return engine(locate.rules_dir(), DAY, locate.rules_dir().parent / "results" / "sms_spam.json")


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue whose every translation is the message in brackets, and what is filled in outside of them."""
    found = {one: "⟦" + re.sub(r"\{[^{}]*\}", r"⟧\g<0>⟦", one) + "⟧" for one in messages.used()}
    monkeypatch.setattr(language, "_catalogue", lambda _: found)
    with using("de"):
        yield


def outside(said: str) -> list[str]:
    """The words of a text that stand in no bracket and are no code, address, number or name of a unit."""
    depth, left = 0, []
    for letter in said:
        depth += {"⟦": 1, "⟧": -1}.get(letter, 0)
        left.append(letter if depth == 0 and letter != "⟧" else " ")
    return re.findall(r"[^\W\d_]{2,}", KEPT.sub(" ", "".join(left)))


def texts(thing: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested dataclasses with the path to it."""
    if isinstance(thing, str):
        yield path, thing
    elif isinstance(thing, tuple):
        for item in thing:
            yield from texts(item, path)
    elif hasattr(thing, "__dataclass_fields__"):
        for name in thing.__dataclass_fields__:
            yield from texts(getattr(thing, name), f"{path}/{type(thing).__name__}.{name}")


def foreign(document: Document, names: set[str]) -> set[str]:
    """The words of a document that no translation covers, apart from `names`."""
    told = (said for path, said in texts(document) if not OWN.search(path))
    return {word for said in told for word in outside(said)} - names


def names_of(knowledge: Engine) -> set[str]:
    """The words in names: of studies, their authors and data sets, of tasks and models."""
    assert knowledge.library is not None and knowledge.measurement is not None
    found = [knowledge.measurement.task, knowledge.measurement.model, "spam", "paired percentile"]
    for study in knowledge.library.studies:
        found += [study.title, study.authors_year, *(row.task_name for row in study.comparisons)]
    return {word for one in found for word in re.findall(r"[^\W\d_]{2,}", one)}


@pytest.mark.usefixtures("marked")
def test_an_advice_says_nothing_beyond_the_catalogue(knowledge: Engine) -> None:
    """Reasons, conditions that failed, studies, costs, plan and measurement of very different cases are looked up."""
    names = names_of(knowledge)
    cases = [dict(case.answers) for case in knowledge.book.cases[::9]]
    for given in ({}, *cases):
        advice = advise(answers.parse({**given, "name": "7"}, knowledge.book, "a case"), knowledge)
        assert foreign(layout.lay_out(advice), names) == set()


@pytest.mark.usefixtures("marked")
def test_differences_and_portfolios_say_nothing_beyond_the_catalogue(knowledge: Engine, tmp_path: Path) -> None:
    """The two other kinds of report are looked up as well."""
    sheet, one, two = tmp_path / "projects.csv", tmp_path / "1.yaml", tmp_path / "2.yaml"
    one.write_text("name: 1\ntask_kind: classification\nlabelled_examples: 2000\nmodel_access: open_weights\n")
    two.write_text("name: 2\ntask_kind: extraction\nlabelled_examples: 20\nquality_gap: missing_knowledge\n")
    old, new = advice_in(one, knowledge), advice_in(two, knowledge)
    assert foreign(lay_out_change(difference(old, new), old, new), set()) == set()
    kinds = ("classification", "code", "extraction", "generation")
    sheet.write_text(
        "name,task_kind,labelled_examples\n" + "".join(f"{k},{kind},{k}00\n" for k, kind in enumerate(kinds))
    )
    portfolio = Portfolio(knowledge, read_sheet(sheet, knowledge.book))
    titles = {item.id: "" for item in knowledge.book.approaches.values()}
    whole = overview.lay_out_portfolio(list(portfolio.rows()), portfolio.summary(), titles, DAY, "")
    asked = " ".join(one.ask for one in knowledge.book.questions.values())
    codes = {"prompting", "fine", "tuning", "hybrid", *re.findall(r"[^\W\d_]{2,}", asked)}
    assert foreign(whole, codes) == set()


def read_word(document: Document) -> str:
    """What a Word file says."""
    archive = zipfile.ZipFile(io.BytesIO(docx_writer.write(document)))
    return unescape(re.sub("<[^>]*>", "", archive.read("word/document.xml").decode().replace("</w:p>", "\n")))


def read_text(write: Callable[[Document], bytes]) -> Callable[[Document], str]:
    """What a form says that is text, apart from what is to be copied."""
    return lambda document: re.sub(r"(`{3,})\n.*?\1", "", write(document).decode("utf-8-sig"), flags=re.DOTALL)


READERS = {
    "md": read_text(markdown.write),
    "adr": read_text(adr.write),
    "csv": read_text(csv_writer.write),
    "docx": read_word,
}


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("form", list(READERS))
def test_writers_add_no_word_of_their_own(knowledge: Engine, form: str) -> None:
    """Headings, marks and labels that a form adds are looked up, too."""
    advice = advise(answers.parse({"name": "7", "labelled_examples": 900}, knowledge.book, "a case"), knowledge)
    document = layout.lay_out(advice)
    there = {word for _, one in texts(document) for word in re.findall(r"[^\W\d_]{2,}", one)}
    added = set(outside(READERS[form](document))) - there
    assert added <= {"id", "sub", "source"}, added


@pytest.mark.usefixtures("marked")
def test_no_amount_depends_on_the_language(knowledge: Engine) -> None:
    """Costs, draws, forecasts and flips are the same numbers, whatever the words beside them are."""

    def amounts(thing: Any) -> Iterator[float]:
        if isinstance(thing, int | float):
            yield float(thing)
        elif isinstance(thing, list | dict):
            for item in thing.values() if isinstance(thing, dict) else thing:
                yield from amounts(item)

    given = answers.parse({"task_kind": "classification", "labelled_examples": 900}, knowledge.book, "a case")
    translated = advise(given, knowledge)
    with using("en"):
        plain = advise(given, knowledge)
    assert translated.headline != plain.headline
    assert list(amounts(translated.to_json())) == list(amounts(plain.to_json()))
    assert translated.cost_study is not None and plain.cost_study is not None
    for name, simulation in plain.cost_study.simulations.items():
        assert simulation.total.likely == translated.cost_study.simulations[name].total.likely


class Watched(dict[str, str]):
    """A catalogue that remembers which messages it was asked for and lacks."""

    def __init__(self, found: Any) -> None:
        super().__init__(found)
        self.lacked: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        """The translation; a message without one is remembered."""
        if key not in self and re.search("[A-Za-z]", key):
            self.lacked.add(key)
        return super().get(key, default)


def test_a_german_report_is_german(knowledge: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message of ours that reports of different cases look up has its translation in the catalogue."""
    watched = Watched(language._catalogue("de"))
    monkeypatch.setattr(language, "_catalogue", lambda _: watched)
    with using("de"):
        for given in ({}, *(dict(case.answers) for case in knowledge.book.cases[::11])):
            advice = advise(answers.parse({**given, "name": "7"}, knowledge.book, "a case"), knowledge)
            document = layout.lay_out(advice)
            for write in (text.write, markdown.write, adr.write, csv_writer.write, html.write_light):
                write(document)
    assert watched.lacked & messages.used() == set()


def test_sources_of_token_prices_and_the_order_of_flips_follow_the_language_and_nothing_else(knowledge: Engine) -> None:
    """Where a price comes from is said in German, also after English; what would change the advice keeps its order."""
    given = answers.parse(
        {
            "task_kind": "classification",
            "class_count": 5,
            "labelled_examples": 400,
            "base_model_size_b": 0.135,
            "tunable_model_size_b": 0.135,
            "model_access": "open_weights",
            "deadline_weeks": 8,
        },
        knowledge.book,
        "a case",
    )
    plain = advise(given, knowledge)
    with using("de"):
        translated = advise(given, knowledge)
    whole = str(translated.to_json())
    assert "Preis vom 23.11.2026" in whole
    assert "price of 2026" not in whole
    assert len(plain.flips) > 1
    assert [flip.changes for flip in translated.flips] == [flip.changes for flip in plain.flips]
