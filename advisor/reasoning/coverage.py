"""Draws random scenarios and counts how often each rule, approach, technique and status appears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from advisor.intake.columns import UNKNOWN_CODE, Bools, Column, Facts, Floats, Numbers, Words
from advisor.intake.truth import TRUE
from advisor.knowledge.domain import APPROACHES, CRITERIA, Question, Rulebook
from advisor.reasoning.engine import ABSTAIN, STATUS, Engine

CHUNK = 5_000
RANGES = 0.15  # share of the numbers that are answered as a range
ZEROS = 0.05  # share of the numbers that are 0 where 0 is allowed
WIDER = 0.1  # share of the numbers that are drawn from beyond what is typical


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shares of N random scenarios (0-1).

    rules: fired, by rule in force. recommended and eligible: by approach. techniques: of the recommended approach, by
    "approach/technique". status: advice, tie or abstain. never: rules in force that never fired. not_in_force: rules
    that begin later or have ended.
    """

    scenarios: int
    seed: int
    rules: Mapping[str, float]
    recommended: Mapping[str, float]
    eligible: Mapping[str, float]
    techniques: Mapping[str, float]
    status: Mapping[str, float]
    never: tuple[str, ...]
    not_in_force: tuple[str, ...]


def coverage(engine: Engine, scenarios: int = 10_000, seed: int = 0) -> Coverage:
    """The coverage of the engine's rulebook on its day. The same seed gives the same shares."""
    rng = np.random.default_rng(seed)
    fired = np.zeros(len(engine.rules))
    chosen = {name: np.zeros(len(engine.book.approaches[name].techniques)) for name in APPROACHES}
    eligible, status = np.zeros(len(APPROACHES)), np.zeros(len(STATUS))
    done = 0
    while done < scenarios:
        count = min(CHUNK, scenarios - done)
        outcome = engine.decide(draw(engine.book, count, rng))
        fired += (outcome.truths == TRUE).sum(axis=1)
        eligible += outcome.eligible.sum(axis=0)
        status += np.bincount(outcome.status, minlength=len(STATUS))
        for column, name in enumerate(APPROACHES):
            rows = (outcome.leader == column) & (outcome.status != ABSTAIN)
            chosen[name] += np.bincount(outcome.techniques[rows, column], minlength=len(chosen[name]))
        done += count
    techniques = {
        f"{name}/{technique.id}": float(chosen[name][index] / scenarios)
        for name in APPROACHES
        for index, technique in enumerate(engine.book.approaches[name].techniques)
    }
    in_force = {rule.id for rule in engine.rules}
    return Coverage(
        scenarios=scenarios,
        seed=seed,
        rules={rule.id: float(share) for rule, share in zip(engine.rules, fired / scenarios, strict=True)},
        recommended={name: float(chosen[name].sum() / scenarios) for name in APPROACHES},
        eligible={name: float(share) for name, share in zip(APPROACHES, eligible / scenarios, strict=True)},
        techniques=techniques,
        status={name: float(share) for name, share in zip(STATUS, status / scenarios, strict=True)},
        never=tuple(rule.id for rule, count in zip(engine.rules, fired, strict=True) if not count),
        not_in_force=tuple(rule.id for rule in engine.book.rules if rule.id not in in_force),
    )


def draw(book: Rulebook, n: int, rng: Generator) -> Facts:
    """N random questionnaires as columns: each answers a share of the questions of its own, from none to all.

    Choices are drawn evenly, numbers over the span that each question calls typical (evenly on a logarithmic scale
    where it reaches over more than a factor of ten), some beyond it, some as a range and some as 0. Weights are the
    defaults.
    """
    answered = rng.uniform(0, 1, n)
    columns: dict[str, Column] = {}
    for name, question in book.questions.items():
        known = rng.uniform(0, 1, n) < answered
        if question.kind == "choice":
            codes = rng.integers(0, len(question.values), n)
            columns[name] = Words(np.where(known, codes, UNKNOWN_CODE).astype(np.int16), question.values)
        elif question.kind == "model":
            columns[name] = Words(np.full(n, UNKNOWN_CODE, np.int16), ())
        elif question.numeric:
            columns[name] = _numbers(question, known, rng)
    base = np.array([book.criteria[name].weight for name in CRITERIA])
    return Facts(n, columns, np.tile(base, (n, 1)))


def _numbers(question: Question, known: Bools, rng: Generator) -> Numbers:
    n = len(known)
    likely = _spread(question, n, rng)
    beyond = rng.uniform(0, 1, n) < WIDER
    likely[beyond] = _beyond(question, int(beyond.sum()), rng)
    if not question.min:
        likely[rng.uniform(0, 1, n) < ZEROS] = 0.0
    wide = rng.uniform(0, 1, n) < RANGES if question.range_allowed else np.zeros(n, bool)
    low = np.where(wide, _within(question, likely * rng.uniform(0.5, 1, n)), likely)
    high = np.where(wide, _within(question, likely * rng.uniform(1, 2, n)), likely)
    if question.default is not None:
        low, likely, high = (np.where(known, values, question.default) for values in (low, likely, high))
        known = np.ones(n, bool)
    return Numbers(low, likely, high, known, np.zeros(n, bool))


def _spread(question: Question, n: int, rng: Generator) -> Floats:
    low, high = question.typical
    if high > 10 * max(low, 1.0):
        return _within(question, np.expm1(rng.uniform(np.log1p(low), np.log1p(high), n)))
    return _within(question, rng.uniform(low, high, n))


def _beyond(question: Question, n: int, rng: Generator) -> Floats:
    """Numbers from ten times below to ten times above what is typical; shares from 0 to 1."""
    if question.kind == "share":
        return rng.uniform(0, 1, n)
    low, high = question.typical
    return _within(question, np.expm1(rng.uniform(np.log1p(low / 10), np.log1p(high * 10), n)))


def _within(question: Question, values: Floats) -> Floats:
    least = -np.inf if question.min is None else question.min
    most = np.inf if question.max is None else question.max
    return np.clip(np.round(values) if question.kind == "integer" else values, least, most)
