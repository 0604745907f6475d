"""Draws a report's document on the page: the same facts in the same words as every exported format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import singledispatch

import streamlit as st

from advisor.knowledge.domain import Quantity
from advisor.reports import charts_plotly
from advisor.reports.document import (
    Argument,
    Block,
    Bullets,
    Callout,
    Chart,
    Citation,
    Code,
    Details,
    Facts,
    Link,
    Paragraph,
    Run,
    Section,
    SourceList,
    Strong,
    Table,
    Value,
)
from advisor.reports.figures import MEANINGS, aside, bounds, figure, mark, signed, unit_words
from advisor.ui.wording import literal

CALLOUTS = {"advice": st.success, "tie": st.info, "abstain": st.warning, "none": st.error, "info": st.info}


def draw_section(section: Section, *, title: bool = True) -> None:
    """Draws a section with its blocks and inner sections."""
    if title:
        st.subheader(literal(section.title), anchor=section.id)
    for block in section.blocks:
        draw_block(block)
    for inner in section.sections:
        st.markdown(f"**{literal(inner.title)}**")
        draw_section(inner, title=False)


def legend(origins: Iterable[str]) -> str:
    """What the marks beside the numbers mean, on one line."""
    return " · ".join(f"{mark(origin)} {MEANINGS[origin]}" for origin in origins)


@singledispatch
def draw_block(block: Block) -> None:
    """Draws one block of a document."""
    raise TypeError(f"no way to draw {type(block).__name__}")


@draw_block.register
def _paragraph(block: Paragraph) -> None:
    (st.caption if block.muted else st.markdown)(line(block.runs))


@draw_block.register
def _bullets(block: Bullets) -> None:
    rows = []
    for number, item in enumerate(block.items, 1):
        sign = f"{number}." if block.ordered else "-"
        rows.append(f"{sign} " + "  \n  ".join(line(part) for part in item))
    st.markdown("\n".join(rows))


@draw_block.register
def _facts(block: Facts) -> None:
    if block.tiles:
        with st.container(horizontal=True, gap="small"):
            for item in block.items:
                with st.container(border=True, width=148):
                    st.caption(literal(item.label))
                    _tile(item.lines)
        return
    for item in block.items:
        label, text = st.columns([1, 4])
        label.markdown(f"**{literal(item.label)}**")
        text.markdown("  \n".join(line(part) for part in item.lines))


def _tile(lines: Sequence[Sequence[Run]]) -> None:
    for part in lines:
        amounts = [run for run in part if isinstance(run, Quantity)]
        if len(amounts) == 1:
            amount = amounts[0]
            st.markdown(f"#### {literal(figure(amount, in_table=True))}{mark(amount.origin)}", help=_origin(amount))
            under = " · ".join(text for text in (unit_words(amount), bounds(amount)) if text)
            if under:
                st.caption(literal(under))
        else:
            st.markdown(line(part))


@draw_block.register
def _table(block: Table) -> None:
    head = "| " + " | ".join(literal(title) or " " for title in block.columns) + " |"
    rule = "|" + "|".join("---:" if column in block.numeric else "---" for column in range(len(block.columns))) + "|"
    rows = ["| " + " | ".join(line(cell, in_table=True) for cell in row) + " |" for row in block.rows]
    st.markdown("\n".join([head, rule, *rows]))
    st.caption(literal(block.caption))


@draw_block.register
def _chart(block: Chart) -> None:
    spec = block.spec
    st.markdown(f"**{literal(spec.title)}**")
    st.caption(literal(spec.alt))
    st.plotly_chart(charts_plotly.figure_of(spec), config=charts_plotly.CONFIG, key=f"chart-{spec.id}", alt=spec.alt)
    with st.expander("The numbers of this chart"):
        _table(spec.table())


@draw_block.register
def _callout(block: Callout) -> None:
    text = f"\n\n{line(block.runs)}" if block.runs else ""
    CALLOUTS[block.kind](f"### {literal(block.title)}{text}")


@draw_block.register
def _argument(block: Argument) -> None:
    with st.container(border=True):
        effects = " ".join(f":gray-badge[{literal(name)} {literal(signed(value))}]" for name, value in block.effects)
        st.markdown(f"**{literal(block.title)}** {effects}")
        sources = f" {line(block.sources)}" if block.sources else ""
        st.markdown(f"{line(block.because)}{sources}")
        if block.lift:
            st.markdown(f"**What would lift it.** {line(block.lift)}")
        for other in block.against:
            st.markdown(f":orange-badge[Against it] {line(other.because)} {line(other.sources)}")
            if other.resolution:
                st.caption(f"How we resolve it: {line(other.resolution)}")
        if block.read:
            read = "; ".join(f"{literal(label)}: {line((value,))}" for label, value in block.read)
            st.caption(f"Read: {read}" + (f" · rule `{block.rule}`" if block.rule else ""))


@draw_block.register
def _code(block: Code) -> None:
    st.caption(literal(block.label))
    st.code(block.text, language=None, wrap_lines=True)


@draw_block.register
def _source_list(block: SourceList) -> None:
    rows = []
    for source in block.sources:
        title = f"[{literal(source.title)}]({source.url})" if source.url else literal(source.title)
        about = f"{literal(source.publisher)}, {literal(source.published)}, grade {source.grade}"
        rows.append(f"- **{literal(source.id)}** {title}: {about}. {literal(source.claim)}")
    st.markdown("\n".join(rows))


@draw_block.register
def _details(block: Details) -> None:
    with st.expander(literal(block.title)):
        for part in block.blocks:
            draw_block(part)


def line(runs: Iterable[Run], *, in_table: bool = False) -> str:
    """Runs as one line of Markdown in which no text of a user can become markup."""
    return "".join(_run(run, in_table) for run in runs)


def _run(run: Run, in_table: bool) -> str:
    if isinstance(run, Quantity):
        extra = bounds(run) if in_table else aside(run)
        text = f"{figure(run, in_table=in_table)}{mark(run.origin)}" + (f" ({extra})" if extra else "")
        return literal(text)
    if isinstance(run, Value):
        return f"{_spaced(run.text)}{mark(run.origin)}"
    if isinstance(run, Citation):
        return f":gray[{literal('[' + ', '.join(run.ids) + ']')}]"
    if isinstance(run, Link):
        return f"[{_spaced(run.text)}]({run.url})" if run.url else _spaced(run.text)
    if isinstance(run, Strong):
        return f"**{literal(run.text)}**" if run.text.strip() else ""
    return _spaced(run.text)


def _spaced(text: str) -> str:
    """The text as it is shown, with the blanks at its ends kept: runs stand side by side."""
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and text.strip() else ""
    return f"{before}{literal(text)}{after}"


def _origin(amount: Quantity) -> str:
    source = amount.source if len(amount.source) <= 400 else amount.source[:399] + "…"
    return literal(f"{amount.origin}: {source}")
