"""The quality forecast: what it is fitted to, how it behaves, and that nothing of its skill comes for free."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from advisor.intake import answers as intake
from advisor.knowledge.domain import APPROACHES
from advisor.knowledge.model_names import ModelNames, read_model_names, size_in
from advisor.knowledge.quality_model import (
    MODEL,
    NAMES,
    PRIORS,
    Priors,
    QualityModel,
    read_model,
    read_priors,
    studies_folder,
)
from advisor.knowledge.studies import Comparison
from advisor.knowledge.study_registry import FOLDER as PAPERS
from advisor.knowledge.study_registry import read_registry
from advisor.reasoning.engine import Engine
from advisor.reasoning.quality.ablation import ablations
from advisor.reasoning.quality.blend import QUALITY
from advisor.reasoning.quality.calibration import choose, regrets
from advisor.reasoning.quality.crossover import crossover
from advisor.reasoning.quality.fit import Trials, fit, trials
from advisor.reasoning.quality.forecast import forecast, student_cdf
from advisor.reasoning.studies_record import BASELINES


@pytest.fixture(scope="module")
def rows(shipped: Engine) -> tuple[Comparison, ...]:
    """The published comparisons of the shipped registry."""
    return tuple(row for study in read_registry(studies_folder(shipped.book) / PAPERS) for row in study.comparisons)


@pytest.fixture(scope="module")
def priors(shipped: Engine) -> Priors:
    """The shipped beliefs."""
    return read_priors(studies_folder(shipped.book) / PRIORS)


@pytest.fixture(scope="module")
def names(shipped: Engine) -> ModelNames:
    """The shipped patterns of names."""
    return read_model_names(studies_folder(shipped.book) / NAMES)


def prepared(rows: Any, names: ModelNames, engine: Engine) -> Trials:
    """The comparisons as the model sees them."""
    return trials(rows, names, engine.book, engine.prices, engine.day)


def macro(values: np.ndarray, data: Trials) -> float:
    """The mean over studies of the mean within each."""
    return float(np.mean([values[data.studies == study].mean() for study in sorted(set(data.studies.tolist()))]))


def unseen_choice(data: Trials, priors: Priors) -> np.ndarray:
    """The choice for each row by a model that has not seen its study."""
    choice = np.zeros(len(data.rows), int)
    for study in sorted(set(data.studies.tolist())):
        rows = data.studies == study
        choice[rows] = choose(fit(data, priors, ~rows, 1e-3), data)[1][rows]
    return choice


def test_the_refit_is_the_shipped_file_to_the_byte(
    rows: Any, names: ModelNames, priors: Priors, shipped: Engine, tmp_path: Any
) -> None:
    """Fitting the shipped registry anew writes the file that ships."""
    from advisor.reasoning.quality.calibration import fit_calibrated

    fit_calibrated(prepared(rows, names, shipped), priors).write(tmp_path / MODEL)
    assert (tmp_path / MODEL).read_bytes() == (studies_folder(shipped.book) / MODEL).read_bytes()
    assert read_model(tmp_path / MODEL).plain() == read_model(studies_folder(shipped.book) / MODEL).plain()


def test_unseen_papers_are_forecast_better_than_by_any_constant_policy(
    rows: Any, names: ModelNames, priors: Priors, shipped: Engine
) -> None:
    """Across papers never seen: at most 0.75 times the regret of the best always-X, and 8 points more hits."""
    data = prepared(rows, names, shipped)
    regret = regrets(data.points, unseen_choice(data, priors))
    policies = [regrets(data.points, BASELINES[f"always_{name}"](data)) for name in APPROACHES]
    assert macro(regret, data) <= 0.75 * min(macro(policy, data) for policy in policies)
    assert macro(regret <= 1, data) >= max(macro(policy <= 1, data) for policy in policies) + 0.08


def test_shuffled_outcomes_give_no_skill(rows: Any, names: ModelNames, priors: Priors, shipped: Engine) -> None:
    """Where a coin swaps the scores of prompting and tuning, no policy is beaten: nothing leaks from the outcomes."""
    both = [row for row in rows if row.prompt_score is not None and row.tuned_score is not None]
    lost, best = [], []
    for seed in range(4):
        coin = random.Random(seed)
        swapped = [
            replace(row, prompt_score=row.tuned_score, tuned_score=row.prompt_score, hybrid_score=None)
            if coin.random() < 0.5
            else replace(row, hybrid_score=None)
            for row in both
        ]
        data = prepared(swapped, names, shipped)
        lost.append(macro(regrets(data.points, unseen_choice(data, priors)), data))
        constant = [macro(regrets(data.points, BASELINES[f"always_{name}"](data)), data) for name in APPROACHES[:2]]
        best.append(min(constant))
    assert np.mean(lost) > 0.9 * np.mean(best)


def test_a_study_given_twice_counts_twice_and_nothing_else(
    rows: Any, names: ModelNames, priors: Priors, shipped: Engine
) -> None:
    """Rows repeated under their study give what a weighted fit with the study's effect kept as one gives."""
    some = [row for row in rows if row.study in {"georgian", "longicl", "lexglue", "bionlp", "dbgpt"}]
    again = [replace(row, id=f"{row.id[:-3]}9{row.id[-2:]}") for row in some if row.study == "georgian"]
    doubled = fit(prepared([*some, *again], names, shipped), priors)
    data = prepared(some, names, shipped)
    weights = np.array([2.0 if row.study == "georgian" else 1.0 for row in data.rows])
    assert doubled.tuning.mean == pytest.approx(plain_posterior(data, priors, weights), abs=1e-6)
    assert doubled.studies == fit(data, priors).studies == 5


def plain_posterior(data: Trials, priors: Priors, weights: np.ndarray) -> np.ndarray:
    """The posterior mode by one large system of equations with an unknown per study, rows weighted."""
    features = tuple(prior.id for prior in priors.tuning)
    lead = data.points[:, 1] - data.points[:, 0]
    keep = np.isfinite(lead)
    design, target = data.situation.design(features)[keep], np.arcsinh(lead[keep] / priors.scale_points)
    studies = sorted(set(data.studies[keep].tolist()))
    members = (data.studies[keep][:, None] == np.array(studies)[None, :]).astype(float)
    whole = np.hstack([design, members])
    centre = np.array([prior.mean for prior in priors.tuning] + [0.0] * len(studies))
    precision = np.array([prior.sd**-2 for prior in priors.tuning] + [priors.study_sd**-2] * len(studies))
    robust = np.ones(len(target))
    for _ in range(200):
        scaled = whole * (weights[keep] * robust / priors.row_sd**2)[:, None]
        found = np.linalg.solve(scaled.T @ whole + np.diag(precision), scaled.T @ target + centre * precision)
        errors = (target - whole @ found) / priors.row_sd
        robust = (priors.degrees_of_freedom + 1) / (priors.degrees_of_freedom + errors**2)
    for index, prior in enumerate(priors.tuning):
        assert prior.at_least is None or found[index] >= prior.at_least, "choose studies that no bound binds on"
        assert prior.at_most is None or found[index] <= prior.at_most, "choose studies that no bound binds on"
    return np.asarray(found[: len(features)])


def test_a_new_study_with_the_opposite_result_widens_the_interval(
    rows: Any, names: ModelNames, priors: Priors, shipped: Engine
) -> None:
    """Where a second study contradicts the first under the same conditions, the interval there grows."""
    known = [row for row in rows if row.study == "lexglue"]
    opposite = [
        replace(row, id=f"contrary-{row.line:03d}", prompt_score=row.tuned_score, tuned_score=row.prompt_score)
        for row in known
    ]
    agreeing = [replace(row, id=f"agreeing-{row.line:03d}") for row in known]
    widths = {}
    for title, more in (("opposite", opposite), ("agreeing", agreeing), ("none", [])):
        data = prepared([*rows, *more], names, shipped)
        at = prepared(known, names, shipped).situation
        low, _, high = forecast(fit(data, priors), at).tuning_interval()
        widths[title] = float(np.mean(np.arcsinh(high / 5) - np.arcsinh(low / 5)))
    assert widths["opposite"] > widths["none"]
    assert widths["opposite"] > widths["agreeing"]


@pytest.mark.parametrize("kind", ["classification", "extraction", "reasoning", "generation"])
def test_more_examples_never_speak_against_tuning(shipped: Engine, kind: str) -> None:
    """The forecast lead of tuning grows with the number of labelled examples, whatever else is answered."""
    counts = [1, 5, 20, 80, 300, 1000, 4000, 20_000, 300_000]
    base = {"task_kind": kind, "base_model_grade": "frontier", "prompt_effort": "few_shot"}
    scenarios = [intake.parse({**base, "labelled_examples": count}, shipped.book) for count in counts]
    expected = shipped.decide_answers(scenarios).forecast
    assert expected is not None
    assert np.all(np.diff(expected.tuning) >= -1e-12)
    assert expected.tuning[-1] > expected.tuning[0]


def test_an_open_answer_makes_the_forecast_less_sure(shipped: Engine) -> None:
    """Each answer left out adds to the standard error, and without any of them no percentage is given."""
    whole = {
        "task_kind": "classification",
        "labelled_examples": 500,
        "base_model_grade": "mid_range",
        "prompt_effort": "few_shot",
        "tunable_model_size_b": 8,
    }
    parts = [{name: value for name, value in whole.items() if name != left} for left in whole]
    scenarios = [intake.parse(raw, shipped.book) for raw in (whole, *parts, {})]
    outcome = shipped.decide_answers(scenarios)
    assert outcome.forecast is not None
    error = outcome.forecast.tuning_error
    assert all(error[index] > error[0] for index in range(1, len(scenarios)))
    said = shipped.confidence(outcome, outcome.eligible)
    assert np.isfinite(said[0]).all()
    assert np.isnan(said[-1]).all()


def test_the_forecast_of_the_batch_is_that_of_plain_arithmetic(shipped: Engine) -> None:
    """One scenario computed by hand, feature by feature, agrees with the engine's forecast."""
    raw = {
        "task_kind": "classification",
        "class_count": 20,
        "labelled_examples": 200,
        "base_model_grade": "frontier",
        "prompt_effort": "few_shot",
        "tunable_model_size_b": 0.3,
        "knowledge_need": "none",
        "domain_specialization": "highly_specialized",
        "quality_measure": "text_overlap",
        "model_access": "hosted_api_with_tuning",
        "tuning_method": "adapters",
    }
    model = shipped.model
    assert model is not None
    weight = dict(zip(model.tuning.features, model.tuning.mean.tolist(), strict=True))
    scarcity = math.log2(1000 / (200 / 10)) / 3
    by_hand = (
        weight["start"]
        + scarcity * (weight["scarcity"] + weight["scarcity_strong_prompt"])
        + math.log2(20 / 4) / 3 * weight["many_classes"]
        + weight["prompt_few_shot"]
        + weight["prompt_frontier"]
        + weight["specialised"]
        + weight["text_overlap"]
        + weight["kind_classification"]
        + math.log10(0.3 / 8) * weight["tuned_size"]
    )
    outcome = shipped.decide_answers([intake.parse(raw, shipped.book)])
    assert outcome.forecast is not None
    assert outcome.forecast.tuning[0] == pytest.approx(by_hand, abs=1e-9)
    extra = dict(zip(model.hybrid.features, model.hybrid.mean.tolist(), strict=True))
    assert outcome.forecast.hybrid[0] == pytest.approx(extra["start"] - model.hybrid_selection, abs=1e-9)
    bare = shipped.decide_answers([intake.parse(raw | {"tuning_method": "classifier_head"}, shipped.book)])
    assert bare.forecast is not None
    gain = scarcity * extra["scarcity_classifier_head"]
    hybrid = extra["start"] - model.hybrid_selection + max(by_hand + gain, 0) - max(by_hand, 0)
    assert bare.forecast.hybrid[0] == pytest.approx(hybrid, abs=1e-9)


def test_the_forecast_of_a_tiny_model_of_ones_own_is_that_of_plain_arithmetic(shipped: Engine) -> None:
    """Where one small model is prompted and tuned its size counts for the prompt, and for labels shown to it."""
    raw = {
        "task_kind": "classification",
        "class_count": 2,
        "labelled_examples": 1000,
        "base_model_grade": "small",
        "base_model_size_b": 0.1,
        "tunable_model_size_b": 0.1,
        "model_access": "open_weights",
        "prompt_effort": "few_shot",
        "training_material": "task_examples",
        "tuning_method": "adapters",
        "knowledge_need": "none",
        "domain_specialization": "general",
        "quality_measure": "label_match",
    }
    model = shipped.model
    assert model is not None
    weight = dict(zip(model.tuning.features, model.tuning.mean.tolist(), strict=True))
    features = ("start", "prompt_few_shot", "same_base", "prompt_tiny", "kind_classification")
    by_hand = sum(weight[name] for name in features) + math.log2(2 / 4) / 3 * weight["many_classes"]
    extra = dict(zip(model.hybrid.features, model.hybrid.mean.tolist(), strict=True))
    outcome = shipped.decide_answers([intake.parse(raw, shipped.book)])
    assert outcome.forecast is not None
    assert outcome.forecast.tuning[0] == pytest.approx(by_hand, abs=1e-9)
    around = extra["start"] + extra["labels_shown_to_tiny"] - model.hybrid_selection
    assert outcome.forecast.hybrid[0] == pytest.approx(around, abs=1e-9)


def test_a_little_more_of_the_prompted_model_moves_the_forecast_a_little(shipped: Engine) -> None:
    """Around one size for both models there is no step; from four times the size on they count as two models."""
    raw = {
        "task_kind": "extraction",
        "labelled_examples": 500,
        "model_access": "open_weights",
        "tunable_model_size_b": 2,
    }
    sizes = (2, 2.02, 4, 7.99, 8, 8.01)
    scenarios = [intake.parse({**raw, "base_model_size_b": size}, shipped.book) for size in sizes]
    outcome = shipped.decide_answers(scenarios)
    assert outcome.forecast is not None
    one, near, between, almost, far, beyond = outcome.forecast.tuning.tolist()
    assert one > near > between > almost > far
    assert one - near < 0.02 * (one - far)
    assert far == pytest.approx(beyond, abs=1e-9)


def test_the_waterfall_sums_to_the_margin_with_the_forecast_in(shipped: Engine) -> None:
    """What the forecast adds or takes is a finding of its own, and all findings add up to the scores."""
    from advisor.reasoning.advise import advise

    raw = {"task_kind": "extraction", "labelled_examples": 900, "base_model_grade": "frontier", "deadline_weeks": 30}
    advice = advise(intake.parse(raw, shipped.book), shipped)
    assert any(finding.rule == "published_quality" for finding in advice.findings)
    for item in advice.ranking:
        parts = sum(finding.weighted or 0 for finding in advice.findings if finding.approach == item.approach)
        assert parts == pytest.approx(item.score, abs=1e-9)
    assert sum(step.difference for step in advice.waterfall) == pytest.approx(advice.margin, abs=1e-9)


def test_without_a_fitted_model_the_rules_alone_speak(shipped: Engine) -> None:
    """A pack without studies gives the points of its rules, no percentage and no forecast."""
    bare = replace(shipped, model=None)
    scenarios = [intake.parse({"task_kind": "code", "labelled_examples": 300}, shipped.book)]
    outcome = bare.decide_answers(scenarios)
    assert outcome.forecast is None
    assert np.array_equal(outcome.points, outcome.rule_points)
    assert np.isnan(bare.confidence(outcome, outcome.eligible)).all()
    assert not np.array_equal(shipped.decide_answers(scenarios).points[:, :, QUALITY], outcome.points[:, :, QUALITY])


def test_the_crossover_comes_later_against_a_stronger_prompt(shipped: Engine) -> None:
    """Against a leading model with an optimised prompt tuning needs more examples than against a bare small one."""
    assert shipped.model is not None

    def found(grade: str, effort: str) -> tuple[float, float, float]:
        raw = {
            "task_kind": "classification",
            "class_count": 20,
            "base_model_grade": grade,
            "prompt_effort": effort,
            "tunable_model_size_b": 8,
        }
        facts = shipped.decide_answers([intake.parse(raw, shipped.book)]).facts
        result = crossover(shipped.model or pytest.fail(), shipped.situation(facts))
        return tuple(end if end is not None else math.inf for end in (result.low, result.likely, result.high))  # type: ignore[return-value]

    weak, strong = found("small", "zero_shot"), found("frontier", "optimised")
    assert all(one <= other for one, other in zip(weak, strong, strict=True))
    assert weak[1] < strong[1]
    for low, likely, high in (weak, strong):
        assert low <= likely <= high


def test_a_hundred_thousand_profiles_need_no_loop(shipped: Engine) -> None:
    """The forecast of many scenarios is that of each alone."""
    rng = random.Random(5)
    kinds = ["classification", "code", "reasoning", "question_answering"]
    scenarios = [
        intake.parse({"task_kind": rng.choice(kinds), "labelled_examples": rng.randint(0, 9000)}, shipped.book)
        for _ in range(40)
    ]
    together = shipped.decide_answers(scenarios).forecast
    assert together is not None
    for index, scenario in enumerate(scenarios):
        alone = shipped.decide_answers([scenario]).forecast
        assert alone is not None
        assert together.tuning[index] == pytest.approx(alone.tuning[0], abs=1e-12)
        assert together.spread[index] == pytest.approx(alone.spread[0], abs=1e-12)


SPOILT: dict[str, Any] = {
    "a mean too few": lambda raw: raw["lead_of_tuning"]["mean"].pop(),
    "a scale too few": lambda raw: raw["disagreement"]["scales"].pop(),
    "an error too few": lambda raw: raw["disagreement"]["errors"].pop(),
    "no number": lambda raw: raw["lead_of_tuning"]["mean"].__setitem__(0, math.nan),
    "no scale": lambda raw: raw.update(scale_points=0),
    "another format": lambda raw: raw.update(format=2),
    "an unknown feature": lambda raw: raw["lead_of_tuning"]["features"].__setitem__(2, "moon_phase"),
    "no scarcity": lambda raw: raw["lead_of_hybrid"]["features"].__setitem__(1, "same_base"),
    "nothing": lambda raw: raw.clear(),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_model_file_is_named_with_its_remedy(tmp_path: Any, shipped: Engine, spoil: Any) -> None:
    """A pack whose fitted model is broken gives the file, what is wrong, and the command that makes it anew."""
    from advisor.errors import InputError
    from advisor.reasoning.advise import engine

    raw = json.loads((studies_folder(shipped.book) / MODEL).read_text())
    spoil(raw)
    (tmp_path / "studies").mkdir()
    (tmp_path / "pack.yaml").write_text("name: Ours\nversion: 1.0.0\nas_of: 2026-11-22\nextends: shipped\n")
    (tmp_path / "studies" / MODEL).write_text(json.dumps(raw))
    with pytest.raises(InputError, match=r"model\.json.*advisor studies fit"):
        engine(tmp_path, shipped.day)


def test_the_closed_form_of_students_t_is_right() -> None:
    """With four degrees of freedom, against table values."""
    table = {0.0: 0.5, 0.741: 0.75, 2.132: 0.95, 2.776: 0.975, -4.604: 0.005}
    found = student_cdf(np.array(list(table)))
    assert found.tolist() == pytest.approx(list(table.values()), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "size"),
    [("Llama-2-7B-80k", 7.0), ("Mixtral-8x7B-Instruct", 56.0), ("GPT-4", None), ("xLAM_1b", 1.0), ("phi-2", None)],
)
def test_sizes_are_read_from_names(name: str, size: float | None) -> None:
    """Only billions written out count."""
    assert size_in(name) == size


def test_names_tell_grades(names: ModelNames) -> None:
    """A small sibling of a leading model is mid-range; an unknown name is taken for an open model."""
    grades = {"GPT-4o": "frontier", "GPT-4o-mini": "mid_range", "Claude 3 Opus": "frontier", "ChatGPT": "mid_range"}
    grades |= {"GPT-3": "small", "zephyr": "small"}
    assert {name: names.grade(name) for name in grades} == grades
    assert names.grade("") is None


def test_the_fitted_model_reads_only_answers_that_are_asked(shipped: Engine) -> None:
    """Every answer that the forecast reads is a question."""
    from advisor.knowledge.quality_model import ANSWERS

    assert set(shipped.book.questions) >= ANSWERS
    assert isinstance(shipped.model, QualityModel)


def test_an_ablation_lacks_what_it_names(rows: Any, names: ModelNames, priors: Priors, shipped: Engine) -> None:
    """The whole forecast comes first, beliefs alone last, each with the regret of choices for papers not seen."""
    some = [row for row in rows if row.study in {"longicl", "dspy", "loraland"}][:24]
    data = prepared(some, names, shipped)
    assert len(set(data.studies.tolist())) > 1
    found = list(ablations(data, priors))
    choices = {"nothing": unseen_choice(data, priors)}
    none = np.zeros(len(data.rows), bool)
    choices["the studies (beliefs alone)"] = choose(fit(data, priors, none, 1e-3), data)[1]
    choices["effects of studies"] = unseen_choice(data, replace(priors, study_sd=1e-6))
    (start,) = [prior for prior in priors.tuning if prior.id == "start"]
    zero = replace(start, mean=0.0, sd=1e-6, at_least=None, at_most=None)
    lacking = tuple(zero if prior is start else prior for prior in priors.tuning)
    choices["start"] = unseen_choice(data, replace(priors, tuning=lacking))
    by_name = {one.without: one for one in found}
    for name, choice in choices.items():
        regret = regrets(data.points, choice)
        assert by_name[name].regret == pytest.approx(macro(regret, data)), name
        assert by_name[name].hits == pytest.approx(macro(regret <= 1, data)), name
    assert (found[0].without, found[-1].without) == ("nothing", "the studies (beliefs alone)")
    features = [prior.id for prior in priors.tuning if not prior.id.startswith("kind_")]
    assert [one.without for one in found[1 : len(features) + 1]] == features
