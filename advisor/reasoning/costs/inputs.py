"""What the cost model reads, as bands: low, likely and high of each number in each scenario.

A band is an array of shape (3, N), or (3, 1) where all scenarios share it. Its row 0 is always the favourable end, so
a quantity of which more is cheaper (examples at hand, speed) runs downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from advisor.intake.columns import Bools, Facts, Numbers
from advisor.knowledge.assumptions import MODEL_SIZE, Assumption
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.token_prices import TokenPrice, token_price

Band = NDArray[np.float64]
Rows = NDArray[np.intp]
LOW, LIKELY, HIGH = 0, 1, 2


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
        spread = "" if low == high else f" ({short(min(low, high))} to {short(max(low, high))})"
        return f"{self.title} {short(likely)}{spread} {self.unit} [{self.cite()}]"


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What reading, reading from the cache and writing a million tokens costs, as terms."""

    input: Term
    cached: Term
    output: Term


class Inputs:
    """Answers, assumptions and prices of N scenarios as terms; an answer takes the place of its assumption."""

    def __init__(self, facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> None:
        self.facts = facts
        self.book = book
        self.prices = prices
        self.day = day
        self._bounds = np.array([size.up_to_b for size in prices.assumptions.sizes][:-1])

    def assumed(self, name: str, *, falling: bool = False, size: Rows | None = None) -> Term:
        """An assumption, looked up by its field or by the size class; `falling` where more is cheaper."""
        assumption = self.prices.assumed(name)
        values, word = self._looked_up(assumption, size)
        origin = assumption.cite
        if word is not None:
            return Term(assumption.title, assumption.unit, _turned(values, falling), lambda: f"{origin}; for {word()}")
        return Term(assumption.title, assumption.unit, _turned(values, falling), lambda: origin)

    def answered(self, field: str, name: str, *, falling: bool = False) -> Term:
        """The answer to a question; where it is not known, the assumption of that name."""
        column, default = self.facts.numbers(field), self.assumed(name)
        if not column.known.any():
            return Term(default.title, default.unit, _turned(default.values, falling), default.cite)
        values = np.where(column.known, _stack(column), default.values)

        def cite() -> str:
            stated = "the questionnaire's default" if field in self.facts.defaulted else "your answer"
            return stated if column.known[0] else default.cite()

        return Term(default.title, default.unit, _turned(values, falling), cite)

    def priced(self, item: str, kind: str, title: str) -> Term:
        """A row of the price table."""
        row = self.prices.price(item, kind)
        return Term(
            title, row.amount.unit, _column(_range(row.amount.low, row.amount.value, row.amount.high)), _say(row.cite)
        )

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
        return Term("price of a card", "USD per GPU-hour", _pick(table, size), lambda: rows[int(size[LIKELY, 0])].cite)

    def tuned_service(self, size: Rows, kind: str, title: str) -> Term:
        """A price of the services that tune and host models of that size: the cheapest, a usual and the dearest."""
        sizes = self.prices.assumptions.sizes
        offers = [[self.prices.price(item, kind) for item in one.tuned_services] for one in sizes]
        table = np.array(
            [_ordered([(row.amount.low, row.amount.value, row.amount.high) for row in three]) for three in offers]
        )
        unit = offers[0][0].amount.unit
        return Term(title, unit, _pick(table.T, size), lambda: offers[int(size[LIKELY, 0])][1].cite)

    def model_price(self, size: Rows, sized: Bools) -> ModelPrice:
        """The token price of the prompted model: the one named; else, where `sized`, of its size; else a reference."""
        column, assumptions = self.facts.words("base_model"), self.prices.assumptions
        named = [token_price(model, self.day) for model in column.values]
        by_size = [[token_price(model, self.day) for model in one.hosted_models] for one in assumptions.sizes]
        reference = [token_price(model, self.day) for model in assumptions.reference_models]
        known = column.codes >= 0

        def values(part: Callable[[TokenPrice], tuple[float, float, float]]) -> Band:
            result = _column(_ordered([part(price) for price in reference]))
            if sized.any():
                table = np.array([_ordered([part(price) for price in three]) for three in by_size]).T
                result = np.where(sized, _pick(table, size), result)
            if known.any():
                table = np.array([part(price) for price in named]).T
                result = np.where(known, table[:, np.maximum(column.codes, 0)], result)
            return result

        def cite() -> str:
            if known[0]:
                return str(named[column.codes[0]].input.source)
            three = by_size[int(size[LIKELY, 0])] if sized[0] else reference
            names = ", ".join(dict.fromkeys(price.model for price in three))
            return f"no model named, so between {names}; {three[1].input.source}"

        def term(title: str, part: str) -> Term:
            def read(price: TokenPrice) -> tuple[float, float, float]:
                amount = getattr(price, part)
                return _range(amount.low, amount.value, amount.high)

            return Term(title, "USD per 1M tokens", values(read), cite)

        return ModelPrice(
            term("price of reading", "input"),
            term("price of reading from the cache", "cached"),
            term("price of writing", "output"),
        )

    def examples_needed(self) -> Term:
        """Examples that tuning needs: the rule pack's number for the kind of task, with the range around it."""
        factor, fallback = self.assumed("examples_needed_factor"), self.assumed("examples_needed")
        kinds, parameter = self.facts.words("task_kind"), self.book.parameters.get("examples_needed")
        table: Mapping[str, float] = parameter.on(self.day) if parameter is not None else {}
        usual = float(fallback.values[LIKELY, 0])
        by_word = np.array([float(table.get(word, usual)) for word in kinds.values] + [usual])
        values = by_word[np.where(kinds.codes >= 0, kinds.codes, len(kinds.values))] * factor.values
        return Term(
            fallback.title, fallback.unit, values, lambda: f"rule pack: examples_needed; range: {factor.cite()}"
        )

    def _looked_up(self, assumption: Assumption, size: Rows | None) -> tuple[Band, Callable[[], str] | None]:
        if not assumption.by:
            return _column(assumption.otherwise), None
        if assumption.by == MODEL_SIZE:
            names = [one.id for one in self.prices.assumptions.sizes]
            table = np.array([assumption.on(name) for name in names]).T
            if size is None:
                raise ValueError(f"{assumption.id} is looked up by size")
            return _pick(table, size), lambda: f"a {names[int(size[LIKELY, 0])]} model"
        words = self.facts.words(assumption.by)
        table = np.array([*(assumption.on(word) for word in words.values), assumption.otherwise]).T
        codes = np.where(words.codes >= 0, words.codes, len(words.values))
        field = assumption.by
        return table[
            :, codes
        ], lambda: f"{field} {words.values[codes[0]]}" if codes[0] < len(words.values) else f"{field} not known"


def short(number: float) -> str:
    """A number as it is quoted in a formula: thousands separated, three significant digits below 1,000."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _stack(column: Numbers) -> Band:
    return np.stack((column.low, column.likely, column.high))


def _turned(values: Band, falling: bool) -> Band:
    return values[::-1] if falling else values


def _column(values: Sequence[float]) -> Band:
    return np.array(values, float).reshape(3, 1)


def _range(low: float | None, likely: float, high: float | None) -> tuple[float, float, float]:
    return (likely if low is None else low, likely, likely if high is None else high)


def _ordered(offers: Sequence[tuple[float | None, float, float | None]]) -> tuple[float, float, float]:
    """The lowest of all, the usual one of the middle offer, the highest of all."""
    ranges = [_range(*offer) for offer in offers]
    return min(low for low, _, _ in ranges), ranges[1][1], max(high for _, _, high in ranges)


def _pick(table: Band, size: Rows) -> Band:
    """From a table of shape (3, sizes): in each row of the band, the value of that row's size class."""
    return table[np.arange(3)[:, None], size]


def _say(text: str) -> Callable[[], str]:
    return lambda: text
