"""PDF, Word, Excel, CSV, decision record and light HTML: accessible, searchable, and nothing of a user becomes code."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from advisor.errors import MissingExtra
from advisor.knowledge.domain import Quantity
from advisor.reasoning.advice import Advice
from advisor.reports import FORMATS, draw, render, typesetting
from advisor.reports.charts_drawn import Word
from advisor.reports.charts_drawn import draw as shapes_of
from advisor.reports.document import Chart, ChartSpec, Document, Mark, Paragraph, Section, Series, Table, Text
from tests.pdf_files import pdf_actions, pdf_text

Make = Callable[..., Advice]
PAYLOADS = (
    "=cmd|'/c calc'!A1", "+1+1", "@SUM(A1)", "<script>alert(1)</script>",
    '#import "/etc/passwd"', "$ x^2 $ #read(\"a\")",
    "[click](javascript:alert(1))", "</w:t></w:r><w:instrText>DATE</w:instrText>", "]]><x/>",
)  # fmt: skip


def document_xml(source: bytes) -> str:
    """The main part of a Word file."""
    return zipfile.ZipFile(io.BytesIO(source)).read("word/document.xml").decode()


def only(text: str) -> Document:
    """A document that says `text` in its title, in a paragraph and in a table."""
    table = Table((text, "B"), (((Text(text),), (Text("b"),)),), text)
    return Document(text, text, "en", (Section("part", text, (Paragraph((Text(text),)), table)),))


def spec(kind: Any) -> ChartSpec:
    """A small chart of a kind."""

    def number(value: float) -> Quantity:
        return Quantity(value, "weeks", "estimated", "f", value * 0.5, value * 2)

    marks = tuple(Mark(f"mark {k}", number(float(k + 1)), at=number(float(k))) for k in range(3))
    return ChartSpec("one", kind, "A title", "weeks", "What it shows.", (Series("S", marks),), across="months")


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("format_", ["pdf", "docx", "xlsx", "csv", "adr", "html-light"])
def test_what_a_user_wrote_arrives_as_text(format_: str, payload: str) -> None:
    """Formulas, scripts, Typst code, links and Word's own markup are shown, not run."""
    source = draw(only(payload), format_)
    if format_ == "pdf":
        assert re.sub(r"\s", "", payload) in re.sub(r"\s", "", pdf_text(source))
        assert pdf_actions(source) == set()
    elif format_ == "docx":
        from docx import Document as Opened

        assert payload in [paragraph.text for paragraph in Opened(io.BytesIO(source)).paragraphs]
        assert "<w:instrText" not in document_xml(source)
    elif format_ == "xlsx":
        from openpyxl import load_workbook

        cells = [cell for page in load_workbook(io.BytesIO(source)) for row in page for cell in row if cell.value]
        assert payload in [cell.value for cell in cells]
        assert {cell.data_type for cell in cells} == {"s"}
    elif format_ == "csv":
        cells_ = [cell for row in csv.reader(io.StringIO(source.decode("utf-8-sig"))) for cell in row]
        assert any(payload in cell for cell in cells_)
        assert not [cell for cell in cells_ if cell.startswith(("=", "+", "-", "@"))]
    elif format_ == "html-light":
        assert "<script" not in source.decode() and 'href="javascript' not in source.decode()
    else:
        visible = re.sub(r"\\.", "", source.decode())
        assert "<script" not in visible and "](" not in visible


def test_the_pdf_is_tagged_titled_and_bears_both_standards(sample: Make) -> None:
    """The file names PDF/UA-1 and PDF/A-2a, has a structure tree, a title and a language; Typst enforced them."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(render(sample(), "pdf")))
    root: Any = reader.trailer["/Root"]
    told = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in told
    assert "<pdfaid:part>2</pdfaid:part>" in told
    assert root["/MarkInfo"]["/Marked"] is not None and "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert reader.metadata is not None and reader.metadata.title == "Ticket triage"
    assert reader.metadata.creation_date is not None and reader.metadata.creation_date.date() == sample().as_of


def test_the_pdf_draws_charts_as_vectors_with_alternative_text(sample: Make) -> None:
    """No picture stands in the file, and each chart's figure tells its finding."""
    from pypdf import PdfReader

    source = render(sample(), "pdf")
    assert not [image for page in PdfReader(io.BytesIO(source)).pages for image in page.images]
    assert pdf_text(source).count("What each criterion adds to the score") == 1
    figures = list(_objects(source))
    assert len(figures) == len(_specs(sample()))
    assert all("/Alt" in item for item in figures)


def _objects(source: bytes) -> Iterator[Any]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(source))
    for number in range(1, int(str(reader.trailer["/Size"]))):
        found = reader.get_object(number)
        if isinstance(found, dict) and found.get("/S") == "/Figure":
            yield found


def test_each_number_of_the_pdf_is_in_the_json(sample: Make) -> None:
    """Every number that a reader sees, page numbers apart, is one of the JSON's numbers, rounded as it is written."""
    data = json.loads(render(sample(), "json"))
    exact = set(_numbers(data))
    shares = {100 * number for number in exact if 0 <= number <= 1}
    scores = [points for item in data["ranking"] for points in item["by_criterion"].values()]
    parts = {weight * points for weight in data["weights"].values() for points in scores}
    known = exact | shares | parts | {abs(number) for number in exact | parts}
    text = re.sub(r"\n\d+ / \d+", "", pdf_text(render(sample(), "pdf")))
    text = text.replace("nine of ten", "").replace("1 to 5", "")
    axes = {float(word.text.replace("$", "").replace("−", "-").replace(",", ""))
            for chart in _specs(sample()) for word in shapes_of(chart, 481).shapes
            if isinstance(word, Word) and word.size == 8 and re.fullmatch(r"[−$\d.,]+", word.text)}  # fmt: skip
    seen = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text)
    assert len(seen) > 100
    assert not _known("7,777", known)
    strange = [word for word in seen if not _known(word, known) and float(word.replace(",", "")) not in axes]
    assert not strange, strange


def _specs(advice: Advice) -> list[ChartSpec]:
    from advisor.reports import layout

    return [block.spec for section in layout.lay_out(advice).sections for block in section.blocks
            if isinstance(block, Chart)]  # fmt: skip


def _numbers(data: Any) -> Iterator[float]:
    if isinstance(data, bool) or data is None:
        return
    if isinstance(data, int | float):
        yield float(data)
    elif isinstance(data, str):
        yield from (float(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", data) if found)
    else:
        for item in data.values() if isinstance(data, dict) else data:
            yield from _numbers(item)


def _known(word: str, known: set[float]) -> bool:
    """Whether some number of the JSON is written so when it is rounded to as many digits."""
    value = float(word.replace(",", "").rstrip("."))
    digits = len(word.partition(".")[2])
    near = 0.5 * 10**-digits + 1e-9
    return any(abs(number - value) <= near or (value >= 1000 and float(f"{number:.3g}") == value) for number in known)


def test_letters_without_a_font_are_told_and_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither the bundled nor the system's fonts can draw a letter, the report says so and writes its number."""
    document = only("Tickets 分類 and more")
    monkeypatch.setattr(typesetting, "_undrawable", lambda letters: (frozenset("分類") & letters, False))
    text = " ".join(pdf_text(draw(document, "pdf")).split())
    assert "U+5206 U+985E" in text
    assert "Chinese characters" in text


def test_the_bundled_fonts_draw_many_alphabets() -> None:
    """Latin, Greek, Cyrillic, Vietnamese, Arabic, Hebrew and the signs of origin need no other font."""
    assert typesetting.missing(["Grüße Ωμέγα Привет Việt مرحبا שלום ᵐᵖᵉˢᵈ − → ≥"]) == {}


@pytest.mark.parametrize("kind", ["stacked", "interval", "line", "scatter", "timeline"])
def test_every_kind_of_chart_stays_on_its_paper(kind: str) -> None:
    """At the width of paper and of a phone no shape and no word leaves the drawing, and words are all there."""
    for width in (481.0, 280.0):
        drawing = shapes_of(spec(kind), width)
        words = [item for item in drawing.shapes if isinstance(item, Word)]
        assert any("weeks" in word.text for word in words)
        for item in drawing.shapes:
            x, y = item.points[0] if hasattr(item, "points") else (item.x, item.y)
            assert -1 <= x <= width + 1 and 0 <= y <= drawing.height


def test_word_has_real_headings_header_rows_and_pictures_with_text(sample: Make) -> None:
    """Headings are heading styles, tables repeat their first row, each picture has a title and alternative text."""
    from docx import Document as Opened

    source = render(sample(), "docx")
    opened = Opened(io.BytesIO(source))
    headings = [p.text for p in opened.paragraphs if p.style.name.startswith("Heading")]
    assert {"Ranking", "Costs and time", "Plan"} <= set(headings)
    told = document_xml(source)
    assert told.count("<w:tblHeader") >= 5
    pictures = re.findall(r"<wp:docPr [^>]*>", told)
    assert len(pictures) >= 3
    assert all('title="' in item and re.search(r'descr="[^"]{20,}', item) for item in pictures)


def test_excel_holds_numbers_with_units_and_origins(sample: Make) -> None:
    """Costs are numbers, their unit stands in the header, their origin beside them."""
    from openpyxl import load_workbook

    page = load_workbook(io.BytesIO(render(sample(), "xlsx")))["Costs and time"]
    rows = [row for row in page.iter_rows(values_only=True) if row[0] in {"Approach", "Fine-tuning"}]
    head, first = rows[0], rows[1]
    place = head.index("Set-up (USD)")
    assert first[place : place + 5] == (800, 200, 3000, "estimated", "a formula")
    assert head[place + 3] == "Set-up: origin"


def test_the_decision_record_has_its_parts(sample: Make) -> None:
    """Status, date, context, decision, alternatives, consequences and review, each under its heading."""
    source = render(sample(), "adr").decode()
    heads = re.findall(r"^## (.*)$", source, flags=re.MULTILINE)
    assert heads == ["Context", "Decision", "Alternatives", "Consequences", "Review"]
    assert "- Status: proposed" in source and "- Date: 2026-11-22" in source
    assert "2027-05-22" in source


def test_light_html_has_no_script_and_draws_each_chart_twice(sample: Make) -> None:
    """The policy forbids every script; each chart is there for wide and for narrow screens, with a name."""
    source = render(sample(), "html-light").decode()
    assert "<script" not in source
    assert "script-src &#39;none&#39;" in source or "script-src 'none'" in source
    assert source.count("<svg") == source.count('role="img"') == 2 * source.count('<figure class="chart">')
    assert len(source) < 400_000


@pytest.mark.parametrize(("format_", "package"), [("pdf", "typst"), ("docx", "docx"), ("xlsx", "openpyxl")])
def test_a_missing_part_is_named_with_its_install_line(
    sample: Make, format_: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its package a form says which extra brings it."""
    import importlib

    real = importlib.import_module

    def missing(name: str, anchor: str | None = None) -> object:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"no {package}", name=package)
        return real(name, anchor)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"advisor\[reports\]"):
        render(sample(), format_)


def test_the_command_line_offers_every_format() -> None:
    """`--format` and the reports know the same forms."""
    from advisor.cli.forms import FORMATS as OFFERED

    assert tuple(FORMATS) == OFFERED
