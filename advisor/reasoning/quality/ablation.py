"""What each feature and each belief of the forecast buys across papers that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from advisor.intake.columns import Bools, Floats
from advisor.knowledge.quality_model import Prior, Priors
from advisor.reasoning.quality.calibration import ROUGHLY, ROUNDING, choose, regrets
from advisor.reasoning.quality.fit import Trials, fit
from advisor.reasoning.quality.forecast import LEVEL

NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Ablation:
    """Paper-macro regret (points of 100) and share of hits of a forecast that lacks something."""

    without: str
    regret: float
    hits: float


def ablations(data: Trials, priors: Priors) -> Iterator[Ablation]:
    """The whole forecast first, then each feature of the tuning lead left out, then each kind of belief changed."""
    yield _measured("nothing", data, priors)
    for prior in priors.tuning:
        if not prior.id.startswith("kind_"):
            yield _measured(prior.id, data, replace(priors, tuning=_without(priors.tuning, {prior.id})))
    kinds = {prior.id for prior in priors.tuning if prior.id.startswith("kind_")}
    yield _measured("all kinds of task", data, replace(priors, tuning=_without(priors.tuning, kinds)))
    features = {prior.id for prior in priors.tuning} - {"start"}
    yield _measured("all features", data, replace(priors, tuning=_without(priors.tuning, features)))
    flat = tuple(replace(prior, mean=0.0, at_least=None, at_most=None) for prior in priors.tuning)
    yield _measured("the means of the beliefs (all 0)", data, replace(priors, tuning=flat))
    for factor in (0.5, 2.0, 4.0):
        scaled = tuple(replace(prior, sd=prior.sd * factor) for prior in priors.tuning)
        yield _measured(f"the width of the beliefs (x {factor:g})", data, replace(priors, tuning=scaled))
    yield _measured("effects of studies", data, replace(priors, study_sd=NOTHING))
    yield _measured("heavy tails", data, replace(priors, degrees_of_freedom=1e6))
    yield _measured("the compression of large leads", data, replace(priors, scale_points=1000.0))
    features = {prior.id for prior in priors.hybrid} - {"start"}
    yield _measured("the features of a hybrid's lead", data, replace(priors, hybrid=_without(priors.hybrid, features)))
    yield _measured("the studies (beliefs alone)", data, priors, learn=False)


def _without(beliefs: Sequence[Prior], ids: set[str]) -> tuple[Prior, ...]:
    return tuple(
        replace(prior, mean=0.0, sd=NOTHING, at_least=None, at_most=None) if prior.id in ids else prior
        for prior in beliefs
    )


def _measured(name: str, data: Trials, priors: Priors, learn: bool = True) -> Ablation:
    choice = np.zeros(len(data.rows), int)
    studies = sorted(set(data.studies.tolist()))
    none: Bools = np.zeros(len(data.rows), bool)
    for study in studies:
        rows = data.studies == study
        choice[rows] = choose(fit(data, priors, ~rows if learn else none, ROUGHLY), data)[1][rows]
    regret: Floats = regrets(data.points, choice)
    hit = regret <= LEVEL + ROUNDING
    return Ablation(
        name,
        float(np.mean([regret[data.studies == study].mean() for study in studies])),
        float(np.mean([hit[data.studies == study].mean() for study in studies])),
    )
