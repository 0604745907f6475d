"""Benchmarks on one's own data: choose, see what can be shown and how long it takes, start, watch, cancel, compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import AdvisorError
from advisor.intake import measurements
from advisor.knowledge.domain import Quantity
from advisor.language import current, say, using
from advisor.reports.figures import figure, mark
from advisor.store import ACTIVE, Job
from advisor.store.runs import run_folder
from advisor.ui import account, benching, knowledge, measured
from advisor.ui.runs import legend, line
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
    st.markdown(say("When a run has ended, its result can take the place of what the advice assumes."))
    owner = account.required()
    if owner is None:
        return
    _new(owner)
    st.subheader(say("Your runs"), anchor=False)
    running = any(job.state in ACTIVE for job in account.store().list_jobs(owner))
    st.fragment(_runs, run_every=WATCH_SECONDS if running else None)(owner, running, current())
    _compare(owner, pages)


def _new(owner: str) -> None:
    with st.container(border=True):
        st.subheader(say("A new run"), anchor=False)
        chosen, name = _task(owner)
        titles = measured.arm_titles()
        arms = st.multiselect(
            say("Approaches"), benching.ARMS, default=list(QUICK), key="bench-arms", format_func=titles.__getitem__,
            help=say(
                "The first three need no language model and show what chance and simple methods reach. To check an "
                "advice, add a prompt and a fine-tuning."
            ),
        )  # fmt: skip
        with st.container(horizontal=True):
            sizes = st.text_input(
                say("Training examples"), "16,64", key="bench-sizes", max_chars=100,
                help=say("Numbers with commas between them. Each approach runs once with each, so that growth shows."),
            )  # fmt: skip
            seeds = st.text_input(
                say("Seeds"), "0", key="bench-seeds", max_chars=400,
                help=say("Each number draws other training examples. Several show how steady the result is."),
            )  # fmt: skip
            limit = st.number_input(
                say("Most test rows"), 10, 100_000, 100, key="bench-limit",
                help=say("More rows take longer and show smaller differences."),
            )  # fmt: skip
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
                say("Start the benchmark"), key="bench-start", type="primary", on_click=_start, args=(owner, spec, name)
            )
        _problems(st.session_state.pop(TROUBLE, None))


def _task(owner: str) -> tuple[dict[str, str] | None, str]:
    """What the benchmark is to read, as words of its command line, and its name."""
    names = {SAMPLE: say("A sample"), FOLDER: say("A task of this server"), FILE: say("A file of mine")}
    kinds = [kind for kind in names if kind != FOLDER or benching.allowed_folders()]
    kind = st.radio(say("Data"), kinds, format_func=names.__getitem__, key="bench-data", horizontal=True)
    if kind == SAMPLE:
        name = st.selectbox(say("Sample"), benching.samples(), key="bench-sample")
        return ({"task": name} if name else None), name or ""
    if kind == FOLDER:
        name = st.selectbox(say("Task"), list(benching.allowed_folders()), key="bench-folder")
        return ({"task": str(benching.allowed_folders()[name])} if name else None), name or ""
    types = [suffix.removeprefix(".") for suffix in benching.SUFFIXES]
    file = st.file_uploader(say("Labelled rows"), type=types, key="bench-file", max_upload_size=UPLOAD_MB)
    with st.container(horizontal=True):
        text = st.text_input(say("Column with the texts"), key="bench-text", max_chars=200)
        label = st.text_input(say("Column with the answers"), key="bench-label", max_chars=200)
    if file is None:
        return None, ""
    try:
        path = benching.keep_upload(file.getvalue(), file.name, owner)
    except AdvisorError as error:
        _problems(error)
        return None, ""
    return {"task": str(path), "text-column": text, "label-column": label}, file.name


def _plan(look: benching.Look) -> None:
    rows = Quantity(look.test_rows, "", "measured", "rows of the data that were set apart")
    formula = "minimum detectable effect of a paired comparison on these test rows"
    points = Quantity(100 * look.detectable, "points of 100", "estimated", formula)
    text = "With {rows} test rows, a difference below {points} will probably not show."
    st.markdown(say(text, rows=line((rows,)), points=line((points,))))
    if look.seconds >= 1:
        time = line((benching.duration(look.seconds),))
        st.markdown(say("It takes about {time}, going by earlier runs on this machine.", time=time))
    if look.untimed:
        titles = measured.arm_titles()
        named = ", ".join(titles.get(name, name) for name in look.untimed)
        st.caption(say("How long these take is not known yet on this machine: {arms}", arms=literal(named)))
    st.caption(legend(("measured", "estimated")))


def _start(owner: str, spec: Mapping[str, str], name: str) -> None:
    try:
        benching.start(account.store(), owner, spec, name)
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
    st.caption(_spec(job))
    held = job.progress or {}
    if held.get("planned"):
        done, planned = (Quantity(int(held[key]), "", "measured", "files of the run") for key in ("done", "planned"))
        text = say(
            "{done} of {planned} cells done{mark}", done=figure(done), planned=figure(planned), mark=mark(done.origin)
        )
        st.progress(min(1.0, done.value / planned.value), text=text)
    if job.error:
        st.text(job.error)
    if job.state in ACTIVE:
        label = say("Cancelling") if job.cancel else say("Cancel")
        cancel: Any = account.store().cancel
        st.button(label, key=f"cancel-{job.id}", on_click=cancel, args=(job.id, owner), disabled=job.cancel)


def _spec(job: Job) -> str:
    """What a run compares, in words."""
    titles = measured.arm_titles()
    arms = ", ".join(titles.get(name, name) for name in str(job.spec.get("arms", "")).split(","))
    sizes, seeds = (", ".join(str(job.spec.get(key, "")).split(",")) for key in ("train-sizes", "seeds"))
    return literal(say("{arms} · training examples {sizes} · seeds {seeds}", arms=arms, sizes=sizes, seeds=seeds))


def _compare(owner: str, pages: Mapping[str, StreamlitPage]) -> None:
    done = {job.id: job for job in account.store().list_jobs(owner) if benching.measured(job)}
    if not done:
        return
    st.subheader(say("Results"), anchor=False)
    for job in done.values():
        _result(job, pages)
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
    st.iframe(page, height="content", alt=say("The comparison of the chosen runs, as its own page"))


def _result(job: Job, pages: Mapping[str, StreamlitPage]) -> None:
    """What one run measured, and the way to let the advice use it."""
    try:
        found = measurements.read(run_folder(job.id))
    except AdvisorError as error:
        _problems(error)
        return
    with st.expander(literal(job.title), key=f"result-{job.id}", expanded=bool(found.best)):
        measured.draw(found, job.id)
        if found.best and st.button(say("Use it in my advice"), key=f"use-{job.id}", icon=":material/lightbulb:"):
            st.session_state[knowledge.MEASUREMENT] = found
            st.switch_page(pages["result"])
