"""The advisor's record over published comparisons: what it would have advised, and what that would have cost.

Only quality counts here: the other criteria have no weight and no gate is asked. Offered are the approaches whose score
a row reports; regret is the best reported score less that of the advised approach, in points of 100.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from advisor.intake.columns import Bools, Facts, Floats
from advisor.knowledge.domain import APPROACHES, CRITERIA
from advisor.knowledge.quality_model import Priors
from advisor.reasoning.engine import Engine
from advisor.reasoning.quality.blend import QUALITY
from advisor.reasoning.quality.calibration import (
    ROUGHLY,
    ROUNDING,
    expected_calibration_error,
    fit_calibrated,
    regrets,
    reliability,
)
from advisor.reasoning.quality.fit import Trials, fit
from advisor.reasoning.quality.forecast import LEVEL

EXAMPLE_GROUPS = ((0, 1), (1, 20), (20, 100), (100, 500), (500, 2000), (2000, 10_000), (10_000, 100_000))
PULLS = 3  # features that are named as what moved a forecast
MANY = 500  # examples from which the threshold rules tune


@dataclass(frozen=True, slots=True, eq=False)
class StudyRecord:
    """The advice for N comparisons: `choice` (N,) as index of the approach, `said` (N,) its probability or NaN."""

    data: Trials
    choice: np.ndarray
    said: Floats
    left_out: bool

    @property
    def regret(self) -> Floats:
        """Points of 100 lost, per row."""
        return regrets(self.data.points, self.choice)

    def plain(self) -> dict[str, Any]:
        """The record in JSON form."""
        regret = self.regret
        hit = regret <= LEVEL + ROUNDING
        sure = np.isfinite(self.said)
        said, held = self.said[sure], hit[sure]
        return {
            **_figures(regret, self.data.studies),
            "ties": int((hit & (regret > ROUNDING)).sum()),
            "left_out": "paper" if self.left_out else None,
            "brier": float(np.mean((said - held) ** 2)) if len(said) else None,
            "ece": expected_calibration_error(said, held) if len(said) else None,
            "with_confidence": int(sure.sum()),
            "reliability": [
                {"said": round(p, 4), "held": round(share, 4), "n": count}
                for p, share, count in reliability(said, held)
            ],
            "baselines": {
                name: _figures(regrets(self.data.points, rule(self.data)), self.data.studies)
                for name, rule in BASELINES.items()
            },
            "by_task_kind": self._grouped([row.task_kind for row in self.data.rows]),
            "by_examples": self._grouped([examples_group(row.examples) for row in self.data.rows]),
            "by_paper": self._grouped([row.group for row in self.data.rows]),
            "misses": [self._miss(int(index)) for index in np.flatnonzero(~hit)],
        }

    def _grouped(self, keys: Sequence[str]) -> dict[str, Any]:
        names = np.array(keys)
        return {
            name: _figures(self.regret[names == name], self.data.studies[names == name]) for name in sorted(set(keys))
        }

    def _miss(self, index: int) -> dict[str, Any]:
        row, points = self.data.rows[index], self.data.points[index]
        return {
            "id": row.id,
            "paper": row.paper,
            "task": row.task_name,
            "advised": APPROACHES[self.choice[index]],
            "best": APPROACHES[int(np.nanargmax(points))],
            "regret": round(float(self.regret[index]), 4),
            "scores": {name: round(float(value), 4) for name, value in row.points().items()},
            "confidence": None if np.isnan(self.said[index]) else round(float(self.said[index]), 4),
            "source": row.source_url,
        }


def judge(engine: Engine, data: Trials, priors: Priors | None = None) -> StudyRecord:
    """The record over comparisons. With `priors`, the model is refitted without the study of each row first."""
    choice = np.zeros(len(data.rows), int)
    said = np.full(len(data.rows), np.nan)
    if priors is None:
        choice, said = ask(engine, data)
        return StudyRecord(data, choice, said, left_out=False)
    for study in sorted(set(data.studies.tolist())):
        rows = data.studies == study
        fitted = fit_calibrated(data, priors, ~rows)
        choices, probabilities = ask(replace(engine, model=fitted), data)
        choice[rows], said[rows] = choices[rows], probabilities[rows]
    return StudyRecord(data, choice, said, left_out=True)


def reasons(data: Trials, priors: Priors) -> dict[str, str]:
    """For each comparison, by id, what the forecast of the other papers was and which features moved it most."""
    found = {}
    for study in sorted(set(data.studies.tolist())):
        rows = data.studies == study
        model = fit(data, priors, ~rows, ROUGHLY)
        pulls = data.design(model.tuning.features, False) * model.tuning.mean
        start = model.tuning.features.index("start") if "start" in model.tuning.features else -1
        hybrid = data.design(model.hybrid.features, True) @ model.hybrid.mean - model.hybrid_selection
        for index in np.flatnonzero(rows):
            lead = float(np.sinh(pulls[index].sum()) * model.scale_points)
            most = [one for one in np.argsort(-np.abs(pulls[index]), kind="stable") if one != start][:PULLS]
            named = ", ".join(f"{model.tuning.features[one]} {pulls[index][one]:+.2f}" for one in most)
            extra = float(np.sinh(hybrid[index]) * model.scale_points)
            found[data.rows[index].id] = (
                f"the other papers had tuning {lead:+.1f} points against prompting ({named} in z) and a hybrid "
                f"{extra:+.1f} against the better of both"
            )
    return found


def ask(engine: Engine, data: Trials) -> tuple[np.ndarray, Floats]:
    """The engine's choice among the reported approaches with quality alone counting, and its calibrated probability."""
    offered = np.isfinite(data.points)
    outcome = engine.decide(quality_only(data.answered))
    choice = np.where(offered, outcome.points[:, :, QUALITY], -np.inf).argmax(axis=1)
    return choice, engine.confidence(outcome, offered)[np.arange(len(choice)), choice]


def quality_only(facts: Facts) -> Facts:
    """The same facts with all weight on quality."""
    weights = np.zeros((facts.n, len(CRITERIA)))
    weights[:, QUALITY] = 1.0
    return Facts(facts.n, facts.columns, weights, facts.defaulted)


def examples_group(examples: int | None) -> str:
    """The group of a number of labelled examples, in words."""
    if examples is None:
        return "not stated"
    for low, high in EXAMPLE_GROUPS:
        if low <= examples < high:
            return f"{low:,}" if high == low + 1 else f"{low:,} to {high - 1:,}"
    return f"{EXAMPLE_GROUPS[-1][1]:,} and more"


def lines(record: StudyRecord) -> list[str]:
    """The record in plain words, with the constant policies and rules of thumb beside it."""
    plain = record.plain()
    how = "each paper forecast from the others" if record.left_out else "the fitted model as it is"
    text = [
        f"{plain['n']} comparisons from {plain['papers']} papers ({how}). A hit is within one point of the best.",
        "",
        f"{'':34s}{'hits':>8s}{'mean regret':>13s}{'median':>8s}{'per paper: hits':>17s}{'regret':>8s}",
        _line("advisor", plain),
        *(_line(name.replace("_", " "), figures) for name, figures in plain["baselines"].items()),
        "",
        f"ties (level with the best, not the best itself): {plain['ties']}",
    ]
    if plain["ece"] is not None:
        text.append(
            f"confidence on {plain['with_confidence']} rows: Brier score {plain['brier']:.3f}, "
            f"expected calibration error {plain['ece']:.3f}"
        )
        text += [
            f"  said {100 * r['said']:.0f} %, held {100 * r['held']:.0f} % (n = {r['n']})" for r in plain["reliability"]
        ]
    for title, key in (("task kind", "by_task_kind"), ("labelled examples", "by_examples"), ("paper", "by_paper")):
        text += ["", f"by {title}"] + [_line("  " + name, figures) for name, figures in plain[key].items()]
    text += ["", f"misses: {len(plain['misses'])}"]
    text += [
        f"  {miss['id']}: advised {miss['advised']}, best {miss['best']}, lost {miss['regret']:.1f}; {miss['task']}"
        for miss in plain["misses"]
    ]
    return text


def _line(name: str, figures: Mapping[str, Any]) -> str:
    return (
        f"{name:34s}{100 * figures['hit_rate']:7.1f}%{figures['mean_regret']:13.2f}{figures['median_regret']:8.2f}"
        f"{100 * figures['paper_macro_hit_rate']:16.1f}%{figures['paper_macro_regret']:8.2f}   n = {figures['n']}"
    )


def _figures(regret: Floats, studies: np.ndarray) -> dict[str, Any]:
    hit = regret <= LEVEL + ROUNDING
    papers = [studies == study for study in sorted(set(studies.tolist()))]
    return {
        "n": len(regret),
        "papers": len(papers),
        "hits": int(hit.sum()),
        "hit_rate": float(hit.mean()),
        "mean_regret": float(regret.mean()),
        "median_regret": float(np.median(regret)),
        "paper_macro_hit_rate": float(np.mean([hit[rows].mean() for rows in papers])),
        "paper_macro_regret": float(np.mean([regret[rows].mean() for rows in papers])),
    }


def _first_offered(order: Sequence[str]) -> Callable[[Trials], np.ndarray]:
    """A policy: the first approach of `order` that a row reports."""
    ranks = np.array([-order.index(name) for name in APPROACHES], float)
    return lambda data: np.where(np.isfinite(data.points), ranks, -np.inf).argmax(axis=1)


def _threshold(hybrid_first: bool) -> Callable[[Trials], np.ndarray]:
    """A rule of thumb: prompting where fewer than `MANY` examples are stated, else tuning."""
    few_order = ("hybrid", "prompting", "fine_tuning") if hybrid_first else ("prompting", "fine_tuning", "hybrid")
    many_order = ("hybrid", "fine_tuning", "prompting") if hybrid_first else ("fine_tuning", "prompting", "hybrid")

    def rule(data: Trials) -> np.ndarray:
        few: Bools = np.array([row.examples is not None and row.examples < MANY for row in data.rows], bool)
        return np.where(few, _first_offered(few_order)(data), _first_offered(many_order)(data))

    return rule


BASELINES: Mapping[str, Callable[[Trials], np.ndarray]] = {
    "always_prompting": _first_offered(("prompting", "fine_tuning", "hybrid")),
    "always_fine_tuning": _first_offered(("fine_tuning", "hybrid", "prompting")),
    "always_hybrid": _first_offered(("hybrid", "fine_tuning", "prompting")),
    "tune_from_500_examples": _threshold(hybrid_first=False),
    "hybrid_if_offered_else_tune_from_500": _threshold(hybrid_first=True),
}
