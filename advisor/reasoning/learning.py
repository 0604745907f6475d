"""What the forecast would learn from our own runs, tried on tasks that it has not seen, before anything is written.

Runs of the ledger join the published comparisons as rows of their own, each task counting about as one study. Nothing
here changes the forecast by itself: `advisor record fit --write` does, as a new version beside the shipped one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from advisor.errors import InputError, Problem
from advisor.intake import answers as intake
from advisor.intake.columns import Bools, Floats
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.model_names import ModelNames
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.quality_model import Priors, QualityModel
from advisor.knowledge.studies import Comparison
from advisor.reasoning.ledger import Entry
from advisor.reasoning.quality.calibration import ROUGHLY, ROUNDING, choose, fit_calibrated, regrets
from advisor.reasoning.quality.fit import OWN, Trials, fit, trials
from advisor.reasoning.quality.forecast import LEVEL, forecast

FITS = "fits.jsonl"
LEAST_TASKS = 2  # with one there is no other to learn from


@dataclass(frozen=True, slots=True)
class Fold:
    """What a forecast does on the rows of a group that it was not fitted on: regret and error of leads in points.

    `hits` are choices within a point of the best.
    """

    group: str
    rows: int
    regret: float
    hits: int
    lead_error: float


@dataclass(frozen=True, slots=True)
class Trial:
    """The forecast on unseen groups before our runs are in, and after; in the same order."""

    before: tuple[Fold, ...]
    after: tuple[Fold, ...]

    def regret(self) -> tuple[float, float]:
        """Points lost on average over groups, before and after."""
        return tuple(float(np.mean([fold.regret for fold in folds])) for folds in (self.before, self.after))  # type: ignore[return-value]

    def lead_error(self) -> tuple[float, float]:
        """How far the forecast leads were off on average over groups, before and after."""
        return tuple(float(np.mean([fold.lead_error for fold in folds])) for folds in (self.before, self.after))  # type: ignore[return-value]


def joined(
    rows: Sequence[Comparison], runs: Sequence[Entry], names: ModelNames, book: Rulebook, prices: PriceTable, day: date
) -> Trials:
    """Published comparisons and runs together, ready for fitting. Raises InputError where runs state no answers."""
    own = {row.id: entry for entry in runs for row in (_row(entry),) if len(row.points()) > 1}
    answers = {}
    for name, entry in own.items():
        stated = {field: value for field, value in (entry.answers or {}).items() if field != "priorities"}
        if not stated:
            problem = Problem(entry.id, "answers", "nothing", "the answers of the locked prediction")
            raise InputError([problem])
        answers[name] = intake.parse(stated, book, entry.id)
    return trials([*rows, *(_row(entry) for entry in own.values())], names, book, prices, day, answers)


def on_tasks(data: Trials, priors: Priors) -> Trial:
    """The forecast on each task of ours: by the published comparisons alone, and with the other tasks' runs in."""
    own = data.own
    groups = sorted(set(data.studies[own].tolist()))
    if len(groups) < LEAST_TASKS:
        found = f"runs on {len(groups)} task(s)"
        remedy = "add more with: advisor record add DIR"
        raise InputError([Problem("the record", "", found, f"runs on at least {LEAST_TASKS} tasks", remedy)])
    plain = fit(data, priors, ~own, ROUGHLY)
    before, after = [], []
    for group in groups:
        held = data.studies == group
        before.append(_fold(plain, data, held))
        after.append(_fold(fit(data, priors, ~held, ROUGHLY), data, held))
    return Trial(tuple(before), tuple(after))


def on_papers(data: Trials, priors: Priors) -> Trial:
    """The forecast on each published paper: by the other papers alone, and with our runs in."""
    own = data.own
    before, after = [], []
    for group in sorted(set(data.studies[~own].tolist())):
        held = data.studies == group
        before.append(_fold(fit(data, priors, ~held & ~own, ROUGHLY), data, held))
        after.append(_fold(fit(data, priors, ~held, ROUGHLY), data, held))
    return Trial(tuple(before), tuple(after))


def fitted(data: Trials, priors: Priors) -> QualityModel:
    """The forecast with everything in, calibrated; it knows how many of its rows are our own."""
    own = data.own
    model = fit_calibrated(data, priors)
    return replace(
        model,
        rows=int((~own).sum()),
        studies=len(set(data.studies[~own].tolist())),
        own_runs=int(own.sum()),
        own_tasks=len(set(data.studies[own].tolist())),
    )


def lines(tasks: Trial, papers: Trial) -> list[str]:
    """Before and after on unseen groups, in plain words."""
    text = [f"{'task (unseen)':32s}{'rows':>5s}{'lost before':>13s}{'after':>8s}{'lead off before':>17s}{'after':>8s}"]
    for one, two in zip(tasks.before, tasks.after, strict=True):
        numbers = f"{one.rows:5d}{one.regret:13.2f}{two.regret:8.2f}{one.lead_error:17.2f}{two.lead_error:8.2f}"
        text.append(f"{one.group.removeprefix('run:')[:31]:32s}{numbers}")
    for title, trial in (("all tasks, unseen", tasks), ("all papers, unseen", papers)):
        (lost, lost_after), (off, off_after) = trial.regret(), trial.lead_error()
        rows = sum(fold.rows for fold in trial.before)
        text.append(f"{title:32s}{rows:5d}{lost:13.2f}{lost_after:8.2f}{off:17.2f}{off_after:8.2f}")
    return [*text, "points of 100; each row without its own task or paper; means over tasks and papers"]


def plain(tasks: Trial, papers: Trial) -> dict[str, Any]:
    """The same in JSON form."""
    return {
        name: {
            "regret": [round(value, 4) for value in trial.regret()],
            "lead_error": [round(value, 4) for value in trial.lead_error()],
            "groups": len(trial.before),
            "rows": sum(fold.rows for fold in trial.before),
            "hits": [sum(fold.hits for fold in folds) for folds in (trial.before, trial.after)],
        }
        for name, trial in (("tasks", tasks), ("papers", papers))
    }


def better(tasks: Trial, papers: Trial) -> bool:
    """Whether nothing got worse on unseen tasks or papers, neither the points lost nor the error of the leads."""
    pairs = [trial.regret() for trial in (tasks, papers)] + [tasks.lead_error()]
    return all(after <= before + ROUNDING for before, after in pairs)


def keep(folder: Path, entry: Mapping[str, Any]) -> int:
    """Adds a fit to the log of fits and returns its version, counted from 1."""
    path = folder / FITS
    known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    version = len(known) + 1
    known.append(json.dumps({"version": version, **entry}, ensure_ascii=False))
    part = path.with_suffix(".part")
    part.write_text("".join(f"{line}\n" for line in known), encoding="utf-8")
    part.replace(path)
    return version


def newest(folder: Path) -> dict[str, Any] | None:
    """The last written fit, as its line in the log has it; None where none was written."""
    path = folder / FITS
    known = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found: dict[str, Any] | None = json.loads(known[-1]) if known else None
    return found


def last_fit(folder: Path) -> frozenset[str]:
    """The ids of the runs that the last written fit had in; empty where none was written."""
    found = newest(folder)
    return frozenset(found["runs"]) if found else frozenset()


def _fold(model: QualityModel, data: Trials, held: Bools) -> Fold:
    _, choice = choose(model, data)
    regret = regrets(data.points, choice)[held]
    expected = forecast(model, data.situation)
    lead = data.points[:, 1] - data.points[:, 0]
    errors: Floats = np.abs(expected.points(expected.tuning) - lead)[held & np.isfinite(lead)]
    return Fold(
        group=data.rows[int(np.flatnonzero(held)[0])].group,
        rows=int(held.sum()),
        regret=float(regret.mean()),
        hits=int((regret <= LEVEL + ROUNDING).sum()),
        lead_error=float(errors.mean()) if len(errors) else 0.0,
    )


def _row(entry: Entry) -> Comparison:
    """A run as a comparison. Its id names its task as a study's rows name their paper."""
    answers = entry.answers or {}
    return Comparison(
        id=f"{OWN}{entry.group}-{entry.examples or 0:06d}:{entry.lock[:12]}",
        paper=entry.group,
        authors_year="",
        source_url=entry.source,
        task_name=entry.title,
        task_kind=entry.task_kind,
        domain="",
        language="",
        class_count=answers.get("class_count"),
        examples=entry.examples,
        prompt_model=entry.model,
        prompt_size_b=answers.get("base_model_size_b"),
        prompt_method=(entry.arms or {}).get("prompting", ""),
        shots=None,
        tuned_model=entry.model,
        tuned_size_b=answers.get("tunable_model_size_b"),
        tuning_method=(entry.arms or {}).get("fine_tuning", ""),
        same_base=True,
        hybrid_description="",
        metric="",
        metric_max=100.0,
        higher_is_better=True,
        needs_knowledge=False,
        prompt_score=entry.scores.get("prompting"),
        tuned_score=entry.scores.get("fine_tuning"),
        hybrid_score=entry.scores.get("hybrid"),
        note="",
        line=0,
    )
