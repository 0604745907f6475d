"""Totals of one scenario as distributions: percentiles, what drives them, and from which volume tuning pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from advisor.intake.columns import Bools, Facts, Floats
from advisor.knowledge.domain import APPROACHES, Quantity, Rulebook
from advisor.knowledge.prices import PriceTable
from advisor.language import dollars, lowered, message, numeral, say
from advisor.reasoning.advice import Range
from advisor.reasoning.costs.break_even import Curve, first_saving, saving_window
from advisor.reasoning.costs.chance import ROWS, Chance, share_of_variance
from advisor.reasoning.costs.inputs import LIKELY, Inputs
from advisor.reasoning.costs.lead import weeks
from advisor.reasoning.costs.lines import Line, all_lines, prompting
from advisor.reasoning.costs.situation import read

DRAWS = 4000
TOP = 3
WORTH_NAMING = 0.01  # share of the variance below which an input is no driver
PERCENTILES = (10, 50, 90)
WORDS = {"prompting": message("prompting"), "fine_tuning": message("fine-tuning"), "hybrid": message("the hybrid")}


@dataclass(frozen=True, slots=True)
class Driver:
    """An uncertain input and its share (0-1) of the variance of a total.

    `key` is what `prices:` in an answers file calls it; `field` the question that would settle it, if there is one.
    """

    key: str
    title: str
    share: Quantity
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """The simulated costs of one approach: USD over the horizon, USD once, USD per month and weeks of lead time.

    Ranges are the 10th, 50th and 90th percentile. `cheaper_than_prompting` is the share of draws in which the approach
    costs less than prompting over the horizon (None for prompting itself), `cheapest` that in which it costs least of
    the three. The shares within budget and deadline are None where none was stated.
    """

    approach: str
    total: Range
    setup: Range
    monthly: Range
    lead_weeks: Range
    drivers: tuple[Driver, ...]
    cheapest: Quantity
    cheaper_than_prompting: Quantity | None
    within_setup_budget: Quantity | None
    within_monthly_budget: Quantity | None
    within_deadline: Quantity | None


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Requests a month from which an approach costs less than prompting over the horizon.

    10th, 50th and 90th percentile over the draws; None where it is never cheaper at that percentile. `never_share` is
    the share of draws (0-1) in which no volume makes it cheaper, `ends` the median volume beyond which prompting is
    cheaper again, where half of the draws and more have one. `text` says it all, and from which volume it is cheaper
    at likely values, which the totals by volume and the tripwire of the plan go by.
    """

    approach: str
    low: Quantity | None
    likely: Quantity | None
    high: Quantity | None
    never_share: float
    ends: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Batching:
    """What paying the tokens of prompting as batches saves in USD a month, and whether the estimate counts on it."""

    used: bool
    saving: Quantity
    text: str


@dataclass(frozen=True, slots=True)
class CostStudy:
    """What one set of draws gives: a simulation per approach, a break-even for fine-tuning and hybrid.

    `batching` is None where batches save nothing: no tokens are paid, or none of the vendors sells batches.
    """

    simulations: Mapping[str, Simulation]
    break_even: Mapping[str, BreakEven]
    draws: int
    seed: int
    batching: Batching | None = None


def simulate(
    facts: Facts, book: Rulebook, prices: PriceTable, day: date, draws: int = DRAWS, seed: int = 0
) -> Mapping[str, Simulation]:
    """The distribution of costs of each approach in one scenario; see `study`."""
    return study(facts, book, prices, day, draws, seed).simulations


def study(facts: Facts, book: Rulebook, prices: PriceTable, day: date, draws: int = DRAWS, seed: int = 0) -> CostStudy:
    """Costs and break-even volumes of one scenario over random draws of its uncertain inputs.

    Every input (answered range, assumption, price) is drawn once per draw and shared by the approaches, so that their
    differences are paired; `Chance` says from which distribution and why. The same arguments give the same result.
    Raises ValueError for other than one scenario, InputError for a base model without a price.
    """
    if facts.n != 1:
        raise ValueError("only one scenario can be simulated")
    columns = -(-draws // ROWS)
    chance = Chance(columns, seed)
    inputs = Inputs(facts.take(np.zeros(columns, np.intp)), book, prices, day, chance)
    case = read(inputs)
    lines = all_lines(case)
    shape = (ROWS, columns)
    months = np.broadcast_to(inputs.answered("horizon_months", "horizon_months").values, shape)
    setup = {name: _sum(lines, name, "setup", shape) for name in APPROACHES}
    monthly = {name: _sum(lines, name, "monthly", shape) for name in APPROACHES}
    totals = {name: setup[name] + months * monthly[name] for name in APPROACHES}
    note = say(
        "{columns} draws of the ranges of answers, assumptions and prices (seed {seed})",
        columns=numeral(f"{ROWS * columns:,}"),
        seed=seed,
    )
    measure = _Measure(facts, totals, note)
    lead = weeks(case)
    simulations = {
        name: Simulation(
            approach=name,
            total=_range(totals[name], "USD", note),
            setup=_range(setup[name], "USD", note),
            monthly=_range(monthly[name], "USD per month", note),
            lead_weeks=_range(lead[name], "weeks", note),
            drivers=_drivers(totals[name], chance, note),
            cheapest=measure.cheapest(name),
            cheaper_than_prompting=None if name == "prompting" else measure.cheaper(name),
            within_setup_budget=measure.within("setup_budget_usd", setup[name]),
            within_monthly_budget=measure.within("monthly_budget_usd", monthly[name]),
            within_deadline=measure.within("deadline_weeks", lead[name]),
        )
        for name in APPROACHES
    }
    requests = np.broadcast_to(case.volume.requests.values, shape)
    prompted = Curve(lines, "prompting", requests, months, slice(None))
    tuned = {name: Curve(lines, name, requests, months, slice(None)) for name in APPROACHES[1:]}
    evens = _at_likely(Inputs(facts, book, prices, day))
    bands = {name: _band(name, prompted, curve, note, evens[name]) for name, curve in tuned.items()}
    return CostStudy(simulations, bands, ROWS * columns, seed, batching(facts, book, prices, day))


def batching(facts: Facts, book: Rulebook, prices: PriceTable, day: date) -> Batching | None:
    """What batches save one scenario, or None where they save nothing."""

    def monthly(batches: bool) -> Floats:
        lines = tuple(prompting(read(Inputs(facts, book, prices, day, batches=batches))))
        total: Floats = _sum(lines, "prompting", "monthly", (ROWS, 1))[:, 0]
        return total

    at_once, batched = monthly(False), monthly(True)
    saved = at_once - batched
    low, likely, high = float(saved.min()), float(saved[LIKELY]), float(saved.max())
    if likely <= 0:
        return None
    window = prices.assumed("batch_window_hours")
    hours = window.otherwise[LIKELY]
    source = say(
        "monthly cost of prompting at once less that in batches; answers within {hours} hours ({cite})",
        hours=numeral(f"{hours:g}"),
        cite=window.cite,
    )
    saving = Quantity(likely, "USD per month", "estimated", source, low, high)
    used = bool(Inputs(facts, book, prices, day).may_wait()[0])
    amount = say("about {amount} a month", amount=dollars(in_cash(likely)))
    if used:
        text = say(
            "Answers may wait {hours} hours, so tokens of prompting are paid as batches; that saves {amount}.",
            hours=numeral(f"{hours:g}"),
            amount=amount,
        )
    else:
        text = say(
            "If answers could wait {hours} hours, paying the tokens of prompting as batches would save {amount}.",
            hours=numeral(f"{hours:g}"),
            amount=amount,
        )
    return Batching(used, saving, text)


def in_cash(amount: float) -> str:
    """An amount of money without its sign: cents below 10, whole dollars above."""
    return numeral(f"{amount:,.2f}" if amount < 10 else f"{amount:,.0f}")


@dataclass(frozen=True)
class _Measure:
    """Shares of the draws in which something holds, as quantities."""

    facts: Facts
    totals: Mapping[str, Floats]
    note: str

    def cheaper(self, name: str) -> Quantity:
        return self._share(self.totals[name] < self.totals["prompting"])

    def cheapest(self, name: str) -> Quantity:
        others = [total for other, total in self.totals.items() if other != name]
        return self._share(self.totals[name] < np.min(others, axis=0))

    def within(self, field: str, amounts: Floats) -> Quantity | None:
        bound = self.facts.numbers(field)
        return self._share(amounts <= bound.likely[0]) if bound.known[0] else None

    def _share(self, holds: Bools) -> Quantity:
        return Quantity(float(np.mean(holds)), "share", "estimated", self.note)


def _sum(lines: tuple[Line, ...], approach: str, phase: str, shape: tuple[int, int]) -> Floats:
    total = np.zeros(shape)
    for line in lines:
        if line.approach == approach and line.phase == phase:
            total += line.amount
    return total


def _range(values: Floats, unit: str, note: str) -> Range:
    low, likely, high = percentiles(values)
    return Range(low, likely, high, unit, "estimated", say("10th, 50th and 90th percentile of {note}", note=note))


def percentiles(values: Floats) -> tuple[float, ...]:
    """The `PERCENTILES` of all values, between two of them by the straight line; np.percentile loads numpy.ma first."""
    ordered = np.sort(values, axis=None)
    places = [percent / 100 * (ordered.size - 1) for percent in PERCENTILES]
    return tuple(float(one) for one in np.interp(places, np.arange(ordered.size), ordered))


def _drivers(totals: Floats, chance: Chance, note: str) -> tuple[Driver, ...]:
    """The inputs that explain most of the variance of the totals, the strongest first."""
    ranked = sorted(((share_of_variance(totals, one.ranks), key) for key, one in chance.inputs.items()), reverse=True)
    drivers = []
    for share, key in ranked[:TOP]:
        if share < WORTH_NAMING:
            break
        one = chance.inputs[key]
        title = lowered(one.title[0]) + one.title[1:]
        text = say("{title}: about {share} % of the spread", title=title, share=numeral(f"{100 * share:.0f}"))
        source = say("share of the variance of the total, {note}", note=note)
        drivers.append(Driver(key, title, Quantity(share, "share", "estimated", source), one.field, text))
    return tuple(drivers)


def _at_likely(inputs: Inputs) -> dict[str, float | None]:
    """The requests a month from which each tuned approach is cheaper at likely values; None where it never is."""
    case = read(inputs)
    lines = all_lines(case)
    requests = np.broadcast_to(case.volume.requests.values[LIKELY], 1)
    months = np.broadcast_to(inputs.answered("horizon_months", "horizon_months").values[LIKELY], 1)
    prompted = Curve(lines, "prompting", requests, months)
    found = {name: first_saving(prompted, Curve(lines, name, requests, months)) for name in APPROACHES[1:]}
    return {name: float(begin[0]) if there[0] else None for name, (begin, there) in found.items()}


def _band(name: str, prompted: Curve, tuned: Curve, note: str, even: float | None) -> BreakEven:
    begin, found, end = saving_window(prompted, tuned)
    volumes = np.sort(np.where(found, begin, np.inf).ravel())
    picked = [float(volumes[round(percent / 100 * (volumes.size - 1))]) for percent in PERCENTILES]
    source = say("volume at which both cost the same over the horizon, {note}", note=note)

    def quantity(value: float) -> Quantity | None:
        return Quantity(value, "requests a month", "estimated", source) if np.isfinite(value) else None

    low, likely, high = (quantity(value) for value in picked)
    ends = np.sort(np.where(found, end, np.inf).ravel())[volumes.size // 2]
    never = float(1 - found.mean())
    until = float(ends) if np.isfinite(ends) else None
    text = f"{_in_words(name, picked, never, until)} {_likely_in_words(even)}"
    return BreakEven(name, low, likely, high, never, until, text)


def _likely_in_words(even: float | None) -> str:
    """From which volume it is cheaper at likely values, as a sentence that follows that on the draws."""
    if even is None:
        return say("At likely values it never does.")
    if even < 1:
        return say("At likely values it does at any volume.")
    return say("At likely values it does from about {even} requests a month.", even=rounded(even))


def _in_words(name: str, picked: list[float], never: float, until: float | None) -> str:
    """The band in a sentence or two."""
    who, (low, likely, high) = say(WORDS[name]), picked
    start = who[0].upper() + who[1:]
    share = say("{never} of 100 draws", never=numeral(f"{100 * never:.0f}"))
    if never == 1:
        return say("{start} never costs less than prompting over the horizon, at any volume.", start=start)
    if not np.isfinite(low):
        share = share if never < 0.995 else say("more than 99 of 100 draws")
        return say(
            "{start} almost never costs less than prompting over the horizon, whatever the volume ({share}).",
            start=start,
            share=share,
        )
    if not np.isfinite(likely):
        return say(
            "{start} mostly never costs less than prompting, whatever the volume ({share}); in the "
            "favourable cases it does from about {low} requests a month.",
            start=start,
            share=share,
            low=rounded(low),
        )
    if high == 0:
        return say("{start} costs less than prompting at any volume.", start=start)
    if likely == 0 and not np.isfinite(high):
        return say(
            "{start} mostly costs less than prompting at any volume; in {share} it never does.",
            start=start,
            share=share,
        )
    if likely == 0:
        return say(
            "{start} mostly costs less than prompting at any volume; in the unfavourable cases it does from about "
            "{high} requests a month.",
            start=start,
            high=rounded(high),
        )
    upper = f"{rounded(high)}" if np.isfinite(high) else say("never")
    band = say("{likely} requests a month ({low} to {upper})", likely=rounded(likely), low=rounded(low), upper=upper)
    text = say("{start} costs less than prompting from about {band}", start=start, band=band)
    if never >= 0.005:
        text += say("; in {share} it never does", share=share)
    if until is not None:
        text += say("; beyond about {volume} requests a month prompting is cheaper again", volume=rounded(until))
    return text + "."


def rounded(number: float) -> str:
    """A number with two significant digits and thousands separators: 147,312 becomes 150,000."""
    if number <= 0:
        return "0"
    digits = int(np.floor(np.log10(number)))
    return numeral(f"{round(number, 1 - digits):,.0f}" if number >= 10 else f"{number:.2g}")
