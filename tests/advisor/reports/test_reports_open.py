"""Reports in the programs that people open them with: a reader of PDF, LibreOffice."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.reasoning.advice import Advice
from advisor.reports import layout, render

Make = Callable[..., Advice]
OFFICE = shutil.which("soffice")


def copied(source: bytes) -> str:
    """The text of a PDF in one line, as a reader copies it."""
    from pypdf import PdfReader

    pages = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(source)).pages)
    return " ".join(pages.replace("\u200b", "").split())


def test_the_text_of_a_pdf_comes_in_the_order_of_the_report(sample: Make) -> None:
    """Headings stand in their order, and a sentence can be searched for though it is broken into lines."""
    advice = sample()
    text = copied(render(advice, "pdf"))
    place = 0
    for section in layout.lay_out(advice).sections[1:]:
        place = text.index(section.title, place) + len(section.title)
    assert "How the lead adds up, rule by rule" in text
    assert advice.findings[0].because in text


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_word_file_and_shows_all_of_it(sample: Make, tmp_path: Path) -> None:
    """It is read without repair, and what LibreOffice prints from it holds every heading."""
    advice = sample()
    (tmp_path / "report.docx").write_bytes(render(advice, "docx"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    said = subprocess.run(
        [str(OFFICE), profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), "report.docx"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert said.returncode == 0
    assert not re.search("repair|corrupt|could not be loaded", said.stdout + said.stderr, re.IGNORECASE)
    text = copied((tmp_path / "report.pdf").read_bytes())
    for section in layout.lay_out(advice).sections[1:]:
        assert section.title in text
    assert advice.name in text
