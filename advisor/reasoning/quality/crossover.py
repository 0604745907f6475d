"""From how many labelled examples tuning overtakes the best prompt, as far as published studies can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.knowledge.quality_model import QualityModel
from advisor.reasoning.quality.features import Situation
from advisor.reasoning.quality.forecast import NORMAL_95, local_study_sd

FEWEST, MOST, STEPS = 10.0, 1e6, 241


@dataclass(frozen=True, slots=True)
class Crossover:
    """The number of labelled examples from which tuning leads: likely, with the band that holds nine of ten studies.

    None stands for "not below `MOST`" (likely, high); a value of `FEWEST` means "already at so few or fewer".
    """

    low: float | None
    likely: float | None
    high: float | None

    @property
    def word(self) -> str:
        """`already`, `not_within_reach` or `at`."""
        if self.likely is None:
            return "not_within_reach"
        return "already" if self.likely <= FEWEST else "at"


def crossover(model: QualityModel, at: Situation, row: int = 0) -> Crossover:
    """The crossover of one scenario. The band holds the doubt about the coefficients and the spread between studies."""
    grid = np.geomspace(FEWEST, MOST, STEPS)
    here = at.take(np.full(STEPS, row))
    design = np.stack([here.values(name, grid) for name in model.tuning.features], axis=1)
    lead = design @ model.tuning.mean
    variance = np.einsum("nk,nk->n", design @ model.tuning.covariance, design)
    sd = np.sqrt(variance + local_study_sd(model, design) ** 2 + at.open_variance[row])

    def first(line: np.ndarray) -> float | None:
        ahead = np.flatnonzero(line > 0)
        return float(grid[ahead[0]]) if len(ahead) else None

    return Crossover(first(lead + NORMAL_95 * sd), first(lead), first(lead - NORMAL_95 * sd))
