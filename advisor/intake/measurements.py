"""Reads a benchmark's result file (schema advisor/measurement/1): the only way from the ring to the advice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from advisor.errors import InputError, Problem, shown
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import APPROACHES
from advisor.knowledge.fields import Fields

SCHEMA = "advisor/measurement/1"
FILE = "result.json"
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What one arm scored (0-1) on `n` test items, with the interval; `approach` is empty for a baseline."""

    arm: str
    approach: str
    train_size: int
    score: float
    low: float
    high: float
    n: int
    seeds: int
    method: str
    technique: str = ""
    seconds_per_item: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A paired difference between two arms (score of `left` minus score of `right`) with its interval."""

    left: ArmResult
    right: ArmResult
    difference: float
    low: float
    high: float
    n: int
    method: str
    more_items: int | None = None
    more_seeds: int | None = None


@dataclass(frozen=True, slots=True)
class AtSize:
    """What one train size measured: the arm that represents each approach there, and their paired differences."""

    train_size: int
    best: Mapping[str, ArmResult]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One benchmark result. `best` holds the arm that represents each measured approach.

    `sizes` holds the same for every train size; `margin` is the difference (0-1) that the run says does not matter;
    `unfinished` are the train sizes with a missing cell.
    """

    folder: str
    digest: str
    task: str
    model: str
    metric: str
    status: str
    created_at: str
    best: Mapping[str, ArmResult]
    baselines: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    sizes: tuple[AtSize, ...] = ()
    margin: float | None = None
    unfinished: frozenset[int] = frozenset()

    def at(self, train_size: int) -> Measurement | None:
        """The measurement of one train size alone; None where it was not measured."""
        for found in self.sizes:
            if found.train_size == train_size:
                return replace(self, best=found.best, comparisons=found.comparisons, baselines=(), sizes=(found,))
        return None

    def between(self, left: str, right: str) -> Comparison | None:
        """The comparison of two approaches, in either order."""
        for comparison in self.comparisons:
            if {comparison.left.approach, comparison.right.approach} == {left, right}:
                return comparison
        return None

    def technique(self, approach: str) -> str:
        """The technique by which an approach was measured; empty where it was not."""
        return self.best[approach].technique if approach in self.best else ""

    def shown(self, left: str, right: str) -> bool:
        """Whether a difference between two approaches was shown (its interval leaves out zero)."""
        comparison = self.between(left, right)
        return comparison is not None and not comparison.low <= 0 <= comparison.high


def read(path: Path) -> Measurement:
    """The measurement of a run folder (or of a result file). Raises InputError that lists every problem in it."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        remedy = "run `advisor bench run TASK --out DIR` first, then name that DIR"
        raise InputError([Problem(str(path), "", "no measurement", f"a run folder with {FILE}", remedy)])
    problems: list[Problem] = []
    raw = yaml_file.read(file, problems, str(file))
    measurement = _measurement(raw, problems, str(file), path.name, file.read_bytes()) if not problems else None
    if problems or measurement is None:
        raise InputError(problems)
    return measurement


def _measurement(raw: Any, problems: list[Problem], where: str, folder: str, content: bytes) -> Measurement | None:
    if not isinstance(raw, Mapping) or raw.get("schema") != SCHEMA:
        found = shown(raw.get("schema") if isinstance(raw, Mapping) else raw)
        problems.append(Problem(where, "schema", found, SCHEMA, "make it again with `advisor bench compare DIR`"))
        return None
    fields = Fields(raw, problems, where, "")
    blocked = fields.any("blocked", required=False) or []
    for reason in blocked if isinstance(blocked, list) else [blocked]:
        remedy = "repair the data and run again: nothing can be concluded from this run"
        problems.append(Problem(where, "blocked", str(reason), "a run whose verdict is not blocked", remedy))
    arms = fields.rows("arms", lambda entry, index: _arm(entry, index, problems, where))
    by_key: dict[tuple[Any, Any], ArmResult] = {}
    for index, arm in enumerate(arms):
        if by_key.setdefault((arm.arm, arm.train_size), arm) is not arm:
            fields.report(f"arms[{index}]", f"{arm.arm} at {arm.train_size} twice", "each arm and train size once")
    best = _best(fields.mapping("best"), by_key, fields, "best")
    comparisons = fields.rows(
        "comparisons", lambda entry, index: _comparison(entry, index, by_key, problems, where), required=False
    )
    task, model = fields.mapping("task"), fields.mapping("model", required=False)
    size = next(iter(best.values())).train_size if best else 0
    return Measurement(
        folder=folder,
        digest=hashlib.sha256(content).hexdigest(),
        task=str(task.get("name", "")),
        model=str(model.get("name", "")),
        metric=str(task.get("metric", "")),
        status=fields.choice("status", ("complete", "incomplete")),
        created_at=fields.text("created_at"),
        best=best,
        baselines=tuple(arm for arm in arms if not arm.approach and arm.train_size == size),
        comparisons=tuple(comparison for comparison in comparisons if comparison is not None),
        sizes=tuple(
            fields.rows("by_size", lambda entry, index: _at_size(entry, index, by_key, fields), required=False)
        ),
        margin=fields.number("margin", low=0, high=1) if "margin" in raw else None,
        unfinished=frozenset(
            fields.rows("missing", lambda entry, index: _missing(entry, index, fields), required=False)
        ),
    )


def _missing(raw: Any, index: int, whole: Fields) -> int:
    return Fields(raw, whole.problems, whole.where, f"missing[{index}]").whole("train_size")


def _best(
    raw: Mapping[str, Any], by_key: Mapping[tuple[Any, Any], ArmResult], fields: Fields, place: str
) -> dict[str, ArmResult]:
    best = {}
    for approach, entry in raw.items():
        named = [entry.get(key) for key in ("arm", "train_size")] if isinstance(entry, Mapping) else []
        chosen = next((arm for key, arm in by_key.items() if [*key] == named), None)
        if chosen is None or chosen.approach != approach:
            fields.report(
                f"{place}.{approach}", shown(entry), "an arm of that approach and a train size listed under arms"
            )
        else:
            best[approach] = chosen
    return best


def _at_size(raw: Any, index: int, by_key: Mapping[tuple[str, int], ArmResult], whole: Fields) -> AtSize:
    place = f"by_size[{index}]"
    fields = Fields(raw, whole.problems, whole.where, place)
    comparisons = fields.rows(
        "comparisons",
        lambda entry, row: _comparison(entry, row, by_key, whole.problems, whole.where, place + "."),
        required=False,
    )
    return AtSize(
        train_size=fields.whole("train_size"),
        best=_best(fields.mapping("best"), by_key, whole, f"{place}.best"),
        comparisons=tuple(comparison for comparison in comparisons if comparison is not None),
    )


def _arm(raw: Any, index: int, problems: list[Problem], where: str) -> ArmResult:
    fields = Fields(raw, problems, where, f"arms[{index}]")
    metric = Fields(fields.mapping("metric"), problems, where, f"arms[{index}].metric")
    seconds = fields.any("seconds_per_item", required=False)
    if seconds is not None:
        seconds = fields.number("seconds_per_item", low=0)
    value, low, high = _interval(metric, "value", 0)
    return ArmResult(
        arm=fields.text("arm"),
        approach=fields.choice("approach", APPROACHES, required=False),
        train_size=fields.whole("train_size"),
        score=value,
        low=low,
        high=high,
        n=metric.whole("n", low=1),
        seeds=fields.whole("n_seeds", low=1),
        method=metric.text("method"),
        technique=fields.text("technique", required=False),
        seconds_per_item=seconds,
    )


def _interval(fields: Fields, key: str, least: float) -> tuple[float, float, float]:
    """The number under `key` with its bounds; bounds in the wrong order, or a score outside of its own, are a problem.

    A difference of F1 may lie outside: the bounds are percentiles of resamples, and F1 is not a mean over items.
    """
    before = len(fields.problems)
    value, low, high = (fields.number(name, low=least, high=1) for name in (key, "low", "high"))
    inside = low - ROUNDING <= value <= high + ROUNDING or key == "difference"
    if len(fields.problems) == before and not (inside and low <= high):
        fields.report(key, f"{value:g} with the interval {low:g} to {high:g}", f"an interval that holds the {key}")
    return value, low, high


def _comparison(
    raw: Any,
    index: int,
    arms: Mapping[tuple[str, int], ArmResult],
    problems: list[Problem],
    where: str,
    place: str = "",
) -> Comparison | None:
    fields = Fields(raw, problems, where, f"{place}comparisons[{index}]")
    size = fields.whole("train_size")
    pair = [arms.get((fields.text(side), size)) for side in ("a", "b")]
    if pair[0] is None or pair[1] is None:
        fields.report("a, b", shown([fields.raw.get("a"), fields.raw.get("b")]), "two arms listed under arms")
        return None
    difference, low, high = _interval(fields, "difference", -1)
    word = fields.mapping("conclusion", required=False)
    more_items, more_seeds = (
        found if isinstance(found := word.get(name), int) and found > 0 else None
        for name in ("more_items", "more_seeds")
    )
    return Comparison(
        left=pair[0],
        right=pair[1],
        difference=difference,
        low=low,
        high=high,
        n=fields.whole("n", low=1),
        method=fields.text("method"),
        more_items=more_items,
        more_seeds=more_seeds,
    )
