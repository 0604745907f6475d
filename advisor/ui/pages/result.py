"""The result: the verdict on one screen, its working in tabs, the reports to take away, the place for a measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import InputError
from advisor.intake import measurements
from advisor.reasoning.advice import Advice
from advisor.reports import FORMATS, layout, render
from advisor.reports.document import Section
from advisor.ui import draft, knowledge
from advisor.ui.drawing import draw_blocks, draw_section
from advisor.ui.pages.check import link_row
from advisor.ui.runs import legend, line
from advisor.ui.steps import Step, step_of
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
FORMAT_LABELS = {"html": "HTML", "md": "Markdown", "text": "Text", "json": "JSON"}
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
    st.caption(f"Your advice on: {literal(advice.name)}" if advice.name else "Your advice")
    if present.problems:
        st.warning(f"{len(present.problems)} answers need mending and are left out; see the check page.")
    draw_blocks(sections.pop("verdict").blocks, sources)
    sections.pop("questions", None)  # drawn with links to their steps instead
    sure = advice.status == "advice"
    if not sure:
        _questions(pages, all_steps, advice)
    if not any(item.eligible for item in advice.ranking) and "ruled-out" in sections:
        draw_section(sections.pop("ruled-out"), sources)
    st.caption(legend(document.legend))
    _downloads(advice, present)
    for title, tab in zip(TABS, st.tabs(list(TABS)), strict=True):
        with tab:
            for section in _picked(title, sections):
                draw_section(section, sources)
            if sure and title == CHANGE:
                _questions(pages, all_steps, advice)
    st.divider()
    _measurement()
    st.caption(line(document.footer))


def _picked(title: str, sections: Mapping[str, Section]) -> list[Section]:
    """The sections of a tab in its order; the last tab takes whatever no other names."""
    if title == REST:
        placed = {name for names in TABS.values() for name in names}
        return [section for name, section in sections.items() if name not in placed]
    return [sections[name] for name in TABS[title] if name in sections]


def _questions(pages: Mapping[str, StreamlitPage], all_steps: tuple[Step, ...], advice: Advice) -> None:
    if not advice.next_questions:
        return
    st.subheader("Questions worth answering next", anchor=False)
    for question in advice.next_questions:
        with link_row(pages[step_of(question.field, all_steps).slug], "Answer"):
            st.markdown(f"{literal(question.ask)} :gray[decides in {question.value:.0%}]")


def _downloads(advice: Advice, present: draft.Draft) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Take it with you**", width="content")
        for name, label in FORMAT_LABELS.items():
            st.download_button(
                label,
                data=partial(render, advice, name),
                file_name=f"advice{FORMATS[name].suffix}",
                mime=FORMATS[name].media_type.partition(";")[0],
                on_click="ignore",
                key=f"download-{name}",
                icon=":material/download:",
                type="primary" if name == "html" else "secondary",
            )
        st.download_button(
            "Answers",
            data=partial(draft.to_yaml, present.answers),
            file_name="answers.yaml",
            mime="application/yaml",
            on_click="ignore",
            key="download-answers",
            icon=":material/save:",
        )


def _measurement() -> None:
    st.subheader("Put it to the test on your data", anchor=False)
    loaded: measurements.Measurement | None = st.session_state.get(knowledge.MEASUREMENT)
    if loaded is None:
        st.markdown(
            "The benchmark runs the approaches side by side on your labelled examples. Load its result and the advice "
            "takes what was measured in place of what the rules assume."
        )
        st.code("advisor bench run TASKDIR --out DIR", language=None)
    else:
        said = f"{literal(loaded.task)}" + (f" with {literal(loaded.model)}" if loaded.model else "")
        st.success(f"The advice uses the measurement on {said} of {literal(loaded.created_at)}.")
        st.button("Leave the measurement out", key="drop-measurement", on_click=_drop)
    st.file_uploader(
        "Result of a benchmark (result.json in the run's folder)",
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
