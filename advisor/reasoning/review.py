"""When to look at an advice again: at the latest after some months, sooner where a dated change concerns the case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from advisor.intake.truth import TRUE
from advisor.knowledge.token_prices import next_change
from advisor.language import numeral, say
from advisor.reasoning.engine import Engine, Outcome

DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Review:
    """The day on which to decide again, and why then."""

    day: date
    because: str


def review(engine: Engine, outcome: Outcome) -> Review:
    """The earliest of: the usual months, a known change of a token price of the case, a change of what rules say of it.

    The case is row 0 of the outcome. A day on which market facts, rules or parameters change counts only if other
    rules would speak about this case, another technique be chosen or another approach lead than today.
    """
    months = engine.parameter("review_months")
    limit = engine.day + timedelta(days=round(months * DAYS_PER_MONTH))
    found = [Review(limit, say("{months} months after the advice", months=numeral(f"{months:g}")))]
    found += [change for change in _prices(engine, outcome) if change.day < limit]
    soonest = min(found, key=lambda change: change.day).day
    for day in sorted(set(_boundaries(engine))):
        if day >= soonest:
            break
        if _concerns(engine, outcome, day):
            found.append(Review(day, _named(engine, day)))
            break
    return min(found, key=lambda change: change.day)


def _prices(engine: Engine, outcome: Outcome) -> Iterator[Review]:
    """The next change of price of the prompted model, or of those that stand in for it."""
    words = outcome.facts.words("base_model")
    named = [words.values[int(words.codes[0])]] if words.codes[0] >= 0 else engine.prices.assumptions.reference_models
    for model in named:
        day = next_change(model, engine.day)
        if day is not None:
            now, then = (engine.prices.token_price(model, one) for one in (engine.day, day))
            text = say(
                "{value} to {value_two} USD for a million tokens read",
                value=numeral(f"{now.input.value:g}"),
                value_two=numeral(f"{then.input.value:g}"),
            )
            text += say(
                ", {value} to {value_two} USD written",
                value=numeral(f"{now.output.value:g}"),
                value_two=numeral(f"{then.output.value:g}"),
            )
            yield Review(day, say("the price of {model} changes on that day: {said}", model=now.model, said=text))


def _boundaries(engine: Engine) -> Iterator[date]:
    """The coming days on which a market fact, a rule or a parameter begins or ceases to hold."""
    book, after = engine.book, timedelta(days=1)
    for fact in book.market.values():
        yield from (day for day in (fact.begins, fact.ends and fact.ends + after) if day and day > engine.day)
    for rule in book.rules:
        yield from (day for day in (rule.since, rule.until and rule.until + after) if day and day > engine.day)
    for parameter in book.parameters.values():
        yield from (begin for begin, _ in parameter.values if begin > engine.day)


def _concerns(engine: Engine, outcome: Outcome, day: date) -> bool:
    later = replace(engine, day=day).decide(outcome.facts.take([0]))  # type: ignore[arg-type]
    return _spoken(later) != _spoken(outcome)


def _spoken(outcome: Outcome) -> tuple[object, ...]:
    spoken = {rule.id for row, rule in enumerate(outcome.rules) if outcome.truths[row, 0] == TRUE}
    return spoken, int(outcome.leader[0]), tuple(outcome.techniques[0]), tuple(outcome.eligible[0])


def _named(engine: Engine, day: date) -> str:
    """What changes on the day, in the words of the market facts if there are any."""
    before = day - timedelta(days=1)
    facts = engine.book.market.values()
    begun = [fact.title for fact in facts if fact.begins == day]
    ended = [fact.title for fact in facts if fact.ends == before]
    if begun:
        return say("from that day: ") + "; ".join(begun)
    return (
        say("no longer true from that day: ") + "; ".join(ended)
        if ended
        else say("the rules about this case change that day")
    )
