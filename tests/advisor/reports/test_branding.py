"""Reports in the name of a house: read strictly, drawn without losing anything, and never more than a drawing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.reports import html
from advisor.reports.branding import contrast, read_brand
from advisor.reports.edition import branded
from advisor.reports.layout import lay_out

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
        "<svg",
    ],
)
def test_a_logo_that_is_more_than_a_drawing_is_refused(tmp_path: Path, logo: str) -> None:
    """Scripts, handlers, entities, and whatever would be loaded from elsewhere, are no part of a logo."""
    with pytest.raises(InputError, match="logo"):
        read_brand(_branding(tmp_path, logo))


def test_a_picture_is_decoded_and_its_size_is_capped(tmp_path: Path) -> None:
    """A PNG that cannot be decoded is refused, and so is one too large to be part of every file."""
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    file = tmp_path / "report.yaml"
    file.write_text("logo: logo.png\n", encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(picture.getvalue())
    assert read_brand(file).logo == picture.getvalue()
    for spoiled in (picture.getvalue()[:40], b"\0" * 400_000):
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
