"""Our engine against ZEN and rule-engine: the same rules, the same facts, the same conclusions."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from advisor import locate
from advisor.reasoning.advise import engine
from advisor.reasoning.coverage import draw
from advisor.reasoning.engine import Engine
from perf import scenarios
from perf.readings import Readings, claim, ratios, say, timed

OURS = 100_000
THEIRS = 500
ROUNDS = 5
TIMES = 50
PEER = Path(__file__).with_name("peer.py")
PEER_PYTHON = Path(".venv-perf/bin/python")
FORMS = {
    "zen-decision": "ZEN, a decision model (its engine)",
    "zen-list": "ZEN, one compiled expression",
    "rule-engine-each": "rule-engine, a Rule each",
    "rule-engine-list": "rule-engine, one Rule for all",
}
WORK = {"trace": "verdict and trace", "fires": "firings only"}


def measure() -> bool:
    """Prints the comparison; whether every claim holds here.

    Only rules are compared: the forecast from studies, which no rule engine has, is switched off for it. What our
    engine needs with it is measured beside.
    """
    shipped = engine(locate.rules_dir(), date.today())
    knowledge = replace(shipped, model=None)
    say(["", f"1. {OURS:,} random scenarios through the shipped rulebook ({len(knowledge.rules)} rules in force)"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _export(knowledge, folder)
        whole, rules, peers = _rounds(knowledge, folder)
    answered = draw(shipped.book, OURS, np.random.default_rng(0))
    shipped.decide(answered)
    forecast = Readings(tuple(timed(lambda: shipped.decide(answered)) for _ in range(ROUNDS)))
    say(f"   ours, from answers, with the quality forecast      {forecast.shown()}")
    fast = claim(f"{OURS:,} scenarios with the quality forecast in under 1 s", forecast.median < 1)
    return _report(whole, rules, peers) and fast


def _export(knowledge: Engine, folder: Path) -> None:
    outcome = knowledge.decide(draw(knowledge.book, THEIRS, np.random.default_rng(1)))
    scenarios.write_rules(knowledge, folder / "rules.json")
    scenarios.write_scenarios(knowledge, outcome, folder / "scenarios.jsonl")
    scenarios.write_expected(outcome, folder / "expected.jsonl")


def _rounds(knowledge: Engine, folder: Path) -> tuple[Readings, Readings, dict[tuple[str, str], list[dict[str, Any]]]]:
    """Seconds of ours from answers and from facts, and the peers' reports; all of them once in every round."""
    answered = draw(knowledge.book, OURS, np.random.default_rng(0))
    outcome = knowledge.decide(answered)
    whole, rules = [], []
    peers: dict[tuple[str, str], list[dict[str, Any]]] = {(name, form): [] for name in FORMS for form in WORK}
    for _ in range(ROUNDS):
        whole.append(timed(lambda: knowledge.decide(answered)))
        rules.append(timed(lambda: knowledge.conclude(outcome.facts, outcome.costs)))
        for (name, form), reports in peers.items():
            command = [str(PEER_PYTHON), str(PEER), name, form, str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            reports.append(json.loads(done.stdout))
    return Readings(tuple(whole)), Readings(tuple(rules)), peers


def _report(whole: Readings, rules: Readings, peers: dict[tuple[str, str], list[dict[str, Any]]]) -> bool:
    say(f"   ours, from answers: facts, costs, verdict, trace   {whole.shown()}")
    say(f"   ours, from facts: verdict and trace                {rules.shown(3)}")
    say(f"   others, from facts; timed on {THEIRS} of them, scaled to {OURS:,}:")
    least = {"ZEN": np.inf, "rule-engine": np.inf}
    agreed = True
    for (name, form), reports in peers.items():
        taken = Readings(tuple(report["seconds"] * OURS / report["scenarios"] for report in reports))
        times, against = ratios(taken, rules), ratios(taken, whole)
        equal = min(report["equal"] for report in reports)
        verdicts = min(report["equal_verdicts"] for report in reports)
        agreed = agreed and equal == verdicts == 1
        family = FORMS[name].partition(",")[0]
        if form == "trace":
            least[family] = min(least[family], times.median)
        say(
            [
                f"   {FORMS[name]}, {WORK[form]}: {taken.shown(1)}",
                f"      {times.shown(0, 'times')} as long as ours from facts, {against.median:,.0f} as from answers",
                f"      equal to ours: {100 * equal:.2f} % of what the rules say, {100 * verdicts:.2f} % of verdicts",
            ]
        )
    held = [claim(f"{OURS:,} scenarios from answers to verdict and trace in under 1 s", whole.median < 1)]
    held.append(claim("every rule and verdict of the others equals ours", agreed))
    for family, factor in least.items():
        text = f"at least {TIMES} times as fast as {family} in its fastest form, verdict and trace from facts"
        held.append(claim(f"{text} ({factor:,.0f} times)", factor >= TIMES))
    return all(held)
