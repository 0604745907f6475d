"""Evidence in an advice, figure by figure: measured, forecast, locked, in force, and over published comparisons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.intake.answers import Answers, parse
from advisor.intake.detected import Description, read_description
from advisor.intake.measurements import ArmResult, AtSize, Comparison, Measurement
from advisor.knowledge.domain import APPROACHES, Quantity
from advisor.reasoning import advise as advising
from advisor.reasoning import in_force, locked, published, studies_record
from advisor.reasoning.advice import Range
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import STATUS, Engine
from advisor.reasoning.explain import Explainer
from advisor.reasoning.in_force import in_force as known
from advisor.reasoning.limits import limits
from advisor.reasoning.quality.forecast import Forecast
from advisor.reasoning.studies_record import BASELINES, StudyRecord, quality_only

RAW: dict[str, Any] = {
    "task_kind": "classification",
    "class_count": 4,
    "labelled_examples": 800,
    "setup_budget_usd": 9000,
}
NAMES = {"prompting": "few_shot", "fine_tuning": "lora", "hybrid": "both"}


def arm(approach: str, score: float, seeds: int = 3, speed: float | None = None) -> ArmResult:
    """What one arm scored on 250 items."""
    return ArmResult(
        NAMES.get(approach, approach),
        approach,
        1600,
        score,
        score - 0.02,
        score + 0.03,
        250,
        seeds,
        "wilson",
        "",
        speed,
    )


def measurement(pairs: list[tuple[str, str, float, float, float]], seeds: int = 3, **changes: Any) -> Measurement:
    """A run of three arms and a baseline."""
    best = {"hybrid": arm("hybrid", 0.8, seeds, 0.25), "prompting": arm("prompting", 0.6)}
    compared = tuple(
        Comparison(best[left], best[right], value, low, high, 250, "paired") for left, right, value, low, high in pairs
    )
    given: dict[str, Any] = {
        **{"folder": "out", "digest": "d" * 64, "task": "desk", "model": "small", "metric": "accuracy"},
        **{"status": "complete", "created_at": "2026-11-20", "best": best, "baselines": (arm("", 0.3),)},
        **{"comparisons": compared, "sizes": (AtSize(1600, best, compared),)},
    }
    return Measurement(**{**given, **changes})


def advised(shipped: Engine, run: Measurement | None = None, **answers: Any) -> Any:
    """What an advice with that measurement tells of its evidence: all but what would be another question or answer."""
    engine, parsed = replace(shipped, measurement=run), parse({**RAW, **answers}, shipped.book)
    outcome = engine.decide_answers([parsed])
    findings = advising._findings(Explainer(engine, outcome, parsed), outcome, engine)
    return SimpleNamespace(
        evidence=advising._evidence(engine, outcome, findings, ()),
        confidence=advising._confidence(outcome, engine),
        limits=limits(engine, outcome, parsed, findings),
        findings=findings,
        share=float(outcome.shares[0, 0]),
        status=STATUS[outcome.status[0]],
    )


@pytest.mark.parametrize(
    ("ends", "verdict", "words"),
    [
        ((0.2, 0.01, 0.3), "left_better", "both is better than few shot"),
        ((0.2, 0.0, 0.4), "no_difference_shown", "both shows no difference from few shot"),
        ((-0.2, -0.4, 0.0), "no_difference_shown", "both shows no difference from few shot"),
        ((-0.2, -0.3, -0.01), "right_better", "both is worse than few shot"),
    ],
)
def test_what_was_measured_with_its_intervals(shipped: Engine, ends: Any, verdict: str, words: str) -> None:
    """Arms in the order of the approaches, baselines apart, scores with n and source; one that ends at 0 is none."""
    found = advised(shipped, measurement([("hybrid", "prompting", *ends)])).evidence.measured
    assert found is not None
    assert [(one.approach, one.arm, one.train_size) for one in found.arms] == [
        ("prompting", "few_shot", 1600),
        ("hybrid", "both", 1600),
    ]
    score = found.arms[1].score
    assert (score.value, score.low, score.high, score.n, score.unit, score.origin) == (
        0.8,
        0.78,
        0.8300000000000001,
        250,
        "accuracy",
        "measured",
    )
    assert score.source == "out: both at 1,600 examples, 3 seed(s), wilson"
    speed = found.arms[1].seconds_per_item
    assert speed is not None
    assert (speed.value, speed.unit, speed.n) == (0.25, "s per item", 250)
    assert found.arms[0].seconds_per_item is None
    assert [one.score.value for one in found.baselines] == [0.3]
    (difference,) = found.differences
    assert (difference.left, difference.right, difference.verdict, difference.text) == (
        "both",
        "few_shot",
        verdict,
        words,
    )
    amount = difference.difference
    assert (amount.value, amount.low, amount.high, amount.n) == (*ends, 250)
    assert amount.source == "out: paired on the same items, paired"
    assert (found.task, found.model, found.metric, found.status, found.created_at) == (
        "desk",
        "small",
        "accuracy",
        "complete",
        "2026-11-20",
    )
    assert (found.folder, found.digest) == ("out", "d" * 64)


@pytest.mark.parametrize(
    ("seeds", "changes", "ids"),
    [
        (3, {}, {"measured_model"}),
        (2, {}, {"measured_model", "measured_seeds"}),
        (3, {"status": "incomplete"}, {"measured_model", "measured_incomplete"}),
        (3, {"model": ""}, {"measured_model"}),
    ],
)
def test_the_limits_of_a_measurement(shipped: Engine, seeds: int, changes: dict[str, Any], ids: set[str]) -> None:
    """The model, a run that is not complete, and fewer than three seeds; without a measurement, that there is none."""
    pair = [("hybrid", "prompting", 0.2, 0.01, 0.3)]
    told = {one.id: one.text for one in advised(shipped, measurement(pair, seeds, **changes)).limits}
    assert {name for name in told if name.startswith("measured")} == ids
    model = "no language model" if "model" in changes else "small"
    assert told["measured_model"] == f"Measured with {model}; the model that you would prompt may behave differently."
    named = advised(shipped, measurement(pair), base_model="openai/gpt-6.1-terra")
    assert any("openai/gpt-6.1-terra may behave" in one.text for one in named.limits)
    assert "not_measured" in {one.id for one in advised(shipped).limits}
    assert "not_measured" not in told


def test_a_measurement_moves_the_points_by_its_weight(shipped: Engine) -> None:
    """Findings are what it adds per approach, weighted by the share of quality; one arm alone moves nothing."""
    run = measurement([("hybrid", "prompting", 0.2, 0.01, 0.3)])
    advice = advised(shipped, run)
    found = {one.approach: one for one in advice.findings if one.rule == "measured_quality"}
    assert set(found) == {"hybrid", "prompting"}
    assert found["hybrid"].points == pytest.approx(-(found["prompting"].points or 0))
    for one in found.values():
        assert one.weighted == pytest.approx((one.points or 0) * advice.share)
        assert (one.kind, one.criterion, one.source) == ("measurement", "quality", ("measured: out",))
    assert "80.0 % (accuracy, 78.0 to 83.0, n = 250)" in found["hybrid"].because
    assert advice.confidence.value is None
    assert "intervals say" in advice.confidence.basis
    alone = advised(shipped, replace(run, best={"hybrid": run.best["hybrid"]}, comparisons=()))
    assert not [one for one in alone.findings if one.rule == "measured_quality"]


def test_measured_approaches_stand_in_for_three_answers(shipped: Engine) -> None:
    """Two that were measured are enough to advise without any answer; one is not."""
    run = measurement([("hybrid", "prompting", 0.2, 0.01, 0.3)])
    engine = replace(shipped, measurement=run)
    assert STATUS[engine.decide_answers([Answers()]).status[0]] != "abstain"
    one = replace(shipped, measurement=replace(run, best={"hybrid": run.best["hybrid"]}, comparisons=()))
    assert STATUS[one.decide_answers([Answers()]).status[0]] == "abstain"


def forecast(shipped: Engine, **answers: Any) -> Any:
    """The forecast of an advice."""
    found = advised(shipped, **answers).evidence.forecast
    assert found is not None
    return found


def test_leads_and_levels_of_a_forecast(shipped: Engine) -> None:
    """Tuning against prompting, a hybrid against both; percentages of what is possible, calibrated."""
    outcome = shipped.decide_answers([parse(RAW, shipped.book)])
    assert outcome.forecast is not None
    found = forecast(shipped)
    assert [(one.approach, one.over) for one in found.leads] == [
        *(("fine_tuning", ("prompting",)), ("hybrid", ("prompting", "fine_tuning"))),
    ]
    for lead, interval in zip(
        found.leads, (outcome.forecast.tuning_interval(), outcome.forecast.hybrid_interval()), strict=True
    ):
        low, likely, high = (float(end[0]) for end in interval)
        assert (lead.points.low, lead.points.value, lead.points.high) == pytest.approx((low, likely, high))
        assert (lead.points.unit, lead.points.origin) == ("points of 100", "estimated")
    said = shipped.confidence(outcome, outcome.eligible)[0]
    for level in found.levels:
        index = APPROACHES.index(level.approach)
        assert level.probability.value == pytest.approx(100 * float(said[index]))
        assert level.probability.unit == "%"
        assert level.probability.source.endswith("calibrated on unseen papers")
    assert len(found.levels) == int(outcome.eligible[0].sum())
    assert 0 < found.weight.value < 100
    assert found.weight.unit == "%"
    assert shipped.model is not None
    assert (found.studies, found.comparisons) == (shipped.model.studies, shipped.model.rows)


def test_pulls_are_the_six_strongest_from_a_twentieth_on(shipped: Engine) -> None:
    """By size in z, told in points near level, with the reason of the feature."""
    model = shipped.model
    assert model is not None
    outcome = shipped.decide_answers([parse(RAW, shipped.book)])
    values = shipped.situation(outcome.facts).design(model.tuning.features)[0] * model.tuning.mean
    wanted = sorted((k for k in range(len(values)) if abs(values[k]) >= 0.05), key=lambda k: -abs(values[k]))[:6]
    found = forecast(shipped).pulls
    assert [one.feature for one in found] == [model.tuning.features[k] for k in wanted]
    assert [one.points.value for one in found] == pytest.approx([values[k] * model.scale_points for k in wanted])
    assert [one.because for one in found] == [model.tuning.because[k] for k in wanted]


@pytest.mark.parametrize("own", [0, 3])
def test_the_source_of_a_forecast(shipped: Engine, own: int) -> None:
    """Rows and studies with twelve digits of the model, and own runs where there are any."""
    assert shipped.model is not None
    model = replace(shipped.model, own_runs=own, own_tasks=own)
    runs = " and 3 own runs on 3 tasks" if own else ""
    assert published.source_of(model) == (
        f"{model.rows} published comparisons from {model.studies} studies{runs} (forecast model {model.digest[:12]})"
    )


def lead(points: float) -> Any:
    """A lead of so many points."""
    return SimpleNamespace(points=Quantity(points, "points of 100", "estimated", "s"))


@pytest.mark.parametrize(
    ("named", "eligible", "words"),
    [
        (("hybrid",), 3, "On quality alone the evidence points to a hybrid."),
        (("prompting", "hybrid"), 3, "On quality alone the evidence cannot tell prompting and a hybrid apart."),
        (("prompting", "fine_tuning", "hybrid"), 3, "cannot tell prompting, fine-tuning and a hybrid apart."),
        (("hybrid",), 1, "As only a hybrid is possible under your answers, there is nothing to choose between."),
        ((), 0, "As no approach is possible under your answers, there is nothing to choose between."),
    ],
)
def test_the_text_of_a_forecast(shipped: Engine, named: tuple[str, ...], eligible: int, words: str) -> None:
    """The lead of tuning, then who is ahead, who cannot be told apart, or that there is no choice."""
    outcome: Any = SimpleNamespace(eligible=np.array([[k < eligible for k in range(3)]]))
    assert shipped.model is not None
    text = published._text(shipped.model, lead(3.2), named, outcome)
    assert text.endswith(words)
    assert "the best tuned model is expected 3 points ahead of the best prompt" in text


@pytest.mark.parametrize(
    ("low", "likely", "high", "word", "words"),
    [
        (None, 10.0, 50.0, "already", "Studies like yours see tuning ahead from the first few examples."),
        (None, None, None, "not_within_reach", "below 1,000,000 examples."),
        (123.4, None, None, "not_within_reach", "below 1,000,000 examples. One in twenty would see it from about 120."),
        (
            10.0,
            456.0,
            None,
            "at",
            "about 460 labelled examples (nine in ten between 10 or fewer and 1,000,000 or more).",
        ),
        (12.0, 456.0, 7890.0, "at", "about 460 labelled examples (nine in ten between 12 and 7,900)."),
    ],
)
def test_a_crossover_in_words(
    shipped: Engine, monkeypatch: pytest.MonkeyPatch, low: Any, likely: Any, high: Any, word: str, words: str
) -> None:
    """Two digits for each end; an open end says so; the number is told where there is one."""
    from advisor.reasoning.quality.crossover import Crossover

    monkeypatch.setattr(published, "crossover", lambda *_: Crossover(low, likely, high))
    found = forecast(shipped).crossover
    assert found.word == word
    assert found.text.endswith(words)
    assert (found.examples is None) == (word != "at")
    if found.examples is not None:
        last = 7900.0 if high else 1e6
        assert (found.examples.low, found.examples.likely, found.examples.high) == (low, 460.0, last)


def disagreement(
    shipped: Engine, rules: dict[str, float], tuning: float, hybrid: float, closed: tuple[int, ...] = ()
) -> str:
    """What is said where the covered rules give such points and studies such leads."""
    one: Any = [np.array([value]) for value in (tuning, 0.1, hybrid, 0.1, 0.1)]
    expected = Forecast(5.0, *one)
    eligible = np.array([[k not in closed for k in range(3)]])
    findings: Any = [SimpleNamespace(rule="r", approach=name, points=points) for name, points in rules.items()]
    findings += [
        SimpleNamespace(rule="other", approach="prompting", points=99.0),
        SimpleNamespace(rule="r", approach="hybrid", points=None),
    ]
    engine: Any = SimpleNamespace(covered={"r"})
    outcome: Any = SimpleNamespace(eligible=eligible)
    return published._disagreement(engine, outcome, expected, findings)


def test_rules_and_studies_disagree_from_half_a_point_on(shipped: Engine) -> None:
    """Half a point of the rules and half a z of the studies, among what is possible and the covered rules alone."""
    told = disagreement(shipped, {"prompting": 0.5}, 0.5, -9.0)
    assert told.startswith(
        "On the same answers the rules of practice put prompting first, published comparisons fine-tuning."
    )
    assert disagreement(shipped, {"prompting": 0.49}, 0.5, -9.0) == ""
    assert disagreement(shipped, {"prompting": 0.5}, 0.49, -9.0) == ""
    assert disagreement(shipped, {"fine_tuning": 0.5}, 0.5, -9.0) == ""
    assert disagreement(shipped, {"prompting": 0.5}, 0.5, -9.0, closed=(1,)) == ""
    assert disagreement(shipped, {"prompting": 0.5}, 0.5, -9.0, closed=(1, 2)) == ""
    assert "fine-tuning first, published comparisons a hybrid" in disagreement(shipped, {"fine_tuning": 2.0}, 0.1, 0.6)


def test_everything_in_force_is_told_by_kind(shipped: Engine) -> None:
    """Prices as low, likely and high, those of the named model too; parameters of the day, facts that hold, digests."""
    answers = parse({**RAW, "base_model": "google/gemini-4-argon"}, shipped.book)
    found = known(answers, shipped)
    assert list(found) == ["prices", "assumptions", "parameters", "market", "rules", "models"]
    for part in found.values():
        assert list(part) == sorted(part)
    assert shipped.model is not None
    assert found["models"] == {"quality": shipped.model.digest[:12]}
    price = shipped.prices.token_price("google/gemini-4-argon", shipped.day).input
    assert found["prices"]["google/gemini-4-argon/input"] == [
        price.low or price.value,
        price.value,
        price.high or price.value,
    ]
    assert "google/gemini-4-argon/input" not in known(parse(RAW, shipped.book), shipped)["prices"]
    row = shipped.prices.price("l4", "gpu_hour").amount
    assert found["prices"]["l4/gpu_hour"] == [
        row.value if row.low is None else row.low,
        row.value,
        row.value if row.high is None else row.high,
    ]
    assert found["parameters"]["tie_margin"] == shipped.parameter("tie_margin")
    assert set(found["market"]) == {name for name, fact in shipped.book.market.items() if fact.valid(shipped.day)}
    assert set(found["rules"]) == {rule.id for rule in shipped.rules}
    assert all(len(digest) == 12 for digest in found["rules"].values())
    measured = known(answers, replace(shipped, measurement=measurement([]), model=None))
    assert measured["models"] == {"measurement": "d" * 12}


def test_an_entry_is_told_apart_by_what_it_says_and_by_nothing_else(shipped: Engine) -> None:
    """Another number changes its digest; the file that it stands in and the order of its keys do not."""
    rule = next(rule for rule in shipped.rules if len(rule.points) > 1)
    digest = in_force._digest
    assert digest(replace(rule, where="elsewhere.yaml")) == digest(rule)
    assert digest(replace(rule, points=dict(reversed(list(rule.points.items()))))) == digest(rule)
    assert digest(replace(rule, points={name: value + 1 for name, value in rule.points.items()})) != digest(rule)
    assert digest(replace(rule, title=f"{rule.title}.")) != digest(rule)
    assert digest(replace(rule, id="zzz")) != digest(rule)
    assert in_force._told({"b": (1, "x"), "a": frozenset({2, 1})}) == "{'a':{1,2},'b':[1,'x']}"
    assert (
        in_force._told(Range(1.0, 2.0, 3.0, "u", "o", "s"))
        == "Range(low=1.0,likely=2.0,high=3.0,unit='u',origin='o',source='s')"
    )


def described() -> Description:
    """A task with one train size."""
    raw: dict[str, Any] = {
        **{
            "schema": "advisor/description/1",
            "folder": "/t",
            "name": "desk",
            "kind": "classification",
            "language": "en",
        },
        **{
            "domain": "support",
            "labels": ["a", "b"],
            "metric": "accuracy",
            "data": {"train.jsonl": "x"},
            "n_train": 80,
        },
        **{"n_test": 300, "blocked": [], "tokens": {"input": 41.2, "output": 1.4, "counted_by": "t", "rows": 80}},
        **{"repeats": {"agreeing": 30, "conflicting": 20}, "train_sizes": [64], "seeds": [0]},
        "model": {"name": "small", "content_hash": "cc", "parameters": 134515008},
        "arms": {
            "few_shot": {"approach": "prompting", "technique": "few_shot"},
            "lora": {"approach": "fine_tuning", "technique": "lora"},
        },
    }
    return read_description(raw, "described")


def test_a_lock_keeps_what_the_advice_said_to_six_digits(shipped: Engine) -> None:
    """Scores, chances among what is offered, points by rule and approach, studies, leads and answers."""
    task = described()
    lock = locked.make(task, Answers(), shipped, "9.9")
    assert [one.train_size for one in lock.predictions] == [64]
    assert (lock.advisor_version, lock.rulebook_version) == ("9.9", shipped.book.version)
    assert shipped.model is not None
    assert lock.forecast_model == shipped.model.digest
    assert set(lock.request["task"]) == set(task.plain) - {"folder", "schema"}
    stated = parse({"name": "x", "task_kind": "classification"}, shipped.book)
    assert locked.request_of(task, stated)["stated"] == {"task_kind": "classification"}
    kept = lock.predictions[0]
    advice = advise(parse(dict(kept.answers), shipped.book), shipped)
    assert kept.verdict_id == advice.verdict_id
    assert (kept.recommendation, kept.technique, kept.status) == (
        advice.recommendation,
        advice.technique,
        advice.status,
    )
    assert kept.scores == {item.approach: round(item.score, 6) for item in advice.ranking}
    assert set(kept.chances) == {"prompting", "fine_tuning"} & {
        item.approach for item in advice.ranking if item.eligible
    }
    assert kept.pick == next(item.approach for item in advice.ranking if item.eligible and item.approach != "hybrid")
    like, ahead = advice.evidence.like, advice.evidence.forecast
    assert like is not None
    assert ahead is not None
    assert kept.studies == [one.study for one in like.studies]
    points: dict[str, dict[str, float]] = {}
    for one in advice.findings:
        if one.weighted and one.approach:
            points.setdefault(one.rule, {})[one.approach] = round(one.weighted, 6)
    assert kept.points == points
    assert kept.leads == {
        one.approach: {
            "low": round(one.points.low or 0, 3),
            "likely": round(one.points.value, 3),
            "high": round(one.points.high or 0, 3),
        }
        for one in ahead.leads
    }
    assert "description" not in kept.answers
    assert set(kept.derived) <= set(kept.answers)


def record(points: list[list[float]], choice: list[int], said: list[float], examples: list[int | None]) -> StudyRecord:
    """A record over made-up comparisons of two papers."""
    rows = [
        SimpleNamespace(
            **{"id": f"r-{k}", "paper": "P", "task_name": f"task {k}", "task_kind": "code", "examples": count},
            **{
                "group": "ab"[k % 2],
                "source_url": "u",
                "points": lambda row=row: {n: v for n, v in zip(APPROACHES, row, strict=True) if not np.isnan(v)},
            },
        )
        for k, (row, count) in enumerate(zip(points, examples, strict=True))
    ]
    data: Any = SimpleNamespace(rows=rows, points=np.array(points), studies=np.array([k % 2 for k in range(len(rows))]))
    return StudyRecord(data, np.array(choice), np.array(said), left_out=True)


POINTS = [[60.0, 70.0, np.nan], [60.0, 60.5, np.nan], [80.0, 50.0, 81.0], [np.nan, 50.0, 90.0]]


def test_a_record_over_comparisons_in_figures_and_in_lines() -> None:
    """Hits within a point, regret by row and by paper, probabilities where there are any, and every miss."""
    made = record(POINTS, [0, 0, 0, 1], [0.8, 0.65, np.nan, 0.9], [None, 400, 500, 30])
    plain = made.plain()
    assert {
        name: plain[name] for name in ("n", "papers", "hits", "ties", "hit_rate", "mean_regret", "median_regret")
    } == {
        **{"n": 4, "papers": 2, "hits": 2, "ties": 2, "hit_rate": 0.5, "mean_regret": 51.5 / 4, "median_regret": 5.5},
    }
    assert plain["paper_macro_hit_rate"] == pytest.approx((0.5 + 0.5) / 2)
    assert plain["paper_macro_regret"] == pytest.approx((5.5 + 20.25) / 2)
    assert (plain["left_out"], plain["with_confidence"]) == ("paper", 3)
    assert plain["brier"] == pytest.approx((0.8**2 + 0.35**2 + 0.9**2) / 3)
    assert plain["ece"] == pytest.approx((0.8 + 0.35 + 0.9) / 3)
    assert plain["reliability"][0] == {"said": 0.65, "held": 1.0, "n": 1}
    assert plain["misses"][0] == {
        **{"id": "r-0", "paper": "P", "task": "task 0", "advised": "prompting", "best": "fine_tuning", "regret": 10.0},
        **{"scores": {"prompting": 60.0, "fine_tuning": 70.0}, "confidence": 0.8, "source": "u"},
    }
    lines = studies_record.lines(made)
    assert (
        lines[0]
        == "4 comparisons from 2 papers (each paper forecast from the others). A hit is within one point of the best."
    )
    assert lines[3].split() == ["advisor", "50.0%", "12.88", "5.50", "50.0%", "12.88", "n", "=", "4"]
    assert "ties (level with the best, not the best itself): 2" in lines
    assert (
        f"confidence on 3 rows: Brier score {plain['brier']:.3f}, expected calibration error {plain['ece']:.3f}"
        in lines
    )
    assert "  said 65 %, held 100 % (n = 1)" in lines
    assert lines[-3:] == [
        "misses: 2",
        "  r-0: advised prompting, best fine_tuning, lost 10.0; task 0",
        "  r-3: advised fine_tuning, best hybrid, lost 40.0; task 3",
    ]
    assert [line for line in lines if line.startswith("by ")] == ["by task kind", "by labelled examples", "by paper"]
    bare = record(POINTS, [1, 1, 2, 2], [np.nan] * 4, [1, 1, 1, 1]).plain()
    assert (bare["brier"], bare["ece"], bare["with_confidence"], bare["misses"]) == (None, None, 0, [])
    seen = studies_record.lines(replace(made, left_out=False))
    assert "(the fitted model as it is)" in seen[0]


def test_rules_of_thumb_take_the_first_that_is_offered() -> None:
    """Below 500 examples prompting, from 500 on or where none is stated tuning; hybrids first where preferred."""
    data = record(POINTS, [0] * 4, [0.5] * 4, [None, 499, 500, 30]).data
    chosen = {name: rule(data).tolist() for name, rule in BASELINES.items()}
    assert chosen == {
        "always_prompting": [0, 0, 0, 1],
        "always_fine_tuning": [1, 1, 1, 1],
        "always_hybrid": [1, 1, 2, 2],
        "tune_from_500_examples": [1, 0, 1, 1],
        "hybrid_if_offered_else_tune_from_500": [1, 0, 2, 2],
    }


def test_quality_alone_counts_where_only_quality_is_recorded(shipped: Engine) -> None:
    """All weight on quality, everything else as it was."""
    outcome = shipped.decide_answers([parse(RAW, shipped.book), parse({}, shipped.book)])
    alone = quality_only(outcome.facts)
    assert alone.weights.tolist() == [[1, 0, 0, 0, 0]] * 2
    assert (alone.n, alone.columns, alone.defaulted) == (2, outcome.facts.columns, outcome.facts.defaulted)


def test_the_id_of_a_verdict_is_sixteen_digits_of_what_counts(shipped: Engine) -> None:
    """Names do not count; answers, rules and the day of another price do."""

    def made(engine: Engine = shipped, **answers: Any) -> str:
        return advising.verdict_id(parse({**RAW, **answers}, engine.book), engine)

    one = made()
    assert len(one) == 16
    assert int(one, 16) > 0
    assert made(name="x", description="y") == one
    assert made(labelled_examples=801) != one
    assert made(replace(shipped, day=date(2031, 1, 1))) != one
