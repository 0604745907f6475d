"""The forecast from published studies as evidence: leads, probabilities, what moves them, crossover, disagreement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from advisor.knowledge.domain import APPROACHES, Quantity
from advisor.knowledge.quality_model import QualityModel
from advisor.knowledge.record_summary import THIN
from advisor.language import message, numeral, say, say_many
from advisor.reasoning.advice import CrossoverForecast, Finding, ForecastEvidence, Lead, Level, Pull, Range
from advisor.reasoning.engine import Engine, Outcome
from advisor.reasoning.explain import in_words
from advisor.reasoning.quality import blend
from advisor.reasoning.quality.crossover import FEWEST, MOST, crossover
from advisor.reasoning.quality.forecast import LEVEL, Forecast, contenders

WORDS = {"prompting": message("prompting"), "fine_tuning": message("fine-tuning"), "hybrid": message("a hybrid")}
PULLS = 6
SMALL_PULL = 0.05  # z below which a feature is not worth naming
APART = 0.5  # points of the rules, and z of the forecast, from which the two disagree


def evidence(engine: Engine, outcome: Outcome, findings: Sequence[Finding]) -> ForecastEvidence | None:
    """The forecast for the first scenario of an outcome; None without a fitted model."""
    model, expected = engine.model, outcome.forecast
    if model is None or expected is None:
        return None
    source = source_of(model)
    levels = _levels(engine, outcome, source)
    close = contenders(expected.within_level(outcome.eligible), engine.parameter("contenders_cover"))[0]
    named = tuple(approach for index, approach in enumerate(APPROACHES) if close[index])
    leads = tuple(_leads(expected, source))
    share = float(blend.weight(expected, engine.book, engine.day)[0])
    return ForecastEvidence(
        studies=model.studies,
        comparisons=model.rows,
        leads=leads,
        levels=levels,
        contenders=named,
        pulls=_pulls(engine, outcome, source),
        crossover=_crossover(engine, outcome, source),
        weight=Quantity(100 * share, "%", "estimated", say("variance of the rules against that of the forecast")),
        disagreement=_disagreement(engine, outcome, expected, findings),
        text=_text(model, leads[0], named, outcome),
    )


def source_of(model: QualityModel) -> str:
    """Where every number of the forecast comes from."""
    own = (
        say(" and {own_runs} own runs on {own_tasks} tasks", own_runs=model.own_runs, own_tasks=model.own_tasks)
        if model.own_runs
        else ""
    )
    return say(
        "{rows} published comparisons from {studies} studies{own} (forecast model {digest})",
        rows=model.rows,
        studies=model.studies,
        own=own,
        digest=model.digest[:12],
    )


def finding(engine: Engine, outcome: Outcome) -> Iterator[Finding]:
    """What the forecast adds to or takes from the quality points that the rules gave, per approach."""
    model, expected = engine.model, outcome.forecast
    if model is None or expected is None:
        return
    share = float(outcome.shares[0, blend.QUALITY])
    low, likely, high = (float(end[0]) for end in expected.tuning_interval())
    weight = float(blend.weight(expected, engine.book, engine.day)[0])
    change = (outcome.published_points - outcome.rule_points)[0, :, blend.QUALITY]
    because = say(
        "In comparisons like yours the best tuned model is {likely} the best prompt ({low} to {high} "
        "points of 100 in nine of ten). This stands in for what the rules on the same answers assume, "
        "with a weight of {weight} %.{turned}",
        likely=_ahead(likely),
        low=_signed(low),
        high=_signed(high),
        weight=numeral(f"{100 * weight:.0f}"),
        turned=_turned(likely, float(change[1] - change[0])),
    )
    for index, approach in enumerate(APPROACHES):
        points = float(change[index])
        yield Finding(
            rule=blend.PUBLISHED,
            kind="forecast",
            title=say("Published comparisons"),
            approach=approach,
            criterion="quality",
            points=points,
            weighted=points * share,
            facts=(),
            answers=(),
            because=because,
            source=(source_of(model),),
        )


def _ahead(points: float) -> str:
    if abs(points) < 1:
        return say("level with")
    size, number = round(abs(points)), numeral(f"{abs(points):.0f}")
    if points > 0:
        return say_many("{number} point ahead of", "{number} points ahead of", size, number=number)
    return say_many("{number} point behind", "{number} points behind", size, number=number)


def _signed(points: float) -> str:
    return f"{points:+.0f}".replace("-", "−")


def _turned(lead: float, change: float) -> str:
    """Why the points go against the lead that was told, where they do: the rules had the same side further ahead."""
    if abs(lead) < LEVEL or lead * change >= 0:
        return ""
    ahead = say("tuning") if lead > 0 else say("prompting")
    return say(
        " Those rules put {ahead} further ahead than the comparisons do; the points take that back.", ahead=ahead
    )


def _leads(expected: Forecast, source: str) -> Iterator[Lead]:
    for approach, over, interval in (
        ("fine_tuning", ("prompting",), expected.tuning_interval()),
        ("hybrid", ("prompting", "fine_tuning"), expected.hybrid_interval()),
    ):
        low, likely, high = (float(end[0]) for end in interval)
        yield Lead(approach, over, Quantity(likely, "points of 100", "estimated", source, low, high))


def _levels(engine: Engine, outcome: Outcome, source: str) -> tuple[Level, ...]:
    """The chance of each approach that is possible; none where there are not two, or the record is too thin."""
    behind = engine.behind(outcome)
    if outcome.eligible[0].sum() < 2 or (behind is not None and behind < THIN):
        return ()
    said = engine.confidence(outcome, outcome.eligible)[0]
    return tuple(
        Level(
            approach,
            Quantity(
                100 * float(said[index]), "%", "estimated", say("{source}, calibrated on unseen papers", source=source)
            ),
        )
        for index, approach in enumerate(APPROACHES)
        if outcome.eligible[0, index] and np.isfinite(said[index])
    )


def _pulls(engine: Engine, outcome: Outcome, source: str) -> tuple[Pull, ...]:
    """The features that move the forecast most, as points near level; the start is what all situations share."""
    model = engine.model
    assert model is not None
    values = engine.situation(outcome.facts).design(model.tuning.features)[0] * model.tuning.mean
    order = np.argsort(-np.abs(values), kind="stable")
    return tuple(
        Pull(
            feature=model.tuning.features[index],
            points=Quantity(float(values[index]) * model.scale_points, "points of 100", "estimated", source),
            because=say(model.tuning.because[index]),
        )
        for index in order[:PULLS]
        if abs(values[index]) >= SMALL_PULL
    )


def _crossover(engine: Engine, outcome: Outcome, source: str) -> CrossoverForecast:
    assert engine.model is not None
    learns_from = {"domain_mix": say("a mix from the field"), "raw_documents": say("documents")}
    for material, words in learns_from.items():
        if outcome.facts.words("training_material").is_any([material])[0]:
            text = say(
                "The model would be tuned on {words}, so that no number of labelled examples decides who leads.",
                words=words,
            )
            return CrossoverForecast("does_not_apply", None, text)
    found = crossover(engine.model, engine.situation(outcome.facts))
    if found.word == "already":
        text = say("Studies like yours see tuning ahead from the first few examples.")
        return CrossoverForecast("already", None, text)
    if found.likely is None:
        near = (
            say(" One in twenty would see it from about {round}.", round=in_words(_round(found.low)))
            if found.low
            else ""
        )
        text = say(
            "Studies like yours do not see tuning overtake the best prompt below {most} examples.{near}",
            most=numeral(f"{MOST:,.0f}"),
            near=near,
        )
        return CrossoverForecast("not_within_reach", None, text)
    low, likely, high = (_round(end if end is not None else MOST) for end in (found.low, found.likely, found.high))
    beyond = say(" or more") if found.high is None else ""
    below = say(" or fewer") if low <= FEWEST else ""
    text = say(
        "Studies like yours see tuning overtake the best prompt from about {likely} labelled examples "
        "(nine in ten between {low}{below} and {high}{beyond}).",
        likely=in_words(likely),
        low=in_words(low),
        below=below,
        high=in_words(high),
        beyond=beyond,
    )
    return CrossoverForecast("at", Range(low, likely, high, "examples", "estimated", source), text)


def _round(examples: float) -> float:
    """A count with two significant digits."""
    return float(f"{examples:.2g}")


def _disagreement(engine: Engine, outcome: Outcome, expected: Forecast, findings: Sequence[Finding]) -> str:
    """Where the rules that read the same answers see another approach ahead than the forecast; else empty.

    Only approaches that are possible count.
    """
    possible = [approach for index, approach in enumerate(APPROACHES) if outcome.eligible[0, index]]
    if len(possible) < 2:
        return ""
    assumed = dict.fromkeys(APPROACHES, 0.0)
    for item in findings:
        if item.rule in engine.covered and item.approach in assumed:
            assumed[item.approach] += item.points or 0.0
    utilities = dict(zip(APPROACHES, expected.utilities()[0].tolist(), strict=True))
    by_rules, by_studies = max(possible, key=lambda a: assumed[a]), max(possible, key=lambda a: utilities[a])
    if by_rules == by_studies:
        return ""
    if assumed[by_rules] - assumed[by_studies] < APART or utilities[by_studies] - utilities[by_rules] < APART:
        return ""
    return say(
        "On the same answers the rules of practice put {by_rules} first, published comparisons "
        "{by_studies}. The comparisons count for more; both are shown among the reasons.",
        by_rules=say(WORDS[by_rules]),
        by_studies=say(WORDS[by_studies]),
    )


def _text(model: QualityModel, lead: Lead, named: Sequence[str], outcome: Outcome) -> str:
    words = [say(WORDS[approach]) for approach in named]
    if outcome.eligible[0].sum() < 2:
        left = say("only {words} is", words=words[0]) if words else say("no approach is")
        told = say("As {left} possible under your answers, there is nothing to choose between", left=left)
    elif len(words) == 1:
        told = say("On quality alone the evidence points to {words}", words=words[0])
    else:
        told = say(
            "On quality alone the evidence cannot tell {words} and {words_two} apart",
            words=", ".join(words[:-1]),
            words_two=words[-1],
        )
    return say(
        "{rows} published comparisons from {studies} studies: the best tuned model is expected {value} "
        "the best prompt. {told}.",
        rows=model.rows,
        studies=model.studies,
        value=_ahead(lead.points.value),
        told=told,
    )
