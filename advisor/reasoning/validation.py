"""A locked run as a whole: lock, measurement, the judgement of each prediction, and the advice that now holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.intake import answers as intake
from advisor.intake import measurements
from advisor.intake.measurements import Measurement
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import Quantity
from advisor.reasoning import locked
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine
from advisor.reasoning.judgement import Judgement, judge
from advisor.reasoning.locked import Lock


@dataclass(frozen=True, slots=True)
class Validation:
    """One run with its lock and judgements, one per train size.

    `locked_before` is false where a cell is older than the lock: such a run is judged, but never enters the record.
    `now` is the approach that the advice names with the measurement in, by train size, for refuted predictions.
    """

    folder: str
    lock: Lock
    measurement: Measurement
    locked_before: bool
    judgements: tuple[Judgement, ...]
    now: Mapping[int, str | None]

    @property
    def task(self) -> str:
        """The name of the task."""
        return str(self.lock.request["task"]["name"])


def validate(folder: Path, engine: Engine, margin: float | None = None) -> Validation:
    """The validation of a run folder that holds a lock and a measurement. Raises InputError with every problem."""
    lock = locked.read(folder)
    measurement = measurements.read(folder)
    refuse_foreign(lock, folder)
    judgements = tuple(judge(prediction, measurement, margin) for prediction in lock.predictions)
    return Validation(
        folder=str(folder),
        lock=lock,
        measurement=measurement,
        locked_before=locked.locked_before(folder, lock) is True,
        judgements=judgements,
        now={
            item.prediction.train_size: measured_advice(item, measurement, engine)
            for item in judgements
            if item.verdict == "refuted"
        },
    )


def refuse_foreign(lock: Lock, folder: Path) -> None:
    """Raises InputError where the measurement in a folder was not made on the data that the lock names."""
    problems: list[Problem] = []
    raw = yaml_file.read(folder / measurements.FILE, problems, str(folder))
    task = raw.get("task", {}) if isinstance(raw, Mapping) else {}
    wanted = lock.request["task"].get("data")
    if not problems and wanted and task.get("data") and dict(task["data"]) != dict(wanted):
        remedy = "judge the run that was made on the locked data"
        found = f"a run on other data than the lock's ({shown(task['data'])})"
        problems.append(Problem(str(folder), "task.data", found, shown(wanted), remedy))
    if problems:
        raise InputError(problems)


def measured_advice(item: Judgement, measurement: Measurement, engine: Engine) -> str | None:
    """The approach that the advice names for a prediction's answers with the measurement of its size in."""
    there = measurement.at(item.prediction.train_size)
    answers = intake.parse(dict(item.prediction.answers), engine.book, "locked answers")
    return advise(answers, replace(engine, measurement=there)).recommendation


def plain(found: Validation) -> dict[str, Any]:
    """The validation in JSON form."""
    return {
        "task": found.task,
        "folder": found.folder,
        "metric": found.measurement.metric,
        "status": found.measurement.status,
        "locked_at": found.lock.locked_at,
        "locked_before": found.locked_before,
        "lock_digest": found.lock.digest,
        "judgements": [{**plain_judgement(item), "now": found.now.get(_size(item))} for item in found.judgements],
    }


def plain_judgement(item: Judgement) -> dict[str, Any]:
    """One judgement in JSON form."""
    prediction = item.prediction
    return {
        "train_size": prediction.train_size,
        "verdict_id": prediction.verdict_id,
        "recommendation": prediction.recommendation,
        "status": prediction.status,
        "pick": prediction.pick,
        "chance": prediction.chance,
        "verdict": item.verdict,
        "hit": item.hit,
        "margin": item.margin,
        "best": item.best,
        "arms": dict(item.arms),
        "scores": {name: quantity(score) for name, score in item.scores.items()},
        "differences": {rival.approach: quantity(rival.difference) for rival in item.rivals},
        "regret": quantity(item.regret),
        "regret_usd": quantity(item.regret_usd),
        "losses": dict(item.losses),
        "equivalent": item.equivalent,
        "more_items": item.more_items,
        "more_seeds": item.more_seeds,
        "blame": [{"rule": blame.rule, "points": blame.points} for blame in item.blame],
        "misled_by": list(item.misled_by),
        "reason": item.reason,
        "derived": dict(prediction.derived),
    }


def quantity(value: Quantity | None) -> dict[str, Any] | None:
    """A number with its origin in JSON form."""
    if value is None:
        return None
    bounds = {"low": value.low, "high": value.high}
    rounded = {name: None if end is None else round(end, 4) for name, end in {"value": value.value, **bounds}.items()}
    return {**rounded, "unit": value.unit, "origin": value.origin, "source": value.source, "n": value.n}


def lines(found: Validation) -> list[str]:
    """The validation in plain words: a table over the train sizes, then what each verdict means."""
    head = f"{found.task}: {found.measurement.metric}, locked {found.lock.locked_at}"
    if not found.locked_before:
        head += ", NOT locked before the run: judged, but no part of the record"
    if found.measurement.status != "complete":
        head += " (the run is not complete)"
    text = [head, *_answered(found.lock)]
    text.append(f"  {'examples':>8s}  {'advised':12s}{'best':12s}{'verdict':12s}{'points lost':>12s}   scores")
    for item in found.judgements:
        scores = ", ".join(f"{name} {score.value:.1f}" for name, score in item.scores.items())
        lost = f"{item.regret.value:.1f}" if item.regret is not None else "-"
        pick = item.prediction.pick or "(none)"
        text.append(f"  {_size(item):8d}  {pick:12s}{item.best or '-':12s}{item.verdict:12s}{lost:>12s}   {scores}")
    return text + [f"  at {_size(item)}: {line}" for item in found.judgements for line in _told(item, found)]


def _answered(lock: Lock) -> list[str]:
    """Which answers the advice was given, apart by whether they were stated or detected."""
    if not lock.predictions:
        return []
    first = lock.predictions[0]
    text = []
    for title, wanted in (("stated", False), ("detected", True)):
        named = [
            f"{name} {value}"
            for name, value in first.answers.items()
            if name not in {"name", "labelled_examples", "priorities"} and (name in first.derived) == wanted
        ]
        if named:
            text.append(f"  {title}: {', '.join(named)}")
    return text


def _told(item: Judgement, found: Validation) -> Sequence[str]:
    text = [f"{item.verdict.replace('_', ' ')}: {item.reason}"]
    prediction = item.prediction
    if prediction.pick is not None and prediction.recommendation not in (None, prediction.pick):
        text.append(f"the advice was {prediction.recommendation}, which has no arm here; next came {prediction.pick}")
    if item.regret_usd is not None:
        money = item.regret_usd
        ends = f"{money.low or 0:,.0f} to {money.high or 0:,.0f}"
        text.append(f"that is {money.value:,.0f} USD a month ({ends}; {money.source})")
    if item.verdict == "undecided":
        more = [f"{item.more_items:,} more test items"] if item.more_items else []
        more += [f"{item.more_seeds} more seeds"] if item.more_seeds else []
        text.append(f"would probably be decided by {' or '.join(more)}" if more else "no number of items would tell")
    if item.verdict == "refuted":
        rules = ", ".join(f"{blame.rule} (by {blame.points:.2f} points)" for blame in item.blame)
        text.append(f"misled by: {rules or 'no single rule'}")
        if item.misled_by:
            text.append(f"the forecast's nearest studies: {', '.join(item.misled_by)}")
        text.append(f"with the measurement in, the advice is {found.now.get(_size(item)) or 'to abstain'}")
    return text


def _size(item: Judgement) -> int:
    return item.prediction.train_size
