"""The neutral content of a report: sections of blocks of runs. Layout makes it, writers only draw it.

A number reaches a report only as a `Quantity`, which carries its origin: every run and cell is checked when it is made,
and a bare int or float raises TypeError.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from advisor.knowledge.domain import Quantity, Source
from advisor.language import say

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Text without control characters, direction overrides and lone surrogates; any white space is one space."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no text: a number reaches a report only as a Quantity, with its origin")
    return re.sub(r"\s+", " ", _FORBIDDEN.sub("", re.sub(r"[\t\r\n\x0b\x0c\x85\u2028\u2029]", " ", text)))


def _tidy(instance: object, *names: str) -> None:
    for name in names:
        object.__setattr__(instance, name, clean(getattr(instance, name)))


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text; whatever it holds is shown as text in every format."""

    text: str

    def __post_init__(self) -> None:
        _tidy(self, "text")


@dataclass(frozen=True, slots=True)
class Strong:
    """Emphasised text."""

    text: str

    def __post_init__(self) -> None:
        _tidy(self, "text")


@dataclass(frozen=True, slots=True)
class Value:
    """A value in words (a chosen option, a fact in words) with its origin and source."""

    text: str
    origin: str
    source: str

    def __post_init__(self) -> None:
        _tidy(self, "text", "origin", "source")


@dataclass(frozen=True, slots=True)
class Citation:
    """The ids of sources that stand in the document's source list."""

    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(clean(name) for name in self.ids))


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to a web address; an address other than http or https is shown as text alone."""

    text: str
    url: str

    def __post_init__(self) -> None:
        _tidy(self, "text")
        object.__setattr__(self, "url", safe_url(self.url))


Run = Text | Strong | Value | Quantity | Citation | Link
Runs = tuple[Run, ...]


def safe_url(url: str) -> str:
    """The address if it is http or https without white space, quotes or brackets; else the empty string."""
    return url if re.fullmatch(r"https?://[^\s<>\"'`\\|(){}\[\]\x00-\x1f]+", url) else ""


def runs(*parts: Any) -> Runs:
    """Runs from text, runs and tuples of them. A bare number, or anything else, raises TypeError."""
    made: list[Run] = []
    for part in parts:
        if isinstance(part, str):
            if part:
                made.append(Text(part))
        elif isinstance(part, tuple):
            made.extend(runs(*part))
        elif isinstance(part, Text | Strong | Value | Quantity | Citation | Link):
            made.append(part)
        else:
            raise TypeError(f"{part!r} is no run: a number reaches a report only as a Quantity, with its origin")
    return tuple(made)


def phrase(sentence: str, **parts: Any) -> Runs:
    """A sentence of the catalogue as runs, with a run (or runs) at each `{name}`; other braces stay as they are."""
    made: list[Any] = []
    for piece in re.split(r"(\{[a-z_]+\})", sentence):
        name = piece[1:-1]
        made.append(parts[name] if piece.startswith("{") and name in parts else piece)
    return runs(*made)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `muted` for what may be skipped."""

    runs: Runs
    muted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", runs(self.runs))


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; each item is one or more lines of runs. `ordered` numbers the items."""

    items: tuple[tuple[Runs, ...], ...]
    ordered: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(tuple(runs(line) for line in item) for item in self.items))


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what stands beside it, in one or more lines."""

    label: str
    lines: tuple[Runs, ...]

    def __post_init__(self) -> None:
        _tidy(self, "label")
        object.__setattr__(self, "lines", tuple(runs(line) for line in self.lines))


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled facts: as rows, or as `tiles` for the few figures that matter most."""

    items: tuple[Fact, ...]
    tiles: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `numeric` names the columns that are set flush right, `lead` the rows that stand out.

    Column titles carry the unit of their numbers, so that cells need not.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Runs, ...], ...]
    caption: str
    numeric: tuple[int, ...] = ()
    lead: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _tidy(self, "caption")
        object.__setattr__(self, "columns", tuple(clean(title) for title in self.columns))
        object.__setattr__(self, "rows", tuple(tuple(runs(cell) for cell in row) for row in self.rows))
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"every row of '{self.caption}' needs {len(self.columns)} cells")


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawn number: where it stands (`label`) and how large it is; `muted` where it is out of the race.

    `at` is its place along the chart in the kinds that have one (line, scatter, timeline).
    """

    label: str
    amount: Quantity
    muted: bool = False
    at: Quantity | None = None

    def __post_init__(self) -> None:
        _tidy(self, "label")
        for number in (self.amount, *([] if self.at is None else [self.at])):
            if not isinstance(number, Quantity):
                raise TypeError(f"{number!r} is no Quantity: a chart draws only numbers with their origin")


@dataclass(frozen=True, slots=True)
class Series:
    """The marks of one colour and name."""

    title: str
    marks: tuple[Mark, ...]

    def __post_init__(self) -> None:
        _tidy(self, "title")


PLACED = ("line", "scatter", "timeline")  # kinds of chart whose marks have a place along the chart
MANY = 60  # marks


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """What a chart shows, without how. `alt` states the finding in a sentence.

    kind "stacked": each series adds its part to the bar of each label, `totals` are the sums, best first.
    kind "interval": each mark is a dot between its low and high.
    kind "line": the marks of a series are joined in the order of `at` (along `across`), their amounts along `axis`; the
    ranges of several lines would cover each other, so only the table has them.
    kind "scatter": the same without the line; labels name single dots.
    kind "timeline": each mark is a bar that begins at `at` and is `amount` long, both along `axis`.
    `totals` belong to "stacked" only. `across` titles the places `at`, with their unit.
    """

    id: str
    kind: Literal["stacked", "interval", "line", "scatter", "timeline"]
    title: str
    axis: str
    alt: str
    series: tuple[Series, ...]
    totals: tuple[Mark, ...] = ()
    scale: Literal["linear", "log"] = "linear"
    across: str = ""
    across_scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        _tidy(self, "title", "axis", "alt", "across")
        if not (self.title and self.axis and self.alt):
            raise ValueError(f"chart {self.id} needs a title, an axis with its unit, and an alternative text")
        if self.kind in PLACED and not (self.across and all(m.at for series in self.series for m in series.marks)):
            raise ValueError(f"chart {self.id} needs a place for each mark and a title of the places")
        if not re.fullmatch(r"[a-z][a-z0-9-]*", self.id):
            raise ValueError(f"chart id {self.id!r} needs lower-case letters, digits and dashes")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the marks, each once."""
        named = [mark.label for series in self.series for mark in series.marks]
        return tuple(dict.fromkeys([*(mark.label for mark in self.totals), *named]))

    @property
    def crowded(self) -> bool:
        """Whether the chart draws so much that its numbers are no reading matter; tables of the report hold them."""
        return sum(len(series.marks) for series in self.series) > MANY

    def table(self) -> Table:
        """The drawn numbers as a table: one row per label, one column per series (and the total).

        Where marks have a place along the chart, it stands in a column of its own.
        """
        if self.kind in PLACED:
            return self._placed()
        groups = [*self.series, *([Series(say("Total"), self.totals)] if self.totals else [])]
        found = [{mark.label: mark.amount for mark in group.marks} for group in groups]
        rows = tuple(
            (runs(label), *(runs(marks[label]) if label in marks else runs("–") for marks in found))
            for label in self.labels
        )
        titles = tuple(group.title for group in groups)
        return Table(("", *titles), rows, f"{self.title} ({self.axis})", tuple(range(1, len(titles) + 1)))

    def _placed(self) -> Table:
        """One row per label and place; along a line the place alone names the row."""
        named = self.kind != "line"
        cells: dict[tuple[str, float], dict[int, Mark]] = {}
        for column, series in enumerate(self.series):
            for mark in series.marks:
                assert mark.at is not None
                cells.setdefault((mark.label if named else "", mark.at.value), {})[column] = mark
        rows = []
        for (label, _), found in cells.items():
            place = next(iter(found.values())).at
            assert place is not None
            drawn = (runs(found[k].amount) if k in found else runs("–") for k in range(len(self.series)))
            rows.append((*([runs(label)] if named else []), runs(place), *drawn))
        titles = tuple(series.title for series in self.series)
        columns = (*([""] if named else []), self.across, *titles)
        return Table(columns, tuple(rows), f"{self.title} ({self.axis})", tuple(range(int(named), len(columns))))


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, drawn where the format can draw; elsewhere its finding and its table stand in."""

    spec: ChartSpec


@dataclass(frozen=True, slots=True)
class Callout:
    """A framed statement. kind: advice, tie, abstain, none (nothing is possible) or info."""

    kind: Literal["advice", "tie", "abstain", "none", "info"]
    title: str
    runs: Runs = ()

    def __post_init__(self) -> None:
        _tidy(self, "title")
        object.__setattr__(self, "runs", runs(self.runs))


@dataclass(frozen=True, slots=True)
class Against:
    """Evidence against an argument: what it found, which sources say so, and how the rulebook resolves it."""

    because: Runs
    sources: Runs
    resolution: Runs = ()

    def __post_init__(self) -> None:
        for name in ("because", "sources", "resolution"):
            object.__setattr__(self, name, runs(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Argument:
    """A rule that spoke: what it does to each approach, why, what it read, its sources, the evidence against it.

    `rule` is its id in the rulebook; `lift` says what would undo it (a gate). `effects` are shown with their sign.
    """

    title: str
    because: Runs
    rule: str = ""
    effects: tuple[tuple[str, Quantity], ...] = ()
    read: tuple[tuple[str, Value], ...] = ()
    sources: Runs = ()
    against: tuple[Against, ...] = ()
    lift: Runs = ()

    def __post_init__(self) -> None:
        _tidy(self, "title", "rule")
        for name in ("because", "sources", "lift"):
            object.__setattr__(self, name, runs(getattr(self, name)))
        for name, kind in (("effects", Quantity), ("read", Value)):
            pairs = tuple((clean(label), item) for label, item in getattr(self, name))
            object.__setattr__(self, name, pairs)
            if any(not isinstance(item, kind) for _, item in pairs):
                raise TypeError(f"'{self.title}' needs a {kind.__name__} at each label: no number without its origin")


@dataclass(frozen=True, slots=True)
class Code:
    """Text to be copied character by character."""

    text: str
    label: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _FORBIDDEN.sub("", self.text))


@dataclass(frozen=True, slots=True)
class SourceList:
    """The sources that citations lead to."""

    sources: tuple[Source, ...]

    def __post_init__(self) -> None:
        names = ("id", "title", "publisher", "published", "grade", "claim")
        tidied = tuple(
            replace(item, url=safe_url(item.url), **{name: clean(getattr(item, name)) for name in names})
            for item in self.sources
        )
        object.__setattr__(self, "sources", tidied)


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks that a reader may want to unfold; formats that cannot fold show them."""

    title: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        _tidy(self, "title")


Block = Paragraph | Bullets | Facts | Table | Chart | Callout | Argument | Code | SourceList | Details


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a heading; `id` is its fixed anchor."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        _tidy(self, "title")


@dataclass(frozen=True, slots=True)
class Brand:
    """How a house wants its reports to look: title and note, accent `#rrggbb`, logo with its text and proportions."""

    title: str = ""
    note: str = ""
    accent: str = ""
    logo: bytes = b""
    logo_type: str = ""
    logo_text: str = ""
    logo_size: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        _tidy(self, "title", "note", "accent", "logo_text")

    @property
    def logo_address(self) -> str:
        """The logo as an address that holds it whole; empty where there is none."""
        return f"data:{self.logo_type};base64,{b64encode(self.logo).decode()}" if self.logo else ""

    @property
    def logo_alternative(self) -> str:
        """What stands in for the logo where it is not seen."""
        return self.logo_text or say("Logo")

    def logo_box(self, width: float, height: float) -> tuple[float, float]:
        """The size at which the logo fits into a box of that width and height, its proportions kept."""
        scale = min(width / self.logo_size[0], height / self.logo_size[1])
        return self.logo_size[0] * scale, self.logo_size[1] * scale


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `legend` names the origins that occur in it; `footer` stands under every form of it.

    `day` is the day that files with a date of their own (PDF, DOCX, XLSX) carry, so that they never depend on a clock.
    """

    title: str
    subtitle: str
    language: str
    sections: tuple[Section, ...]
    footer: Runs = ()
    day: date | None = None
    brand: Brand | None = None

    def __post_init__(self) -> None:
        _tidy(self, "title", "subtitle")
        object.__setattr__(self, "footer", runs(self.footer))

    @property
    def legend(self) -> tuple[str, ...]:
        """The origins of the numbers and values that occur, in the order of their strength."""
        found = {item.origin for _, item in quantities(self)}
        return tuple(name for name in ("measured", "published", "estimated", "stated", "default") if name in found)


def quantities(document: Document) -> Iterator[tuple[Section, Quantity | Value]]:
    """Every number and value of a document, with the top section that it stands in."""
    for section in document.sections:
        for item in _inside(section):
            if isinstance(item, Quantity | Value):
                yield section, item


def _inside(thing: Any) -> Iterator[Any]:
    """Every leaf of nested dataclasses and tuples."""
    if isinstance(thing, Quantity | Value | str):
        yield thing
    elif isinstance(thing, tuple):
        for item in thing:
            yield from _inside(item)
    elif hasattr(thing, "__dataclass_fields__"):
        for name in thing.__dataclass_fields__:
            yield from _inside(getattr(thing, name))
