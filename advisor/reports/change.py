"""Lays out what changed from one advice to another: verdict, answers, prices and rules in force, scores and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import option
from advisor.language import current, say, written
from advisor.reasoning.difference import Difference, amount_in_words, change_in_words
from advisor.reports.document import (
    Block,
    Callout,
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
    Table,
    Value,
    runs,
)
from advisor.reports.edition import dressed
from advisor.reports.figures import signed
from advisor.reports.verdict import answer
from advisor.reports.wording import capital, field_title

Plain = Mapping[str, Any]


def lay_out_change(found: Difference, before: Plain, after: Plain, command: str = "") -> Document:
    """The report of a difference between two advices in their published form."""
    sections = (
        Section("verdict", say("What became of the verdict"), tuple(_verdict(found, before, after))),
        Section("answers", say("Answers that changed"), tuple(_answers(found))),
        Section("knowledge", say("Prices, rules and measurements that changed"), tuple(_circumstances(found))),
        Section("rules", say("Rules that speak differently"), tuple(_rules(found))),
        Section("scores", say("Scores and costs"), tuple(_amounts(found, before))),
    )
    names = [str(advice.get("name") or say("without a name")) for advice in (before, after)]
    day = date.fromisoformat(after["as_of"])
    document = Document(
        title=say("What changed: {before} and {after}", before=names[0], after=names[1]),
        subtitle=say(
            "From the advice of {before} to that of {after}",
            before=written(date.fromisoformat(before["as_of"])),
            after=written(day),
        ),
        language=current(),
        sections=tuple(section for section in sections if section.blocks),
        footer=runs(
            command or say("Verdict {before}, then {after}.", before=before["verdict_id"], after=after["verdict_id"])
        ),
        day=day,
    )
    return dressed(document)


def _verdict(found: Difference, before: Plain, after: Plain) -> Iterator[Block]:
    title = change_in_words(found)
    why = [say("answers") if found.answers else "", *(say(name) for name in found.circumstances if name != "day")]
    why += [say("prices and rules in force")] if found.knowledge else []
    causes = ", ".join(part for part in why if part)
    yield Callout(_kind(found.status[1]), title, runs(say("What differs: {causes}.", causes=causes) if causes else ""))
    ids = (str(advice.get("verdict_id", "–")) for advice in (before, after))
    yield Facts(tuple(Fact(label, (runs(one),)) for label, one in zip((say("Before"), say("After")), ids, strict=True)))


def _kind(status: str) -> Literal["advice", "tie", "abstain"]:
    return "tie" if status == "tie" else "abstain" if status == "abstain" else "advice"


def _answers(found: Difference) -> Iterator[Block]:
    rows = tuple(
        (runs(field_title(one.field)), answer(one.field, one.before), answer(one.field, one.after))
        for one in found.answers
    )
    if rows:
        yield Table((say("Question"), say("Before"), say("After")), rows, say("Answers that are not the same"))


def _circumstances(found: Difference) -> Iterator[Block]:
    rows = [
        (runs(capital(say(name))), *(_told(one, say("as the two files say")) for one in pair))
        for name, pair in found.circumstances.items()
    ]
    rows += [
        (
            runs(f"{capital(say(one.kind))} {one.name}"),
            _told(amount_in_words(one.before), say("in force then")),
            _told(amount_in_words(one.after), say("in force now")),
        )
        for one in found.knowledge
    ]
    if rows:
        yield Table((say("What"), say("Before"), say("After")), tuple(rows), say("What the advice was made with"))


def _told(value: Any, source: str) -> Runs:
    return runs(say("none")) if value is None else runs(Value(str(value), "published", source))


def _rules(found: Difference) -> Iterator[Block]:
    rows = []
    for one in found.rules:
        names = sorted({*one.before, *one.after})
        moved = "; ".join(
            f"{say(name.replace('_', '-'))} {signed(_points(one.after.get(name, 0.0) - one.before.get(name, 0.0)))}"
            for name in names
        )
        through = ", ".join(field_title(name) for name in one.through)
        effect = Value(moved or say("a gate"), "estimated", say("points of the rule × weight share, after less before"))
        rows.append((runs(one.title), runs(one.effect), runs(effect), runs(through or say("not an answer"))))
    if rows:
        columns = (say("Rule"), say("What it does now"), say("Moves the score of"), say("Through"))
        yield Table(columns, tuple(rows), say("Rules, the one that moves most first"))


def _points(value: float) -> Quantity:
    return Quantity(value, "points", "estimated", say("score after less score before"))


def _amounts(found: Difference, before: Plain) -> Iterator[Block]:
    titles = {item["approach"]: str(item.get("title") or option(item["approach"])) for item in before["ranking"]}
    source = say("likely total over the planning horizon, as the advice estimates it")
    marks = [
        Series(
            label,
            tuple(
                Mark(titles.get(name, name), Quantity(pair[side], "USD", "estimated", source))
                for name, pair in found.costs_usd.items()
            ),
        )
        for side, label in enumerate((say("Before"), say("After")))
    ]
    dearest = max(found.costs_usd, key=lambda name: abs(found.costs_usd[name][1] - found.costs_usd[name][0]))
    was, now = found.costs_usd[dearest]
    if any(abs(one - two) >= 1 for one, two in found.costs_usd.values()):
        yield Chart(
            ChartSpec(
                id="costs",
                kind="interval",
                title=say("Likely total cost before and after"),
                axis=say("US dollars"),
                alt=say(
                    "The cost of {approach} moves most, by {share} US dollars.",
                    approach=titles.get(dearest, dearest),
                    share=signed(Quantity(now - was, "", "estimated", source)),
                ),
                series=tuple(marks),
            )
        )
    rows = tuple(
        (runs(titles.get(name, name)), *(runs(_score(value)) for value in pair), runs(_points(pair[1] - pair[0])))
        for name, pair in found.scores.items()
    )
    columns = (say("Approach"), say("Before"), say("After"), say("Difference"))
    if any(round(one - two, 6) for one, two in found.scores.values()):
        yield Table(columns, rows, say("Scores in points"), (1, 2, 3))
    else:
        yield Paragraph(runs(say("All scores are the same.")))


def _score(value: float) -> Quantity:
    return Quantity(value, "points", "estimated", say("sum over the criteria of weight share × points"))
