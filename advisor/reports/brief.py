"""Shortens a document for a terminal: the verdict and what carries it, on two or three screens.

Nothing is reworded; parts are left away, and the last line says where the rest is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from advisor.reports.document import (
    Argument,
    Block,
    Bullets,
    Chart,
    Document,
    Paragraph,
    Section,
    Table,
    runs,
)

KEPT = ("verdict", "questions", "ranking", "reasons", "ruled-out", "change", "costs", "evidence", "plan", "limits")
MOST_REASONS = 5
MOST_CHANGES = 5
REST = (
    "This is the short form. The whole working, with all reasons, sources and every rule: --full, or --format html "
    "--out FILE."
)


def brief(document: Document) -> Document:
    """The same document with its least telling parts left away."""
    sections = [_section(section) for section in document.sections if section.id in KEPT]
    kept = tuple(section for section in sections if section.blocks or section.sections)
    return replace(document, sections=kept, footer=(*document.footer, *runs(" " + REST)))


def _section(section: Section) -> Section:
    if section.id == "reasons":
        return _reasons(section)
    return replace(section, blocks=tuple(_blocks(section)), sections=())


def _reasons(section: Section) -> Section:
    """The strongest reasons over all criteria, each without what it read."""
    arguments = [block for inner in section.sections for block in inner.blocks if isinstance(block, Argument)]
    arguments.sort(key=lambda block: -max((abs(amount.value) for _, amount in block.effects), default=0.0))
    shown = tuple(replace(block, read=(), rule="", against=block.against[:1]) for block in arguments[:MOST_REASONS])
    rest = "The other reasons, each weaker than these, are in the full report."
    more = (Paragraph(runs(rest), muted=True),) if len(arguments) > len(shown) else ()
    return replace(section, blocks=(*shown, *more), sections=())


def _blocks(section: Section) -> Iterator[Block]:
    tables = 0
    for block in section.blocks:
        tables += isinstance(block, Table)
        in_costs = section.id == "costs" and (isinstance(block, Paragraph | Bullets) or tables == 1)
        measured = section.id == "evidence" and _measured(block)
        if section.id in {"verdict", "questions", "plan", "limits"} or isinstance(block, Chart):
            yield block
        elif section.id == "ruled-out" and isinstance(block, Argument):
            yield replace(block, read=(), rule="")
        elif section.id == "change":
            yield _first(block)
        elif in_costs or measured:
            yield block


def _first(block: Block) -> Block:
    if isinstance(block, Bullets):
        return replace(block, items=block.items[:MOST_CHANGES])
    if isinstance(block, Table):
        return replace(block, rows=block.rows[:MOST_CHANGES])
    return block


def _measured(block: Block) -> bool:
    """Whether a block of the evidence shows a measurement: a table with test items or paired differences."""
    return isinstance(block, Table) and any(title in {"Test items", "Difference (interval)"} for title in block.columns)
