"""Reads a rule pack from its folder into a `Rulebook`. Everything wrong with it is reported together.

A folder whose pack.yaml says `extends: shipped` is laid over the shipped pack; any other is a whole pack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from advisor import locate
from advisor.errors import InputError, Problem
from advisor.knowledge import links
from advisor.knowledge.domain import Override, Rulebook
from advisor.knowledge.layer import Entry, Layer, extends_shipped, read_layer
from advisor.knowledge.overlay import lay_over


def load(folder: Path) -> Rulebook:
    """The rulebook of a folder.

    Raises InputError that lists every problem: unknown or missing fields, duplicate keys, ids that lead nowhere.
    """
    problems: list[Problem] = []
    book = read(folder, problems)
    if problems or book is None:
        raise InputError(problems)
    return book


def read(folder: Path, problems: list[Problem]) -> Rulebook | None:
    """The rulebook of a folder as far as it can be read; what is wrong is added to `problems`."""
    if not folder.is_dir():
        problems.append(Problem(str(folder), "", "no such folder", "the folder of a rule pack"))
        return None
    made: tuple[Override, ...] = ()
    if extends_shipped(folder):
        base = read_layer(locate.rules_dir(), problems, over=False)
        over = read_layer(folder, problems, over=True)
        if base is None or over is None:
            return None
        _prices_complete(folder, problems)
        _twice(over, problems)
        pack, made = lay_over(base, over, problems)
    else:
        whole = read_layer(folder, problems, over=False)
        if whole is None:
            return None
        _twice(whole, problems)
        pack = whole
    book = _assembled(pack, made, folder)
    links.check(book, problems)
    return book


def layers(folder: Path) -> tuple[Path, ...]:
    """The folders that make up the pack of a folder, lowest first."""
    return (locate.rules_dir(), folder) if extends_shipped(folder) else (folder,)


def digest(folder: Path) -> str:
    """The SHA-256 over the names and contents of the pack's data files, of all its layers: 64 hex digits."""
    total = hashlib.sha256()
    for layer in layers(folder):
        for path in sorted(layer.rglob("*")):
            if path.is_file() and path.suffix in {".yaml", ".csv"}:
                total.update(path.relative_to(layer).as_posix().encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _assembled(pack: Layer, made: tuple[Override, ...], folder: Path) -> Rulebook:
    def items(kind: str) -> dict[str, Any]:
        return {entry.id: entry.item for entry in pack.entries[kind] if entry.id}

    rules = [entry.item for entry in pack.entries["rule"]]
    return Rulebook(
        name=pack.name,
        version=pack.version,
        as_of=pack.as_of or date.min,
        folder=folder,
        digest=digest(folder),
        groups=tuple(items("group").values()),
        questions=items("question"),
        approaches=items("approach"),
        criteria=items("criterion"),
        parameters=items("parameter"),
        market=items("market fact"),
        sources=items("source"),
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        cases=tuple(entry.item for entry in pack.entries["case"]),
        overrides=made,
        layers=layers(folder),
    )


def _twice(layer: Layer, problems: list[Problem]) -> None:
    for rows in layer.entries.values():
        first: dict[str, Entry] = {}
        for entry in _named(rows):
            if entry.id in first:
                found = f"the id twice (also in {first[entry.id].where})"
                problems.append(Problem(entry.where, entry.place, found, "each id once", "rename or remove one"))
            first.setdefault(entry.id, entry)


def _named(rows: Iterable[Entry]) -> Iterable[Entry]:
    return (entry for entry in rows if entry.id)


def _prices_complete(folder: Path, problems: list[Problem]) -> None:
    there = [name for name in ("prices.csv", "costs.yaml") if (folder / name).exists()]
    if len(there) == 1:
        remedy = "copy the other file from the shipped pack, or override single prices in the answers file"
        found = "one of prices.csv and costs.yaml"
        problems.append(Problem(f"{folder.name}/{there[0]}", "", found, "both or neither", remedy))
