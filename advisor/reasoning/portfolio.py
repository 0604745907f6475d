"""Many projects at once: the advice of each in a row, and what the whole shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import UNKNOWN_CODE, Bools, Column, Facts, Floats, Numbers, Words
from advisor.intake.facts import derive
from advisor.intake.sheet import Sheet
from advisor.intake.truth import TRUE, UNKNOWN
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA, Question
from advisor.knowledge.vocabulary import DERIVED_FACTS
from advisor.reasoning.advise import verdict_id
from advisor.reasoning.costs import Spread
from advisor.reasoning.engine import ABSTAIN, STATUS, Engine, Outcome

SAMPLE = 250  # projects on which the value of a missing answer is tried
LADDER = 5  # values of an open number that are tried
GATE = 1.0  # what a gate that is still open weighs beside the weighted points of a score
BOUNDS = ("low", "likely", "high")


@dataclass(frozen=True, slots=True)
class Unlock:
    """A question that is open in `open_in` projects, and the share (0-1) of all in which its answer would decide.

    It decides where the leading approach differs between its possible answers, all else as it is.
    """

    field: str
    ask: str
    open_in: int
    share: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What a portfolio shows: counts by recommendation, status and technique, costs, and which answers are missed.

    `cost_usd` adds up the recommended approaches over their horizons: all low, all likely, all high estimates, so that
    its ends are those of all projects going well or badly at once. `sample` is the number of projects on which
    `unlocks` was tried, spread evenly over the sheet.
    """

    projects: int
    approaches: Mapping[str, int]
    statuses: Mapping[str, int]
    techniques: Mapping[str, int]
    nothing_eligible: int
    cost_usd: Mapping[str, float]
    unlocks: tuple[Unlock, ...]
    sample: int

    def to_json(self) -> dict[str, Any]:
        """The summary as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Portfolio:
    """The projects of a sheet, decided together."""

    engine: Engine
    sheet: Sheet

    @cached_property
    def outcome(self) -> Outcome:
        """What the engine concludes, one scenario a project."""
        return self.engine.decide(self.sheet.facts)

    @cached_property
    def recommended(self) -> NDArray[np.intp]:
        """The index of the recommended approach of each project, -1 where the advice abstains."""
        return np.where(self.outcome.status == ABSTAIN, -1, self.outcome.leader)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row of advice a project; costs and weeks are those of the recommended approach, None without one."""
        outcome, picked = self.outcome, self.recommended
        margins = np.where(np.isfinite(outcome.margin), outcome.margin, 0.0)
        horizon, weeks = self._picked(outcome.costs.horizon), self._picked(outcome.costs.lead_weeks)
        closed, asked = self._ruled_out(), self._next_questions()
        for row in range(len(self.sheet)):
            best = int(picked[row])
            yield {
                "row": self.sheet.rows[row],
                "name": self.sheet.names[row],
                "recommendation": APPROACHES[best] if best >= 0 else None,
                "status": STATUS[outcome.status[row]],
                "technique": self._technique(row, best) if best >= 0 else None,
                "margin": round(float(margins[row]), 4),
                **{f"score_{name}": round(float(outcome.totals[row, k]), 4) for k, name in enumerate(APPROACHES)},
                **{
                    f"cost_usd_{bound}": round(float(horizon[k][row]), 2) if best >= 0 else None for k, bound in _ends()
                },
                **{
                    f"lead_weeks_{bound}": round(float(weeks[k][row]), 2) if best >= 0 else None for k, bound in _ends()
                },
                "ruled_out": closed[row],
                "next_question": asked[row],
                "verdict_id": verdict_id(self.sheet.answers(row), self.engine),
            }

    def summary(self) -> Summary:
        """What the whole portfolio shows."""
        tally = Tally(self.engine, len(self.sheet))
        tally.add(self)
        return tally.summary()

    def open_counts(self) -> Counter[str]:
        """In how many projects each question that can decide is open."""
        return Counter({name: int(self._open(self.outcome.facts, name).sum()) for name in self._askable()})

    def deciding(self) -> Counter[str]:
        """In how many projects the answer to each open question would decide."""
        found: Counter[str] = Counter()
        for name in self._askable():
            open_ = np.flatnonzero(self._open(self.outcome.facts, name))
            if open_.size:
                varies = self._varies(self.sheet.facts.take(open_), self.engine.book.questions[name])
                found[name] = int(varies.sum())
        return found

    def techniques(self) -> Counter[str]:
        """How often each technique is recommended."""
        return Counter(self._technique(row, int(best)) for row, best in enumerate(self.recommended) if best >= 0)

    def costs(self) -> list[float]:
        """Low, likely and high cost of all recommended approaches together, in USD over their horizons."""
        return [float(values[self.recommended >= 0].sum()) for values in self._picked(self.outcome.costs.horizon)]

    def _technique(self, row: int, approach: int) -> str:
        techniques = self.engine.book.approaches[APPROACHES[approach]].techniques
        return techniques[max(int(self.outcome.techniques[row, approach]), 0)].id

    def _picked(self, spreads: Mapping[str, Spread]) -> list[Floats]:
        """Low, likely and high of the recommended approach of each project, those of the first where there is none."""
        index, rows = np.maximum(self.recommended, 0), np.arange(len(self.sheet))
        return [np.stack([getattr(spreads[name], bound) for name in APPROACHES])[index, rows] for bound in BOUNDS]

    def _ruled_out(self) -> list[str]:
        """By project, each approach that a gate closed, with the rules that did."""
        closed: list[dict[str, list[str]]] = [{} for _ in range(len(self.sheet))]
        for position, rule in enumerate(self.outcome.rules):
            if rule.kind == "gate" and not rule.techniques:
                for row in np.flatnonzero(self.outcome.truths[position] == TRUE):
                    for approach in rule.approaches:
                        closed[row].setdefault(approach, []).append(rule.id)
        return ["; ".join(f"{name}: {', '.join(rules)}" for name, rules in sorted(one.items())) for one in closed]

    def _next_questions(self) -> list[str | None]:
        """By project, the open question on which most weight hangs.

        The weight is that of the rules that cannot be decided without it: points times weight share for a score, a
        fixed weight for a gate. Cheaper than the completions that a single advice draws, and not the same.
        """
        open_ = {name: self._open(self.outcome.facts, name) for name in self._askable()}
        weight = {name: np.zeros(len(self.sheet)) for name in open_}
        for position, rule in enumerate(self.outcome.rules):
            if rule.kind == "note":
                continue
            undecided = self.outcome.truths[position] == UNKNOWN
            if not undecided.any():
                continue
            pull: Floats | float = GATE
            if rule.kind == "score":
                points = max((abs(value) for value in rule.points.values()), default=0.0)
                pull = points * self.outcome.shares[:, CRITERIA.index(rule.criterion)]
            for field in _fields(facts_read(rule.when)):
                if field in weight:
                    weight[field] += np.where(undecided & open_[field], pull, 0.0)
        if not weight:
            return [None] * len(self.sheet)
        names, table = list(weight), np.stack(list(weight.values()))
        best, most = table.argmax(axis=0), table.max(axis=0)
        return [names[k] if top > 0 else None for k, top in zip(best, most, strict=True)]

    def _varies(self, facts: Facts, question: Question) -> Bools:
        """Where the leading approach differs between the possible answers to an open question: shape (projects,)."""
        count = len(question.values) if question.kind == "choice" else LADDER
        repeated = facts.take(np.repeat(np.arange(facts.n), count))
        column: Column
        if question.kind == "choice":
            column = Words(np.tile(np.arange(count), facts.n).astype(np.int16), question.values)
        else:
            column = Numbers.exact(np.tile(_ladder(question), facts.n), np.ones(repeated.n, bool))
        leaders = self.engine.decide(repeated.with_columns({question.field: column})).leader.reshape(facts.n, count)
        differs: Bools = (leaders != leaders[:, :1]).any(axis=1)
        return differs

    def _askable(self) -> list[str]:
        """The questions whose answer can decide: those that gates and scores read, or all where these read costs."""
        questions = self.engine.book.questions
        plain = derive(self.sheet.facts.take(np.zeros(1, np.intp)), self.engine.book, self.engine.day).columns
        read = {name for rule in self.engine.rules if rule.kind != "note" for name in facts_read(rule.when)}
        by_cost = any(name in DERIVED_FACTS and name not in plain for name in read)
        open_ = tuple(name for name, question in questions.items() if question.default is None)
        names = open_ if by_cost else self.engine.informative
        return [name for name in names if questions[name].kind not in {"model", "priorities"}]

    @staticmethod
    def _open(facts: Facts, name: str) -> Bools:
        """Where a question applies and is not answered."""
        column = facts.columns[name]
        if isinstance(column, Words):
            return np.equal(column.codes, UNKNOWN_CODE)
        return np.logical_not(column.known | column.absent)


class Tally:
    """Adds up portfolios that come one after the other, so that a sheet of any length needs the memory of one.

    `projects` is how many there will be in all: from it follow the ones on which the open questions are tried.
    """

    def __init__(self, engine: Engine, projects: int) -> None:
        self._engine = engine
        self._tried = np.unique(np.linspace(0, projects - 1, min(projects, SAMPLE)).astype(np.intp))
        self._sample: list[Sheet] = []
        self._projects = self._nothing = 0
        self._approaches, self._statuses = np.zeros(len(APPROACHES), int), np.zeros(len(STATUS), int)
        self._techniques, self._open = Counter[str](), Counter[str]()
        self._costs: list[list[float]] = []

    def add(self, portfolio: Portfolio) -> None:
        """Counts the next projects."""
        n, outcome = len(portfolio.sheet), portfolio.outcome
        mine = self._tried[(self._tried >= self._projects) & (self._tried < self._projects + n)] - self._projects
        if mine.size:
            self._sample.append(portfolio.sheet.take(mine.tolist()))
        self._projects += n
        self._approaches += [int((portfolio.recommended == k).sum()) for k in range(len(APPROACHES))]
        self._statuses += [int((outcome.status == k).sum()) for k in range(len(STATUS))]
        self._nothing += int((~outcome.eligible.any(axis=1)).sum())
        self._techniques += portfolio.techniques()
        self._open += portfolio.open_counts()
        self._costs.append(portfolio.costs())

    def summary(self) -> Summary:
        """What all projects added so far show together."""
        techniques = sorted(self._techniques.items(), key=lambda item: (-item[1], item[0]))
        unlocks, sample = self._unlocks()
        return Summary(
            projects=self._projects,
            approaches=dict(zip(APPROACHES, self._approaches.tolist(), strict=True)),
            statuses=dict(zip(STATUS, self._statuses.tolist(), strict=True)),
            techniques=dict(techniques),
            nothing_eligible=self._nothing,
            cost_usd={bound: round(math.fsum(one[k] for one in self._costs), 2) for k, bound in _ends()},
            unlocks=unlocks,
            sample=sample,
        )

    def _unlocks(self) -> tuple[tuple[Unlock, ...], int]:
        """The open questions by the share of projects in which their answer would decide, and the projects tried."""
        if not self._sample:
            return (), 0
        tried = Portfolio(self._engine, Sheet.joined(self._sample))
        n, questions = len(tried.sheet), self._engine.book.questions
        found = [
            Unlock(name, questions[name].ask, self._open[name], round(count / n, 4))
            for name, count in tried.deciding().items()
            if count
        ]
        return tuple(sorted(found, key=lambda one: (-one.share, -one.open_in, one.field))), n


def _ends() -> Iterator[tuple[int, str]]:
    return iter(enumerate(BOUNDS))


def _fields(names: tuple[str, ...]) -> list[str]:
    """The questions behind some facts, each once."""
    reads = [DERIVED_FACTS[name].reads if name in DERIVED_FACTS else (name,) for name in names]
    return list(dict.fromkeys(field for fields in reads for field in fields))


def _ladder(question: Question) -> Floats:
    """Values over the common answers to a number question, evenly by ratio; by distance for shares."""
    low, high = question.typical
    if question.kind == "share":
        return np.linspace(low, high, LADDER)
    values = np.geomspace(max(low, high / 1e4, 1e-9), high, LADDER)
    values[0] = low
    return np.round(values) if question.kind == "integer" else values
