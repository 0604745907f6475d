"""An engine over a handful of rules made up for it: what is traced, scored, ranked, told and asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from advisor.intake.answers import Answers, parse
from advisor.intake.columns import Facts
from advisor.knowledge.conditions import Always, Among, AtLeastK, Bound, Compare, Condition, Known, Not
from advisor.knowledge.domain import Case, Rule, Source
from advisor.reasoning import limits, trials
from advisor.reasoning.advice import Advice
from advisor.reasoning.advise import advise
from advisor.reasoning.engine import ABSTAIN, ADVICE, STATUS, TIE, Engine, Outcome, unknown_gates
from advisor.reasoning.explain import Explainer
from advisor.reasoning.probe import Probe, completions, likely_values
from advisor.reasoning.regions import Cutter, Line, Region, exact, smallest_step, span
from advisor.reasoning.robustness import robustness

BEGUN = date(2026, 1, 1)
STATED: dict[str, Any] = {
    **{"labelled_examples": 95, "task_kind": "extraction", "setup_budget_usd": 2500},
    "input_tokens": {"low": 100, "likely": 300, "high": 500},
}


def rule(name: str, when: Condition | None = None, kind: Any = "score", **changes: Any) -> Rule:
    """A rule that always speaks, unless it asks for something."""
    given: dict[str, Any] = {
        **{"id": name, "kind": kind, "title": f"T {name}", "when": when or Always(), "because": f"B {name}."},
        **{"source": (), "since": BEGUN, "where": "made.yaml"},
    }
    given |= {"criterion": "quality", "points": {"prompting": 1.0}} if kind == "score" else {}
    given |= {"approaches": ("hybrid",), "lift": "L"} if kind == "gate" else {}
    return Rule(**{**given, **changes})


def asks(fact: str, op: str, number: float) -> Compare:
    """A comparison with a number."""
    return Compare(fact, op, Bound(number=number))


BY_KIND = Compare("labelled_examples", ">=", Bound(parameter="examples_needed", by="task_kind"))


def over(shipped: Engine, *rules: Rule) -> Engine:
    """The shipped engine with these rules in place of its own, and no forecast."""
    return replace(shipped, book=replace(shipped.book, rules=rules), model=None)


def explained(engine: Engine, raw: Mapping[str, Any]) -> Explainer:
    """The explainer of one questionnaire."""
    answers = parse(dict(raw), engine.book)
    return Explainer(engine, engine.decide_answers([answers]), answers)


@pytest.mark.parametrize(
    ("changes", "state", "detail"),
    [
        ({"when": asks("labelled_examples", ">=", 95)}, "fired", ""),
        (
            {"when": asks("labelled_examples", ">=", 100)},
            "failed",
            "labelled examples is 95 examples, needs at least 100 (off by 5)",
        ),
        (
            {"when": Not(asks("labelled_examples", ">=", 50))},
            "failed",
            "labelled examples is 95 examples, needs not at least 50 (off by 45)",
        ),
        (
            {"when": Among("task_kind", ("code", "reasoning"))},
            "failed",
            "task kind is extraction, needs code or reasoning",
        ),
        ({"when": Not(Among("task_kind", ("extraction",)))}, "failed", "task kind is extraction, needs not extraction"),
        ({"when": Not(Known("task_kind"))}, "failed", "task kind is extraction"),
        ({"when": Among("knowledge_need", ("stable",))}, "unknown", "waits for knowledge need"),
        (
            {
                "when": AtLeastK(
                    2, (Known("task_kind"), Among("knowledge_need", ("stable",)), asks("output_tokens", ">", 5))
                )
            },
            "unknown",
            "waits for knowledge need, output tokens",
        ),
        ({"when": asks("input_tokens", ">", 300)}, "unknown", "undecided range"),
        ({"since": date(2027, 1, 1)}, "expired", "not in force before 2027-01-01"),
        ({"when": BY_KIND}, "failed", "labelled examples is 95 examples"),
        ({"until": date(2026, 2, 1)}, "expired", "ended 2026-02-01"),
        (
            {
                "when": AtLeastK(
                    2, (Known("task_kind"), asks("labelled_examples", "<=", 94), asks("deadline_weeks", "<", 1))
                )
            },
            "unknown",
            "waits for deadline",
        ),
        (
            {"when": AtLeastK(2, (Known("task_kind"), asks("labelled_examples", "<=", 94)))},
            "failed",
            "labelled examples is 95 examples, needs at most 94 (off by 1)",
        ),
        (
            {"when": AtLeastK(1, (asks("labelled_examples", "<", 95), asks("labelled_examples", ">", 99)))},
            "failed",
            "labelled examples is 95 examples, needs less than 95 (off by 0); "
            "labelled examples is 95 examples, needs more than 99 (off by 4)",
        ),
    ],
)
def test_the_state_of_one_rule_and_why(shipped: Engine, changes: dict[str, Any], state: str, detail: str) -> None:
    """What it asks for and by how much it fails, what it waits for, or when it holds."""
    (found,) = explained(over(shipped, rule("r", **changes)), STATED).trace()
    assert (found.rule, found.kind, found.state, found.detail) == ("r", "score", state, detail)


def test_the_trace_and_the_edges_of_a_rules_days(shipped: Engine) -> None:
    """By id; a rule holds on its first and on its last day."""
    day = shipped.day
    rules = [
        *(rule("d", since=day), rule("c", until=day), rule("b", since=day + timedelta(days=1))),
        rule("a", until=day - timedelta(days=1)),
    ]
    found = list(explained(over(shipped, *rules), STATED).trace())
    assert [(one.rule, one.state) for one in found] == [
        *(("a", "expired"), ("b", "expired")),
        ("c", "fired"),
        ("d", "fired"),
    ]


@pytest.mark.parametrize(
    ("kind", "when", "reason", "detail", "missing"),
    [
        *(("score", asks("labelled_examples", ">=", bound), "close", None, ()) for bound in (96, 190)),
        ("score", asks("labelled_examples", ">=", 191), None, None, ()),
        ("score", asks("labelled_examples", "<=", 64), "close", None, ()),
        ("score", asks("labelled_examples", "<=", 63), None, None, ()),
        ("score", asks("labelled_examples", "<", 0), None, None, ()),
        ("score", asks("labelled_examples", ">=", 95), None, None, ()),
        ("score", Not(asks("labelled_examples", ">=", 50)), None, None, ()),
        ("score", BY_KIND, None, None, ()),
        ("score", AtLeastK(1, (BY_KIND, asks("labelled_examples", ">=", 98))), "close", None, ()),
        ("score", asks("examples_per_class", ">=", 1), None, None, ()),
        ("score", AtLeastK(2, (Known("task_kind"), asks("labelled_examples", ">=", 100))), "close", None, ()),
        (
            "score",
            AtLeastK(2, (asks("labelled_examples", ">=", 97), asks("labelled_examples", ">=", 98))),
            None,
            None,
            (),
        ),
        (
            "score",
            AtLeastK(1, (asks("labelled_examples", ">=", 999), asks("labelled_examples", ">=", 98))),
            "close",
            None,
            (),
        ),
        ("score", Among("knowledge_need", ("stable",)), None, None, ()),
        ("score", asks("input_tokens", ">", 300), None, None, ()),
        (
            "gate",
            AtLeastK(2, (Among("knowledge_need", ("stable",)), asks("output_tokens", ">", 5))),
            "unknown",
            "Not decided: it depends on knowledge need, output tokens.",
            ("knowledge_need", "output_tokens"),
        ),
        ("gate", asks("input_tokens", ">", 300), "unknown", "Not decided within the range given for input tokens.", ()),
        ("gate", asks("labelled_examples", ">", 100), "close", None, ()),
        ("note", asks("labelled_examples", ">", 100), None, None, ()),
    ],
)
def test_what_nearly_spoke(
    shipped: Engine, kind: str, when: Condition, reason: str | None, detail: str | None, missing: tuple[str, ...]
) -> None:
    """A number within half of its bound where nothing else lacks, or a gate that an answer could still close."""
    found = explained(over(shipped, rule("r", when, kind)), STATED).near_misses()
    assert [(one.rule, one.kind, one.title, one.reason, one.missing) for one in found] == (
        [("r", kind, "T r", reason, missing)] if reason else []
    )
    for one in found:
        assert detail is None or one.detail == detail
        assert one.approaches == (("prompting",) if kind == "score" else ("hybrid",))


def test_near_misses_come_by_weight_and_are_eight(shipped: Engine) -> None:
    """A gate weighs 3, a score as much as its largest points either way; equals by id."""
    close = asks("labelled_examples", ">=", 100)
    rules = [rule(f"s{k}", close, points={"prompting": 0.5, "hybrid": -1.0}) for k in range(7)]
    rules += [rule("z", close, points={"hybrid": -2.0, "prompting": 0.25}), rule("gate", close, "gate")]
    found = explained(over(shipped, *rules), STATED).near_misses()
    assert [one.rule for one in found] == ["gate", "z", "s0", "s1", "s2", "s3", "s4", "s5"]
    assert found[1].approaches == ("prompting", "hybrid")
    (close_one,) = explained(over(shipped, rule("r", close)), STATED).near_misses()
    assert close_one.detail == "labelled examples is 95 examples; the rule asks for at least 100."


def test_findings_notes_and_gates_that_spoke(shipped: Engine) -> None:
    """A score once per approach, weighted by the share of its criterion; a note once."""
    rules = [
        rule("s", Known("labelled_examples"), points={"prompting": 2.0, "hybrid": -1.0}, source=("x",)),
        rule("g", Known("task_kind"), "gate", approaches=("fine_tuning", "hybrid"), source=("y",)),
        rule("t", Known("task_kind"), "gate", approaches=("prompting",), techniques=("no such",)),
        rule("n", Known("examples_per_class"), "note"),
        rule("o", None, "note", outcome="evaluate_first"),
        rule("p", None, "note", techniques=("no such",)),
        rule("q", Among("task_kind", ("code",)), "note"),
    ]
    told = explained(over(shipped, *rules), {**STATED, "task_kind": "classification", "class_count": 5})
    share = float(told.outcome.shares[0, 0])
    assert [(one.rule, one.approach, one.points, one.weighted) for one in told.findings()] == [
        ("g", "fine_tuning", None, None),
        ("g", "hybrid", None, None),
        ("s", "prompting", 2.0, 2.0 * share),
        ("s", "hybrid", -1.0, -1.0 * share),
        ("t", "prompting", None, None),
    ]
    first = next(one for one in told.findings() if one.rule == "s")
    assert (first.criterion, first.answers, first.source, first.because) == (
        "quality",
        ("labelled_examples",),
        ("x",),
        "B s.",
    )
    assert [(fact.name, fact.value, fact.origin) for fact in first.facts] == [
        ("labelled_examples", "95 examples", "stated")
    ]
    notes = list(told.notes())
    assert [(one.rule, one.approach, one.criterion) for one in notes] == [("o", None, None), ("n", None, None)]
    assert notes[1].answers == ("labelled_examples", "class_count")
    assert [fact.origin for fact in notes[1].facts] == ["estimated"]
    closed = list(told.ruled_out())
    assert [(one.rule, one.approach, one.lift, one.source) for one in closed] == [
        *(("g", "fine_tuning", "L", ("y",)), ("g", "hybrid", "L", ("y",))),
    ]
    assert told.fact("horizon_months").origin == "default"
    assert told.fact("knowledge_need").origin == "not known"
    assert told.fact("knowledge_need").value == "not known"


def decided(engine: Engine, **answers: Any) -> Outcome:
    """The outcome of one questionnaire."""
    return engine.decide_answers([parse({**STATED, **answers}, engine.book)])


THREE = tuple(
    rule(f"r{k}", Known(name), points={})
    for k, name in enumerate(("labelled_examples", "task_kind", "setup_budget_usd"))
)


@pytest.mark.parametrize(("lead", "status"), [(0.1, ADVICE), (0.0999, TIE), (0.3, ADVICE), (0.0, TIE)])
def test_a_tie_ends_at_its_margin(shipped: Engine, lead: float, status: int) -> None:
    """A distance of exactly the margin is an advice, a little less a tie; equals stand in the fixed order."""
    engine = over(shipped, *THREE, rule("q", points={"hybrid": lead}))
    outcome = decided(engine, priorities={"quality": 1, "cost": 0, "speed": 0, "adaptability": 0, "control": 0})
    assert float(outcome.margin[0]) == pytest.approx(lead)
    assert outcome.status[0] == status
    assert outcome.order[0].tolist() == ([2, 0, 1] if lead else [0, 1, 2])


def test_three_answers_that_rules_read_are_enough(shipped: Engine) -> None:
    """With two it abstains; notes count for nothing, nor do answers that no rule reads."""
    lead = rule("q", points={"hybrid": 1.0})
    assert decided(over(shipped, *THREE, lead)).status[0] == ADVICE
    assert decided(over(shipped, *THREE[:2], lead)).status[0] == ABSTAIN
    note = rule("n", Known("setup_budget_usd"), "note")
    assert decided(over(shipped, *THREE[:2], lead, note)).status[0] == ABSTAIN
    assert STATUS == ("advice", "tie", "abstain")


def test_what_is_ruled_out_does_not_lead_and_is_no_rival(shipped: Engine) -> None:
    """Points, shares and totals are plain sums; with one left the margin has no end, with none nothing leads."""
    lead = rule("q", points={"hybrid": 2.0, "prompting": 0.5, "fine_tuning": 0.25})
    cost = rule("c", criterion="cost", points={"prompting": 1.0})
    weights = {"quality": 3, "cost": 1, "speed": 0, "adaptability": 0, "control": 0}
    outcome = decided(over(shipped, *THREE, lead, cost), priorities=weights)
    assert outcome.shares[0].tolist() == [0.75, 0.25, 0, 0, 0]
    assert outcome.totals[0].tolist() == pytest.approx([0.625, 0.1875, 1.5])
    assert float(outcome.margin[0]) == pytest.approx(0.875)
    gate = rule("g", kind="gate")
    outcome = decided(over(shipped, *THREE, lead, cost, gate), priorities=weights)
    assert (int(outcome.leader[0]), outcome.order[0].tolist()) == (0, [0, 1, 2])
    assert float(outcome.margin[0]) == pytest.approx(0.4375)
    alone = decided(over(shipped, *THREE, lead, rule("g", kind="gate", approaches=("hybrid", "prompting"))))
    assert (np.isinf(alone.margin[0]), int(alone.leader[0]), alone.status[0]) == (True, 1, ADVICE)
    none = decided(over(shipped, *THREE, rule("g", kind="gate", approaches=("prompting", "fine_tuning", "hybrid"))))
    assert (int(none.leader[0]), none.status[0], np.isinf(none.margin[0])) == (-1, ABSTAIN, True)
    facts = outcome.facts
    flat = over(shipped, *THREE, lead, cost).decide(Facts(1, facts.columns, np.zeros((1, 5)), facts.defaulted))
    assert flat.shares[0].tolist() == [0.2] * 5


def test_a_gate_on_techniques_closes_these_and_the_approach_with_its_last(shipped: Engine) -> None:
    """The next technique that holds is taken; without any the approach is out."""
    techniques = [one.id for one in shipped.book.approaches["prompting"].techniques]
    free = decided(over(shipped, *THREE))
    chosen = techniques[int(free.techniques[0, 0])]
    gate = rule("g", kind="gate", approaches=("prompting",), techniques=(chosen,))
    other = decided(over(shipped, *THREE, gate))
    assert int(other.techniques[0, 0]) != int(free.techniques[0, 0])
    assert bool(other.eligible[0, 0]) == (int(other.techniques[0, 0]) >= 0)
    shut = decided(over(shipped, *THREE, replace(gate, techniques=tuple(techniques))))
    assert (int(shut.techniques[0, 0]), bool(shut.eligible[0, 0])) == (-1, False)
    assert [
        one.id for one in unknown_gates(decided(over(shipped, rule("u", Known("deadline_weeks"), "gate"))), 0)
    ] == []
    wide = over(shipped, rule("u", asks("input_tokens", ">", 300), "gate"), rule("v", asks("input_tokens", ">", 300)))
    assert [one.id for one in unknown_gates(decided(wide), 0)] == ["u"]


def told(engine: Engine, **answers: Any) -> Advice:
    """The advice for STATED with some answers more."""
    return advise(parse({**STATED, **answers}, engine.book), engine)


def test_the_reason_is_what_pulls_the_leader_from_its_rival(shipped: Engine) -> None:
    """The three strongest in their order; what speaks as much for the rival, or for a third, is no reason."""
    rules = [
        rule("even", points={"hybrid": 2.0, "prompting": 2.0}),
        rule("third", points={"fine_tuning": 0.75}),
        rule("own1", points={"hybrid": 1.0}),
        rule("own2", points={"hybrid": 0.75}),
        rule("less", points={"prompting": -0.8}),
        rule("small", points={"hybrid": 0.1}),
        rule("against", points={"hybrid": -0.2}),
    ]
    advice = told(over(shipped, *THREE, *rules))
    assert (advice.recommendation, advice.ranking[1].approach) == ("hybrid", "prompting")
    assert advice.reason == "B own1. B less. B own2."
    shut = told(over(shipped, *THREE, *rules, rule("g", kind="gate", approaches=("prompting",))))
    assert shut.ranking[1].approach == "fine_tuning"
    assert shut.reason == "B even. B own1. B own2."


def test_headlines_and_confidence_of_each_kind_of_outcome(shipped: Engine) -> None:
    """Advice, tie, abstention, one left and none left each have their own words, and a percentage has none here."""
    lead = rule("q", points={"hybrid": 1.0})
    advice = told(over(shipped, *THREE, lead))
    first = advice.ranking[0]
    for item in advice.ranking:
        assert {line.approach for line in item.cost_usd.lines} == {item.approach}
        assert item.cost_usd.setup.likely == pytest.approx(
            sum(line.amount.value for line in item.cost_usd.lines if line.phase == "setup")
        )
    assert advice.headline == f"{first.title}: {first.technique_title}"
    assert (advice.status, advice.technique, advice.confidence.value) == ("advice", first.technique, None)
    assert advice.confidence.calibrated is False
    margin = advice.margin
    assert advice.confidence.basis == (
        f"Margin {margin:.2f} points; below 0.1 it is called a tie. "
        "No percentage is given: no model of published studies."
    )
    tie = told(over(shipped, *THREE))
    assert (tie.status, tie.headline) == ("tie", "A tie between prompting and fine-tuning")
    abstains = told(over(shipped, lead))
    assert (abstains.status, abstains.recommendation, abstains.technique, abstains.flips) == ("abstain", None, None, ())
    assert abstains.headline == "Too little is known to recommend an approach"
    assert abstains.reason.startswith("The questions listed below decide")
    one = told(over(shipped, *THREE, lead, rule("g", kind="gate", approaches=("hybrid", "prompting"))))
    assert (one.margin, one.recommendation) == (0.0, "fine_tuning")
    assert one.confidence.basis == "Only one approach is possible; there is nothing to choose between."
    none = told(over(shipped, *THREE, rule("g", kind="gate", approaches=("prompting", "fine_tuning", "hybrid"))))
    assert (none.headline, none.recommendation) == ("No approach is possible under these answers", None)
    assert none.confidence.basis == "No approach is possible under these answers."
    assert none.reason.startswith("Every approach is ruled out")


def test_sources_are_cited_by_letter_and_number(shipped: Engine) -> None:
    """Every source of what spoke stands once, letters first, then by number and not by its digits."""
    names = sorted(shipped.book.sources)[:4]
    numbered = ["C2", "C10", "A11", "A3"]
    sources = {new: replace(shipped.book.sources[old], id=new) for new, old in zip(numbered, names, strict=True)}
    rules = [*THREE, rule("a", source=("C10", "A11", "none")), rule("n", None, "note", source=("C2", "A3", "C10"))]
    engine = over(shipped, *rules)
    advice = told(replace(engine, book=replace(engine.book, sources=sources)))
    assert [one.id for one in advice.evidence.published] == ["A3", "A11", "C2", "C10"]


def limited(engine: Engine, **answers: Any) -> dict[str, str]:
    """The limits of an advice by id."""
    parsed = parse({**STATED, **answers}, engine.book)
    outcome = engine.decide_answers([parsed])
    findings = tuple(Explainer(engine, outcome, parsed).findings())
    return {one.id: one.text for one in limits.limits(engine, outcome, parsed, findings)}


def test_limits_at_their_edges(shipped: Engine) -> None:
    """Eight answers are not few; one point either way opposes; five times beyond what is usual is not yet far."""
    names = [*STATED, "deadline_weeks", "output_tokens", "use_case_count", "monthly_budget_usd"]
    reads = [rule(f"k{k}", Known(name), points={}) for k, name in enumerate(names)]
    more: dict[str, Any] = {"deadline_weeks": 4, "output_tokens": 9, "use_case_count": 2, "monthly_budget_usd": 9}
    assert "few_answers" not in limited(over(shipped, *reads), **more)
    more.pop("use_case_count")
    assert limited(over(shipped, *reads), **more)["few_answers"].startswith("7 of 8 questions")
    question = shipped.book.questions["labelled_examples"]
    low, high = question.typical
    engine = over(shipped, *THREE)
    for value, far in ((5 * high, False), (5 * high + 1, True)):
        assert ("extrapolating" in limited(engine, labelled_examples=int(value))) == far
    assert low == 0
    least = shipped.book.questions["base_model_size_b"].typical[0]
    for value, far in ((least / 5, False), (0.9 * least / 5, True)):
        assert ("extrapolating" in limited(engine, base_model_size_b=value)) == far
    assert limited(engine)["volume_unknown"]
    assert "volume_unknown" not in limited(engine, requests_per_month=9)


@pytest.mark.parametrize(
    ("up", "down", "opposed"),
    [(1.0, -1.0, True), (0.99, -1.0, False), (1.0, -0.99, False), (1.0, 1.0, False), (-1, -1, False)],
)
def test_answers_oppose_each_other_from_a_point_each_way_on(
    shipped: Engine, up: float, down: float, opposed: bool
) -> None:
    """On one criterion and one approach; a rule that read no answer opposes nothing."""
    rules = [
        rule("u", Known("labelled_examples"), points={"prompting": up}),
        rule("d", Known("task_kind"), points={"prompting": down}),
    ]
    assert ("opposed_prompting_quality" in limited(over(shipped, *THREE, *rules))) == opposed
    assert "opposed_prompting_quality" not in limited(over(shipped, *THREE, rules[0], replace(rules[1], when=Always())))
    assert "opposed_prompting_quality" not in limited(
        over(shipped, *THREE, rules[0], replace(rules[1], criterion="cost"))
    )


@pytest.mark.parametrize(
    ("strong", "weak", "thin"), [(1.0, 1.0, False), (0.99, 1.0, True), (0.0, 1.0, True), (1.0, 0.0, False)]
)
def test_thin_evidence_is_less_than_half(shipped: Engine, strong: float, weak: float, thin: bool) -> None:
    """Half of what speaks for the first place on grade A is enough; what speaks against it does not count."""
    graded = {"A": "A1", "B": "B1"}
    sources = {name: Source(name, "t", "p", "2026-10", grade, "c") for grade, name in graded.items()}
    rules = [
        rule("a", points={"hybrid": strong}, source=(graded["A"],)),
        rule("b", points={"hybrid": weak}, source=(graded["B"], "none")),
        rule("c", points={"hybrid": -0.1}, source=(graded["B"],)),
        rule("d", points={"prompting": 0.05}, source=(graded["B"],)),
    ]
    engine = over(shipped, *THREE, *rules)
    assert ("thin_evidence" in limited(replace(engine, book=replace(engine.book, sources=sources)))) == thin


def test_robustness_is_told_with_its_draws(shipped: Engine) -> None:
    """A leader on the only criterion that counts holds always, one of two equal criteria not; none without a rival."""
    engine = over(
        shipped, *THREE, rule("q", points={"hybrid": 1.0}), rule("c", criterion="cost", points={"prompting": 0.9})
    )
    weights = {"quality": 1, "cost": 0, "speed": 0, "adaptability": 0, "control": 0}
    sure = robustness(engine, decided(engine, priorities=weights))
    assert sure is not None
    assert (sure.share, sure.draws, sure.concentration) == (1.0, 4000, 20.0)
    assert [(one.method, one.leader, one.agrees) for one in sure.methods] == [
        *(("topsis", "hybrid", True), ("lexicographic", "hybrid", True)),
    ]
    even = robustness(engine, decided(engine, priorities={**weights, "cost": 1}))
    assert even is not None
    assert 0.55 < even.share < 0.75  # it leads where quality weighs 0.9 of cost or more
    assert even.share == round(even.share, 4)
    shut = over(shipped, *THREE, rule("g", kind="gate", approaches=("hybrid", "prompting")))
    assert robustness(shut, decided(shut)) is None


@pytest.mark.parametrize("low_in_order", [0, 1])
def test_equals_on_the_weightiest_criterion_are_parted_by_the_next(shipped: Engine, low_in_order: int) -> None:
    """The lexicographic leader is the best on the weightiest, and among equals on the next; a gated one never."""
    engine = over(
        shipped,
        *THREE,
        rule("q", points={"hybrid": 1.0, "fine_tuning": 1.0}),
        rule("c", criterion="cost", points={"prompting": 2.0, ("fine_tuning", "hybrid")[low_in_order]: 0.5}),
    )
    found = robustness(
        engine, decided(engine, priorities={"quality": 5, "cost": 1, "speed": 0, "adaptability": 0, "control": 0})
    )
    assert found is not None
    assert found.methods[1].leader == ("fine_tuning", "hybrid")[low_in_order]


def case(**changes: Any) -> Case:
    """A worked case of a pack."""
    given: dict[str, Any] = {
        **{"id": "c", "title": "Case", "source": (), "answers": STATED, "recommendation": ("hybrid",)},
        **{"status": "advice", "findings": ("q",), "where": "cases.yaml", "as_of": None},
    }
    return Case(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, ""),
        ({"findings": ("src",)}, ""),
        ({"findings": ("rests", "elsewhere")}, "missing among the findings: rests, elsewhere; "),
        ({"recommendation": ("prompting", None)}, "recommended hybrid, expected prompting or None; "),
        ({"status": "tie"}, "status advice, expected tie; "),
        ({"findings": ("q", "x", "y")}, "missing among the findings: x, y; "),
        (
            {"as_of": date(2025, 6, 1)},
            "recommended None, expected hybrid; status abstain, expected advice; missing among the findings: q; ",
        ),
    ],
)
def test_a_case_of_a_pack_is_judged_with_what_came_out(shipped: Engine, changes: dict[str, Any], wrong: str) -> None:
    """Recommendation, status and findings, each with what was expected, then the scores from first to last."""
    silent = rule("rests", Among("task_kind", ("code",)), source=("elsewhere",))
    engine = over(shipped, *THREE, rule("q", points={"hybrid": 1.0}, source=("src",)), silent)
    engine = replace(engine, book=replace(engine.book, cases=(case(**changes),)))
    share = engine.book.criteria["quality"].weight / sum(one.weight for one in engine.book.criteria.values())
    found = next(iter(trials.run(engine)))
    scores = f"hybrid {share:.2f}, prompting 0.00, fine_tuning 0.00"
    if "as_of" in changes:
        scores = "prompting 0.00, fine_tuning 0.00, hybrid 0.00"
    assert (found.name, found.where, found.passed) == ("c Case", "cases.yaml", not wrong)
    assert found.detail == wrong + scores


def test_examples_of_rules_are_tried_on_a_day_on_which_the_rule_holds(shipped: Engine) -> None:
    """The day itself, the first day of a coming rule, the last of a past one; what is missing is named."""
    fires, rests = {"labelled_examples": 95}, {"labelled_examples": 5}
    when = asks("labelled_examples", ">=", 50)
    day = shipped.day
    rules = (
        rule("now", when, fires=fires, rests=rests),
        rule("soon", when, fires=fires, rests=fires, since=day + timedelta(days=9)),
        rule("past", when, fires=rests, rests=rests, until=day - timedelta(days=9)),
        rule("half", when, rests=rests),
        rule("none", when, fires=fires),
        rule("always"),
        rule("wrong", when, fires={"labelled_examples": "many"}, rests=rests),
    )
    engine = over(shipped, *rules)
    found = {one.name: one for one in trials.run(replace(engine, book=replace(engine.book, cases=())))}
    soon, past = day + timedelta(days=9), day - timedelta(days=9)
    said = {name: (one.passed, one.detail) for name, one in found.items() if "wrong fires" not in name}
    assert said == {
        "now fires": (True, f"it fired on {day}"),
        "now rests": (True, f"it did not fire on {day}"),
        "soon fires": (True, f"it fired on {soon}"),
        "soon rests": (False, f"it fired on {soon}"),
        "past fires": (False, f"it did not fire on {past}"),
        "past rests": (True, f"it did not fire on {past}"),
        "half fires": (False, "there is no firing example; add 'examples: {fires:, not:}'"),
        "half rests": (True, f"it did not fire on {day}"),
        "none fires": (True, f"it fired on {day}"),
        "none rests": (False, "there is no resting example; add 'examples: {fires:, not:}'"),
        "wrong rests": (True, f"it did not fire on {day}"),
    }
    assert found["wrong fires"].passed is False
    assert "labelled_examples" in found["wrong fires"].detail
    assert [trials.day_for(one, day) for one in rules[:3]] == [day, soon, past]


def question(kind: str, low: float, high: float, least: float | None = None, most: float | None = None) -> Any:
    """A question as far as the searches read it."""
    return SimpleNamespace(kind=kind, typical=(low, high), min=least, max=most, values=("a", "b"))


def test_values_that_are_tried_for_a_question() -> None:
    """All of few whole numbers, else six by ratio from the lower end on; shares by distance; options as they are."""

    def values(*given: Any) -> list[float | str]:
        return [answer.word or answer.likely for answer in likely_values(question(*given))]

    assert values("choice", 0, 0) == ["a", "b"]
    assert values("integer", 2, 7) == [2, 3, 4, 5, 6, 7]
    assert values("integer", 1, 7) == [1, *sorted({round(7 ** (k / 5)) for k in range(1, 6)} - {1})]
    assert values("share", 0.5, 1.0) == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert values("number", 1, 32) == pytest.approx([1, 2, 4, 8, 16, 32])
    found = values("number", 0, 1000)
    assert found[0] == 0
    assert found[1:] == pytest.approx([1000 ** (k / 5) for k in range(1, 6)])


def test_completions_are_enumerated_where_they_are_few() -> None:
    """All combinations up to 4,096 answers over the questions; 128 draws of more, the same each time."""
    assert completions({}) == {}
    few = completions({"a": 2, "b": 3})
    assert sorted(zip(few["a"].tolist(), few["b"].tolist(), strict=True)) == [
        (a, b) for a in range(2) for b in range(3)
    ]
    edge = completions({"a": 64, "b": 32})
    assert len(edge["a"]) == 2048
    many = completions({"a": 64, "b": 33})
    assert len(many["a"]) == len(many["b"]) == 128
    assert set(many["b"].tolist()) <= set(range(33))
    assert np.array_equal(many["a"], completions({"a": 64, "b": 33})["a"])


def test_how_far_and_in_what_steps_a_number_is_followed() -> None:
    """Ten times beyond what is common each way, within what is allowed; cents, thousandths of a share, units."""
    assert span(question("number", 5, 70)) == (0.5, 700)
    assert span(question("integer", 15, 70)) == (2.0, 700)
    assert span(question("number", 5, 70, 1, 500)) == (1, 500)
    assert span(question("number", -5, 70)) == (0.0, 700)
    assert span(question("number", 5, 70, None, 9000)) == (0.5, 700)
    steps = {kind: smallest_step(question(kind, 0, 1)) for kind in ("integer", "share", "usd", "number")}
    assert steps == {"integer": 1.0, "share": 0.001, "usd": 0.01, "number": 0.01}
    region = Region(2.0, 5.0, 1)
    assert [region.nearest(value) for value in (1.0, 2.0, 3.5, 5.0, 6.0)] == [2.0, 2.0, 3.5, 5.0, 5.0]


def regions(engine: Engine, field: str, **changes: Any) -> list[Region]:
    """The regions of one number of STATED."""
    probe = Probe(engine, parse(STATED, engine.book))
    (found,) = Cutter(engine, probe.base).cut([Line({name: exact(value) for name, value in changes.items()}, field)])
    return found


def test_regions_end_where_a_rule_says(shipped: Engine) -> None:
    """A bound on a whole number parts at the number below; on money at the cent below; leaders are those inside."""
    lead = rule("q", asks("labelled_examples", ">=", 250), points={"hybrid": 1.0})
    found = regions(over(shipped, *THREE, lead), "labelled_examples")
    edge = [(one.high, two.low) for one, two in pairwise(found)]
    assert (249.0, 250.0) in edge
    assert [one.leader for one in found if one.high < 250] == [0] * sum(one.high < 250 for one in found)
    assert {one.leader for one in found if one.low >= 250} == {2}
    low, high = span(shipped.book.questions["labelled_examples"])
    assert (found[0].low, found[-1].high) == (low, high)
    money = rule("q", asks("setup_budget_usd", ">", 1234.5), points={"hybrid": 1.0})
    found = regions(over(shipped, *THREE, money), "setup_budget_usd")
    edge = [(one.high, two.low) for one, two in pairwise(found)]
    assert (1234.5, 1234.51) in [(round(a, 6), round(b, 6)) for a, b in edge]
    assert Cutter(shipped, Probe(shipped, parse(STATED, shipped.book)).base).cut([]) == []


def test_a_flip_is_told_with_both_values(shipped: Engine) -> None:
    """The nearest number beyond the bound, in the words and units of its question, with its effort."""
    lead = rule("q", asks("labelled_examples", ">=", 250), points={"hybrid": 1.0})
    engine = over(shipped, *THREE, lead, rule("p", points={"prompting": 0.5}))
    (flip,) = [one for one in told(engine).flips if [change.field for change in one.changes] == ["labelled_examples"]]
    assert (flip.becomes, flip.effort) == ("hybrid", engine.book.questions["labelled_examples"].effort)
    assert [(change.start, change.to) for change in flip.changes] == [(95, 250)]
    assert "250" in flip.text
    assert "95" in flip.text


def test_an_empty_questionnaire_is_answered(shipped: Engine) -> None:
    """Without an answer the advice abstains, asks first what decides, and tells no flip."""
    advice = advise(Answers(), shipped)
    assert (advice.status, advice.flips) == ("abstain", ())
    assert [one.value for one in advice.next_questions] == sorted(
        (one.value for one in advice.next_questions), reverse=True
    )
    assert 0 < len(advice.next_questions) <= 6
