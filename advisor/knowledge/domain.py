"""The nouns of the rule pack: frozen values, made only by the loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from advisor.knowledge.conditions import Condition

APPROACHES = ("prompting", "fine_tuning", "hybrid")
CRITERIA = ("quality", "cost", "speed", "adaptability", "control")
GRADES = ("A", "B", "C", "D")
OUTCOMES = ("no_llm_needed", "evaluate_first", "contradiction")

Origin = Literal["measured", "published", "estimated", "stated", "default"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that knows its origin; the only form in which a number may reach a report.

    `source` says where it comes from: a citation (published), a formula with its inputs (estimated), the run
    (measured), the answered field (stated) or the parameter (default). `low` and `high` bound it where it is a range;
    `n` is the sample size of a measurement.
    """

    value: float
    unit: str
    origin: Origin
    source: str
    low: float | None = None
    high: float | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("a quantity needs its source")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim comes from. `grade`: A controlled study or vendor documentation … D unsupported claim."""

    id: str
    title: str
    publisher: str
    published: str
    grade: str
    claim: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a choice question can take."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the questionnaire; `field` is its fixed name.

    `typical` spans the answers to a numeric question that are common; it limits nothing, but says where to try.
    """

    field: str
    group: str
    kind: Literal["choice", "integer", "number", "share", "usd", "model", "priorities"]
    ask: str
    help: str
    why: str
    unit: str = ""
    min: float | None = None
    max: float | None = None
    typical: tuple[float, float] = (0.0, 0.0)
    range_allowed: bool = False
    default: float | None = None
    options: tuple[Option, ...] = ()
    applies_when: Condition | None = None
    effort: int = 0
    express: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the answer is a number."""
        return self.kind in {"integer", "number", "share", "usd"}

    @property
    def values(self) -> tuple[str, ...]:
        """The values of a choice question."""
        return tuple(option.value for option in self.options)


@dataclass(frozen=True, slots=True)
class Group:
    """One step of the questionnaire."""

    id: str
    title: str
    intro: str


@dataclass(frozen=True, slots=True)
class Technique:
    """The concrete way inside an approach; the first whose condition holds is chosen."""

    id: str
    title: str
    summary: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Approach:
    """One of the three ways to customise a model."""

    id: str
    title: str
    summary: str
    techniques: tuple[Technique, ...]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that matters, with its default weight (0-5)."""

    id: str
    title: str
    meaning: str
    weight: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A dated number of the rulebook, or a table of numbers by the value of a fact.

    `grade` says how well the number itself is supported, which may be less than its source is worth.
    """

    id: str
    title: str
    unit: str
    source: tuple[str, ...]
    values: tuple[tuple[date, Any], ...]
    review_by: date | None = None
    grade: str = ""

    def on(self, day: date) -> Any:
        """The value in force on `day`: the latest that had begun, else the first."""
        current = self.values[0][1]
        for begin, value in self.values:
            if begin <= day:
                current = value
        return current


@dataclass(frozen=True, slots=True)
class MarketFact:
    """A dated statement about the market, valid from `begins` to `ends`."""

    id: str
    title: str
    statement: str
    begins: date
    ends: date | None
    review_by: date | None
    source: tuple[str, ...]

    def valid(self, day: date) -> bool:
        """Whether the statement holds on `day`."""
        return self.begins <= day and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Contest:
    """Evidence against a rule: which sources, what they found, and how the rulebook resolves the contradiction."""

    source: tuple[str, ...]
    because: str
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Condition, one effect, reason and source.

    A gate rules `approaches` out; a score gives `points` (approach to -2..+2) on `criterion`; a note stands beside any
    verdict. `where` is the file that it was read from. `outcome` marks a note that is a result in itself: no language
    model is needed, or evaluate first. `on_top_of` names the rules to which this one adds on purpose.
    """

    id: str
    kind: Literal["gate", "score", "note"]
    title: str
    when: Condition
    because: str
    source: tuple[str, ...]
    since: date
    where: str
    approaches: tuple[str, ...] = ()
    lift: str = ""
    criterion: str = ""
    points: Mapping[str, float] = field(default_factory=dict)
    contested_by: tuple[Contest, ...] = ()
    until: date | None = None
    review_by: date | None = None
    techniques: tuple[str, ...] = ()
    fires: Mapping[str, Any] | None = None
    rests: Mapping[str, Any] | None = None
    outcome: str = ""
    on_top_of: tuple[str, ...] = ()

    def active(self, day: date) -> bool:
        """Whether the rule is in force on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Case:
    """A worked situation that the rulebook must answer as expected, on the day `as_of` if it names one."""

    id: str
    title: str
    source: tuple[str, ...]
    answers: Mapping[str, Any]
    recommendation: tuple[str | None, ...]
    status: str
    findings: tuple[str, ...]
    where: str
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """One place where an organisation's pack departs from the shipped one, with the reason that it gives."""

    kind: str
    id: str
    action: Literal["replaced", "disabled"]
    reason: str
    pack: str

    def __str__(self) -> str:
        """The departure in one sentence."""
        return f"The {self.kind} {self.id} is {self.action} by {self.pack}: {self.reason}"


@dataclass(frozen=True, slots=True, repr=False)
class Rulebook:
    """A whole rule pack, read and checked. `digest` is the SHA-256 over its files.

    `layers` are its folders: the pack itself, or the shipped pack and the one laid over it, with the `overrides` that
    this made.
    """

    name: str
    version: str
    as_of: date
    folder: Path
    digest: str
    groups: tuple[Group, ...]
    questions: Mapping[str, Question]
    approaches: Mapping[str, Approach]
    criteria: Mapping[str, Criterion]
    parameters: Mapping[str, Parameter]
    market: Mapping[str, MarketFact]
    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    cases: tuple[Case, ...]
    overrides: tuple[Override, ...] = ()
    layers: tuple[Path, ...] = ()

    @property
    def price_folder(self) -> Path:
        """The folder whose price table and cost assumptions count: the uppermost that has a price table."""
        return next((folder for folder in reversed(self.layers) if (folder / "prices.csv").exists()), self.folder)

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id; raises KeyError."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def __repr__(self) -> str:
        return f"Rulebook({self.name!r}, {self.version}, {len(self.rules)} rules, {self.digest[:12]})"
