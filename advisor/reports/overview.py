"""Lays a portfolio of projects out: the map, the totals, which ten come first, which missing answer unlocks most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from advisor.knowledge.domain import APPROACHES, Quantity
from advisor.knowledge.wording import field_words, option
from advisor.language import current, lowered, say, say_many, written
from advisor.reasoning.portfolio import Summary
from advisor.reports.document import (
    Block,
    Chart,
    ChartSpec,
    Document,
    Fact,
    Facts,
    Mark,
    Paragraph,
    Runs,
    Section,
    Series,
    Strong,
    Table,
    phrase,
    runs,
)
from advisor.reports.edition import dressed
from advisor.reports.figures import figure
from advisor.reports.wording import capital

FIRST = 10
Row = Mapping[str, Any]


def lay_out_portfolio(
    rows: Sequence[Row], summary: Summary, titles: Mapping[str, str], day: date, rulebook: str
) -> Document:
    """The report of a portfolio; `titles` are those of the approaches and techniques by id."""
    sections = (
        Section("verdict", say("The portfolio"), tuple(_totals(rows, summary, titles))),
        Section("map", say("Map of the projects"), tuple(_map(rows, titles))),
        Section("first", say("Which come first"), tuple(_first(rows, titles))),
        Section("unlocks", say("Which missing answer unlocks most"), tuple(_unlocks(summary))),
        Section("projects", say("Every project"), tuple(_projects(rows, titles))),
    )
    document = Document(
        title=say("Prompting, fine-tuning or a hybrid: the portfolio"),
        subtitle=say_many(
            "Advice on {count} project, as of {day}",
            "Advice on {count} projects, as of {day}",
            summary.projects,
            day=written(day),
        ),
        language=current(),
        sections=tuple(section for section in sections if section.blocks),
        footer=runs(say("As of {day}. Rulebook: {rulebook}.", day=written(day), rulebook=rulebook)),
        day=day,
    )
    return dressed(document)


def _count(number: float, source: str) -> Quantity:
    return Quantity(float(number), "", "estimated", source)


def _totals(rows: Sequence[Row], summary: Summary, titles: Mapping[str, str]) -> Iterator[Block]:
    counted = say("count over the projects of the sheet")
    money = summary.cost_usd
    source = say("sum of the recommended approaches over their horizons: all low, all likely, all high")
    total = Quantity(money["likely"], "USD", "estimated", source, money["low"], money["high"])
    tiles = [Fact(say("Projects"), (runs(_count(summary.projects, counted)),))]
    tiles += [
        Fact(titles.get(name, name), (runs(_count(summary.approaches.get(name, 0), counted)),)) for name in APPROACHES
    ]
    tiles += [Fact(say("No recommendation"), (runs(_count(summary.statuses.get("abstain", 0), counted)),))]
    yield Facts(tuple(tiles), tiles=True)
    facts = [Fact(say("Cost of what is recommended"), (runs(total),))]
    if summary.statuses.get("tie"):
        facts.append(Fact(say("Ties among them"), (runs(_count(summary.statuses["tie"], counted)),)))
    if summary.nothing_eligible:
        facts.append(Fact(say("No approach is possible in"), (runs(_count(summary.nothing_eligible, counted)),)))
    if summary.unlocks:
        best = summary.unlocks[0]
        facts.append(Fact(say("Ask next"), (runs(best.ask),)))
    yield Facts(tuple(facts))
    used = tuple(
        (runs(titles.get(name, option(name))), runs(_count(number, counted)))
        for name, number in summary.techniques.items()
    )
    if used:
        yield Table((say("Technique"), say("Projects")), used, say("Techniques recommended, most often first"), (1,))


def _decided(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["recommendation"] is not None]


def _map(rows: Sequence[Row], titles: Mapping[str, str]) -> Iterator[Block]:
    decided = _decided(rows)
    if len(decided) < 2:
        return
    series = tuple(
        Series(
            titles.get(name, name),
            tuple(
                Mark(_name(row), _cost(row), row["status"] == "tie", _margin(row))
                for row in decided
                if row["recommendation"] == name
            ),
        )
        for name in APPROACHES
        if any(row["recommendation"] == name for row in decided)
    )
    dearest = max(decided, key=lambda row: row["cost_usd_likely"])
    log = min(row["cost_usd_likely"] for row in decided) > 0
    yield Chart(
        ChartSpec(
            id="map",
            kind="scatter",
            title=say("Cost and lead of what is recommended"),
            axis=say("total in US dollars, logarithmic scale") if log else say("total in US dollars"),
            alt=say(
                "{number} projects by the lead of the recommended approach and its likely cost; the dearest is "
                "{dearest} with {cost}.",
                number=len(decided),
                dearest=_name(dearest),
                cost=figure(_cost(dearest)),
            ),
            series=series,
            scale="log" if log else "linear",
            across=say("Lead over the second in points"),
        )
    )


def _first(rows: Sequence[Row], titles: Mapping[str, str]) -> Iterator[Block]:
    """The clearest verdicts with the shortest time to deploy: much certainty for little waiting."""
    clear = [row for row in rows if row["status"] == "advice" and row["margin"] > 0]
    ordered = sorted(clear, key=lambda row: (-row["margin"] / max(row["lead_weeks_likely"], 0.1), row["row"]))[:FIRST]
    if not ordered:
        return
    yield Paragraph(
        runs(
            say("The projects with the largest lead of the recommended approach for each week until it serves users.")
        ),
        muted=True,
    )
    columns = (
        say("Project"),
        say("Recommended"),
        say("Lead in points"),
        say("Weeks to deploy"),
        say("Total in US dollars"),
    )
    table = tuple((*_head(row, titles), runs(_margin(row)), runs(_weeks(row)), runs(_cost(row))) for row in ordered)
    yield Table(
        columns, table, say("The ten to begin with") if len(table) == FIRST else say("Those to begin with"), (2, 3, 4)
    )


def _unlocks(summary: Summary) -> Iterator[Block]:
    if not summary.unlocks:
        return
    tried = say("share of the projects tried in which the answer decides which approach leads")
    counted = say("count over the projects of the sheet")
    rows = tuple(
        (
            runs(Strong(one.ask)),
            runs(one.field),
            runs(_count(one.open_in, counted)),
            runs(Quantity(100 * one.share, "%", "estimated", tried)),
        )
        for one in summary.unlocks[:FIRST]
    )
    sample = _count(summary.sample, say("projects tried, spread evenly over the sheet"))
    yield Paragraph(phrase(say("Tried on {sample} projects."), sample=sample), muted=True)
    columns = (say("Question"), say("Field"), say("Open in projects"), say("Decides in"))
    yield Table(columns, rows, say("Open questions, the one that decides most often first"), (2, 3))


def _projects(rows: Sequence[Row], titles: Mapping[str, str]) -> Iterator[Block]:
    columns = (
        say("Project"),
        say("Recommended"),
        say("Status"),
        say("Lead in points"),
        say("Total in US dollars"),
        say("Ask next"),
    )
    table = []
    for row in rows:
        made = row["recommendation"] is not None
        table.append(
            (
                *_head(row, titles),
                runs(capital(say(str(row["status"])))),
                runs(_margin(row)) if made else runs("–"),
                runs(_cost(row)) if made else runs("–"),
                runs(field_words(row["next_question"]) if row["next_question"] else "–"),
            )
        )
    if table:
        yield Table(columns, tuple(table), say("All projects in the order of the sheet"), (3, 4))


def _head(row: Row, titles: Mapping[str, str]) -> tuple[Runs, Runs]:
    approach = row["recommendation"]
    if approach is None:
        return runs(_name(row)), runs("–")
    technique = titles.get(row["technique"], option(row["technique"]))
    return runs(_name(row)), runs(f"{titles.get(approach, approach)}: {lowered(technique)}")


def _name(row: Row) -> str:
    return str(row["name"] or say("row {row}", row=row["row"]))


def _margin(row: Row) -> Quantity:
    return Quantity(row["margin"], "points", "estimated", say("score of the first less score of the second approach"))


def _cost(row: Row) -> Quantity:
    source = say("set-up + months of the horizon x monthly")
    low, likely, high = (row[f"cost_usd_{bound}"] for bound in ("low", "likely", "high"))
    return Quantity(likely, "USD", "estimated", source, low, high)


def _weeks(row: Row) -> Quantity:
    source = say("lead-time formula of the cost table")
    low, likely, high = (row[f"lead_weeks_{bound}"] for bound in ("low", "likely", "high"))
    return Quantity(likely, "weeks", "estimated", source, low, high)
