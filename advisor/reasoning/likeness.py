"""How alike published comparisons and a case are: by the conditions that move the result, never by the result."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from advisor.intake.columns import Facts, Words
from advisor.intake.comparisons import conditions
from advisor.knowledge.model_names import ModelNames
from advisor.knowledge.studies import Comparison
from advisor.knowledge.study_registry import Study
from advisor.language import message, numeral, say
from advisor.reasoning.quality.features import Situation

Conditions = Mapping[str, Any]  # by feature; None where not known

UNSTATED = 0.5  # how far off a comparison counts where it does not state what is known of the case
KEPT = 0.08  # rows of a study that are at most this much farther than its nearest stand for it
ROWS = 8  # and at most so many
RELATED = {
    frozenset(pair)
    for pair in (
        ("classification", "extraction"),
        ("question_answering", "reasoning"),
        ("question_answering", "conversation"),
        ("question_answering", "extraction"),
        ("summarization", "generation"),
        ("translation", "generation"),
        ("conversation", "generation"),
        ("code", "reasoning"),
    )
}
SIZES = ("model_access", "base_model_size_b", "tunable_model_size_b")
GRADES = ("small", "mid_range", "frontier")
EFFORTS = ("zero_shot", "few_shot", "optimised")


@dataclass(frozen=True, slots=True)
class Feature:
    """One condition: how much it weighs, how far two values of it are apart (0-1), and how a value is said."""

    name: str
    title: str
    weight: float
    gap: Callable[[Any, Any], float]
    say: Callable[[Any], str]


def _other(one: Any, two: Any) -> float:
    return float(one != two)


def _kinds(one: str, two: str) -> float:
    return 0.0 if one == two else 0.6 if frozenset((one, two)) in RELATED else 1.0


def _steps(order: Sequence[str], apart: float = 1.0) -> Callable[[str, str], float]:
    """Places apart in an order; words outside of it are `apart` from all others."""

    def gap(one: str, two: str) -> float:
        if one == two:
            return 0.0
        if one not in order or two not in order:
            return apart
        return abs(order.index(one) - order.index(two)) / (len(order) - 1)

    return gap


def _ratio(reach: float) -> Callable[[float, float], float]:
    """The logarithm of the ratio, as a share of that of `reach`."""
    return lambda one, two: min(abs(math.log(max(one, 1e-3) / max(two, 1e-3))) / math.log(reach), 1.0)


def _counted(one: float, two: float) -> float:
    return _ratio(1000)(max(one, 1.0), max(two, 1.0))


def _words(value: str) -> str:
    return say(str(value).replace("_", " "))


def _grade(value: str) -> str:
    return {"frontier": say("a leading one"), "mid_range": say("a mid-range one")}.get(value, say("a small one"))


def _size(value: float) -> str:
    return say("{value} billion parameters", value=numeral(f"{value:g}"))


FEATURES = (
    Feature("task_kind", message("the kind of task"), 4.0, _kinds, _words),
    Feature(
        "classes",
        message("the number of classes"),
        1.5,
        _ratio(32),
        lambda v: say("{v} classes", v=numeral(f"{v:,.0f}")),
    ),
    Feature(
        "examples",
        message("the labelled examples"),
        2.0,
        _counted,
        lambda v: say("{v} examples", v=numeral(f"{v:,.0f}")),
    ),
    Feature("grade", message("the prompted model"), 1.5, _steps(GRADES), _grade),
    Feature("tuned_size", message("the size of the tuned model"), 1.0, _ratio(100), _size),
    Feature(
        "specialised",
        message("the field"),
        1.0,
        _other,
        lambda v: say("a special field") if v else say("a general one"),
    ),
    Feature(
        "knowledge",
        message("missing knowledge"),
        2.5,
        _other,
        lambda v: say("facts missing") if v else say("no facts missing"),
    ),
    Feature("effort", message("the effort put into the prompt"), 1.0, _steps(EFFORTS), _words),
    Feature("measure", message("how quality is measured"), 1.0, _other, _words),
    Feature("material", message("what was trained on"), 1.5, _other, _words),
    Feature(
        "same_base",
        message("whether the same model is prompted and tuned"),
        0.5,
        _other,
        lambda v: say("yes") if v else say("no"),
    ),
)


@dataclass(frozen=True)
class Library:
    """The studies of the registry with the conditions of each comparison."""

    studies: tuple[Study, ...]
    names: ModelNames

    @cached_property
    def conditions(self) -> Mapping[str, Conditions]:
        """The conditions of every comparison by its id."""
        return {row.id: of_row(row, self.names) for study in self.studies for row in study.comparisons}


@dataclass(frozen=True, slots=True)
class Near:
    """A study near the case: its distance (0-1) and its nearest rows, with how far each is."""

    study: Study
    distance: float
    rows: tuple[Comparison, ...]


def of_row(row: Comparison, names: ModelNames) -> Conditions:
    """The conditions of a published comparison."""
    raw = conditions(row, names)
    return {
        "task_kind": raw["task_kind"],
        "classes": raw.get("class_count"),
        "examples": row.examples,
        "grade": raw.get("base_model_grade"),
        "tuned_size": raw.get("tunable_model_size_b"),
        "specialised": raw["domain_specialization"] == "highly_specialized",
        "knowledge": raw["knowledge_need"] != "none",
        "effort": raw.get("prompt_effort"),
        "measure": raw["quality_measure"],
        "material": raw["training_material"],
        "same_base": row.same_base,
    }


def of_case(facts: Facts, situation: Situation) -> Conditions:
    """The conditions of the first scenario; the grade of its prompted model is that of the forecast."""

    def word(name: str) -> str | None:
        column: Words = facts.words(name)
        code = int(column.codes[0])
        return column.values[code] if code >= 0 else None

    def number(name: str) -> float | None:
        column = facts.numbers(name)
        return float(column.likely[0]) if column.known[0] else None

    def known(name: str) -> bool:
        return bool(facts.known(name)[0])

    kind, domain, knowledge = word("task_kind"), word("domain_specialization"), word("knowledge_need")
    frontier, mid = (float(situation.columns[name][0]) for name in ("prompt_frontier", "prompt_mid_range"))
    grade = None if 0 < frontier < 1 else "frontier" if frontier else "mid_range" if mid else "small"
    return {
        "task_kind": kind,
        "classes": number("class_count") if kind in (None, "classification") else None,
        "examples": number("labelled_examples"),
        "grade": grade,
        "tuned_size": number("tunable_model_size_b"),
        "specialised": None if domain is None else domain == "highly_specialized",
        "knowledge": None if knowledge is None else knowledge != "none",
        "effort": word("prompt_effort"),
        "measure": word("quality_measure"),
        "material": word("training_material") or "task_examples",
        "same_base": bool(situation.columns["same_base"][0]) if all(map(known, SIZES)) else None,
    }


def distance(case: Conditions, row: Conditions) -> float:
    """How far a comparison is from the case: 0 alike in all that is known of the case, 1 unlike in all."""
    total = weights = 0.0
    for feature in FEATURES:
        mine, its = case[feature.name], row[feature.name]
        if mine is None:
            continue
        weights += feature.weight
        total += feature.weight * (UNSTATED if its is None else feature.gap(mine, its))
    return total / weights if weights else 1.0


def nearest(case: Conditions, library: Library, k: int = 5) -> tuple[Near, ...]:
    """The k nearest studies, nearest first, each with the rows that make it so; empty where nothing is known."""
    if all(case[feature.name] is None for feature in FEATURES if feature.name != "material"):
        return ()
    found = []
    for study in library.studies:
        ranked = sorted(
            ((distance(case, library.conditions[row.id]), row) for row in study.comparisons),
            key=lambda pair: (pair[0], pair[1].id),
        )
        least = ranked[0][0]
        rows = tuple(row for far, row in ranked if far <= least + KEPT)[:ROWS]
        found.append(Near(study, least, rows))
    return tuple(sorted(found, key=lambda near: (near.distance, near.study.id))[:k])
