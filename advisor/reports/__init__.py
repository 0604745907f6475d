"""What you take away: one neutral document of the advice, drawn as text, Markdown, JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from advisor.errors import InputError, Problem, nearest, shown
from advisor.reasoning.advice import Advice


class Format(NamedTuple):
    """A form of the report: its media type, its file suffix, and the function of advice and command that writes it."""

    media_type: str
    suffix: str
    write: Callable[[Advice, str], bytes]


def _text(advice: Advice, command: str) -> bytes:
    from advisor.reports import layout, text

    return text.write(layout.lay_out(advice, command))


def _json(advice: Advice, command: str) -> bytes:
    from advisor.reports import json_writer

    return json_writer.write(advice)


def _markdown(advice: Advice, command: str) -> bytes:
    from advisor.reports import layout, markdown

    return markdown.write(layout.lay_out(advice, command))


def _html(advice: Advice, command: str) -> bytes:
    from advisor.reports import html, layout

    return html.write(layout.lay_out(advice, command))


FORMATS: Mapping[str, Format] = {
    "text": Format("text/plain; charset=utf-8", ".txt", _text),
    "json": Format("application/json", ".json", _json),
    "md": Format("text/markdown; charset=utf-8", ".md", _markdown),
    "html": Format("text/html; charset=utf-8", ".html", _html),
}


def render(advice: Advice, format: str, *, command: str = "") -> bytes:  # noqa: A002
    """The report of an advice in one of FORMATS; the same advice and command give the same bytes.

    `command` is the line that makes the report again; one is written if it is empty. Raises InputError for a format
    that does not exist and MissingExtra where a format needs a part that is not installed.
    """
    chosen = FORMATS.get(format)
    if chosen is None:
        allowed = "one of " + ", ".join(FORMATS)
        raise InputError([Problem("report", "format", shown(format), allowed, nearest(str(format), FORMATS))])
    return chosen.write(advice, command)


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


__all__ = ["FORMATS", "Format", "render", "schema", "screen"]
