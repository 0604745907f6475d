"""How sure the forecast may be: its probabilities against what held for studies that it had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from advisor.intake.columns import Bools, Floats
from advisor.knowledge.quality_model import Calibration, Priors, QualityModel
from advisor.reasoning.quality.fit import Trials, fit
from advisor.reasoning.quality.forecast import LEVEL, forecast

PRIOR_SD = 0.5  # of intercept and slope around "as the model says"
ROUNDS = 30
ROUGHLY = 1e-3  # to which the coefficients of the many fits converge that only a probability is read from
BINS = 10
ROUNDING = 1e-9


def fit_calibrated(data: Trials, priors: Priors, chosen: Bools | None = None) -> QualityModel:
    """The model of the chosen rows (all by default), calibrated by leaving out one of their studies at a time."""
    use = np.ones(len(data.rows), bool) if chosen is None else chosen
    model = fit(data, priors, use)
    said, held = unseen(data, priors, use)
    return replace(model, calibration=calibrate(said, held))


def unseen(data: Trials, priors: Priors, use: Bools) -> tuple[Floats, Bools]:
    """What the model says of its choice for each row when that row's study is left out, and whether it held.

    Both (M,) over the used rows: the probability that the choice is level with the best, and whether it was.
    """
    said, held = np.zeros(len(data.rows)), np.zeros(len(data.rows), bool)
    for study in sorted(set(data.studies[use].tolist())):
        rows = np.flatnonzero(use & (data.studies == study))
        probability, choice = choose(fit(data, priors, use & (data.studies != study), ROUGHLY), data)
        said[rows] = probability[rows]
        held[rows] = regrets(data.points, choice)[rows] <= LEVEL + ROUNDING
    return said[use], held[use]


def choose(model: QualityModel, data: Trials) -> tuple[Floats, np.ndarray]:
    """The forecast's choice among the reported approaches of each row, (N,), and its plain probability."""
    offered = np.isfinite(data.points)
    expected = forecast(model, data.situation)
    choice = np.where(offered, expected.utilities(), -np.inf).argmax(axis=1)
    rows = np.arange(len(choice))
    return expected.within_level(offered)[rows, choice], choice


def regrets(points: Floats, choice: np.ndarray) -> Floats:
    """Points of 100 that each choice loses to the best reported approach, shape (N,)."""
    return np.asarray(np.nanmax(points, axis=1) - points[np.arange(len(choice)), choice])


def calibrate(said: Floats, held: Bools) -> Calibration:
    """The logistic recalibration of probabilities to outcomes, held near the identity by a normal prior."""
    p = np.clip(said, 1e-6, 1 - 1e-6)
    design = np.stack([np.ones_like(p), np.log(p / (1 - p))], axis=1)
    centre = np.array([0.0, 1.0])
    found = centre.copy()
    for _ in range(ROUNDS):
        mean = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (held - mean) - (found - centre) / PRIOR_SD**2
        hessian = (design * (mean * (1 - mean))[:, None]).T @ design + np.eye(2) / PRIOR_SD**2
        found = found + np.linalg.solve(hessian, gradient)
    return Calibration(float(found[0]), float(found[1]))


def reliability(said: Floats, held: Bools) -> Sequence[tuple[float, float, int]]:
    """The reliability diagram: per tenth of probability that occurs, mean probability, share that held, count."""
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    return [
        (float(said[bins == index].mean()), float(held[bins == index].mean()), int((bins == index).sum()))
        for index in range(BINS)
        if (bins == index).any()
    ]


def expected_calibration_error(said: Floats, held: Bools) -> float:
    """The mean distance of probability and share that held over the tenths, weighted by rows; 0 for none."""
    if not len(said):
        return 0.0
    return float(sum(count * abs(p - share) for p, share, count in reliability(said, held)) / len(said))
