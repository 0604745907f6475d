"""Writes the advisor's rules as expressions that both ZEN and rule-engine read.

Neither knows three truth values, so that each condition becomes two plain ones: when it is true and when it is false;
where neither holds, it is unknown. An unknown number is the range from -FAR to FAR, so that no comparison with it
holds; an unknown word is empty. A number that does not apply carries a flag of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from advisor.intake.truth import bound_value
from advisor.knowledge.conditions import Among, AtLeastK, Compare, Condition, Known, Market, Not
from advisor.knowledge.domain import Rulebook

FAR = 1e18
ABSENT = "does_not_apply"
_OPPOSITE = {">=": "<", ">": "<=", "<=": ">", "<": ">="}


@dataclass(frozen=True, slots=True)
class Twofold:
    """When a condition is true and when it is false, as expressions."""

    true: str
    false: str


def twofold(condition: Condition, book: Rulebook, day: date) -> Twofold:
    """Both expressions of a condition, with the parameters of the day written in."""
    if isinstance(condition, Compare):
        return _compare(condition, book, day)
    if isinstance(condition, Among):
        inside = _one_of(condition.fact, condition.values)
        return Twofold(inside, f"({condition.fact} != '' and not {inside})")
    if isinstance(condition, Known):
        return Twofold(f"{condition.fact}_known", f"(not {condition.fact}_known)")
    if isinstance(condition, Market):
        return _constant(book.market[condition.fact].valid(day))
    if isinstance(condition, Not):
        part = twofold(condition.part, book, day)
        return Twofold(part.false, part.true)
    if isinstance(condition, AtLeastK):
        parts = [twofold(part, book, day) for part in condition.parts]
        true = _at_least(condition.k, [part.true for part in parts])
        return Twofold(true, _at_least(len(parts) - condition.k + 1, [part.false for part in parts]))
    return _constant(True)


def _constant(holds: bool) -> Twofold:
    return Twofold("true", "false") if holds else Twofold("false", "true")


def _compare(node: Compare, book: Rulebook, day: date) -> Twofold:
    value, by = bound_value(node.bound, book, day), node.bound.by
    if by is None:
        true, false = _ends(node, float(value))
    else:
        cases = [(_one_of(by, (word,)), _ends(node, float(number))) for word, number in value.items()]
        true = _joined("or", [f"({word} and {ends[0]})" for word, ends in cases])
        false = _joined("or", [f"({word} and {ends[1]})" for word, ends in cases])
    return Twofold(true, f"({node.fact}_absent or {false})")


def _ends(node: Compare, bound: float) -> tuple[str, str]:
    number = format(Decimal(repr(bound)), "f")
    worst, best = ("low", "high") if node.op in {">=", ">"} else ("high", "low")
    return f"{node.fact}_{worst} {node.op} {number}", f"{node.fact}_{best} {_OPPOSITE[node.op]} {number}"


def _one_of(fact: str, words: Sequence[str]) -> str:
    if len(words) == 1:
        return f"({fact} == '{words[0]}')"
    return f"({fact} in [{', '.join(repr(word) for word in words)}])"


def _at_least(k: int, parts: Sequence[str]) -> str:
    return _joined("or", [_joined("and", some) for some in combinations(parts, k)])


def _joined(word: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else "(" + f" {word} ".join(parts) + ")"
