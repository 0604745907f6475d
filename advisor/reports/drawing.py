"""Draws any document in the formats that need nothing but a document: reports of differences and of portfolios."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from advisor.errors import InputError, Problem, nearest, shown
from advisor.reports.document import Document

WRITERS: Mapping[str, str] = {
    "text": "text",
    "md": "markdown",
    "html": "html",
    "pdf": "pdf",
    "docx": "docx_writer",
    "xlsx": "xlsx",
    "csv": "csv_writer",
}
SUFFIXES: Mapping[str, str] = {".txt": "text", ".htm": "html", **{f".{name}": name for name in WRITERS}}


def draw(document: Document, format: str) -> bytes:  # noqa: A002
    """The document in one of WRITERS. Raises InputError for another, MissingExtra where a part is not installed."""
    if format not in WRITERS:
        allowed = "one of " + ", ".join(WRITERS)
        raise InputError([Problem("--format", "", shown(format), allowed, nearest(format, WRITERS))])
    written: bytes = import_module(f"advisor.reports.{WRITERS[format]}").write(document)
    return written


def format_of(wanted: str, out_file: Path | None) -> str:
    """The format that is asked for, or the one that the suffix of the file names, else text. Raises InputError."""
    if wanted or out_file is None:
        return wanted or "text"
    suffix = out_file.suffix.lower()
    if suffix and suffix not in SUFFIXES:
        remedy = "say which format it is to be with --format"
        raise InputError([Problem("--out", "", f"a {suffix} file", "one of " + ", ".join(SUFFIXES), remedy)])
    return SUFFIXES.get(suffix, "text")
