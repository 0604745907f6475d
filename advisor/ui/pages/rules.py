"""The rule pack to read: search by word, by answer, by source and by age; and how often each rule speaks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advisor.knowledge.domain import Quantity, Rule
from advisor.knowledge.readers import fields_read
from advisor.language import say, say_many
from advisor.reasoning.coverage import Coverage, coverage
from advisor.reasoning.engine import Engine
from advisor.ui import knowledge
from advisor.ui.drawing import source_line
from advisor.ui.runs import line
from advisor.ui.wording import literal, spoken

KINDS = ("gate", "score", "note")
AGES = ("any", "stale", "soon", "fresh")
SOON = timedelta(days=182)
PAGE = 20
SCENARIOS = 2000


def draw(pages: Mapping[str, StreamlitPage]) -> None:
    """Draws the page."""
    engine = knowledge.session_engine()
    book = engine.book
    st.title(say("Rules"), anchor=False)
    text = "{count} rules with {sources} sources. Each says what it asks for, what it does, why, and since when."
    st.markdown(say(text, count=len(book.rules), sources=len(book.sources)))
    found = [rule for rule in _filtered(engine) if rule is not None]
    spoke = _coverage()
    if spoke is not None and spoke.never:
        text = "Never spoke in {count} random scenarios: {rules}"
        st.caption(say(text, count=spoke.scenarios, rules=literal(", ".join(spoke.never))))
    st.caption(say_many("{count} rule found", "{count} rules found", len(found)))
    count = -(-len(found) // PAGE)
    place = 1
    if count > 1:
        place = st.pagination(count, key=f"rules-page-{count}")
    for rule in found[(place - 1) * PAGE : place * PAGE]:
        _rule(rule, engine, spoke)


def _filtered(engine: Engine) -> list[Rule]:
    book = engine.book
    with st.grid(min_column_width=220, gap="small"):
        words = st.text_input(say("Search"), key="rules-search", placeholder=say("a word of title, reason or id"))
        asks = {field: say(question.ask) for field, question in book.questions.items()}
        field = st.selectbox(
            say("Reads the answer to"), list(asks), index=None, key="rules-field", format_func=lambda name: asks[name],
            placeholder=say("any question"),
        )  # fmt: skip
        titles = {name: f"{name} {source.title}" for name, source in book.sources.items()}
        source = st.selectbox(
            say("Cites the source"), list(titles), index=None, key="rules-source",
            format_func=lambda name: titles[name], placeholder=say("any source"),
        )  # fmt: skip
        kinds = {"gate": say("rules an approach out"), "score": say("gives points"), "note": say("notes")}
        kind = st.selectbox(
            say("Kind"), KINDS, index=None, key="rules-kind", format_func=lambda name: kinds[name],
            placeholder=say("any kind"),
        )  # fmt: skip
        ages = {
            "any": say("any age"),
            "stale": say("past its date"),
            "soon": say("to be reviewed within half a year"),
            "fresh": say("newest first"),
        }
        age = st.selectbox(say("Age"), AGES, key="rules-age", format_func=lambda name: ages[name])
    found = [
        rule
        for rule in book.rules
        if _has(rule, words)
        and (field is None or field in fields_read(rule))
        and (source is None or source in rule.source or any(source in item.source for item in rule.contested_by))
        and (kind is None or rule.kind == kind)
        and _of_age(rule, age, engine)
    ]
    return sorted(found, key=lambda rule: rule.since, reverse=True) if age == "fresh" else found


def _has(rule: Rule, words: str) -> bool:
    """Whether every word stands somewhere in the rule, in the language of the page or in English."""
    text = " ".join((rule.id, rule.title, rule.because, say(rule.title), say(rule.because), *rule.source)).lower()
    return all(word in text for word in words.lower().split())


def _of_age(rule: Rule, age: str, engine: Engine) -> bool:
    if age == "stale":
        return rule.id in engine.stale
    if age == "soon":
        return rule.review_by is not None and rule.review_by <= engine.day + SOON
    return True


def _coverage() -> Coverage | None:
    if not st.toggle(say("How often each rule speaks, over random scenarios"), key="rules-coverage"):
        return None
    shipped = knowledge.shipped_engine()  # everyone shares the count, so no one's measurement may be in it
    return _covered(shipped.book.digest, shipped.day, shipped)


@st.cache_resource(max_entries=2, show_spinner=False)
def _covered(digest: str, day: date, _engine: Engine) -> Coverage:
    return coverage(_engine, SCENARIOS)


def _rule(rule: Rule, engine: Engine, spoke: Coverage | None) -> None:
    book = engine.book
    title = f"**{literal(say(rule.title))}** :gray[{literal(rule.id)}]"
    if spoke is not None and rule.id in spoke.rules:
        title += f" :gray[· {say('speaks in {share} of scenarios', share=_share(spoke.rules[rule.id]))}]"
    with st.expander(title, key=f"rule-{rule.id}"):
        st.markdown(literal(say(rule.because)))
        st.markdown("  \n".join(_effects(rule, engine)))
        reads = [literal(say(book.questions[name].ask)) for name in fields_read(rule) if name in book.questions]
        if reads:
            st.markdown(say("It reads: {questions}", questions=" · ".join(reads)))
        dates = [say("since {day}", day=rule.since.isoformat())]
        if rule.review_by is not None:
            dates.append(say("to be reviewed by {day}", day=rule.review_by.isoformat()))
        if rule.id in engine.stale:
            dates.append(say("past its date: {reason}", reason=literal(engine.stale[rule.id])))
        st.caption(" · ".join(dates))
        st.markdown("\n".join(f"- {source_line(book.sources[name])}" for name in rule.source if name in book.sources))
        for contest in rule.contested_by:
            st.markdown(f":material/gavel: **{say('Against it.')}** {literal(say(contest.because))}")
            if contest.resolution:
                st.markdown(f"**{say('Resolved.')}** {literal(say(contest.resolution))}")


def _share(share: float) -> str:
    amount = Quantity(100 * share, "%", "estimated", f"{SCENARIOS} scenarios drawn at random")
    return line((amount,))


def _effects(rule: Rule, engine: Engine) -> list[str]:
    titles = {name: say(approach.title) for name, approach in engine.book.approaches.items()}
    if rule.kind == "gate":
        names = ", ".join(titles[name] for name in rule.approaches)
        lines = [say("Rules out: {approaches}", approaches=literal(names))]
        if rule.lift:
            lines.append(say("What would lift it: {lift}", lift=literal(say(rule.lift))))
        return lines
    if rule.kind == "score":
        criterion = say(engine.book.criteria[rule.criterion].title)
        return [
            say(
                "{approach}: {points} points on {criterion}",
                approach=literal(titles[name]),
                points=f"{points:+g}",
                criterion=literal(criterion),
            )
            for name, points in rule.points.items()
        ]
    return [say("A note beside any verdict") if not rule.outcome else literal(spoken(rule.outcome))]
