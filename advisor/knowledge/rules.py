"""Reads one rule: a gate, a score or a note."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from advisor.errors import shown
from advisor.knowledge.conditions import Always, Condition, Reader
from advisor.knowledge.domain import APPROACHES, CRITERIA, OUTCOMES, Contest, Rule
from advisor.knowledge.fields import Fields

Kind = Literal["gate", "score", "note"]


def read_rule(fields: Fields, kind: str) -> Rule:
    """The rule that an entry of a file in the folder of that kind stands for."""
    declared: Any = fields.choice("kind", (kind,), default=kind)
    when = condition(fields, "when") or Always()
    examples = fields.mapping("examples", required=kind != "note" and when != Always())
    pair = Fields(examples, fields.problems, fields.where, f"{fields.place}: examples")
    rule = Rule(
        id=fields.text("id"),
        kind=declared,
        title=fields.text("title"),
        when=when,
        because=fields.text("because"),
        source=fields.words("source"),
        since=fields.day("since") or date.min,
        where=fields.where,
        approaches=_approaches(fields) if kind == "gate" else (),
        lift=fields.text("lift") if kind == "gate" else "",
        criterion=fields.choice("criterion", CRITERIA) if kind == "score" else "",
        points=_points(fields) if kind == "score" else {},
        contested_by=fields.rows("contested_by", lambda entry, i: _contest(entry, i, fields), required=False),
        until=fields.day("until", required=False),
        review_by=fields.day("review_by", required=False),
        techniques=fields.words("techniques", required=False),
        fires=dict(pair.mapping("fires")) if examples else None,
        rests=dict(pair.mapping("not")) if examples else None,
        outcome=fields.choice("outcome", OUTCOMES, required=False) if kind == "note" else "",
        on_top_of=fields.words("on_top_of", required=False) if kind == "score" else (),
    )
    if examples:
        pair.close()
    if rule.until is not None and rule.until < rule.since:
        fields.report("until", f"{rule.until}, before since: {rule.since}", "a day from 'since:' on")
    return rule


def condition(fields: Fields, key: str, *, required: bool = True) -> Condition | None:
    """The condition under `key` of an entry, or None where it is absent."""
    raw = fields.any(key, required=required)
    if raw is None:
        return None
    place = f"{fields.place}: {key}" if fields.place else key
    return Reader(fields.problems, fields.where, place).read(raw)


def label(noun: str, raw: Any, index: int, key: str = "id") -> str:
    """How a problem names an entry: its id if it has one, its position otherwise, and its line."""
    name = raw.get(key) if isinstance(raw, dict) else None
    line = getattr(raw, "line", 0)
    return f"{noun} {name or f'number {index + 1}'}" + (f" (line {line})" if line else "")


def _approaches(fields: Fields) -> tuple[str, ...]:
    words = fields.words("approaches")
    for word in words:
        if word not in APPROACHES:
            fields.report("approaches", shown(word), "one of " + ", ".join(APPROACHES))
    return words


def _points(fields: Fields) -> dict[str, float]:
    points: dict[str, float] = {}
    for approach, value in fields.mapping("points").items():
        if approach not in APPROACHES:
            fields.report("points", shown(approach), "one of " + ", ".join(APPROACHES))
        elif isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 2 or value * 2 % 1:
            fields.report("points", f"{approach}: {shown(value)}", "a number from -2 to 2 in steps of 0.5")
        elif value:
            points[approach] = float(value)
    if not points:
        fields.report("points", "no effect", "points for at least one approach", "give points or make it a note")
    return points


def _contest(raw: Any, index: int, parent: Fields) -> Contest:
    fields = Fields(raw, parent.problems, parent.where, f"{parent.place}: contested_by[{index}]")
    contest = Contest(fields.words("source"), fields.text("because"), fields.text("resolution", required=False))
    fields.close()
    return contest
