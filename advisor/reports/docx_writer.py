"""Draws a document as a Word file that can be edited: real styles, headings, lists and tables, charts as pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from advisor.errors import MissingExtra
from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reports import typesetting
from advisor.reports.archives import settled
from advisor.reports.charts_drawn import draw
from advisor.reports.document import (
    Argument,
    Block,
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
from advisor.reports.docx_parts import filled, heading_row, hyperlink, styled, table_style, told
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark
from advisor.reports.pdf import effects, plain, shares, texts, unprinted

CHART_WIDTH = 470.0  # points: what the margins leave of a page of A4


def write(document: Document) -> bytes:
    """The document as DOCX, the same bytes each time. Raises MissingExtra where python-docx or Typst is missing."""
    return _Word(document).bytes()


def docx_module(name: str) -> Any:
    """A module of python-docx, imported now. Raises MissingExtra where it is not installed."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "docx":
            raise
        raise MissingExtra("reports", "A Word report") from None


class _Word:
    """One Word file in the making."""

    def __init__(self, document: Document) -> None:
        self.source = document
        self.file = docx_module("docx").Document()
        self.shared = docx_module("docx.shared")
        specs = [chart.spec for section in document.sections for chart in _charts(section)]
        drawn = typesetting.pictures(draw(spec, CHART_WIDTH) for spec in specs)
        self.pictures = dict(zip((spec.id for spec in specs), drawn, strict=True))
        styled(self.file, self.shared, document.language)

    def bytes(self) -> bytes:
        """The whole file."""
        document = self.source
        self._properties(document)
        self._paragraph(document.subtitle, "Subtitle")
        self._paragraph(document.title, "Title")
        note = unprinted(text for section in document.sections for text in _drawn_texts(section))
        if note:
            self._paragraph(note, "Small")
        for number, section in enumerate(document.sections):
            self._section(section, 1, headed=number > 0)
            if number == 0 and document.legend:
                marks = " · ".join(f"{mark(origin)} {say(MEANINGS[origin])}" for origin in document.legend)
                self._paragraph(f"{say('Marks')}: {marks}", "Small")
        footer = self.file.sections[0].footer.paragraphs[0]
        footer.text = "".join(plain(run) for run in document.footer)
        footer.style = self.file.styles["Small"]
        made = io.BytesIO()
        self.file.save(made)
        return settled(made.getvalue())

    def _properties(self, document: Document) -> None:
        told_ = self.file.core_properties
        moment = datetime.combine(document.day or date(1980, 1, 1), time())
        told_.title, told_.subject = document.title[:250], document.subtitle[:250]
        told_.author = told_.last_modified_by = told_.keywords = told_.comments = ""
        told_.language, told_.revision = document.language, 1
        told_.created = told_.modified = told_.last_printed = moment

    def _paragraph(self, text: str, style: str) -> Any:
        """A new paragraph. Its style goes by id, because python-docx takes long to look a name up."""
        paragraph = self.file.add_paragraph(text)
        paragraph._p.style = style.replace(" ", "")
        return paragraph

    def _section(self, section: Section, level: int, headed: bool = True) -> None:
        if headed:
            self._paragraph(section.title, f"Heading {min(level, 3)}")
        for block in section.blocks:
            self._block(block)
        for inner in section.sections:
            self._section(inner, level + 1)

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self._runs(self._paragraph("", "Muted" if block.muted else "Normal"), block.runs)
        elif isinstance(block, Bullets):
            self._bullets(block)
        elif isinstance(block, Facts):
            self._facts(block)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Chart):
            self._chart(block)
        elif isinstance(block, Callout):
            paragraph = self._paragraph(block.title, "Callout")
            if block.runs:
                paragraph.runs[0].bold = True
                paragraph.runs[0].add_break()
                self._runs(paragraph, block.runs)
        elif isinstance(block, Argument):
            self._argument(block)
        elif isinstance(block, SourceList):
            self._sources(block)
        elif isinstance(block, Code):
            self._paragraph(block.label, "Caption")
            self._paragraph(block.text, "Code")
        elif isinstance(block, Details):
            self._paragraph(block.title, "Lead")
            for inner in block.blocks:
                self._block(inner)

    def _runs(self, paragraph: Any, runs: Runs, in_table: bool = False) -> None:
        for run in runs:
            self._run(paragraph, run, in_table)

    def _run(self, paragraph: Any, run: Run, in_table: bool) -> None:
        if isinstance(run, Quantity):
            paragraph.add_run(figure(run, in_table=in_table)).bold = True
            paragraph.add_run(mark(run.origin))
            extra = bounds(run) if in_table else aside(run)
            if extra:
                _faint(paragraph, f" {extra}" if in_table else f" ({extra})")
        elif isinstance(run, Link) and run.url:
            hyperlink(paragraph, run.text, run.url)
        elif isinstance(run, Citation):
            _faint(paragraph, plain(run))
        elif isinstance(run, Value):
            paragraph.add_run(run.text + mark(run.origin))
        else:
            made = paragraph.add_run(plain(run))
            if isinstance(run, Strong):
                made.bold = True

    def _bullets(self, block: Bullets) -> None:
        for number, item in enumerate(block.items, start=1):
            paragraph = self._paragraph("", "Step" if block.ordered else "List Bullet")
            if block.ordered:
                paragraph.add_run(f"{number}.\t")
            for row, line in enumerate(item):
                if row:
                    paragraph.add_run().add_break()
                self._runs(paragraph, line)

    def _facts(self, block: Facts) -> None:
        grid = self.file.add_table(rows=len(block.items), cols=2)
        grid.autofit = False
        widths = (self.shared.Pt(110), self.shared.Pt(CHART_WIDTH - 110))
        for column, size in zip(grid.columns, widths, strict=True):
            column.width = size
        for item, row in zip(block.items, list(grid.rows), strict=True):
            label, said = row.cells
            label.width, said.width = widths
            _faint(label.paragraphs[0], item.label)
            label.paragraphs[0]._p.style = "Cell"
            for number, line in enumerate(item.lines):
                paragraph = said.paragraphs[0] if number == 0 else said.add_paragraph()
                paragraph._p.style = "Cell"
                self._runs(paragraph, line)
        self._paragraph("", "Gap")

    def _table(self, block: Table) -> None:
        self._paragraph(block.caption, "Caption")
        grid = self.file.add_table(rows=1 + len(block.rows), cols=len(block.columns))
        table_style(grid, block.caption)
        parts = shares(block)
        widths = [self.shared.Pt(CHART_WIDTH * part / sum(parts)) for part in parts]
        for column, size in zip(grid.columns, widths, strict=True):
            column.width = size
        head, *rows = list(grid.rows)
        heading_row(head)
        titles = tuple((Strong(title),) for title in block.columns)
        for number, (cells, row) in enumerate(zip((titles, *block.rows), (head, *rows), strict=True)):
            for index, (cell, place) in enumerate(zip(cells, row.cells, strict=True)):
                paragraph = place.paragraphs[0]
                self._runs(paragraph, cell, in_table=True)
                paragraph._p.style = "Cell"
                if index in block.numeric:
                    paragraph.alignment = docx_module("docx.enum.text").WD_ALIGN_PARAGRAPH.RIGHT
                if number - 1 in block.lead:
                    filled(place, "E8F1FA")
                place.width = widths[index]
        self._paragraph("", "Gap")

    def _chart(self, block: Chart) -> None:
        spec = block.spec
        self._paragraph(spec.title, "Caption")
        paragraph = self._paragraph("", "Picture")
        picture = paragraph.add_run().add_picture(io.BytesIO(self.pictures[spec.id]), width=self.shared.Pt(CHART_WIDTH))
        told(picture, spec.title, f"{spec.title}. {spec.alt}")
        self._paragraph(spec.alt, "Muted")

    def _argument(self, block: Argument) -> None:
        head = self._paragraph(block.title, "Lead")
        if block.effects:
            _faint(head, "   " + effects(block.effects))
        self._said("", block.because, block.sources)
        for item in block.against:
            self._said(say("Against it"), item.because, item.sources)
            if item.resolution:
                self._said(say("Resolved"), item.resolution)
        if block.lift:
            self._said(say("Would lift it"), block.lift)
        small = [f"{title}: {plain(value)}" for title, value in block.read]
        small += [f"{say('Rule')}: {block.rule}"] if block.rule else []
        if small:
            self._paragraph(" · ".join(small), "Small")

    def _said(self, label: str, *parts: Runs) -> None:
        paragraph = self._paragraph("", "Normal")
        if label:
            paragraph.add_run(f"{label}: ").bold = True
        for number, part in enumerate(part for part in parts if part):
            if number:
                paragraph.add_run(" ")
            self._runs(paragraph, part)

    def _sources(self, block: SourceList) -> None:
        for source in block.sources:
            paragraph = self._paragraph("", "Normal")
            paragraph.add_run(f"{source.id}  ").bold = True
            self._run(paragraph, Link(source.title, source.url), False)
            paragraph.add_run(f". {source.publisher}, {source.published}. {say('Grade')} {source.grade}. ")
            _faint(paragraph, source.claim)


def _faint(paragraph: Any, text: str) -> None:
    paragraph.add_run(text)._r.style = "Faint"


def _charts(section: Section) -> Iterator[Chart]:
    def inside(blocks: tuple[Block, ...]) -> Iterator[Chart]:
        for block in blocks:
            if isinstance(block, Chart):
                yield block
            elif isinstance(block, Details):
                yield from inside(block.blocks)

    yield from inside(section.blocks)
    for inner in section.sections:
        yield from _charts(inner)


def _drawn_texts(section: Section) -> Iterator[str]:
    """The texts that stand in pictures; Word brings fonts of its own for all others."""
    for chart in _charts(section):
        yield from texts(chart.spec)
