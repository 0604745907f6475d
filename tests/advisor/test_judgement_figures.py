"""A judgement to the last figure: verdicts at their edges, regret, money, blame, and each line that is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from advisor.intake.measurements import ArmResult, AtSize, Comparison, Measurement
from advisor.knowledge.domain import Quantity
from advisor.reasoning import validation
from advisor.reasoning.judgement import BLAMED, VERDICTS, Blame, Judgement, Rival, blamed, in_money, judge
from advisor.reasoning.locked import Lock, Prediction
from advisor.reasoning.validation import Validation, plain_judgement, quantity

ARMS = {"prompting": "few_shot", "fine_tuning": "lora", "hybrid": "both"}
Pairs = dict[tuple[str, str], tuple[float, float, float]]


def arm(approach: str, score: float, n: int = 200) -> ArmResult:
    """An arm that scored so much, three points give or take."""
    return ArmResult(ARMS[approach], approach, 64, score, score - 0.03, score + 0.03, n, 2, "wilson")


def measured(scores: dict[str, float], pairs: Pairs, margin: float | None = None, **counts: int) -> Measurement:
    """A run at 64 examples; a pair has its difference and interval, left less right."""
    best = {name: arm(name, score, counts.get(name, 200)) for name, score in scores.items()}
    compared = tuple(
        Comparison(best[left], best[right], *ends, n=150, method="paired", more_items=700, more_seeds=4)
        for (left, right), ends in pairs.items()
    )
    size = AtSize(64, best, compared)
    return Measurement(
        "out", "d" * 16, "desk", "small", "accuracy", "complete", "now", best, (), compared, (size,), margin
    )


def predicted(pick: str | None = "prompting", **changes: Any) -> Prediction:
    """A locked prediction."""
    given: dict[str, Any] = {
        **{"train_size": 64, "verdict_id": "0" * 16, "recommendation": pick, "technique": "t", "status": "advice"},
        **{"pick": pick, "chance": 0.7, "chances": {}, "scores": {}, "points": {}, "leads": {}, "studies": ["s"]},
        **{"answers": {}, "derived": {}},
    }
    return Prediction(**{**given, **changes})


TWO = {"prompting": 0.7, "fine_tuning": 0.75}


@pytest.mark.parametrize(
    ("ends", "verdict", "hit"),
    [
        *(((0.05, 0.01, 0.09), "refuted", False), ((0.05, 0.0, 0.1), "undecided", False)),
        *(((0.05, -0.01, 0.11), "undecided", False), ((0.02, 0.01, 0.03), "confirmed", True)),
        *(((0.02, 0.0, 0.04), "tie", True), ((0.021, 0.0, 0.042), "undecided", False)),
        *(((0.021, 0.001, 0.041), "refuted", False), ((-0.05, -0.09, -0.01), "confirmed", True)),
        *(((-0.05, -0.1, 0.0), "tie", True), ((0.0, -0.05, 0.05), "tie", True)),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["rival first", "pick first"])
def test_the_verdict_at_its_edges(ends: tuple[float, float, float], verdict: str, hit: bool, turned: bool) -> None:
    """Two points are the margin and belong to it; an interval that ends at 0 shows nothing, whichever is left."""
    value, low, high = ends
    scores = {"prompting": 0.7, "fine_tuning": 0.7 + value}
    pair: Pairs = {("fine_tuning", "prompting"): ends}
    if turned:
        pair = {("prompting", "fine_tuning"): (-value, -high, -low)}
    found = judge(predicted(), measured(scores, pair))
    assert (found.verdict, found.hit) == (verdict, hit)
    (rival,) = found.rivals
    assert (rival.approach, rival.arm, rival.difference.n) == ("fine_tuning", "lora", 150)
    assert (rival.difference.value, rival.difference.low, rival.difference.high) == pytest.approx(
        (100 * value, 100 * low, 100 * high)
    )
    assert rival.difference.source == "out: 64 examples, desk; paired"
    assert found.regret is not None
    ahead = value > 0
    assert found.regret.value == pytest.approx(max(100 * value, 0))
    assert found.regret.low == pytest.approx(max(100 * low, 0) if ahead else 0)
    assert found.regret.high == pytest.approx(100 * high if ahead else max(100 * high, 0))
    assert (found.more_items, found.more_seeds) == ((700, 4) if verdict == "undecided" else (None, None))
    assert VERDICTS == ("confirmed", "tie", "refuted", "undecided", "not_judged")


@pytest.mark.parametrize(
    ("ends", "level"),
    [((0.0, -0.02, 0.02), True), ((0.0, -0.021, 0.02), False), ((0.0, -0.02, 0.021), False), ((0.01, 0.0, 0.02), True)],
)
def test_level_is_shown_where_all_of_the_interval_is_within_the_margin(ends: Any, level: bool) -> None:
    """The margin itself is within."""
    assert judge(predicted(), measured(TWO, {("fine_tuning", "prompting"): ends})).equivalent == level


def test_the_margin_is_the_users_else_that_of_the_run_else_two_points() -> None:
    """A margin of nothing is a margin."""
    pair: Pairs = {("fine_tuning", "prompting"): (0.05, 0.01, 0.09)}
    assert judge(predicted(), measured(TWO, pair)).margin == 0.02
    assert judge(predicted(), measured(TWO, pair, margin=0.06)).margin == 0.06
    assert judge(predicted(), measured(TWO, pair, margin=0.06), 0.0).margin == 0.0
    assert judge(predicted(), measured(TWO, pair, margin=0.05)).verdict == "confirmed"


def test_approaches_never_compared_are_bounded_by_both_scores() -> None:
    """The difference of the scores between the widest distances of their bounds, and the lesser number of items."""
    found = judge(predicted(), measured(TWO, {}, prompting=90, fine_tuning=80))
    (rival,) = found.rivals
    assert (rival.difference.value, rival.difference.low, rival.difference.high) == pytest.approx((5, -1, 11))
    assert rival.difference.n == 80
    assert rival.difference.source.endswith("; bounds of both scores")
    assert (found.verdict, found.more_items, found.more_seeds) == ("undecided", None, None)


def test_scores_losses_and_the_best_of_three() -> None:
    """Points of 100 with their bounds and origin; of equals the pick is the best; losses are held against the top."""
    pairs: Pairs = {("hybrid", "prompting"): (0.0, -0.04, 0.06), ("fine_tuning", "prompting"): (-0.1, -0.2, 0.01)}
    found = judge(predicted(), measured({"hybrid": 0.8, "prompting": 0.8, "fine_tuning": 0.70000049}, pairs))
    assert (found.best, found.verdict) == ("prompting", "tie")
    assert found.arms == {"hybrid": "both", "prompting": "few_shot", "fine_tuning": "lora"}
    one = found.scores["hybrid"]
    assert (one.value, one.low, one.high, one.n) == pytest.approx((80, 77, 83, 200))
    assert one.source == "out: 64 examples, desk; both, 2 seed(s), wilson"
    assert found.losses == {"hybrid": 0.0, "prompting": 0.0, "fine_tuning": 9.999951}
    assert found.regret is not None
    assert (found.regret.value, found.regret.low, found.regret.n) == (0, 0, 150)
    assert found.regret.high == pytest.approx(6)


@pytest.mark.parametrize(
    ("pick", "size", "scores", "reason"),
    [
        ("prompting", 16, TWO, "this train size was not measured, or not to the end"),
        ("prompting", 64, {"prompting": 0.7}, "fewer than two approaches were measured"),
        (None, 64, TWO, "the advice abstained"),
        ("hybrid", 64, TWO, "hybrid was not measured"),
    ],
)
def test_what_is_not_judged_says_why(pick: str | None, size: int, scores: dict[str, float], reason: str) -> None:
    """Nothing is counted, lost or blamed."""
    found = judge(predicted(pick, train_size=size), measured(scores, {}))
    blank = Judgement(
        predicted(pick, train_size=size),
        "not_judged",
        0.02,
        None,
        {},
        {},
        (),
        None,
        None,
        {},
        False,
        None,
        None,
        (),
        (),
        reason,
    )
    assert found == blank
    assert found.hit is False


def test_blame_goes_to_the_three_that_spoke_most_for_the_pick() -> None:
    """By what they gave the pick less what they gave the better one, to four digits."""
    points = {
        "a": {"prompting": 0.5},
        "b": {"prompting": 0.25, "fine_tuning": -0.50004},
        "c": {"fine_tuning": 1.0},
        "d": {"prompting": 0.3, "fine_tuning": 0.3},
        "e": {"prompting": 0.1},
        "published_quality": {"prompting": 0.4},
    }
    found = blamed(predicted(points=points), "fine_tuning")
    assert found == (Blame("b", 0.75), Blame("a", 0.5), Blame("published_quality", 0.4))
    assert BLAMED == 3
    pair: Pairs = {("fine_tuning", "prompting"): (0.05, 0.01, 0.09)}
    refuted = judge(predicted(points=points), measured(TWO, pair))
    assert (refuted.blame, refuted.misled_by) == (found, ("s",))
    points.pop("published_quality")
    assert judge(predicted(points=points), measured(TWO, pair)).misled_by == ()
    assert blamed(predicted(None, points=points), "fine_tuning") == (Blame("b", 0.5),)


def points(value: float, low: float | None = None, high: float | None = None) -> Quantity:
    """A regret."""
    return Quantity(value, "points of 100", "measured", "run", low, high, 99)


@pytest.mark.parametrize(
    ("answers", "factor"),
    [
        ({"error_cost_usd": 2, "requests_per_month": 1000}, 20.0),
        ({"error_cost_usd": 2, "success_value_usd": 0.5, "requests_per_month": 1000}, 25.0),
        ({"success_value_usd": {"low": 1, "likely": 3, "high": 9}, "requests_per_month": 100}, 3.0),
        ({"error_cost_usd": 2}, None),
        ({"requests_per_month": 10}, None),
        ({"error_cost_usd": True, "requests_per_month": 10}, None),
        ({"error_cost_usd": "two", "requests_per_month": 10}, None),
    ],
)
def test_money_lost_a_month(answers: dict[str, Any], factor: float | None) -> None:
    """Points of 100 times what an error costs and a success is worth, times the volume, at likely values."""
    found = in_money(answers, points(5, 1, 9))
    if factor is None:
        assert found is None
        return
    assert found is not None
    assert (found.value, found.low, found.high, found.n) == (5 * factor, factor, 9 * factor, 99)
    open_ended = in_money(answers, points(5))
    assert open_ended is not None
    assert (open_ended.low, open_ended.high) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        ((0.05, 0.01, 0.09), "another approach is shown to be better, by 5.0 points (1.0 to 9.0)"),
        ((0.05, -0.01, 0.11), "another approach measured 5.0 points (0.0 to 11.0) better, which chance could explain"),
        ((-0.05, -0.09, -0.01), "it is the measured best, and not all approaches are level"),
        ((0.015, 0.01, 0.02), "it is within 2 points of the measured best, and not all approaches are level"),
        ((0.0, -0.05, 0.05), "no approach is told apart from it, and none measured better by more than the margin"),
    ],
)
def test_the_reason_of_each_verdict(ends: tuple[float, float, float], reason: str) -> None:
    """The points lost stand with their interval where some were."""
    scores = {"prompting": 0.7, "fine_tuning": 0.7 + ends[0]}
    assert judge(predicted(), measured(scores, {("fine_tuning", "prompting"): ends})).reason == reason


def test_a_rival_without_bounds_is_neither_ahead_nor_behind() -> None:
    """Only an interval beyond 0 shows anything."""
    for value, low, high, ahead, behind in (
        *(
            (5, None, None, False, False),
            (5, 1e-6, 9, True, False),
            (-5, -9, -1e-6, False, True),
            (0, 0, 0, False, False),
        ),
    ):
        rival = Rival("hybrid", "both", points(value, low, high))
        assert (rival.ahead(), rival.behind()) == (ahead, behind)


def validated(*items: Judgement, **changes: Any) -> Validation:
    """A validation of a complete run."""
    lock = Lock({"task": {"name": "desk"}}, tuple(item.prediction for item in items), "9 am", "pack", "1", "", "")
    run: Any = SimpleNamespace(metric="accuracy", status="complete", model="small", digest="d")
    given: dict[str, Any] = {"locked_before": True, "measurement": run, "now": {}, **changes}
    return Validation(folder="out", lock=lock, judgements=items, **given)


ANSWERS: dict[str, Any] = {
    **{"name": "desk", "labelled_examples": 64, "priorities": {}, "task_kind": "code", "class_count": 3},
    **{"error_cost_usd": 40, "requests_per_month": 1000},
}


def test_a_validation_line_by_line() -> None:
    """The head, stated and detected answers, a table of the sizes, then each verdict with what it means."""
    pair: Pairs = {("fine_tuning", "prompting"): (0.05, 0.01, 0.09)}
    prediction = predicted(
        answers=ANSWERS, derived={"class_count": "labels"}, points={"r": {"prompting": 0.256}}, recommendation="hybrid"
    )
    refuted = judge(prediction, measured(TWO, pair))
    assert validation.lines(validated(refuted, now={64: "fine_tuning"})) == [
        "desk: accuracy, locked 9 am",
        "  stated: task_kind code, error_cost_usd 40, requests_per_month 1000",
        "  detected: class_count 3",
        "  examples  advised     best        verdict      points lost   scores",
        "        64  prompting   fine_tuning refuted              5.0   prompting 70.0, fine_tuning 75.0",
        "  at 64: refuted: another approach is shown to be better, by 5.0 points (1.0 to 9.0)",
        "  at 64: the advice was hybrid, which has no arm here; next came prompting",
        "  at 64: that is 2,000 USD a month (400 to 3,600; regret x requests a month x (cost of an error + value of a "
        "success), as stated)",
        "  at 64: misled by: r (by 0.26 points)",
        "  at 64: with the measurement in, the advice is fine_tuning",
    ]
    undecided = judge(predicted(), measured(TWO, {("fine_tuning", "prompting"): (0.05, -0.01, 0.11)}))
    assert validation.lines(validated(undecided))[-1] == (
        "  at 64: would probably be decided by 700 more test items or 4 more seeds"
    )
    alone = judge(predicted(), measured(TWO, {}))
    assert validation.lines(validated(alone))[-1] == "  at 64: no number of items would tell"
    none = judge(predicted(None), measured(TWO, {}))
    run: Any = SimpleNamespace(metric="accuracy", status="incomplete")
    text = validation.lines(validated(none, measurement=run, locked_before=False))
    assert text[0] == (
        "desk: accuracy, locked 9 am, NOT locked before the run: judged, but no part of the record "
        "(the run is not complete)"
    )
    assert text[2] == "        64  (none)      -           not_judged             -   "
    assert text[3] == "  at 64: not judged: the advice abstained"
    assert len(validation.lines(validated())) == 2


def test_a_judgement_in_json() -> None:
    """Every field by name, numbers to four digits with unit and origin, and what was nothing stays so."""
    pair: Pairs = {("fine_tuning", "prompting"): (0.05, 0.01, 0.0900001)}
    found = judge(predicted(answers=ANSWERS, derived={"class_count": "labels"}), measured(TWO, pair))
    made = plain_judgement(found)
    assert {name: made[name] for name in ("train_size", "pick", "verdict", "hit", "margin", "best", "equivalent")} == {
        **{"train_size": 64, "pick": "prompting", "verdict": "refuted", "hit": False, "margin": 0.02},
        **{"best": "fine_tuning", "equivalent": False},
    }
    assert made["differences"]["fine_tuning"] == {
        **{"value": 5.0, "low": 1.0, "high": 9.0, "unit": "points of 100", "origin": "measured"},
        **{"source": "out: 64 examples, desk; paired", "n": 150},
    }
    assert (made["blame"], made["misled_by"], made["derived"]) == ([], [], {"class_count": "labels"})
    assert quantity(None) is None
    assert quantity(points(1.23456)) == {
        **{"value": 1.2346, "low": None, "high": None, "unit": "points of 100", "origin": "measured"},
        **{"source": "run", "n": 99},
    }
    whole = validation.plain(validated(found, now={64: "hybrid"}))
    assert [item["now"] for item in whole["judgements"]] == ["hybrid"]
    assert (whole["task"], whole["locked_before"], whole["metric"]) == ("desk", True, "accuracy")
