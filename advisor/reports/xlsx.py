"""The tables of a document as an Excel workbook: numbers are numbers, texts are texts whatever they look like."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time
from typing import Any

from advisor.errors import MissingExtra
from advisor.language import say
from advisor.reports.archives import settled
from advisor.reports.document import Document
from advisor.reports.sheets import DATA, Sheet, sheets

_WIDEST = 60
_LONGEST = 32_000  # Excel holds at most 32,767 letters in a cell


def write(document: Document) -> bytes:
    """A workbook of what the document is about, costs, plan, ranking and findings first. Raises MissingExtra."""
    openpyxl = _openpyxl("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    moment = datetime.combine(document.day or date(1980, 1, 1), time())
    book.properties.creator, book.properties.title = "advisor", document.title
    book.properties.created = book.properties.modified = moment
    _cover(book, document)
    groups: dict[str, list[Sheet]] = {}
    for sheet in _ordered(document):
        groups.setdefault(sheet.section, []).append(sheet)
    for title, found in groups.items():
        _page(book, title, found)
    made = io.BytesIO()
    book.save(made)
    return _undated(settled(made.getvalue()), moment)


def _ordered(document: Document) -> list[Sheet]:
    """The sheets of the sections that most readers want, then those of the others."""
    first = [section for name in DATA for section in document.sections if section.id == name]
    rest = [section for section in document.sections if section not in first]
    found: list[Sheet] = []
    for section in [*first, *rest]:
        for sheet in sheets(Document(document.title, "", document.language, (section,))):
            found.append(Sheet(section.title, sheet.title, sheet.columns, sheet.rows))
    return found


def _openpyxl(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "openpyxl":
            raise
        raise MissingExtra("reports", "An Excel workbook") from None


def _cover(book: Any, document: Document) -> None:
    from advisor.reports.sheets import text_of

    page = book.create_sheet(_name(book, say("Report")))
    for row, text in enumerate((document.title, document.subtitle, text_of(document.footer)), start=1):
        _put(page, row, 1, text)
    page.cell(1, 1).font = _openpyxl("openpyxl.styles").Font(bold=True, size=14)
    page.column_dimensions["A"].width = _WIDEST


def _page(book: Any, title: str, found: list[Sheet]) -> None:
    styles = _openpyxl("openpyxl.styles")
    letters = _openpyxl("openpyxl.utils").get_column_letter
    page = book.create_sheet(_name(book, title))
    widths: dict[int, int] = {}
    row = 1
    for sheet in found:
        _put(page, row, 1, sheet.title)
        page.cell(row, 1).font = styles.Font(bold=True, size=12)
        for column, head in enumerate(sheet.columns, start=1):
            _put(page, row + 1, column, head)
            cell = page.cell(row + 1, column)
            cell.font, cell.fill = styles.Font(bold=True), styles.PatternFill("solid", fgColor="E8F1FA")
            cell.alignment = styles.Alignment(wrap_text=True, vertical="top")
        for line, cells in enumerate(sheet.rows, start=row + 2):
            for column, value in enumerate(cells, start=1):
                _put(page, line, column, value)
                page.cell(line, column).alignment = styles.Alignment(wrap_text=True, vertical="top")
                size = len(value) if isinstance(value, str) else 12
                widths[column] = max(widths.get(column, 10), min(size + 2, _WIDEST))
        row += len(sheet.rows) + 3
    for column, size in widths.items():
        page.column_dimensions[letters(column)].width = size


def _put(page: Any, row: int, column: int, value: Any) -> None:
    """Writes a cell; text is stored as text, so a leading equals sign starts no formula."""
    cell = page.cell(row, column)
    if isinstance(value, str):
        cell.value = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", value)[:_LONGEST]
        cell.data_type, cell.quotePrefix = "s", value.lstrip()[:1] in {"=", "+", "-", "@"}
    elif value is not None:
        cell.value = value


def _name(book: Any, title: str) -> str:
    """A name that Excel allows for a sheet and that no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:28] or "–"
    taken = {name.lower() for name in book.sheetnames}
    return next(name for name in (plain, *(f"{plain[:25]} {k}" for k in range(2, 1000))) if name.lower() not in taken)


def _undated(archive: bytes, moment: datetime) -> bytes:
    """openpyxl writes the clock into the properties when it saves: the fixed moment goes in its place."""
    import zipfile

    made = io.BytesIO()
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(io.BytesIO(archive)) as found, zipfile.ZipFile(made, "w") as out:
        for entry in found.infolist():
            data = found.read(entry)
            if entry.filename == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            out.writestr(entry, data)
    return made.getvalue()
