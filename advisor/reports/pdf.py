"""Draws a document as a PDF through Typst: tagged, searchable, charts as vectors, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reports import typesetting
from advisor.reports.charts_drawn import draw, length
from advisor.reports.document import (
    Argument,
    Block,
    Brand,
    Bullets,
    Callout,
    Chart,
    Citation,
    Code,
    Details,
    Document,
    Facts,
    Link,
    Paragraph,
    Run,
    Runs,
    Section,
    SourceList,
    Strong,
    Table,
    Value,
)
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark, signed, unit_words

WIDTH = 481.0  # what the margins leave of a page of A4, in points
ACCENT = "#0b5394"
AIR = 11.0  # points beside the text of a cell
BOLD = 1.12  # how much wider bold letters are
SMALL = 0.8  # how much narrower a figure is with its range, which is set smaller and is mostly digits
WIDEST = 130.0  # points that a word without a break may claim
LOGO_BOX = (170.0, 50.0)  # points


def write(document: Document) -> bytes:
    """The document as PDF/UA-1 and PDF/A-2a. Raises MissingExtra where the parts for printing are not installed."""
    return typesetting.pdf("report.typ", content(document), document.day)


def content(document: Document) -> dict[str, Any]:
    """What the template draws: every text of the document as plain data."""
    sections = [made for section in document.sections for made in _section(section, 1)]
    if sections:
        sections[0]["level"] = 0
        sections[0]["blocks"] += _legend(document)
    return {
        "title": document.title or "–",
        "subtitle": document.subtitle,
        "language": document.language,
        "accent": (document.brand.accent if document.brand else "") or ACCENT,
        "logo": _logo(document.brand),
        "front": _unprinted(document),
        "footer-line": "".join(plain(run) for run in document.footer),
        "sections": sections,
    }


def _logo(brand: Brand | None) -> dict[str, Any]:
    """The logo with its size in points; empty where there is none. A picture travels as the numbers of its bytes."""
    if brand is None or not brand.logo:
        return {}
    width, height = brand.logo_box(*LOGO_BOX)
    drawing = brand.logo_type != "image/png"
    data: Any = brand.logo.decode() if drawing else list(brand.logo)
    alternative = brand.logo_alternative
    return {"format": "svg" if drawing else "png", "data": data, "alt": alternative, "width": width, "height": height}


def unprinted(texts: Iterator[str]) -> str:
    """A sentence on the letters that no font here can draw; empty where all can be drawn."""
    lacking = typesetting.missing(texts)
    if not lacking:
        return ""
    return say(
        "No font on the machine that made this file can draw some letters of it ({scripts}). "
        "Each of them is written as its number, U+ and digits; the HTML and text forms hold the letters themselves.",
        scripts=", ".join(sorted(set(lacking.values()))),
    )


def texts(thing: Any) -> Iterator[str]:
    """Every text of nested dataclasses and tuples."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, tuple):
        for item in thing:
            yield from texts(item)
    elif hasattr(thing, "__dataclass_fields__"):
        for name in thing.__dataclass_fields__:
            yield from texts(getattr(thing, name))


def plain(run: Run, in_table: bool = False) -> str:
    """One run as text: a number with its bounds and the raised letter of its origin."""
    made = _run(run, in_table)
    extra = made.get("aside", "")
    text = str(made["t"]) + str(made.get("mark", "")) + (f" {extra}" if extra else "")
    return f"[{text}]" if made["k"] == "cite" else text


def _unprinted(document: Document) -> list[dict[str, Any]]:
    note = unprinted(texts(document))
    return [{"k": "paragraph", "muted": False, "sticky": False, "runs": [_text(note)]}] if note else []


def _legend(document: Document) -> list[dict[str, Any]]:
    if not document.legend:
        return []
    marks = " · ".join(f"{mark(origin)} {say(MEANINGS[origin])}" for origin in document.legend)
    return [{"k": "paragraph", "muted": True, "sticky": False, "runs": [_text(f"{say('Marks')}: {marks}")]}]


def _section(section: Section, level: int) -> Iterator[dict[str, Any]]:
    blocks = [_block(block) for block in section.blocks]
    for made, after in pairwise([*blocks, {"k": ""}]):
        if made["k"] == "paragraph" and (after["k"] == "chart" or _announces(made)):
            made["sticky"] = True
    yield {"id": section.id, "title": section.title, "level": min(level, 3), "blocks": blocks}
    for inner in section.sections:
        yield from _section(inner, level + 1)


def _announces(paragraph: dict[str, Any]) -> bool:
    """Whether a paragraph ends in a colon, so that it has to stay with what follows."""
    return bool(paragraph["runs"]) and str(paragraph["runs"][-1]["t"]).rstrip().endswith(":")


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"k": "paragraph", "muted": block.muted, "sticky": False, "runs": _line(block.runs)}
    if isinstance(block, Bullets):
        items = [[_line(line) for line in item] for item in block.items]
        return {"k": "list", "ordered": block.ordered, "items": items}
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Chart):
        spec = block.spec
        drawing = typesetting.shapes(draw(spec, WIDTH))
        told = {"title": spec.title, "finding": spec.alt, "alt": f"{spec.title}. {spec.alt}"}
        return {"k": "chart", "drawing": drawing, **told}
    if isinstance(block, Callout):
        return {"k": "callout", "kind": block.kind, "title": block.title, "runs": _line(block.runs)}
    if isinstance(block, Argument):
        return _argument(block)
    if isinstance(block, Code):
        return {"k": "code", "label": block.label, "text": block.text}
    if isinstance(block, SourceList):
        return {"k": "sources", "sources": [_source(source) for source in block.sources]}
    assert isinstance(block, Details)
    return {"k": "details", "title": block.title, "blocks": [_block(inner) for inner in block.blocks]}


def _line(runs: Runs, in_table: bool = False) -> list[dict[str, Any]]:
    return [_run(run, in_table) for run in runs]


def _run(run: Run, in_table: bool) -> dict[str, Any]:
    if isinstance(run, Quantity):
        extra = bounds(run) if in_table else aside(run)
        shown = (extra if in_table else f"({extra})") if extra else ""
        return {"k": "number", "t": figure(run, in_table=in_table), "mark": mark(run.origin), "aside": shown}
    if isinstance(run, Value):
        return {"k": "value", "t": run.text, "mark": mark(run.origin)}
    if isinstance(run, Citation):
        return {"k": "cite", "t": ", ".join(run.ids)}
    if isinstance(run, Link):
        return {"k": "link", "t": run.text, "url": run.url} if run.url else _text(run.text)
    return {"k": "strong", "t": run.text} if isinstance(run, Strong) else _text(run.text)


def _text(text: str) -> dict[str, Any]:
    return {"k": "text", "t": text}


def _facts(block: Facts) -> dict[str, Any]:
    items = []
    for item in block.items:
        lines = [_line(line, block.tiles) for line in item.lines]
        for line, made in zip(item.lines, lines, strict=True):
            if block.tiles and len(line) == 1 and isinstance(line[0], Quantity):
                made[0]["aside"] = f"{made[0]['aside']} {unit_words(line[0])}".strip()
        items.append({"label": item.label, "lines": lines})
    return {"k": "facts", "tiles": block.tiles, "items": items}


def _table(block: Table) -> dict[str, Any]:
    rows = [[{"runs": _line(cell, True), "open": left_open(row)} for cell in row] for row in block.rows]
    return {
        "k": "table",
        "caption": block.caption,
        "columns": list(block.columns),
        "numeric": list(block.numeric),
        "lead": list(block.lead),
        "rows": rows,
        "shares": shares(block),
    }


def left_open(row: Sequence[Runs]) -> bool:
    """Whether a row is there to be filled in by hand: nothing stands beside its first cell."""
    return len(row) > 1 and not any(row[1:])


def shares(block: Table, size: float = 0.0) -> list[float]:
    """How wide each column is to be, in points of WIDTH: its longest word first, then by how much it holds.

    `size` is that of the letters, in points; left out, that of the printed form.
    """
    size = size or (7.4 if len(block.columns) > 5 else 8.2)
    least, unbroken, wanted = [], [], []
    for index, title in enumerate(block.columns):
        cells = ["".join(plain(run, True) for run in row[index]) for row in block.rows]
        words = [BOLD * length(word, size) for word in title.split()]
        heavy = BOLD if index in block.numeric else 1.0
        words += [heavy * length(word, size) for text in cells for word in text.split()]
        longest = min(max(words, default=size), WIDEST)
        whole = max((SMALL * length(text, size) for text in cells), default=0.0) if index in block.numeric else 0.0
        most = max((length(text, size) for text in [title, *cells]), default=size)
        least.append(longest + AIR)
        unbroken.append(max(longest, min(whole, WIDEST)) + AIR)
        wanted.append((min(most, 3 * WIDEST) if any(cells) else WIDEST) + AIR)
    base = unbroken if sum(unbroken) < WIDTH else least
    room = WIDTH - sum(base)
    if room <= 0:
        return [round(one * WIDTH / sum(base), 1) for one in base]
    more = [max(one - other, 0.5) for one, other in zip(wanted, base, strict=True)]
    return [round(one + room * part / sum(more), 1) for one, part in zip(base, more, strict=True)]


def _argument(block: Argument) -> dict[str, Any]:
    parts = [("", (*block.because, *_spaced(block.sources)))]
    for item in block.against:
        parts.append((say("Against it") + ":", (*item.because, *_spaced(item.sources))))
        if item.resolution:
            parts.append((say("Resolved") + ":", item.resolution))
    if block.lift:
        parts.append((say("Would lift it") + ":", block.lift))
    small = [f"{title}: {plain(value)}" for title, value in block.read]
    if block.rule:
        small.append(f"{say('Rule')}: {block.rule}")
    return {
        "k": "argument",
        "title": block.title,
        "effects": effects(block.effects),
        "parts": [{"label": label, "runs": _line(line)} for label, line in parts],
        "small": " · ".join(small),
    }


def effects(found: Sequence[tuple[str, Quantity]]) -> str:
    """What a rule does to each approach, in one line."""
    return "   ".join(f"{title} {signed(amount)}{mark(amount.origin)}" for title, amount in found)


def _spaced(runs: Runs) -> Runs:
    from advisor.reports.document import Text

    return (Text(" "), *runs) if runs else ()


def _source(source: Any) -> dict[str, Any]:
    title = {"k": "link", "t": source.title, "url": source.url} if source.url else {"k": "strong", "t": source.title}
    about = f". {source.publisher}, {source.published}. {say('Grade')} {source.grade}."
    return {"id": source.id, "title": [title], "about": about, "claim": source.claim, "url": source.url}
