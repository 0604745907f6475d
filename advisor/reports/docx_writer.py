"""Draws a document as a Word file that can be edited: real styles, headings, lists and tables, charts as pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from advisor.errors import MissingExtra
from advisor.knowledge.domain import Quantity
from advisor.language import say
from advisor.reports import docx_xml as xml
from advisor.reports import typesetting
from advisor.reports.archives import settled
from advisor.reports.charts_drawn import draw, pale
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
from advisor.reports.docx_parts import ACCENT, hyperlink, styled, told
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark
from advisor.reports.pdf import LOGO_BOX, effects, left_open, plain, shares, texts, unprinted

CHART_WIDTH = 470.0  # points: what the margins leave of a page of A4
HEAD_TINT = "F5F7FA"
LETTERS = 9.5  # points: the style of cells


def write(document: Document) -> bytes:
    """The document as DOCX, the same bytes each time. Raises MissingExtra where python-docx or Typst is missing."""
    return _Word(document).whole()


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
        self.accent = (document.brand.accent if document.brand else "").lstrip("#").upper() or ACCENT
        specs = [chart.spec for section in document.sections for chart in _charts(section)]
        drawn = typesetting.pictures(draw(spec, CHART_WIDTH) for spec in specs)
        self.pictures = dict(zip((spec.id for spec in specs), drawn, strict=True))
        styled(self.file, self.shared, document.language, self.accent)
        self.body = self.file.element.body
        self.page = self.body.sectPr
        self.body.remove(self.page)  # it has to stand last, so it goes back when all else is there

    def whole(self) -> bytes:
        """The whole file."""
        document = self.source
        self._properties(document)
        self._logo()
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
        self.body.append(self.page)
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

    def _logo(self) -> None:
        brand = self.source.brand
        if brand is None or not brand.logo:
            return
        width, height = brand.logo_box(*LOGO_BOX)
        drawn = brand.logo if brand.logo_type == "image/png" else typesetting.picture_of(brand.logo, width, height)
        told(self._picture(drawn, width), brand.logo_alternative, brand.logo_alternative)

    def _paragraph(self, text: str, style: str) -> Any:
        made = xml.paragraph(self.body, style.replace(" ", ""))
        if text:
            xml.run(made, text)
        return made

    def _picture(self, drawn: bytes, width: float) -> Any:
        wrapped = docx_module("docx.text.paragraph").Paragraph(self._paragraph("", "Picture"), self.file._body)
        return wrapped.add_run().add_picture(io.BytesIO(drawn), width=self.shared.Pt(width))

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
            place = self._paragraph("", "Callout")
            xml.run(place, block.title + ("\n" if block.runs else ""), bold=bool(block.runs))
            self._runs(place, block.runs)
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

    def _runs(self, place: Any, runs: Runs, in_table: bool = False) -> None:
        for run in runs:
            self._run(place, run, in_table)

    def _run(self, place: Any, run: Run, in_table: bool) -> None:
        if isinstance(run, Quantity):
            xml.run(place, figure(run, in_table=in_table), bold=True)
            xml.run(place, mark(run.origin))
            extra = bounds(run) if in_table else aside(run)
            if extra:
                xml.run(place, f" {extra}" if in_table else f" ({extra})", style="Faint")
        elif isinstance(run, Link) and run.url:
            hyperlink(place, self.file.part, run.text, run.url)
        elif isinstance(run, Citation):
            xml.run(place, plain(run), style="Faint")
        elif isinstance(run, Value):
            xml.run(place, run.text + mark(run.origin))
        else:
            xml.run(place, plain(run), bold=isinstance(run, Strong))

    def _bullets(self, block: Bullets) -> None:
        for number, item in enumerate(block.items, start=1):
            place = self._paragraph(f"{number}.\t" if block.ordered else "", "Step" if block.ordered else "List Bullet")
            for row, line in enumerate(item):
                if row:
                    xml.run(place, "\n")
                self._runs(place, line)

    def _facts(self, block: Facts) -> None:
        widths = (110.0, CHART_WIDTH - 110.0)
        grid = xml.table(self.body, widths)
        for item in block.items:
            line = xml.row(grid)
            xml.run(xml.paragraph(xml.cell(line, widths[0]), "Cell"), item.label, style="Faint")
            said = xml.cell(line, widths[1])
            for runs in item.lines or ((),):
                self._runs(xml.paragraph(said, "Cell"), runs)
        self._paragraph("", "Gap")

    def _table(self, block: Table) -> None:
        self._paragraph(block.caption, "Caption")
        parts = shares(block, LETTERS)
        widths = [CHART_WIDTH * part / sum(parts) for part in parts]
        grid = xml.table(self.body, widths, block.caption)
        titles = tuple((Strong(title),) for title in block.columns)
        tint = pale(f"#{self.accent}", 0.08).lstrip("#").upper()
        for number, cells in enumerate((titles, *block.rows)):
            line = xml.row(grid, header=number == 0, tall=left_open(cells))
            fill = HEAD_TINT if number == 0 else tint if number - 1 in block.lead else ""
            for index, runs in enumerate(cells):
                place = xml.cell(line, widths[index], fill)
                self._runs(xml.paragraph(place, "Cell", right=index in block.numeric), runs, in_table=True)
        self._paragraph("", "Gap")

    def _chart(self, block: Chart) -> None:
        spec = block.spec
        self._paragraph(spec.title, "Caption")
        told(self._picture(self.pictures[spec.id], CHART_WIDTH), spec.title, f"{spec.title}. {spec.alt}")
        self._paragraph(spec.alt, "Muted")

    def _argument(self, block: Argument) -> None:
        head = self._paragraph(block.title, "Lead")
        if block.effects:
            xml.run(head, "   " + effects(block.effects), style="Faint")
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
        place = self._paragraph("", "Normal")
        if label:
            xml.run(place, f"{label}: ", bold=True)
        for number, part in enumerate(part for part in parts if part):
            if number:
                xml.run(place, " ")
            self._runs(place, part)

    def _sources(self, block: SourceList) -> None:
        for source in block.sources:
            place = self._paragraph("", "Normal")
            xml.run(place, f"{source.id}  ", bold=True)
            self._run(place, Link(source.title, source.url), False)
            xml.run(place, f". {source.publisher}, {source.published}. {say('Grade')} {source.grade}. ")
            xml.run(place, source.claim, style="Faint")


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
