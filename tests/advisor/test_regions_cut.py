"""Regions and rules together: where lines are cut, what is drawn and counted, and which rule adds to another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from advisor.intake.answers import Answer, parse
from advisor.knowledge.conditions import Always, Among, AtLeastK, Bound, Compare, Condition, Known, Not
from advisor.knowledge.domain import APPROACHES, Rule
from advisor.reasoning import coverage, lint_scored
from advisor.reasoning.costs.break_even import Curve, first_saving, saving_window
from advisor.reasoning.costs.lines import Line as CostLine
from advisor.reasoning.engine import Engine
from advisor.reasoning.probe import Probe
from advisor.reasoning.regions import CELLS, Cutter, Line, Region, exact, smallest_step, span

RAW: dict[str, Any] = {
    **{"task_kind": "classification", "class_count": 7, "labelled_examples": 100, "setup_budget_usd": 500},
    **{"target_quality": 0.9, "prompt_quality": 0.7},
}


def rule(name: str, when: Condition | None = None, **changes: Any) -> Rule:
    """A score that speaks for a hybrid."""
    given: dict[str, Any] = {
        **{"id": name, "kind": "score", "title": name, "when": when or Always(), "because": f"B {name}.", "source": ()},
        **{"since": date(2026, 1, 1), "where": "made.yaml", "criterion": "quality", "points": {"hybrid": 1.0}},
    }
    return Rule(**{**given, **changes})


def asks(fact: str, op: str, number: float) -> Compare:
    """A comparison with a number."""
    return Compare(fact, op, Bound(number=number))


def small(shipped: Engine, *rules: Rule) -> Engine:
    """The engine over these rules alone."""
    return replace(shipped, book=replace(shipped.book, rules=rules), model=None)


def cutter(engine: Engine, marks: Any = None) -> Cutter:
    """A cutter of the lines through RAW."""
    return Cutter(engine, Probe(engine, parse(RAW, engine.book)).base, marks)


def cut(engine: Engine, field: str, marks: Any = None, **changes: Answer | None) -> list[Region]:
    """The regions of one number through RAW."""
    (found,) = cutter(engine, marks).cut([Line(changes, field)])
    return found


def edges(found: list[Region]) -> list[tuple[float, float]]:
    """The last value of each region and the first of the next."""
    return [(one.high, two.low) for one, two in pairwise(found)]


def led(found: list[Region]) -> list[tuple[float, float, int]]:
    """The regions joined where the same approach leads."""
    joined: list[tuple[float, float, int]] = []
    for one in found:
        if joined and joined[-1][2] == one.leader:
            joined[-1] = (joined[-1][0], one.high, one.leader)
        else:
            joined.append((one.low, one.high, one.leader))
    return joined


@pytest.mark.parametrize("marked", [False, True], ids=["all comparisons", "leaders alone"])
def test_a_bound_on_a_derived_fact_is_found_to_the_unit(shipped: Engine, marked: bool) -> None:
    """30.3 examples a class are 212.1 of 7 classes: 212 is below, 213 above; from 900 to 903 another leads."""
    lead = rule("q", asks("examples_per_class", ">=", 30.3))
    narrow = rule("n", AtLeastK(2, (asks("labelled_examples", ">=", 900), asks("labelled_examples", "<=", 903))))
    engine = small(shipped, lead, replace(narrow, points={"fine_tuning": 5.0}))
    marks = {"labelled_examples": [901.0]} if marked else None
    low, high = span(engine.book.questions["labelled_examples"])
    found = cut(engine, "labelled_examples", marks)
    assert led(found) == [(low, 212, 0), (213, 899, 2), (900, 903, 1), (904, high, 2)]
    assert all(two.low == one.high + 1 for one, two in pairwise(found))
    other = cut(engine, "labelled_examples", marks, class_count=exact(10))
    assert led(other)[0] == (low, 302, 0)
    open_ = cut(engine, "labelled_examples", marks, class_count=None)
    assert led(open_)[0] == (low, 899, 0)


def test_a_bound_on_a_share_is_found_to_its_precision(shipped: Engine) -> None:
    """A shortfall above 0.1 of a target of 0.9 ends at 0.8, to a ten-thousandth."""
    engine = small(shipped, rule("q", asks("quality_shortfall", ">", 0.1)))
    found = led(cut(engine, "prompt_quality"))
    assert [leader for _, _, leader in found] == [2, 0]
    assert found[0][1] == pytest.approx(0.8, abs=2e-4)
    assert 0 < found[1][0] - found[0][1] <= 1e-4 * 1.01
    assert found[0][1] < 0.8 <= found[1][0] + 1e-9


def test_money_that_a_rule_bounds_is_parted_at_the_cent(shipped: Engine) -> None:
    """One cent below a bound and the bound itself, whatever other bounds lie near; both ends are followed."""
    engine = small(
        shipped,
        rule("a", asks("setup_budget_usd", ">=", 750)),
        rule("b", asks("setup_budget_usd", ">=", 751), points={}),
    )
    found = cut(engine, "setup_budget_usd")
    told = [(round(one, 6), round(two, 6)) for one, two in edges(found)]
    assert (749.99, 750.0) in told
    assert (750.99, 751.0) in told
    low, high = span(engine.book.questions["setup_budget_usd"])
    assert (found[0].low, found[-1].high) == (low, high)
    assert [leader for _, _, leader in led(found)] == [0, 2]
    alone = led(cut(engine, "setup_budget_usd", {"setup_budget_usd": [750.0]}))
    assert [leader for _, _, leader in alone] == [0, 2]


def test_two_lines_are_cut_together_as_each_alone(shipped: Engine) -> None:
    """Lines of different numbers and changes do not mix."""
    engine = small(
        shipped, rule("q", asks("examples_per_class", ">=", 30.3)), rule("b", asks("setup_budget_usd", ">", 600))
    )
    lines = [
        Line({}, "labelled_examples"),
        Line({"class_count": exact(3)}, "labelled_examples"),
        Line({"labelled_examples": exact(9)}, "setup_budget_usd"),
    ]
    together = cutter(engine).cut(lines)
    assert together == [cutter(engine).cut([line])[0] for line in lines]
    assert len(together) == 3


def test_the_first_cut_of_a_line(shipped: Engine) -> None:
    """Each bound with a step on both sides, both ends, the common span, and cells even by ratio or distance."""
    engine = small(
        shipped, rule("q", asks("labelled_examples", ">=", 250)), rule("p", asks("prompt_quality", ">", 0.5))
    )
    one = cutter(engine)
    question = engine.book.questions["labelled_examples"]
    low, high = span(question)
    points = one._grid(question)
    assert {249, 250, 251, low, high, *question.typical} <= set(points.tolist())
    assert (points == points.round()).all()
    assert (np.diff(points) > 0).all()
    start = max(low, question.typical[1] / 1e5, 1.0)
    assert {round(value) for value in np.geomspace(start, high, 2 * CELLS)} <= set(points.tolist())
    share = engine.book.questions["prompt_quality"]
    least, most = span(share)
    points = one._grid(share)
    assert {0.499, 0.5, 0.501} <= {round(float(value), 9) for value in points}
    assert set(np.linspace(least, most, 2 * CELLS + 1)) <= set(points.tolist())
    coarse = cutter(engine, {"prompt_quality": [0.123]})._grid(share).tolist()
    assert 0.123 in coarse
    assert set(np.linspace(least, most, CELLS // 4 + 1)) <= set(coarse)
    assert len(coarse) < len(points)
    assert smallest_step(share) == 0.001


def test_coverage_counts_what_was_drawn(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares of all scenarios, also where they come in several parts; a rule that never fires and one of the future."""
    monkeypatch.setattr(coverage, "CHUNK", 50)
    never = AtLeastK(2, (Among("task_kind", ("code",)), Among("task_kind", ("reasoning",))))
    engine = small(
        shipped,
        *(
            rule("always"),
            rule("never", never),
            rule("later", since=date(2040, 1, 1)),
            rule("half", Known("task_kind")),
        ),
        rule("gate", Known("use_case_count"), kind="gate", points={}, approaches=("hybrid",), criterion=""),
    )
    found = coverage.coverage(engine, 120, seed=3)
    assert (found.scenarios, found.seed) == (120, 3)
    assert found.rules["always"] == 1.0
    assert found.rules["never"] == 0.0
    assert (found.never, found.not_in_force) == (("never",), ("later",))
    assert found.eligible["prompting"] == found.eligible["fine_tuning"] == 1.0
    assert found.eligible["hybrid"] == pytest.approx(1 - found.rules["gate"])
    assert 0.3 < found.rules["half"] < 0.7
    for share in (*found.rules.values(), *found.recommended.values(), *found.status.values()):
        assert share * 120 == pytest.approx(round(share * 120))
    assert sum(found.status.values()) == pytest.approx(1)
    assert sum(found.recommended.values()) == pytest.approx(1 - found.status["abstain"])
    assert set(found.techniques) == {
        f"{name}/{one.id}" for name in APPROACHES for one in engine.book.approaches[name].techniques
    }
    for name in APPROACHES:
        mine = [share for key, share in found.techniques.items() if key.startswith(f"{name}/")]
        assert sum(mine) == pytest.approx(found.recommended[name])


def remarks(shipped: Engine, *rules: Rule) -> list[str]:
    """What is worth a look about these rules."""
    return [str(one) for one in lint_scored.check(small(shipped, *rules))[1]]


BROAD, NARROW = asks("use_case_count", ">=", 3), asks("use_case_count", ">=", 5)


@pytest.mark.parametrize(
    ("broad", "changes", "dominated"),
    [
        ({"hybrid": 1.0}, {}, True),
        ({"hybrid": 1.5, "prompting": -1.0}, {}, True),
        ({"hybrid": 0.99}, {}, False),
        ({"hybrid": -1.0}, {}, False),
        ({"prompting": 1.0}, {}, False),
        ({"hybrid": 1.0}, {"criterion": "cost"}, False),
        ({"hybrid": 1.0}, {"on_top_of": ("broad",)}, False),
        ({"hybrid": 1.0}, {"when": asks("use_case_count", ">=", 2)}, False),
        ({"hybrid": 1.0}, {"when": Not(NARROW)}, False),
        ({"hybrid": -2.0}, {"points": {"hybrid": -1.0}}, True),
    ],
)
def test_a_rule_that_only_adds_to_another_is_remarked_on(
    shipped: Engine, broad: dict[str, float], changes: dict[str, Any], dominated: bool
) -> None:
    """Where the other fires whenever it does and gives at least as much on the same criterion."""
    found = remarks(shipped, rule("broad", BROAD, points=broad), rule("narrow", **{"when": NARROW, **changes}))
    told = [line for line in found if "fires only when rule broad" in line]
    assert bool(told) == dominated
    for line in told:
        assert line.startswith("made.yaml: rule narrow: found it fires only when rule broad (made.yaml) gives at least")
        assert "on_top_of: [broad]" in line


def test_what_was_never_seen_is_told_with_the_number_of_samples(shipped: Engine) -> None:
    """Three thousand draws and one for each firing example; a firing example that fires is seen."""
    when = asks("break_even_quality", ">=", 2)
    (line,) = remarks(shipped, rule("odd", when))
    assert "not seen in 3,001 samples" in line
    rare = AtLeastK(2, (asks("use_case_count", ">=", 777), asks("use_case_count", "<=", 777)))
    assert not [line for line in remarks(shipped, rule("r", rare, fires={"use_case_count": 777})) if "not seen" in line]
    wrong = rule("a", asks("use_case_count", ">=", 1), fires={"use_case_count": "many"})
    seen = rule("r", rare, fires={"use_case_count": 777})
    assert not [line for line in remarks(shipped, wrong, seen) if "not seen" in line]
    assert lint_scored.SAMPLES == 3000


def curve(fixed: float, slope: float, copy: float = 0.0, load: float = 0.0) -> Curve:
    """A monthly cost by volume."""
    made = Curve([], "prompting", np.zeros(1), np.ones(1))
    made.fixed, made.slope, made.copy, made.load = (np.array([value]) for value in (fixed, slope, copy, load))
    return made


@pytest.mark.parametrize(
    ("prompted", "tuned", "begin", "end"),
    [
        ((10, 2), (40, 1), 30.0, np.inf),
        ((10, 2), (5, 1), 0.0, np.inf),
        ((10, 1), (40, 1), None, None),
        ((50, 1), (10, 2), 0.0, 40.0),
        ((10, 1), (10, 1), None, None),
        ((10, 0, 10, 0.1), (15, 0), 15.0, np.inf),
        ((30, 0), (10, 0, 10, 0.1), 0.0, 30.0),
        ((10, 1, 0, 0), (20, 0, 20, 0.05), 10.0, np.inf),
        ((10, 1), (20, 0, 100, 0.05), 10.0, 22.5),
        ((5, 0, 40, 0.1), (10, 1), 15.0, np.inf),
    ],
)
def test_the_window_of_saving_by_hand(prompted: Any, tuned: Any, begin: float | None, end: float | None) -> None:
    """Fixed costs, slopes and cards from a second copy on: the first and the last volume at which tuning saves."""
    first, found, last = saving_window(curve(*prompted), curve(*tuned))
    assert bool(found[0]) == (begin is not None)
    if begin is not None:
        assert (float(first[0]), float(last[0])) == pytest.approx((begin, end))
    assert first_saving(curve(*prompted), curve(*tuned))[1].tolist() == found.tolist()


def test_a_curve_is_the_sum_of_its_lines() -> None:
    """Set-up by the month, cards by the copy, tokens by the request, the rest as it is; no others count."""

    def line(approach: str, phase: Any, amount: float, **bands: float) -> CostLine:
        band: Any = {name: np.full((3, 1), value) for name, value in bands.items()}
        return CostLine(approach, phase, "t", "f", np.full((3, 1), amount), (), **band)

    lines = [
        line("hybrid", "setup", 120.0),
        line("hybrid", "monthly", 7.0),
        line("hybrid", "monthly", 50.0 + 3.0 * 20, per_request=3.0),
        line("hybrid", "monthly", 40.0, copy=40.0, load=0.01),
        line("prompting", "setup", 999.0),
    ]
    found = Curve(lines, "hybrid", np.array([20.0]), np.array([12.0]))
    assert found.fixed.tolist() == [10 + 7 + 50 + 40]
    assert (found.slope.tolist(), found.copy.tolist(), found.load.tolist()) == ([3.0], [40.0], [0.01])
    assert found.bend.tolist() == [100.0]
    assert [float(found.at(np.array([volume]))[0]) for volume in (0.0, 100.0, 150.0)] == [107.0, 407.0, 577.0]
    assert found.end_slope().tolist() == [3.4]
    assert Curve([], "hybrid", np.zeros(1), np.ones(1)).bend.tolist() == [np.inf]
    assert Counter(one.approach for one in lines)["hybrid"] == 4


def test_which_questions_come_next(shipped: Engine) -> None:
    """An answer decides where two options make different approaches lead; the share is over the others' answers."""
    turn = rule("t", Among("task_kind", ("code",)), points={"hybrid": 1.0})
    both = rule(
        "b",
        AtLeastK(2, (Among("knowledge_need", ("none",)), Among("ml_expertise", ("none",)))),
        points={"fine_tuning": 2.0},
    )
    engine = small(shipped, turn, both)
    found = Probe(engine, parse({}, engine.book)).next_questions()
    values = {one.field: one.value for one in found}
    needs = len(engine.book.questions["knowledge_need"].values)
    skills = len(engine.book.questions["ml_expertise"].values)
    kinds = len(engine.book.questions["task_kind"].values)
    assert kinds > 2
    wanted = {"task_kind": 1 - 1 / (needs * skills), "knowledge_need": 1 / skills, "ml_expertise": 1 / needs}
    assert values == pytest.approx(wanted, abs=0.1)  # 128 draws of the many ways to answer the others
    assert all(value * 128 == pytest.approx(round(value * 128), abs=0.01) for value in values.values())
    assert [one.value for one in found] == sorted(values.values(), reverse=True)
    assert found[0].ask == engine.book.questions[found[0].field].ask
    assert len(Probe(engine, parse({}, engine.book)).next_questions(1)) == 1
    done = {"task_kind": "code", "knowledge_need": "none", "ml_expertise": "some"}
    assert Probe(engine, parse(done, engine.book)).next_questions() == ()


def test_who_may_still_lead(shipped: Engine) -> None:
    """Those that lead as things are or under some way to answer what is open, in the order of the domain."""
    engine = small(shipped, rule("t", Among("task_kind", ("code",))), rule("p", points={"prompting": 0.5}))
    assert Probe(engine, parse({}, engine.book)).still_open() == ("prompting", "hybrid")
    assert Probe(engine, parse({"task_kind": "code"}, engine.book)).still_open() == ("hybrid",)
    assert Probe(engine, parse({"task_kind": "translation"}, engine.book)).still_open() == ("prompting",)
    shut = rule("g", kind="gate", points={}, approaches=APPROACHES, criterion="")
    assert Probe(small(shipped, shut), parse({}, engine.book)).still_open() == ()
