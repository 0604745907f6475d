"""What a report is made of: numbers with their origin, sections that have content, the same document every time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from advisor import recommend
from advisor.knowledge.domain import Quantity
from advisor.reasoning.advice import Advice
from advisor.reports import charts, figures, schedule
from advisor.reports.document import (
    Argument,
    Bullets,
    Callout,
    Document,
    Fact,
    Link,
    Mark,
    Paragraph,
    Section,
    Strong,
    Table,
    Text,
    quantities,
    runs,
)
from advisor.reports.layout import lay_out

Make = Callable[..., Advice]


@pytest.mark.parametrize("number", [3, 0.5, True, np.float64(2.0), None, ["a"]])
@pytest.mark.parametrize(
    "build",
    [
        lambda number: runs("a ", number),
        lambda number: Paragraph((number,)),
        Paragraph,
        lambda number: Bullets((((number,),),)),
        lambda number: Fact("label", (number,)),
        lambda number: Table(("a",), ((number,),), "caption"),
        lambda number: Callout("info", "title", number),
        lambda number: Argument("title", number),
        lambda number: Argument("title", (), effects=(("a", number),)),
        lambda number: Argument("title", (), read=(("a", number),)),
        lambda number: Mark("label", number),
        Text,
        Strong,
        lambda number: Section("id", number, ()),
        lambda number: Document("title", "subtitle", "en", (), number),
    ],
)
def test_a_bare_number_cannot_enter_a_report(build: Callable[[Any], object], number: Any) -> None:
    """Wherever text or a quantity may stand, a bare number raises TypeError."""
    with pytest.raises(TypeError):
        build(number)


def test_a_quantity_enters_where_a_number_may_not() -> None:
    """The same place takes the number with its origin."""
    amount = Quantity(3.0, "weeks", "stated", "your answer")
    assert Paragraph(("a ", amount)).runs == (Text("a "), amount)


def test_every_number_of_the_advice_keeps_its_origin(sample: Make) -> None:
    """The document holds measured, estimated, stated and default numbers, and names them in its legend."""
    document = lay_out(sample())
    assert document.legend == ("measured", "estimated", "stated", "default")
    assert all(item.source or item.origin == "not known" for _, item in quantities(document))


def test_sections_come_in_their_order(sample: Make) -> None:
    """The verdict is first, the reasons follow, the reproduction block is last."""
    ids = [section.id for section in lay_out(sample()).sections]
    assert ids == [
        "verdict", "ranking", "reasons", "why-not", "costs", "change", "near-misses", "ruled-out", "evidence",
        "plan", "notes", "questions", "limits", "sources", "answers", "trace", "numbers", "sign-off", "reproduction",
    ]  # fmt: skip


@pytest.mark.parametrize("status", ["tie", "abstain"])
def test_where_nothing_is_decided_the_questions_come_right_after_the_verdict(sample: Make, status: str) -> None:
    """A tie and an abstention put the questions worth asking in front of the working."""
    recommendation = "fine_tuning" if status == "tie" else None
    document = lay_out(sample(status=status, recommendation=recommendation))
    assert [section.id for section in document.sections][:2] == ["verdict", "questions"]


def test_an_empty_section_is_absent(bare: Advice) -> None:
    """An advice with nothing to say about reasons, flips, evidence or plan has no such headings."""
    ids = [section.id for section in lay_out(bare).sections]
    assert ids == ["verdict", "ranking", "costs", "numbers", "sign-off", "reproduction"]


def test_reasons_are_grouped_by_criterion_strongest_first(sample: Make) -> None:
    """The heaviest criterion leads; inside it the rule with the largest contribution; one entry per rule."""
    reasons = next(section for section in lay_out(sample()).sections if section.id == "reasons")
    assert [section.title for section in reasons.sections] == ["Quality", "Cost"]
    quality = [block for block in reasons.sections[0].blocks if isinstance(block, Argument)]
    assert [block.rule for block in quality] == ["strong_rule", "weak_rule"]
    assert [title for title, _ in quality[0].effects] == ["Fine-tuning", "Prompting"]
    assert [amount.value for _, amount in quality[0].effects] == [0.8, -0.2]
    assert len(quality[0].against) == 1


def test_the_parts_of_the_ranking_chart_add_up_to_the_scores(sample: Make) -> None:
    """The weighted contributions of the criteria sum to the score of each approach."""
    advice = sample()
    spec = charts.ranking(advice)
    assert spec is not None
    for total, item in zip(spec.totals, advice.ranking, strict=True):
        parts = sum(mark.amount.value for series in spec.series for mark in series.marks if mark.label == total.label)
        assert parts == pytest.approx(item.score)
    assert spec.labels[2] == "Hybrid (ruled out)"


def test_alt_texts_state_the_finding(sample: Make) -> None:
    """Each chart says in words what it shows."""
    advice = sample()
    ranking, cost, measured = charts.ranking(advice), charts.costs(advice), charts.measured(advice)
    assert ranking is not None and cost is not None and measured is not None
    assert ranking.alt == (
        "Fine-tuning scores 0.95 points, ahead of prompting (0.40); quality adds most to it (+0.80). Ruled out: hybrid."
    )
    assert "fine-tuning $850 ($224 to $3,110)" in cost.alt
    assert "Best measured: lora, 64 examples" in measured.alt


def test_only_web_addresses_become_links() -> None:
    """Any other scheme, and any address that could break out of its place, is dropped."""
    assert Link("x", "https://example.org/a?b=1").url == "https://example.org/a?b=1"
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "https://e.org/a b",
        'https://e.org/"x',
        "https://e.org/<x>",
    ):
        assert Link("x", url).url == ""


def test_confidence_is_a_percentage_only_when_it_has_a_value(sample: Make) -> None:
    """Without a value the basis alone is shown; with one, the figure, and the basis among the limits."""
    from advisor.reasoning.advice import Confidence
    from advisor.reports import render

    assert "level with the best in" not in render(sample(), "text").decode()
    sure = replace(sample(), confidence=Confidence(0.8, True, "record of 50 cases"))
    words = " ".join(render(sure, "text").decode().split())
    assert "level with the best in 80 %ᵉ of such cases." in words
    first, limits = words.split("WHAT THIS ADVICE CANNOT KNOW")
    assert "How sure: record of 50 cases" in limits and "record of 50" not in first


def test_the_first_page_tells_what_was_measured_and_when_a_plain_baseline_does_as_well(sample: Make) -> None:
    """Best first, what was shown between approaches, and a baseline that is at most two points of 100 behind."""
    from advisor.reports import render

    def page(baseline: float, verdict: str) -> str:
        advice = sample()
        run = advice.evidence.measured
        assert run is not None
        plain = replace(run.baselines[0], arm="linear", score=replace(run.baselines[0].score, value=baseline))
        shown = replace(run.differences[0], verdict=verdict)
        told = replace(run, baselines=(run.baselines[0], plain), differences=(shown, run.differences[1]))
        words = " ".join(
            render(replace(advice, evidence=replace(advice.evidence, measured=told)), "text").decode().split()
        )
        return words.partition("RANKING")[0]

    first = page(0.81, "left_better")
    scores = "fine-tuning 0.82ᵐ (0.78 to 0.85), prompting 0.71ᵐ (0.67 to 0.74)"
    assert f"Measured Accuracy on support_desk, 0 to 1: {scores}. Lora is better than few_shot." in first
    assert "Linear, which uses no language model, reached 0.81ᵐ" in first
    assert "uses no language model" in page(0.80, "left_better")
    other = page(0.79, "no_difference_shown")
    assert "uses no language model" not in other
    assert "No difference between the approaches was shown." in other


def test_costs_show_the_lines_of_the_recommended_approach_and_how_they_are_worked_out(sample: Make) -> None:
    """Each line has its formula, and each input of a formula stands once with its own origin."""
    from advisor.reports import render

    text = render(sample(), "text").decode()
    assert "Work on fine-tuning" in text and "Work on prompting" not in text
    assert "hours × rate" in text
    assert "rate 80 (40 to 150) USD per hour" in text


def test_the_lead_adds_up_and_the_others_are_told_why_not(sample: Make) -> None:
    """Rule by rule to the margin; each other approach with its gap; the share of weightings on the first screen."""
    from advisor.reports import render

    text = render(sample(), "text").decode()
    assert "The first place holds in 93\u00a0%ᵉ of plausible weightings" in "\n".join(text.splitlines()[:40])
    assert "What the lead over prompting adds up from" in text
    assert re.search(r"^Sum +0\.75ᵉ$", text, re.MULTILINE)
    assert "Prompting is behind by 0.75 pointsᵉ" in text
    assert "Hybrid is ruled out: No time." in text
    assert "near_gate" in text and "It wants the monthly budget." in text


def test_stated_numbers_are_not_rounded(sample: Make) -> None:
    """What the user said is repeated to the last digit; what is estimated has three significant digits."""
    from advisor.reports import render

    text = render(sample(), "text").decode()
    assert "$12,345ˢ" in text
    assert "$3,110" in text and "3,108" not in text


def test_after_a_measurement_the_missing_percentage_is_not_blamed_on_the_studies(sample: Make) -> None:
    """Chances over published studies give way to a measurement; without one the studies are said to be too far."""
    advice = sample()
    assert advice.evidence.forecast is not None
    forecast = replace(advice.evidence.forecast, levels=())
    measured = replace(advice, evidence=replace(advice.evidence, forecast=forecast))
    assert "Your own measurement says more" in str(lay_out(measured))
    assert "too far from this case" not in str(lay_out(measured))
    unmeasured = replace(measured, evidence=replace(measured.evidence, measured=None))
    assert "too far from this case" in str(lay_out(unmeasured))


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (1e12, "examples", "1,000,000,000,000 examples"),
        (1.0, "examples", "1 example"),
        (1.0, "weeks", "1 week"),
        (1.0, "billion parameters", "1 billion parameters"),
        (70.4, "USD", "$70.40"),
        (0.135, "billion parameters", "0.135 billion parameters"),
    ],
)
def test_a_stated_number_is_written_as_people_write_it(value: float, unit: str, written: str) -> None:
    """All its digits and no exponent, cents in pairs, and one of a thing in the singular; parameters have none."""
    assert figures.figure(Quantity(value, unit, "stated", "an answer")) == written


def test_the_plan_over_time_tells_the_weeks_that_its_steps_tell() -> None:
    """A step that is said to take 1.7 weeks takes them in the drawing too, though its dates are whole days."""
    advice = recommend(
        {"task_kind": "classification", "labelled_examples": 400, "ml_expertise": "strong"}, as_of=date(2026, 11, 23)
    )
    spec = schedule.timeline(advice)
    assert spec is not None
    likely = {stage.title: stage.weeks.likely for stage in advice.plan if stage.weeks is not None}
    drawn = {mark.label: mark.amount.value for mark in spec.series[0].marks}
    assert len(drawn) > 1
    assert drawn == {title: pytest.approx(likely[title]) for title in drawn}
    assert any(not (7 * weeks).is_integer() for weeks in drawn.values())


def test_a_plan_without_recommendation_says_what_it_is_for() -> None:
    """Where no approach is possible the steps below are not those of an approach; with one, nothing is said."""
    said = "Nothing is recommended. The steps lead to a measured prompt"
    for budget, expected in ((1, True), (100_000, False)):
        advice = recommend({"task_kind": "extraction", "use_case_count": 3, "monthly_budget_usd": budget})
        assert (advice.recommendation is None) == expected
        assert (said in str(schedule.plan(advice))) == expected
