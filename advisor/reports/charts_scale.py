"""Where a number stands along an axis, and which round numbers are written beside the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from advisor.knowledge.domain import Quantity
from advisor.language import dollars, numeral
from advisor.reports.document import ChartSpec


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers from `low` to `high` spread from `begin` to `end` (points of the page); called, it places a number."""

    low: float
    high: float
    begin: float
    end: float
    log: bool
    ticks: tuple[tuple[float, str], ...] = ()

    def __call__(self, value: float) -> float:
        """The place of a number; one beyond the ends is placed at the end."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def scale_of(spec: ChartSpec, begin: float, end: float, *, across: bool = False) -> Scale:
    """The scale of the amounts of a chart, or of the places `across` it, with its written numbers."""
    numbers = _places(spec) if across else _amounts(spec)
    units = {item.unit for item in _quantities(spec, across)}
    money = all(unit.startswith("USD") for unit in units) and bool(units)
    log = (spec.across_scale if across else spec.scale) == "log" and min(numbers) > 0
    low, high = min(numbers), max(numbers)
    if log:
        low, high = low / 1.3, max(high * 1.3, low * 3)
        ticks = _decades(low, high)
    else:
        if spec.kind in {"stacked", "timeline"} or money or low >= 0 > low - 0.15 * (high - low):
            low, high = min(low, 0.0), max(high, 0.0)
        air = 0.06 * (high - low or abs(high) or 1.0)
        high, low = high + air, low if low == 0 else low - air
        ticks = _round(low, high, 4 if abs(end - begin) < 260 else 6)
    written = tuple((tick, _written(tick, ticks, money, log)) for tick in ticks)
    return Scale(low, high, begin, end, log, written)


def _quantities(spec: ChartSpec, across: bool) -> list[Quantity]:
    marks = [mark for series in spec.series for mark in series.marks] + list(spec.totals)
    return [mark.at for mark in marks if mark.at is not None] if across else [mark.amount for mark in marks]


def _places(spec: ChartSpec) -> list[float]:
    return [item.value for item in _quantities(spec, True)] or [0.0, 1.0]


def _amounts(spec: ChartSpec) -> list[float]:
    """Every number that the chart has to reach."""
    if spec.kind == "stacked":
        sums: dict[tuple[str, bool], float] = {}
        for series in spec.series:
            for mark in series.marks:
                key = (mark.label, mark.amount.value >= 0)
                sums[key] = sums.get(key, 0.0) + mark.amount.value
        return [*sums.values(), *(mark.amount.value for mark in spec.totals)] or [0.0, 1.0]
    found: list[float] = []
    for series in spec.series:
        for mark in series.marks:
            start = mark.at.value if spec.kind == "timeline" and mark.at is not None else 0.0
            found += [start, start + mark.amount.value] if spec.kind == "timeline" else [mark.amount.value]
            if spec.kind not in {"scatter", "line"}:
                found += [start + bound for bound in (mark.amount.low, mark.amount.high) if bound is not None]
    return found or [0.0, 1.0]


def _round(low: float, high: float, count: int) -> list[float]:
    """Round numbers between the ends, at most about `count` of them."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [0.0 if k == 0 else round(k * step, 12) for k in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten between the ends; where there are few, halves and fifths of them too."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1,) if math.log10(high / low) > 3 else (1, 2, 5)
    return [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]


def _written(tick: float, ticks: list[float], money: bool, log: bool) -> str:
    step = tick if log else min((b - a for a, b in pairwise(ticks)), default=1.0)
    digits = max(0, -math.floor(math.log10(abs(step)) + 1e-9)) if step else 0
    if not log and round(step * 10**digits, 9) % 1:
        digits += 1
    text = f"{abs(tick):,.{digits}f}"
    return ("−" if tick < 0 else "") + (dollars(numeral(text)) if money else numeral(text))
