"""What an advice rests on, item by item: every price, assumption, parameter, market fact and rule in force that day.

Kept in the published JSON, so that a later advice on the same answers can say which of them changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from advisor.intake.answers import Answers
from advisor.knowledge.token_prices import PARTS
from advisor.reasoning.engine import Engine

KINDS = {
    "prices": "price",
    "assumptions": "assumption",
    "parameters": "parameter",
    "market": "market fact",
    "rules": "rule",
    "models": "model",
}
DIGITS = 12


@dataclass(frozen=True, slots=True)
class KnowledgeChange:
    """One item that differs: its kind in words, its name, and what it was and is; None where it was not in force."""

    kind: str
    name: str
    before: Any
    after: Any


def in_force(answers: Answers, engine: Engine) -> dict[str, dict[str, Any]]:
    """Everything in force by kind and name, as plain JSON: numbers as [low, likely, high], texts by digest.

    Prices are those of the engine, so what the answers state counts; token prices are those of the models that the
    assumptions or the answers name.
    """
    book, day, table = engine.book, engine.day, engine.prices
    base = answers.get("base_model")
    named = (base.word,) if base is not None and base.kind == "word" and base.word else ()
    prices = {f"{row.item}/{row.kind}": _three(row.amount) for row in table.rows.values()}
    for model in sorted({*table.assumptions.models(), *named}):
        cost = table.token_price(model, day)
        prices |= {f"{cost.model}/{part}": _three(getattr(cost, part)) for part in PARTS}
    models = {"quality": engine.model.digest if engine.model else None}
    models["measurement"] = engine.measurement.digest if engine.measurement else None
    return {
        "prices": dict(sorted(prices.items())),
        "assumptions": {name: _digest(entry) for name, entry in sorted(table.assumptions.entries.items())},
        "parameters": {name: _sorted(parameter.on(day)) for name, parameter in sorted(book.parameters.items())},
        "market": {name: "in force" for name, fact in sorted(book.market.items()) if fact.valid(day)},
        "rules": {rule.id: _digest(rule) for rule in sorted(engine.rules, key=lambda rule: rule.id)},
        "models": {name: digest[:DIGITS] for name, digest in models.items() if digest},
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[KnowledgeChange, ...]:
    """The items that differ, prices first; a kind that one of both does not tell is left out."""
    found = []
    for kind, word in KINDS.items():
        old, new = before.get(kind), after.get(kind)
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            continue
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                found.append(KnowledgeChange(word, name, old.get(name), new.get(name)))
    return tuple(found)


def _three(amount: Any) -> list[float]:
    low = amount.value if amount.low is None else amount.low
    high = amount.value if amount.high is None else amount.high
    return [low, amount.value, high]


def _sorted(value: Any) -> Any:
    """A parameter's value; one that depends on an answer with its keys in order."""
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


def _digest(entry: Any) -> str:
    """Of what an entry says, whatever the order of its keys and the file that it stands in."""
    return hashlib.sha256(_told(entry).encode()).hexdigest()[:DIGITS]


def _told(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        told = [f"{field.name}={_told(getattr(value, field.name))}" for field in fields(value) if field.name != "where"]
        return f"{type(value).__name__}({','.join(told)})"
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{_told(key)}:{_told(item)}" for key, item in value.items())) + "}"
    if isinstance(value, frozenset | set):
        return "{" + ",".join(sorted(map(_told, value))) + "}"
    if isinstance(value, tuple | list):
        return "[" + ",".join(map(_told, value)) + "]"
    return repr(value)
