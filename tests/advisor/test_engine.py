"""The engine: order does not matter, gates and unknowns behave, and the parts add up to the whole."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from advisor.intake import answers as intake
from advisor.intake.answers import Answers
from advisor.knowledge.conditions import facts_read
from advisor.knowledge.domain import APPROACHES, CRITERIA, Rulebook
from advisor.reasoning.advise import advise, verdict_id
from advisor.reasoning.engine import STATUS, Engine


def random_answers(book: Rulebook, seed: int) -> Answers:
    """Answers to a random part of the questions."""
    rng = random.Random(seed)
    raw: dict[str, object] = {}
    share = rng.choice([0.1, 0.3, 0.6, 0.9])
    for name, question in book.questions.items():
        if rng.random() > share:
            continue
        if question.kind == "choice":
            raw[name] = rng.choice(question.values)
        elif question.kind == "share":
            raw[name] = round(rng.random(), 2)
        elif question.numeric:
            least, most = math.ceil(question.min or 0), int(question.max or 10**9)
            low, likely, high = sorted(max(least, min(int(10 ** rng.uniform(0, 4)), most)) for _ in range(3))
            raw[name] = {"low": low, "likely": likely, "high": high} if rng.random() < 0.3 else likely
    return intake.parse(raw, book)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_batch_gives_what_each_scenario_gives_alone(shipped: Engine, seed: int) -> None:
    """Scenario k of N has the same totals, order and status as the same scenario with N = 1."""
    scenarios = [random_answers(shipped.book, seed + k) for k in range(4)]
    together = shipped.decide_answers(scenarios)
    for row, scenario in enumerate(scenarios):
        alone = shipped.decide_answers([scenario])
        assert np.allclose(together.totals[row], alone.totals[0])
        assert together.order[row].tolist() == alone.order[0].tolist()
        assert together.status[row] == alone.status[0]
        assert together.truths[:, row].tolist() == alone.truths[:, 0].tolist()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_the_order_of_rules_and_answers_does_not_matter(shipped: Engine, seed: int) -> None:
    """Shuffled rules and answers in another order give the same totals and ranking."""
    scenario = random_answers(shipped.book, seed)
    rules = list(shipped.book.rules)
    random.Random(seed).shuffle(rules)
    shuffled = replace(shipped, book=replace(shipped.book, rules=tuple(rules)))
    turned = Answers(scenario.name, scenario.description, dict(reversed(list(scenario.given.items()))))
    before, after = shipped.decide_answers([scenario]), shuffled.decide_answers([turned])
    assert np.allclose(before.totals, after.totals)
    assert before.order.tolist() == after.order.tolist()
    assert before.eligible.tolist() == after.eligible.tolist()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_findings_add_up_to_the_score(shipped: Engine, seed: int) -> None:
    """The weighted points of an approach's findings sum to its score, and criteria x weights do too."""
    advice = advise(random_answers(shipped.book, seed), shipped)
    for ranked in advice.ranking:
        parts = [finding.weighted or 0.0 for finding in advice.findings if finding.approach == ranked.approach]
        assert sum(parts) == pytest.approx(ranked.score, abs=1e-9)
        weighed = sum(advice.weights[name] * ranked.by_criterion[name] for name in CRITERIA)
        assert weighed == pytest.approx(ranked.score, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_more_budget_and_more_time_never_rule_an_approach_out(shipped: Engine, seed: int) -> None:
    """Eligibility only grows with the budgets and the deadline."""
    scenario = random_answers(shipped.book, seed)
    for name in ("setup_budget_usd", "monthly_budget_usd", "deadline_weeks"):
        ladder = [scenario.changed({name: intake.parse({name: value}, shipped.book).get(name)}) for value in (0, 5, 80)]
        eligible = shipped.decide_answers(ladder).eligible.astype(int)
        assert (np.diff(eligible, axis=0) >= 0).all(), name


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
@example(seed=642468443)
def test_a_flip_really_flips(shipped: Engine, seed: int) -> None:
    """Each flip, applied to the answers, makes the approach that it names lead; no half of a double flip does."""
    scenario = random_answers(shipped.book, seed)
    advice = advise(scenario, shipped)
    for flip in advice.flips:
        raw = {change.field: change.to for change in flip.changes}
        changed = scenario.changed(dict(intake.parse(raw, shipped.book).given))
        after = shipped.decide_answers([changed])
        assert APPROACHES[int(after.leader[0])] == flip.becomes != advice.recommendation
        for name in raw if len(raw) == 2 else ():
            alone = scenario.changed({name: changed.get(name)})
            half = int(shipped.decide_answers([alone]).leader[0])
            assert half < 0 or APPROACHES[half] != flip.becomes


def test_the_verdict_id_depends_on_what_decides_and_on_nothing_else(shipped: Engine) -> None:
    """Name and description do not count; an answer, the pack or a measurement does; the day alone does not."""
    base = intake.parse({"task_kind": "classification", "labelled_examples": 500}, shipped.book)
    named = Answers("A name", "Words", base.given)
    assert verdict_id(base, shipped) == verdict_id(named, shipped)
    more = base.changed(
        {"labelled_examples": intake.parse({"labelled_examples": 501}, shipped.book).get("labelled_examples")}
    )
    assert verdict_id(base, shipped) != verdict_id(more, shipped)
    other = replace(shipped, book=replace(shipped.book, digest="0" * 64))
    assert verdict_id(base, shipped) != verdict_id(base, other)
    next_day = replace(shipped, day=date(2026, 11, 23))
    assert verdict_id(base, shipped) == verdict_id(base, next_day)


def test_every_claim_of_the_founding_document_is_a_source(book: Rulebook) -> None:
    """S1 to S24 each stand behind at least one rule, and the contested ones show the other side."""
    cited = {name for rule in book.rules for name in rule.source}
    assert {f"S{number}" for number in range(1, 25)} <= cited
    contested = {name for rule in book.rules if rule.contested_by for name in rule.source}
    assert {"S14", "S15", "S16"} <= contested


def test_the_founding_cases_are_answered_as_expected(shipped: Engine) -> None:
    """E1 to E14 are worked cases of the pack, and each is answered as its document says."""
    from advisor.reasoning import trials

    results = {trial.name.split()[0]: trial for trial in trials.run(shipped)}
    for number in range(1, 15):
        trial = results[f"E{number}"]
        assert trial.passed, trial.detail


def test_with_one_approach_left_there_is_no_tie(shipped: Engine) -> None:
    """Where gates leave a single approach, it is advised whatever its score."""
    answers = intake.parse(
        {"task_kind": "conversation", "model_access": "hosted_api", "labelled_examples": 0, "deadline_weeks": 1},
        shipped.book,
    )
    outcome = shipped.decide_answers([answers])
    assert outcome.eligible[0].tolist() == [True, False, False]
    assert STATUS[outcome.status[0]] == "advice"


@pytest.mark.parametrize("kind", ["gate", "score", "note"])
def test_a_question_informs_where_a_rule_that_decides_reads_it(shipped: Engine, kind: str) -> None:
    """Without a forecast only what gates and scores read informs; what only a note reads does not."""
    rules = tuple(rule for rule in shipped.book.rules if rule.kind == kind)
    alone = replace(shipped, book=replace(shipped.book, rules=rules), model=None)
    read = {name for rule in alone.rules for name in facts_read(rule.when)} & set(shipped.book.questions)
    asked = {name for name in read if shipped.book.questions[name].default is None}
    assert asked
    assert asked <= set(alone.informative) if kind != "note" else not alone.informative


def test_what_fails_in_a_packs_own_tests_is_told_with_what_came_out(shipped: Engine) -> None:
    """A case expected otherwise, an example the wrong way round, and none at all: each says what was and should be."""
    from advisor.reasoning import trials

    case = next(case for case in shipped.book.cases if case.id == "E1" and case.findings)
    (right,) = case.recommendation
    other = "hybrid" if right != "hybrid" else "prompting"
    wrong = replace(case, recommendation=(other,), status="abstain", findings=("no_such_rule",))
    rule = next(rule for rule in shipped.rules if rule.fires and rule.rests)
    turned = replace(rule, fires=rule.rests, rests=rule.fires)
    bare = replace(rule, id="bare", fires=None)
    book = replace(
        shipped.book, cases=(case, wrong), rules=(*(r for r in shipped.rules if r is not rule), turned, bare)
    )
    found = trials.run(replace(shipped, book=book))
    assert [trial.passed for trial in found[:2]] == [True, False]
    assert found[0].detail.startswith(f"{right} ")
    for words in (f"recommended {right}, expected {other}", "expected abstain", "findings: no_such_rule"):
        assert words in found[1].detail
    failed = {trial.name: trial.detail for trial in found[2:] if not trial.passed}
    assert failed == {
        f"{rule.id} fires": f"it did not fire on {shipped.day}",
        f"{rule.id} rests": f"it fired on {shipped.day}",
        "bare fires": "there is no firing example; add 'examples: {fires:, not:}'",
    }
