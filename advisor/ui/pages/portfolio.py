"""Many projects at once: a sheet in, a map and a table of advice out."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import InputError
from advisor.intake.sheet import parse_sheet
from advisor.knowledge.domain import APPROACHES, Quantity
from advisor.language import say, say_many
from advisor.reasoning.engine import Engine
from advisor.reasoning.portfolio import Portfolio, Summary
from advisor.reports.document import ChartSpec, Mark, Series
from advisor.reports.figures import aside, figure, mark
from advisor.ui import draft, knowledge
from advisor.ui.drawing import draw_chart
from advisor.ui.wording import literal

KEPT = "portfolio"
UPLOAD_MB = 10
MOST_PROJECTS = 5000
SHOWN_PROBLEMS = 12
LEAST_USD = 1.0  # the map's cost axis is logarithmic
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the page."""
    engine = knowledge.session_engine()
    st.title(say("Portfolio"), anchor=False)
    st.markdown(
        say(
            "Load a sheet of projects, one a row, with the fields of the questionnaire as columns. "
            "Leave empty what is not known."
        )
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.download_button(
            say("Empty sheet"), data=_template(engine), file_name="projects.csv", mime="text/csv", on_click="ignore",
            key="portfolio-template", icon=":material/download:",
        )  # fmt: skip
    file = st.file_uploader(say("Projects (CSV)"), type=["csv"], key="upload-portfolio", max_upload_size=UPLOAD_MB)
    if file is None:
        return
    found = _decided(file.getvalue(), file.name, engine)
    if isinstance(found, list):
        st.error(say_many("{count} problem in the sheet:", "{count} problems in the sheet:", len(found)))
        st.markdown("\n".join(f"- {literal(problem)}" for problem in found[:SHOWN_PROBLEMS]))
        return
    portfolio, rows, summary = found
    _summary(summary, engine)
    alone = [not ahead for ahead in np.isfinite(portfolio.outcome.margin).tolist()]
    rows = [{**row, "margin": None} if only else row for row, only in zip(rows, alone, strict=True)]
    draw_chart(_map(rows, engine))
    single = sum(only and row["recommendation"] is not None for row, only in zip(rows, alone, strict=True))
    if single:
        text = "{count} projects have one possible approach alone; they are not on the map, for it leads nobody."
        one = "{count} project has one possible approach alone; it is not on the map, for it leads nobody."
        st.caption(say_many(one, text, single))
    _rows(pages, portfolio, rows, engine)


Decided = tuple[Portfolio, list[dict[str, Any]], Summary]


def _decided(content: bytes, name: str, engine: Engine) -> Decided | list[str]:
    """The advice on a sheet, or what is wrong with it; kept in the session while file and rulebook stay."""
    key = (hash(content), name, engine.book.digest, engine.day)
    kept = st.session_state.get(KEPT)
    if kept is not None and kept[0] == key:
        again: Decided | list[str] = kept[1]
        return again
    found: Decided | list[str]
    try:
        sheet = parse_sheet(content, engine.book, name)
        if len(sheet) > MOST_PROJECTS:
            found = [say("{count} projects; the page takes {most}", count=len(sheet), most=MOST_PROJECTS)]
        else:
            portfolio = Portfolio(engine, sheet)
            found = (portfolio, list(portfolio.rows()), portfolio.summary())
    except InputError as error:
        found = [str(problem) for problem in error.problems]
    st.session_state[KEPT] = (key, found)
    return found


def _summary(summary: Summary, engine: Engine) -> None:
    st.subheader(say_many("{count} project", "{count} projects", summary.projects), anchor=False)
    tiles = [(say(engine.book.approaches[name].title), summary.approaches[name]) for name in APPROACHES]
    tiles.append((say("No recommendation"), summary.statuses["abstain"]))
    with st.grid(min_column_width=140, gap="small"):
        for title, count in tiles:
            with st.container(border=True, height="stretch", gap=None):
                st.caption(literal(title))
                st.markdown(f"### {count:,}", anchors=False)
    source = "sum over the projects of what is recommended; its ends are those of all going well or badly at once"
    total = Quantity(
        summary.cost_usd["likely"], "USD", "estimated", source, summary.cost_usd["low"], summary.cost_usd["high"]
    )
    lines = [
        say(
            "What is recommended costs {total}.",
            total=f"{literal(figure(total))}{mark(total.origin)} ({literal(aside(total))})",
        ),
        say_many("{count} tie among them.", "{count} ties among them.", summary.statuses["tie"]),
    ]
    if summary.unlocks:
        first = summary.unlocks[0]
        text = "The missing answer that unlocks most: {ask} It is open in {open} projects."
        lines.append(say(text, ask=literal(say(first.ask)), open=first.open_in))
    st.markdown("  \n".join(lines))


def _map(rows: Sequence[Mapping[str, Any]], engine: Engine) -> ChartSpec:
    """Each project by likely cost and by how far its first approach is ahead; one colour and sign an approach."""
    series = []
    for name in APPROACHES:
        mine = [row for row in rows if row["recommendation"] == name and row["margin"] is not None]
        marks = tuple(
            Mark(
                str(row["name"] or say("row {row}", row=row["row"])),
                Quantity(row["margin"], "points", "estimated", "score of the first approach less that of the second"),
                at=Quantity(max(row["cost_usd_likely"], LEAST_USD), "USD", "estimated", "likely cost over the horizon"),
            )
            for row in mine
        )
        if marks:
            series.append(Series(say(engine.book.approaches[name].title), marks))
    picked = {name: sum(row["recommendation"] == name for row in rows) for name in APPROACHES}
    counted = ", ".join(f"{say(engine.book.approaches[name].title)} {count}" for name, count in picked.items() if count)
    without = sum(row["recommendation"] is None for row in rows)
    return ChartSpec(
        id="portfolio-map",
        kind="scatter",
        title=say("Map of the projects"),
        axis=say("lead of the recommendation, points"),
        alt=say("Projects by recommendation: {counted}; without one {without}.", counted=counted, without=without),
        series=tuple(series),
        across=say("likely cost over the horizon, USD, logarithmic scale"),
        across_scale="log",
    )


def _rows(pages: Mapping[str, StreamlitPage], portfolio: Portfolio, rows: list[dict[str, Any]], engine: Engine) -> None:
    st.subheader(say("Every project"), anchor=False)
    titles = {name: say(approach.title) for name, approach in engine.book.approaches.items()}
    status = {"advice": say("advice"), "tie": say("tie"), "abstain": say("no recommendation")}
    questions = engine.book.questions
    lead, cost, weeks = (
        say("Lead, points (estimated)"),
        say("Likely cost, USD (estimated)"),
        say("Weeks (estimated)"),
    )
    table = [
        {
            say("Project"): row["name"] or say("row {row}", row=row["row"]),
            say("Recommended"): titles.get(row["recommendation"] or "", "–"),
            say("Status"): status[row["status"]],
            lead: row["margin"] if row["recommendation"] else None,
            cost: row["cost_usd_likely"],
            weeks: row["lead_weeks_likely"],
            say("Ask next"): say(questions[row["next_question"]].ask) if row["next_question"] else None,
        }
        for row in rows
    ]
    numbers = {
        lead: st.column_config.NumberColumn(format="%.2f"),
        cost: st.column_config.NumberColumn(format="$%,d"),
        weeks: st.column_config.NumberColumn(format="%.1f"),
    }
    st.dataframe(
        table, hide_index=True, key="portfolio-table", height=420, alt=say("Every project"), column_config=numbers,
        placeholder="–",
    )  # fmt: skip
    st.download_button(
        say("Advice on all projects (CSV)"), data=_csv(rows), file_name="advice.csv", mime="text/csv",
        on_click="ignore", key="portfolio-csv", icon=":material/download:",
    )  # fmt: skip
    names = [row["name"] or say("row {row}", row=row["row"]) for row in rows]
    chosen = st.selectbox(
        say("Open one project"),
        range(len(rows)),
        index=None,
        key="portfolio-open",
        format_func=lambda index: names[index],
        placeholder=say("Choose a project"),
    )
    if st.button(say("See its advice"), key="portfolio-go", disabled=chosen is None) and chosen is not None:
        draft.replace(portfolio.sheet.answers(chosen).plain())
        st.switch_page(pages["result"])


def _template(engine: Engine) -> bytes:
    fields = [field for field, question in engine.book.questions.items() if question.kind != "priorities"]
    return (",".join(["name", "description", *fields]) + "\r\n").encode()


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(rows[0])
    writer.writerows([_harmless(value) for value in row.values()] for row in rows)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    """The value as it may stand in a cell: a text that begins like a formula gets an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return "" if value is None else value
