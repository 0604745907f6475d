"""Runs the rules in another engine and times it. Needs nothing but that engine: it runs in its own environment.

Usage: peer.py ENGINE FORM FOLDER. Reads rules.json, scenarios.jsonl and expected.jsonl from the folder; prints one line
of JSON. Reading the files and compiling the rules are not timed, nor is encoding the scenarios where an engine takes
them encoded.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Scenario = dict[str, Any]
Trace = Sequence[bool]
Asker = Callable[[Any], Trace]
Maker = Callable[[list[str]], tuple[Asker, Callable[[Scenario], Any]]]


def zen_decision(expressions: list[str]) -> tuple[Asker, Callable[[Scenario], Any]]:
    """ZEN's engine proper: a decision whose expression node holds every rule."""
    import zen  # type: ignore[import-not-found]

    rows = [{"id": f"e{k}", "key": f"r{k}", "value": text} for k, text in enumerate(expressions)]
    place = {"x": 0, "y": 0}
    model = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": place},
            {"id": "x", "type": "expressionNode", "name": "x", "position": place, "content": {"expressions": rows}},
            {"id": "out", "type": "outputNode", "name": "out", "position": place},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "x", "type": "edge"},
            {"id": "2", "sourceId": "x", "targetId": "out", "type": "edge"},
        ],
    }
    decision = zen.ZenEngine().create_decision(json.dumps(model))
    keys = [row["key"] for row in rows]

    def ask(scenario: Any) -> Trace:
        result = decision.evaluate(scenario)["result"]
        return [result[key] for key in keys]

    return ask, lambda scenario: scenario


def zen_list(expressions: list[str]) -> tuple[Asker, Callable[[Scenario], Any]]:
    """ZEN's expression language: one compiled expression that lists all rules, over scenarios encoded beforehand."""
    import zen

    compiled = zen.compile_expression("[" + ", ".join(expressions) + "]")
    return compiled.evaluate, lambda scenario: json.dumps(scenario).encode()


def rule_engine_each(expressions: list[str]) -> tuple[Asker, Callable[[Scenario], Any]]:
    """rule-engine as its documentation uses it: a Rule for each, asked whether it matches."""
    import rule_engine  # type: ignore[import-not-found]

    rules = [rule_engine.Rule(text) for text in expressions]
    return lambda scenario: [rule.matches(scenario) for rule in rules], lambda scenario: scenario


def rule_engine_list(expressions: list[str]) -> tuple[Asker, Callable[[Scenario], Any]]:
    """rule-engine with one expression that lists all rules."""
    import rule_engine

    rule = rule_engine.Rule("[" + ", ".join(expressions) + "]")
    return rule.evaluate, lambda scenario: scenario


ENGINES: dict[str, Maker] = {
    "zen-decision": zen_decision,
    "zen-list": zen_list,
    "rule-engine-each": rule_engine_each,
    "rule-engine-list": rule_engine_list,
}


class Verdict:
    """What our engine does with the rules that fire, in plain Python: gates, techniques, totals, order, status."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.rules = len(data["rules"])
        self.gates = [(row, approaches, set(names)) for row, approaches, names in data["gates"]]
        self.scores = data["scores"]
        self.ids: list[list[str]] = data["technique_ids"]
        self.tie, self.least = data["tie_margin"], data["min_answers"]

    def of(self, fires: Trace, answered: int) -> tuple[int, int, list[float]]:
        """The leader (-1 for none), the status and the totals; `fires` covers the rules and then the techniques."""
        eligible = [True] * len(self.ids)
        shut: list[set[str]] = [set() for _ in self.ids]
        for row, approaches, names in self.gates:
            if fires[row]:
                for approach in approaches:
                    if names:
                        shut[approach] |= names
                    else:
                        eligible[approach] = False
        start = self.rules
        for approach, ids in enumerate(self.ids):
            held = any(fires[start + k] and name not in shut[approach] for k, name in enumerate(ids))
            eligible[approach] = eligible[approach] and held
            start += len(ids)
        totals = [0.0] * len(self.ids)
        for row, points in self.scores:
            if fires[row]:
                for approach, value in enumerate(points):
                    totals[approach] += value
        order = sorted((k for k in range(len(totals)) if eligible[k]), key=lambda k: (-round(totals[k], 9), k))
        if answered < self.least or not order:
            status = 2
        else:
            status = 1 if len(order) > 1 and totals[order[0]] - totals[order[1]] < self.tie - 1e-9 else 0
        return (order[0] if order else -1), status, totals


def main(name: str, form: str, folder: Path) -> None:
    """Times one pass over the scenarios and compares every conclusion with ours."""
    data = json.loads((folder / "rules.json").read_text())
    scenarios = [json.loads(line) for line in (folder / "scenarios.jsonl").read_text().splitlines()]
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    rules, verdict = len(data["rules"]), Verdict(data)
    expressions = [true for true, _ in data["rules"] + data["techniques"]]
    fires = len(expressions)
    if form == "trace":
        expressions += [false for _, false in data["rules"]]
    started = time.perf_counter()
    ask, encode = ENGINES[name](expressions)
    compiled = time.perf_counter() - started
    given = [(encode(scenario), scenario["answered_count"]) for scenario in scenarios]
    traces, verdicts = [], []
    started = time.perf_counter()
    for scenario, answered in given:
        said = ask(scenario)
        traces.append(said)
        verdicts.append(verdict.of(said, answered))
    seconds = time.perf_counter() - started
    equal = verdict_equal = 0
    for said, (leader, status, totals), wanted in zip(traces, verdicts, expected, strict=True):
        equal += _agreeing(said[:rules], wanted["fires"])
        if form == "trace":
            equal += _agreeing(said[fires:], wanted["fails"])
        close = all(abs(one - other) < 1e-6 for one, other in zip(totals, wanted["totals"], strict=True))
        verdict_equal += close and (leader, status) == (wanted["leader"], wanted["status"])
    asked = rules * len(scenarios) * (2 if form == "trace" else 1)
    report = {
        "scenarios": len(scenarios),
        "seconds": seconds,
        "compile_seconds": compiled,
        "equal": equal / asked,
        "equal_verdicts": verdict_equal / len(scenarios),
    }
    sys.stdout.write(json.dumps(report) + "\n")


def _agreeing(said: Trace, wanted: list[int]) -> int:
    there = set(wanted)
    return sum(bool(one) == (row in there) for row, one in enumerate(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
