"""Reads the single entries of a rule pack's files, rules excepted: each function turns one mapping into its noun."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from advisor.errors import shown
from advisor.knowledge.conditions import Always
from advisor.knowledge.domain import (
    APPROACHES,
    CRITERIA,
    GRADES,
    Approach,
    Case,
    Criterion,
    Group,
    MarketFact,
    Option,
    Parameter,
    Question,
    Source,
    Technique,
)
from advisor.knowledge.fields import Fields
from advisor.knowledge.rules import condition, label

QUESTION_KINDS = ("choice", "integer", "number", "share", "usd", "model", "priorities")
NUMERIC_KINDS = {"integer", "number", "share", "usd"}


def source(fields: Fields) -> Source:
    """A source, dated by day or year."""
    published = fields.any("date", required=False) or fields.any("year", required=False)
    if published is None:
        fields.report("date", "nothing", "a date or a year", "add 'date:' or 'year:'")
    return Source(
        id=fields.text("id"),
        title=fields.text("title"),
        publisher=fields.text("publisher"),
        published=str(published),
        grade=fields.choice("grade", GRADES),
        claim=fields.text("claim"),
        url=fields.text("url", required=False),
    )


def group(fields: Fields) -> Group:
    """A step of the questionnaire."""
    return Group(fields.text("id"), fields.text("title"), fields.text("intro", required=False))


def question(fields: Fields) -> Question:
    """A question with its options."""
    kind = fields.choice("kind", QUESTION_KINDS)
    low, high, default = (_number(fields, key) for key in ("min", "max", "default"))
    if default is not None and ((low is not None and default < low) or (high is not None and default > high)):
        fields.report("default", shown(default), "a number from 'min:' to 'max:'")
    return Question(
        field=fields.text("field"),
        group=fields.text("group"),
        kind=kind,  # type: ignore[arg-type]
        ask=fields.text("ask"),
        help=fields.text("help"),
        why=fields.text("why"),
        unit=fields.text("unit", required=False),
        min=0.0 if low is None and kind in {"share", "usd"} else low,
        max=1.0 if kind == "share" else high,
        typical=_typical(fields) if kind in NUMERIC_KINDS else (0.0, 0.0),
        range_allowed=fields.flag("range_allowed"),
        default=default,
        options=fields.rows("options", partial(option, fields), required=kind == "choice"),
        applies_when=condition(fields, "applies_when", required=False),
        effort=int(fields.number("effort", low=0, high=5)),
        express=fields.flag("express"),
    )


def option(parent: Fields, raw: Any, index: int) -> Option:
    """One option of the question that `parent` holds."""
    fields = Fields(raw, parent.problems, parent.where, f"{parent.place}: {label('option', raw, index, 'value')}")
    one = Option(fields.text("value"), fields.text("label"), fields.text("help", required=False))
    fields.close()
    return one


def approach(fields: Fields) -> Approach:
    """An approach with its techniques, the last of which holds always."""
    approach_id = fields.choice("id", APPROACHES)
    techniques = fields.rows("techniques", partial(_technique, fields))
    if techniques and techniques[-1].when != Always():
        fields.report("techniques", "a last technique with a condition", "when: always on the last one")
    return Approach(approach_id, fields.text("title"), fields.text("summary"), techniques)


def criterion(fields: Fields) -> Criterion:
    """A criterion with its default weight."""
    criterion_id = fields.choice("id", CRITERIA)
    weight = fields.number("weight", low=0, high=5)
    return Criterion(criterion_id, fields.text("title"), fields.text("meaning"), weight)


def parameter(fields: Fields) -> Parameter:
    """A parameter with its dated values, earliest first."""

    def dated(entry: Any, row: int) -> tuple[date, Any]:
        value = Fields(entry, fields.problems, fields.where, f"{fields.place}: values[{row}]")
        begin, amount = value.day("from"), value.any("value")
        numbers = amount.values() if isinstance(amount, dict) else [amount]
        if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
            value.report("value", shown(amount), "a number, or a mapping of numbers")
        value.close()
        return begin or date.min, amount

    values = fields.rows("values", dated)
    return Parameter(
        id=fields.text("id"),
        title=fields.text("title"),
        unit=fields.text("unit"),
        source=fields.words("source"),
        values=tuple(sorted(values, key=lambda pair: pair[0])),
        review_by=fields.day("review_by", required=False),
        grade=fields.choice("grade", GRADES, required=False),
    )


def market_fact(fields: Fields) -> MarketFact:
    """A dated statement about the market."""
    begins, ends = fields.day("from"), fields.day("until", required=False)
    if begins is not None and ends is not None and ends < begins:
        fields.report("until", f"{ends}, before from: {begins}", "a day from 'from:' on")
    return MarketFact(
        id=fields.text("id"),
        title=fields.text("title"),
        statement=fields.text("statement"),
        begins=begins or date.min,
        ends=ends,
        review_by=fields.day("review_by", required=False),
        source=fields.words("source"),
    )


def case(fields: Fields) -> Case:
    """A worked case with what is expected of it."""
    expect = Fields(fields.mapping("expect"), fields.problems, fields.where, f"{fields.place}: expect")
    wanted = expect.any("recommendation")
    allowed = wanted if isinstance(wanted, list) else [wanted]
    for approach_id in allowed:
        if approach_id not in APPROACHES:
            expect.report("recommendation", shown(approach_id), "one of " + ", ".join(APPROACHES))
    one = Case(
        id=fields.text("id"),
        title=fields.text("title"),
        source=fields.words("source"),
        answers=dict(fields.mapping("answers")),
        recommendation=tuple(allowed),
        status=expect.choice("status", ("advice", "tie", "abstain"), required=False, default="advice"),
        findings=expect.words("findings", required=False),
        where=fields.where,
        as_of=fields.day("as_of", required=False),
    )
    expect.close()
    return one


def _technique(parent: Fields, raw: Any, index: int) -> Technique:
    fields = Fields(raw, parent.problems, parent.where, label("technique", raw, index))
    when = condition(fields, "when") or Always()
    technique = Technique(fields.text("id"), fields.text("title"), fields.text("summary"), when)
    fields.close()
    return technique


def _number(fields: Fields, key: str) -> float | None:
    """A number as it is written, or None where there is none."""
    value = fields.any(key, required=False)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    fields.report(key, shown(value), "a number")
    return None


def _typical(fields: Fields) -> tuple[float, float]:
    pair = fields.any("typical")
    if (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(end, int | float) and not isinstance(end, bool) for end in pair)
        and 0 <= pair[0] < pair[1]
    ):
        return float(pair[0]), float(pair[1])
    if pair is not None:
        fields.report("typical", shown(pair), "[LOW, HIGH] with 0 ≤ LOW < HIGH")
    return 0.0, 1.0
