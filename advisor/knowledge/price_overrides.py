"""Reads the prices that somebody states in an answers file, in place of those of the price table.

prices:
  hourly_rate: 110                                    an assumption of costs.yaml
  h100/gpu_hour: {low: 2, likely: 2.2, high: 2.5}     a row of prices.csv, as item/kind
  openai/gpt-6.1-terra/input: 0.8                     a model's tokens: input, cached or output, the same with batch_
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from advisor.errors import Problem, shown
from advisor.knowledge.assumptions import BOUNDS, DIVISORS
from advisor.knowledge.domain import Quantity
from advisor.knowledge.token_prices import PARTS, canonical, check_model

if TYPE_CHECKING:
    from advisor.knowledge.prices import PriceTable

FIELD = "prices"
LIMIT = 1e12


@dataclass(frozen=True, slots=True)
class PriceOverride:
    """A stated price: `item` and `part` are item and kind of a row, model and part of a token price, or an assumption.

    `key` is how it was written.
    """

    key: str
    target: Literal["price", "token", "assumption"]
    item: str
    part: str
    low: float
    likely: float
    high: float

    @property
    def source(self) -> str:
        """Where the number comes from, in words."""
        return f"your answer, {FIELD}: {self.key}"

    def quantity(self, unit: str) -> Quantity:
        """The stated number with its origin."""
        return Quantity(self.likely, unit, "stated", self.source, self.low, self.high)

    def plain(self) -> Any:
        """The value in the form of an answers file."""
        low, likely, high = (int(n) if n.is_integer() else n for n in (self.low, self.likely, self.high))
        return likely if low == high else {"low": low, "likely": likely, "high": high}


def parse_overrides(raw: Any, table: PriceTable, where: str, problems: list[Problem]) -> dict[str, PriceOverride]:
    """The stated prices by key, for `PriceTable.overridden`; what is wrong is added to `problems`.

    Keys are rows of prices.csv as item/kind, assumption ids of costs.yaml, or MODEL/input, MODEL/cached, MODEL/output
    and the same with batch_ before the part. Values are numbers from 0, or {low, likely, high}. null leaves the price
    as it is.
    """
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        problems.append(Problem(where, FIELD, shown(raw), "a mapping of prices to numbers"))
        return {}
    found: dict[str, PriceOverride] = {}
    targets: dict[tuple[str, str], str] = {}
    for key, value in raw.items():
        place = f"{FIELD}.{key}"
        target = _target(str(key), table, where, place, problems)
        numbers = None if value is None else _numbers(value, where, place, problems)
        if target is None or numbers is None:
            continue
        kind, item, part = target
        if _unfit(kind, item, numbers, table, where, place, problems):
            continue
        twice = targets.setdefault((item, part), str(key))
        if twice != str(key):
            found_twice = f"the same price as {twice}"
            problems.append(Problem(where, place, found_twice, "each price once", "keep one of the two"))
            continue
        found[str(key)] = PriceOverride(str(key), kind, item, part, *numbers)  # type: ignore[arg-type]
    return found


def _target(
    key: str, table: PriceTable, where: str, place: str, problems: list[Problem]
) -> tuple[str, str, str] | None:
    """What a key names: target, item and part; None with a problem added."""
    item, slash, part = key.rpartition("/")
    if key in table.assumptions.entries:
        return "assumption", key, ""
    if (item, part) in table.rows:
        return "price", item, part
    if slash and part in PARTS:
        problem = check_model(item, where, place)
        model = canonical(item)
        if problem is None and model is not None:
            return "token", model, part
        problems.append(problem or Problem(where, place, shown(item), "a model with token prices"))
        return None
    known = [*table.assumptions.entries, *(f"{name}/{kind}" for name, kind in table.rows)]
    close = difflib.get_close_matches(key, known, n=3)
    remedy = f"did you mean {', '.join(close)}?" if close else "see rules/prices.csv and rules/costs.yaml"
    allowed = "an assumption, a price as item/kind, or MODEL/ with one of " + ", ".join(PARTS)
    problems.append(Problem(where, place, "an unknown price", allowed, remedy))
    return None


def _numbers(value: Any, where: str, place: str, problems: list[Problem]) -> tuple[float, float, float] | None:
    before = len(problems)
    if isinstance(value, Mapping):
        if set(value) != set(BOUNDS):
            problems.append(Problem(where, place, shown(dict(value)), "a number, or {low: , likely: , high: }"))
            return None
        parts = [(f"{place}.{bound}", value[bound]) for bound in BOUNDS]
    else:
        parts = [(place, value)] * len(BOUNDS)
    for name, number in dict(parts).items():
        usable = isinstance(number, int | float) and not isinstance(number, bool)
        if not usable or not 0 <= number <= LIMIT:
            problems.append(Problem(where, name, shown(number), "a number from 0, without unit or currency"))
    if len(problems) > before:
        return None
    low, likely, high = (float(number) for _, number in parts)
    if not low <= likely <= high:
        found = f"low {low:g}, likely {likely:g}, high {high:g}"
        problems.append(Problem(where, place, found, "low ≤ likely ≤ high", "put them in order"))
        return None
    return low, likely, high


def _unfit(
    kind: str,
    item: str,
    numbers: tuple[float, float, float],
    table: PriceTable,
    where: str,
    place: str,
    problems: list[Problem],
) -> bool:
    """Whether an assumption cannot take these numbers; adds the problem."""
    if kind != "assumption":
        return False
    low, _, high = numbers
    share = table.assumptions.entries[item].unit == "share"
    if share and high > 1:
        problems.append(Problem(where, place, f"{high:g}", "a share from 0 to 1", "write 0.9 for 90 %"))
    elif item in DIVISORS and low <= 0:
        problems.append(Problem(where, place, f"{low:g}", "a number above 0"))
    else:
        return False
    return True
