"""How a quantity is written: rounded figure, unit, bounds and sample size. Only here do numbers turn into text."""

from __future__ import annotations

from advisor.knowledge.domain import Quantity
from advisor.knowledge.wording import measure, unit_of
from advisor.language import dollars, message, numeral, say

MARKS = {"measured": "ᵐ", "published": "ᵖ", "estimated": "ᵉ", "stated": "ˢ", "default": "ᵈ"}
MEANINGS = {
    "measured": message("measured by a benchmark run"),
    "published": message("published by a named source"),
    "estimated": message("estimated by a formula"),
    "stated": message("stated in your answers"),
    "default": message("a default of the rulebook"),
}
_MINUS = "−"


def figure(amount: Quantity, *, in_table: bool = False, sign: bool = False) -> str:
    """The value with its unit, without bounds: `$15,100`, `6.5 weeks`, `33 %`. What was stated is not rounded.

    In a table words of unit stay away: the column title carries them.
    """
    digits = _all_digits(amount.value, amount.unit) if amount.origin == "stated" and amount.unit != "%" else ""
    return _with_unit(amount.value, amount.unit, in_table, sign, digits)


def unit_words(amount: Quantity) -> str:
    """The words of unit that a figure in a table leaves away: `per month`, `weeks`."""
    return "" if amount.unit in {"%", "×"} else measure(amount.unit.removeprefix("USD").strip())


def bounds(amount: Quantity) -> str:
    """The range, `$2,000 to $108,000`; empty where there is none, or where both ends are the value itself."""
    if amount.low is None or amount.high is None or amount.low == amount.value == amount.high:
        return ""
    low = _with_unit(amount.low, amount.unit, True, False)
    high = _with_unit(amount.high, amount.unit, True, False)
    return low if low == high == figure(amount, in_table=True) else say("{low} to {high}", low=low, high=high)


def sample(amount: Quantity) -> str:
    """The sample size, `n = 300`; empty where there is none."""
    return "" if amount.n is None else f"n = {numeral(f'{amount.n:,}')}"


def aside(amount: Quantity) -> str:
    """Bounds and sample size as they stand in brackets after the figure; empty where there is neither."""
    return ", ".join(part for part in (bounds(amount), sample(amount)) if part)


def origin_text(origin: str, source: str) -> str:
    """Origin and source in one line, as a tooltip shows it."""
    return f"{say(origin)}: {source}"


def mark(origin: str) -> str:
    """The raised letter of an origin; the empty string for a value without one (not known)."""
    return MARKS.get(origin, "")


def signed(amount: Quantity) -> str:
    """The value with its sign, without unit: `+0.67`."""
    return figure(amount, in_table=True, sign=True)


def exact(value: float, unit: str) -> str:
    """A number as it was given, unrounded, with its unit."""
    return _with_unit(value, unit, False, False, _all_digits(value, unit))


def _all_digits(value: float, unit: str) -> str:
    if float(value).is_integer():
        return f"{abs(value):,.0f}"
    cents = unit.startswith("USD") and round(100 * value, 6).is_integer()
    return f"{abs(value):,.2f}" if cents else f"{abs(value):,.12g}"


def _with_unit(value: float, unit: str, in_table: bool, sign: bool, digits: str = "") -> str:
    money = unit.startswith("USD")
    digits = digits or _digits(abs(value), unit)
    before = _MINUS if value < 0 and digits.strip("0.,") else "+" if sign and digits.strip("0.,") else ""
    text = before + (dollars(numeral(digits)) if money else numeral(digits))
    if unit in {"%", "×"}:
        return f"{text}\u00a0{unit}"  # a figure and its sign stay on one line
    words = "" if in_table else unit.removeprefix("USD").strip()
    return f"{text} {unit_of(digits, words)}" if words else text


def _digits(size: float, unit: str) -> str:
    if unit == "points":
        return f"{size:.2f}"
    if unit == "points of 100":
        return f"{size:.1f}"
    if unit == "%":
        return f"{size:.1f}" if 0 < size < 1 or 99 < size < 100 else f"{size:.0f}"
    if unit.startswith("USD"):
        return _money(size)
    if unit in {"weeks", "months"}:  # halves upwards, as in the plan
        return f"{size + 1e-9:.1f}".removesuffix(".0") if size < 20 else f"{size:,.0f}"
    if float(size).is_integer():
        return f"{size:,.0f}"
    return _significant(size, 3)


def _money(size: float) -> str:
    if 0.01 <= size < 10:
        return f"{size:.2f}"
    return f"{size:.0f}" if 10 <= size < 1000 else _significant(size, 3 if size >= 1000 else 1)


def _significant(size: float, count: int) -> str:
    if size == 0:
        return "0"
    rounded = float(f"{size:.{count}g}")
    if rounded >= 10 ** (count - 1):
        return f"{rounded:,.0f}"
    return f"{rounded:.{count}g}" if rounded >= 1e-4 else f"{rounded:.1e}"
