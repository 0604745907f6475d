"""A full hand-made advice, and the texts by which a user could try to become markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from advisor.knowledge.domain import Contest, Quantity, Source
from advisor.reasoning.advice import (
    Advice,
    Change,
    Confidence,
    CostLine,
    CostRange,
    CrossoverForecast,
    Evidence,
    FactRead,
    Finding,
    Flip,
    ForecastEvidence,
    Lead,
    Level,
    Limit,
    MeasuredArm,
    MeasuredDifference,
    MeasuredEvidence,
    Method,
    NearMiss,
    NextQuestion,
    Pull,
    Range,
    Ranked,
    Robustness,
    RuledOut,
    RuleState,
    Stage,
    Step,
    WhyNot,
)

WEIGHTS = {"quality": 0.4, "cost": 0.3, "speed": 0.3}
FACT = FactRead("labelled_examples", "labelled examples", "1,200 examples", "stated")


def amount(low: float, likely: float, high: float, unit: str, source: str = "a formula") -> Range:
    return Range(low, likely, high, unit, "estimated", source)


def ranked(approach: str, title: str, points: tuple[float, float, float], eligible: bool = True) -> Ranked:
    by_criterion = dict(zip(WEIGHTS, points, strict=True))
    formula = "hours × rate: hours 10 (5 to 20) hours [estimated, costs.yaml]; rate 80 (40 to 150) USD per hour [P1]"
    line = CostLine(
        approach, "setup", f"Work on {title.lower()}", Quantity(800, "USD", "estimated", formula, 200.0, 3000.0)
    )
    month = CostLine(approach, "monthly", "Tokens", Quantity(4.2, "USD per month", "estimated", "tokens × price"))
    return Ranked(
        approach=approach,
        title=title,
        technique=f"{approach}_way",
        technique_title=f"The {title.lower()} way",
        technique_summary=f"What {title.lower()} does, in one sentence.",
        eligible=eligible,
        score=sum(WEIGHTS[name] * value for name, value in by_criterion.items()),
        by_criterion=by_criterion,
        cost_usd=CostRange(
            setup=amount(200, 800, 3000, "USD"),
            monthly=amount(2, 4.2, 9, "USD per month"),
            horizon_total=amount(224, 850.4, 3108, "USD"),
            lines=(line, month),
        ),
        lead_time_weeks=amount(1, 3.5, 8, "weeks"),
    )


def finding(rule: str, approach: str | None, weighted: float | None, **changes: Any) -> Finding:
    plain = Finding(
        rule=rule,
        kind="score" if approach else "note",
        title=f"Title of {rule}",
        approach=approach,
        criterion="quality" if approach else None,
        points=None if weighted is None else weighted / WEIGHTS["quality"],
        weighted=weighted,
        facts=(FACT,),
        answers=("labelled_examples",),
        because=f"Because of {rule}.",
        source=("S1",),
    )
    return replace(plain, **changes)


def forecast(text: str) -> ForecastEvidence:
    """A forecast from published studies that says `text` wherever it says anything."""
    source = "fitted to 507 comparisons"

    def points(value: float) -> Quantity:
        return Quantity(value, "points of 100", "estimated", source, value - 10, value + 10)

    return ForecastEvidence(
        studies=41,
        comparisons=507,
        leads=(
            Lead("fine_tuning", ("prompting",), points(4.0)),
            Lead("hybrid", ("prompting", "fine_tuning"), points(1)),
        ),
        levels=(Level("fine_tuning", Quantity(71.0, "%", "estimated", source)),),
        contenders=("fine_tuning", "hybrid"),
        pulls=(Pull("scarcity", points(-3.0), text),),
        crossover=CrossoverForecast("at", Range(100, 400, 9000, "examples", "estimated", source), text),
        weight=Quantity(90.0, "%", "estimated", source),
        disagreement=text,
        text=text,
    )


def measured() -> MeasuredEvidence:
    def arm(name: str, approach: str, size: int, score: float) -> MeasuredArm:
        quantity = Quantity(score, "accuracy", "measured", f"run-7: {name}", score - 0.04, score + 0.03, 300)
        speed = Quantity(0.12, "s per item", "measured", f"run-7: {name}", n=300)
        return MeasuredArm(approach, name, size, "accuracy", quantity, speed if approach else None)

    difference = Quantity(0.11, "accuracy", "measured", "run-7: paired", 0.05, 0.17, 300)
    none_shown = Quantity(0.01, "accuracy", "measured", "run-7: paired", -0.03, 0.05, 300)
    return MeasuredEvidence(
        task="support_desk",
        model="tiny-model",
        metric="accuracy",
        status="complete",
        created_at="2026-11-20T10:00:00Z",
        folder="run-7",
        digest="ab" * 32,
        arms=(arm("few_shot", "prompting", 16, 0.71), arm("lora", "fine_tuning", 64, 0.82)),
        baselines=(arm("majority", "", 0, 0.31),),
        differences=(
            MeasuredDifference("lora", "few_shot", difference, "left_better", "lora is better than few_shot"),
            MeasuredDifference("lora", "hybrid", none_shown, "no_difference_shown", "lora shows no difference"),
        ),
    )


def advice(**changes: Any) -> Advice:
    sources = (
        Source("S1", "First source", "A publisher", "2025-01-20", "C", "What it claims.", ""),
        Source("P1", "Second source", "Another publisher", "2026", "A", "What it found.", "https://example.org/a?b=1"),
    )
    contest = Contest(("P1",), "Another study found the opposite.", "It had fewer examples.")
    full = Advice(
        name="Ticket triage",
        description="Sort the messages of the support desk.",
        answers={
            "name": "Ticket triage",
            "base_model": "gpt-small",
            "labelled_examples": 1200,
            "requests_per_month": {"low": 1000, "likely": 5000, "high": 20000},
            "setup_budget_usd": 12345,
            "task_kind": "classification",
        },
        recommendation="fine_tuning",
        status="advice",
        technique="fine_tuning_way",
        headline="Fine-tuning: The fine-tuning way",
        reason="There are enough examples.",
        margin=0.75,
        confidence=Confidence(None, False, "margin 0.75 points; nothing calibrates it yet."),
        weights=WEIGHTS,
        ranking=(
            ranked("fine_tuning", "Fine-tuning", (2.0, 0.5, 0.0)),
            ranked("prompting", "Prompting", (-0.5, 1.0, 1.0)),
            ranked("hybrid", "Hybrid", (1.0, -0.5, -1.0), eligible=False),
        ),
        findings=(
            finding("strong_rule", "fine_tuning", 0.8, contested_by=(contest,), source=("P1", "S1")),
            finding("strong_rule", "prompting", -0.2, contested_by=(contest,), source=("P1", "S1")),
            finding("weak_rule", "prompting", 0.1),
            finding("money_rule", "prompting", 0.3, criterion="cost"),
            finding("no_hybrid", "hybrid", None, kind="gate", criterion=None),
        ),
        ruled_out=(
            RuledOut("hybrid", "no_hybrid", "No time", "It would be late.", "A later deadline.", (FACT,), ("S1",)),
        ),
        near_misses=(
            NearMiss("near_gate", "gate", "Over budget", ("prompting",), "unknown", "", ("monthly_budget_usd",)),
            NearMiss("near_score", "score", "Nearly many", ("hybrid",), "close", "It is 9; the rule asks for 10.", ()),
        ),
        flips=(
            Flip((Change("labelled_examples", 1200, 80),), "prompting", 2.0, "text"),
            Flip((Change("setup_budget_usd", 12345, 150.5),), "prompting", 3.0, "text"),
        ),
        next_questions=(NextQuestion("deadline_weeks", 0.42, "In how many weeks must it run?"),),
        evidence=Evidence(measured(), forecast("Because."), sources),
        plan=(
            Stage("evaluate", "Build an evaluation set", "Collect inputs.", "Move on at 100 items."),
            Stage("tune", "Tune", "Tune it.", "Keep it if it is better.", amount(1, 2, 4, "weeks"), None),
        ),
        notes=(finding("a_note", None, None),),
        limits=(Limit("judgement", "The points are judgement."),),
        as_of=date(2026, 11, 22),
        review_by=date(2027, 5, 22),
        rulebook="Founding rulebook",
        rulebook_version="0.1.0",
        verdict_id="0123456789abcdef",
        waterfall=(
            Step("strong_rule", "Title of strong_rule", "quality", 1.0),
            Step("money_rule", "Title of money_rule", "cost", -0.25),
        ),
        why_not=(
            WhyNot("prompting", 0.75, (Step("strong_rule", "Title of strong_rule", "quality", 1.0),), (), ()),
            WhyNot("hybrid", 0.9, (), (Step("x", "Title of x", "cost", -0.1),), ("no_hybrid",)),
        ),
        robustness=Robustness(0.93, 500, 20.0, (Method("weighted_product", "fine_tuning", True),)),
        trace=(RuleState("near_gate", "gate", "unknown", "It wants the monthly budget."),),
        in_force={
            "prices": {"h100/gpu_hour": [2.0, 2.5, 4.0]},
            "assumptions": {},
            "parameters": {},
            "market": {},
            "rules": {},
            "models": {},
        },
    )
    return replace(full, **changes)


@pytest.fixture
def sample() -> Callable[..., Advice]:
    """Makes a full advice; keyword arguments replace its fields."""
    return advice


@pytest.fixture
def bare() -> Advice:
    """An abstaining advice in which everything that may be empty is empty."""
    return advice(
        name="",
        description="",
        answers={},
        recommendation=None,
        status="abstain",
        technique=None,
        headline="Too little is known to recommend an approach",
        findings=(),
        ruled_out=(),
        near_misses=(),
        flips=(),
        next_questions=(),
        evidence=Evidence(None, None, ()),
        plan=(),
        notes=(),
        limits=(),
        waterfall=(),
        why_not=(),
        robustness=None,
        trace=(),
    )


HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")',
    "![shot](https://evil.example/?q=1)",
    "[click](javascript:alert(1))",
    "a | b || c",
    "`code` ``` fence",
    '"><img src=x onerror=alert(1)>',
    "مرحبا بالعالم",
    "分類タスク",
    "{{ 7*7 }} {% raw %}",
    "</script><script>alert(2)</script>",
    "&lt;b&gt; &amp;",
    "\x1b[31mred\x1b[0m \u202eevil\u202c",
    "**bold** _it_ # head\n- item\n1. one",
)


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest) -> str:
    """One text by which a user could try to become markup."""
    return str(request.param)


@pytest.fixture
def spoiled(hostile: str) -> Advice:
    """A full advice with one hostile text wherever a user, a rule pack or a benchmark can put text."""
    return spoil(hostile)


@pytest.fixture
def spoiled_by_all() -> Advice:
    """The same with all hostile texts at once."""
    return spoil(" ".join(HOSTILE))


def spoil(hostile: str) -> Advice:
    full = advice()
    run = measured()
    arm = replace(run.arms[0], arm=hostile)
    return advice(
        name=hostile,
        description=hostile,
        answers={**full.answers, "base_model": hostile},
        headline=hostile,
        ranking=(replace(full.ranking[0], title=hostile, technique_title=hostile), *full.ranking[1:]),
        findings=(replace(full.findings[0], title=hostile, because=hostile), *full.findings[1:]),
        next_questions=(NextQuestion(hostile, 0.5, hostile),),
        evidence=Evidence(
            replace(run, task=hostile, model=hostile, folder=hostile, arms=(arm, *run.arms[1:])),
            forecast(hostile),
            (
                Source("S1", hostile, hostile, "2025", "C", hostile, 'javascript:alert("1")'),
                *full.evidence.published[1:],
            ),
        ),
        limits=(Limit("x", hostile),),
    )
