"""Advice that is locked before a benchmark runs: written once, never overwritten, sealed by a digest.

A lock holds one prediction per number of labelled examples. The advice itself stands in it, not a promise to compute
it again later: rules may have changed by the time that it is judged.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from advisor.errors import InputError, Problem
from advisor.intake.answers import Answers
from advisor.intake.detected import Description, detect
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import Engine, canonical

SCHEMA = "advisor/lock/1"
FILE = "locked-advice.json"
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Prediction:
    """The advice for one number of labelled examples.

    `pick` is the approach that stands first among those that the benchmark offers and that are eligible; None where the
    advice abstains or none is. `chance` is the calibrated probability that it is within a point of the best offered,
    None where studies are too far. `points` are each finding's weighted points by approach; `answers` and `derived` are
    what the advice was given and from what the detected ones were derived.
    """

    train_size: int
    verdict_id: str
    recommendation: str | None
    technique: str | None
    status: str
    pick: str | None
    chance: float | None
    chances: Mapping[str, float | None]
    scores: Mapping[str, float]
    points: Mapping[str, Mapping[str, float]]
    leads: Mapping[str, Mapping[str, float]]
    studies: Sequence[str]
    answers: Mapping[str, Any]
    derived: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lock:
    """All predictions for one run, when they were made and by which knowledge; `request` is what was asked to run."""

    request: Mapping[str, Any]
    predictions: tuple[Prediction, ...]
    locked_at: str
    rulebook: str
    rulebook_version: str
    forecast_model: str
    advisor_version: str

    def plain(self) -> dict[str, Any]:
        """The lock in JSON form, sealed by its digest."""
        body = json.loads(json.dumps({"schema": SCHEMA, **asdict(self)}))
        return {**body, "digest": _digest(body)}

    @property
    def digest(self) -> str:
        """The SHA-256 of the lock's content."""
        return str(self.plain()["digest"])


def make(task: Description, stated: Answers, engine: Engine, version: str = "") -> Lock:
    """The lock over the advice for every train size of the planned run, made now by that `version` of the advisor."""
    predictions = tuple(predict(task, size, stated, engine) for size in task.train_sizes)
    return Lock(
        request=request_of(task, stated),
        predictions=predictions,
        locked_at=datetime.now(UTC).strftime(TIME),
        rulebook=engine.book.name,
        rulebook_version=engine.book.version,
        forecast_model=engine.model.digest if engine.model is not None else "",
        advisor_version=version,
    )


def request_of(task: Description, stated: Answers) -> dict[str, Any]:
    """What a lock belongs to: the data, the planned run and the stated answers. Paths are no part of it."""
    described = {name: value for name, value in task.plain.items() if name not in {"folder", "schema"}}
    own = {name: value for name, value in stated.plain().items() if name not in {"name", "description"}}
    return json.loads(json.dumps({"task": described, "stated": own}, default=str))  # type: ignore[no-any-return]


def predict(task: Description, size: int, stated: Answers, engine: Engine) -> Prediction:
    """The advice for one number of labelled examples, reduced to what can be judged."""
    found = detect(task, size, stated, engine.book)
    advice = advise(found.answers, engine)
    outcome = engine.decide_answers([found.answers])
    offered = np.array([[name in task.offered for name in APPROACHES]]) & outcome.eligible[:1]
    said = engine.confidence(outcome, offered)[0]
    chances = {
        name: round(float(said[index]), 6) if np.isfinite(said[index]) else None
        for index, name in enumerate(APPROACHES)
        if offered[0, index]
    }
    ranked = [item.approach for item in advice.ranking if item.eligible and item.approach in task.offered]
    pick = ranked[0] if ranked and advice.status != "abstain" else None
    points: dict[str, dict[str, float]] = {}
    for finding in advice.findings:
        if finding.weighted and finding.approach:
            mine = points.setdefault(finding.rule, {})
            mine[finding.approach] = round(mine.get(finding.approach, 0.0) + finding.weighted, 6)
    like = advice.evidence.like
    leads = advice.evidence.forecast.leads if advice.evidence.forecast is not None else ()
    return Prediction(
        train_size=size,
        verdict_id=advice.verdict_id,
        recommendation=advice.recommendation,
        technique=advice.technique,
        status=advice.status,
        pick=pick,
        chance=chances.get(pick) if pick else None,
        chances=chances,
        scores={item.approach: round(item.score, 6) for item in advice.ranking},
        points=points,
        leads={
            lead.approach: {
                "low": round(lead.points.low or 0.0, 3),
                "likely": round(lead.points.value, 3),
                "high": round(lead.points.high or 0.0, 3),
            }
            for lead in leads
        },
        studies=[study.study for study in like.studies] if like is not None else [],
        answers={name: value for name, value in found.answers.plain().items() if name != "description"},
        derived=dict(found.derived),
    )


def write_once(folder: Path, lock: Lock) -> tuple[Lock, bool]:
    """The lock that holds for a run's folder, and whether it was written now.

    A lock that lies there already for the same request is kept as it is, whatever the rules say today. Raises
    InputError where it belongs to another request, or cannot be written.
    """
    path = folder / FILE
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if _create(path, lock):
                return lock, True
        except OSError as error:
            raise InputError([Problem(str(path), "", error.strerror or "an error", "a writable folder")]) from None
    kept = read(path)
    if canonical(kept.request) != canonical(lock.request):
        differing = sorted(_differing(kept.request, lock.request))
        found = f"a lock of {kept.locked_at} for another request (it differs in {', '.join(differing)})"
        remedy = "use another --out: a lock is never overwritten"
        raise InputError([Problem(str(path), "", found, "no lock, or one for this very request", remedy)])
    return kept, False


def read(path: Path) -> Lock:
    """The lock of a file or of a run's folder. Raises InputError where it is missing, damaged or changed by hand."""
    file = path / FILE if path.is_dir() else path
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        body = {name: value for name, value in raw.items() if name != "digest"}
        if raw["schema"] != SCHEMA or raw["digest"] != _digest(body):
            raise ValueError("its digest does not match its content")
        datetime.strptime(raw["locked_at"], TIME)
        predictions = tuple(Prediction(**entry) for entry in raw["predictions"])
        rest = {name: raw[name] for name in Lock.__dataclass_fields__ if name != "predictions"}
        return Lock(predictions=predictions, **rest)
    except FileNotFoundError:
        remedy = "lock the advice first: advisor validate TASK --lock-only"
        raise InputError([Problem(str(file), "", "no file", "a locked advice", remedy)]) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = f"a file that is no sound lock ({error})"
        raise InputError([Problem(str(file), "", found, "a lock as it was written", "it cannot be mended")]) from None


def locked_before(folder: Path, lock: Lock) -> bool | None:
    """Whether every cell of the run in a folder started after the lock was made; None where no cell lies there."""
    starts = []
    for path in sorted((folder / "cells").glob("*.json")):
        try:
            starts.append(str(json.loads(path.read_text(encoding="utf-8"))["timing"]["started_at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return False  # a cell whose start cannot be read proves nothing
    return min(starts) >= lock.locked_at if starts else None


def _differing(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> set[str]:
    found = set()
    for part in ("task", "stated"):
        one, other = kept.get(part, {}), wanted.get(part, {})
        found |= {name for name in {*one, *other} if canonical(one.get(name)) != canonical(other.get(name))}
    return found


def _create(path: Path, lock: Lock) -> bool:
    """Writes the file whole, or not at all where one has appeared meanwhile."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(lock.plain(), indent=1, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(0o444)
        os.link(fresh, path)  # unlike a rename, this fails where the name is taken
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()
