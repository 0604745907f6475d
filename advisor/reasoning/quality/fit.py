"""Fits the quality model: a linear model in z with stated priors, an effect per study, and heavy tails.

The posterior mode is found by iteratively reweighted least squares (a Student-t row error): one wild row pulls little,
and one study with many rows counts about as one study. Runs of our own come after: they move the coefficients marked
for it and no other, so that what was seen of one model says nothing of all. Deterministic: no draws, no starting point.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

import numpy as np

from advisor.intake import facts as intake_facts
from advisor.intake.answers import Answers
from advisor.intake.columns import Facts, Floats
from advisor.intake.comparisons import answers_of
from advisor.knowledge.domain import APPROACHES, Rulebook
from advisor.knowledge.model_names import ModelNames
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.quality_model import Calibration, Coefficients, Disagreement, Prior, Priors, QualityModel
from advisor.knowledge.studies import Comparison
from advisor.reasoning.quality.features import Situation, situation

ROUNDS = 100
CONVERGED = 1e-9
HELD = 1e9  # precision of a coefficient that our own runs may not move
OWN = "run:"  # how the id of a row begins that is a run of our own


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Published comparisons as the model sees them: answers, situation, points, study codes.

    `points` (N, 3) is NaN where an approach was not reported.
    """

    rows: tuple[Comparison, ...]
    answered: Facts
    situation: Situation
    points: Floats
    studies: np.ndarray
    _designs: dict[tuple[str, ...], Floats] = field(default_factory=dict)

    def design(self, features: tuple[str, ...], hybrid: bool) -> Floats:
        """The features of all rows as a matrix, made once."""
        if features not in self._designs:
            make = self.situation.hybrid_design if hybrid else self.situation.design
            self._designs[features] = make(features)
        return self._designs[features]

    @property
    def own(self) -> np.ndarray:
        """Which rows are runs of our own, (N,)."""
        return np.array([row.id.startswith(OWN) for row in self.rows], bool)

    @property
    def digest(self) -> str:
        """The SHA-256 over ids and scores."""
        content = [(row.id, sorted(row.points().items())) for row in self.rows]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def trials(
    rows: Sequence[Comparison],
    names: ModelNames,
    book: Rulebook,
    prices: PriceTable,
    day: date,
    stated: Mapping[str, Answers] = MappingProxyType({}),
) -> Trials:
    """The comparisons with at least two reported scores, by id, ready for fitting and judging.

    `stated` are the answers of rows, by id, that were given before the comparison was made and need not be derived.
    """
    kept = tuple(sorted((row for row in rows if len(row.points()) > 1), key=lambda row: row.id))
    answers = [stated[row.id] if row.id in stated else answers_of(row, names, book) for row in kept]
    answered = intake_facts.tabulate(answers, book)
    facts = intake_facts.derive(answered, book, day)
    points = np.array([[row.points().get(name, np.nan) for name in APPROACHES] for row in kept]).reshape(-1, 3)
    groups = [row.group for row in kept]
    order = {group: code for code, group in enumerate(sorted(set(groups)))}
    return Trials(
        kept, answered, situation(facts, prices, day), points, np.array([order[group] for group in groups], int)
    )


def fit(data: Trials, priors: Priors, chosen: np.ndarray | None = None, tolerance: float = CONVERGED) -> QualityModel:
    """The model fitted to the chosen rows (all by default), uncalibrated; coefficients converge to `tolerance`."""
    use = np.ones(len(data.rows), bool) if chosen is None else chosen
    prompt, tuned, hybrid = data.points.T
    parts = []
    for beliefs, lead, whole in (
        (priors.tuning, tuned - prompt, False),
        (priors.hybrid, hybrid - np.fmax(prompt, tuned), True),
    ):
        features = tuple(prior.id for prior in beliefs)
        design = data.design(features, whole)
        rows = use & np.isfinite(lead)
        target = np.arcsinh(lead[rows] / priors.scale_points)
        if whole:  # our own runs report every hybrid: what selection adds to a published lead they lack
            target = target + priors.hybrid_selection * data.own[rows]
        published, own = rows & ~data.own, rows & data.own
        found = _solve(design[published], target[published[rows]], data.studies[published], beliefs, priors, tolerance)
        if own.any():
            found = _learnt(design[own], target[own[rows]], data.studies[own], found, beliefs, priors, tolerance)
        parts.append(found)
    disagreement = _disagreement(data, parts[0], use & np.isfinite(tuned - prompt), tuned - prompt, priors)
    return QualityModel(
        tuning=parts[0],
        hybrid=parts[1],
        scale_points=priors.scale_points,
        study_sd=priors.study_sd,
        row_sd=priors.row_sd,
        hybrid_selection=priors.hybrid_selection,
        disagreement=disagreement,
        calibration=Calibration(0.0, 1.0),
        rows=int(use.sum()),
        studies=len(set(data.studies[use].tolist())),
        fitted_on=data.digest,
    )


def _disagreement(data: Trials, found: Coefficients, rows: np.ndarray, lead: Floats, priors: Priors) -> Disagreement:
    """Where each study stands and how far it lies off the fit on average."""
    scales = np.array([prior.sd for prior in priors.tuning])
    design = data.design(found.features, False)[rows]
    errors = np.arcsinh(lead[rows] / priors.scale_points) - design @ found.mean
    codes, members = np.unique(data.studies[rows], return_inverse=True)
    means = (members[None, :] == np.arange(len(codes))[:, None]).astype(float)
    means /= means.sum(axis=1, keepdims=True)
    return Disagreement(scales, (means @ design) * scales, means @ errors)


def _solve(
    design: Floats,
    target: Floats,
    studies: np.ndarray,
    beliefs: Sequence[Prior],
    priors: Priors,
    tolerance: float,
) -> Coefficients:
    """Posterior mean and covariance of the coefficients; bounds hold by fixing a coefficient that would cross one."""
    mean = np.array([prior.mean for prior in beliefs])
    sd = np.array([prior.sd for prior in beliefs])
    while True:
        found, precision = _posterior(design, target, studies, mean, np.diag(1 / sd**2), priors, tolerance)
        fixed = False
        for index, prior in enumerate(beliefs):
            for bound, beyond in ((prior.at_least, -1), (prior.at_most, 1)):
                if bound is not None and beyond * (found[index] - bound) > 1e-9:
                    mean[index], sd[index], fixed = bound, 1e-6, True
        if not fixed:
            names, because = zip(*((prior.id, prior.because) for prior in beliefs), strict=True)
            return Coefficients(names, because, found, np.asarray(np.linalg.inv(precision), float))


def _learnt(
    design: Floats,
    target: Floats,
    studies: np.ndarray,
    found: Coefficients,
    beliefs: Sequence[Prior],
    priors: Priors,
    tolerance: float,
) -> Coefficients:
    """What our own runs add: they move the coefficients that are marked for it and leave all others as they were.

    The others keep mean and covariance; their doubt passes into the marked ones, which were fitted around them.
    """
    free = np.array([prior.learns_from_runs for prior in beliefs], bool)
    if not free.any():
        return found
    precision = np.linalg.inv(found.covariance)
    held = precision + np.diag(np.where(free, 0.0, HELD))
    mean, hessian = _posterior(design, target, studies, found.mean, held, priors, tolerance)
    low = np.array([-np.inf if prior.at_least is None else prior.at_least for prior in beliefs])
    high = np.array([np.inf if prior.at_most is None else prior.at_most for prior in beliefs])
    spread = np.linalg.inv(hessian[np.ix_(free, free)])
    slope = -spread @ hessian[np.ix_(free, ~free)]
    covariance = found.covariance.copy()
    across = slope @ covariance[np.ix_(~free, ~free)]
    covariance[np.ix_(free, ~free)], covariance[np.ix_(~free, free)] = across, across.T
    covariance[np.ix_(free, free)] = spread + across @ slope.T
    return replace(found, mean=np.where(free, np.clip(mean, low, high), found.mean), covariance=covariance)


def _posterior(
    design: Floats,
    target: Floats,
    studies: np.ndarray,
    mean: Floats,
    precision: Floats,
    priors: Priors,
    tolerance: float,
) -> tuple[Floats, Floats]:
    """The mode and its precision [K, K], from a prior of this mean and precision; the studies' effects are left out."""
    codes, members = np.unique(studies, return_inverse=True)
    belongs = (members[None, :] == np.arange(len(codes))[:, None]).astype(float)
    weights = np.full(len(target), 1 / priors.row_sd**2)
    freedom = priors.degrees_of_freedom
    found = mean
    for _ in range(ROUNDS):
        weighted = design * weights[:, None]
        sums, shared = belongs @ weighted, belongs @ weights + 1 / priors.study_sd**2
        # The Schur complement of the studies' diagonal block: only K equations are left.
        hessian = weighted.T @ design + precision - sums.T @ (sums / shared[:, None])
        totals = belongs @ (weights * target)
        right = weighted.T @ target + precision @ mean - sums.T @ (totals / shared)
        last, found = found, np.linalg.solve(hessian, right)
        effects = (totals - sums @ found) / shared
        errors = (target - design @ found - effects[members]) / priors.row_sd
        weights = (freedom + 1) / (freedom + errors**2) / priors.row_sd**2
        if np.abs(found - last).max() < tolerance:
            break
    return found, hessian
