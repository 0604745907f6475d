"""Who is ahead in quality, by how much and how surely: the forecast from published studies, for N scenarios at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from advisor.intake.columns import Bools, Floats
from advisor.knowledge.quality_model import Coefficients, QualityModel
from advisor.reasoning.quality.features import SCARCE_HEAD, WITHIN_90, Situation

LEVEL = 1.0  # points of 100: an approach within so many of the best counts as level with it
NORMAL_95 = 1.6449
REACH = 0.4  # distance, in z by the prior's scales, at which a study still tells about a case
ALIKE = 0.1  # difference of two probabilities below which neither approach is singled out
PRIOR_STUDIES = 3.0  # for how many studies the prior spread counts


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Leads in z over N scenarios: mean, standard error of the mean, and spread of a new study's result.

    `tuning` is the lead of fine-tuning over prompting, `hybrid` that of a hybrid over the better of the two. `spread`
    (N,) is wide where near studies disagree.
    """

    scale_points: float
    tuning: Floats
    tuning_error: Floats
    hybrid: Floats
    hybrid_error: Floats
    spread: Floats

    def utilities(self) -> Floats:
        """Expected quality in z relative to prompting, shape (N, 3)."""
        return np.stack([np.zeros_like(self.tuning), self.tuning, np.maximum(self.tuning, 0) + self.hybrid], axis=1)

    def points(self, z: Floats) -> Floats:
        """A lead in z as points of 100, which it cannot exceed."""
        return np.clip(np.sinh(z) * self.scale_points, -100.0, 100.0)

    def tuning_interval(self) -> tuple[Floats, Floats, Floats]:
        """The lead of fine-tuning in points of 100: low, likely and high, with 90 % of new results between."""
        sd = np.hypot(self.tuning_error, self.spread)
        return tuple(self.points(self.tuning + k * NORMAL_95 * sd) for k in (-1, 0, 1))  # type: ignore[return-value]

    def hybrid_interval(self) -> tuple[Floats, Floats, Floats]:
        """The lead of a hybrid over the better of the other two in points of 100, as `tuning_interval`."""
        sd = np.hypot(self.hybrid_error, self.spread)
        return tuple(self.points(self.hybrid + k * NORMAL_95 * sd) for k in (-1, 0, 1))  # type: ignore[return-value]

    def within_level(self, offered: Bools) -> Floats:
        """The probability that each approach is within a point of the best of those offered, shape (N, 3).

        Uncalibrated; 0 for approaches that are not offered.
        """
        level = float(np.arcsinh(LEVEL / self.scale_points))
        lead, lead_sd = self.tuning, np.hypot(self.tuning_error, self.spread)
        tuned = student_cdf((lead + level) / lead_sd)
        prompt = student_cdf((level - lead) / lead_sd)
        extra, extra_sd = self.hybrid, np.hypot(self.hybrid_error, self.spread)
        both = offered[:, 0] & offered[:, 1]
        hybrid_over = np.where(both, extra, self.utilities()[:, 2] - np.where(offered[:, 0], 0, lead))
        hybrid_sd = np.where(both, extra_sd, np.hypot(extra_sd, np.where(offered[:, 0], lead_sd, 0.0)))
        hybrid = student_cdf((hybrid_over + level) / hybrid_sd)
        beaten = np.where(offered[:, 2], student_cdf((level - hybrid_over) / hybrid_sd), 1.0)
        result = np.stack(
            [
                np.where(offered[:, 1], prompt, 1.0) * beaten,
                np.where(offered[:, 0], tuned, 1.0) * beaten,
                np.where(offered[:, :2].any(axis=1), hybrid, 1.0),
            ],
            axis=1,
        )
        return np.where(offered, result, 0.0)


def forecast(model: QualityModel, at: Situation) -> Forecast:
    """The forecast of N scenarios."""
    names = model.tuning.features
    design = at.design(names)
    lead, error = _project(model.tuning, design)
    ends = [at.design(names, quantile) @ model.tuning.mean for quantile in (0, 2)]
    doubt = at.open_variance + ((ends[1] - ends[0]) / WITHIN_90) ** 2
    around = at.hybrid_design(model.hybrid.features)
    hybrid, hybrid_error = _project(model.hybrid, around)
    # What a prompt adds to a classifier tuned on few examples it adds to that model, not to the prompt alone.
    scarce = model.hybrid.features.index(SCARCE_HEAD)
    gain = around[:, scarce] * model.hybrid.mean[scarce]
    hybrid += np.maximum(lead + gain, 0) - np.maximum(lead, 0) - gain
    return Forecast(
        scale_points=model.scale_points,
        tuning=lead,
        tuning_error=np.sqrt(error**2 + doubt),
        hybrid=hybrid - model.hybrid_selection,
        hybrid_error=hybrid_error,
        spread=np.hypot(local_study_sd(model, design), model.row_sd),
    )


def local_study_sd(model: QualityModel, design: Floats) -> Floats:
    """The spread between studies near each scenario, (N,): the prior's, moved by how far near ones lie off the fit."""
    near = model.disagreement
    place = design * near.scales
    squared = (place**2).sum(axis=1)[:, None] + (near.places**2).sum(axis=1)[None, :] - 2 * place @ near.places.T
    weight = np.exp(-np.maximum(squared, 0) / (2 * REACH**2))
    total = PRIOR_STUDIES * model.study_sd**2 + weight @ near.errors**2
    return np.asarray(np.sqrt(total / (PRIOR_STUDIES + weight.sum(axis=1))))


def student_cdf(t: Floats) -> Floats:
    """The distribution function of Student's t with four degrees of freedom, which has a closed form."""
    ratio = t**2 / (4 + t**2)
    return 0.5 + 0.375 * np.sign(t) * np.sqrt(ratio) * 2 * (1 - ratio / 3)


def _project(coefficients: Coefficients, design: Floats) -> tuple[Floats, Floats]:
    """Mean and standard error of the linear predictor."""
    variance = np.einsum("nk,nk->n", design @ coefficients.covariance, design)
    return design @ coefficients.mean, np.sqrt(np.maximum(variance, 0))


def contenders(probability: Floats, cover: float) -> Bools:
    """The smallest set of approaches, likeliest first, whose probabilities reach `cover` together, shape (N, 3).

    An approach that is hardly less likely than the first belongs to it, for nothing tells those two apart.
    """
    order = np.argsort(-probability, axis=1, kind="stable")
    ranked = np.take_along_axis(probability, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    kept = np.zeros(probability.shape, bool)
    hardly_less = ranked >= ranked[:, :1] - ALIKE
    np.put_along_axis(kept, order, ((before < cover) | hardly_less) & (ranked > 0), axis=1)
    return kept
