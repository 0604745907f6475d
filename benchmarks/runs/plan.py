"""The plan of a run: which cells there are, on which rows, and each cell's id. Pure; nothing is written here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import BenchmarkError
from ..records import Cell, Example, Task, TaskCard, digest, nested_subset, seed_for
from ..statistics import MARGIN
from ..statistics.power import DISCORDANT, LEVEL, minimum_detectable_difference
from ..tasks import CLASSIFICATION, KINDS
from . import shifts
from .ring import Ring

SCHEMA_PLAN = "advisor/plan/1"
SMALLEST_TRAIN_SIZE = 2
DEV_SHARE = 5
DEV_MOST = 64
DEV_FROM = 32
RACE_BATCH = 40
_ROWS = "rows/1"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: the grid, the number of test rows and the model, checked as far as it goes without a task."""

    arms: tuple[str, ...]
    train_sizes: tuple[int, ...]
    seeds: tuple[int, ...]
    test_limit: int | None = None
    model: str | None = None
    race: RacePlan | None = None
    checks: bool = False


@dataclass(frozen=True, slots=True)
class RacePlan:
    """A race: how many items are asked between two looks, and the difference that does not matter."""

    batch: int = RACE_BATCH
    margin: float = MARGIN


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell with its id and the settings that entered it."""

    id: str
    cell: Cell
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one (train size, seed): the same for every arm."""

    train: tuple[Example, ...]
    dev: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole grid of a run. `description` is JSON-shaped; its digest names the run."""

    description: Mapping[str, Any]
    cells: tuple[PlannedCell, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of the description: equal plans, equal digest."""
        return digest(self.description)

    @property
    def folder_name(self) -> str:
        """The default name of the run's directory: task and first twelve digits of the digest."""
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", str(self.description["task"]["name"])).strip("-.") or "task"
        return f"{slug}-{self.digest[:12]}"


def read_wish(  # noqa: PLR0913 - the options of a command line, by name
    known: Sequence[str],
    *,
    usual: Sequence[str] | None = None,
    arms: str = "all",
    train_sizes: str = "16,64",
    seeds: str = "0",
    test_limit: str | None = None,
    model: str | None = None,
    most: int | None = None,
    race: RacePlan | None = None,
    checks: bool = False,
) -> Wish:
    """The wish behind the words of a command line, for the `known` arms and at most `most` training examples.

    `every` stands for all known arms, `all` for the `usual` ones of them.

    Raises BenchmarkError with all problems at once.
    """
    problems: list[str] = []
    groups = {"every": tuple(known), "all": tuple(known if usual is None else usual)}
    wanted = groups[arms.strip()] if arms.strip() in groups else _names(arms, known, problems)
    sizes = _numbers("--train-sizes", train_sizes, SMALLEST_TRAIN_SIZE, problems, most)
    roots = _numbers("--seeds", seeds, 0, problems)
    limit = _numbers("--test-limit", test_limit, 1, problems) if test_limit is not None else ()
    if len(limit) > 1:
        problems.append(f"--test-limit: found {test_limit!r}; allowed: one whole number, or leave it out for all rows")
    if problems:
        raise BenchmarkError(problems)
    return Wish(wanted, tuple(sorted(sizes)), roots, limit[0] if limit else None, model, race, checks)


def make_plan(task: Task, wish: Wish, ring: Ring, files: Any | None) -> Plan:
    """The grid of (train size, seed, arm), cheapest first. `files` is the resolved model, None if no arm needs one.

    Raises BenchmarkError if an arm is unknown or a train size exceeds the task's training rows.
    """
    problems = [
        f"--train-sizes: found {size}; allowed: at most {len(task.train)}, the training rows of {task.card.name!r}"
        for size in wish.train_sizes
        if size > len(task.train)
    ]
    kind = task.card.kind
    able = [arm for arm, entry in ring.arms.items() if kind in getattr(entry, "kinds", KINDS)]
    problems += [
        f"--arms: unknown arm {arm!r}; allowed: {', '.join(able)}"
        if arm not in ring.arms
        else f"--arms: {arm!r} cannot do a task of the kind {kind!r}; allowed: {', '.join(able)}"
        for arm in wish.arms
        if arm not in able
    ]
    if problems:
        raise BenchmarkError(problems)
    limit = wish.test_limit if wish.test_limit is not None and wish.test_limit < len(task.test) else None
    settings = {arm: _settings(ring, arm, task.card) for arm in wish.arms}
    checked = {"checks": {"shifts": shifts.VERSION}} if wish.checks else {}
    cells = []
    for size in wish.train_sizes:
        for seed in wish.seeds:
            for arm in wish.arms:
                model = files if ring.arms[arm].needs_model else None
                cell = Cell(task.card.name, arm, size, seed, model.name if model else None, limit)
                content = model.content_hash if model else None
                # How rows are drawn changes the numbers as much as a learning rate does.
                own = {**settings[arm], "rows": _ROWS, **({"race": asdict(wish.race)} if wish.race else {}), **checked}
                cells.append(PlannedCell(cell.identity(task.fingerprint, content, own), cell, own))
    needed = files is not None and any(ring.arms[arm].needs_model for arm in wish.arms)
    description = {
        "schema": SCHEMA_PLAN,
        "task": _task_summary(task, limit),
        "data": dict(task.fingerprint),
        "model": {"name": files.name, "content_hash": files.content_hash} if needed and files is not None else None,
        "arms": {
            arm: {"approach": ring.arms[arm].approach, "technique": ring.arms[arm].technique} for arm in wish.arms
        },
        "train_sizes": list(wish.train_sizes),
        "seeds": list(wish.seeds),
        "test_limit": limit,
        **({"race": asdict(wish.race)} if wish.race else {}),
        **checked,
        **({"blocked": list(task.blocked)} if task.blocked else {}),
        "cells": [{"id": planned.id, **asdict(planned.cell)} for planned in cells],
    }
    return Plan(description, tuple(cells))


def split_rows(task: Task, size: int, seed: int) -> Split:
    """The training and development rows of one (train size, seed).

    The development rows are a fifth of the `size` examples, at most 64, none below 32 examples, in the label mix of the
    whole; one row of every label always stays for training.
    """
    rows = nested_subset(task.train, size, seed_for(seed, "train"))
    if size < DEV_FROM:
        return Split(rows, ())
    first = {row.group: row.id for row in reversed(rows)}
    spare = [row for row in rows if first[row.group] != row.id]
    dev = nested_subset(spare, min(DEV_MOST, size // DEV_SHARE, len(spare)), seed_for(seed, "dev", size))
    held = {row.id for row in dev}
    return Split(tuple(row for row in rows if row.id not in held), dev)


def test_rows(task: Task, limit: int | None) -> tuple[Example, ...]:
    """The first `limit` test rows of a fixed shuffle: the same for every arm, size, seed and run."""
    return tuple(sorted(task.test, key=lambda row: digest(["test", row.id]))[:limit])


def comparisons_of(plan: Mapping[str, Any]) -> int:
    """How many comparisons a plan's measurement makes: approaches in pairs, and each with every baseline."""
    approaches = {kind["approach"] for kind in plan["arms"].values()} - {None}
    baselines = sum(kind["approach"] is None for kind in plan["arms"].values())
    return len(approaches) * (len(approaches) - 1) // 2 + len(approaches) * baselines


def power_note(n: int, seeds: int, kind: str = CLASSIFICATION, comparisons: int = 1) -> str:
    """What a run on `n` test items and so many seeds can show, in a few lines."""
    what = "accuracy" if kind == CLASSIFICATION else "the share of right answers"
    points = 100 * minimum_detectable_difference(n)
    note = (
        f"{n} test items: a difference in {what} below {points:.1f} points will probably not show "
        f"(80 % power, 5 % level, if two arms differ in being right on {100 * DISCORDANT:.0f} % of the items)"
    )
    if comparisons > 1:
        least = 100 * minimum_detectable_difference(n, level=1 - (1 - LEVEL) / comparisons)
        note += (
            f"\nfor the clearest of {comparisons} comparisons, which are corrected for their number: {least:.1f} points"
        )
    if seeds == 2:
        note += (
            "\n2 seeds say next to nothing about the spread between seeds, intervals will be very wide: take 1, or 3"
        )
    return note


def _settings(ring: Ring, arm: str, card: TaskCard) -> dict[str, Any]:
    """The arm's settings; for answers that are written also what the card says of them."""
    if card.kind == CLASSIFICATION:
        return dict(ring.settings(arm))
    said = digest([card.description, card.metric, card.language, card.schema])
    return {**ring.settings(arm, card.kind), "card": said}


def _task_summary(task: Task, limit: int | None) -> dict[str, Any]:
    card = task.card
    return {
        "name": card.name,
        "kind": card.kind,
        "language": card.language,
        "labels": list(card.labels),
        "metric": card.metric,
        **({"choices": list(card.choices)} if card.choices else {}),
        "n_train": len(task.train),
        "n_test": limit if limit is not None else len(task.test),
    }


def _names(text: str, known: Sequence[str], problems: list[str]) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        problems.append(f"--arms: found nothing; allowed: all, every, or some of {', '.join(known)}")
    for name in dict.fromkeys(names):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"--arms: unknown arm {name!r}; allowed: all, every, {', '.join(known)}{hint}")
        elif names.count(name) > 1:
            problems.append(f"--arms: {name!r} is named {names.count(name)} times; allowed: once")
    return tuple(arm for arm in known if arm in names)


def _numbers(option: str, text: str, least: int, problems: list[str], most: int | None = None) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        problems.append(f"{option}: found nothing; allowed: whole numbers from {least}, with commas between them")
    numbers: list[int] = []
    for word in words:
        if not re.fullmatch(r"[0-9]{1,9}", word) or int(word) < least:
            problems.append(f"{option}: found {word!r}; allowed: whole numbers from {least}")
        elif int(word) in numbers:
            problems.append(f"{option}: {word} is given twice; allowed: once")
        elif most is not None and int(word) > most:
            problems.append(f"{option}: found {word}; allowed: at most {most}, the task's training rows")
        else:
            numbers.append(int(word))
    return tuple(numbers)
