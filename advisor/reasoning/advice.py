"""The advice of one assessment: frozen values that carry their whole working. Reports draw it and compute nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from dataclasses import field as field_
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from advisor.knowledge.domain import Contest, Quantity, Source

if TYPE_CHECKING:
    from advisor.reasoning.costs import CostStudy, Shortfall
    from advisor.reasoning.volumes import VolumeCost

Status = Literal["advice", "tie", "abstain"]


@dataclass(frozen=True, slots=True)
class Range:
    """A number as low, likely and high, with its unit and origin."""

    low: float
    likely: float
    high: float
    unit: str
    origin: str
    source: str

    def quantity(self) -> Quantity:
        """The same as a quantity: the likely value between its bounds."""
        return Quantity(self.likely, self.unit, self.origin, self.source, self.low, self.high)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of a cost estimate, in US dollars: once (`setup`) or per month (`monthly`)."""

    approach: str
    phase: Literal["setup", "monthly"]
    title: str
    amount: Quantity


@dataclass(frozen=True, slots=True)
class CostRange:
    """The costs of one approach in US dollars, with the lines that they add up from."""

    setup: Range
    monthly: Range
    horizon_total: Range
    lines: tuple[CostLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """One approach in the ranking. `score` = Σ weight share x criterion score; `by_criterion` holds the latter."""

    approach: str
    title: str
    technique: str
    technique_title: str
    technique_summary: str
    eligible: bool
    score: float
    by_criterion: Mapping[str, float]
    cost_usd: CostRange
    lead_time_weeks: Range


@dataclass(frozen=True, slots=True)
class FactRead:
    """A fact that a rule read: its value in words, its unit and its origin."""

    name: str
    title: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that spoke, once per approach that it moves (a note: once, for no approach).

    `weighted` = points x weight share of the criterion: what it adds to the approach's score.
    """

    rule: str
    kind: Literal["gate", "score", "note", "measurement", "forecast"]
    title: str
    approach: str | None
    criterion: str | None
    points: float | None
    weighted: float | None
    facts: tuple[FactRead, ...]
    answers: tuple[str, ...]
    because: str
    source: tuple[str, ...]
    contested_by: tuple[Contest, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledOut:
    """An approach that a gate ruled out, and what would lift it."""

    approach: str
    rule: str
    title: str
    because: str
    lift: str
    facts: tuple[FactRead, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A gate or score that did not speak, but would with one answer more or a small change."""

    rule: str
    kind: str
    title: str
    approaches: tuple[str, ...]
    reason: Literal["unknown", "close"]
    detail: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One answer changed: from what to what, in the form of an answers file; `start` is None where not known."""

    field: str
    start: Any
    to: Any


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of answers after which another approach is recommended. `effort` 1 (easy) to 5 (hard)."""

    changes: tuple[Change, ...]
    becomes: str
    effort: float
    text: str


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """An open question and its value: the share of completions of the open questions in which it decides."""

    field: str
    value: float
    ask: str


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the advice is. `value` is None until a calibration exists."""

    value: float | None
    calibrated: bool
    basis: str


@dataclass(frozen=True, slots=True)
class MeasuredArm:
    """What the benchmark measured for one approach: score with interval (0-1), n, and where it comes from."""

    approach: str
    arm: str
    train_size: int
    metric: str
    score: Quantity
    seconds_per_item: Quantity | None


@dataclass(frozen=True, slots=True)
class MeasuredDifference:
    """A paired difference between two measured arms, in metric points (0-1), `left` minus `right`."""

    left: str
    right: str
    difference: Quantity
    verdict: Literal["left_better", "right_better", "no_difference_shown"]
    text: str


@dataclass(frozen=True, slots=True)
class MeasuredEvidence:
    """The measurement that the advice uses."""

    task: str
    model: str
    metric: str
    status: str
    created_at: str
    folder: str
    digest: str
    arms: tuple[MeasuredArm, ...]
    baselines: tuple[MeasuredArm, ...]
    differences: tuple[MeasuredDifference, ...]


@dataclass(frozen=True, slots=True)
class Lead:
    """How far one approach is forecast ahead of another (or of the better of two), in points of 100."""

    approach: str
    over: tuple[str, ...]
    points: Quantity


@dataclass(frozen=True, slots=True)
class Level:
    """The probability that an approach is within one point of the best in quality."""

    approach: str
    probability: Quantity


@dataclass(frozen=True, slots=True)
class Pull:
    """What one feature of the situation adds to the forecast lead of tuning over prompting, and why."""

    feature: str
    points: Quantity
    because: str


@dataclass(frozen=True, slots=True)
class CrossoverForecast:
    """From how many labelled examples tuning is forecast to lead: `already`, `at` or `not_within_reach`.

    `does_not_apply` where it would be tuned on something else.
    """

    word: str
    examples: Range | None
    text: str


@dataclass(frozen=True, slots=True)
class ForecastEvidence:
    """What published studies forecast for this situation.

    `levels` is empty where the studies are too far away for a percentage, after a measurement, and where fewer than two
    approaches are possible. `contenders` are the approaches that cannot be told apart. `weight` is how far the forecast
    replaces the rules that read the same answers; `disagreement` says where those rules see another approach ahead.
    """

    studies: int
    comparisons: int
    leads: tuple[Lead, ...]
    levels: tuple[Level, ...]
    contenders: tuple[str, ...]
    pulls: tuple[Pull, ...]
    crossover: CrossoverForecast
    weight: Quantity
    disagreement: str
    text: str


@dataclass(frozen=True, slots=True)
class LikeStudy:
    """A published study near the case, judged by its nearest comparisons only (`rows` of them, `tasks` named).

    `distance` is 0 for alike in all conditions that are known of the case, 1 for unlike in all. `winner` is an
    approach, `tie` or `mixed`; `lead` how far the winner was ahead of the next best, in points of 100 (None where
    mixed). `read` says how the study was read; `differs` in what it is unlike the case.
    """

    study: str
    title: str
    authors_year: str
    year: int
    source: str
    read: str
    summary: str
    caveat: str
    distance: Quantity
    rows: int
    tasks: tuple[str, ...]
    winner: str
    lead: Quantity | None
    outcome: str
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Near comparisons with opposite winners, in one study or two, and the condition that likely explains it."""

    prompting: str
    tuning: str
    condition: str
    text: str


@dataclass(frozen=True, slots=True)
class LikeEvidence:
    """Evidence like the case: the nearest studies, where they contradict each other, and what no study covers."""

    studies: tuple[LikeStudy, ...]
    conflicts: tuple[Conflict, ...]
    gaps: tuple[str, ...]
    searched: int
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the advice rests on: measurement, forecast and nearest studies (if any), and the sources that it cites."""

    measured: MeasuredEvidence | None
    forecast: ForecastEvidence | None
    published: tuple[Source, ...]
    like: LikeEvidence | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the plan and the number that ends it; weeks and cost where they can be told apart."""

    id: str
    title: str
    what: str
    tripwire: str
    weeks: Range | None = None
    cost_usd: Range | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """What this advice cannot know or rests on thinly, computed from the case."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule adds to the lead of one approach over another, in score."""

    rule: str
    title: str
    criterion: str
    difference: float


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why an approach is not the first.

    `gap` is its distance in score; `against` are the rules that cost it most against the first, `in_favour` those that
    speak for it, strongest first; `ruled_out_by` are the gates that closed it.
    """

    approach: str
    gap: float
    against: tuple[Step, ...]
    in_favour: tuple[Step, ...]
    ruled_out_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """Another way to aggregate the criteria, and the approach that it puts first."""

    method: str
    leader: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Robustness:
    """The share of `draws` plausible weightings under which the first place holds, and what other methods say.

    Weightings are drawn from a Dirichlet distribution whose mean is the weight shares in use; the higher its
    `concentration`, the closer they stay.
    """

    share: float
    draws: int
    concentration: float
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class RuleState:
    """What became of one rule: it fired, failed (and by what), stayed unknown (and for want of what), or is expired."""

    rule: str
    kind: str
    state: Literal["fired", "failed", "unknown", "expired"]
    detail: str


@dataclass(frozen=True, slots=True)
class Timetable:
    """When the plan begins and ends, by how many weeks it overshoots a stated deadline, and why the review is then."""

    begins: date
    ends: date
    deadline: date | None
    overshoot: Quantity | None
    feasible: bool
    text: str
    review_because: str


@dataclass(frozen=True, slots=True)
class Advice:
    """The whole advice of one assessment, with everything that it was made from."""

    name: str
    description: str
    answers: Mapping[str, Any]
    recommendation: str | None
    status: Status
    technique: str | None
    headline: str
    reason: str
    margin: float
    confidence: Confidence
    weights: Mapping[str, float]
    ranking: tuple[Ranked, ...]
    findings: tuple[Finding, ...]
    ruled_out: tuple[RuledOut, ...]
    near_misses: tuple[NearMiss, ...]
    flips: tuple[Flip, ...]
    next_questions: tuple[NextQuestion, ...]
    evidence: Evidence
    plan: tuple[Stage, ...]
    notes: tuple[Finding, ...]
    limits: tuple[Limit, ...]
    as_of: date
    review_by: date
    rulebook: str
    rulebook_version: str
    verdict_id: str
    waterfall: tuple[Step, ...] = ()
    why_not: tuple[WhyNot, ...] = ()
    robustness: Robustness | None = None
    trace: tuple[RuleState, ...] = ()
    cost_study: CostStudy | None = None
    shortfalls: tuple[Shortfall, ...] = ()
    timetable: Timetable | None = None
    in_force: Mapping[str, Mapping[str, Any]] = field_(default_factory=dict)
    volumes: tuple[VolumeCost, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The advice in the published JSON form; the keys of the fixed design, plus some."""
        data: dict[str, Any] = _plain(self)
        for flip in data["flips"]:
            flip["changes"] = [{"field": c["field"], "from": c["start"], "to": c["to"]} for c in flip["changes"]]
        return data


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 10) if isinstance(value, float) else value
