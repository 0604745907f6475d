"""The result: the verdict on one screen, its working in tabs, the reports to take away, the place for a measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import InputError
from advisor.intake import measurements
from advisor.language import message, say, say_many
from advisor.reasoning.advice import Advice
from advisor.reasoning.engine import Engine
from advisor.reports import FORMATS, layout, render
from advisor.reports.appendix import command_line, form_options
from advisor.reports.document import Block, Bullets, Details, Section
from advisor.ui import draft, house, knowledge, whatif
from advisor.ui.drawing import Sources, draw_blocks, draw_section
from advisor.ui.pages import compare
from advisor.ui.pages.check import decides_in, link_row
from advisor.ui.pages.questions import contradictions
from advisor.ui.runs import legend, line
from advisor.ui.steps import Step, step_of
from advisor.ui.tongue import spoken
from advisor.ui.verdicts import advice_for
from advisor.ui.wording import literal

CHANGE, REST = "What would change it", "Method"
TABS: Mapping[str, tuple[str, ...]] = {
    "Ranking": ("ranking", "why-not"),
    "Reasons": ("reasons", "ruled-out"),
    "Costs and time": ("costs",),
    CHANGE: ("change", "near-misses"),
    "Plan": ("plan", "notes"),
    "Evidence": ("evidence", "limits", "sources"),
    REST: (),
}
BRIEF, REASONS, EVERYTHING = "brief", "reasons", "everything"
FIRST_FORMATS = ("pdf", "html", "docx")
FORMAT_LABELS = {
    "pdf": "PDF",
    "html": "HTML",
    "docx": "Word",
    "html-light": message("HTML without scripts"),
    "md": "Markdown",
    "text": message("Text"),
    "json": "JSON",
    "xlsx": "Excel",
    "csv": "CSV",
    "adr": message("Decision record"),
}
DEPTH = "depth"
FIRST_ITEMS = 8
MEASURED_OUTCOME = "measured_outcome"
MEASURED_MB = 20


def draw(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...]) -> None:
    """Draws the result page."""
    engine = knowledge.session_engine()
    present = draft.read(engine.book)
    advice = advice_for(present.answers, engine)
    document = layout.lay_out(advice)
    sources = {source.id: source for source in advice.evidence.published}
    sections = {section.id: section for section in document.sections}
    st.caption(say("Your advice on: {name}", name=literal(advice.name)) if advice.name else say("Your advice"))
    if present.problems:
        st.warning(
            say_many(
                "{count} answer needs mending and is left out; see the check page.",
                "{count} answers need mending and are left out; see the check page.",
                len(present.problems),
            )
        )
    draw_blocks(sections.pop("verdict").blocks, sources)
    sections.pop("questions", None)  # drawn with links to their steps instead
    sure = advice.status == "advice"
    if not sure:
        _questions(pages, all_steps, advice)
    if not any(item.eligible for item in advice.ranking) and "ruled-out" in sections:
        draw_section(sections.pop("ruled-out"), sources)
    contradictions(engine, present)
    _downloads(pages, advice, present)
    depth = _depth()
    _tabs(depth, sections, sources, partial(_moves, pages, all_steps, advice, present, engine))
    st.caption(legend(document.legend))
    if depth != BRIEF:
        st.divider()
        _measurement(pages)
    st.caption(line(document.footer))


def _depth() -> str:
    """How much is shown below the verdict; kept for the session."""
    labels = {BRIEF: say("In brief"), REASONS: say("With reasons"), EVERYTHING: say("Everything")}
    st.session_state["w:depth"] = st.session_state.get(DEPTH, REASONS)
    st.segmented_control(
        say("How much to show"),
        list(labels),
        key="w:depth",
        format_func=lambda name: labels[name],
        on_change=_deepen,
        required=True,
    )
    chosen: str = st.session_state.get(DEPTH, REASONS)
    return chosen


def _deepen() -> None:
    st.session_state[DEPTH] = st.session_state["w:depth"] or REASONS


def _tabs(depth: str, sections: Mapping[str, Section], sources: Sources, moves: Callable[[], None]) -> None:
    if depth == BRIEF:
        return
    titles = [title for title in TABS if title != REST or depth == EVERYTHING]
    for title, tab in zip(titles, st.tabs([say(title) for title in titles]), strict=True):
        with tab:
            if title == CHANGE:
                moves()
            for section in _picked(title, sections):
                draw_section(_short(section) if title == CHANGE else section, sources)


def _short(section: Section) -> Section:
    """The section with a long list cut after its first items; the rest can be opened."""
    blocks: list[Block] = []
    for block in section.blocks:
        if isinstance(block, Bullets) and len(block.items) > FIRST_ITEMS:
            rest = replace(block, items=block.items[FIRST_ITEMS:])
            blocks.append(replace(block, items=block.items[:FIRST_ITEMS]))
            blocks.append(Details(say("{count} more", count=len(rest.items)), (rest,)))
        else:
            blocks.append(block)
    return replace(section, blocks=tuple(blocks))


def _moves(
    pages: Mapping[str, StreamlitPage],
    all_steps: tuple[Step, ...],
    advice: Advice,
    present: draft.Draft,
    engine: Engine,
) -> None:
    whatif.panel(advice, present.answers, engine)
    if advice.status == "advice":
        _questions(pages, all_steps, advice)


def _picked(title: str, sections: Mapping[str, Section]) -> list[Section]:
    """The sections of a tab in its order; the last tab takes whatever no other names."""
    if title == REST:
        placed = {name for names in TABS.values() for name in names}
        return [section for name, section in sections.items() if name not in placed]
    return [sections[name] for name in TABS[title] if name in sections]


def _questions(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...], advice: Advice) -> None:
    if not advice.next_questions:
        return
    st.subheader(say("Questions worth answering next"), anchor=False)
    for question in advice.next_questions:
        with link_row(pages[step_of(question.field, all_steps).slug], say("Answer")):
            decides = say("decides in {share} of all ways to answer the rest", share=decides_in(question))
            st.markdown(f"{literal(say(question.ask))} :gray[{decides}]")


def _downloads(pages: Mapping[str, StreamlitPage], advice: Advice, present: draft.Draft) -> None:
    """The report in every form that there is, each made when it is asked for; the answers; a place to compare."""
    first = [name for name in FIRST_FORMATS if name in FORMATS]
    wanted = house.present()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{say('Take it with you')}**", width="content")
        for place, name in enumerate(first):
            _download(advice, name, wanted, primary=place == 0)
        with st.popover(say("More formats"), key="more-formats", icon=":material/download:"):
            for name in FORMATS:
                if name not in first:
                    _download(advice, name, wanted)
        house.panel()
        st.download_button(
            say("Answers"),
            data=partial(draft.to_yaml, present.answers),
            file_name="answers.yaml",
            mime="application/yaml",
            on_click="ignore",
            key="download-answers",
            icon=":material/save:",
        )
        if st.button(say("Compare"), key="to-compare", icon=":material/view_column:"):
            compare.keep(advice.name or say("My answers"), present.answers.plain())
            st.switch_page(pages["compare"])


def _download(advice: Advice, name: str, wanted: house.House, primary: bool = False) -> None:
    st.download_button(
        say(FORMAT_LABELS.get(name, name.upper())),
        data=spoken(partial(_report, advice, name, wanted)),
        file_name=f"advice{FORMATS[name].suffix}",
        mime=FORMATS[name].media_type.partition(";")[0],
        on_click="ignore",
        key=f"download-{name}",
        icon=":material/download:",
        type="primary" if primary else "secondary",
    )


def _report(advice: Advice, name: str, wanted: house.House) -> bytes:
    """The report with the line that makes it again, byte for byte as that line does."""
    with wanted.at_work():
        return render(advice, name, command=command_line(advice, *form_options(name), *wanted.options))


def _measurement(pages: Mapping[str, StreamlitPage]) -> None:
    st.subheader(say("Put it to the test on your data"), anchor=False)
    loaded: measurements.Measurement | None = st.session_state.get(knowledge.MEASUREMENT)
    if loaded is None:
        st.markdown(
            say(
                "The benchmark runs the approaches side by side on your labelled examples. Load its result and the "
                "advice takes what was measured in place of what the rules assume."
            )
        )
        st.page_link(pages["benchmarks"], label=say("Run a benchmark here"), icon=":material/speed:")
    else:
        text = "The advice uses the measurement on {task} with {model} of {day}."
        model = literal(loaded.model) if loaded.model else say("no model")
        st.success(say(text, task=literal(loaded.task), model=model, day=literal(loaded.created_at)))
        st.button(say("Leave the measurement out"), key="drop-measurement", on_click=_drop)
    st.file_uploader(
        say("Or load the result of a run made elsewhere (result.json in the folder of `advisor bench run`)"),
        type=["json"],
        key="upload-measurement",
        max_upload_size=MEASURED_MB,
        on_change=_measured,
    )
    for problem in st.session_state.get(MEASURED_OUTCOME, ()):
        st.error(literal(problem))


def _measured() -> None:
    file = st.session_state["upload-measurement"]
    st.session_state.pop(MEASURED_OUTCOME, None)
    if file is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / measurements.FILE
        path.write_bytes(file.getvalue())
        try:
            st.session_state[knowledge.MEASUREMENT] = measurements.read(path)
        except InputError as error:
            st.session_state[MEASURED_OUTCOME] = [
                str(problem).replace(str(path), file.name) for problem in error.problems
            ]


def _drop() -> None:
    st.session_state.pop(knowledge.MEASUREMENT, None)
