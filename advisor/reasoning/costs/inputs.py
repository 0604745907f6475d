"""What the cost model reads, as bands: low, likely and high of each number in each scenario.

A band is an array of shape (3, N), or (3, 1) where all scenarios share it. Its row 0 is always the favourable end, so
a quantity of which more is cheaper (examples at hand, speed) runs downwards. With a `Chance` every band holds random
draws of one scenario instead: 3 x N of them, whose rows mean nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import Bools, Facts, Numbers
from advisor.knowledge.assumptions import MODEL_SIZE, Assumption
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.prices import KINDS, PriceTable
from advisor.knowledge.token_prices import TokenPrice
from advisor.knowledge.wording import field_words, option, unit_of
from advisor.language import numeral, say
from advisor.reasoning.costs.chance import Chance

Band = NDArray[np.float64]
Rows = NDArray[np.intp]
LOW, LIKELY, HIGH = 0, 1, 2
MS_PER_HOUR = 3_600_000
TOKENS = "price of the prompted model's tokens"  # names the draw, so that it is the same in every language


@dataclass(frozen=True, slots=True)
class Term:
    """A named band with its unit; `cite` says in words where the first scenario's value comes from."""

    title: str
    unit: str
    values: Band
    cite: Callable[[], str]

    def text(self) -> str:
        """The term of the first scenario in words: value, range, unit, origin."""
        low, likely, high = (float(row[0]) for row in self.values)
        spread = (
            ""
            if low == high
            else say(" ({short} to {short_two})", short=short(min(low, high)), short_two=short(max(low, high)))
        )
        unit = say(self.unit) if spread else unit_of(short(likely), self.unit)
        return f"{self.title} {short(likely)}{spread} {unit} [{self.cite()}]"


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What reading, reading from the cache and writing a million tokens costs, as terms."""

    input: Term
    cached: Term
    output: Term


class Inputs:
    """Answers, assumptions and prices of N scenarios as terms; an answer takes the place of its assumption.

    `batches` says whether tokens are paid as batches; None leaves it to each scenario's `latency_ms`.
    """

    def __init__(
        self,
        facts: Facts,
        book: Rulebook,
        prices: PriceTable,
        day: date,
        chance: Chance | None = None,
        batches: bool | None = None,
    ) -> None:
        self.facts = facts
        self.book = book
        self.prices = prices
        self.day = day
        self.chance = chance
        self.batches = batches
        self._assumed: dict[tuple[str, bool, int, str], tuple[Term, Rows | None]] = {}  # holds the sizes, too: ids last
        self._bounds = np.array([size.up_to_b for size in prices.assumptions.sizes][:-1])

    def assumed(self, name: str, *, falling: bool = False, size: Rows | None = None, word: str = "") -> Term:
        """An assumption, looked up by its field, the size class or a given `word`; `falling` where more is cheaper."""
        key = (name, falling, id(size), word)
        if key not in self._assumed:
            self._assumed[key] = self._read(name, falling, size, word), size
        return self._assumed[key][0]

    def _read(self, name: str, falling: bool, size: Rows | None, word: str) -> Term:
        assumption = self.prices.assumed(name)
        origin = assumption.cite
        if assumption.by == MODEL_SIZE:
            if size is None:
                raise ValueError(f"{assumption.id} is looked up by size")
            names = [one.id for one in self.prices.assumptions.sizes]
            table, classes = np.array([assumption.on(one) for one in names]).T, size
            values = self._at(table, classes, name, say(assumption.title), falling=falling)
            return Term(
                say(assumption.title),
                assumption.unit,
                values,
                lambda: say("{origin}; for a {names} model", origin=origin, names=option(names[classes[LIKELY, 0]])),
            )
        looked_up, said = self._looked_up(assumption, word)
        values = self._spread(looked_up, name, say(assumption.title), falling=falling)
        return Term(
            say(assumption.title),
            assumption.unit,
            values,
            lambda: origin + (say("; for {said}", said=said()) if said else ""),
        )

    def answered(self, field: str, name: str, *, falling: bool = False) -> Term:
        """The answer to a question; where it is not known, the assumption of that name."""
        column, assumption = self.facts.numbers(field), self.prices.assumed(name)
        default, said = self._looked_up(assumption, "")
        values = np.where(column.known, _stack(column), default) if column.known.any() else default

        def cite() -> str:
            stated = say("the questionnaire's default") if field in self.facts.defaulted else say("your answer")
            assumed = assumption.cite + (say("; for {said}", said=said()) if said else "")
            return stated if column.known[0] else assumed

        drawn = self._spread(values, name, say(assumption.title), falling=falling, field=field)
        return Term(say(assumption.title), assumption.unit, drawn, cite)

    def stated(self, field: str, title: str, *, falling: bool = False) -> tuple[Band, Bools]:
        """The answer to a question that has no assumption, and where it is known; 0 elsewhere."""
        column = self.facts.numbers(field)
        values = np.where(column.known, _stack(column), 0.0)
        return self._spread(values, field, title, falling=falling, field=field), column.known

    def priced(self, item: str, kind: str, title: str) -> Term:
        """A row of the price table."""
        row = self.prices.price(item, kind)
        band = _column(_range(row.amount.low, row.amount.value, row.amount.high))
        return Term(title, row.amount.unit, self._spread(band, f"{item}/{kind}", title), _say(row.cite))

    def word_is(self, field: str, *words: str) -> Bools:
        """Where the answer to a choice question is one of the words."""
        return self.facts.words(field).is_any(words)

    def size_class(self, size_b: Term) -> Rows:
        """The index of the size class of each value, shape as the band."""
        return np.searchsorted(self._bounds, size_b.values, side="left")

    def gpu_hour(self, size: Rows, use: str) -> Term:
        """The price of an hour on the card that serves (or trains) models of that size."""
        sizes = self.prices.assumptions.sizes
        items = [one.serving_gpu if use == "serving" else one.training_gpu for one in sizes]
        rows = [self.prices.price(item, "gpu_hour") for item in items]
        table = np.array([_range(row.amount.low, row.amount.value, row.amount.high) for row in rows]).T
        title = say("price of a card")
        values = self._at(table, size, "price of a card", title)
        return Term(title, "USD per GPU-hour", values, lambda: rows[int(size[LIKELY, 0])].cite)

    def tuning_offered(self) -> bool:
        """Whether any service of the price table still takes on somebody new on that day."""
        sizes = self.prices.assumptions.sizes
        return any(self._offered(item) for one in sizes for item in one.tuned_services)

    def tuned_service(self, size: Rows, kind: str, title: str) -> Term:
        """A price of the services that tune and host models of that size: the cheapest, a usual and the dearest.

        A service that no longer takes on anybody new on that day does not count. Where none of a size is left, those
        of the nearest size stand in; with no service at all the price is 0, and models run on cards.
        """
        offers = [[self.prices.price(item, kind) for item in items] for items in self._services]
        table = np.array(
            [_ordered([(row.amount.low, row.amount.value, row.amount.high) for row in some]) for some in offers]
        )

        def cite() -> str:
            some = offers[int(size[LIKELY, 0])]
            return some[min(1, len(some) - 1)].cite if some else say("no service takes on anybody new")

        # A dear service is dear in all its prices, so that they share one draw.
        values = self._at(table.T, size, "price of tuning services", say("prices of the services that tune and host"))
        return Term(title, KINDS[kind], values, cite)

    @cached_property
    def _services(self) -> list[list[str]]:
        """By size class, the services that are still offered."""
        sizes = self.prices.assumptions.sizes
        offered = [[item for item in one.tuned_services if self._offered(item)] for one in sizes]
        filled = [index for index, items in enumerate(offered) if items]
        return [offered[min(filled, key=lambda k: abs(k - index))] if filled else [] for index in range(len(sizes))]

    def _offered(self, item: str) -> bool:
        """Whether a service takes on somebody new: its market fact has not ended, and none that closes it has begun."""
        service = self.prices.assumptions.services.get(item)
        if service is None:
            return True
        offer = self.book.market.get(service.offered_while)
        ended = offer is not None and offer.ends is not None and offer.ends < self.day
        closing = [self.book.market[name] for name in service.closed_by if name in self.book.market]
        return not ended and not any(fact.begins <= self.day for fact in closing)

    def may_wait(self) -> Bools:
        """Where every answer may take as long as a vendor allows itself for a batch: shape (N,)."""
        if self.batches is not None:
            return np.full(self.facts.n, self.batches)
        latency = self.facts.numbers("latency_ms")
        window = self.prices.assumed("batch_window_hours").otherwise[HIGH] * MS_PER_HOUR
        return np.logical_and(latency.known, latency.low >= window)

    def model_price(self, size: Rows, sized: Bools) -> ModelPrice:
        """The token price of the prompted model: the one named; else, where `sized`, of its size; else a reference."""
        column, assumptions, price_of = self.facts.words("base_model"), self.prices.assumptions, self.prices.token_price
        named = [price_of(model, self.day) for model in column.values]
        by_size = [[price_of(model, self.day) for model in one.hosted_models] for one in assumptions.sizes]
        reference = [price_of(model, self.day) for model in assumptions.reference_models]
        known, title = column.codes >= 0, say("price of the prompted model's tokens")

        def values(part: Callable[[TokenPrice], tuple[float, float, float]]) -> Band:
            result = self._spread(_column(_ordered([part(price) for price in reference])), TOKENS, title)
            if sized.any():
                table = np.array([_ordered([part(price) for price in three]) for three in by_size]).T
                result = np.where(sized, self._at(table, size, TOKENS, title), result)
            if known.any():
                table = np.array([part(price) for price in named]).T
                band = self._spread(table[:, np.maximum(column.codes, 0)], TOKENS, title)
                result = np.where(known, band, result)
            return result

        def cite() -> str:
            if known[0]:
                return source_of(named[column.codes[0]])
            three = by_size[int(size[LIKELY, 0])] if sized[0] else reference
            names = ", ".join(dict.fromkeys(price.model for price in three))
            return say("no model named, so between {names}; {source_of}", names=names, source_of=source_of(three[1]))

        def source_of(price: TokenPrice) -> str:
            return price.batch_input.source if waits[0] else price.input.source

        waits = self.may_wait()

        def term(title: str, part: str) -> Term:
            def read(column: str) -> Band:
                amounts = operator.attrgetter(column)
                return values(lambda price: _range(amounts(price).low, amounts(price).value, amounts(price).high))

            band = read(part)
            if waits.any():
                band = np.where(waits, read(f"batch_{part}"), band)
            return Term(title, "USD per 1M tokens", band, cite)

        return ModelPrice(
            term(say("price of reading"), "input"),
            term(say("price of reading from the cache"), "cached"),
            term(say("price of writing"), "output"),
        )

    def examples_needed(self) -> Term:
        """Examples that tuning needs: the rule pack's number for the kind of task, with the range around it."""
        own = self.prices.assumed("examples_needed")
        if own.origin == "stated":
            return self.assumed("examples_needed")
        factor = self.assumed("examples_needed_factor")
        kinds, parameter = self.facts.words("task_kind"), self.book.parameters.get("examples_needed")
        table: Mapping[str, float] = parameter.on(self.day) if parameter is not None else {}
        usual = own.otherwise[LIKELY]
        by_word = np.array([float(table.get(word, usual)) for word in kinds.values] + [usual])
        values = by_word[np.where(kinds.codes >= 0, kinds.codes, len(kinds.values))] * factor.values
        return Term(
            say(own.title),
            own.unit,
            values,
            lambda: say("rule pack: examples_needed; range: {cite}", cite=factor.cite()),
        )

    def _looked_up(self, assumption: Assumption, word: str) -> tuple[Band, Callable[[], str] | None]:
        """The numbers of an assumption, as low, likely, high, and in words by what they were looked up."""
        if not assumption.by:
            return _by_word(self.prices, assumption.id, ()), None
        if word:
            said_of = f"{field_words(assumption.by)} = {option(word)}"
            return _by_word(self.prices, assumption.id, (word,))[:, :1], _say(said_of)
        words, field = self.facts.words(assumption.by), assumption.by
        table = _by_word(self.prices, assumption.id, words.values)
        codes = np.where(words.codes >= 0, words.codes, len(words.values))

        def said() -> str:
            return (
                f"{field_words(field)} = {option(words.values[codes[0]])}"
                if codes[0] < len(words.values)
                else say("{field} not known", field=field_words(field))
            )

        return table[:, codes], said

    def _spread(self, values: Band, key: str, title: str, *, falling: bool = False, field: str = "") -> Band:
        """Low, likely, high as they are (turned round where `falling`), or draws between them."""
        if self.chance is None:
            return values[::-1] if falling else values
        return self.chance.draw(key, title, values[LOW], values[LIKELY], values[HIGH], field)

    def _at(self, table: Band, size: Rows, key: str, title: str, *, falling: bool = False) -> Band:
        """From a table of shape (3, sizes): in each row of the band the value of that row's size class, or draws."""
        if self.chance is None:
            return (table[::-1] if falling else table)[np.arange(3)[:, None], size]
        return self.chance.draw(key, title, table[LOW][size], table[LIKELY][size], table[HIGH][size])


@lru_cache(maxsize=1024)
def _by_word(prices: PriceTable, name: str, words: tuple[str, ...]) -> Band:
    """Low, likely and high of an assumption, a column for each word and last the general one: shape (3, words + 1)."""
    assumption = prices.assumed(name)
    return np.array([*(assumption.on(one) for one in words), assumption.otherwise]).T


def short(number: float) -> str:
    """A number as it is quoted in a formula: thousands separated, three significant digits below 1,000."""
    return numeral(f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}")


def _stack(column: Numbers) -> Band:
    return np.stack((column.low, column.likely, column.high))


def _column(values: Sequence[float]) -> Band:
    return np.array(values, float).reshape(3, 1)


def _range(low: float | None, likely: float, high: float | None) -> tuple[float, float, float]:
    return (likely if low is None else low, likely, likely if high is None else high)


def _ordered(offers: Sequence[tuple[float | None, float, float | None]]) -> tuple[float, float, float]:
    """The lowest of all, the usual one of the second offer, the highest of all; zeros without offers."""
    ranges = [_range(*offer) for offer in offers] or [(0.0, 0.0, 0.0)]
    usual = ranges[min(1, len(ranges) - 1)][1]
    return min(low for low, _, _ in ranges), usual, max(high for _, _, high in ranges)


def _say(text: str) -> Callable[[], str]:
    return lambda: text
