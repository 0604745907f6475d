"""What is fitted, left out and tried again: folds, ablations and calibration against the same worked out plainly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.errors import InputError
from advisor.intake.answers import parse
from advisor.knowledge.domain import APPROACHES
from advisor.knowledge.quality_model import Prior, Priors
from advisor.reasoning import learning
from advisor.reasoning.engine import Engine
from advisor.reasoning.ledger import Entry
from advisor.reasoning.quality import ablation
from advisor.reasoning.quality.calibration import calibrate, choose, fit_calibrated, unseen
from advisor.reasoning.quality.fit import Trials, fit
from advisor.reasoning.studies_record import reasons

HEAD = "scarcity_classifier_head"


def prior(name: str, mean: float = 0.2, sd: float = 0.5) -> Prior:
    """A belief with bounds that do not bind."""
    return Prior(name, mean, sd, -9.0, 9.0, "b", (), learns_from_runs=True)


PRIORS = Priors(5.0, 0.3, 0.4, 4.0, 0.15, (prior("start"), prior("kind_code")), (prior("start", 0.1), prior(HEAD, 0.0)))


def data(engine: Engine, points: Sequence[Sequence[float]], groups: Sequence[str], ids: Sequence[str]) -> Trials:
    """Comparisons that differ in their scores alone."""
    raw = {"task_kind": "code", "labelled_examples": 900}
    answered = engine.decide_answers([parse(raw, engine.book)] * len(points)).facts
    order = sorted(set(groups))
    rows: Any = tuple(
        SimpleNamespace(id=name, group=group, points=lambda p=p: dict(zip(APPROACHES, p, strict=True)))
        for name, group, p in zip(ids, groups, points, strict=True)
    )
    codes = np.array([order.index(group) for group in groups])
    return Trials(rows, answered, engine.situation(answered), np.array(points, float), codes)


@pytest.fixture(scope="module")
def some(shipped: Engine) -> Trials:
    """Two papers and runs on two tasks of our own."""
    points: list[list[float]] = [[60, 66, np.nan], [60, 50, 58], [70, 71, 75], [50, 65, 66], [50, 62, 60], [50, 80, 81]]
    groups = ["a", "a", "b", "run:t", "run:t", "run:u"]
    return data(shipped, points, groups, ["a-1", "a-2", "b-1", "run:t-1", "run:t-2", "run:u-1"])


def by_hand(given: Trials, use: np.ndarray, held: np.ndarray) -> tuple[float, int, float]:
    """Regret, hits and error of leads on the held rows by a fit of the others."""
    model = fit(given, PRIORS, use, 1e-9)
    lead = float(given.design(("start", "kind_code"), False)[0] @ model.tuning.mean)
    extra = float(model.hybrid.mean[0]) - 0.15
    utilities = np.array([0.0, lead, max(lead, 0) + extra])
    lost, errors = [], []
    for row in given.points[held]:
        offered = np.where(np.isnan(row), -np.inf, utilities)
        lost.append(float(np.nanmax(row) - row[int(offered.argmax())]))
        errors.append(abs(5 * math.sinh(lead) - (row[1] - row[0])))
    return float(np.mean(lost)), sum(one <= 1 for one in lost), float(np.mean(errors))


def test_tasks_left_out_are_forecast_with_and_without_our_runs(some: Trials) -> None:
    """Before by the published comparisons alone, after with the other tasks' runs in; means over tasks."""
    trial = learning.on_tasks(some, PRIORS)
    assert [(fold.group, fold.rows) for fold in trial.before] == [("run:t", 2), ("run:u", 1)]
    for code, before, after in zip((2, 3), trial.before, trial.after, strict=True):
        held = some.studies == code
        for fold, use in ((before, ~some.own), (after, ~held)):
            regret, hits, error = by_hand(some, use, held)
            assert fold.regret == pytest.approx(regret, abs=1e-6)
            assert fold.hits == hits
            assert fold.lead_error == pytest.approx(error, abs=0.05)
    assert trial.regret()[0] == pytest.approx(np.mean([fold.regret for fold in trial.before]))
    assert trial.lead_error()[1] == pytest.approx(np.mean([fold.lead_error for fold in trial.after]))


def test_papers_left_out_are_forecast_with_and_without_our_runs(some: Trials) -> None:
    """Each published paper by the others alone, and with all runs in."""
    trial = learning.on_papers(some, PRIORS)
    assert [(fold.group, fold.rows) for fold in trial.before] == [("a", 2), ("b", 1)]
    for code, before, after in zip((0, 1), trial.before, trial.after, strict=True):
        held = some.studies == code
        for fold, use in ((before, ~held & ~some.own), (after, ~held)):
            regret, hits, error = by_hand(some, use, held)
            assert fold.regret == pytest.approx(regret, abs=1e-6)
            assert fold.hits == hits
            assert fold.lead_error == pytest.approx(error, abs=0.05)


def test_a_fit_counts_papers_and_runs_apart(some: Trials) -> None:
    """Rows and studies are the published ones, runs and tasks our own."""
    model = learning.fitted(some, PRIORS)
    assert (model.rows, model.studies, model.own_runs, model.own_tasks) == (3, 2, 3, 2)
    assert model.calibration == fit_calibrated(some, PRIORS).calibration


def test_a_calibration_leaves_out_one_study_at_a_time(some: Trials) -> None:
    """Each row's probability and outcome come from a fit of the other studies among those that are used."""
    use = np.array([True, True, True, True, True, False])
    said, held = unseen(some, PRIORS, use)
    assert said.shape == held.shape == (5,)
    for code in range(3):
        rows = (some.studies == code)[use]
        model = fit(some, PRIORS, use & (some.studies != code), 1e-3)
        probability, choice = choose(model, some)
        lost = np.nanmax(some.points, axis=1) - some.points[np.arange(6), choice]
        assert said[rows].tolist() == probability[use][rows].tolist()
        assert held[rows].tolist() == (lost <= 1)[use][rows].tolist()
    whole = fit_calibrated(some, PRIORS, use)
    assert whole.calibration == calibrate(said, held)
    assert whole.rows == 5
    assert fit_calibrated(some, PRIORS).rows == 6


def test_what_an_ablation_changes(monkeypatch: pytest.MonkeyPatch, some: Trials) -> None:
    """Each feature but the kinds, all kinds, all features but the start, then each other belief in turn."""
    seen: dict[str, tuple[Priors, bool]] = {}

    def measured(name: str, _: Trials, priors: Priors, learn: bool = True) -> ablation.Ablation:
        seen[name] = (priors, learn)
        return ablation.Ablation(name, 0.0, 0.0)

    monkeypatch.setattr(ablation, "_measured", measured)
    found = list(ablation.ablations(some, PRIORS))
    assert (
        [one.without for one in found]
        == list(seen)
        == [
            *("nothing", "start", "all kinds of task", "all features", "the means of the beliefs (all 0)"),
            *(f"the width of the beliefs (x {factor})" for factor in ("0.5", "2", "4")),
            *("effects of studies", "heavy tails", "the compression of large leads", "the features of a hybrid's lead"),
            "the studies (beliefs alone)",
        ]
    )
    gone = {name: [one.id for one in priors.tuning if one.sd == 1e-6] for name, (priors, _) in seen.items()}
    assert {name: ids for name, ids in gone.items() if ids} == {
        **{"start": ["start"], "all kinds of task": ["kind_code"], "all features": ["kind_code"]},
    }
    assert all((one.mean, one.at_least, one.at_most) == (0.0, None, None) for one in seen["start"][0].tuning[:1])
    flat = seen["the means of the beliefs (all 0)"][0].tuning
    assert [(one.mean, one.sd, one.at_least, one.at_most) for one in flat] == [(0.0, 0.5, None, None)] * 2
    for factor in (0.5, 2.0, 4.0):
        scaled = seen[f"the width of the beliefs (x {factor:g})"][0]
        assert [one.sd for one in scaled.tuning] == [0.5 * factor] * 2
        assert scaled.hybrid == PRIORS.hybrid
    assert seen["effects of studies"][0].study_sd == 1e-6
    assert seen["heavy tails"][0].degrees_of_freedom == 1e6
    assert seen["the compression of large leads"][0].scale_points == 1000
    hybrid = seen["the features of a hybrid's lead"][0].hybrid
    assert [(one.id, one.sd) for one in hybrid] == [("start", 0.5), (HEAD, 1e-6)]
    assert [name for name, (_, learn) in seen.items() if not learn] == ["the studies (beliefs alone)"]
    assert seen["nothing"][0] is PRIORS


def entry(**changes: Any) -> Entry:
    """A run as the ledger has it."""
    given: dict[str, Any] = {
        **{"id": "run:desk:64:aa", "origin": "run", "group": "desk", "title": "desk with 64", "source": "own run"},
        **{"at": "now", "rulebook_version": "1", "forecast_model": "f", "task_kind": "code", "examples": 64},
        **{"pick": "hybrid", "best": "hybrid", "chance": None, "margin": 2.0, "regret": 0.0, "regret_low": 0.0},
        **{"regret_high": 0.0, "outcome": "hit", "model": "small", "lock": "abcdef0123456789", "n": 9},
        "scores": {"prompting": 60.0, "fine_tuning": 70.0},
        "arms": {"prompting": "few_shot", "fine_tuning": "lora"},
        "answers": {"class_count": 4, "base_model_size_b": 0.1, "tunable_model_size_b": 0.2, "priorities": {"cost": 1}},
    }
    return Entry(**{**given, **changes})


def test_a_run_is_a_comparison_of_its_task() -> None:
    """Its id sorts by size under its task; scores, arms, sizes and classes are those of the run."""
    row = learning._row(entry())
    assert (row.id, row.study, row.paper) == ("run:desk-000064:abcdef012345", "run:desk", "desk")
    assert (row.prompt_model, row.tuned_model, row.prompt_method, row.tuning_method) == (
        "small",
        "small",
        "few_shot",
        "lora",
    )
    assert (row.prompt_size_b, row.tuned_size_b, row.class_count, row.examples) == (0.1, 0.2, 4, 64)
    assert dict(row.points()) == {"prompting": 60.0, "fine_tuning": 70.0}
    assert (row.task_name, row.task_kind, row.source_url) == ("desk with 64", "code", "own run")
    assert (row.same_base, row.needs_knowledge, row.higher_is_better, row.metric_max) == (True, False, True, 100.0)
    assert (row.shots, row.line, row.note, row.hybrid_description) == (None, 0, "", "")
    bare = learning._row(entry(answers=None, arms=None, examples=None, lock="c"))
    assert (bare.id, bare.prompt_method, bare.class_count, bare.examples) == ("run:desk-000000:c", "", None, None)


def test_runs_join_with_the_answers_of_their_lock(shipped: Engine) -> None:
    """Stated answers but the priorities; a run with one score is left out, one without answers is refused by its id."""
    from advisor.knowledge.model_names import read_model_names
    from advisor.knowledge.quality_model import NAMES, studies_folder

    names = read_model_names(studies_folder(shipped.book) / NAMES)
    answers = {"task_kind": "code", "labelled_examples": 64, "priorities": {"cost": 1}}
    given = (names, shipped.book, shipped.prices, shipped.day)
    alone = entry(scores={"prompting": 60.0}, lock="x")
    made = learning.joined([], [entry(answers=answers), alone], *given)
    assert [row.id for row in made.rows] == ["run:desk-000064:abcdef012345"]
    assert made.answered.numbers("labelled_examples").likely.tolist() == [64]
    assert made.own.tolist() == [True]
    for none in (None, {}, {"priorities": {"cost": 1}}):
        with pytest.raises(InputError, match="run:desk:64:aa"):
            learning.joined([], [entry(answers=none)], *given)


def test_too_few_tasks_teach_nothing(some: Trials, shipped: Engine) -> None:
    """With one task there is no other to learn from."""
    one = data(shipped, [[60, 66, 70], [50, 60, 61]], ["a", "run:t"], ["a-1", "run:t-1"])
    with pytest.raises(InputError, match=r"runs on 1 task\(s\)"):
        learning.on_tasks(one, PRIORS)
    assert some.own.sum() == 3


def test_why_a_forecast_was_made_is_told_by_its_strongest_features(some: Trials) -> None:
    """Lead and extra in points from a fit of the other papers, the features but the start by what they add in z."""
    found = reasons(some, PRIORS)
    assert set(found) == {row.id for row in some.rows}
    for index, row in enumerate(some.rows):
        model = fit(some, PRIORS, some.studies != some.studies[index], 1e-3)
        lead, kind = float(model.tuning.mean.sum()), float(model.tuning.mean[1])
        extra = float(model.hybrid.mean[0]) - model.hybrid_selection
        assert found[row.id] == (
            f"the other papers had tuning {5 * math.sinh(lead):+.1f} points against prompting "
            f"(kind_code {kind:+.2f} in z) and a hybrid {5 * math.sinh(extra):+.1f} against the better of both"
        )


def test_at_most_three_features_are_named_strongest_first(some: Trials) -> None:
    """Of four that move a forecast the weakest is left out, and the start never counts."""
    names = ("start", "kind_code", "prompt_few_shot", "prompt_mid_range", "abundance", "prompt_frontier")
    means = (0.5, 0.1, 0.3, -0.2, 0.4, 0.15)
    priors = replace(PRIORS, tuning=tuple(prior(name, mean, 1e-6) for name, mean in zip(names, means, strict=True)))
    text = reasons(some, priors)["a-1"]
    # A few-shot prompt stands in for an open effort, half a grade for each of two; 900 examples are not abundant.
    assert "(prompt_few_shot +0.30, kind_code +0.10, prompt_mid_range -0.10 in z)" in text


def test_scenarios_taken_from_a_situation_are_theirs(shipped: Engine) -> None:
    """Every column of the taken rows, in their order, as often as asked."""
    answers = [{"task_kind": "code"}, {"task_kind": "classification", "class_count": 30, "labelled_examples": 7}]
    whole = shipped.situation(shipped.decide_answers([parse(raw, shipped.book) for raw in answers]).facts)
    taken = whole.take(np.array([1, 0, 1]))
    assert [end.tolist() for end in taken.examples] == [[end[1], end[0], end[1]] for end in whole.examples]
    for name in ("pairs", "few_shot_tuner", "classifier_head", "strong", "open_variance"):
        column = getattr(whole, name)
        assert getattr(taken, name).tolist() == [column[1], column[0], column[1]]
    for name, column in whole.columns.items():
        assert taken.columns[name].tolist() == [column[1], column[0], column[1]]
