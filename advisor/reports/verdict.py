"""The first screen of a report: the verdict, why, how sure, what it costs, what would change it, what comes next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import field_unit, field_words, measure, option
from advisor.language import lowered, message, numeral, say, written
from advisor.reasoning.advice import Advice, Change, Flip, MeasuredEvidence, Ranked, Robustness
from advisor.reports.charts import arm_label, name
from advisor.reports.document import (
    Block,
    Callout,
    Fact,
    Facts,
    Paragraph,
    Runs,
    Section,
    Strong,
    Table,
    Value,
    phrase,
    runs,
)
from advisor.reports.figures import exact
from advisor.reports.wording import capital

DIGITS = 6
LIMITS = message("What this advice cannot know")  # the section that tells what a percentage is made of
AS_GOOD = 0.02  # of the score (0-1): the difference that does not matter, as in the benchmark
CLEARLY = 10.0  # percentage points of chance from which another approach is clearly likelier to be level with the best


def leader(advice: Advice) -> Ranked | None:
    """The recommended approach, or the first of a tie; None where nothing is recommended."""
    return next((item for item in advice.ranking if item.approach == advice.recommendation), None)


def contenders(advice: Advice) -> tuple[Ranked, ...]:
    """The recommended approach; in a tie the two that are tied; none where nothing is recommended."""
    eligible = tuple(item for item in advice.ranking if item.eligible)
    if advice.status == "tie":
        return eligible[:2]
    first = leader(advice)
    return (first,) if first else ()


def possible(advice: Advice) -> bool:
    """Whether at least one approach is not ruled out."""
    return any(item.eligible for item in advice.ranking)


def verdict(advice: Advice) -> Section:
    """The section of the first screen."""
    return Section("verdict", say("Verdict"), tuple(_blocks(advice)))


def _blocks(advice: Advice) -> Iterator[Block]:
    first = leader(advice)
    kind: Literal["advice", "tie", "abstain", "none"] = advice.status if possible(advice) else "none"
    summary = first.technique_summary if first and advice.status == "advice" else ""
    yield Callout(kind, advice.headline, runs(summary))
    yield from _description(advice)
    if first and advice.status == "advice":
        yield Facts(tuple(_figures(advice, first)), tiles=True)
    elif contenders(advice):
        yield cost_table(contenders(advice), say("Cost and time of the tied approaches"))
    yield Facts(tuple(_rows(advice)))


def _description(advice: Advice) -> Iterator[Block]:
    for part in advice.description.splitlines():
        if part.strip():
            yield Paragraph(runs(part.strip()), muted=True)


def _figures(advice: Advice, first: Ranked) -> Iterator[Fact]:
    cost = first.cost_usd
    yield Fact(say("Set-up"), (runs(cost.setup.quantity()),))
    yield Fact(say("Running cost"), (runs(cost.monthly.quantity()),))
    yield Fact(say("Total over horizon"), (runs(cost.horizon_total.quantity()),))
    yield Fact(say("Time to deploy"), (runs(first.lead_time_weeks.quantity()),))
    runner = runner_up(advice)
    if runner is not None:
        yield Fact(say("Lead over {title}", title=lowered(runner.title)), (runs(margin(advice)),))


def _rows(advice: Advice) -> Iterator[Fact]:
    if advice.evidence.measured is not None and advice.evidence.measured.arms:
        yield Fact(say("Measured"), tuple(_measured(advice, advice.evidence.measured)))
    yield Fact(say("Why"), (runs(advice.reason),))
    yield Fact(say("How sure"), _certainty(advice))
    if advice.recommendation:
        yield Fact(say("What would change it"), _changes(advice))
    yield Fact(say("Next step"), _next(advice))
    if advice.timetable is not None:
        reason = advice.timetable.review_because
        day = Value(written(advice.review_by), "estimated", reason)
        yield Fact(say("Decide again"), (phrase(say("by {day}: {reason}"), day=day, reason=reason),))


def _measured(advice: Advice, run: MeasuredEvidence) -> Iterator[Runs]:
    """What each approach reached, the best first; what was shown between them; a plain baseline that does as well."""
    arms = sorted(run.arms, key=lambda arm: -arm.score.value)
    scores: list[str | Quantity] = []
    for arm in arms:
        name = lowered(title_of(advice, arm.approach))
        scores += [", " if scores else "", f"{name} ", _bare(arm.score)]
    told = say("{metric} on {task}, 0 to 1: {scores}.")
    yield phrase(told, metric=capital(measure(run.metric)), task=run.task, scores=runs(*scores))
    names = {arm.arm for arm in arms}
    between = [pair for pair in run.differences if {pair.left, pair.right} <= names]
    shown = [pair.text for pair in between if pair.verdict != "no_difference_shown"]
    if between:
        yield runs(capital(f"{'; '.join(shown)}.") if shown else say("No difference between the approaches was shown."))
    plain = max(run.baselines, key=lambda arm: arm.score.value, default=None)
    if plain is not None and plain.score.value >= arms[0].score.value - AS_GOOD:
        told = say("{baseline}, which uses no language model, reached {score}: it may be all that this task needs.")
        yield phrase(told, baseline=capital(arm_label(plain)), score=_bare(plain.score))


def _bare(score: Quantity) -> Quantity:
    """A score with its interval, without the metric's name and the number of items, which stand beside it."""
    return Quantity(score.value, "", score.origin, score.source, score.low, score.high)


def _certainty(advice: Advice) -> tuple[Runs, ...]:
    """How sure the advice is. What a percentage is made of stands among the limits, not on the first page."""
    confidence, forecast = advice.confidence, advice.evidence.forecast
    lines = []
    if confidence.value is not None:
        sure = Quantity(100 * confidence.value, "%", "estimated", confidence.basis)
        told = say("In quality alone, {approach} is level with the best in {share} of such cases.")
        lines.append(phrase(told, approach=lowered(advice.ranking[0].title), share=sure))
        lines.extend(_outweighed(advice))
    if confidence.value is not None and forecast is not None:
        told = say("Level means within one point of 100. By {count} published comparisons; more under “{title}”.")
        lines.append(phrase(told, count=numeral(f"{forecast.comparisons:,}"), title=say(LIMITS)))
    else:
        lines.append(runs(capital(confidence.basis)))
    if advice.robustness is not None and advice.recommendation:
        lines.append(robust_words(advice.robustness))
    return tuple(lines)


def _outweighed(advice: Advice) -> Iterator[Runs]:
    """Where another approach has a clearly better chance in quality: which one, and what outweighs that."""
    found = advice.evidence.forecast
    if found is None or not found.levels or advice.recommendation is None or advice.status != "advice":
        return
    chances = {level.approach: level.probability for level in found.levels}
    best = max(chances, key=lambda name: chances[name].value)
    own = chances.get(advice.recommendation)
    if own is not None and chances[best].value - own.value >= CLEARLY:
        told = say(
            "{other} is level with the best in {share}, by published comparisons. What speaks for {first} beyond "
            "those comparisons outweighs that here."
        )
        names = {"other": title_of(advice, best), "first": lowered(advice.ranking[0].title)}
        yield phrase(told, share=chances[best], **names)


def robust_words(robustness: Robustness) -> Runs:
    """In how many plausible weightings the first place holds, as a sentence."""
    source = say(
        "weights drawn {draws} times from a Dirichlet distribution around those in use, concentration {concentration}",
        draws=numeral(f"{robustness.draws:,}"),
        concentration=numeral(f"{robustness.concentration:g}"),
    )
    share = Quantity(100 * robustness.share, "%", "estimated", source)
    return phrase(say("The first place holds in {share} of plausible weightings of the criteria."), share=share)


def margin(advice: Advice) -> Quantity:
    """The distance between the first two scores."""
    return Quantity(advice.margin, "points", "estimated", say("score of the first less score of the second approach"))


def runner_up(advice: Advice) -> Ranked | None:
    """The second of the approaches that are possible."""
    eligible = [item for item in advice.ranking if item.eligible]
    return eligible[1] if len(eligible) > 1 else None


def _changes(advice: Advice) -> tuple[Runs, ...]:
    if not advice.flips:
        return (runs(say("No change of a single answer was found that changes the recommendation.")),)
    return tuple(flip_runs(advice, flip) for flip in advice.flips[:3])


def flip_runs(advice: Advice, flip: Flip) -> Runs:
    """A flip as a sentence: what it becomes, if which answers were what."""
    parts: list[object] = []
    for change in flip.changes:
        told = say("{answer} were {to} instead of {start}")
        if parts:
            parts.append(say(" and "))
        sides = {"to": changed(change, "to"), "start": changed(change, "start")}
        parts.append(phrase(told, answer=field_words(change.field), **sides))
    return phrase(say("{approach} if {changes}"), approach=Strong(title_of(advice, flip.becomes)), changes=runs(*parts))


def changed(change: Change, side: Literal["start", "to"], in_table: bool = False) -> Runs:
    """One side of a change: the answer given, or the answer that would turn the advice (in a table without unit)."""
    if side == "start":
        return answer(change.field, change.start)
    source = say(
        "the smallest change of {field} that turns the recommendation, found by asking the engine again",
        field=change.field,
    )
    if isinstance(change.to, int | float) and not isinstance(change.to, bool):
        unit = field_unit(change.field)
        shown = exact(_outward(float(change.to), change.start), "" if in_table and unit != "USD" else unit)
        return runs(Value(shown, "estimated", source))
    return answer(change.field, change.to, "estimated", source)


def _outward(value: float, start: object) -> float:
    """The value with at most six digits that count, rounded away from where it began, so that it still turns it."""
    if value == 0 or not math.isfinite(value) or len(f"{value:.12g}".replace(".", "").lstrip("0")) <= DIGITS:
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1)
    known = start.get("likely") if isinstance(start, dict) else start
    lower = isinstance(known, int | float) and value < known
    return float(f"{(math.floor if lower else math.ceil)(value / unit) * unit:.{DIGITS}g}")


def answer(field: str, value: object, origin: Literal["stated", "estimated"] = "stated", source: str = "") -> Runs:
    """An answer as runs: its number with its bounds, or its words."""
    said = source or say("your answer to {field}", field=field)
    if value is None:
        return runs(say("not known"))
    if isinstance(value, bool | str):
        return runs(Value(option(str(value)), origin, said))
    if isinstance(value, int | float):
        return runs(Quantity(float(value), field_unit(field), origin, said))
    if isinstance(value, dict) and set(value) == {"low", "likely", "high"}:
        low, likely, high = (float(value[key]) for key in ("low", "likely", "high"))
        return runs(Quantity(likely, field_unit(field), origin, said, low, high))
    if isinstance(value, dict):
        parts: list[object] = []
        for key, item in value.items():
            parts += ["; " if parts else "", f"{option(str(key))} ", answer(field, item, origin, source)]
        return runs(*parts)
    return runs(Value(str(value), origin, said))


def title_of(advice: Advice, approach: str) -> str:
    """The title of an approach of the ranking, by its id."""
    return next((item.title for item in advice.ranking if item.approach == approach), option(approach))


def _next(advice: Advice) -> tuple[Runs, ...]:
    if not possible(advice):
        return tuple(runs(Strong(title_of(advice, item.approach)), ": ", item.lift) for item in advice.ruled_out[:3])
    if advice.status != "advice" and advice.next_questions:
        asked = advice.next_questions[0]
        told = say("Answer this first: {question} ({field})")
        return (phrase(told, question=Strong(asked.ask), field=asked.field),)
    if advice.plan:
        stage = advice.plan[0]
        return (runs(Strong(stage.title), ". ", stage.what, " ", stage.tripwire),)
    return (runs(say("Decide again when a model, a price or the requirement changes.")),)


def cost_table(ranking: tuple[Ranked, ...], caption: str) -> Table:
    """Costs in US dollars and lead time per approach."""
    rows = tuple(
        (
            runs(name(item)),
            runs(item.cost_usd.setup.quantity()),
            runs(item.cost_usd.monthly.quantity()),
            runs(item.cost_usd.horizon_total.quantity()),
            runs(item.lead_time_weeks.quantity()),
        )
        for item in ranking
    )
    columns = (say("Approach"), say("Set-up"), say("Each month"), say("Total over horizon"), say("Weeks to deploy"))
    return Table(columns, rows, caption, (1, 2, 3, 4))
