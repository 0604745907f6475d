"""The ground that searches walk on: cells of a grid, drawn scenarios, cliff edges, open questions of many projects."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.intake.answers import parse
from advisor.intake.columns import Facts, Numbers, Words
from advisor.intake.sheet import parse_sheet
from advisor.intake.truth import FALSE, TRUE, UNKNOWN
from advisor.knowledge.conditions import Always, Among, AtLeastK, Bound, Compare, Condition, Known, Not
from advisor.knowledge.domain import Parameter, Question, Rule
from advisor.reasoning import grid, portfolio
from advisor.reasoning.coverage import draw
from advisor.reasoning.engine import Engine
from advisor.reasoning.flips import Move, minimal
from advisor.reasoning.lint_scored import check
from advisor.reasoning.portfolio import Portfolio, Tally
from advisor.reasoning.regions import exact
from advisor.reasoning.variants import along, picked, variants

DAY = date(2026, 11, 22)


def asks(fact: str, op: str, number: float) -> Compare:
    """A comparison with a number."""
    return Compare(fact, op, Bound(number=number))


def truths(shipped: Engine, *conditions: Condition) -> list[list[int]]:
    """The truth of the conditions in every cell."""
    found = grid.truths(conditions, shipped.book, DAY)
    assert found is not None
    return [sorted(row) for row in found.tolist()]


def test_the_cells_of_a_number_are_its_bounds_their_neighbours_and_what_is_open(shipped: Engine) -> None:
    """A whole number around 5 and 8 is 4, 5, 6, 7, 8 or 9, not known, or does not apply."""
    one, other = asks("use_case_count", ">=", 5), asks("use_case_count", ">", 8)
    found = grid.truths([one, other], shipped.book, DAY)
    assert found is not None
    assert found.shape == (2, 8)
    assert found[0].tolist() == [FALSE, TRUE, TRUE, TRUE, TRUE, TRUE, UNKNOWN, FALSE]
    assert found[1].tolist() == [FALSE, FALSE, FALSE, FALSE, FALSE, TRUE, UNKNOWN, FALSE]


def test_the_cells_of_money_lie_closer_than_a_cent(shipped: Engine) -> None:
    """Just below, at and just above a bound, whatever its size; below what is allowed there is none."""
    found = grid.truths([asks("setup_budget_usd", ">", 2000)], shipped.book, DAY)
    assert found is not None
    assert found[0].tolist() == [FALSE, FALSE, TRUE, UNKNOWN, FALSE]
    found = grid.truths([asks("setup_budget_usd", "<", 0)], shipped.book, DAY)
    assert found is not None
    assert found[0].tolist() == [FALSE, FALSE, UNKNOWN, FALSE]


def test_no_cell_lies_beyond_what_a_question_allows(shipped: Engine) -> None:
    """A share has none above 1, and one at 1 and just below."""
    cells = grid._cells("prompt_quality", [asks("prompt_quality", ">=", 1)], shipped.book, DAY)
    assert cells.numbers == (1 - 1e-6, 1.0)
    assert len(cells) == 4


def test_the_cells_of_a_choice_are_what_the_conditions_tell_apart(shipped: Engine) -> None:
    """One option of those named together, one on which another question hangs, one of the rest, and what is open."""
    found = grid.truths([Among("task_kind", ("code", "reasoning"))], shipped.book, DAY)
    assert found is not None
    assert sorted(found[0].tolist()) == sorted([TRUE, FALSE, FALSE, UNKNOWN, FALSE])
    both = grid.truths([Among("task_kind", ("code",)), Among("task_kind", ("code", "reasoning"))], shipped.book, DAY)
    assert both is not None
    assert both.shape == (2, 6)
    assert grid.truths([Known("task_kind")], shipped.book, DAY) is not None


def test_too_many_cells_decide_nothing(shipped: Engine) -> None:
    """Beyond two hundred thousand combinations there is no answer, up to them there is."""
    numbers = [name for name, one in shipped.book.questions.items() if one.numeric and one.applies_when is None][:10]
    wide = [asks(name, ">=", 5 * k + 7.5) for name in numbers for k in range(3)]
    assert grid.truths(wide, shipped.book, DAY) is None
    few = [asks(name, ">=", 7.5) for name in numbers[:6]]
    found = grid.truths(few, shipped.book, DAY)
    assert found is not None
    assert 1000 < found.shape[1] <= grid.LIMIT == 200_000
    assert truths(shipped, Always()) == [[TRUE]]


def test_the_bounds_of_a_fact_ascend(shipped: Engine) -> None:
    """Those of every part of every condition, each once, and all values of a bound that depends on an answer."""
    conditions: list[Condition] = [
        AtLeastK(1, (asks("latency_ms", ">", 900), Not(asks("latency_ms", "<", 50)))),
        *(asks("latency_ms", ">=", 50), asks("class_count", ">", 3)),
    ]
    assert grid.bounds(conditions, "latency_ms", shipped.book, DAY) == (50.0, 900.0)
    by = Compare("labelled_examples", ">=", Bound(parameter="examples_needed", by="task_kind"))
    table: Any = shipped.book.parameters["examples_needed"].on(DAY)
    assert grid.bounds([by], "labelled_examples", shipped.book, DAY) == tuple(
        sorted({float(v) for v in table.values()})
    )


def test_what_does_not_apply_is_marked_so_in_every_cell(shipped: Engine) -> None:
    """A number of classes is there for classification only, so that asking for both kinds at once is never true."""
    code = AtLeastK(2, (Among("task_kind", ("code",)), asks("class_count", ">=", 2)))
    labels = AtLeastK(2, (Among("task_kind", ("classification",)), asks("class_count", ">=", 2)))
    found = grid.truths([code, labels], shipped.book, DAY)
    assert found is not None
    assert not (found[0] == TRUE).any()
    assert (found[1] == TRUE).any()


def made(kind: Any, low: float, high: float, **changes: Any) -> Question:
    """A question of the questionnaire."""
    given: dict[str, Any] = {"typical": (low, high), "range_allowed": True, "min": 0, **changes}
    return Question("q", "g", kind, "?", "", "", **given)


def drawn(question: Question, n: int = 20_000) -> Facts:
    """Random answers to one question."""
    book: Any = SimpleNamespace(questions={"q": question}, criteria=Counter())
    weights = {
        name: SimpleNamespace(weight=1.0 + k)
        for k, name in enumerate(("quality", "cost", "speed", "adaptability", "control"))
    }
    book.criteria = weights
    return draw(book, n, np.random.default_rng(1))


def test_drawn_numbers_have_the_shares_that_are_told() -> None:
    """Half is answered; a tenth lies beyond what is typical, a twentieth is 0, three in twenty are ranges."""
    facts = drawn(made("number", 1, 9))
    one = facts.numbers("q")
    assert one.known.mean() == pytest.approx(0.5, abs=0.02)
    assert (one.likely == 0).mean() == pytest.approx(0.05, abs=0.01)
    assert (one.low < one.high).mean() == pytest.approx(0.15 * 0.95, abs=0.01)
    beyond = (one.likely > 9) | ((one.likely < 1) & (one.likely > 0))
    assert 0.03 < beyond.mean() < 0.1
    inside = one.likely[(one.likely >= 1) & (one.likely <= 9)]
    assert inside.mean() == pytest.approx(5, abs=0.15)
    assert one.likely.max() <= 90
    assert (one.low >= 0.5 * one.likely).all()
    assert (one.high <= 2 * one.likely).all()
    assert facts.weights[0].tolist() == [1, 2, 3, 4, 5]
    assert not one.absent.any()


def test_wide_spans_are_drawn_by_ratio_and_narrow_ones_by_distance() -> None:
    """More than ten times as far apart: half lie below the middle ratio; at ten times below the middle."""
    wide = drawn(made("number", 9, 999, range_allowed=False)).numbers("q").likely
    inside = wide[(wide >= 9) & (wide <= 999)]
    assert (inside < 99).mean() == pytest.approx(0.5, abs=0.02)
    narrow = drawn(made("number", 10, 100, range_allowed=False)).numbers("q")
    inside = narrow.likely[(narrow.likely >= 10) & (narrow.likely <= 100)]
    assert (inside < 55).mean() == pytest.approx(0.5, abs=0.02)
    assert (narrow.low == narrow.high).all()
    least = drawn(made("number", 0, 10, min=3, max=8)).numbers("q")
    assert (least.low.min(), least.high.max()) == (3, 8)
    assert (least.likely == 0).sum() == 0


def test_whole_numbers_shares_and_defaults_are_drawn_as_such() -> None:
    """Whole ones are whole at all ends, shares stay from 0 to 1, and a default is known everywhere."""
    whole = drawn(made("integer", 0, 50)).numbers("q")
    for end in (whole.low, whole.likely, whole.high):
        assert (end == np.round(end)).all()
    share = drawn(made("share", 0.5, 0.9, max=1)).numbers("q")
    assert share.high.max() == 1
    assert (share.likely[share.likely > 0]).min() < 0.5
    usual = drawn(made("integer", 0, 50, default=12)).numbers("q")
    assert usual.known.all()
    assert (usual.likely == 12).mean() > 0.5
    words = drawn(replace(made("choice", 0, 0), options=tuple(SimpleNamespace(value=v) for v in "abc"))).words("q")  # type: ignore[misc]
    counts = Counter(words.codes.tolist())
    assert counts[-1] / 20_000 == pytest.approx(0.5, abs=0.02)
    assert all(counts[k] / 20_000 == pytest.approx(1 / 6, abs=0.02) for k in range(3))
    assert drawn(made("model", 0, 0)).words("q").codes.tolist() == [-1] * 20_000


def rule(name: str, when: Condition, **changes: Any) -> Rule:
    """A score that speaks for a hybrid."""
    given: dict[str, Any] = {
        **{"id": name, "kind": "score", "title": name, "when": when, "because": "b", "source": ()},
        **{"since": date(2026, 1, 1), "where": "made.yaml", "criterion": "quality", "points": {"hybrid": 1.0}},
    }
    return Rule(**{**given, **changes})


def remarks(shipped: Engine, *rules: Rule, limit: float | None = None) -> list[str]:
    """Problems and remarks about these rules alone, where a jump of at most `limit` is allowed."""
    book = replace(shipped.book, rules=rules)
    if limit is not None:
        parameter: Parameter = replace(book.parameters["cliff_edge_points"], values=((date(2020, 1, 1), limit),))
        book = replace(book, parameters={**book.parameters, "cliff_edge_points": parameter})
    problems, more = check(replace(shipped, book=book, model=None))
    return [str(one) for one in (*problems, *more)]


def test_a_jump_counts_from_more_than_the_limit_on(shipped: Engine) -> None:
    """The points of all rules that turn at one bound add up by the share of their criterion."""
    total = sum(one.weight for one in shipped.book.criteria.values())
    share = shipped.book.criteria["quality"].weight / total
    one = rule("one", asks("use_case_count", ">=", 5))
    two = rule("two", asks("use_case_count", ">", 4), points={"hybrid": 0.5, "prompting": -0.25})
    jump = 1.5 * share
    assert not [line for line in remarks(shipped, one, two, limit=jump + 1e-6) if "cliff" in line]
    (line,) = [line for line in remarks(shipped, one, two, limit=jump - 1e-6) if "cliff" in line and " 5 " in line]
    assert f"hybrid jumps by {jump:+.2f} at use_case_count 5 (one, two)" in line or "at use_case_count 5 (one)" in line
    down = rule("down", asks("use_case_count", "<", 5))
    (line,) = [line for line in remarks(shipped, down, limit=share - 1e-6) if "cliff" in line]
    assert f"hybrid jumps by {-share:+.2f} at use_case_count 5 (down)" in line
    assert f"a jump of at most {share:g}" in line or "a jump of at most" in line


def test_rules_that_repeat_or_contradict_each_other(shipped: Engine) -> None:
    """The same condition twice is a duplicate with the same effect, a contradiction with opposite points."""
    one, same = rule("one", asks("use_case_count", ">=", 5)), rule("two", asks("use_case_count", ">", 4))
    against = replace(same, points={"hybrid": -1.0, "prompting": 1.0})
    apart = replace(against, criterion="cost")
    elsewhere = replace(same, points={"prompting": -1.0})
    assert not [line for line in remarks(shipped, one, elsewhere) if "the same condition" in line]
    assert any("the same condition and effect as rule two (made.yaml)" in line for line in remarks(shipped, one, same))
    assert any("opposite points for hybrid" in line for line in remarks(shipped, one, against))
    assert not [line for line in remarks(shipped, one, apart) if "the same condition" in line]
    later = replace(same, since=date(2027, 1, 1))
    ended = replace(one, until=date(2026, 12, 31))
    assert not [line for line in remarks(shipped, ended, later) if "the same condition" in line]
    assert [
        line for line in remarks(shipped, replace(ended, until=date(2027, 1, 1)), later) if "the same condition" in line
    ]


def move(field: str, value: float, step: float) -> Move:
    """One number changed."""
    return Move(field, exact(value), step)


def test_a_change_is_minimal_where_no_part_of_it_does_the_same() -> None:
    """Going less far in the same direction is a part, going the other way is none; another leader is another change."""
    near, far, down = move("a", 5, 2), move("a", 9, 6), move("a", 1, -2)
    other = move("b", 7, 3)
    assert minimal([((near,), 1), ((far,), 2), ((down,), 1)]) == [((near,), 1), ((down,), 1), ((far,), 2)]
    assert minimal([((near, other), 1), ((near,), 2)]) == [((near, other), 1), ((near,), 2)]
    assert minimal([((near, other), 1), ((near,), 1)]) == [((near,), 1)]
    assert minimal([((near, other), 1), ((far, other), 1)]) == [((near, other), 1)]
    assert minimal([((far, other), 1), ((near,), 1)]) == [((near,), 1)]
    assert minimal([((near, other), 1), ((far,), 1)]) == [((near, other), 1), ((far,), 1)]
    assert minimal([((near, other), 1), ((down, other), 1)]) == [((near, other), 1), ((down, other), 1)]
    assert minimal([((near,), 1), ((replace(near, low=3.0),), 1)]) == [((replace(near, low=3.0),), 1)]


def question(kind: str, low: float, high: float) -> Any:
    """A question as far as a ladder reads it."""
    return SimpleNamespace(kind=kind, typical=(low, high))


def test_a_ladder_has_five_rungs() -> None:
    """Even by ratio from the lower end on, whole where the question is, by distance for shares."""
    assert portfolio._ladder(question("share", 0.2, 1.0)).tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert portfolio._ladder(question("number", 1, 81)).tolist() == pytest.approx([1, 3, 9, 27, 81])
    assert portfolio._ladder(question("integer", 1, 50)).tolist() == [1, 3, 7, 19, 50]
    found = portfolio._ladder(question("number", 0, 1e5)).tolist()
    assert found == pytest.approx([0, 10 ** (1 + 1), 1e3, 1e4, 1e5])
    assert portfolio._fields(("examples_per_class", "class_count", "task_kind")) == [
        "labelled_examples",
        "class_count",
        "task_kind",
    ]


def projects(engine: Engine, *rows: str) -> Portfolio:
    """A portfolio of a few answers."""
    head = "name,task_kind,labelled_examples,use_case_count"
    return Portfolio(engine, parse_sheet("\n".join((head, *rows)).encode(), engine.book))


def small(shipped: Engine, *rules: Rule) -> Engine:
    """The engine over these rules alone."""
    return replace(shipped, book=replace(shipped.book, rules=rules), model=None)


def test_the_next_question_is_the_one_on_which_most_weight_hangs(shipped: Engine) -> None:
    """A score weighs its largest points times the share of its criterion, an open gate one, a note nothing."""
    share = {name: one.weight for name, one in shipped.book.criteria.items()}
    quality = share["quality"] / sum(share.values())
    light = 1 / quality
    gate = rule("g", Known("deadline_weeks"), kind="gate", approaches=("hybrid",), points={}, criterion="")
    gate = replace(gate, when=asks("deadline_weeks", ">", 3))
    score = rule("s", asks("use_case_count", ">", 3), points={"hybrid": 0.5, "prompting": -0.99 * light})
    note = rule("n", asks("latency_ms", ">", 3), kind="note", points={}, criterion="")

    def asked(*rules: Rule) -> list[Any]:
        found = projects(small(shipped, *rules), "a,code,5,", "b,code,5,2").rows()
        return [row["next_question"] for row in found]

    assert asked(gate, score, note) == ["deadline_weeks", "deadline_weeks"]
    heavy = replace(score, points={"hybrid": 0.5, "prompting": -1.01 * light})
    assert asked(gate, heavy, note) == ["use_case_count", "deadline_weeks"]
    assert asked(heavy, note) == ["use_case_count", None]
    assert asked(note) == [None, None]


def test_a_portfolio_tells_what_closed_what(shipped: Engine) -> None:
    """Approaches by name with the rules that closed each, costs to cents, none without an advice."""
    gates = [
        rule(
            "z",
            asks("use_case_count", ">", 3),
            kind="gate",
            approaches=("prompting", "hybrid"),
            points={},
            criterion="",
        ),
        rule("y", asks("use_case_count", ">", 3), kind="gate", approaches=("prompting",), points={}, criterion=""),
        rule(
            "t", Known("task_kind"), kind="gate", approaches=("hybrid",), techniques=("none",), points={}, criterion=""
        ),
    ]
    lead = rule("q", Known("labelled_examples"), points={"fine_tuning": 1.23456})
    found = list(projects(small(shipped, *gates, lead), "a,code,5,9", "b,code,5,1", "c,,,").rows())
    assert [row["ruled_out"] for row in found] == ["hybrid: z; prompting: y, z", "", ""]
    assert [row["recommendation"] for row in found] == ["fine_tuning", "fine_tuning", None]
    assert [row["row"] for row in found] == [2, 3, 4]
    assert found[0]["margin"] == 0.0
    share = shipped.book.criteria["quality"].weight / sum(one.weight for one in shipped.book.criteria.values())
    assert found[1]["margin"] == found[1]["score_fine_tuning"] == round(1.23456 * share, 4)
    assert found[2]["technique"] is found[2]["cost_usd_low"] is found[2]["lead_weeks_high"] is None
    for name in ("cost_usd_low", "cost_usd_likely", "cost_usd_high", "lead_weeks_likely"):
        assert found[0][name] == round(found[0][name], 2)
    assert found[0]["cost_usd_low"] < found[0]["cost_usd_likely"] < found[0]["cost_usd_high"]


@pytest.mark.parametrize("approach", ["prompting", "fine_tuning", "hybrid"])
def test_costs_and_weeks_are_those_of_the_recommended_approach(shipped: Engine, approach: str) -> None:
    """Whichever it is, the first in the order included."""
    names = ("labelled_examples", "task_kind", "use_case_count")
    found = projects(small(shipped, *(rule(name, Known(name), points={approach: 1.0}) for name in names)), "a,code,5,9")
    (row,) = found.rows()
    costs, weeks = found.outcome.costs.horizon[approach], found.outcome.costs.lead_weeks[approach]
    assert row["recommendation"] == approach
    for bound in ("low", "likely", "high"):
        assert row[f"cost_usd_{bound}"] == round(float(getattr(costs, bound)[0]), 2)
        assert row[f"lead_weeks_{bound}"] == round(float(getattr(weeks, bound)[0]), 2)
    assert found.costs() == [float(getattr(costs, bound)[0]) for bound in ("low", "likely", "high")]
    assert found.summary().approaches == {
        name: int(name == approach) for name in ("prompting", "fine_tuning", "hybrid")
    }
    assert sum(found.summary().techniques.values()) == 1
    assert row["technique"] in found.summary().techniques


def test_answers_that_unlock_are_counted_over_all_projects(shipped: Engine) -> None:
    """A question decides where its answers make different approaches lead; shares of all that were tried."""
    turn = rule("t", asks("use_case_count", ">", 3), points={"hybrid": 1.0})
    kind = rule("k", Among("task_kind", ("code",)), points={"fine_tuning": 2.0})
    base = rule("b", Known("labelled_examples"), points={"prompting": 0.5})
    portfolio_ = projects(
        small(shipped, turn, kind, base), "a,code,5,", "b,translation,5,", "c,translation,5,9", "d,,5,9"
    )
    found = portfolio_.summary()
    assert (found.projects, found.sample) == (4, 4)
    unlocks = {one.field: (one.open_in, one.share) for one in found.unlocks}
    assert unlocks == {"use_case_count": (2, 0.25), "task_kind": (1, 0.25)}
    assert [one.field for one in found.unlocks] == ["use_case_count", "task_kind"]
    assert portfolio_.open_counts()["use_case_count"] == 2
    assert found.nothing_eligible == 0
    assert sum(found.statuses.values()) == 4


def test_projects_added_in_parts_are_those_of_the_whole(shipped: Engine) -> None:
    """The sample is spread over the whole sheet, its first and its last project included."""
    engine = small(shipped, rule("t", asks("use_case_count", ">", 3)), rule("k", Known("task_kind")))
    rows = [f"p{k},code,{k},{k % 5 or ''}" for k in range(7)]
    whole = projects(engine, *rows)
    tally = Tally(engine, 7)
    for part in (rows[:3], rows[3:4], rows[4:]):
        tally.add(projects(engine, *part))
    assert tally.summary() == whole.summary()


def base(shipped: Engine) -> Facts:
    """One questionnaire as columns."""
    from advisor.intake.facts import tabulate

    raw = {"task_kind": "code", "labelled_examples": {"low": 1, "likely": 5, "high": 9}, "use_case_count": 3}
    return tabulate([parse(raw, shipped.book)], shipped.book)


def test_a_questionnaire_many_times_over_with_some_answers_changed(shipped: Engine) -> None:
    """Words, numbers, ranges, what is taken away and what does not apply; all else stays as it is."""
    from advisor.intake.answers import Answer

    away = Answer("does_not_apply")
    changed: list[Any] = [
        {},
        {"task_kind": Answer("word", word="reasoning"), "use_case_count": exact(8)},
        {"labelled_examples": Answer("range", low=2, likely=3, high=4), "task_kind": None},
        {"labelled_examples": None, "use_case_count": away},
        {"task_kind": away},
    ]
    facts = variants(base(shipped), changed)
    words = facts.words("task_kind")
    names = [words.values[code] if code >= 0 else int(code) for code in words.codes.tolist()]
    assert names == ["code", "reasoning", -1, "code", -2]
    labels, uses = facts.numbers("labelled_examples"), facts.numbers("use_case_count")
    assert [labels.low.tolist(), labels.likely.tolist(), labels.high.tolist()] == [
        *([1, 1, 2, 0, 1], [5, 5, 3, 0, 5], [9, 9, 4, 0, 9]),
    ]
    assert (labels.known.tolist(), labels.absent.tolist()) == ([True, True, True, False, True], [False] * 5)
    assert uses.likely.tolist() == [3, 8, 3, 0, 3]
    assert (uses.known.tolist(), uses.absent.tolist()) == (
        [True, True, True, False, True],
        [False, False, False, True, False],
    )


def test_numbers_along_lines_and_answers_from_lists(shipped: Engine) -> None:
    """Each value in its own line's field, the other changes of the line beside it."""
    changes = [{"use_case_count": exact(7)}, {}]
    owners, values = np.array([0, 0, 1]), np.array([10.0, 20.0, 2.0])
    facts = along(base(shipped), changes, ["labelled_examples", "use_case_count"], owners, values)
    assert facts.numbers("labelled_examples").likely.tolist() == [10, 20, 5]
    assert facts.numbers("labelled_examples").low.tolist() == [10, 20, 1]
    assert facts.numbers("labelled_examples").high.tolist() == [10, 20, 9]
    assert facts.numbers("use_case_count").likely.tolist() == [7, 7, 2]
    empty = along(base(shipped), [{}], ["deadline_weeks"], np.array([0, 0]), np.array([1.0, 2.0]))
    assert empty.numbers("deadline_weeks").known.tolist() == [True, True]
    assert not empty.numbers("deadline_weeks").absent.any()
    from advisor.intake.answers import Answer

    grids = {
        "task_kind": [Answer("word", word=w) for w in ("code", "reasoning")],
        "deadline_weeks": [exact(4), exact(9)],
    }
    facts = picked(base(shipped), grids, {"task_kind": np.array([1, 0, 1]), "deadline_weeks": np.array([0, 0, 1])})
    words = facts.words("task_kind")
    assert [words.values[code] for code in words.codes] == ["reasoning", "code", "reasoning"]
    weeks = facts.numbers("deadline_weeks")
    assert (weeks.likely.tolist(), weeks.known.tolist(), facts.n) == ([4, 4, 9], [True] * 3, 3)
    assert isinstance(facts.columns["task_kind"], Words)
    assert isinstance(facts.columns["deadline_weeks"], Numbers)
    assert facts.numbers("labelled_examples").likely.tolist() == [5, 5, 5]
