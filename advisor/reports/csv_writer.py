"""The plan and the costs of a document as CSV, one fact a line; of a document without them, all its tables."""

from __future__ import annotations

import csv
import io

from advisor.language import say
from advisor.reports.document import Document
from advisor.reports.sheets import Cell, sheets

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes a text that begins so for a formula


def write(document: Document) -> bytes:
    """UTF-8 with a byte order mark, which Excel needs. Tables follow each other, each under its own title and header.

    A text that a spreadsheet would run as a formula gets an apostrophe in front; numbers have points and no grouping.
    """
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow([safe(document.title)])
    writer.writerow([safe(document.subtitle)])
    for sheet in sheets(document, ("costs", "plan")):
        writer.writerow([])
        title = sheet.section if sheet.title == sheet.section else f"{sheet.section}: {sheet.title}"
        writer.writerow([say("Table"), safe(title)])
        writer.writerow([safe(column) for column in sheet.columns])
        for row in sheet.rows:
            writer.writerow([safe(cell) for cell in row])
    return ("\ufeff" + made.getvalue()).encode("utf-8", "replace")


def safe(cell: Cell) -> str:
    """A cell as text that no spreadsheet runs."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip().startswith(_DANGEROUS) else cell
    return repr(cell)
