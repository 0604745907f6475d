"""The closed vocabulary of conditions: what a rule may ask of the facts. Nothing here evaluates anything.

A condition is read once from YAML into frozen nodes; evaluation (three truth values, over arrays) lives in the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from advisor.errors import Problem, nearest, shown

Number = int | float
COMPARISONS = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
_FORMS = (
    "always",
    "fact with is, is_not, in, not_in, at_least, above, at_most, below or between",
    "known",
    "unknown",
    "all",
    "any",
    "not",
    "at_least_k",
    "market",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A number, or the name of a dated parameter, possibly looked up by the value of a fact."""

    number: float | None = None
    parameter: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Always:
    """True in every case."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A number fact against a bound; `op` is one of >=, >, <=, <."""

    fact: str
    op: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class Among:
    """A choice fact is one of `values`."""

    fact: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The fact has a value (a range counts as one)."""

    fact: str


@dataclass(frozen=True, slots=True)
class Market:
    """A dated market fact is valid on the day of the advice."""

    fact: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True, slots=True)
class AtLeastK:
    """At least `k` of the parts are true. `all` is k = number of parts, `any` is k = 1."""

    k: int
    parts: tuple[Condition, ...]


Condition = Always | Compare | Among | Known | Market | Not | AtLeastK


def walk(condition: Condition) -> Iterator[Condition]:
    """The condition and everything inside it, outermost first."""
    yield condition
    if isinstance(condition, Not):
        yield from walk(condition.part)
    elif isinstance(condition, AtLeastK):
        for part in condition.parts:
            yield from walk(part)


def facts_read(condition: Condition) -> tuple[str, ...]:
    """The names of the facts that the condition reads, each once, in order of appearance."""
    names: dict[str, None] = {}
    for node in walk(condition):
        if isinstance(node, Compare | Among | Known):
            names[node.fact] = None
        if isinstance(node, Compare) and node.bound.by:
            names[node.bound.by] = None
    return tuple(names)


class Reader:
    """Reads conditions and gathers what is wrong with them under one place in one file."""

    def __init__(self, problems: list[Problem], where: str, place: str) -> None:
        self.problems = problems
        self.where = where
        self.place = place

    def read(self, raw: Any) -> Condition:
        """The condition that `raw` stands for; `Always` in place of one that is wrong."""
        if raw == "always":
            return Always()
        if not isinstance(raw, Mapping):
            return self._wrong(shown(raw), "one of: " + ", ".join(_FORMS))
        if "fact" in raw:
            return self._fact(raw)
        if len(raw) != 1:
            return self._wrong(f"the keys {', '.join(map(str, raw))}", "exactly one of: " + ", ".join(_FORMS))
        key, value = next(iter(raw.items()))
        if key in {"known", "unknown", "market"}:
            return self._named(str(key), value)
        if key == "not":
            return Not(self.read(value))
        if key in {"all", "any"}:
            parts = self._parts(key, value)
            return AtLeastK(len(parts) if key == "all" else 1, parts)
        if key == "at_least_k":
            return self._at_least_k(value)
        return self._wrong(f"'{key}'", "one of: " + ", ".join(_FORMS), nearest(key, _WORDS))

    def _named(self, key: str, value: Any) -> Condition:
        if not isinstance(value, str):
            return self._wrong(shown(value), f"{key}: the name of a fact")
        if key == "market":
            return Market(value)
        return Known(value) if key == "known" else Not(Known(value))

    def _parts(self, key: str, value: Any) -> tuple[Condition, ...]:
        if not isinstance(value, list) or not value:
            self._wrong(shown(value), f"{key}: a list of conditions that is not empty")
            return (Always(),)
        return tuple(self.read(part) for part in value)

    def _at_least_k(self, value: Any) -> Condition:
        if not isinstance(value, Mapping) or set(value) != {"k", "of"}:
            return self._wrong(shown(value), "at_least_k: {k: NUMBER, of: [conditions]}")
        parts = self._parts("of", value["of"])
        k = value["k"]
        if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= len(parts):
            return self._wrong(f"k: {shown(k)}", f"a whole number from 1 to {len(parts)}")
        return AtLeastK(k, parts)

    def _fact(self, raw: Mapping[str, Any]) -> Condition:
        fact = raw["fact"]
        operators = [key for key in raw if key != "fact"]
        if not isinstance(fact, str) or len(operators) != 1:
            return self._wrong(shown(dict(raw)), "{fact: NAME, OPERATOR: VALUE} with exactly one operator")
        operator = operators[0]
        value = raw[operator]
        if operator in {"is", "is_not"}:
            same = Among(fact, (self._word(value),))
            return same if operator == "is" else Not(same)
        if operator in {"in", "not_in"}:
            if not isinstance(value, list) or not value:
                return self._wrong(shown(value), f"{operator}: a list of values that is not empty")
            among = Among(fact, tuple(self._word(item) for item in value))
            return among if operator == "in" else Not(among)
        if operator in COMPARISONS:
            return Compare(fact, COMPARISONS[operator], self._bound(value))
        if operator == "between":
            if not isinstance(value, list) or len(value) != 2:
                return self._wrong(shown(value), "between: [LOW, HIGH]")
            low, high = (self._bound(item) for item in value)
            return AtLeastK(2, (Compare(fact, ">=", low), Compare(fact, "<=", high)))
        return self._wrong(f"the operator '{operator}'", _FORMS[1], nearest(operator, _OPERATORS))

    def _word(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        self._wrong(shown(value), "a word (one of the question's options)")
        return ""

    def _bound(self, value: Any) -> Bound:
        if isinstance(value, Number) and not isinstance(value, bool):
            return Bound(number=float(value))
        if isinstance(value, Mapping) and "parameter" in value and set(value) <= {"parameter", "by"}:
            return Bound(parameter=str(value["parameter"]), by=value.get("by"))
        self._wrong(shown(value), "a number, or {parameter: ID}, or {parameter: ID, by: FACT}")
        return Bound(number=0.0)

    def _wrong(self, found: str, allowed: str, remedy: str = "") -> Condition:
        remedy = remedy or "rewrite the condition in an allowed form"
        self.problems.append(Problem(self.where, self.place, found, allowed, remedy))
        return Always()


_WORDS = ("always", "fact", "known", "unknown", "all", "any", "not", "at_least_k", "market")
_OPERATORS = ("is", "is_not", "in", "not_in", "between", *COMPARISONS)
