"""What you take away: one neutral document of the advice, drawn in each of FORMATS."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from advisor.errors import InputError, Problem, nearest, shown
from advisor.reasoning.advice import Advice

if TYPE_CHECKING:
    from advisor.reports.document import Document


class Format(NamedTuple):
    """A form of the report: its media type, its file suffix, the module that draws it, and its function there."""

    media_type: str
    suffix: str
    module: str
    function: str = "write"

    def draw(self, document: Document) -> bytes:
        """The document in this form. Raises MissingExtra where it needs a part that is not installed."""
        drawn: bytes = getattr(importlib.import_module(f"advisor.reports.{self.module}"), self.function)(document)
        return drawn


_OFFICE = "application/vnd.openxmlformats-officedocument."

FORMATS: Mapping[str, Format] = {
    "text": Format("text/plain; charset=utf-8", ".txt", "text"),
    "json": Format("application/json", ".json", "json_writer", "write_document"),
    "md": Format("text/markdown; charset=utf-8", ".md", "markdown"),
    "html": Format("text/html; charset=utf-8", ".html", "html"),
    "html-light": Format("text/html; charset=utf-8", ".light.html", "html", "write_light"),
    "pdf": Format("application/pdf", ".pdf", "pdf"),
    "docx": Format(_OFFICE + "wordprocessingml.document", ".docx", "docx_writer"),
    "adr": Format("text/markdown; charset=utf-8", ".adr.md", "adr"),
    "xlsx": Format(_OFFICE + "spreadsheetml.sheet", ".xlsx", "xlsx"),
    "csv": Format("text/csv; charset=utf-8", ".csv", "csv_writer"),
}


def render(advice: Advice, format: str, *, command: str = "") -> bytes:  # noqa: A002
    """The report of an advice in one of FORMATS; the same advice and command give the same bytes.

    `command` is the line that makes the report again; one is written if it is empty. Raises InputError for a format
    that does not exist and MissingExtra where a format needs a part that is not installed.
    """
    chosen = _chosen(format)
    if format == "json":
        from advisor.reports import json_writer

        return json_writer.write(advice)
    from advisor.reports import layout

    return chosen.draw(layout.lay_out(advice, command))


def draw(document: Document, format: str) -> bytes:  # noqa: A002
    """A document (of a difference, of a portfolio) in one of FORMATS; the same document gives the same bytes.

    Raises InputError for a format that does not exist and MissingExtra as `render` does.
    """
    return _chosen(format).draw(document)


def format_of(wanted: str, out_file: Path | None) -> str:
    """The format that is asked for, or the one that the suffix of the file names, else text. Raises InputError."""
    if wanted and wanted not in FORMATS:
        allowed = "one of " + ", ".join(FORMATS)
        raise InputError([Problem("--format", "", shown(wanted), allowed, nearest(wanted, FORMATS))])
    if wanted or out_file is None or not out_file.suffix:
        return wanted or "text"
    suffixes = {one.suffix: name for name, one in FORMATS.items()} | {".htm": "html"}
    for suffix in sorted(suffixes, key=len, reverse=True):
        if out_file.name.lower().endswith(suffix):
            return suffixes[suffix]
    remedy, allowed = "say which format it is to be with --format", "one of " + ", ".join(suffixes)
    raise InputError([Problem("--out", "", f"a {out_file.suffix.lower()} file", allowed, remedy)])


def _chosen(name: str) -> Format:
    chosen = FORMATS.get(name)
    if chosen is None:
        allowed = "one of " + ", ".join(FORMATS)
        raise InputError([Problem("report", "format", shown(name), allowed, nearest(str(name), FORMATS))])
    return chosen


def screen(advice: Advice) -> bytes:
    """The short form for a terminal: the text report without its bulk; it says where the rest is."""
    from advisor.reports import layout, text
    from advisor.reports.brief import brief

    return text.write(brief(layout.lay_out(advice)))


def schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of the JSON form."""
    text = Path(__file__).with_name("advice.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


__all__ = ["FORMATS", "Format", "draw", "format_of", "render", "schema", "screen"]
