"""Texts that would be markup, formulas or commands stay texts in every form of report that there is."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from advisor.cli.portfolio import FORMULA, to_csv
from advisor.errors import MissingExtra
from advisor.intake import answers as intake
from advisor.intake.sheet import parse_sheet
from advisor.reasoning.advice import Advice
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reasoning.portfolio import Portfolio
from advisor.reports import FORMATS, render
from tests.pdf_files import pdf_actions

PAYLOADS = (
    '=HYPERLINK("https://evil.example","x")',
    "<script>window.stolen=1</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "</title></style></textarea><iframe src=https://evil.example>",
    "![shot](https://evil.example/?q=1)",
    "[click](javascript:alert(1))",
    "{{ 7*7 }} {% include '/etc/passwd' %} ${7*7}",
    '#read("/etc/passwd") #eval("1+1") $x$ \\u{41}',
    "\n```\n<img src=y>\n````\n",
    "\x1b[31mred\x07 \u202eevil",
)
FULL = {"task_kind": "classification", "labelled_examples": 800, "requests_per_month": 20_000}


@pytest.fixture(scope="module")
def poisoned(shipped: Engine) -> Advice:
    """A real advice whose every free text is an attack."""
    text = " ".join(PAYLOADS)
    known = {field: value for field, value in FULL.items() if field in shipped.book.questions}
    return advise(intake.parse({"name": text, "description": text, **known}, shipped.book), shipped)


def drawn(advice: Advice, form: str) -> bytes:
    try:
        return render(advice, form)
    except MissingExtra as error:
        pytest.skip(str(error))


class Tags(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.found.append((tag, dict(attrs)))


def test_a_page_holds_no_element_that_a_text_brought(poisoned: Advice, shipped: Engine) -> None:
    """The same elements, in the same order, as with harmless texts."""
    known = {field: value for field, value in FULL.items() if field in shipped.book.questions}
    plain = re.sub(r"[^\n]", "x", poisoned.name)
    clean = advise(intake.parse({"name": plain, "description": plain, **known}, shipped.book), shipped)
    bad, good = (Tags(render(advice, "html").decode()).found for advice in (poisoned, clean))
    assert [tag for tag, _ in bad] == [tag for tag, _ in good]


@pytest.mark.parametrize("form", FORMATS)
def test_no_form_of_report_carries_a_live_attack(form: str, poisoned: Advice) -> None:
    """By kind of file: no raw markup, no control character, no formula, no outside link, no script action."""
    report = drawn(poisoned, form)
    if report.startswith(b"PK"):
        _office(report)
    elif report.startswith(b"%PDF"):
        found = pdf_actions(report)
        assert {word for word in found if not re.match("https?://", word)} <= {"/URI"}
        assert not [word for word in found if "evil" in word]
    elif form == "json":
        assert json.loads(report)["name"] == poisoned.name
    elif form in {"csv", "tsv"}:
        _cells(report.decode("utf-8-sig"))
    elif form.startswith("html"):
        _page(report.decode())
        assert b"{{ 7*7 }}" in report
    else:
        text = report.decode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
        if form != "text":
            prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
            assert not re.search(r"(?<!\\)<(script>window|img|svg onload|iframe)", prose)
            assert not re.search(r"(?<!\\)!\[shot\]\(https|(?<![\\!])\[click\]\(javascript", prose)


def test_a_live_pdf_would_be_told(tmp_path: Path) -> None:
    """A script, an action at the start and an attachment are found wherever they hang; letters in a stream are not."""
    from pypdf import PdfWriter
    from pypdf.generic import DictionaryObject, NameObject, TextStringObject

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "/JS /Launch"})
    with (tmp_path / "quiet.pdf").open("wb") as file:
        writer.write(file)
    assert pdf_actions((tmp_path / "quiet.pdf").read_bytes()) == set()
    script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(script)
    writer.add_attachment("a.txt", b"x")
    with (tmp_path / "live.pdf").open("wb") as file:
        writer.write(file)
    assert {"/OpenAction", "/JS", "/EmbeddedFiles", "/EF"} <= pdf_actions((tmp_path / "live.pdf").read_bytes())


def _page(page: str) -> None:
    for tag, attributes in Tags(page).found:
        assert tag not in {"iframe", "object", "embed", "base", "form"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src", "action"):
            assert "evil.example" not in (attributes.get(name) or "")
            assert not (attributes.get(name) or "").strip().lower().startswith(("javascript:", "data:text"))


def _office(report: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(report)) as archive:
        for name in archive.namelist():
            part = archive.read(name).decode("utf-8", "replace")
            assert "vbaProject" not in name
            assert not re.search(r"<f[ >]|<hyperlinks?[ >]", part) or not name.startswith("xl/worksheets")
            assert 'Target="https://evil' not in part and 'Target="javascript' not in part


def _cells(text: str) -> None:
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                number = re.fullmatch(r"[-+]?[\d.eE+-]+", cell)
                assert number or not cell.lstrip(' "').startswith(("=", "+", "-", "@", "＝"))


@pytest.mark.parametrize("payload", ["=1+1", "a;=1+1", "a\n=1+1", "\t@SUM(1)", "x\r+1", "＝1"])
def test_a_sheet_of_advice_holds_no_formula_however_it_is_parted(payload: str, shipped: Engine) -> None:
    """Read with commas, semicolons or tabs, no cell of `portfolio --out` begins like a formula."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows([["name", "task_kind"], [payload, "classification"]])
    rows = list(Portfolio(shipped, parse_sheet(sheet.getvalue().encode(), shipped.book)).rows())
    text = to_csv(rows)
    _cells(text)
    assert FORMULA.search(str(rows[0]["name"]))


def test_messages_send_no_control_characters_to_the_terminal(
    advisor_cli: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """A field named like a command to the terminal is shown, not obeyed."""
    answers: dict[str, Any] = {"\x1b]0;owned\x07": 1}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    done = advisor_cli("recommend", str(tmp_path / "answers.json"))
    assert done.returncode == 2
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr
    assert "owned" in done.stderr
