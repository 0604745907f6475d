"""Shortens a document for a terminal: the verdict and what carries it, on two or three screens.

Nothing is reworded and nothing said twice: what would change the advice stands in the verdict, and so do the strongest
reasons. Parts are left away, and the last line says where the rest is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from advisor.language import message, say
from advisor.reports.document import (
    Argument,
    Block,
    Bullets,
    Chart,
    Document,
    Facts,
    Paragraph,
    Section,
    Table,
    Text,
    runs,
)

KEPT = ("verdict", "questions", "ranking", "reasons", "ruled-out", "costs", "evidence", "plan", "limits")
MOST_REASONS = 4
REST = message(
    "This is the short form. The whole working, with all reasons, sources and every rule: --full, or "
    "--format html --out FILE."
)


def brief(document: Document) -> Document:
    """The same document with its least telling parts left away."""
    said = _said(document.sections[0])
    sections = [_section(section, said) for section in document.sections if section.id in KEPT]
    kept = tuple(section for section in sections if section.blocks or section.sections)
    return replace(document, sections=kept, footer=(*document.footer, *runs(" " + say(REST))))


def _said(verdict: Section) -> str:
    """The text that the verdict already holds."""
    facts = [item for block in verdict.blocks if isinstance(block, Facts) for item in block.items]
    return " ".join(run.text for item in facts for line in item.lines for run in line if isinstance(run, Text))


def _section(section: Section, said: str) -> Section:
    if section.id == "reasons":
        return _reasons(section, said)
    return replace(section, blocks=tuple(_blocks(section)), sections=())


def _reasons(section: Section, said: str) -> Section:
    """The strongest reasons over all criteria, each without what it read and without what the verdict said."""
    arguments = [block for inner in section.sections for block in inner.blocks if isinstance(block, Argument)]
    arguments.sort(key=lambda block: -max((abs(amount.value) for _, amount in block.effects), default=0.0))
    shown = tuple(_short(block, said) for block in arguments[:MOST_REASONS])
    rest = say("The other reasons, each weaker than these, are in the full report.")
    more = (Paragraph(runs(rest), muted=True),) if len(arguments) > len(shown) else ()
    return replace(section, blocks=(*shown, *more), sections=())


def _short(block: Argument, said: str) -> Argument:
    told = all(isinstance(run, Text) and run.text in said for run in block.because)
    because = () if told else block.because
    return replace(block, because=because, read=(), rule="", against=block.against[:1])


def _blocks(section: Section) -> Iterator[Block]:
    tables = 0
    for block in section.blocks:
        tables += isinstance(block, Table)
        in_costs = section.id == "costs" and (isinstance(block, Paragraph | Bullets) or tables == 1)
        measured = section.id == "evidence" and _measured(block)
        if section.id == "plan" and _told_elsewhere(block, section.blocks[-1]):
            continue
        if section.id in {"verdict", "questions", "plan", "limits"} or isinstance(block, Chart):
            yield block
        elif section.id == "ruled-out" and isinstance(block, Argument):
            yield replace(block, read=(), rule="")
        elif in_costs or measured:
            yield block


def _told_elsewhere(block: Block, last: Block) -> bool:
    """Whether a block of the plan repeats what its steps say (the drawn timeline) or the verdict (the review's day)."""
    return isinstance(block, Chart) or (isinstance(block, Paragraph) and block is last)


def _measured(block: Block) -> bool:
    """Whether a block of the evidence shows a measurement: a table with test items or paired differences."""
    return isinstance(block, Table) and any(
        title in {say("Test items"), say("Difference (interval)")} for title in block.columns
    )
