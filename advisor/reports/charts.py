"""The charts of an advice as specs: what is drawn and what it shows, in numbers with their origin. No drawing here."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import measure, option
from advisor.language import lowered, numeral, say
from advisor.reasoning.advice import Advice, MeasuredArm, Ranked
from advisor.reports.document import ChartSpec, Mark, Series
from advisor.reports.figures import bounds, figure, signed
from advisor.reports.wording import capital, listed

MOVED = 1.1  # a total that grows by less over all volumes does not depend on the volume
LOG_FROM = 30  # a span of more than this factor is drawn on a logarithmic scale


def name(item: Ranked) -> str:
    """The label of an approach in charts and tables."""
    return item.title if item.eligible else say("{title} (ruled out)", title=item.title)


def score(item: Ranked) -> Quantity:
    """The score of an approach as a quantity."""
    return Quantity(
        item.score, "points", "estimated", say("score = sum over the criteria of weight share × points of the rules")
    )


def contribution(item: Ranked, criterion: str, share: float) -> Quantity:
    """What one criterion adds to the score of an approach: its weight share times the points."""
    source = say("contribution = weight share of the criterion × points of the rules that spoke for it")
    return Quantity(share * item.by_criterion.get(criterion, 0.0), "points", "estimated", source)


def ranking(advice: Advice) -> ChartSpec | None:
    """The weighted contribution of each criterion to each approach's score; None without a ranking."""
    if not advice.ranking:
        return None
    series = tuple(
        Series(
            capital(option(criterion)),
            tuple(Mark(name(item), contribution(item, criterion, share), not item.eligible) for item in advice.ranking),
        )
        for criterion, share in advice.weights.items()
    )
    totals = tuple(Mark(name(item), score(item), not item.eligible) for item in advice.ranking)
    return ChartSpec(
        id="ranking",
        kind="stacked",
        title=say("What each criterion adds to the score"),
        axis=say("weighted points"),
        alt=_ranking_finding(advice),
        series=series,
        totals=totals,
    )


def costs(advice: Advice) -> ChartSpec | None:
    """The total over the planning horizon per approach, likely value between low and high; None without a ranking."""
    if not advice.ranking:
        return None
    marks = tuple(
        Mark(name(item), item.cost_usd.horizon_total.quantity(), not item.eligible) for item in advice.ranking
    )
    logarithmic = _scale([mark.amount for mark in marks]) == "log"
    return ChartSpec(
        id="costs",
        kind="interval",
        title=say("Total cost over the planning horizon"),
        axis=say("US dollars, logarithmic scale") if logarithmic else say("US dollars"),
        alt=_cost_finding(advice.ranking),
        series=(Series(say("Total"), marks),),
        scale="log" if logarithmic else "linear",
    )


def break_even(advice: Advice) -> ChartSpec | None:
    """The likely total over the horizon by requests a month, a line an approach.

    None without figures, and where the volume hardly moves them.
    """
    amounts: dict[str, list[float]] = {}
    for point in advice.volumes:
        amounts.setdefault(point.approach, []).append(point.total.likely)
    if not any(max(found) > MOVED * min(found) for found in amounts.values()):
        return None
    titles = {item.approach: name(item) for item in advice.ranking}
    muted = {item.approach: not item.eligible for item in advice.ranking}
    series = tuple(
        Series(
            title,
            tuple(
                Mark(
                    say("{volume} requests", volume=figure(point.requests, in_table=True)),
                    point.total.quantity(),
                    muted[approach],
                    point.requests,
                )
                for point in advice.volumes
                if point.approach == approach
            ),
        )
        for approach, title in titles.items()
    )
    everything = [mark.amount for one in series for mark in one.marks]
    logarithmic = min(amount.value for amount in everything) > 0
    return ChartSpec(
        id="break-even",
        kind="line",
        title=say("Likely total cost by volume"),
        axis=say("US dollars, logarithmic scale") if logarithmic else say("US dollars"),
        alt=_cheapest(series),
        series=series,
        scale="log" if logarithmic else "linear",
        across=say("Requests a month"),
        across_scale="log",
    )


def _cheapest(series: Sequence[Series]) -> str:
    """Which approach is cheapest at the lowest and the highest volume drawn."""
    said = []
    for end in (0, -1):
        best = min(series, key=lambda one: one.marks[end].amount.value)
        at = best.marks[end].at
        assert at is not None
        said.append(
            say(
                "at {volume}: {approach}, {total}",
                volume=figure(at),
                approach=lowered(best.title),
                total=figure(best.marks[end].amount),
            )
        )
    return say("Cheapest by the likely total, {first}; {last}.", first=said[0], last=said[1])


def measured(advice: Advice) -> ChartSpec | None:
    """The measured score of each arm with its interval; None where nothing was measured."""
    evidence = advice.evidence.measured
    if evidence is None or not (evidence.arms or evidence.baselines):
        return None
    groups = ((say("Approaches"), evidence.arms), (say("Baselines"), evidence.baselines))
    series = tuple(
        Series(title, tuple(Mark(arm_label(arm), arm.score) for arm in arms)) for title, arms in groups if arms
    )
    everything = [*evidence.arms, *evidence.baselines]
    best = max(everything, key=lambda arm: arm.score.value)
    alt = say("Best measured: {arm_label} with {score}.", arm_label=arm_label(best), score=_said(best.score))
    shown = [pair.text for pair in evidence.differences if pair.verdict != "no_difference_shown"]
    alt += (
        say(" On paired items: {shown}.", shown="; ".join(shown)) if shown else say(" No paired difference was shown.")
    )
    metric = measure(evidence.metric) if evidence.metric else say("score")
    return ChartSpec(
        "measured",
        "interval",
        say("Measured {metric}", metric=metric),
        say("{metric}, 0 to 1", metric=metric),
        alt,
        series,
    )


def arm_label(arm: MeasuredArm) -> str:
    """The name of a measured arm, with its train size where it was trained or shown examples."""
    words = option(arm.arm)
    return (
        say("{words}, {train_size} examples", words=words, train_size=numeral(f"{arm.train_size:,}"))
        if arm.train_size
        else words
    )


def _said(amount: Quantity) -> str:
    between = bounds(amount)
    return f"{figure(amount)} ({between})" if between else figure(amount)


def _ranking_finding(advice: Advice) -> str:
    eligible = [item for item in advice.ranking if item.eligible]
    out = [lowered(item.title) for item in advice.ranking if not item.eligible]
    ruled = say(" Ruled out: {out}.", out=listed(out)) if out else ""
    if not eligible:
        return say("No approach is possible.") + ruled
    first, rest = eligible[0], eligible[1:]
    text = say("{title} scores {score}", title=first.title, score=figure(score(first)))
    if rest:
        others = [f"{lowered(item.title)} ({figure(score(item), in_table=True)})" for item in rest]
        text += say(", ahead of {others}", others=listed(others))
    parts = [(contribution(first, name_, share), name_) for name_, share in advice.weights.items()]
    if parts:
        most, criterion = max(parts, key=lambda pair: pair[0].value)
        text += (
            say("; {criterion} adds most to it ({signed})", criterion=option(criterion), signed=signed(most))
            if most.value > 0
            else ""
        )
    return f"{text}.{ruled}"


def _cost_finding(ranking_: Sequence[Ranked]) -> str:
    ordered = sorted(ranking_, key=lambda item: item.cost_usd.horizon_total.likely)
    said = [f"{lowered(name(item))} {_said(item.cost_usd.horizon_total.quantity())}" for item in ordered]
    return say("Cheapest first by the likely total: {said}.", said="; ".join(said))


def _scale(amounts: Sequence[Quantity]) -> str:
    low = min(amount.value if amount.low is None else amount.low for amount in amounts)
    high = max(amount.value if amount.high is None else amount.high for amount in amounts)
    return "log" if low > 0 and high / low > LOG_FROM else "linear"
