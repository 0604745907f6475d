"""Reads the dated price table of a rule pack: `prices.csv`, with the assumptions of `costs.yaml` beside it.

Token prices are not in the table; they come from `token_prices`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from advisor import locate
from advisor.errors import InputError, Problem, nearest, shown
from advisor.knowledge.assumptions import FILE as COSTS
from advisor.knowledge.assumptions import Assumption, Assumptions, read_assumptions
from advisor.knowledge.domain import Quantity
from advisor.knowledge.layer import extends_shipped
from advisor.knowledge.price_overrides import PriceOverride, parse_overrides
from advisor.knowledge.token_prices import PARTS, UNIT, TokenPrice, check_model, token_price
from advisor.language import say, written

__all__ = ["KINDS", "Price", "PriceOverride", "PriceTable", "parse_overrides"]

FILE = "prices.csv"
COLUMNS = ("item", "kind", "unit", "low", "likely", "high", "currency", "as_of", "review_by", "source")
SERVICE_KINDS = ("tuning_training", "tuned_input", "tuned_output", "tuned_hosting")
KINDS: Mapping[str, str] = {
    "tuning_training": "USD per 1M training tokens",
    "tuned_input": "USD per 1M tokens",
    "tuned_output": "USD per 1M tokens",
    "tuned_hosting": "USD per hour deployed",
    "gpu_hour": "USD per GPU-hour",
    "label_hour": "USD per hour",
    "retrieval_infrastructure": "USD per month",
    "retrieval_queries": "USD per 1M queries",
    "embedding": "USD per 1M tokens",
    "lead_time": "weeks",
}
READ_BY_NAME = (
    ("expert_reviewer", "label_hour"),
    ("retrieval_base", "retrieval_infrastructure"),
    ("retrieval_queries", "retrieval_queries"),
    ("knowledge_indexing", "embedding"),
    ("prompting", "lead_time"),
    ("retrieval", "lead_time"),
    ("fine_tuning", "lead_time"),
)


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the table: a price, or a time, with its range, its date and its source."""

    item: str
    kind: str
    amount: Quantity
    as_of: date
    review_by: date

    @property
    def cite(self) -> str:
        """Item, source and date in one line."""
        told = {"item": self.item, "source": say(self.amount.source), "day": written(self.as_of)}
        return say("{item}: {source}, as of {day}", **told)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PriceTable:
    """All prices of a rule pack by (item, kind), and the assumptions of its cost model.

    `tokens` holds the token prices that somebody stated, by (model, part), in place of those of the price package.
    """

    rows: Mapping[tuple[str, str], Price]
    assumptions: Assumptions
    tokens: Mapping[tuple[str, str], Quantity] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"PriceTable({len(self.rows)} prices, {len(self.assumptions.entries)} assumptions)"

    @staticmethod
    def load(folder: Path, problems: list[Problem] | None = None) -> PriceTable:
        """The price table of a rule pack's folder; the shipped one for a pack laid over it that brings none.

        What is wrong is added to `problems`; without that list, InputError with every problem is raised instead. A
        table with problems is not fit for estimates.
        """
        found: list[Problem] = []
        if extends_shipped(folder) and not (folder / FILE).exists():
            folder = locate.rules_dir()
        assumptions = read_assumptions(folder, found)
        table = PriceTable(_read(folder / FILE, found), assumptions)
        _check_links(table, found)
        if problems is None and found:
            raise InputError(found)
        if problems is not None:
            problems.extend(found)
        return table

    def price(self, item: str, kind: str) -> Price:
        """The row of an item and kind; raises KeyError."""
        return self.rows[item, kind]

    def assumed(self, assumption_id: str) -> Assumption:
        """The assumption of that id; raises KeyError."""
        return self.assumptions.entries[assumption_id]

    def token_price(self, model_id: str, day: date) -> TokenPrice:
        """What a model's tokens cost on a day: as stated, else as published. Raises InputError for an unknown model.

        Reading from the cache never costs more than reading. A price that was stated holds in batches, too, unless one
        for batches was.
        """
        price = token_price(model_id, day)
        stated = {part: self.tokens[price.model, part] for part in PARTS if (price.model, part) in self.tokens}
        if not stated:
            return price
        parts: dict[str, Quantity] = {}
        for part in PARTS:
            parts[part] = stated.get(part) or stated.get(part.removeprefix("batch_")) or getattr(price, part)
        for read, cached in (("input", "cached"), ("batch_input", "batch_cached")):
            if cached not in stated and parts[cached].value > parts[read].value:
                parts[cached] = parts[read]
        return TokenPrice(price.model, **parts)

    def overridden(self, overrides: Mapping[str, PriceOverride]) -> PriceTable:
        """The same table with the prices and assumptions that somebody stated; see `parse_overrides`."""
        if not overrides:
            return self
        rows, tokens, entries = dict(self.rows), dict(self.tokens), dict(self.assumptions.entries)
        for own in overrides.values():
            if own.target == "price":
                row = rows[own.item, own.part]
                rows[own.item, own.part] = replace(row, amount=own.quantity(row.amount.unit))
            elif own.target == "token":
                tokens[own.item, own.part] = own.quantity(UNIT)
            else:
                otherwise = (own.low, own.likely, own.high)
                entry = replace(entries[own.item], origin="stated", source=own.source, by="", values={})
                entries[own.item] = replace(entry, otherwise=otherwise)
        return PriceTable(rows, replace(self.assumptions, entries=entries), tokens)

    def check_market(self, facts: Iterable[str], problems: list[Problem]) -> None:
        """Adds a problem for every service that rests on a market fact that is not among `facts`."""
        known = set(facts)
        for service in self.assumptions.services.values():
            for name in (service.offered_while, *service.closed_by):
                if name and name not in known:
                    place, remedy = f"service {service.id}", nearest(name, known)
                    problems.append(Problem(COSTS, place, f"'{name}'", "a fact of market.yaml", remedy))

    def overdue(self, day: date) -> tuple[Price, ...]:
        """The rows whose review date has passed on `day`."""
        return tuple(row for row in self.rows.values() if row.review_by < day)

    def digest(self, day: date, models: Iterable[str] = ()) -> str:
        """SHA-256 over the table, the assumptions and the token prices on `day`: 64 hex digits.

        The token prices are those of the models that the assumptions name and of `models`, for example the base model
        answered. Two days with the same prices give the same digest. Raises InputError for an unknown model.
        """
        return _digest(self, day, tuple(sorted({*self.assumptions.models(), *models})))

    def with_price(self, item: str, kind: str, low: float, likely: float, high: float, source: str) -> PriceTable:
        """The same table with one price replaced, for example by a user's own quote; raises KeyError."""
        row = self.rows[item, kind]
        amount = Quantity(likely, row.amount.unit, "stated", source, low, high)
        return replace(self, rows={**self.rows, (item, kind): replace(row, amount=amount)})


@lru_cache(maxsize=256)
def _digest(table: PriceTable, day: date, models: tuple[str, ...]) -> str:
    parts = [repr(table.rows[key]) for key in sorted(table.rows)]
    parts += [repr(table.assumptions.entries[name]) for name in sorted(table.assumptions.entries)]
    parts += [repr(table.assumptions.sizes), repr(sorted(table.assumptions.services.items()))]
    for model in models:
        price = table.token_price(model, day)
        amounts = [getattr(price, part) for part in PARTS]
        parts.append(f"{price.model} {[(amount.low, amount.value, amount.high) for amount in amounts]}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _read(path: Path, problems: list[Problem]) -> dict[tuple[str, str], Price]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        problems.append(Problem(FILE, "", error.strerror or "unreadable", "a readable file"))
        return {}
    except UnicodeDecodeError as error:
        problems.append(Problem(FILE, f"byte {error.start}", "text that is not UTF-8", "UTF-8", "save it as UTF-8"))
        return {}
    reader = csv.DictReader(io.StringIO(text), strict=True)
    rows: dict[tuple[str, str], Price] = {}
    try:
        header = tuple(reader.fieldnames or ())
        if header != COLUMNS:
            problems.append(Problem(FILE, "line 1", shown(",".join(header), 120), ",".join(COLUMNS), "mend the header"))
            return {}
        for raw in reader:
            row = _Row(raw, reader.line_num, problems).price()
            if row is None:
                continue
            if (row.item, row.kind) in rows:
                place = f"line {reader.line_num}"
                found = f"{row.kind} of {row.item} twice"
                problems.append(Problem(FILE, place, found, "each item and kind once", "keep one of the two"))
            rows[row.item, row.kind] = row
    except csv.Error as error:
        problems.append(Problem(FILE, f"line {reader.line_num}", str(error), "well-formed CSV"))
    return rows


class _Row:
    """One line of the file, while it is read."""

    def __init__(self, raw: dict[Any, Any], line: int, problems: list[Problem]) -> None:
        self.raw = raw
        self.line = line
        self.problems = problems

    def price(self) -> Price | None:
        before = len(self.problems)
        if None in self.raw or None in self.raw.values():
            count = len(COLUMNS)
            self._wrong("", "another number of cells", f"{count} cells", "quote a cell that holds a comma")
            return None
        item, source = self._text("item"), self._text("source")
        kind, unit, currency = self.raw["kind"].strip(), self.raw["unit"].strip(), self.raw["currency"].strip()
        if kind not in KINDS:
            self._wrong("kind", shown(kind), "one of " + ", ".join(KINDS), nearest(kind, KINDS))
        elif unit != KINDS[kind]:
            self._wrong("unit", shown(unit), KINDS[kind])
        wanted = "USD" if unit.startswith("USD") else ""
        if currency != wanted:
            self._wrong("currency", shown(currency), wanted or "nothing")
        low, likely, high = self._number("low"), self._number("likely"), self._number("high")
        as_of, review_by = self._day("as_of"), self._day("review_by")
        if len(self.problems) > before or as_of is None or review_by is None:
            return None
        if not low <= likely <= high:
            self._wrong("likely", f"{low}, {likely}, {high}", "low ≤ likely ≤ high", "put them in order")
        if review_by < as_of:
            self._wrong("review_by", review_by.isoformat(), f"a date after as_of ({as_of.isoformat()})")
        return Price(item, kind, Quantity(likely, unit, "published", source, low, high), as_of, review_by)

    def _text(self, column: str) -> str:
        text = " ".join(str(self.raw[column]).split())
        if not text:
            self._wrong(column, "nothing", "a text that is not blank")
        return text

    def _number(self, column: str) -> float:
        try:
            number = float(self.raw[column])
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number < 0:
            self._wrong(column, shown(self.raw[column]), "a number of at least 0")
            return 0.0
        return number

    def _day(self, column: str) -> date | None:
        try:
            return date.fromisoformat(self.raw[column].strip())
        except ValueError:
            self._wrong(column, shown(self.raw[column]), "a date as yyyy-mm-dd")
            return None

    def _wrong(self, column: str, found: str, allowed: str, remedy: str = "") -> None:
        name = self.raw.get("item") or ""
        place = ": ".join(part for part in (f"line {self.line}", str(name).strip(), column) if part)
        self.problems.append(Problem(FILE, place, found, allowed, remedy))


def _check_links(table: PriceTable, problems: list[Problem]) -> None:
    """Adds a problem for every price that the cost model reads and the table lacks."""
    wanted = [(item, kind, "the cost model") for item, kind in READ_BY_NAME]
    for size in table.assumptions.sizes:
        wanted += [(gpu, "gpu_hour", f"size {size.id} of costs.yaml") for gpu in (size.serving_gpu, size.training_gpu)]
        for service in size.tuned_services:
            wanted += [(service, kind, f"size {size.id} of costs.yaml") for kind in SERVICE_KINDS]
    named = [("reference_models", table.assumptions.reference_models)]
    named += [(f"size {size.id}: hosted_models", size.hosted_models) for size in table.assumptions.sizes]
    for place, models in named:
        found = (check_model(model, COSTS, place, "name a model that it prices") for model in models)
        problems.extend(problem for problem in found if problem is not None)
    priced = {item for size in table.assumptions.sizes for item in size.tuned_services}
    for name in table.assumptions.services:
        if name not in priced:
            remedy = nearest(name, priced) or "name it there, or remove it"
            problems.append(Problem(COSTS, f"service {name}", "a service of no size", "one that a size names", remedy))
    for item, kind, reader in dict.fromkeys(wanted):
        if (item, kind) not in table.rows:
            known = [name for name, other in table.rows if other == kind]
            remedy = nearest(item, known) or "add a row"
            problems.append(Problem(FILE, f"{kind} of {item}", "no row", f"one, because {reader} reads it", remedy))
