"""What the names in published comparisons say: how strong a prompted model was, how large a tuned one, which metric."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem
from advisor.knowledge import yaml_file
from advisor.knowledge.fields import Fields

FILE = "models.yaml"
GRADES = ("frontier", "mid_range", "small")
_SIZE = re.compile(r"(?<![\w.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z])")


@dataclass(frozen=True, slots=True)
class NamePattern:
    """What a name that holds `pattern` stands for: a grade, a size in billions of parameters, or both."""

    pattern: re.Pattern[str]
    grade: str
    size_b: float | None


@dataclass(frozen=True, slots=True)
class ModelNames:
    """The patterns of a pack, in the order in which they are tried on lower-case names."""

    prompted: tuple[NamePattern, ...]
    tuned: tuple[NamePattern, ...]
    few_shot_tuners: re.Pattern[str]
    specialised_domains: re.Pattern[str]
    overlap_metrics: re.Pattern[str]
    judged_metrics: re.Pattern[str]
    raw_document_tuning: re.Pattern[str]

    def grade(self, name: str) -> str | None:
        """The grade of a prompted model; None for no name. A name that no pattern knows is taken for an open model."""
        if not name:
            return None
        known = _first(self.prompted, name)
        return known.grade if known else "small"

    def prompted_size(self, name: str) -> float | None:
        """The size that a prompted model's name tells, in billions of parameters."""
        return size_in(name) or _size(_first(self.prompted, name))

    def tuned_size(self, name: str) -> float | None:
        """The size that a tuned model's name tells, in billions of parameters."""
        return size_in(name) or _size(_first(self.tuned, name))


def size_in(name: str) -> float | None:
    """The billions of parameters written out in a name, as in `Llama-2-7B` or `Mixtral-8x7B` (taken as 8 x 7)."""
    found = _SIZE.search(name.lower().replace("-", " ").replace("_", " "))
    return None if found is None else float(found[2]) * int(found[1] or 1)


def read_model_names(path: Path) -> ModelNames:
    """The patterns of a YAML file. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    raw = yaml_file.read(path, problems, str(path))
    if problems:
        raise InputError(problems)
    fields = Fields(raw, problems, str(path), "")

    def pattern(entry: Any, index: int) -> NamePattern:
        one = Fields(entry, problems, str(path), f"pattern number {index + 1}")
        size = one.number("size_b", required=False, low=0)
        made = NamePattern(_compiled(one, "pattern"), one.choice("grade", GRADES, required=False), size or None)
        one.close()
        return made

    names = ModelNames(
        fields.rows("prompted", pattern),
        fields.rows("tuned", pattern),
        *(_compiled(fields, key) for key in ModelNames.__dataclass_fields__ if key not in ("prompted", "tuned")),
    )
    fields.close()
    if problems:
        raise InputError(problems)
    return names


def _compiled(fields: Fields, key: str) -> re.Pattern[str]:
    text = fields.text(key)
    try:
        return re.compile(text)
    except re.error as error:
        fields.report(key, f"{text!r} ({error})", "a regular expression")
        return re.compile(r"(?!)")


def _first(patterns: Sequence[NamePattern], name: str) -> NamePattern | None:
    lower = name.lower()
    return next((item for item in patterns if item.pattern.search(lower)), None)


def _size(known: NamePattern | None) -> float | None:
    return None if known is None else known.size_b
