"""The ledger of the record: one line per prediction with what became of it, in three files under rules/record/.

`runs.jsonl` holds predictions locked before our own benchmark ran, `studies.jsonl` forecasts of published comparisons
made without their paper, `cases.jsonl` the advice on recorded real choices. Lines of runs are only ever added; the
other two are computed anew as a whole, because they follow from the rules, the model and their sources.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from advisor.errors import InputError, Problem
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning.judgement import Judgement
from advisor.reasoning.quality.calibration import ROUNDING
from advisor.reasoning.quality.forecast import LEVEL
from advisor.reasoning.record import Record
from advisor.reasoning.studies_record import StudyRecord
from advisor.reasoning.validation import Validation

FILES: Mapping[str, str] = {"run": "runs.jsonl", "study": "studies.jsonl", "case": "cases.jsonl"}
REMARKS = "remarks.json"
RUN = "run:"  # how the ids of our own runs begin
OUTCOMES = ("hit", "tie", "miss", "undecided", "not_counted")
_OF_VERDICT = {"confirmed": "hit", "tie": "tie", "refuted": "miss", "undecided": "undecided"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One prediction and its outcome.

    `group` is what hangs together: the task, the paper or the case. `scores`, `margin` and `regret` are in points of
    100, None or empty where nothing was scored; `chance` is the probability that was given to `pick` being within one
    point of the best. `best` is the approach that proved best (of a case: what was expected, with "or" between). `why`
    says in words what put a pick first that proved wrong. `answers` are those of a run's locked prediction.
    """

    id: str
    origin: str
    group: str
    title: str
    source: str
    at: str
    rulebook_version: str
    forecast_model: str
    task_kind: str
    examples: int | None
    pick: str | None
    best: str | None
    chance: float | None
    scores: Mapping[str, float]
    margin: float | None
    regret: float | None
    regret_low: float | None
    regret_high: float | None
    outcome: str
    why: str = ""
    verdict_id: str = ""
    model: str = ""
    lock: str = ""
    n: int | None = None
    arms: Mapping[str, str] | None = None
    answers: Mapping[str, Any] | None = None

    @property
    def counts(self) -> bool:
        """Whether the entry is part of the counts."""
        return self.outcome != "not_counted"

    @property
    def held(self) -> bool:
        """Whether the pick was within one point of the best: what `chance` is the probability of."""
        return self.regret is not None and self.regret <= LEVEL + ROUNDING


def of_run(found: Validation) -> tuple[Entry, ...]:
    """The entries of a validated run, one per judged prediction. Raises InputError where it may not enter."""
    if not found.locked_before:
        allowed = "advice locked before its first cell started"
        raise InputError([Problem(found.folder, "", "advice that was not locked before the run", allowed)])
    return judged(found)


def judged(found: Validation) -> tuple[Entry, ...]:
    """The judged predictions of a run as entries, whether or not they may enter the record."""
    return tuple(_of_judgement(item, found) for item in found.judgements if item.verdict != "not_judged")


def _of_judgement(item: Judgement, found: Validation) -> Entry:
    prediction, lock, regret = item.prediction, found.lock, item.regret
    assert regret is not None
    kind = prediction.answers.get("task_kind")
    return Entry(
        id=f"run:{found.task}:{prediction.train_size}:{lock.digest[:12]}",
        origin="run",
        group=found.task,
        title=f"{found.task} with {prediction.train_size:,} examples, {found.measurement.model}",
        source=f"own run, measurement {found.measurement.digest[:12]}",
        at=lock.locked_at,
        rulebook_version=lock.rulebook_version,
        forecast_model=lock.forecast_model[:12],
        task_kind=str(kind) if kind else "",
        examples=prediction.train_size,
        pick=prediction.pick,
        best=item.best,
        chance=prediction.chance,
        scores={name: round(score.value, 4) for name, score in item.scores.items()},
        margin=round(100 * item.margin, 4),
        regret=round(regret.value, 4),
        regret_low=round(regret.low or 0.0, 4),
        regret_high=round(regret.high or 0.0, 4),
        outcome=_OF_VERDICT[item.verdict],
        why=", ".join(f"{blame.rule} {blame.points:+.2f}" for blame in item.blame),
        verdict_id=prediction.verdict_id,
        model=found.measurement.model,
        lock=lock.digest,
        n=regret.n,
        arms=dict(item.arms),
        answers=dict(prediction.answers),
    )


def of_studies(
    record: StudyRecord, why: Mapping[str, str], at: str, rulebook_version: str, model: str
) -> tuple[Entry, ...]:
    """The entries of published comparisons, each forecast without its paper; `record` must have left papers out.

    `why` says for the id of a comparison what put its pick first.
    """
    if not record.left_out:
        raise ValueError("a forecast that has seen a paper is no prediction of it")
    regrets = record.regret
    entries = []
    for index, row in enumerate(record.data.rows):
        if row.id.startswith(RUN):
            continue
        points, regret = record.data.points[index], float(regrets[index])
        hit = regret <= ROUNDING
        pick, best = APPROACHES[int(record.choice[index])], APPROACHES[int(np.nanargmax(points))]
        outcome = "hit" if hit else "tie" if regret <= LEVEL + ROUNDING else "miss"
        entries.append(
            Entry(
                id=f"study:{row.id}",
                origin="study",
                group=row.group,
                title=row.task_name,
                source=row.source_url,
                at=at,
                rulebook_version=rulebook_version,
                forecast_model=model[:12],
                task_kind=row.task_kind,
                examples=row.examples,
                pick=pick,
                best=best,
                chance=None if np.isnan(record.said[index]) else round(float(record.said[index]), 6),
                scores={name: round(float(value), 4) for name, value in row.points().items()},
                margin=LEVEL,
                regret=round(regret, 4),
                regret_low=None,
                regret_high=None,
                outcome=outcome,
                why=why.get(row.id, "") if outcome == "miss" else "",
            )
        )
    return tuple(entries)


def of_cases(record: Record, at: str, rulebook_version: str, model: str) -> tuple[Entry, ...]:
    """The entries of recorded real choices: what was advised, what was expected, where it was told."""
    entries = []
    for item in record.judged:
        kind, examples = item.case.answers.get("task_kind"), item.case.answers.get("labelled_examples")
        outcome = "not_counted" if not item.case.decidable else "hit" if item.hit else "miss"
        entries.append(
            Entry(
                id=f"case:{item.case.id}",
                origin="case",
                group=item.case.id,
                title=item.case.id,
                source=item.case.source,
                at=at,
                rulebook_version=rulebook_version,
                forecast_model=model[:12],
                task_kind=kind.word if kind is not None else "",
                examples=int(examples.likely) if examples is not None else None,
                pick=item.advised,
                best=" or ".join(item.case.expect),
                chance=None,
                scores={},
                margin=None,
                regret=None,
                regret_low=None,
                regret_high=None,
                outcome=outcome,
                why=f"the advice was {item.status}" if outcome == "miss" else "",
            )
        )
    return tuple(entries)


def read(folder: Path) -> tuple[Entry, ...]:
    """All entries of a record's folder, runs first. Raises InputError that lists every line that is none."""
    problems: list[Problem] = []
    entries: list[Entry] = []
    for origin, name in FILES.items():
        path = folder / name
        if not path.exists():
            continue
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            entry = _entry(line, origin)
            if entry is None:
                place = f"line {number}"
                problems.append(Problem(str(path), place, "no entry of a ledger", "a line as it was written"))
            else:
                entries.append(entry)
    ids = Counter(entry.id for entry in entries)
    twice = sorted(name for name, count in ids.items() if count > 1)
    problems += [Problem(str(folder), name, "the same prediction twice", "each prediction once") for name in twice]
    if problems:
        raise InputError(problems)
    return tuple(entries)


def add_runs(folder: Path, fresh: Iterable[Entry]) -> tuple[int, int]:
    """Adds entries of runs to the ledger; returns how many were new and how many lay there already.

    Raises InputError, adding nothing, where one lies there with another outcome: an outcome is never changed.
    """
    known = {entry.id: entry for entry in read(folder) if entry.origin == "run"}
    fresh = tuple(fresh)
    problems = [
        Problem(
            str(folder / FILES["run"]),
            entry.id,
            f"a judgement that differs from {known[entry.id].outcome!r}",
            "the same",
        )
        for entry in fresh
        if entry.id in known and known[entry.id].outcome != entry.outcome
    ]
    if problems:
        raise InputError(problems)
    new = [entry for entry in fresh if entry.id not in known]
    write(folder, "run", (*known.values(), *new))
    return len(new), len(fresh) - len(new)


def write(folder: Path, origin: str, entries: Sequence[Entry]) -> None:
    """Writes the ledger of one origin whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILES[origin]
    part = path.with_suffix(".part")
    part.write_text(
        "".join(json.dumps(_plain(entry), ensure_ascii=False) + "\n" for entry in entries), encoding="utf-8"
    )
    part.replace(path)


def remarks(folder: Path) -> dict[str, str]:
    """What people found out about single entries, by id; empty where there is nothing."""
    path = folder / REMARKS
    if not path.exists():
        return {}
    try:
        return {str(name): str(text) for name, text in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError) as error:
        raise InputError([Problem(str(path), "", str(error), "an object of ids and sentences")]) from None


def _plain(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value not in (None, "", {})}


def _entry(line: bytes, origin: str) -> Entry | None:
    try:
        raw = json.loads(line)
        full = {one.name: raw.get(one.name) for one in fields(Entry)}
        full |= {name: raw.get(name, "") for name in ("why", "verdict_id", "model", "lock", "task_kind")}
        entry = Entry(**{**full, "scores": raw.get("scores", {})})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    sound = entry.origin == origin and entry.outcome in OUTCOMES and isinstance(entry.id, str)
    return entry if sound else None
