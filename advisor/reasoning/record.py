"""The advisor's record: its advice against recorded outcomes of real cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import APPROACHES, Rulebook
from advisor.knowledge.fields import Fields
from advisor.reasoning.engine import ABSTAIN, STATUS, Engine
from advisor.reasoning.explain import in_words


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """A real choice with its outcome. `expect` lists the approaches to advise, knowing the outcome.

    `decidable` is false where too little is stated to prefer one.
    """

    id: str
    title: str
    answers: Answers
    expect: tuple[str, ...]
    decidable: bool
    source: str
    grade: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A recorded case with the advice that it got."""

    case: RecordedCase
    advised: str | None
    status: str
    scores: Mapping[str, float]

    @property
    def hit(self) -> bool:
        """Whether the advised approach is among the expected ones."""
        return self.advised in self.case.expect


@dataclass(frozen=True, slots=True)
class Record:
    """The count over decidable cases, with Wilson's 95 % interval, and every case as judged."""

    judged: tuple[Judged, ...]

    @property
    def decidable(self) -> tuple[Judged, ...]:
        """The cases that count."""
        return tuple(item for item in self.judged if item.case.decidable)

    @property
    def hits(self) -> int:
        """How many of them were advised as expected."""
        return sum(item.hit for item in self.decidable)

    def plain(self) -> dict[str, Any]:
        """The record in JSON form."""
        low, high = wilson(self.hits, len(self.decidable))
        return {
            "n": len(self.decidable),
            "hits": self.hits,
            "hit_rate": self.hits / len(self.decidable) if self.decidable else None,
            "interval": [low, high],
            "undecidable": len(self.judged) - len(self.decidable),
            "misses": [
                {
                    "id": item.case.id,
                    "title": item.case.title,
                    "advised": item.advised,
                    "status": item.status,
                    "expect": list(item.case.expect),
                    "scores": dict(item.scores),
                    "source": item.case.source,
                }
                for item in self.decidable
                if not item.hit
            ],
        }


def read_cases(path: Path, book: Rulebook) -> tuple[RecordedCase, ...]:
    """The recorded cases of a YAML file. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    raw = yaml_file.read(path, problems, str(path))
    if not problems and (not isinstance(raw, list) or not raw):
        problems.append(Problem(str(path), "", shown(raw), "a list of cases", "see docs/answers-format.md"))
        raw = None
    cases = [_case(entry, index, book, problems, str(path)) for index, entry in enumerate(raw or ())]
    if problems:
        raise InputError(problems)
    return tuple(cases)


def backtest(engine: Engine, cases: Sequence[RecordedCase]) -> Record:
    """The advice for every case, judged against what was expected."""
    outcome = engine.decide_answers([case.answers for case in cases])
    judged = []
    for row, case in enumerate(cases):
        abstains = outcome.status[row] == ABSTAIN
        scores = {name: round(float(outcome.totals[row, index]), 4) for index, name in enumerate(APPROACHES)}
        advised = None if abstains else APPROACHES[int(outcome.leader[row])]
        judged.append(Judged(case, advised, STATUS[outcome.status[row]], scores))
    return Record(tuple(judged))


def lines(record: Record) -> list[str]:
    """The record in plain words."""
    plain = record.plain()
    low, high = plain["interval"]
    text = [
        f"{record.hits} of {plain['n']} decidable cases advised as expected "
        f"({100 * low:.0f} to {100 * high:.0f} %, Wilson 95 %); {plain['undecidable']} cases decide nothing."
    ]
    for miss in plain["misses"]:
        scores = ", ".join(f"{name} {in_words(score)}" for name, score in miss["scores"].items())
        text.append(f"miss {miss['id']}: advised {miss['advised']}, expected {' or '.join(miss['expect'])} ({scores})")
    return text


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval for a share of `hits` in `n`; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, centre - half), min(1.0, centre + half)


def _case(raw: Any, index: int, book: Rulebook, problems: list[Problem], where: str) -> RecordedCase:
    fields = Fields(raw, problems, where, f"case number {index + 1}")
    name = fields.text("id")
    expect = fields.words("expect")
    for approach in expect:
        if approach not in APPROACHES:
            fields.report("expect", shown(approach), "one of " + ", ".join(APPROACHES))
    answers = Answers()
    try:
        answers = intake.parse(dict(fields.mapping("answers")), book, f"{where}: case {name}")
    except InputError as error:
        problems += [problem for problem in error.problems if isinstance(problem, Problem)]
    return RecordedCase(
        id=name,
        title=fields.text("title"),
        answers=answers,
        expect=expect,
        decidable=fields.flag("decidable"),
        source=fields.text("source_url"),
        grade=fields.text("evidence_grade", required=False),
    )
