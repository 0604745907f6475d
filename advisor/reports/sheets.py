"""The tables of a document as rows of cells for spreadsheets: numbers stay numbers, each with range, origin and source.

Charts are left out, because the tables of a document hold what its charts draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import measure
from advisor.language import say
from advisor.reports.document import (
    Argument,
    Block,
    Bullets,
    Callout,
    Chart,
    Details,
    Document,
    Facts,
    Paragraph,
    Runs,
    Section,
    SourceList,
    Table,
    Text,
    Value,
)
from advisor.reports.pdf import plain

Cell = str | float | int | None
DATA = ("costs", "plan", "ranking", "reasons")  # what an advice is taken into a spreadsheet for


@dataclass(frozen=True, slots=True)
class Sheet:
    """A rectangle of cells under column titles; numbers are int or float, everything else is text."""

    section: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def sheets(document: Document, only: tuple[str, ...] = ()) -> list[Sheet]:
    """The tables, plans and findings of a document; of the sections named in `only`, where the document has them."""
    wanted = [section for section in document.sections if section.id in only] or list(document.sections)
    return [sheet for section in wanted for sheet in _section(section) if sheet.rows]


def _section(section: Section) -> Iterator[Sheet]:
    blocks = list(_unfolded(section.blocks))
    for block in blocks:
        if isinstance(block, Table):
            yield table(section.title, block)
        elif isinstance(block, Chart) and block.spec.kind not in {"stacked", "interval"}:
            yield table(section.title, block.spec.table())
        elif isinstance(block, Bullets):
            yield _bullets(section.title, block)
        elif isinstance(block, Facts):
            yield _facts(section.title, block)
        elif isinstance(block, SourceList):
            yield _sources(section.title, block)
    yield _said(section.title, blocks)
    yield _arguments(section.title, [block for block in blocks if isinstance(block, Argument)])
    for inner in section.sections:
        yield from _section(inner)


def _unfolded(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        if isinstance(block, Details):
            yield from _unfolded(block.blocks)
        else:
            yield block


def text_of(runs: Runs) -> str:
    """Runs as one line of text, numbers with their bounds and the letter of their origin."""
    return "".join(plain(run) for run in runs)


def table(section: str, block: Table) -> Sheet:
    """A table with each column of numbers spread into value, bounds, n, origin and source, as far as they exist."""
    made = [_column(title, [row[k] for row in block.rows]) for k, title in enumerate(block.columns)]
    columns = tuple(title for part in made for title, _ in part)
    lists = [cells for part in made for _, cells in part]
    return Sheet(section, block.caption, columns, tuple(zip(*lists, strict=True)) if lists else ())


def _column(title: str, cells: list[Runs]) -> list[tuple[str, list[Cell]]]:
    numbers = [next((run for run in cell if isinstance(run, Quantity)), None) for cell in cells]
    values = [next((run for run in cell if isinstance(run, Value)), None) for cell in cells]
    alone = all(number is None or len(cell) == 1 for number, cell in zip(numbers, cells, strict=True))
    if not any(numbers) or not alone:
        words: list[Cell] = ["".join(getattr(r, "text", "") or plain(r) for r in cell) for cell in cells]
        if not any(values):
            return [(title, words)]
        named = title or say("Value")
        return [
            (title, words),
            (f"{named}: {say('origin')}", [None if v is None else v.origin for v in values]),
            (f"{named}: {say('source')}", [None if v is None else v.source for v in values]),
        ]
    return _numbers(title, cells, numbers)


def _numbers(title: str, cells: list[Runs], numbers: list[Quantity | None]) -> list[tuple[str, list[Cell]]]:
    named = title or say("Value")
    units = {number.unit for number in numbers if number is not None}
    unit = measure(next(iter(units))) if len(units) == 1 else ""
    head = f"{named} ({unit})" if unit and unit not in named else named
    values: list[Cell] = [
        text_of(cell) or None if number is None else number.value for cell, number in zip(cells, numbers, strict=True)
    ]
    more: list[tuple[str, list[Cell]]] = [
        (say("unit"), [None if n is None or len(units) == 1 else measure(n.unit) for n in numbers]),
        (say("low"), [None if n is None else n.low for n in numbers]),
        (say("high"), [None if n is None else n.high for n in numbers]),
        ("n", [None if n is None else n.n for n in numbers]),
        (say("origin"), [None if n is None else say(n.origin) for n in numbers]),
        (say("source"), [None if n is None else n.source for n in numbers]),
    ]
    kept = [(f"{named}: {name}", found) for name, found in more if any(item not in {None, ""} for item in found)]
    return [(head, values), *kept]


def _bullets(section: str, block: Bullets) -> Sheet:
    most = max((len(item) for item in block.items), default=0)
    rows = tuple(
        (number, *(text_of(line) for line in item), *([None] * (most - len(item))))
        for number, item in enumerate(block.items, start=1)
    )
    first = say("Step") if block.ordered else say("No.")
    return Sheet(section, section, (first, *(say("Text") if k == 0 else f"{k + 1}" for k in range(most))), rows)


def _facts(section: str, block: Facts) -> Sheet:
    rows = tuple((item.label, line) for item in block.items for line in item.lines)
    cells = Table(("", say("Value")), tuple((_cell(label), line) for label, line in rows), section)
    return table(section, cells)


def _cell(text: str) -> Runs:
    return (Text(text),)


def _sources(section: str, block: SourceList) -> Sheet:
    columns = ("id", say("Title"), say("Publisher"), say("Published"), say("Grade"), say("Claim"), say("Address"))
    rows = tuple((s.id, s.title, s.publisher, s.published, s.grade, s.claim, s.url) for s in block.sources)
    return Sheet(section, section, columns, rows)


def _said(section: str, blocks: list[Block]) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for block in blocks:
        if isinstance(block, Callout):
            rows.append((f"{block.title}. {text_of(block.runs)}".strip(),))
        elif isinstance(block, Paragraph):
            rows.append((text_of(block.runs),))
    return Sheet(section, section, (say("Text"),), tuple(rows))


def _arguments(section: str, blocks: list[Argument]) -> Sheet:
    columns = (
        say("Rule"), say("Finding"), say("Approach"), say("Points"), say("Points") + ": " + say("origin"),
        say("Points") + ": " + say("source"), say("Why"), say("Sources"), say("Against it"), say("Resolved"),
        say("What would lift it"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for block in blocks:
        tail = (
            text_of(block.because),
            text_of(block.sources),
            " ".join(text_of(item.because) for item in block.against),
            " ".join(text_of(item.resolution) for item in block.against),
            text_of(block.lift),
        )
        for approach, amount in block.effects:
            points = (amount.value, say(amount.origin), amount.source)
            rows.append((block.rule, block.title, approach, *points, *tail))
        if not block.effects:
            rows.append((block.rule, block.title, None, None, None, None, *tail))
    return Sheet(section, section, columns, tuple(rows))
