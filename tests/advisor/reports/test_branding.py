"""Reports in the name of a house: read strictly, drawn without losing anything, and never more than a drawing."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.cli.commands import app
from advisor.errors import InputError
from advisor.reports import draw, html
from advisor.reports.branding import contrast, read_brand
from advisor.reports.document import Document, Paragraph, Section, Text
from advisor.reports.edition import branded
from advisor.reports.layout import lay_out
from advisor.reports.pdf import content

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"{}/>{}</svg>'


def _branding(folder: Path, logo: str = "", accent: str = "#005a9c") -> Path:
    file = folder / "report.yaml"
    lines = ["title: House of Advice", "note: For the board only.", f'accent: "{accent}"', "logo_text: Our house"]
    if logo:
        (folder / "logo.svg").write_text(logo, encoding="utf-8")
        lines.append("logo: logo.svg")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_title_note_colour_and_logo_stand_in_the_report(tmp_path: Path, sample: object) -> None:
    """The page holds the logo itself, so that it needs nothing from elsewhere."""
    with branded(read_brand(_branding(tmp_path, DRAWING.format("", "")))):
        page = html.write(lay_out(sample())).decode()  # type: ignore[operator]
    assert "House of Advice</h1>" in page
    assert "For the board only." in page
    assert "--accent:#005a9c" in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert 'alt="Our house"' in page


@pytest.mark.parametrize(
    "logo",
    [
        DRAWING.format("", "<script>alert(1)</script>"),
        DRAWING.format(' onload="alert(1)"', ""),
        DRAWING.format("", '<use href="https://example.org/a.svg#b"/>'),
        DRAWING.format("", "<style>@import 'https://example.org/a.css';</style>"),
        DRAWING.format(' style="fill:url(https://example.org/a)"', ""),
        DRAWING.format("", "<foreignObject/>"),
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + DRAWING.format("", ""),
        DRAWING.format("", '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        DRAWING.format("", "".join(f'<g id="p{k}">' + f'<use href="#p{k + 1}"/>' * 9 + "</g>" for k in range(9))),
        DRAWING.replace('viewBox="0 0 9 9"', "").format("", ""),
        DRAWING.replace("0 0 9 9", "0 0 9000 1").format("", ""),
        "<svg",
    ],
)
def test_a_logo_that_is_more_than_a_drawing_is_refused(tmp_path: Path, logo: str) -> None:
    """Scripts, handlers, entities, and whatever would be loaded from elsewhere, are no part of a logo."""
    with pytest.raises(InputError, match="logo"):
        read_brand(_branding(tmp_path, logo))


def test_a_logo_in_a_printed_report_is_a_figure_with_a_text(tmp_path: Path, sample: object) -> None:
    """PDF and Word hold the logo with its alternative text, the title, the note and the colour of the house."""
    house = read_brand(_branding(tmp_path, DRAWING.format("", "")))
    with branded(house):
        document = lay_out(sample())  # type: ignore[operator]
    assert document.subtitle.startswith("Ticket triage")
    plain = content(document)
    assert (plain["accent"], plain["logo"]["alt"], plain["title"]) == ("#005a9c", "Our house", "House of Advice")
    printed, bare = (_figures(draw(one, "pdf")) for one in (document, replace(document, brand=None)))
    assert printed - bare == {"Our house"}
    archive = zipfile.ZipFile(io.BytesIO(draw(document, "docx")))
    body, styles = (archive.read(f"word/{name}.xml").decode() for name in ("document", "styles"))
    assert 'descr="Our house"' in body
    assert "House of Advice" in body and "For the board only." in body
    assert 'w:color="005A9C"' in styles
    first = archive.read("word/media/image1.png") + archive.read("word/media/image2.png")
    assert first.startswith(b"\x89PNG")


def _figures(source: bytes) -> set[str]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(source))
    found = (reader.get_object(number) for number in range(1, int(str(reader.trailer["/Size"]))))
    return {str(one["/Alt"]) for one in found if isinstance(one, dict) and one.get("/S") == "/Figure"}


def test_a_picture_keeps_its_proportions_on_paper(tmp_path: Path) -> None:
    """A logo fits into its box by the side that is too long; a PNG goes into a PDF as it is."""
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (400, 100), "#005a9c").save(picture, "PNG")
    (tmp_path / "logo.png").write_bytes(picture.getvalue())
    (tmp_path / "report.yaml").write_text("logo: logo.png\n", encoding="utf-8")
    house = read_brand(tmp_path / "report.yaml")
    assert house.logo_box(100, 100) == (100, 25)
    assert house.logo_box(1000, 10) == (40, 10)
    document = Document("A", "B", "en", (Section("one", "One", (Paragraph((Text("x"),)),)),), brand=house)
    assert _figures(draw(document, "pdf")) == {"Logo"}
    assert len(zipfile.ZipFile(io.BytesIO(draw(document, "docx"))).read("word/media/image1.png")) == len(
        picture.getvalue()
    )


@pytest.mark.parametrize("command", ["diff", "portfolio"])
def test_other_reports_bear_the_name_of_the_house_too(tmp_path: Path, command: str) -> None:
    """Reports of differences and of portfolios take the same branding."""
    branding, out = _branding(tmp_path, DRAWING.format("", "")), tmp_path / "report.html"
    (tmp_path / "a.yaml").write_text("name: A\ntask_kind: classification\n", encoding="utf-8")
    (tmp_path / "p.csv").write_text("name,task_kind\nA,classification\n", encoding="utf-8")
    given = {
        "diff": [str(tmp_path / "a.yaml"), str(tmp_path / "a.yaml"), "--out", str(out)],
        "portfolio": [str(tmp_path / "p.csv"), "--report", str(out)],
    }
    result = CliRunner().invoke(app, [command, *given[command], "--branding", str(branding)], catch_exceptions=False)
    assert result.exit_code == 0
    page = out.read_text(encoding="utf-8")
    assert "House of Advice</h1>" in page and "For the board only." in page and 'alt="Our house"' in page


def test_a_picture_is_decoded_and_its_size_is_capped(tmp_path: Path) -> None:
    """A PNG that cannot be decoded is refused, and so is one too large to be part of every file."""
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    file = tmp_path / "report.yaml"
    file.write_text("logo: logo.png\n", encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(picture.getvalue())
    assert read_brand(file).logo == picture.getvalue()
    huge = io.BytesIO()
    Image.new("1", (5000, 5000)).save(huge, "PNG")
    assert len(huge.getvalue()) < 10_000
    for spoiled in (picture.getvalue()[:40], b"\0" * 400_000, huge.getvalue()):
        (tmp_path / "logo.png").write_bytes(spoiled)
        with pytest.raises(InputError, match="logo"):
            read_brand(file)


def test_every_problem_of_a_branding_is_told_at_once(tmp_path: Path) -> None:
    """A pale colour is told with its contrast, beside unknown fields and a missing logo."""
    file = tmp_path / "report.yaml"
    file.write_text('accent: "#ffee00"\nlogo: none.png\nslogan: buy\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_brand(file)
    assert {problem.field for problem in caught.value.problems} >= {"accent", "logo"}
    assert "slogan" in str(caught.value)
    assert "contrast of 1.2" in str(caught.value)
    assert contrast("#000000") == pytest.approx(21)
