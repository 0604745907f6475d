"""Our record: how often the advice held, where it was wrong and why, counted from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.errors import InputError
from advisor.knowledge.domain import Quantity
from advisor.knowledge.record_summary import record_folder
from advisor.language import numeral, say, say_many
from advisor.reasoning import tally
from advisor.reasoning.record_words import learnt
from advisor.reports.document import ChartSpec, Mark, Series
from advisor.reports.figures import figure, mark
from advisor.ui import knowledge
from advisor.ui.drawing import draw_chart
from advisor.ui.runs import legend
from advisor.ui.wording import literal, spoken

THIN = 30
SHOWN = 20


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the page."""
    book = knowledge.session_engine().book
    st.title(say("Our record"), anchor=False)
    st.markdown(
        say(
            "What the advisor foretold, and what came of it. Predictions are locked before a benchmark runs; published "
            "comparisons are forecast with their paper left out. Misses stay here with their reason."
        )
    )
    folder = record_folder(book)
    try:
        record = _whole(str(folder), tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*.json*"))))
    except InputError as error:
        st.warning(literal(error.problems[0]))
        return
    if not record:
        st.info(say("There is no record yet."))
    for origin, part in record.items():
        _part(origin, part)
    if record:
        st.caption(legend(("measured", "estimated")))


@st.cache_resource(max_entries=2, show_spinner=False)
def _whole(folder: str, stamps: tuple[int, ...]) -> dict[str, Any]:
    """The record of a folder, counted anew when one of its files changes."""
    return tally.of_folder(Path(folder))


def _part(origin: str, part: Mapping[str, Any]) -> None:
    title = say(part["title"])
    st.subheader(literal(title[:1].upper() + title[1:]), anchor=False)
    n, good = part["n"], part["hits"] + part["ties"]
    low, high = part["interval"]
    counts = {
        say("Predictions"): n,
        say("Hits"): part["hits"],
        say("Ties"): part["ties"],
        say("Misses"): part["misses"],
        say("Undecided"): part["undecided"],
    }
    with st.grid(min_column_width=120, gap="small"):
        for title, count in counts.items():
            with st.container(border=True, gap=None):
                st.caption(title)
                st.markdown(f"### {count:,}", anchors=False)
    text = "{good} of {n} are hits or ties{mark}; the share lies between {low} and {high} (Wilson, 95 %)."
    ends = {"low": numeral(f"{low:.2f}"), "high": numeral(f"{high:.2f}")}  # a percentage wants thirty predictions
    st.markdown(say(text, good=good, n=n, mark=mark("measured"), **ends))
    if part["regret"] is not None:
        draw_chart(_lost(origin, part))
    _held(part["calibration"])
    if told := learnt(part):
        st.markdown(literal(told) + mark("measured"))
    _wrong(origin, part)


def _lost(origin: str, part: Mapping[str, Any]) -> ChartSpec:
    """Points lost on average by the advice, beside the policies that always say the same."""
    found = {say("The advice"): part["regret"]}
    names = {
        "always_prompting": say("Always prompting"),
        "always_fine_tuning": say("Always fine-tuning"),
        "always_hybrid": say("Always hybrid"),
    }
    found |= {names.get(name, spoken(name)): lost for name, lost in part["policies"].items()}
    marks = tuple(
        Mark(name, Quantity(lost, "points of 100", "measured", "the ledger of the record", n=part["n"]))
        for name, lost in found.items()
    )
    said = "; ".join(f"{name} {numeral(f'{lost:.1f}')}" for name, lost in found.items())
    return ChartSpec(
        id=f"record-{origin}",
        kind="interval",
        title=say("Points lost to the best choice, on average"),
        axis=say("points of 100; less is better"),
        alt=say("Points of 100 lost on average: {said}.", said=said),
        series=(Series(say("Lost"), marks),),
    )


def _held(found: Mapping[str, Any]) -> None:
    if found["ece"] is None:
        st.caption(say("Too few predictions with a percentage to judge the percentages: {n}.", n=found["n"]))
        return
    text = "The percentages were off by {error} on average (n = {n})."
    source = "expected calibration error of the percentages in the ledger"
    error = Quantity(100 * found["ece"], "points of 100", "measured", source)
    st.markdown(say(text, error=figure(error) + mark(error.origin), n=found["n"]))
    enough = [one for one in found["reliability"] if one["n"] >= THIN]
    if enough:
        table = {
            say("Said"): [f"{one['said']:.0%}{mark('estimated')}" for one in enough],
            say("Held"): [f"{one['held']:.0%}{mark('measured')}" for one in enough],
            "n": [f"{one['n']}" for one in enough],
        }
        st.table(table, border="horizontal", hide_index=True, alt=say("What was said and how often it held"))


def _wrong(origin: str, part: Mapping[str, Any]) -> None:
    wrong = part["wrong"]
    if not wrong:
        return
    label = say_many(
        "{count} miss or undecided, with its reason", "{count} misses or undecided, with reasons", len(wrong)
    )
    with st.expander(label, key=f"wrong-{origin}"):
        for miss in wrong[:SHOWN]:
            pick, best = spoken(miss["pick"] or "–"), spoken(miss["best"] or "–")
            reason = miss["remark"] or miss["why"]
            text = say("advised {pick}, best was {best}", pick=literal(pick), best=literal(best))
            st.markdown(f"- **{literal(miss['title'])}**: {text}. {literal(reason)}")
        if len(wrong) > SHOWN:
            st.caption(say("and {count} more: advisor record", count=len(wrong) - SHOWN))
