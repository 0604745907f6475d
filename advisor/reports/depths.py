"""The three depths of one report. Nothing is reworded: a shallower one leaves sections and blocks of the whole away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from advisor.reports.document import Argument, Block, Chart, Details, Paragraph, Section, Table
from advisor.reports.edition import Depth

EXECUTIVE = ("verdict", "questions", "costs", "ruled-out", "plan", "limits", "sign-off", "reproduction")
LEFT_OUT = {"engineer": (), "product": ("near-misses", "numbers", "trace"), "executive": ()}
DRAWN = ("costs", "timeline")  # the charts that an executive sees
MOST_ASKED = 3


def cut(sections: Sequence[Section], depth: Depth) -> tuple[Section, ...]:
    """The sections that a depth shows, in their order, each without the blocks that are too deep for it."""
    if depth == "engineer":
        return tuple(sections)
    if depth == "product":
        kept = [section for section in sections if section.id not in LEFT_OUT[depth]]
        return tuple(_plain(section) for section in kept)
    kept = [section for section in sections if section.id in EXECUTIVE]
    return tuple(short for section in kept if (short := _short(section)).blocks)


def _plain(section: Section) -> Section:
    """A section without what can be unfolded and without what each rule read."""
    keeps_details = section.id == "reproduction"
    blocks = tuple(
        replace(block, read=(), rule="") if isinstance(block, Argument) else block
        for block in section.blocks
        if keeps_details or not isinstance(block, Details)
    )
    return replace(section, blocks=blocks, sections=tuple(_plain(inner) for inner in section.sections))


def _short(section: Section) -> Section:
    return replace(section, blocks=tuple(_few(section)), sections=())


def _few(section: Section) -> Iterator[Block]:
    for block in section.blocks:
        drawn = isinstance(block, Chart) and block.spec.id in DRAWN
        told = section.id == "plan" and isinstance(block, Paragraph)
        if drawn or told or section.id in {"verdict", "limits", "sign-off"}:
            yield block
        elif section.id == "questions" and isinstance(block, Table):
            yield replace(block, rows=block.rows[:MOST_ASKED])
        elif section.id == "ruled-out" and isinstance(block, Argument):
            yield replace(block, read=(), rule="", sources=(), against=())
        elif section.id == "reproduction":
            yield block
