"""Draws the neutral document of a report with Streamlit: one more writer beside text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from advisor.knowledge.domain import Quantity, Source
from advisor.language import say, say_many
from advisor.reports.document import (
    Argument,
    Block,
    Bullets,
    Callout,
    Chart,
    ChartSpec,
    Citation,
    Code,
    Details,
    Facts,
    Paragraph,
    Runs,
    Section,
    SourceList,
    Table,
)
from advisor.reports.figures import bounds, figure, mark, origin_text, signed, unit_words
from advisor.ui.charting import themed
from advisor.ui.runs import line
from advisor.ui.wording import literal

Sources = Mapping[str, Source]


def draw_section(section: Section, sources: Sources, level: int = 2) -> None:
    """Draws a section with its heading, its blocks and the sections inside it."""
    heading = st.subheader if level == 2 else _small_heading
    heading(literal(section.title), anchor=section.id)
    draw_blocks(section.blocks, sources)
    for inner in section.sections:
        draw_section(inner, sources, level + 1)


def draw_blocks(blocks: tuple[Block, ...], sources: Sources) -> None:
    """Draws blocks one below the other."""
    for block in blocks:
        _WRITERS[type(block)](block, sources)


def _small_heading(text: str, anchor: str) -> None:
    st.markdown(f"#### {text}", anchors=False)


def _paragraph(block: Paragraph, sources: Sources) -> None:
    (st.caption if block.muted else st.markdown)(line(block.runs))


def _bullets(block: Bullets, sources: Sources) -> None:
    items = []
    for number, item in enumerate(block.items, start=1):
        head = f"{number}. " if block.ordered else "- "
        items.append(head + f"  \n{' ' * len(head)}".join(line(row) for row in item))
    st.markdown("\n".join(items))


def _facts(block: Facts, sources: Sources) -> None:
    if block.tiles:
        _tiles(block)
        return
    for item in block.items:
        label, said = st.columns([1, 4], gap="small")
        label.markdown(f"**{literal(item.label)}**")
        said.markdown("  \n".join(line(row) for row in item.lines))


def _tiles(block: Facts) -> None:
    with st.grid(min_column_width=140, gap="small"):
        for item in block.items:
            with st.container(border=True, height="stretch", gap=None):
                for row in item.lines:
                    for run in row:
                        _tile(item.label, run)


def _tile(label: str, run: Any) -> None:
    """One figure, large; its unit and bounds below it, its origin in words at the label."""
    st.caption(literal(label))
    if not isinstance(run, Quantity):
        st.markdown(line((run,)))
        return
    value = f"{literal(figure(run, in_table=True))}{mark(run.origin)}"
    st.markdown(f"### {value}", anchors=False, help=literal(origin_text(run.origin, run.source)))
    under = "  \n".join(literal(part) for part in (unit_words(run), bounds(run)) if part)
    st.caption(under)


def _table(block: Table, sources: Sources) -> None:
    st.caption(literal(block.caption))
    columns: dict[str, list[str]] = {}
    for index, title in enumerate(block.columns):
        cells = [line(row[index], in_table=True) for row in block.rows]
        for lead in block.lead:
            cells[lead] = f"**{cells[lead]}**" if index == 0 and cells[lead] else cells[lead]
        columns[literal(title) or " " * (index + 1)] = cells
    st.table(columns, border="horizontal", hide_index=True, alt=block.caption)


def _chart(block: Chart, sources: Sources) -> None:
    draw_chart(block.spec)


def draw_chart(spec: ChartSpec) -> None:
    """Draws a chart with its title, its finding for those who cannot see it, and its numbers below."""
    from advisor.reports.charts_plotly import CONFIG, figure_of

    st.markdown(f"**{literal(spec.title)}**")
    drawn = themed(figure_of(spec), dark=st.context.theme.type == "dark")
    st.plotly_chart(drawn, theme=None, config=CONFIG, key=f"chart-{spec.id}", alt=spec.alt)
    st.caption(literal(spec.alt))
    with st.expander(say("The same in numbers"), type="compact", key=f"numbers-{spec.id}"):
        _table(spec.table(), {})


def _callout(block: Callout, sources: Sources) -> None:
    if block.kind == "info":
        st.info(f"**{literal(block.title)}**  \n{line(block.runs)}", icon=":material/info:")
        return
    st.title(literal(block.title), anchor=False)
    if block.runs:
        st.markdown(line(block.runs))


def _argument(block: Argument, sources: Sources) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{literal(block.title)}**")
        if block.effects:
            effects = (f"{literal(name)} **{signed(amount)}**{mark(amount.origin)}" for name, amount in block.effects)
            st.caption(" · ".join(effects))
        st.markdown(line(block.because))
        if block.lift:
            st.markdown(f":material/lock_open: **{say('What would lift it.')}** {line(block.lift)}")
        with st.expander(_evidence_label(block), type="compact"):
            _evidence(block, sources)


def _evidence_label(block: Argument) -> str:
    ids = ", ".join(_ids(block.sources)) or line(block.sources)
    label = say("Sources: {ids}", ids=literal(ids)) if ids else say("Behind it")
    if block.against:
        label += f" · {say_many('{count} objection', '{count} objections', len(block.against))}"
    return label


def _evidence(block: Argument, sources: Sources) -> None:
    lines = [f"- {source_line(sources[name])}" for name in _ids(block.sources) if name in sources]
    if lines:
        st.markdown("\n".join(lines))
    for item in block.against:
        st.markdown(f":material/gavel: **{say('Against it.')}** {line(item.because)}")
        lines = [f"- {source_line(sources[name])}" for name in _ids(item.sources) if name in sources]
        if lines:
            st.markdown("\n".join(lines))
        if item.resolution:
            st.markdown(f"**{say('Resolved.')}** {line(item.resolution)}")
    if block.read:
        read = "; ".join(f"{literal(title)}: {line((value,))}" for title, value in block.read)
        st.markdown(f"**{say('It read.')}** {read}")
    if block.rule:
        st.caption(say("Rule {rule}", rule=literal(block.rule)))


def _ids(runs: Runs) -> list[str]:
    return [name for run in runs if isinstance(run, Citation) for name in run.ids]


def source_line(source: Source) -> str:
    """A source in one line: id, linked title, publisher, date and grade."""
    title = f"[{literal(source.title)}]({source.url})" if source.url else literal(source.title)
    return (
        f"**{literal(source.id)}** {title}. {literal(source.publisher)}, {literal(source.published)}. "
        f"{say('Grade {grade}.', grade=literal(source.grade))}"
    )


def _source_list(block: SourceList, sources: Sources) -> None:
    st.markdown("\n".join(f"- {source_line(item)} :gray[{literal(item.claim)}]" for item in block.sources))


def _code(block: Code, sources: Sources) -> None:
    st.caption(literal(block.label))
    st.code(block.text, language=None, wrap_lines=True)


def _details(block: Details, sources: Sources) -> None:
    with st.expander(literal(block.title)):
        draw_blocks(block.blocks, sources)


_WRITERS: Mapping[type, Callable[[Any, Sources], None]] = {
    Paragraph: _paragraph,
    Bullets: _bullets,
    Facts: _facts,
    Table: _table,
    Chart: _chart,
    Callout: _callout,
    Argument: _argument,
    SourceList: _source_list,
    Code: _code,
    Details: _details,
}
