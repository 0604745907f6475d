"""Figures as they are shown: rounding, signs, separators and the edges at which one wording gives way to another."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

from advisor.intake.columns import Facts, Numbers, Words
from advisor.knowledge.domain import APPROACHES
from advisor.reasoning import published
from advisor.reasoning.contributions import waterfall, why_not
from advisor.reasoning.costs import in_units, simulation
from advisor.reasoning.costs.break_even import Curve, serving_break_even
from advisor.reasoning.costs.chance import Chance, between, share_of_variance
from advisor.reasoning.costs.inputs import Term, short
from advisor.reasoning.costs.simulation import in_cash, percentiles, rounded
from advisor.reasoning.difference import (
    AnswerChange,
    Difference,
    RuleChange,
    amount_in_words,
    difference,
    faults,
    lines,
    verdict_in_words,
)
from advisor.reasoning.engine import canonical
from advisor.reasoning.explain import approach_index, in_words, value_in_words
from advisor.reasoning.flips import few_digits
from advisor.reasoning.in_force import KnowledgeChange, changes
from advisor.reasoning.tripwires import STOP


@pytest.mark.parametrize(
    ("number", "words"),
    [
        *((0, "0"), (7.0, "7"), (99.94, "99.9"), (100.4, "100"), (-100.6, "-101"), (-99.94, "-99.9")),
        *((0.123456, "0.123"), (1234567.8, "1,234,568"), (12.345, "12.3"), (99.96, "100")),
    ],
)
def test_a_number_has_three_digits_below_a_hundred(number: float, words: str) -> None:
    """Whole numbers and those from a hundred on have no decimals."""
    assert in_words(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        *((147_312, "150,000"), (12.4, "12"), (10, "10"), (9.96, "10"), (0, "0"), (-3, "0"), (0.1234, "0.12")),
        *((1234, "1,200"), (99.6, "100"), (1.05, "1.1"), (0.5, "0.5")),
    ],
)
def test_a_volume_has_two_digits(number: float, words: str) -> None:
    """Thousands are separated; nothing is below 0."""
    assert rounded(number) == words


def test_amounts_at_the_edges_of_their_wording() -> None:
    """Whole dollars from 100 on and cents below 10; quoted figures have no decimals from 1,000 on."""
    assert [in_units(amount, "USD") for amount in (100.0, 99.5, 99.4)] == ["100 USD", "99.5 USD", "99.4 USD"]
    assert in_units(1234.56, "weeks") == "1,234.6 weeks"
    assert [in_cash(amount) for amount in (10.0, 9.999, 9.99, 9_999.6)] == ["10", "10.00", "9.99", "10,000"]
    assert [short(number) for number in (1000, 999.4, -1000, 0.12345, 12345.6)] == [
        *("1,000", "999", "-1,000", "0.123", "12,346"),
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[2.0], [2.0], [2.0]], "Rate 2 USD [ours]"),
        ([[1.0], [2.0], [3500.0]], "Rate 2 (1 to 3,500) USD [ours]"),
        ([[9.0, 0.0], [5.0, 0.0], [4.0, 0.0]], "Rate 5 (4 to 9) USD [ours]"),
    ],
)
def test_a_term_is_told_from_its_smaller_to_its_larger_end(values: Any, words: str) -> None:
    """Of the first scenario, whichever end is the favourable one; a range of nothing is left out."""
    assert Term("Rate", "USD", np.array(values), lambda: "ours").text() == words


@pytest.mark.parametrize(
    ("picked", "never", "until", "words"),
    [
        ([math.inf] * 3, 1.0, None, "Fine-tuning never costs less than prompting over the horizon, at any volume."),
        (
            [math.inf] * 3,
            0.9949,
            None,
            "Fine-tuning almost never costs less than prompting over the horizon, whatever the volume "
            "(99 of 100 draws).",
        ),
        (
            [math.inf] * 3,
            0.995,
            None,
            "Fine-tuning almost never costs less than prompting over the horizon, whatever the volume "
            "(more than 99 of 100 draws).",
        ),
        (
            [1234.0, math.inf, math.inf],
            0.6,
            None,
            "Fine-tuning mostly never costs less than prompting, whatever the volume (60 of 100 draws); in the "
            "favourable cases it does from about 1,200 requests a month.",
        ),
        ([0.0, 0.0, 0.0], 0.0, None, "Fine-tuning costs less than prompting at any volume."),
        (
            [0.0, 0.0, 777.0],
            0.0,
            None,
            "Fine-tuning mostly costs less than prompting at any volume; in the unfavourable cases it does from about "
            "780 requests a month.",
        ),
        (
            [0.0, 0.0, math.inf],
            0.2,
            None,
            "Fine-tuning mostly costs less than prompting at any volume; in 20 of 100 draws it never does.",
        ),
        (
            [100.0, 200.0, 300.0],
            0.0049,
            5e6,
            "Fine-tuning costs less than prompting from about 200 requests a month (100 to 300); beyond about "
            "5,000,000 requests a month prompting is cheaper again.",
        ),
        (
            [100.0, 200.0, 300.0],
            0.005,
            None,
            "Fine-tuning costs less than prompting from about 200 requests a month (100 to 300); in 0 of 100 draws it "
            "never does.",
        ),
    ],
)
def test_a_break_even_in_words(picked: list[float], never: float, until: float | None, words: str) -> None:
    """Never, almost never, mostly never, always, mostly, or from a volume on; each with its share of draws."""
    assert simulation._in_words("fine_tuning", picked, never, until) == words


@pytest.mark.parametrize(
    ("even", "words"),
    [
        (None, "At likely values it never does."),
        (0.99, "At likely values it does at any volume."),
        (1.5, "At likely values it does from about 1.5 requests a month."),
        (2345.0, "At likely values it does from about 2,300 requests a month."),
    ],
)
def test_a_break_even_at_likely_values_in_words(even: float | None, words: str) -> None:
    """Below one request a month it is any volume."""
    assert simulation._likely_in_words(even) == words


def test_the_band_of_a_break_even_over_draws() -> None:
    """Ten, fifty and ninety of a hundred draws; where half have an end its median is told, and the share of never."""

    def curve(fixed: Any, slope: Any) -> Curve:
        made = Curve([], "prompting", np.zeros(11), np.ones(11))
        made.fixed, made.slope = np.asarray(fixed, float), np.asarray(slope, float)
        return made

    tuned = curve(100.0 * np.arange(11) + 100, np.ones(11))
    found = simulation._band("hybrid", curve(np.zeros(11), 2 * np.ones(11)), tuned, "11 draws", 600.0)
    assert [one.value for one in (found.low, found.likely, found.high) if one] == [200.0, 600.0, 1000.0]
    assert (found.never_share, found.ends, found.approach) == (0.0, None, "hybrid")
    assert found.likely is not None
    assert (found.likely.unit, found.likely.origin) == ("requests a month", "estimated")
    assert found.text == (
        "The hybrid costs less than prompting from about 600 requests a month (200 to 1,000). "
        "At likely values it does from about 600 requests a month."
    )
    falling = curve(np.zeros(11), np.ones(11) * np.where(np.arange(11) < 8, 1.0, 2.0))
    ends = simulation._band("hybrid", curve(100.0 * np.arange(1, 12), 0.5 * np.ones(11)), falling, "n", None)
    assert ends.ends == pytest.approx(1100 / 1.5)  # 200, 400, 600, 600, 667, 733, 800 and more
    assert ends.text.endswith("At likely values it never does.")


def test_percentiles_lie_between_two_draws_by_the_straight_line() -> None:
    """Of 0 to 10 they are 1, 5 and 9; of two draws a tenth of the way and nine tenths."""
    assert percentiles(np.arange(11.0).reshape(1, 11)) == (1.0, 5.0, 9.0)
    assert percentiles(np.array([[3.0], [1.0]])) == pytest.approx((1.2, 2.0, 2.8))


def test_draws_between_the_ends_of_two_triangles() -> None:
    """Rank 0 is the low end, a half the likely value, 1 the high end; an eighth is half way up the lower triangle."""
    one = np.array([1.0])
    ranks = np.array([0.0, 0.125, 0.5, 0.875, 1.0])
    assert between(0 * one, 4 * one, 10 * one, ranks).tolist() == pytest.approx([0.0, 2.0, 4.0, 7.0, 10.0])


def test_each_input_is_drawn_once_in_equal_slices() -> None:
    """One draw lies in each slice; the same input gives the same draws, another seed or input others."""
    chance = Chance(50, seed=3)
    ends: Any = tuple(np.array([value]) for value in (0.0, 0.5, 1.0))
    low, likely, high = ends
    one, again, other = (chance.draw(key, "t", low, likely, high, "f") for key in ("a", "a", "b"))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, Chance(50, seed=4).draw("a", "t", *ends))
    assert np.array_equal(one, Chance(50, seed=3).draw("a", "t", *ends))
    ranks = np.sort(chance.inputs["a"].ranks.ravel())
    assert ((ranks * 150).astype(int) == np.arange(150)).all()
    assert (chance.inputs["a"].title, chance.inputs["a"].field, one.shape) == ("t", "f", (3, 50))
    point = chance.draw("c", "t", ends[1], ends[1], ends[1])
    assert (point == 0.5).all()
    assert point.shape == (3, 50)
    assert "c" not in chance.inputs


def test_the_share_of_variance_at_its_ends() -> None:
    """An input that is all of the total explains all of it, one that is not in it nothing, and a constant nothing."""
    ranks = (np.arange(1000) + 0.5) / 1000
    assert share_of_variance(ranks, ranks) == pytest.approx(1 - 1 / 25**2, abs=1e-4)
    assert share_of_variance(np.tile([0.0, 1.0], 500), ranks) == 0.0
    assert share_of_variance(np.ones(1000), ranks) == 0.0
    half = np.where(ranks < 0.5, 0.0, 1.0)
    assert share_of_variance(half, ranks, slices=2) == pytest.approx(1.0)
    noisy = half + np.tile([0.0, 1.0], 500)
    assert share_of_variance(noisy, ranks, slices=2) == pytest.approx(0.5 - 1 / 998 * 0.5)


def test_the_break_even_of_serving_by_hand() -> None:
    """Ten dollars of hosting over the saving of a request; level prices never pay, a cent saved does."""
    given: dict[str, Any] = {
        **{"prompt_tokens": 1000, "cached_tokens": 400, "output_tokens": 50, "tuned_tokens": 100},
        "hosting_usd_per_month": 10.0,
    }
    prompted = 600 * 2 + 400 * 0.5 + 50 * 8
    tuned = 100 * 1 + 50 * 4
    found = serving_break_even(**given, prompted_usd_per_million=(2, 0.5, 8), tuned_usd_per_million=(1, 4))
    assert found == pytest.approx(10 / ((prompted - tuned) / 1e6))
    level = (1.0, 1.0, 2.0)
    assert serving_break_even(**given, prompted_usd_per_million=level, tuned_usd_per_million=(10, 2)) is None
    cent = serving_break_even(**given, prompted_usd_per_million=level, tuned_usd_per_million=(9.999, 2))
    assert cent == pytest.approx(10 / (0.1 / 1e6))


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        *((0.0, -1, 1, 0.0), (17.0, 0, 20, 17.0), (0.6666, 0.6, 0.7, 0.667), (0.5004, 0.4, 0.6, 0.5)),
        *((0.123456, 0.1234, 0.1235, 0.123456), (0.6666, 0.6665, 0.7, 0.667), (123.4, 100, 130, 123.0)),
        *((0.1999, 0.1999, 0.3, 0.2), (0.2001, 0.1, 0.2001, 0.2), (-0.4444, -0.45, -0.44, -0.444)),
        *((1250.5, 1250.2, 1259, 1250.5), (99.95, 99.9, 101, 100.0)),
    ],
)
def test_a_number_is_written_with_as_few_digits_as_its_region_allows(
    value: float, low: float, high: float, said: float
) -> None:
    """Within half a percent, three digits at most, inside the region; else as it is."""
    assert few_digits(value, low, high) == pytest.approx(said, rel=1e-12)


def test_a_fact_in_words() -> None:
    """Words as they are, numbers with their unit, ranges from low to high; shares have none; what is open says so."""

    def number(low: float, likely: float, high: float, known: bool = True, absent: bool = False) -> Numbers:
        ends = (np.array([low], float), np.array([likely], float), np.array([high], float))
        return Numbers(*ends, np.array([known]), np.array([absent]))

    columns: Any = {
        **{"word": Words(np.array([1], np.int16), ("a", "b")), "open": Words(np.array([-1], np.int16), ("a",))},
        **{"off": Words(np.array([-2], np.int16), ("a",)), "one": number(5, 5, 5), "range": number(1, 3, 2500)},
        **{"unknown": number(0, 0, 0, known=False), "absent": number(0, 0, 0, known=False, absent=True)},
    }
    facts = Facts(1, columns, np.ones((1, 5)))
    said = {name: value_in_words(facts, name, "weeks") for name in (*columns, "nothing")}
    assert said == {
        **{"word": "b", "open": "not known", "off": "does not apply", "one": "5 weeks"},
        **{"range": "1 to 2,500 weeks", "unknown": "not known", "absent": "does not apply"},
        "nothing": "does not apply",
    }
    assert [value_in_words(facts, "one", unit) for unit in ("", "share")] == ["5", "5"]
    assert [approach_index(name) for name in ("prompting", "fine_tuning", "hybrid")] == [0, 1, 2]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        *((0.0, "level with"), (0.99, "level with"), (-0.99, "level with"), (1.0, "1 point ahead of")),
        *((1.4, "1 point ahead of"), (1.6, "2 points ahead of"), (-1.0, "1 point behind"), (-12.3, "12 points behind")),
    ],
)
def test_a_lead_in_words(points: float, words: str) -> None:
    """Below one point it is level; one is a point, more are points."""
    assert published._ahead(points) == words


def test_signs_and_rounding_of_a_forecast() -> None:
    """A minus is a minus sign, counts of examples have two digits, and a turn is told from a point on."""
    assert [published._signed(points) for points in (-3.4, 3.6, 0.2)] == ["−3", "+4", "+0"]
    assert [published._round(count) for count in (1234.0, 99.4, 101.0)] == [1200.0, 99.0, 100.0]
    assert published._turned(0.99, -5) == published._turned(3, 2) == published._turned(-3, -2) == ""
    assert published._turned(3, 0) == ""
    assert "put tuning further ahead" in published._turned(1.0, -0.1)
    assert "put prompting further ahead" in published._turned(-1.0, 0.1)


def step(rule: str, approach: str | None, weighted: float | None) -> Any:
    """A finding as far as contributions read it."""
    from types import SimpleNamespace

    return SimpleNamespace(rule=rule, approach=approach, weighted=weighted, title=f"T {rule}", criterion="cost")


def ranked(approach: str, score: float, eligible: bool = True) -> Any:
    """A place in the ranking as far as contributions read it."""
    from types import SimpleNamespace

    return SimpleNamespace(approach=approach, score=score, eligible=eligible)


def test_the_waterfall_goes_from_the_second_possible_to_the_first() -> None:
    """Each rule's difference once, largest first, none of nothing; an impossible second is passed over."""
    found = [
        step("a", "hybrid", 1.0),
        step("a", "prompting", 0.25),
        step("b", "prompting", 2.0),
        step("c", "fine_tuning", 9.0),
        step("d", "hybrid", 0.5),
        step("d", "prompting", 0.5),
        step("e", "hybrid", None),
        step("f", "hybrid", 0.75),
        step("g", None, 4.0),
    ]
    ranking = [ranked("hybrid", 3.0), ranked("fine_tuning", 2.5, False), ranked("prompting", 2.25)]
    steps = waterfall(found, ranking)
    assert [(one.rule, one.difference) for one in steps] == [("b", -2.0), ("a", 0.75), ("f", 0.75)]
    assert (steps[0].title, steps[0].criterion) == ("T b", "cost")
    assert waterfall(found, ranking[:2]) == ()
    second, third = why_not(found, ranking, [step("gate", "prompting", None), step("other", "hybrid", None)])
    assert (second.approach, second.gap, second.ruled_out_by) == ("fine_tuning", 0.5, ())
    assert [(one.rule, one.difference) for one in second.in_favour] == [("c", -9.0)]
    assert [one.rule for one in second.against] == ["a", "f", "d"]
    assert (third.gap, third.ruled_out_by) == (0.75, ("gate",))
    assert [one.rule for one in third.in_favour] == ["b"]
    many = [step(f"r{k}", "hybrid", 1.0 + k) for k in range(6)] + [
        step(f"s{k}", "prompting", 1.0 + k) for k in range(6)
    ]
    (only,) = why_not(many, [ranking[0], ranking[2]], [])
    assert [one.rule for one in only.against] == ["r5", "r4", "r3", "r2"]
    assert [one.rule for one in only.in_favour] == ["s5", "s4", "s3", "s2"]


def told(**parts: Any) -> Difference:
    """A difference between two advices for prompting."""
    given: dict[str, Any] = {
        **{"same_verdict": True, "recommendation": ("prompting", "prompting"), "status": ("advice", "advice")},
        **{"answers": (), "rules": (), "scores": {}, "costs_usd": {}, "circumstances": {}},
    }
    return Difference(**{**given, **parts})


def test_every_line_of_a_difference() -> None:
    """Circumstances, knowledge, answers, rules, scores to a hundredth and costs from a dollar on."""
    rule = RuleChange("r", "Rule", "speaks now", {}, {"hybrid": 1.005, "fine_tuning": -0.25}, ("a", "b"))
    gate = RuleChange("g", "Gate", "no longer speaks", {}, {}, ())
    less = RuleChange("l", "Less", "weighs differently", {"hybrid": 2.0}, {"hybrid": 0.5}, ())
    found = told(
        answers=(AnswerChange("x", None, 3),),
        rules=(rule, gate, less),
        scores={"prompting": (1.0, 1.0000001), "hybrid": (0.0, 0.000001), "fine_tuning": (1.0, 2.5)},
        costs_usd={"prompting": (10.0, 11.0), "hybrid": (10.0, 10.99), "fine_tuning": (20_000.4, 0.0)},
        circumstances={"day": ("2026-01-01", None)},
        knowledge=(KnowledgeChange("price", "l4/gpu_hour", [1, 2, 3], None),),
    )
    assert list(lines(found)) == [
        "The advice is the same: prompting.",
        "day: 2026-01-01 → not known",
        "price l4/gpu_hour: 2 (1 to 3) → not in force",
        "answer x: not known → 3",
        f"rule r (Rule) speaks now: fine_tuning -0.25, hybrid {1.005:+.2f}, through a, b",
        "rule g (Gate) no longer speaks: a gate",
        "rule l (Less) weighs differently: hybrid -1.50",
        "score of hybrid: 0.00 → 0.00",
        "score of fine_tuning: 1.00 → 2.50",
        "likely cost of prompting over the horizon: $10 → $11 (estimated)",
        "likely cost of fine_tuning over the horizon: $20,000 → $0 (estimated)",
    ]


def plain(**changes: Any) -> dict[str, Any]:
    """A published advice as far as a difference reads it."""
    given: dict[str, Any] = {
        **{"answers": {}, "recommendation": "prompting", "status": "advice", "technique": "few_shot"},
        **{"as_of": "2026-11-22", "rulebook_version": "1", "findings": [], "evidence": {"measured": None}},
        "ranking": [
            {"approach": name, "score": 1.0, "technique": "t", "cost_usd": {"horizon_total": {"likely": 5.0}}}
            for name in ("prompting", "fine_tuning", "hybrid")
        ],
    }
    return {**given, **changes}


def spoke(rule: str, approach: str | None, weighted: float | None, *facts: str, answers: tuple[str, ...] = ()) -> Any:
    """A finding in its published form."""
    return {
        **{"rule": rule, "title": rule.upper(), "approach": approach, "weighted": weighted},
        **{"answers": list(answers), "facts": [{"name": name} for name in facts]},
    }


def test_a_rule_is_told_with_what_it_did_and_through_which_answers() -> None:
    """New, gone or weighing differently; a gate first, then by weight; equal to nine digits is equal."""
    before = plain(
        answers={"a": 1, "b": 2, "name": "x"},
        findings=[
            spoke("gone", "hybrid", 0.5, "f", answers=("a",)),
            spoke("less", "hybrid", 2.0, "b", answers=("b",)),
            spoke("same", "hybrid", 1.0),
        ],
    )
    after = plain(
        answers={"a": 2, "c": 3, "name": "y"},
        findings=[
            spoke("less", "hybrid", 0.75, "b"),
            spoke("same", "hybrid", 1.0 + 4e-10),
            spoke("gate", "hybrid", None, "c", answers=("c",)),
        ],
    )
    found = difference(before, after)
    assert [(one.rule, one.effect, one.through) for one in found.rules] == [
        ("gate", "speaks now", ("c",)),
        ("less", "weighs differently", ("b",)),
        ("gone", "no longer speaks", ("a",)),
    ]
    assert [(one.before, one.after, one.title) for one in found.rules] == [
        ({}, {}, "GATE"),
        ({"hybrid": 2.0}, {"hybrid": 0.75}, "LESS"),
        ({"hybrid": 0.5}, {}, "GONE"),
    ]
    assert [(one.field, one.before, one.after) for one in found.answers] == [
        ("a", 1, 2),
        ("b", 2, None),
        ("c", None, 3),
    ]
    assert (found.same_verdict, found.circumstances) == (True, {})
    finer = plain(findings=[spoke("same", "hybrid", 1.0 + 2e-9)])
    assert [one.rule for one in difference(plain(findings=[spoke("same", "hybrid", 1.0)]), finer).rules] == ["same"]


def test_circumstances_are_day_rulebook_and_measurement() -> None:
    """Each is told where it differs; a measurement by its task and twelve digits."""
    measured = plain(evidence={"measured": {"task": "desk", "digest": "0123456789abcdef"}}, rulebook_version="2")
    found = difference(plain(), {**measured, "as_of": "2026-11-23"})
    assert found.circumstances == {
        "day": ("2026-11-22", "2026-11-23"),
        "rulebook": ("1", "2"),
        "measurement": (None, "desk 0123456789ab"),
    }
    assert found.scores == dict.fromkeys(APPROACHES, (1.0, 1.0))
    assert found.costs_usd == dict.fromkeys(APPROACHES, (5.0, 5.0))


@pytest.mark.parametrize(
    ("change", "faulty"),
    [
        ({}, []),
        ({"status": None}, ["status"]),
        ({"recommendation": None}, []),
        ({"recommendation": 3}, ["recommendation"]),
        ({"answers": []}, ["answers"]),
        ({"findings": {}}, ["findings"]),
        ({"findings": [spoke("r", None, True)]}, ["findings[0].weighted"]),
        ({"findings": [{**spoke("r", None, 1), "answers": [1]}]}, ["findings[0].answers[0]"]),
        ({"evidence": {}}, ["evidence.measured"]),
        ({"evidence": {"measured": {"task": "t"}}}, ["evidence.measured.digest"]),
        ({"ranking": plain()["ranking"][:2]}, ["ranking"]),
        ({"ranking": "x"}, ["ranking"]),
        ({"ranking": [*plain()["ranking"][:2], 7]}, ["ranking[2]", "ranking"]),
    ],
)
def test_what_cannot_be_compared_is_named_by_its_place(change: dict[str, Any], faulty: list[str]) -> None:
    """Every field of another shape is named, a truth value is no number, and what may be null may."""
    assert [place for place, _ in faults(plain(**change))] == faulty


def test_knowledge_that_differs_by_kind_and_name() -> None:
    """Prices first; a kind that one of both does not tell is left out, an item that is new stood at nothing."""
    before = {"prices": {"b": 1, "a": 2}, "rules": {"r": "x"}, "market": {"m": "in force"}}
    after = {"prices": {"b": 2, "c": 3}, "rules": {"r": "x"}, "market": [], "models": {"q": "d"}}
    assert [(one.kind, one.name, one.before, one.after) for one in changes(before, after)] == [
        *(("price", "a", 2, None), ("price", "b", 1, 2), ("price", "c", None, 3)),
    ]


def test_verdicts_amounts_and_ends_in_words() -> None:
    """A tie is led by its first; a range has three numbers; the end of a plan is a stop."""
    assert [verdict_in_words(*pair) for pair in (("fine_tuning", "advice"), ("hybrid", "tie"), (None, "abstain"))] == [
        *("fine-tuning", "a tie led by hybrid", "no recommendation (abstains)"),
    ]
    assert amount_in_words([1, 2, "x"]) == "[1, 2, 'x']"
    assert amount_in_words(3) == "3"
    assert STOP == "stop"


def test_the_one_text_of_a_value() -> None:
    """Keys in order, no spaces, letters as they are, days as ISO."""
    assert canonical({"b": 1, "a": ["ü", date(2026, 1, 2)]}) == '{"a":["ü","2026-01-02"],"b":1}'
