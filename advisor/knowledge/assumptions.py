"""Reads the assumptions of the cost model, `costs.yaml`: what stands in where no answer was given, with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from advisor.errors import Problem, nearest
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import Quantity
from advisor.knowledge.fields import Fields
from advisor.knowledge.rules import label
from advisor.language import say, written

FILE = "costs.yaml"
BOUNDS = ("low", "likely", "high")
MODEL_SIZE = "model_size"
CHOICES: Mapping[str, tuple[str, ...]] = {
    "task_kind": (
        "classification",
        "extraction",
        "summarization",
        "generation",
        "question_answering",
        "conversation",
        "translation",
        "code",
        "reasoning",
    ),
    "prompt_effort": ("zero_shot", "few_shot", "optimised", "retrieval"),
    "precision_need": ("exploratory", "moderate", "high", "critical"),
    "ml_expertise": ("none", "some", "strong"),
    "knowledge_need": ("none", "stable", "changing"),
    "requirement_change": ("rarely", "quarterly", "monthly", "weekly"),
}
READ = (
    "requests_per_month",
    "input_tokens",
    "output_tokens",
    "horizon_months",
    "knowledge_tokens",
    "base_model_size",
    "tunable_model_size",
    "labelled_examples",
    "instruction_tokens",
    "demonstrations",
    "demonstration_tokens_limit",
    "uncached_share",
    "batch_window_hours",
    "context_tokens",
    "tuned_prompt_tokens",
    "hybrid_prompt_share",
    "examples_needed",
    "examples_needed_factor",
    "evaluation_examples",
    "label_minutes",
    "labels_per_week",
    "epochs",
    "training_runs",
    "retraining_runs",
    "training_examples_limit",
    "training_speed",
    "training_gpus",
    "serving_gpus",
    "writing_speed",
    "reading_factor",
    "peak_factor",
    "hours_online",
    "hours_deployed",
    "own_gpu_share",
    "hourly_rate",
    "expertise_factor",
    "prompt_hours",
    "data_hours",
    "tuning_hours",
    "retrieval_hours",
    "hybrid_hours",
    "evaluation_hours",
    "prompting_upkeep_hours",
    "tuning_upkeep_hours",
    "retrieval_upkeep_hours",
    "changes_per_month",
    "prompt_change_hours",
    "retraining_share",
    "retraining_hours",
    "retraining_label_share",
    "prompting_use_case_exponent",
    "tuning_use_case_exponent",
    "prompt_lead_factor",
    "labelling_share_of_lead",
    "hybrid_prompt_lead_share",
    "evaluation_share_of_prompting",
    "evaluation_share_of_tuning",
    "baseline_share",
)
# The cost model divides by these, so that 0 will not do.
DIVISORS = ("horizon_months", "labels_per_week", "training_speed", "writing_speed", "reading_factor")


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number with its range that stands in for an answer, or one such number per word of the field `by`."""

    id: str
    title: str
    unit: str
    origin: Literal["published", "estimated", "default", "stated"]
    source: str
    as_of: date
    by: str
    values: Mapping[str, tuple[float, float, float]]
    otherwise: tuple[float, float, float]

    def on(self, word: str = "") -> tuple[float, float, float]:
        """Low, likely and high where the field `by` has that value; the general ones where it has none."""
        return self.values.get(word, self.otherwise)

    def quantity(self, word: str = "") -> Quantity:
        """The same with its origin and source."""
        low, likely, high = self.on(word)
        return Quantity(likely, self.unit, self.origin, self.source, low, high)

    @property
    def cite(self) -> str:
        """Origin and date in a few words; a published or stated one with its source."""
        if self.origin == "stated":
            return self.source
        where = say(self.source) if self.origin == "published" else FILE
        return f"{say(self.origin)}, {where}, {written(self.as_of)}"


@dataclass(frozen=True, slots=True)
class SizeClass:
    """Models up to `up_to_b` billion parameters: the card that serves and trains them, and who hosts them.

    `hosted_models` and `tuned_services` name a cheap, a usual and a dear offer; more services may follow.
    """

    id: str
    up_to_b: float
    serving_gpu: str
    training_gpu: str
    hosted_models: tuple[str, ...]
    tuned_services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service that tunes and hosts. The market facts tell for how long it takes on somebody new.

    It does so until `offered_while` ends and before any of `closed_by` begins.
    """

    id: str
    offered_while: str = ""
    closed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All assumptions by id, the size classes from small to large, and the models priced where none was answered."""

    entries: Mapping[str, Assumption]
    sizes: tuple[SizeClass, ...]
    reference_models: tuple[str, ...]
    services: Mapping[str, Service] = field(default_factory=dict)

    def models(self) -> tuple[str, ...]:
        """Every model id that the assumptions name, each once."""
        return tuple(dict.fromkeys([*self.reference_models, *(m for size in self.sizes for m in size.hosted_models)]))


def read_assumptions(folder: Path, problems: list[Problem]) -> Assumptions:
    """The assumptions of a rule pack's folder as far as they can be read; what is wrong is added to `problems`."""
    before = len(problems)
    raw = yaml_file.read(folder / FILE, problems)
    if raw is None:
        if len(problems) == before:
            problems.append(Problem(FILE, "", "an empty file", "the assumptions of the cost model"))
        return Assumptions({}, (), ())
    fields = Fields(raw, problems, FILE, "")
    models = _three(fields, "reference_models")
    sizes = fields.rows("sizes", partial(_size, problems))
    _ascending(sizes, fields)
    services = fields.rows("services", partial(_service, problems), required=False)
    names = {MODEL_SIZE: tuple(size.id for size in sizes), **CHOICES}
    entries: dict[str, Assumption] = {}
    for entry in fields.rows("assumptions", lambda raw_entry, i: _assumption(problems, names, raw_entry, i)):
        if entry.id in entries:
            fields.report(f"assumption {entry.id}", "the id twice", "each once", "rename or remove one of the two")
        entries[entry.id] = entry
    fields.close()
    for name in READ:
        if name not in entries:
            remedy = nearest(name, set(entries) - set(READ)) or "add it"
            fields.report(f"assumption {name}", "nothing", "an entry, because the cost model reads it", remedy)
    for name in entries:
        if name and name not in READ:
            fields.report(f"assumption {name}", "an entry that nothing reads", ", ".join(READ), nearest(name, READ))
    return Assumptions(entries, sizes, models, {service.id: service for service in services})


def _three(fields: Fields, key: str) -> tuple[str, ...]:
    words = fields.words(key)
    if words and len(words) != len(BOUNDS):
        fields.report(key, f"{len(words)} names", "three: a cheap, a usual and a dear one")
    return words


def _size(problems: list[Problem], raw: Any, index: int) -> SizeClass:
    fields = Fields(raw, problems, FILE, label("size", raw, index))
    size = SizeClass(
        id=fields.text("id"),
        up_to_b=fields.number("up_to_b", low=0),
        serving_gpu=fields.text("serving_gpu"),
        training_gpu=fields.text("training_gpu"),
        hosted_models=_three(fields, "hosted_models"),
        tuned_services=fields.words("tuned_services"),
    )
    if 0 < len(size.tuned_services) < len(BOUNDS):
        fields.report("tuned_services", f"{len(size.tuned_services)} names", "at least three")
    fields.close()
    return size


def _service(problems: list[Problem], raw: Any, index: int) -> Service:
    fields = Fields(raw, problems, FILE, label("service", raw, index))
    closed_by = fields.words("closed_by", required=False)
    service = Service(fields.text("id"), fields.text("offered_while", required=False), closed_by)
    fields.close()
    return service


def _ascending(sizes: tuple[SizeClass, ...], fields: Fields) -> None:
    bounds = [size.up_to_b for size in sizes]
    if any(left >= right for left, right in pairwise(bounds)):
        fields.report("sizes", ", ".join(f"{bound:g}" for bound in bounds), "up_to_b from small to large")


def _assumption(problems: list[Problem], names: Mapping[str, tuple[str, ...]], raw: Any, index: int) -> Assumption:
    fields = Fields(raw, problems, FILE, label("assumption", raw, index))
    by = fields.choice("by", names, required=False)
    published = fields.choice("origin", ("published", "estimated", "default"), default="estimated") == "published"
    entry = Assumption(
        id=fields.text("id"),
        title=fields.text("title"),
        unit=fields.text("unit"),
        origin=fields.raw.get("origin", "estimated"),
        source=fields.text("source" if published else "why"),
        as_of=fields.day("as_of") or date.min,
        by=by,
        values=_values(fields, names.get(by, ())) if by else {},
        otherwise=_numbers(fields, fields.mapping("otherwise"), "otherwise") if by else _numbers(fields, None, ""),
    )
    fields.close()
    return entry


def _values(fields: Fields, words: tuple[str, ...]) -> dict[str, tuple[float, float, float]]:
    values = fields.mapping("values")
    for word in values:
        if word not in words:
            fields.report(f"values: {word}", "an unknown value", "one of " + ", ".join(words), nearest(word, words))
    for word in words:
        if word not in values:
            fields.report(f"values: {word}", "nothing", "one entry for each value", f"add '{word}:'")
    return {word: _numbers(fields, values[word], f"values: {word}") for word in words if word in values}


def _numbers(fields: Fields, raw: Any, place: str) -> tuple[float, float, float]:
    if place:
        part = Fields(raw, fields.problems, FILE, f"{fields.place}: {place}")
        numbers = [part.number(bound, low=0) for bound in BOUNDS]
        part.close()
    else:
        part = fields
        numbers = [fields.number(bound, low=0) for bound in BOUNDS]
    low, likely, high = numbers
    if not low <= likely <= high:
        part.report("likely", f"{low:g}, {likely:g}, {high:g}", "low ≤ likely ≤ high", "put them in order")
    return low, likely, high
