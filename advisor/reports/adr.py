"""Draws a document as an architecture decision record in Markdown: short, made to live beside the code it is about."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.language import message, say, written
from advisor.reports.document import Block, Chart, Details, Document, Section
from advisor.reports.markdown import draw_block, draw_line, escape

# The headings of a record, and the sections of a report that stand under each.
PARTS = (
    (message("Context"), ("answers", "assumptions")),
    (message("Decision"), ("summary", "verdict")),
    (message("Alternatives"), ("ranking", "why-not", "ruled-out")),
    (message("Consequences"), ("costs", "plan", "change", "limits")),
)


def write(document: Document) -> bytes:
    """The document as UTF-8 Markdown under the headings of a decision record; its status is always "proposed".

    Charts and folded parts stay away: the full report has them. A document without the sections of an advice keeps
    its own headings.
    """
    known = {section.id: section for section in document.sections}
    lines = [f"# {escape(document.title)}", "", f"- {say('Status')}: {say('proposed')}"]
    if document.day is not None:
        lines.append(f"- {say('Date')}: {written(document.day)}")
    lines += [f"- {escape(document.subtitle)}"]
    named = [name for _, names in PARTS for name in names]
    if not known.keys() & set(named):
        for section in document.sections:
            lines += ["", f"## {escape(section.title)}", *_section(section)]
    else:
        for heading, names in PARTS:
            lines += _part(heading, [known[name] for name in names if name in known])
    lines += ["", f"## {say('Review')}", "", draw_line(document.footer)]
    return ("\n".join(lines) + "\n").encode()


def _part(heading: str, sections: list[Section]) -> Iterator[str]:
    if not sections:
        return
    yield from ("", f"## {say(heading)}")
    for section in sections:
        if len(sections) > 1:
            yield from ("", f"### {escape(section.title)}")
        yield from _section(section)


def _section(section: Section) -> Iterator[str]:
    for block in section.blocks:
        yield from _block(block)
    for inner in section.sections:
        yield from _section(inner)


def _block(block: Block) -> Iterator[str]:
    if not isinstance(block, Chart | Details):
        yield ""
        yield from draw_block(block)
