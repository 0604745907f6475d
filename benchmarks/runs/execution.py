"""One cell, really run: fit on rows with labels, predict on texts alone, judge, and record.

What must be equal between two runs of a cell (predictions, metrics, rows) and what may differ (timing, resources,
environment) stand under separate keys.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..approaches import Looking
from ..records import SCHEMA_CELL, Answer, Example, Prediction, Task, TaskCard, seed_for
from ..statistics import LabelScores, Outcomes, Scored, Tallies, judged, score_interval
from ..tasks import CLASSIFICATION, EXTRACTION, metrics_of
from . import provenance, shifts
from .plan import PlannedCell, Split, split_rows

LATENCY_ITEMS = 16


class BrokenContestant(ValueError):
    """A contestant answered something that is not an answer."""


@dataclass(frozen=True, slots=True)
class Corner:
    """What every arm of one (train size, seed) is given: the card, its rows, the test rows and the data's hashes.

    `pool` is the whole training split, for contestants that look at it before they learn from their own rows.
    """

    card: TaskCard
    split: Split
    test: tuple[Example, ...]
    data: Mapping[str, str]
    pool: tuple[Example, ...] = ()

    @classmethod
    def of(cls, task: Task, planned: PlannedCell, test: tuple[Example, ...]) -> Corner:
        """The corner of a cell of this task."""
        split = split_rows(task, planned.cell.train_size, planned.cell.seed)
        return cls(task.card, split, test, task.fingerprint, task.train)


def contestant_seed(planned: PlannedCell) -> int:
    """The seed of the cell's contestant, derived from what the cell is, never from the order of execution."""
    cell = planned.cell
    return seed_for(cell.seed, "contestant", cell.task, cell.arm, cell.train_size)


class Entrant:
    """A fitted contestant in its cell, which may be asked in several batches and then gives the cell's record.

    Making one fits it. `step(phase, items)` hears of progress; phases are fit, predict and latency. Raises whatever the
    contestant raises, and BrokenContestant if its answers do not fit the texts or the labels.
    """

    def __init__(
        self,
        planned: PlannedCell,
        arm: Any,
        corner: Corner,
        make: Callable[..., Any],
        model: Any | None,
        step: Callable[[str, int], None],
    ) -> None:
        self.planned = planned
        self._arm, self._corner, self._model, self._step = arm, corner, _model(model), step
        self._started, self._load_before = provenance.now(), provenance.load_average()
        provenance.reset_peak_memory()
        self._seed = contestant_seed(planned)
        _seed_globals(self._seed)
        self._contestant = make(planned.cell.arm, corner.card, self._seed, model)
        step("fit", 0)
        if isinstance(self._contestant, Looking):
            self._contestant.look_at(corner.pool)
        clock = time.perf_counter()
        self._fit = self._contestant.fit(corner.split.train, corner.split.dev)
        self._fit_seconds = time.perf_counter() - clock
        # Baselines learn the development rows as well: what they say of them would be no score.
        judged = corner.split.dev if arm.approach is not None else ()
        dev = _predict(self._contestant, corner.card, judged, None)[0] if judged else ()
        self.dev_metrics = scores(dev, corner.card) if dev else None
        self._predictions: list[Prediction] = []
        self._predict_seconds = 0.0

    @property
    def asked(self) -> int:
        """How many test items it has answered."""
        return len(self._predictions)

    def ask(self, rows: Sequence[Example]) -> None:
        """Ask the next test items. What else ran since the last batch does not matter to the answers."""
        if self.asked:
            _seed_globals(seed_for(self._seed, "batch", self.asked))
        self._step("predict", 0)
        answers, seconds = _predict(
            self._contestant, self._corner.card, rows, lambda items: self._step("predict", items)
        )
        self._predictions += answers
        self._predict_seconds += seconds

    def rows(self) -> list[dict[str, Any]]:
        """The judged predictions so far, JSON-shaped."""
        return [_row(prediction) for prediction in self._predictions]

    def record(self) -> dict[str, Any]:
        """The cell's record; measures the latency first."""
        corner, predictions = self._corner, self._predictions
        self._step("latency", 0)
        latency = _latency(self._contestant, corner.test[:LATENCY_ITEMS])
        account = getattr(self._contestant, "account", None)
        return {
            "schema": SCHEMA_CELL,
            "id": self.planned.id,
            "cell": asdict(self.planned.cell),
            "arm": self._arm.name,
            "approach": self._arm.approach,
            "technique": self._arm.technique,
            "settings": dict(self.planned.settings),
            "data": dict(corner.data),
            "model": self._model,
            "seeds": {"cell": self.planned.cell.seed, "contestant": self._seed},
            "rows": {
                "train": [row.id for row in corner.split.train],
                "dev": [row.id for row in corner.split.dev],
                "test": [row.example_id for row in predictions],
            },
            "metrics": scores(predictions, corner.card),
            "dev_metrics": self.dev_metrics,
            "invalid_share": sum(row.label is None for row in predictions) / len(predictions),
            "predictions": self.rows(),
            **(self._checks() if "checks" in self.planned.settings else {}),
            "fit": dict(self._fit),
            **({"endpoint": dict(account(predictions))} if account is not None else {}),
            "effort": _effort(self._fit, self._fit_seconds),
            "tokens": {
                "total": sum(row.tokens for row in predictions),
                "per_item": sum(row.tokens for row in predictions) / len(predictions),
            },
            "timing": {
                "started_at": self._started,
                "finished_at": provenance.now(),
                "fit_seconds": self._fit_seconds,
                "predict_seconds": self._predict_seconds,
                "seconds_per_item": self._predict_seconds / len(predictions),
                "latency": latency,
            },
            "resources": {
                "peak_memory_mb": provenance.peak_memory_mb(),
                "load_before": self._load_before,
                "load_after": provenance.load_average(),
            },
            "environment": provenance.environment(),
        }

    def _checks(self) -> dict[str, Any]:
        """The arm's score on shifted texts beside the same items as they are, and what a tuned model forgot."""
        card, rows = self._corner.card, self._corner.test[: min(shifts.ITEMS, self.asked)]
        found = {"plain": scores(self._predictions[: len(rows)], card)[card.metric]["value"]}
        for name in shifts.SHIFTS:
            self._step(f"shift: {name}", 0)
            _seed_globals(seed_for(self._seed, "shift", name))
            changed = [replace(row, text=shifts.shifted(row.text, name, row.id)) for row in rows]
            found[name] = scores(_predict(self._contestant, card, changed, None)[0], card)[card.metric]["value"]
        remembered = getattr(self._contestant, "remembered", None)
        memory = {"memory": dict(remembered())} if remembered is not None else {}
        return {"shift": {"n": len(rows), **found}, **memory}


def scores(predictions: Sequence[Prediction], card: TaskCard) -> dict[str, dict[str, Any]]:
    """Every metric of the task with its interval over the items, JSON-shaped."""
    scored: Scored
    if card.kind == CLASSIFICATION:
        outcomes = Outcomes.of([row.gold for row in predictions], [[row.label for row in predictions]], card.labels)
        scored = LabelScores(outcomes)
    else:
        scored = Tallies.of([[row.judged or {} for row in predictions]])
    names = metrics_of(card.metric, card.kind, card.choices)
    return {metric: asdict(score_interval(scored, metric)) for metric in names}


def _predict(
    contestant: Any, card: TaskCard, rows: Sequence[Example], progress: Callable[[int], None] | None
) -> tuple[tuple[Prediction, ...], float]:
    clock = time.perf_counter()
    answers = contestant.predict([row.text for row in rows], progress)
    seconds = time.perf_counter() - clock
    if len(answers) != len(rows):
        raise BrokenContestant(f"{len(answers)} answers for {len(rows)} texts")
    for answer in answers:
        _check(answer, card)
    return tuple(
        Prediction(
            example_id=row.id,
            gold=row.label,
            label=answer.label,
            scores=answer.scores,
            raw_scores=answer.raw_scores,
            seconds=seconds / len(rows),
            tokens=int(answer.tokens),
            references=row.references,
            text=answer.text,
            written=int(answer.written),
            judged=_judged(row, answer, card),
        )
        for row, answer in zip(rows, answers, strict=True)
    ), seconds


def _judged(row: Example, answer: Answer, card: TaskCard) -> dict[str, tuple[float, float]] | None:
    if card.kind == CLASSIFICATION:
        return None
    return judged(card.kind, card.metric, answer.label, row.references, language=card.language, choices=card.choices)


def _check(answer: Answer, card: TaskCard) -> None:
    if answer.label is not None and not _is_answer(answer.label, card):
        what = {CLASSIFICATION: f"a label of {card.name!r}", EXTRACTION: "an object as JSON"}.get(card.kind, "a text")
        raise BrokenContestant(f"answered {answer.label!r}, which is not {what}")
    for name, values in (("scores", answer.scores), ("raw_scores", answer.raw_scores)):
        if values is None:
            continue
        if len(values) != len(card.labels) or not all(math.isfinite(value) for value in values):
            raise BrokenContestant(f"{name} must be {len(card.labels)} finite numbers, found {values!r}")


def _is_answer(answer: str, card: TaskCard) -> bool:
    if card.kind == CLASSIFICATION:
        return answer in card.labels
    if card.kind != EXTRACTION:
        return bool(answer.strip())
    try:
        return isinstance(json.loads(answer), dict)
    except ValueError:
        return False


def _latency(contestant: Any, rows: Sequence[Example]) -> dict[str, Any]:
    """Seconds from one text to its answer, asked one at a time with whatever the contestant keeps warm.

    A contestant whose answers cost money tells what it measured when it was asked.
    """
    timed = getattr(contestant, "latency", None)
    if timed is not None:
        return dict(timed([row.text for row in rows]))
    seconds = []
    for row in rows:
        clock = time.perf_counter()
        contestant.predict([row.text], None)
        seconds.append(time.perf_counter() - clock)
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return {"p50": float(p50), "p95": float(p95), "items": len(seconds)}


def _effort(fit: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """What choosing and training took: the candidates or checks that were judged, the tokens read, the seconds."""
    judged = fit.get("candidates") or fit.get("checks") or ()
    return {"trials": int(fit.get("trials", len(judged))), "tokens": int(fit.get("tokens", 0)), "seconds": seconds}


def _row(prediction: Prediction) -> dict[str, Any]:
    """A prediction without its share of the clock, which is the one thing in it that differs from run to run."""
    row = asdict(prediction)
    del row["seconds"], row["references"]
    if prediction.text is None:
        del row["text"], row["written"]
    if prediction.judged is None:
        del row["judged"]
    else:
        row["judged"] = {name: list(pair) for name, pair in prediction.judged.items()}
    for name in ("scores", "raw_scores"):
        if row[name] is not None:
            row[name] = [float(value) for value in row[name]]
    return row


def _model(model: Any | None) -> dict[str, Any] | None:
    if model is None:
        return None
    return {
        "name": model.files.name,
        "content_hash": model.files.content_hash,
        "origin": str(model.files.origin),
        "dtype": model.dtype,
        "facts": dict(getattr(model, "facts", {})),
    }


def _seed_globals(seed: int) -> None:
    """Seeds the global generators, in case a library below a contestant draws from them."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
