"""Random scenarios and the rules of the shipped pack, written to files for the other engines and for the commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from advisor.intake.columns import ABSENT_CODE, Facts, Numbers, Words
from advisor.intake.truth import FALSE, TRUE
from advisor.knowledge.conditions import Compare, Condition, Known, walk
from advisor.knowledge.domain import APPROACHES, CRITERIA
from advisor.reasoning.engine import Engine, Outcome
from perf.expressions import ABSENT, FAR, Twofold, twofold


def conditions(engine: Engine) -> list[Condition]:
    """The conditions of all rules in force, then those of all techniques by approach."""
    techniques = [technique.when for name in APPROACHES for technique in engine.book.approaches[name].techniques]
    return [*(rule.when for rule in engine.rules), *techniques]


def write_rules(engine: Engine, path: Path) -> None:
    """Writes every rule in force as two expressions, with all that the verdict needs beside them (JSON).

    `rules` and `techniques` hold [true, false] pairs; `gates` [rule, approaches, techniques]; `scores` [rule, weighted
    points by approach] under the default weights, which all drawn scenarios have.
    """
    pairs = [twofold(condition, engine.book, engine.day) for condition in conditions(engine)]
    expressions: list[list[str]] = [_pair(pair) for pair in pairs]
    count = len(engine.rules)
    weights = np.array([engine.book.criteria[name].weight for name in CRITERIA])
    shares = dict(zip(CRITERIA, (weights / weights.sum()).tolist(), strict=True))
    names = [[technique.id for technique in engine.book.approaches[name].techniques] for name in APPROACHES]
    data = {
        "rules": expressions[:count],
        "techniques": expressions[count:],
        "technique_ids": names,
        "gates": [
            [row, [APPROACHES.index(name) for name in rule.approaches], list(rule.techniques)]
            for row, rule in enumerate(engine.rules)
            if rule.kind == "gate"
        ],
        "scores": [
            [row, [rule.points.get(name, 0.0) * shares[rule.criterion] for name in APPROACHES]]
            for row, rule in enumerate(engine.rules)
            if rule.kind == "score"
        ],
        "tie_margin": engine.parameter("tie_margin"),
        "min_answers": engine.parameter("min_answers"),
    }
    path.write_text(json.dumps(data))


def _pair(pair: Twofold) -> list[str]:
    return [pair.true, pair.false]


def write_scenarios(engine: Engine, outcome: Outcome, path: Path) -> None:
    """Writes the facts that the rules read, one scenario a line, derived ones included, and the number of answers."""
    names = _read(engine)
    facts = outcome.facts
    columns = {key: _plain(facts, fact, part) for key, (fact, part) in sorted(names.items())}
    columns["answered_count"] = np.sum([facts.known(name) for name in engine.informative], axis=0).tolist()
    with path.open("w") as file:
        for row in range(facts.n):
            file.write(json.dumps({key: values[row] for key, values in columns.items()}) + "\n")


def write_expected(outcome: Outcome, path: Path) -> None:
    """Writes what our engine concludes, one scenario a line: rules that fire and that fail, verdict and totals."""
    with path.open("w") as file:
        for row in range(outcome.facts.n):
            said = outcome.truths[:, row]
            conclusion = {
                "fires": np.flatnonzero(said == TRUE).tolist(),
                "fails": np.flatnonzero(said == FALSE).tolist(),
                "leader": int(outcome.leader[row]),
                "status": int(outcome.status[row]),
                "totals": outcome.totals[row].tolist(),
            }
            file.write(json.dumps(conclusion) + "\n")


def _read(engine: Engine) -> dict[str, tuple[str, str]]:
    """What the expressions read: by its name there, the fact and the part of it."""
    found: dict[str, tuple[str, str]] = {}
    for condition in conditions(engine):
        for node in walk(condition):
            if isinstance(node, Compare):
                found.update({f"{node.fact}_{part}": (node.fact, part) for part in ("low", "high", "absent")})
                if node.bound.by:
                    found[node.bound.by] = (node.bound.by, "word")
            elif isinstance(node, Known):
                found[f"{node.fact}_known"] = (node.fact, "known")
            elif hasattr(node, "fact") and hasattr(node, "values"):
                found[node.fact] = (node.fact, "word")
    return found


def _plain(facts: Facts, name: str, part: str) -> list[Any]:
    values: list[Any]
    if part == "word":
        column = facts.words(name)
        values = [column.values[k] if k >= 0 else ABSENT if k == ABSENT_CODE else "" for k in column.codes.tolist()]
    elif part == "known":
        values = facts.known(name).tolist()
    elif part == "absent":
        values = facts.numbers(name).absent.tolist()
    else:
        numbers, far = facts.numbers(name), -FAR if part == "low" else FAR
        values = np.clip(np.where(numbers.known, getattr(numbers, part), far), -FAR, FAR).tolist()
    return values


def write_sheet(engine: Engine, facts: Facts, path: Path) -> None:
    """Writes drawn questionnaires as a sheet of projects (CSV), ranges as low|likely|high."""
    columns = {name: _cells(column) for name, column in facts.columns.items() if name in engine.book.questions}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", *columns])
        for row in range(facts.n):
            writer.writerow([f"project {row + 1}", *(cells[row] for cells in columns.values())])


def _cells(column: Numbers | Words) -> list[str]:
    if isinstance(column, Words):
        return [column.values[code] if code >= 0 else "" for code in column.codes]
    rows = zip(column.known, column.low, column.likely, column.high, strict=True)
    return [
        "" if not known else _number(likely) if low == high else "|".join(_number(part) for part in (low, likely, high))
        for known, low, likely, high in rows
    ]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
