"""Draws a document as one HTML file that opens offline: no request, only scripts known by their hash.

The interactive form holds Plotly; the light form holds no script at all, its charts are SVG.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reports.charts_drawn import pale
from advisor.reports.charts_plotly import CONFIG, figure_of, plotly_module
from advisor.reports.charts_svg import svg
from advisor.reports.document import Block, Chart, Details, Document, Section, Value
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark, origin_text, signed, unit_words
from advisor.reports.pdf import left_open

_TEMPLATES = Path(__file__).with_name("templates")
WIDE, NARROW = 640.0, 280.0  # how wide a chart is drawn for a desk and for a phone


def write(document: Document) -> bytes:
    """The document as UTF-8 HTML. Raises MissingExtra where a chart has to be drawn and Plotly is not installed."""
    charts = _charts(document)
    return _page(document, charts, [_plotly_js(), _read("draw.js")] if charts else [], {})


def write_light(document: Document) -> bytes:
    """The document as UTF-8 HTML without scripts; each chart is drawn for wide and for narrow screens."""
    specs = [chart.spec for section in document.sections for chart in _drawn(section.blocks, section.sections)]
    drawn = {spec.id: (svg(spec, WIDE), svg(spec, NARROW)) for spec in specs}
    return _page(document, {}, [], drawn)


def _page(document: Document, charts: dict[str, str], scripts: list[str], drawn: dict[str, tuple[str, str]]) -> bytes:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["left_open"] = left_open
    environment.filters["kind"] = lambda thing: type(thing).__name__
    environment.filters["anchor"] = lambda name: re.sub(r"[^A-Za-z0-9-]", "-", name)
    environment.globals.update(
        figure=figure,
        bounds=bounds,
        aside=aside,
        mark=mark,
        signed=signed,
        unit_words=unit_words,
        origin_text=_origin,
        meanings={name: say(meaning) for name, meaning in MEANINGS.items()},
        words=_words(),
        charts=charts,
        drawn=drawn,
    )
    page = environment.get_template("report.html.j2").render(
        document=document,
        style=_read("report.css"),
        scripts=scripts,
        policy=_policy(scripts),
        tint=pale(document.brand.accent, 0.08) if document.brand and document.brand.accent else "",
    )
    return page.lstrip().encode("utf-8", "xmlcharrefreplace")


def _words() -> dict[str, str]:
    """The words of the page itself, in the language in force."""
    hint = say("Every number shows its origin; hover over it or tap it for the source.")
    return {
        "skip": say("Skip to the verdict"),
        "contents": say("Contents"),
        "for": say("For"),
        "against": say("Against"),
        "resolved": say("Resolved"),
        "lift": say("What would lift it"),
        "rule": say("Rule"),
        "numbers": say("The numbers of this chart"),
        "grade": say("Grade"),
        "origins": hint,
    }


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _plotly_js() -> str:
    """The whole of Plotly's script, made to stand inside a page: it holds no end tag that would close it early."""
    script: str = plotly_module("offline").get_plotlyjs()
    return re.sub(r"</(?=script)", r"<\\/", script, flags=re.IGNORECASE)


def _policy(scripts: list[str]) -> str:
    """What the page may do: run these very scripts, be styled, show images that it holds itself; nothing else."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
        f"script-src {hashes or chr(39) + 'none' + chr(39)}; base-uri 'none'; form-action 'none'"
    )


def _charts(document: Document) -> dict[str, str]:
    """Chart id to its figure as JSON that may stand inside a page."""
    found = [chart.spec for section in document.sections for chart in _drawn(section.blocks, section.sections)]
    return {spec.id: _json({**figure_of(spec).to_plotly_json(), "config": CONFIG}) for spec in found}


def _drawn(blocks: tuple[Block, ...], sections: tuple[Section, ...] = ()) -> list[Chart]:
    found: list[Chart] = []
    for block in blocks:
        found += [block] if isinstance(block, Chart) else _drawn(block.blocks) if isinstance(block, Details) else []
    return found + [chart for inner in sections for chart in _drawn(inner.blocks, inner.sections)]


def _json(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _origin(item: Quantity | Value) -> str:
    return origin_text(item.origin, item.source) if item.origin in MEANINGS else item.origin
