"""Benchmarks on one's own data: choose, see what can be shown and how long it takes, start, watch, cancel, compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import AdvisorError
from advisor.language import current, say, using
from advisor.store import ACTIVE, Job
from advisor.ui import account, benching
from advisor.ui.wording import literal

SAMPLE, FOLDER, FILE = "sample", "folder", "file"
UPLOAD_MB = 50
QUICK = ("majority", "linear")
TROUBLE = "bench-trouble"
LOOKED = "bench-looked"
WATCH_SECONDS = 2


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the page."""
    st.title(say("Benchmarks"), anchor=False)
    st.markdown(say("Let prompting and fine-tuning compete on labelled data. Runs go on when you close the browser."))
    owner = account.required()
    if owner is None:
        return
    _new(owner)
    st.subheader(say("Your runs"), anchor=False)
    running = any(job.state in ACTIVE for job in account.store().list_jobs(owner))
    st.fragment(_runs, run_every=WATCH_SECONDS if running else None)(owner, running, current())
    _compare(owner)


def _new(owner: str) -> None:
    with st.container(border=True):
        st.subheader(say("A new run"), anchor=False)
        chosen = _task(owner)
        arms = st.multiselect(
            say("Approaches"), benching.ARMS, default=list(QUICK), key="bench-arms", format_func=str,
            help=say("Majority and linear need no language model and show what chance and a simple method reach."),
        )  # fmt: skip
        with st.container(horizontal=True):
            sizes = st.text_input(say("Training examples"), "16,64", key="bench-sizes", max_chars=100)
            seeds = st.text_input(say("Seeds"), "0", key="bench-seeds", max_chars=400)
            limit = st.number_input(say("Most test rows"), 10, 100_000, 100, key="bench-limit")
        words = {"train-sizes": sizes, "seeds": seeds, "test-limit": str(limit), "arms": ",".join(arms)}
        spec = {**chosen, **words} if chosen and arms else None
        looked = st.session_state.get(LOOKED)
        if st.button(say("Look before starting"), key="bench-look", disabled=spec is None) and spec:
            try:
                with st.spinner(say("Reading the data")):
                    looked = (spec, benching.look(spec, owner))
            except AdvisorError as error:
                looked = None
                _problems(error)
            st.session_state[LOOKED] = looked
        if spec and looked and looked[0] == spec:
            _plan(looked[1])
            st.button(
                say("Start the benchmark"), key="bench-start", type="primary", on_click=_start, args=(owner, spec)
            )
        _problems(st.session_state.pop(TROUBLE, None))


def _task(owner: str) -> dict[str, str] | None:
    """What the benchmark is to read, as words of its command line."""
    names = {SAMPLE: say("A sample"), FOLDER: say("A task of this server"), FILE: say("A file of mine")}
    kinds = [kind for kind in names if kind != FOLDER or benching.allowed_folders()]
    kind = st.radio(say("Data"), kinds, format_func=names.__getitem__, key="bench-data", horizontal=True)
    if kind == SAMPLE:
        name = st.selectbox(say("Sample"), benching.samples(), key="bench-sample")
        return {"task": name} if name else None
    if kind == FOLDER:
        name = st.selectbox(say("Task"), list(benching.allowed_folders()), key="bench-folder")
        return {"task": str(benching.allowed_folders()[name])} if name else None
    types = [suffix.removeprefix(".") for suffix in benching.SUFFIXES]
    file = st.file_uploader(say("Labelled rows"), type=types, key="bench-file", max_upload_size=UPLOAD_MB)
    with st.container(horizontal=True):
        text = st.text_input(say("Column with the texts"), key="bench-text", max_chars=200)
        label = st.text_input(say("Column with the answers"), key="bench-label", max_chars=200)
    if file is None:
        return None
    try:
        path = benching.keep_upload(file.getvalue(), file.name, owner)
    except AdvisorError as error:
        _problems(error)
        return None
    return {"task": str(path), "text-column": text, "label-column": label}


def _plan(look: benching.Look) -> None:
    points = f"{look.detectable * 100:.1f}"
    text = "With {rows} test rows (counted), a difference below {points} points (estimated) will probably not show."
    st.markdown(say(text, rows=look.test_rows, points=points))
    if look.seconds >= 1:
        spoken = benching.spoken(look.seconds)
        st.markdown(say("About {time}, estimated from earlier runs on this machine.", time=spoken))
    if look.untimed:
        named = ", ".join(look.untimed)
        st.caption(say("How long these take is not known yet on this machine: {arms}", arms=literal(named)))


def _start(owner: str, spec: Mapping[str, str]) -> None:
    try:
        benching.start(account.store(), owner, spec)
        st.session_state.pop(LOOKED, None)
    except AdvisorError as error:
        st.session_state[TROUBLE] = error


def _problems(error: AdvisorError | None) -> None:
    for problem in error.problems if error else ():
        st.error(literal(str(problem)))


def _runs(owner: str, running: bool, language: str) -> None:
    with using(language):  # what runs by itself does not pass through the frame of the page
        _watch(owner, running)


def _watch(owner: str, running: bool) -> None:
    jobs = account.store().list_jobs(owner)
    if running and not any(job.state in ACTIVE for job in jobs):
        st.rerun()  # the last one ended: the page stops asking, and what can be compared is new
    if not jobs:
        st.caption(say("None yet."))
    for job in jobs:
        with st.container(border=True, key=f"run-{job.id}"):
            _run(job, owner)


def _run(job: Job, owner: str) -> None:
    states = {
        "waiting": say("waiting"), "running": say("running"), "done": say("done"), "failed": say("failed"),
        "cancelled": say("cancelled"),
    }  # fmt: skip
    st.markdown(f"**{literal(job.title)}** · {states.get(job.state, job.state)}")
    held = job.progress or {}
    if held.get("planned"):
        done, planned = int(held["done"]), int(held["planned"])
        text = say("{done} of {planned} cells done (counted)", done=done, planned=planned)
        st.progress(min(1.0, done / planned), text=text)
    if job.error:
        st.text(job.error)
    if job.state in ACTIVE:
        label = say("Cancelling") if job.cancel else say("Cancel")
        cancel: Any = account.store().cancel
        st.button(label, key=f"cancel-{job.id}", on_click=cancel, args=(job.id, owner), disabled=job.cancel)


def _compare(owner: str) -> None:
    done = {job.id: job for job in account.store().list_jobs(owner) if benching.measured(job)}
    if not done:
        return
    st.subheader(say("Results"), anchor=False)
    chosen = st.multiselect(
        say("Runs to compare"), list(done), default=list(done)[:1], key="bench-compare", max_selections=4,
        format_func=lambda name: f"{done[name].title} ({name[:6]})",
    )  # fmt: skip
    if not chosen:
        return
    try:
        page = benching.comparison(tuple(chosen))
    except AdvisorError as error:
        _problems(error)
        return
    st.download_button(say("Save the comparison (HTML)"), page, "comparison.html", "text/html", key="bench-html")
    st.iframe(page, height=900)
