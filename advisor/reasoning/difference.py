"""What changed between two advices, and through which answer, rule or circumstance; on their published JSON form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any

from advisor.errors import shown
from advisor.knowledge.domain import APPROACHES
from advisor.language import numeral, say
from advisor.reasoning.in_force import KnowledgeChange, changes

Plain = Mapping[str, Any]

# What is read of an advice: a mapping lists fields, a list holds items of one shape, (shape, None) may be null.
SHAPE = {
    "answers": {},
    "recommendation": (str, None),
    "status": str,
    "technique": (str, None),
    "as_of": str,
    "rulebook_version": str,
    "ranking": [{"approach": str, "score": int | float, "cost_usd": {"horizon_total": {"likely": int | float}}}],
    "findings": [
        {
            "rule": str,
            "title": str,
            "approach": (str, None),
            "answers": [str],
            "facts": [{"name": str}],
            "weighted": (int | float, None),
        }
    ],
    "evidence": {"measured": ({"task": str, "digest": str}, None)},
}


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """One answer that differs; None stands for not known."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that speaks differently: what it added to each approach's score before and after, and the answers behind.

    `through` names the changed answers that the rule reads; empty where something else changed it (the rulebook, a
    price, the date, a measurement).
    """

    rule: str
    title: str
    effect: str
    before: Mapping[str, float]
    after: Mapping[str, float]
    through: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs between two advices."""

    same_verdict: bool
    recommendation: tuple[str | None, str | None]
    status: tuple[str, str]
    answers: tuple[AnswerChange, ...]
    rules: tuple[RuleChange, ...]
    scores: Mapping[str, tuple[float, float]]
    costs_usd: Mapping[str, tuple[float, float]]
    circumstances: Mapping[str, tuple[Any, Any]]
    knowledge: tuple[KnowledgeChange, ...] = ()
    technique: tuple[str | None, str | None] = (None, None)


def difference(before: Plain, after: Plain) -> Difference:
    """What changed from one advice to another, both as plain JSON."""
    answers = _answers(before["answers"], after["answers"])
    changed = {change.field for change in answers}
    verdict = tuple((advice["recommendation"], advice["status"], advice["technique"]) for advice in (before, after))
    circumstances = {
        "day": (before["as_of"], after["as_of"]),
        "rulebook": (before["rulebook_version"], after["rulebook_version"]),
        "measurement": (_measured(before), _measured(after)),
    }
    return Difference(
        same_verdict=verdict[0] == verdict[1],
        recommendation=(before["recommendation"], after["recommendation"]),
        status=(before["status"], after["status"]),
        answers=answers,
        rules=_rules(before, after, changed),
        scores=_per_approach(before, after, lambda item: item["score"]),
        costs_usd=_per_approach(before, after, lambda item: item["cost_usd"]["horizon_total"]["likely"]),
        circumstances={name: pair for name, pair in circumstances.items() if pair[0] != pair[1]},
        knowledge=changes(before.get("in_force") or {}, after.get("in_force") or {}),
        technique=(_technique(before), _technique(after)),
    )


def faults(advice: Any) -> Iterator[tuple[str, str]]:
    """The fields of a plain advice that cannot be compared, each with what was found; `difference` reads no others."""
    yield from _misfits(advice, SHAPE, "")
    ranking = advice.get("ranking")
    if isinstance(ranking, list):
        named = [item.get("approach") for item in ranking if isinstance(item, dict)]
        if sorted(map(str, named)) != sorted(APPROACHES):
            yield "ranking", "other approaches than " + ", ".join(APPROACHES)


def _misfits(value: Any, shape: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(shape, tuple):
        if value is not None:
            yield from _misfits(value, shape[0], place)
    elif isinstance(shape, type | UnionType):
        if not isinstance(value, shape) or isinstance(value, bool):
            yield place, shown(value)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield place, shown(value)
            return
        for index, item in enumerate(value):
            yield from _misfits(item, shape[0], f"{place}[{index}]")
    elif not isinstance(value, dict):
        yield place, shown(value)
    else:
        for name, inner in shape.items():
            field = f"{place}.{name}" if place else name
            if name in value:
                yield from _misfits(value[name], inner, field)
            else:
                yield field, "nothing"


def _answers(before: Plain, after: Plain) -> tuple[AnswerChange, ...]:
    names = sorted({*before, *after} - {"name", "description"})
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(AnswerChange(name, old, new) for name, old, new in pairs if old != new)


def _rules(before: Plain, after: Plain, changed: set[str]) -> tuple[RuleChange, ...]:
    old, new = _spoken(before), _spoken(after)
    changes = []
    for rule in sorted({*old, *new}):
        was, now = old.get(rule), new.get(rule)
        if was is not None and now is not None and was["weighted"] == now["weighted"]:
            continue
        known = now or was
        assert known is not None
        read = (was["answers"] if was else set()) | (now["answers"] if now else set()) | known["facts"]
        changes.append(
            RuleChange(
                rule=rule,
                title=known["title"],
                effect=say("speaks now")
                if was is None
                else say("no longer speaks")
                if now is None
                else say("weighs differently"),
                before=was["weighted"] if was else {},
                after=now["weighted"] if now else {},
                through=tuple(sorted(read & changed)),
            )
        )
    return tuple(sorted(changes, key=lambda change: (-_weight(change), change.rule)))


def _weight(change: RuleChange) -> float:
    names = {*change.before, *change.after}
    return max((abs(change.after.get(name, 0.0) - change.before.get(name, 0.0)) for name in names), default=9.0)


def _spoken(advice: Plain) -> dict[str, dict[str, Any]]:
    """The gates and scores that spoke, with what each adds per approach and the answers that it reads."""
    spoken: dict[str, dict[str, Any]] = {}
    for finding in advice["findings"]:
        entry = spoken.setdefault(
            finding["rule"], {"title": finding["title"], "weighted": {}, "answers": set(), "facts": set()}
        )
        entry["answers"] |= set(finding["answers"])
        entry["facts"] |= {fact["name"] for fact in finding["facts"]}
        if finding["weighted"] is not None:
            entry["weighted"][finding["approach"]] = round(finding["weighted"], 9)
    return spoken


def _per_approach(before: Plain, after: Plain, read: Any) -> dict[str, tuple[float, float]]:
    new = {item["approach"]: read(item) for item in after["ranking"]}
    return {item["approach"]: (read(item), new[item["approach"]]) for item in before["ranking"]}


def _measured(advice: Plain) -> str | None:
    measured = advice["evidence"]["measured"]
    return None if measured is None else f"{measured['task']} {measured['digest'][:12]}"


def change_in_words(found: Difference) -> str:
    """What became of the verdict, in a sentence without its full stop."""
    old, new = zip(found.recommendation, found.status, strict=True)
    if found.same_verdict:
        return say("The advice is the same: {verdict}", verdict=verdict_in_words(*new))
    if old == new:
        was, now = found.technique
        told = {"verdict": verdict_in_words(*new), "before": was or say("none"), "after": now or say("none")}
        return say("The advice stays {verdict}; the technique changes from {before} to {after}", **told)
    told = {"before": verdict_in_words(*old), "after": verdict_in_words(*new)}
    return say("The advice changed from {before} to {after}", **told)


def lines(found: Difference) -> Iterable[str]:
    """The difference in plain words, one statement a line."""
    yield change_in_words(found) + "."
    for name, (before, after) in found.circumstances.items():
        yield f"{name}: {_said(before)} → {_said(after)}"
    for item in found.knowledge:
        yield f"{item.kind} {item.name}: {amount_in_words(item.before)} → {amount_in_words(item.after)}"
    for change in found.answers:
        yield say(
            "answer {field}: {before} → {after}",
            field=change.field,
            before=_said(change.before),
            after=_said(change.after),
        )
    for rule in found.rules:
        names = sorted({*rule.before, *rule.after})
        moved = [f"{name} {rule.after.get(name, 0.0) - rule.before.get(name, 0.0):+.2f}" for name in names]
        through = say(", through {through}", through=", ".join(rule.through)) if rule.through else ""
        yield say(
            "rule {rule} ({title}) {effect}: {gate}{through}",
            rule=rule.rule,
            title=rule.title,
            effect=rule.effect,
            gate=", ".join(moved) or "a gate",
            through=through,
        )
    for name, (was, now) in found.scores.items():
        if round(was - now, 6):
            yield say("score of {name}: {was} → {now}", name=name, was=numeral(f"{was:.2f}"), now=numeral(f"{now:.2f}"))
    for name, (was, now) in found.costs_usd.items():
        if abs(was - now) >= 1:
            yield say(
                "likely cost of {name} over the horizon: ${was} → ${now} (estimated)",
                name=name,
                was=numeral(f"{was:,.0f}"),
                now=numeral(f"{now:,.0f}"),
            )


def _technique(advice: Plain) -> str | None:
    """The title of the technique that is recommended."""
    own = (item for item in advice["ranking"] if item["approach"] == advice["recommendation"])
    return next((str(item.get("technique_title") or item["technique"]) for item in own), None)


def verdict_in_words(recommendation: str | None, status: str) -> str:
    """A recommendation with its status in a few words."""
    if recommendation is None:
        return say("no recommendation (abstains)")
    words = say(recommendation.replace("_", "-"))
    return say("a tie led by {words}", words=words) if status == "tie" else words


def amount_in_words(value: Any) -> str:
    """A price or parameter in words: its likely value with its range, or that it is not in force."""
    if value is None:
        return say("not in force")
    if isinstance(value, list) and len(value) == 3 and all(isinstance(one, int | float) for one in value):
        low, likely, high = value
        return (
            f"{likely:g}"
            if low == high
            else say(
                "{likely} ({low} to {high})",
                likely=numeral(f"{likely:g}"),
                low=numeral(f"{low:g}"),
                high=numeral(f"{high:g}"),
            )
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


def _said(value: Any) -> str:
    return say("not known") if value is None else str(value)
