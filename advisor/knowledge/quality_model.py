"""What the quality forecast rests on: beliefs before any study, and the coefficients fitted to the studies (JSON).

The unit is z = arsinh(points / scale): near 0 it counts points, far out it compresses them, so that wild results weigh
less. The file is written by `advisor studies fit` and read at every start; it is never edited by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor import locate
from advisor.errors import InputError, Problem
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.fields import Fields

FOLDER = "studies"
RECORD = "record"  # where `advisor record fit --write` puts a model with our own runs in
NAMES = "models.yaml"
PRIORS = "priors.yaml"
MODEL = "model.json"
DIGITS = 6
FORMAT = 1
# The answers that the forecast reads.
ANSWERS = frozenset(
    {
        *("task_kind", "domain_specialization", "class_count", "knowledge_need", "labelled_examples"),
        *("training_material", "tuning_method", "quality_measure", "base_model", "base_model_grade"),
        *("base_model_size_b", "tunable_model_size_b", "prompt_effort", "model_access"),
    }
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of one coefficient before any study: mean and standard deviation in z, and why.

    Runs of our own move it only where it `learns_from_runs`.
    """

    id: str
    mean: float
    sd: float
    at_least: float | None
    at_most: float | None
    because: str
    source: tuple[str, ...]
    learns_from_runs: bool = False


@dataclass(frozen=True, slots=True)
class Priors:
    """All beliefs before the studies: on the lead of tuning over prompting, and of a hybrid over the better of both.

    `study_sd` and `row_sd` are the spread in z, between studies and between rows, that no feature explains;
    `hybrid_selection` is the part of a hybrid's lead, in z, that comes from which papers report one.
    """

    scale_points: float
    study_sd: float
    row_sd: float
    degrees_of_freedom: float
    hybrid_selection: float
    tuning: tuple[Prior, ...]
    hybrid: tuple[Prior, ...]

    @property
    def learn_from_runs(self) -> bool:
        """Whether any coefficient is marked as one that runs of our own may move."""
        return any(prior.learns_from_runs for prior in (*self.tuning, *self.hybrid))


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """Fitted coefficients by feature: mean (K,) and covariance (K, K) in z, and what each feature says in words."""

    features: tuple[str, ...]
    because: tuple[str, ...]
    mean: Floats
    covariance: Floats

    def plain(self) -> dict[str, Any]:
        """The JSON form, rounded so that it is the same to the byte on every machine."""
        return {
            "features": list(self.features),
            "because": list(self.because),
            "mean": [round(float(value), DIGITS) for value in self.mean],
            "covariance": [[round(float(value), DIGITS) for value in row] for row in self.covariance],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Disagreement:
    """How far each study lies off the fit, and where it stands: what tells how well studies near a case agree.

    `places` (S, K) are the mean features of each study, scaled by the prior's standard deviations; `errors` (S,) the
    mean residual in z.
    """

    scales: Floats
    places: Floats
    errors: Floats

    def plain(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "scales": [round(float(value), DIGITS) for value in self.scales],
            "places": [[round(float(value), DIGITS) for value in row] for row in self.places],
            "errors": [round(float(value), DIGITS) for value in self.errors],
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns the model's own probability into the one that held for unseen studies: logit p' = a + b logit p."""

    intercept: float
    slope: float

    def __call__(self, probability: Floats) -> Floats:
        """The calibrated probabilities, of the same shape."""
        p = np.clip(probability, 1e-6, 1 - 1e-6)
        return np.asarray(1 / (1 + np.exp(-(self.intercept + self.slope * np.log(p / (1 - p))))))


@dataclass(frozen=True, slots=True, eq=False)
class QualityModel:
    """The fitted forecast with what it was fitted on; `digest` names its content in 64 hex digits."""

    tuning: Coefficients
    hybrid: Coefficients
    scale_points: float
    study_sd: float
    row_sd: float
    hybrid_selection: float
    disagreement: Disagreement
    calibration: Calibration
    rows: int
    studies: int
    fitted_on: str
    own_runs: int = 0
    own_tasks: int = 0

    def plain(self) -> dict[str, Any]:
        """The JSON form; runs of our own stand in it only where there are any."""
        own = {"own_runs": self.own_runs, "own_tasks": self.own_tasks} if self.own_runs else {}
        return {
            "format": FORMAT,
            "unit": "z = arsinh(points / scale_points)",
            "scale_points": self.scale_points,
            "study_sd": self.study_sd,
            "row_sd": self.row_sd,
            "hybrid_selection": self.hybrid_selection,
            "rows": self.rows,
            "studies": self.studies,
            **own,
            "fitted_on": self.fitted_on,
            "calibration": {name: round(value, DIGITS) for name, value in asdict(self.calibration).items()},
            "lead_of_tuning": self.tuning.plain(),
            "lead_of_hybrid": self.hybrid.plain(),
            "disagreement": self.disagreement.plain(),
        }

    @property
    def digest(self) -> str:
        """The SHA-256 of the JSON form."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()

    def text(self) -> str:
        """The JSON form as it is written, a key a line."""
        lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in self.plain().items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    def write(self, path: Path) -> None:
        """Writes the file whole or not at all."""
        part = path.with_suffix(".part")
        part.write_text(self.text(), encoding="utf-8")
        part.replace(path)


def studies_folder(book: Rulebook) -> Path:
    """The studies folder of a pack: that of the uppermost layer that has beliefs of its own."""
    folders = [layer / FOLDER for layer in reversed(book.layers) if (layer / FOLDER / PRIORS).exists()]
    return folders[0] if folders else locate.rules_dir() / FOLDER


def model_file(book: Rulebook) -> Path | None:
    """The fitted model of a pack: that of the uppermost layer that has one; with our own runs in before without."""
    files = (layer / part / MODEL for layer in reversed(book.layers) for part in (RECORD, FOLDER))
    return next((file for file in files if file.exists()), None)


def read_model(path: Path) -> QualityModel:
    """The model of a file. Raises InputError where it is not one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        model = QualityModel(
            tuning=_coefficients(raw["lead_of_tuning"]),
            hybrid=_coefficients(raw["lead_of_hybrid"]),
            scale_points=float(raw["scale_points"]),
            study_sd=float(raw["study_sd"]),
            row_sd=float(raw["row_sd"]),
            hybrid_selection=float(raw["hybrid_selection"]),
            disagreement=Disagreement(
                np.array(raw["disagreement"]["scales"], float),
                np.array(raw["disagreement"]["places"], float),
                np.array(raw["disagreement"]["errors"], float),
            ),
            calibration=Calibration(float(raw["calibration"]["intercept"]), float(raw["calibration"]["slope"])),
            rows=int(raw["rows"]),
            studies=int(raw["studies"]),
            fitted_on=str(raw["fitted_on"]),
            own_runs=int(raw.get("own_runs", 0)),
            own_tasks=int(raw.get("own_tasks", 0)),
        )
        if raw["format"] != FORMAT:
            raise ValueError(f"format {raw['format']!r} instead of {FORMAT}")
        _check(model)
        return model
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "make it anew with: advisor studies fit"
        found = f"{type(error).__name__}: {error}"
        raise InputError([Problem(str(path), "", found, "a fitted quality model", remedy)]) from None


def read_priors(path: Path) -> Priors:
    """The beliefs of a YAML file. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    raw = yaml_file.read(path, problems, str(path))
    if problems:
        raise InputError(problems)
    fields = Fields(raw, problems, str(path), "")

    def prior(parent: Fields, entry: Any, index: int) -> Prior:
        one = Fields(entry, problems, str(path), f"prior number {index + 1}")
        low = one.number("at_least", required=False) if "at_least" in one.raw else None
        high = one.number("at_most", required=False) if "at_most" in one.raw else None
        item = Prior(
            id=one.text("id"),
            mean=one.number("mean"),
            sd=one.number("sd", low=1e-6),
            at_least=low,
            at_most=high,
            because=one.text("because"),
            source=one.words("source"),
            learns_from_runs=one.flag("learns_from_runs"),
        )
        one.close()
        return item

    priors = Priors(
        scale_points=fields.number("scale_points", low=1e-6),
        study_sd=fields.number("study_sd", low=0),
        row_sd=fields.number("row_sd", low=1e-6),
        degrees_of_freedom=fields.number("degrees_of_freedom", low=1),
        hybrid_selection=fields.number("hybrid_selection", low=0),
        tuning=tuple(fields.rows("lead_of_tuning", lambda entry, index: prior(fields, entry, index))),
        hybrid=tuple(fields.rows("lead_of_hybrid", lambda entry, index: prior(fields, entry, index))),
    )
    fields.close()
    if problems:
        raise InputError(problems)
    return priors


def _check(model: QualityModel) -> None:
    """Raises ValueError where the parts do not fit together or a number is none."""
    near, k = model.disagreement, len(model.tuning.features)
    if near.scales.shape != (k,) or near.places.shape != (len(near.errors), k) or near.errors.ndim != 1:
        raise ValueError("places, scales and errors of the studies do not fit together")
    parts = (model.tuning, model.hybrid)
    arrays = [near.scales, near.places, near.errors, *(a for part in parts for a in (part.mean, part.covariance))]
    spreads = [model.scale_points, model.study_sd, model.row_sd, model.hybrid_selection]
    numbers = [*spreads, model.calibration.intercept, model.calibration.slope]
    if not all(np.isfinite(array).all() for array in (*arrays, np.array(numbers))):
        raise ValueError("a number that is not finite")
    if model.scale_points <= 0 or model.row_sd <= 0 or min(spreads) < 0:
        raise ValueError("a scale or spread that is not above 0")
    if "scarcity_classifier_head" not in model.hybrid.features:
        raise ValueError("no feature scarcity_classifier_head in the lead of a hybrid")


def _coefficients(raw: Mapping[str, Any]) -> Coefficients:
    features = tuple(str(name) for name in raw["features"])
    because = tuple(str(text) for text in raw["because"])
    mean, covariance = np.array(raw["mean"], float), np.array(raw["covariance"], float)
    if len(because) != len(features) or mean.shape != (len(features),) or covariance.shape != (len(features),) * 2:
        raise ValueError("means, covariances and features do not fit together")
    return Coefficients(features, because, mean, covariance)
