"""The forecast in plain arithmetic: features at their edges, probabilities, intervals, blending, fitting."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.intake.answers import parse
from advisor.knowledge.domain import APPROACHES
from advisor.knowledge.quality_model import Calibration, Coefficients, Disagreement, Prior, Priors, QualityModel
from advisor.reasoning.engine import Engine
from advisor.reasoning.quality import blend
from advisor.reasoning.quality.calibration import calibrate, expected_calibration_error, regrets, reliability
from advisor.reasoning.quality.crossover import FEWEST, MOST, Crossover, crossover
from advisor.reasoning.quality.features import Situation, unknown_features
from advisor.reasoning.quality.fit import Trials, fit
from advisor.reasoning.quality.forecast import Forecast, contenders, forecast, local_study_sd

FULL: dict[str, Any] = {
    **{
        "task_kind": "extraction",
        "labelled_examples": 125,
        "base_model_grade": "mid_range",
        "prompt_effort": "zero_shot",
    },
    **{"tunable_model_size_b": 8, "knowledge_need": "none", "tuning_method": "adapters"},
}


def at(engine: Engine, **answers: Any) -> Situation:
    """The situation of FULL with some answers changed; None takes one away."""
    raw = {name: value for name, value in {**FULL, **answers}.items() if value is not None}
    return engine.situation(engine.decide_answers([parse(raw, engine.book)]).facts)


def feature(engine: Engine, name: str, **answers: Any) -> float:
    """One feature of that situation at its likely number of examples."""
    here = at(engine, **answers)
    return float(here.values(name, here.examples[1])[0])


LABELS = {"task_kind": "classification", "class_count": 2}
OWN = {"model_access": "open_weights", "base_model_grade": None, "base_model_size_b": 8}
THIRD = 1 / 3


@pytest.mark.parametrize(
    ("name", "answers", "value"),
    [
        *(
            ("scarcity", {}, 1.0),
            ("scarcity", {"labelled_examples": 1000}, 0.0),
            ("scarcity", {"labelled_examples": 1}, 8 / 3),
        ),
        *(("scarcity", {"labelled_examples": 0}, 8 / 3), ("scarcity", {"labelled_examples": 500}, THIRD)),
        ("scarcity", {"labelled_examples": None}, math.log2(1000 / 300) / 3),
        ("scarcity", {**LABELS, "class_count": 8}, 5 * THIRD),
        ("scarcity", {**LABELS, "class_count": None}, 4 * THIRD),
        ("scarcity", {**LABELS, "tuning_method": "few_shot_tuner"}, 0.0),
        ("scarcity_few_shot_tuner", {**LABELS, "tuning_method": "few_shot_tuner"}, 1.0),
        ("scarcity_few_shot_tuner", {**LABELS, "tuning_method": None}, 0.5),
        ("scarcity_few_shot_tuner", {"tuning_method": None}, 0.0),
        ("scarcity", {**LABELS, "tuning_method": None}, 0.5),
        ("scarcity_strong_prompt", {}, 0.6),
        ("scarcity_strong_prompt", {"base_model_grade": "frontier"}, 1.0),
        ("scarcity_strong_prompt", {"base_model_grade": "small"}, 0.0),
        ("scarcity_strong_prompt", {"base_model_grade": None}, 0.8),
        ("scarcity_strong_prompt", {**LABELS, "tuning_method": None}, 0.3),
        ("scarcity_tiny", {}, 0.0),
        ("scarcity_tiny", {"base_model_size_b": 0.1}, 1.0),
        ("scarcity_tiny", {"base_model_size_b": 0.01, "labelled_examples": 500}, THIRD * 1.5),
        ("scarcity_tiny", {**LABELS, "base_model_size_b": 0.1, "tuning_method": None}, 0.5),
        *(("abundance", {"labelled_examples": 10_000}, 1.0), ("abundance", {"labelled_examples": 100}, 0.0)),
        ("abundance", {"labelled_examples": 10_000_000}, 2.0),
        ("scarcity", {"training_material": "domain_mix"}, 0.0),
        ("abundance", {"training_material": "raw_documents"}, math.log10(2)),
        ("many_classes", {**LABELS, "class_count": 32}, 1.0),
        ("many_classes", {**LABELS, "class_count": 2}, -THIRD),
        ("many_classes", {**LABELS, "class_count": None}, 0.0),
        *(("prompt_few_shot", {}, 0.0), ("prompt_few_shot", {"prompt_effort": "few_shot"}, 1.0)),
        *(("prompt_few_shot", {"prompt_effort": None}, 1.0), ("prompt_optimised", {"prompt_effort": "optimised"}, 1.0)),
        *(("prompt_retrieval", {"prompt_effort": "retrieval"}, 1.0), ("prompt_retrieval", {}, 0.0)),
        *(("knowledge_needed", {}, 0.0), ("knowledge_needed", {"knowledge_need": None}, 0.2)),
        *(
            ("knowledge_needed", {"knowledge_need": "stable"}, 1.0),
            ("knowledge_needed", {"knowledge_need": "changing"}, 1.0),
        ),
        *(
            ("prompt_frontier", {}, 0.0),
            ("prompt_mid_range", {}, 1.0),
            ("prompt_frontier", {"base_model_grade": None}, 0.5),
        ),
        ("prompt_mid_range", {"base_model_grade": None}, 0.5),
        ("prompt_frontier", {"base_model_grade": None, "base_model": "anthropic/claude-opus-5-5"}, 1.0),
        ("prompt_mid_range", {"base_model_grade": None, "base_model": "openai/gpt-6.1-terra"}, 1.0),
        ("prompt_frontier", {"base_model": "anthropic/claude-opus-5-5"}, 0.0),
        ("prompt_frontier", {"base_model_grade": None, "base_model_size_b": 8}, 0.0),
        *(
            ("prompt_tiny", {}, 0.0),
            ("prompt_tiny", {"base_model_size_b": 0.1}, 1.0),
            ("prompt_tiny", {"base_model_size_b": 1}, 0.0),
        ),
        *(("prompt_tiny", {"base_model_size_b": 0.01}, 1.5), ("prompt_tiny", {"base_model_size_b": 70}, 0.0)),
        *(
            ("tuned_size", {}, 0.0),
            ("tuned_size", {"tunable_model_size_b": 0.8}, -1.0),
            ("tuned_size", {"tunable_model_size_b": 80}, 1.0),
        ),
        ("tuned_size", {"tunable_model_size_b": None}, math.log10(3 / 8)),
        *(("same_base", {}, 0.0), ("same_base", OWN, 1.0), ("same_base", {**OWN, "base_model_size_b": 16}, 0.5)),
        *(("same_base", {**OWN, "base_model_size_b": 4}, 0.5), ("same_base", {**OWN, "base_model_size_b": 32}, 0.0)),
        *(
            ("same_base", {**OWN, "model_access": "hosted_api"}, 0.0),
            ("same_base", {**OWN, "tunable_model_size_b": None}, 0.0),
        ),
        ("tuned_size", {**OWN, "base_model_size_b": 1.6, "tunable_model_size_b": 0.8}, -0.5),
        *(
            ("domain_mix", {"training_material": "domain_mix"}, 1.0),
            ("raw_documents", {"training_material": "raw_documents"}, 1.0),
        ),
        ("domain_mix_hosted", {"training_material": "domain_mix"}, 1.0),
        ("domain_mix_hosted", {"training_material": "domain_mix", "base_model_grade": "small"}, 0.0),
        ("domain_mix_hosted", {}, 0.0),
        ("labels_shown_to_tiny", {**LABELS, "base_model_size_b": 0.1}, 1.0),
        ("labels_shown_to_tiny", {**LABELS, "base_model_size_b": 0.1, "prompt_effort": None}, 1.0),
        ("labels_shown_to_tiny", {**LABELS, "base_model_size_b": 0.1, "prompt_effort": "optimised"}, 0.0),
        ("labels_shown_to_tiny", {**LABELS, "base_model_size_b": 0.1, "tuning_method": "classifier_head"}, 0.0),
        ("labels_shown_to_tiny", {**LABELS, "base_model_size_b": 0.1, "training_material": "domain_mix"}, 0.0),
        ("labels_shown_to_tiny", {**LABELS, "base_model_size_b": 0.1, "knowledge_need": None}, 0.8),
        ("labels_shown_to_tiny", {"base_model_size_b": 0.1}, 0.0),
        *(("text_overlap", {"quality_measure": "text_overlap"}, 1.0), ("judged", {"quality_measure": "judged"}, 1.0)),
        ("specialised", {"domain_specialization": "highly_specialized"}, 1.0),
        ("reasoning_size_gap", {"task_kind": "reasoning"}, 1.0),
        ("reasoning_size_gap", {"task_kind": "reasoning", "base_model_grade": "frontier"}, math.log10(50)),
        ("reasoning_size_gap", {"task_kind": "reasoning", "base_model_grade": "small"}, math.log10(10 / 8)),
        ("reasoning_size_gap", {"task_kind": "reasoning", "base_model_grade": None}, math.log10(math.sqrt(32_000) / 8)),
        ("reasoning_size_gap", {"task_kind": "reasoning", "base_model_size_b": 800}, 2.0),
        ("reasoning_size_gap", {}, 0.0),
        ("questions_frontier", {"task_kind": "question_answering", "base_model_grade": None}, 0.5),
        ("questions_frontier", {"base_model_grade": "frontier"}, 0.0),
        *(("kind_extraction", {}, 1.0), ("kind_code", {}, 0.0), ("start", {}, 1.0)),
    ],
)
def test_a_feature_worked_out_by_hand(shipped: Engine, name: str, answers: dict[str, Any], value: float) -> None:
    """Halvings below a thousand in threes, powers of ten above it; shares of grades, sizes by powers of ten."""
    assert feature(shipped, name, **answers) == pytest.approx(value, abs=1e-12)


def test_a_grade_is_read_off_the_price_of_what_is_written(shipped: Engine) -> None:
    """From 8 USD a million on a model leads, from 0.8 on it is mid-range; both bounds belong to the upper grade."""
    from advisor.knowledge.prices import parse_overrides

    model = "openai/gpt-6.1-terra"
    for usd, grades in ((8.0, (1.0, 0.0)), (7.99, (0.0, 1.0)), (0.8, (0.0, 1.0)), (0.79, (0.0, 0.0))):
        own = shipped.prices.overridden(parse_overrides({f"{model}/output": usd}, shipped.prices, "answers", []))
        here = at(replace(shipped, prices=own), base_model=model, base_model_grade=None)
        assert tuple(float(here.columns[name][0]) for name in ("prompt_frontier", "prompt_mid_range")) == grades, usd


@pytest.mark.parametrize(
    ("open_", "variance"),
    [
        *(({}, 0.0), ({"task_kind": None}, 0.1), ({"base_model_grade": None}, 0.3), ({"prompt_effort": None}, 0.08)),
        *(({"tunable_model_size_b": None}, 0.03), ({"base_model_grade": None, "prompt_effort": None}, 0.38)),
        ({"base_model_grade": None, "base_model_size_b": 8}, 0.0),
        ({"base_model_grade": None, "base_model": "openai/gpt-6.1-terra"}, 0.0),
    ],
)
def test_each_open_answer_adds_its_variance(shipped: Engine, open_: dict[str, Any], variance: float) -> None:
    """The grade counts as known where model or size tell it."""
    assert float(at(shipped, **open_).open_variance[0]) == pytest.approx(variance)


def test_examples_in_three_quantiles(shipped: Engine) -> None:
    """As stated, from 20 to 5,000 around 300 where open, 2,000 for a mix or documents."""

    def found(**answers: Any) -> list[float]:
        return [float(one[0]) for one in at(shipped, **answers).examples]

    assert found() == [125, 125, 125]
    assert found(labelled_examples={"low": 5, "likely": 50, "high": 70}) == [5, 50, 70]
    assert found(labelled_examples=None) == [20, 300, 5000]
    assert found(training_material="raw_documents") == [2000] * 3


def test_features_that_no_situation_has_are_named(shipped: Engine) -> None:
    """Those that vary with the examples are known to the tuning lead, the bare classifier to the hybrid's."""
    tuning = ("start", "moon", "scarcity", "scarcity_strong_prompt", "abundance", "scarcity_classifier_head")
    hybrid = ("scarcity_classifier_head", "scarcity", "same_base", "tide")
    found = unknown_features(tuning, hybrid, shipped.prices, shipped.day)
    assert found == ("moon", "scarcity_classifier_head", "scarcity", "tide")


def cdf(t: float) -> float:
    """Student's t with four degrees of freedom by another formula: numbers of tables, integrated by Simpson's rule."""
    xs = np.linspace(0.0, abs(t), 2001)
    density = 0.375 * (1 + xs**2 / 4) ** -2.5
    weights = np.ones(2001)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    area = float(density @ weights) * (xs[1] - xs[0]) / 3
    return 0.5 + math.copysign(area, t) if t else 0.5


def made(
    tuning: float, hybrid: float = 0.0, error: float = 0.3, hybrid_error: float = 0.1, spread: float = 0.4
) -> Forecast:
    """A forecast of one scenario with a scale of 5 points."""
    return Forecast(5.0, *(np.array([value]) for value in (tuning, error, hybrid, hybrid_error, spread)))


@pytest.mark.parametrize("tuning", [-0.7, 0.0, 0.4])
def test_the_chance_to_be_within_a_point_of_the_best_offered(tuning: float) -> None:
    """Each approach against the others that are offered, whichever these are."""
    hybrid = 0.25
    level, sd, extra_sd = math.asinh(1 / 5), math.hypot(0.3, 0.4), math.hypot(0.1, 0.4)
    ahead = max(tuning, 0) + hybrid
    tuned, prompt = cdf((tuning + level) / sd), cdf((level - tuning) / sd)

    def said(*offered: bool) -> list[float]:
        found: list[float] = made(tuning, hybrid).within_level(np.array([offered]))[0].tolist()
        return found

    over_both, wide = cdf((hybrid + level) / extra_sd), math.hypot(extra_sd, sd)
    assert said(True, True, False) == pytest.approx([prompt, tuned, 0.0], abs=1e-9)
    beaten = cdf((level - hybrid) / extra_sd)
    assert said(True, True, True) == pytest.approx([prompt * beaten, tuned * beaten, over_both], abs=1e-9)
    over, below = cdf((ahead + level) / wide), cdf((level - ahead) / wide)
    assert said(True, False, True) == pytest.approx([below, 0.0, over], abs=1e-9)
    rest = ahead - tuning
    over, below = cdf((rest + level) / extra_sd), cdf((level - rest) / extra_sd)
    assert said(False, True, True) == pytest.approx([0.0, below, over], abs=1e-9)
    assert said(False, False, True) == [0.0, 0.0, 1.0]
    assert said(True, False, False) == [1.0, 0.0, 0.0]
    assert said(False, False, False) == [0.0, 0.0, 0.0]


def test_leads_in_points_with_nine_of_ten_between() -> None:
    """The hyperbolic sine times the scale, 1.6449 standard deviations each way, never beyond 100."""
    one = made(0.5, -0.2)
    low, likely, high = (float(end[0]) for end in one.tuning_interval())
    assert likely == pytest.approx(5 * math.sinh(0.5))
    assert (low, high) == pytest.approx(tuple(5 * math.sinh(0.5 + sign * 1.6449 * 0.5) for sign in (-1, 1)))
    low, likely, high = (float(end[0]) for end in one.hybrid_interval())
    sd = math.hypot(0.1, 0.4)
    assert (low, likely, high) == pytest.approx(tuple(5 * math.sinh(-0.2 + k * 1.6449 * sd) for k in (-1, 0, 1)))
    assert one.points(np.array([9.0, -9.0])).tolist() == [100.0, -100.0]
    assert made(0.5, -0.2).utilities().tolist() == [pytest.approx([0, 0.5, 0.3])]
    assert made(-0.5, 0.2).utilities().tolist() == [pytest.approx([0, -0.5, 0.2])]


@pytest.mark.parametrize(
    ("probability", "cover", "kept"),
    [
        *(([0.5, 0.3, 0.2], 0.5, [1, 0, 0]), ([0.5, 0.3, 0.2], 0.51, [1, 1, 0]), ([0.5, 0.3, 0.2], 0.81, [1, 1, 1])),
        *(([0.5, 0.4, 0.1], 0.5, [1, 1, 0]), ([0.5, 0.39, 0.11], 0.5, [1, 0, 0]), ([0.0, 0.0, 1.0], 1.5, [0, 0, 1])),
        *(([0.05, 0.04, 0.0], 0.9, [1, 1, 0]), ([0.2, 0.75, 0.05], 0.8, [1, 1, 0])),
    ],
)
def test_contenders_reach_the_cover_together(probability: list[float], cover: float, kept: list[int]) -> None:
    """The likeliest first until the cover is reached, with all within a tenth of the first."""
    assert contenders(np.array([probability]), cover).astype(int).tolist() == [kept]


def model(**parts: Any) -> QualityModel:
    """A model of two features of tuning and two of a hybrid."""
    tuning = Coefficients(
        ("start", "scarcity"), ("s", "e"), np.array([0.4, -0.3]), np.array([[0.04, 0.01], [0.01, 0.09]])
    )
    hybrid = Coefficients(
        ("start", "scarcity_classifier_head"), ("s", "h"), np.array([0.5, 0.2]), np.array([[0.01, 0.0], [0.0, 0.04]])
    )
    near = Disagreement(np.array([1.0, 2.0]), np.array([[1.0, 1.0], [1.0, 4.0]]), np.array([0.5, -0.2]))
    given: dict[str, Any] = {
        **{"tuning": tuning, "hybrid": hybrid, "scale_points": 5.0, "study_sd": 0.3, "row_sd": 0.4},
        **{"hybrid_selection": 0.15, "disagreement": near, "calibration": Calibration(0.0, 1.0)},
        **{"rows": 20, "studies": 2, "fitted_on": "f"},
    }
    return QualityModel(**{**given, **parts})


def test_a_forecast_is_that_of_its_coefficients(shipped: Engine) -> None:
    """Lead, error, doubt over the range of examples, the hybrid's part, and the spread of near studies."""
    here = at(shipped, labelled_examples={"low": 125, "likely": 250, "high": 1000}, prompt_effort=None)
    scarce = 2 * THIRD
    found = forecast(model(), here)
    assert found.tuning[0] == pytest.approx(0.4 - 0.3 * scarce)
    variance = 0.04 + 2 * 0.01 * scarce + 0.09 * scarce**2
    doubt = 0.08 + ((0.4 - (0.4 - 0.3)) / 3.29) ** 2
    assert found.tuning_error[0] == pytest.approx(math.sqrt(variance + doubt))
    assert found.hybrid[0] == pytest.approx(0.5 - 0.15)
    assert found.hybrid_error[0] == pytest.approx(0.1)
    place = (1.0, 2 * scarce)
    weights = [math.exp(-((place[1] - other) ** 2) / (2 * 0.4**2)) for other in (1.0, 4.0)]
    spread = 3 * 0.3**2 + weights[0] * 0.5**2 + weights[1] * 0.2**2
    near = math.sqrt(spread / (3 + sum(weights)))
    assert local_study_sd(model(), here.design(("start", "scarcity")))[0] == pytest.approx(near)
    assert found.spread[0] == pytest.approx(math.hypot(near, 0.4))


@pytest.mark.parametrize("examples", [1000, 500, 62, 8])
def test_what_a_prompt_adds_to_a_bare_classifier_goes_to_that_model(shipped: Engine, examples: int) -> None:
    """The gain on few examples counts from where the tuned model stands, and not from the prompt."""
    answers = {**LABELS, "tuning_method": "classifier_head", "labelled_examples": examples}
    here = at(shipped, **answers)
    scarce = float(here.scarcity(here.examples[1])[0])
    found = forecast(model(), here)
    lead, gain = 0.4 - 0.3 * scarce, 0.2 * scarce
    assert found.tuning[0] == pytest.approx(lead)
    assert found.hybrid[0] == pytest.approx(0.5 - 0.15 + max(lead + gain, 0) - max(lead, 0))


def test_the_crossover_is_where_the_line_crosses_zero(shipped: Engine) -> None:
    """The first number on the grid at which the lead is above 0; its band comes before and after."""
    here = at(shipped)
    flat = Coefficients(("start", "scarcity"), ("s", "e"), np.array([0.4, -0.3]), np.zeros((2, 2)))
    found = crossover(model(tuning=flat), here)
    assert found.word == "at"
    assert found.likely is not None
    assert found.low is not None
    grid = np.geomspace(10, 1e6, 241)
    ahead = 0.4 - 0.3 * np.log2(1000 / grid).clip(0, 8) / 3
    assert found.likely == pytest.approx(float(grid[ahead > 0][0]))
    assert found.low < found.likely
    sd = np.array(
        [math.hypot(float(local_study_sd(model(), np.array([[1.0, s]]))[0]), 0.0) for s in ((0.4 - ahead) / 0.3)]
    )
    assert found.low == pytest.approx(float(grid[ahead + 1.6449 * sd > 0][0]))
    above = grid[ahead - 1.6449 * sd > 0]
    assert found.high == (pytest.approx(float(above[0])) if len(above) else None)
    early = crossover(model(tuning=replace(flat, mean=np.array([3.0, -0.3]))), here)
    assert (early.word, early.likely) == ("already", FEWEST)
    never = crossover(model(tuning=replace(flat, mean=np.array([-3.0, -0.3]))), here)
    assert (never.word, never.likely, never.high) == ("not_within_reach", None, None)
    assert (FEWEST, MOST) == (10.0, 1e6)
    assert Crossover(1.0, FEWEST + 0.1, 3.0).word == "at"


def parameters(**values: float) -> Any:
    """A book as far as blending reads it."""
    return SimpleNamespace(parameters={name: SimpleNamespace(on=lambda _, v=v: v) for name, v in values.items()})


DAY = date(2026, 11, 22)


def test_rules_give_way_to_the_forecast_by_their_variances() -> None:
    """The mean of the covered points stays; their differences move towards those of the forecast."""
    book = parameters(rules_variance=0.27, published_points_per_z=2.0)
    one = made(0.6, 0.3)
    share = 0.27 / (0.27 + 0.09)
    assert blend.weight(one, book, DAY).tolist() == [pytest.approx(share)]
    points = np.full((1, 3, 5), 1.0)
    assumed = np.array([[0.5, -0.5, 0.3]])
    found = blend.with_published(points, assumed, one, book, DAY)
    utilities = np.array([0.0, 0.6, 0.9])
    stand = 0.1 + (utilities - 0.5) * 2.0
    assert found[0, :, 0].tolist() == pytest.approx((1 + share * (stand - assumed[0])).tolist())
    assert (found[:, :, 1:] == 1.0).all()
    assert (points == 1.0).all()


def measured(scores: dict[str, tuple[float, int]], shown: bool) -> Any:
    """A measurement as far as blending reads it."""
    best = {name: SimpleNamespace(score=score, n=n) for name, (score, n) in scores.items()}
    return SimpleNamespace(best=best, shown=lambda *_: shown)


def test_measured_approaches_are_compared_as_they_were_measured() -> None:
    """Weight is n over n and a half weight, of the least n; ties with the best count as the best; the level stays."""
    book = parameters(measured_points_per_10_percent=1.5, measured_half_weight_items=50.0)
    points = np.zeros((1, 3, 5))
    points[0, :, 0] = (1.0, 2.0, 6.0)
    run = measured({"prompting": (0.6, 200), "hybrid": (0.8, 150)}, shown=True)
    found = blend.with_measured(points, run, book, DAY)
    share, level = 150 / 200, 3.5
    assert found[0, :, 0].tolist() == pytest.approx([1 + share * (level - 1.5 - 1), 2.0, 6 + share * (level + 1.5 - 6)])
    assert blend.measured_scores(run) == {"prompting": 0.6, "hybrid": 0.8}
    tied = measured({"prompting": (0.6, 200), "hybrid": (0.8, 150)}, shown=False)
    assert blend.measured_scores(tied) == {"prompting": 0.8, "hybrid": 0.8}
    even = blend.with_measured(points, tied, book, DAY)
    assert even[0, :, 0].tolist() == pytest.approx([1 + share * 2.5, 2.0, 6 - share * 2.5])
    assert blend.with_measured(points, None, book, DAY) is points
    assert blend.with_measured(points, measured({"hybrid": (0.8, 9)}, True), book, DAY) is points


def test_the_reliability_of_probabilities_by_tenths() -> None:
    """Each tenth that occurs has its mean, its share and its count; 1 belongs to the last tenth."""
    said = np.array([0.05, 0.15, 0.17, 1.0, 0.95])
    held = np.array([False, True, False, True, True])
    wanted_bins: object = [
        (pytest.approx(0.05), 0.0, 1),
        (pytest.approx(0.16), 0.5, 2),
        (pytest.approx(0.975), 1.0, 2),
    ]
    assert reliability(said, held) == wanted_bins
    wanted = (0.05 * 1 + 0.34 * 2 + 0.025 * 2) / 5
    assert expected_calibration_error(said, held) == pytest.approx(wanted)
    assert expected_calibration_error(np.zeros(0), np.zeros(0, bool)) == 0.0
    assert [count for _, _, count in reliability(np.array([0.31, 0.39, 0.41]), np.zeros(3, bool))] == [2, 1]
    points = np.array([[60.0, 70.0, np.nan], [50.0, 40.0, 55.0]])
    assert regrets(points, np.array([0, 2])).tolist() == [10.0, 0.0]


def test_a_recalibration_is_where_its_gradient_is_nought() -> None:
    """Held near "as the model says" by a prior of 0.5 around 0 and 1; without rows it is just that."""
    rng = np.random.default_rng(0)
    said = rng.uniform(0.05, 0.95, 60)
    held = rng.uniform(0, 1, 60) < said**2
    found = calibrate(said, held)
    x = np.log(said / (1 - said))
    off = held - 1 / (1 + np.exp(-(found.intercept + found.slope * x)))
    assert off.sum() == pytest.approx(found.intercept / 0.25, abs=1e-8)
    assert (off * x).sum() == pytest.approx((found.slope - 1) / 0.25, abs=1e-8)
    none = calibrate(np.zeros(0), np.zeros(0, bool))
    assert (none.intercept, none.slope) == pytest.approx((0.0, 1.0))
    assert calibrate(np.array([0.0, 1.0]), np.array([False, True])).slope > 1


def prior(name: str, mean: float, sd: float, low: float | None = None, high: float | None = None) -> Prior:
    """A belief about one feature."""
    return Prior(name, mean, sd, low, high, f"b {name}", ())


def beliefs(low: float | None = None, high: float | None = None) -> Priors:
    """Beliefs about one start each."""
    return Priors(5.0, 0.3, 0.4, 4.0, 0.15, (prior("start", 0.2, 0.5, low, high),), (prior("start", 0.1, 0.5),))


def taught(priors: Priors) -> Priors:
    """The same beliefs, open to runs of our own."""
    tuning, hybrid = (
        tuple(replace(one, learns_from_runs=True) for one in part) for part in (priors.tuning, priors.hybrid)
    )
    return replace(priors, tuning=tuning, hybrid=hybrid)


def comparisons(points: list[list[float]], studies: list[int], ids: list[str] | None = None) -> Trials:
    """Rows of which only the start is known."""
    names = ids or [f"r-{k}" for k in range(len(points))]
    rows: Any = [
        SimpleNamespace(id=name, points=lambda p=p: dict(zip(APPROACHES, p, strict=True)))
        for name, p in zip(names, points, strict=True)
    ]
    start: Any = SimpleNamespace(
        design=lambda names, *_: np.ones((len(points), len(names))),
        hybrid_design=lambda names: np.ones((len(points), len(names))),
    )
    answered: Any = None
    return Trials(tuple(rows), answered, start, np.array(points), np.array(studies))


def posterior(targets: list[float], studies: list[int], mean: float, sd: float) -> tuple[float, float]:
    """Mode and variance of one coefficient by plain iteration: t errors with 4 degrees, an effect per study."""
    y, codes = np.array(targets), np.array(studies)
    names = sorted(set(studies))
    x = np.hstack([np.ones((len(y), 1)), (codes[:, None] == np.array(names)[None, :]).astype(float)])
    precision = np.array([sd**-2] + [0.3**-2] * len(names))
    centre = np.array([mean] + [0.0] * len(names))
    weights = np.full(len(y), 0.4**-2)
    for _ in range(300):
        used = weights
        hessian = x.T @ (x * used[:, None]) + np.diag(precision)
        found = np.linalg.solve(hessian, x.T @ (used * y) + precision * centre)
        weights = 5 / (4 + ((y - x @ found) / 0.4) ** 2) / 0.4**2
    return float(found[0]), float(np.linalg.inv(hessian)[0, 0])


def test_a_fit_of_one_coefficient_by_plain_iteration() -> None:
    """Leads as inverse hyperbolic sines of a fifth; studies share an effect; a wild row pulls little."""
    points: Any = [[60, 65, 66], [60, 70, np.nan], [60, 58, 61], [50, 95, 90]]
    data = comparisons(points, [0, 0, 1, 1])
    found = fit(data, beliefs())
    lead = [math.asinh((tuned - prompt) / 5) for prompt, tuned, _ in points]
    mean, variance = posterior(lead, [0, 0, 1, 1], 0.2, 0.5)
    assert found.tuning.mean.tolist() == pytest.approx([mean], abs=1e-8)
    assert found.tuning.covariance.tolist() == [pytest.approx([variance], abs=1e-6)]
    extra = [
        math.asinh((hybrid - max(prompt, tuned)) / 5) for prompt, tuned, hybrid in points if not math.isnan(hybrid)
    ]
    mean, _ = posterior(extra, [0, 1, 1], 0.1, 0.5)
    assert found.hybrid.mean.tolist() == pytest.approx([mean], abs=1e-8)
    assert (found.tuning.features, found.tuning.because) == (("start",), ("b start",))
    assert (found.rows, found.studies, found.fitted_on) == (4, 2, data.digest)
    assert (found.calibration.intercept, found.calibration.slope) == (0.0, 1.0)
    errors = np.array(lead) - found.tuning.mean[0]
    assert found.disagreement.errors.tolist() == pytest.approx([errors[:2].mean(), errors[2:].mean()])
    assert found.disagreement.places.tolist() == [[0.5], [0.5]]
    assert found.disagreement.scales.tolist() == [0.5]
    part = fit(data, beliefs(), np.array([True, True, False, False]))
    assert (part.rows, part.studies) == (2, 1)
    assert part.tuning.mean.tolist() == pytest.approx([posterior(lead[:2], [0, 0], 0.2, 0.5)[0]], abs=1e-8)


def test_a_coefficient_that_would_cross_its_bound_is_held_there() -> None:
    """From below and from above; one that stays inside is left alone."""
    data = comparisons([[60, 80, np.nan]] * 6, [0, 1, 2, 3, 4, 5])
    free = float(fit(data, beliefs()).tuning.mean[0])
    assert free > 0.5
    assert fit(data, beliefs(high=0.5)).tuning.mean.tolist() == pytest.approx([0.5], abs=1e-6)
    assert fit(data, beliefs(low=free + 0.5)).tuning.mean.tolist() == pytest.approx([free + 0.5], abs=1e-6)
    assert fit(data, beliefs(high=free + 0.1)).tuning.mean.tolist() == pytest.approx([free], abs=1e-9)
    assert fit(data, beliefs(low=free - 0.1)).tuning.mean.tolist() == pytest.approx([free], abs=1e-9)


def test_our_own_runs_move_only_what_is_marked() -> None:
    """Without a mark the fit is that of the published rows; with one it is that of all, in two steps."""
    points = [[60.0, 65.0, 66.0], [60.0, 66.0, 68.0]]
    data = comparisons(points, [0, 1], ["run:a-1", "r-1"])
    alone = fit(data, beliefs(), ~data.own)
    assert fit(data, beliefs()).tuning.mean.tolist() == alone.tuning.mean.tolist()
    assert fit(data, beliefs()).tuning.covariance.tolist() == alone.tuning.covariance.tolist()
    own = fit(data, taught(beliefs()))
    first, variance = posterior([math.asinh(6 / 5)], [1], 0.2, 0.5)
    mean, spread = posterior([math.asinh(1.0)], [0], first, math.sqrt(variance))
    assert own.tuning.mean.tolist() == pytest.approx([mean], abs=1e-8)
    assert own.tuning.covariance.tolist() == [pytest.approx([spread], abs=1e-8)]
    assert fit(data, taught(beliefs(high=0.5))).tuning.mean.tolist() == [0.5]
    assert fit(data, taught(beliefs(low=3.0))).tuning.mean.tolist() == [3.0]


def test_what_is_not_marked_passes_its_doubt_on() -> None:
    """Two coefficients, the second learns: it is fitted around the first, whose doubt adds to its own."""
    published, run = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 1.0]])
    points = [[60.0, 66.0, np.nan], [60.0, 67.0, np.nan], [60.0, 65.0, np.nan], [60.0, 80.0, np.nan]]
    data = comparisons(points, [0, 1, 2, 3], ["r-1", "r-2", "r-3", "run:a"])
    design = np.vstack([published, run])
    whole: Any = SimpleNamespace(design=lambda names, *_: design, hybrid_design=lambda names: design[:, :1])
    data = replace(data, situation=whole)
    both = (prior("start", 0.2, 0.5), replace(prior("tiny", 0.0, 1.0), learns_from_runs=True))
    found = fit(data, replace(beliefs(), tuning=both)).tuning
    start, variance = posterior([math.asinh(k / 5) for k in (6, 7, 5)], [0, 1, 2], 0.2, 0.5)
    rest, spread = posterior([math.asinh(4.0) - start], [3], 0.0, 1.0)
    assert found.mean.tolist() == pytest.approx([start, rest], abs=1e-6)
    slope = spread - 1.0  # what a step of the first takes from the second: 1 - spread of what the run says
    assert found.covariance[0].tolist() == pytest.approx([variance, slope * variance], abs=1e-6)
    assert found.covariance[1, 1] == pytest.approx(spread + slope**2 * variance, abs=1e-6)


def test_our_own_runs_lack_what_selection_adds_to_a_hybrid() -> None:
    """A run's hybrid counts as if it had been selected."""
    points = [[60.0, 65.0, 66.0], [60.0, 66.0, 68.0]]
    own = fit(comparisons(points, [0, 1], ["run:a-1", "r-1"]), taught(beliefs()))
    first, variance = posterior([math.asinh(2 / 5)], [1], 0.1, 0.5)
    mean, _ = posterior([math.asinh(1 / 5) + 0.15], [0], first, math.sqrt(variance))
    assert own.hybrid.mean.tolist() == pytest.approx([mean], abs=1e-8)
    assert comparisons(points, [0, 1], ["run:a-1", "r-1"]).own.tolist() == [True, False]
