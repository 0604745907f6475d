"""Reports of real advices: the same bytes from app and command line, every figure in the JSON, every field harmless."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from advisor import locate
from advisor.cli.commands import app
from advisor.errors import InputError
from advisor.intake import answers
from advisor.language import using
from advisor.reasoning.advice import Advice
from advisor.reasoning.advise import advise, engine
from advisor.reasoning.engine import Engine
from advisor.reports import FORMATS, layout, render
from advisor.reports.charts_drawn import Word
from advisor.reports.charts_drawn import draw as shapes_of
from advisor.reports.document import Chart
from tests.pdf_files import pdf_actions, pdf_text

DAY = date(2026, 11, 23)
FULL = Path(__file__).parents[3] / "perf" / "answers.yaml"
PAYLOAD = (
    '=cmd|"/c calc"!A1 <script>alert(1)</script> "><img src=x onerror=alert(2)> [a](javascript:alert(3)) '
    '</w:t></w:r><w:instrText>DATE</w:instrText> #import "/etc/passwd" ]]><x/> {{ 7*7 }} مرحبا 分類 \ufffe \U0001f680'
)


@pytest.fixture(scope="module")
def knowledge() -> Engine:
    """The shipped rules on a fixed day."""
    return engine(locate.rules_dir(), DAY)


@pytest.mark.parametrize("language", ["en", "de"])
def test_app_and_command_line_make_the_same_bytes(
    knowledge: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """What the page of the result hands out is, in each form, what the command that it prints hands out."""
    from advisor.reasoning import advise as reasoning
    from advisor.ui.house import House
    from advisor.ui.pages.result import _report

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reasoning, "engine", lambda *_: knowledge)  # read once, not once a form
    Path("answers.yaml").write_text("name: Tickets über alles\ntask_kind: classification\nlabelled_examples: 900\n")
    with using(language):
        advice = advise(answers.read(Path("answers.yaml"), knowledge.book), knowledge)
        pages = {name: _report(advice, name, House("engineer", None)) for name in FORMATS}
    asked = ["recommend", "answers.yaml", "--as-of", DAY.isoformat(), "--language", language]
    for name, made in pages.items():
        form = ["--full"] if name == "text" else ["--format", name]
        result = CliRunner().invoke(app, [*asked, *form], catch_exceptions=False)
        assert result.exit_code == 0
        assert result.stdout_bytes == made, name


def test_each_number_of_a_real_pdf_is_in_its_json(knowledge: Engine) -> None:
    """Every number that a reader sees is one of the JSON's, rounded as it is written, or stands at an axis."""
    advice = advise(answers.read(FULL, knowledge.book), knowledge)
    known = _known_numbers(json.loads(render(advice, "json")))
    text = re.sub(r"\n\d+ / \d+", "", pdf_text(render(advice, "pdf")))
    text = re.sub(r"https?://\S+", "", re.sub(r"(?<=\s)-(?=\d)", "", text))
    seen = set(re.findall(r"(?<![\w.,/-])\d[\d,]*(?:\.\d+)?(?![\w/-])", text)) - set(_axes(advice))
    assert len(seen) > 200
    strange = sorted(word for word in seen if not any(_same(word, number) for number in known))
    assert not strange, strange
    assert not any(_same("77,777", number) for number in known)


def _known_numbers(data: Any) -> list[float]:
    """The numbers of the JSON, with the shares as percentages and the contributions that scores add up from."""
    found = set(_numbers(data))
    found |= {100 * number for number in found if 0 <= number <= 1}
    scores = [points for item in data["ranking"] for points in item["by_criterion"].values()]
    found |= {weight * points for weight in data["weights"].values() for points in scores}
    found |= {abs(number) for number in found}
    counted = {float(len(part)) for part in data.values() if isinstance(part, list | dict)}
    return sorted(found | counted | {float(len(data["flips"]) - shown) for shown in range(40)})


def _numbers(data: Any) -> Iterator[float]:
    if isinstance(data, bool) or data is None:
        return
    if isinstance(data, int | float):
        yield float(data)
    elif isinstance(data, str):
        yield from (float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", data))
    else:
        for item in data.values() if isinstance(data, dict) else data:
            yield from _numbers(item)


def _axes(advice: Advice) -> Iterator[str]:
    for section in layout.lay_out(advice).sections:
        for block in section.blocks:
            if isinstance(block, Chart):
                for word in shapes_of(block.spec, 481).shapes:
                    if isinstance(word, Word) and word.size == 8:
                        yield word.text.strip("$−")


def _same(word: str, number: float) -> bool:
    """Whether a number is written so when it is rounded to as many digits, or to those that count."""
    value = float(word.replace(",", ""))
    digits = len(word.partition(".")[2])
    near = 0.5 * 10**-digits + 1e-9
    counted = [float(f"{number:.{many}g}") for many in (2, 3, 4)] if value >= 1000 else []
    outward = abs(number - value) <= 1e-3 * abs(number) and len(word.replace(".", "").strip("0,")) <= 4
    return abs(number - value) <= near or value in counted or outward


def test_every_closed_field_refuses_a_payload_and_names_itself(knowledge: Engine) -> None:
    """A question whose answers are numbers or fixed words takes no text, so that none can reach a report through it."""
    for name in knowledge.book.questions:
        with pytest.raises(InputError, match=name):
            answers.parse({name: PAYLOAD}, knowledge.book, "answers.yaml")


@pytest.fixture(scope="module")
def spoiled(knowledge: Engine) -> Advice:
    """An advice with the payload in each field that takes free text."""
    given = {"name": PAYLOAD, "description": PAYLOAD, "task_kind": "classification", "labelled_examples": 900}
    return advise(answers.parse(given, knowledge.book, "answers.yaml"), knowledge)


@pytest.mark.parametrize("format_", list(FORMATS))
def test_a_payload_in_name_and_description_arrives_as_text(spoiled: Advice, format_: str) -> None:
    """In no form does the text become a formula, a script, a field of Word or Typst code; it stands there to read."""
    CHECKS[format_](render(spoiled, format_))


@pytest.mark.parametrize("format_", ["pdf", "docx", "xlsx", "csv", "adr"])
def test_hostile_packs_and_runs_reach_no_form_as_markup(spoiled_by_all: Advice, format_: str) -> None:
    """The same holds for texts of rule packs, studies and benchmark runs."""
    CHECKS[format_](render(spoiled_by_all, format_))


def _pdf(source: bytes) -> None:
    assert {word for word in pdf_actions(source) if not re.match("https?://", word)} <= {"/URI"}
    assert "alert(1)" in "".join(pdf_text(source).split())


def _docx(source: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(source))
    body = archive.read("word/document.xml").decode()
    assert "instrText" not in re.sub(r"&lt;.*?&gt;", "", body) and "<w:fldSimple" not in body
    assert "alert(1)" in body
    links = archive.read("word/_rels/document.xml.rels").decode()
    outside = re.findall(r'Target="([^"]*)" TargetMode="External"', links)
    assert all(target.startswith(("http://", "https://")) for target in outside)
    assert not [name for name in archive.namelist() if "vba" in name.lower()]


def _xlsx(source: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(source))
    pages = [archive.read(name).decode() for name in archive.namelist() if "/worksheets/sheet" in name]
    assert pages and not any("<f>" in page or "<hyperlink" in page for page in pages)
    assert any("alert(1)" in page for page in pages)


def _csv(source: bytes) -> None:
    cells = [cell for row in csv.reader(io.StringIO(source.decode("utf-8-sig"))) for cell in row]
    assert any("alert(1)" in cell for cell in cells)
    starts = [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\t"}]
    assert all(re.fullmatch(r"-?[\d.e+-]+", cell) for cell in starts), starts


def _markdown(source: bytes) -> None:
    outside = re.sub(r"^(`{3,})\n.*?^\1$", "", source.decode(), flags=re.DOTALL | re.MULTILINE)
    visible = re.sub(r"\\.", "", outside)
    assert "<script" not in visible and "<img" not in visible and "](javascript" not in visible
    assert "alert(1)" in outside.replace("\\", "")


def _html(source: bytes) -> None:
    page = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", source.decode(), flags=re.DOTALL)
    assert "<script>" not in page and "<img" not in page
    assert not re.search(r'(?:href|src)="(?!#|https?:)', page)
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', page))
    assert "&lt;script&gt;alert(1)" in page


def _text(source: bytes) -> None:
    assert "\x1b" not in source.decode() and "\u202e" not in source.decode()
    assert "alert(1)" in source.decode()


def _json(source: bytes) -> None:
    assert json.loads(source)["description"].startswith("=cmd")


CHECKS: dict[str, Callable[[bytes], None]] = {
    "text": _text, "json": _json, "md": _markdown, "adr": _markdown, "html": _html, "html-light": _html,
    "pdf": _pdf, "docx": _docx, "xlsx": _xlsx, "csv": _csv,
}  # fmt: skip
