"""The nouns of the benchmark: frozen and JSON-shaped.

Nothing here reads a file, a clock or a model. Every other room of the benchmark may import this module.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SCHEMA_CELL = "advisor/cell/1"
SCHEMA_MEASUREMENT = "advisor/measurement/1"

Approach = Literal["prompting", "fine_tuning", "hybrid"]


def digest(value: object) -> str:
    """The SHA-256 of the canonical JSON of `value`, as 64 hex digits: equal values, equal digest."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def example_id(text: str) -> str:
    """The first 16 hex digits of the SHA-256 of the text after NFC, case folding and collapsing of white space."""
    normal = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return hashlib.sha256(normal.encode("utf-8")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a task with the answer wanted. Only the runner and the judge see the answer of a test example.

    `label` is a label of the card, or else the answer as text: an extraction's object as JSON, or the text to be
    written. `references` are then all texts that are accepted in its place, itself first; for a label there are none.
    """

    id: str
    text: str
    label: str
    references: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """What a sample keeps the mix of: the label. Rows with an answer of their own all belong together."""
        return "" if self.references else self.label


@dataclass(frozen=True, slots=True)
class TaskCard:
    """What a contestant may know of a task before it sees an example.

    `labels` are those of a classification, else empty. `schema` is the JSON schema of an extraction's answers, and
    `choices` are its fields with fixed values.
    """

    name: str
    kind: str
    language: str
    domain: str
    description: str
    labels: tuple[str, ...]
    metric: str
    licence: str = ""
    attribution: str = ""
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A labelled data set: card, training rows, test rows and the SHA-256 of both files.

    `blocked` says in sentences why no verdict may rest on it, such as a test row that stands in train.
    """

    card: TaskCard
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contestant says about one text.

    `label` is the answer, in the form of an example's `label`, and None for "no answer". `text` is what was written
    before it was read as an answer, where something was written, in `written` tokens. `scores` are natural-log scores
    per label, in the order of the card's labels, after calibration; `raw_scores` before it. Both are None for arms that
    do not score labels. `tokens` counts those read and those written.
    """

    label: str | None
    scores: tuple[float, ...] | None = None
    raw_scores: tuple[float, ...] | None = None
    tokens: int = 0
    text: str | None = None
    written: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """An answer bound to its test example: the judge's row.

    `judged` holds for a written answer what it adds to the two sums whose ratio is a metric, by metric.
    """

    example_id: str
    gold: str
    label: str | None
    scores: tuple[float, ...] | None
    raw_scores: tuple[float, ...] | None
    seconds: float
    tokens: int
    references: tuple[str, ...] = ()
    text: str | None = None
    written: int = 0
    judged: Mapping[str, tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One experiment of the grid: (task, arm, train size, seed, model, test rows)."""

    task: str
    arm: str
    train_size: int
    seed: int
    model: str | None
    test_limit: int | None

    def identity(self, data: Mapping[str, str], model_hash: str | None, settings: Mapping[str, Any]) -> str:
        """The cell's id: a digest of everything that may change its numbers, and of nothing else."""
        return digest(
            {
                "schema": SCHEMA_CELL,
                "cell": asdict(self),
                "data": dict(data),
                "model_hash": model_hash,
                "settings": dict(settings),
            }
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval, its sample size and how the interval was made."""

    value: float
    low: float
    high: float
    n: int
    level: float
    method: str


def seed_for(root: int, *stream: object) -> int:
    """A 63-bit seed derived from the root seed and a named stream, independent of the order of execution."""
    return int(digest([root, [str(part) for part in stream]])[:16], 16) >> 1


def nested_subset(examples: Sequence[Example], size: int, seed: int) -> tuple[Example, ...]:
    """`size` training examples in the task's own label mix, such that a larger subset contains every smaller one.

    Rows with answers of their own are one group, which is only shuffled. Each label's examples are shuffled by `seed`;
    every step takes from the label that is furthest below its share.
    Raises ValueError if `size` exceeds the number of examples.
    """
    if size > len(examples):
        raise ValueError(f"asked for {size} training examples, the task has {len(examples)}")
    by_label: dict[str, list[Example]] = {}
    for example in examples:
        by_label.setdefault(example.group, []).append(example)
    for label, rows in by_label.items():
        rows.sort(key=lambda row: digest([seed, "subset", label, row.id]))
    taken = dict.fromkeys(sorted(by_label, key=lambda name: digest([seed, "label", name])), 0)
    order: list[Example] = []
    for step in range(1, size + 1):
        label = max(taken, key=lambda name: len(by_label[name]) * step / len(examples) - taken[name])
        order.append(by_label[label][taken[label]])
        taken[label] += 1
    return tuple(order)
