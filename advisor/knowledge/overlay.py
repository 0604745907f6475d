"""Lays an organisation's pack over the shipped one: adds, replaces with a logged reason, switches rules off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from advisor.errors import Problem, nearest
from advisor.knowledge.domain import Override, Question
from advisor.knowledge.layer import Entry, Layer, MoreOptions


def lay_over(base: Layer, over: Layer, problems: list[Problem]) -> tuple[Layer, tuple[Override, ...]]:
    """The two packs as one, and every place where the upper departs from the lower.

    An entry with the id of one below must say `override: true` and a `reason:`. What is wrong is added to `problems`.
    """
    made: list[Override] = []
    entries = {
        kind: tuple(_merged(kind, rows, over.entries.get(kind, ()), over.name, made, problems))
        for kind, rows in base.entries.items()
    }
    entries["rule"] = tuple(_without(entries["rule"], over, made, problems))
    entries["question"] = tuple(_with_options(entries["question"], over.options, problems))
    days = [layer.as_of for layer in (base, over) if layer.as_of is not None]
    both = replace(
        over,
        name=f"{base.name} + {over.name}",
        version=f"{base.version}+{over.folder.name}.{over.version}",
        as_of=max(days, default=None),
        entries=entries,
    )
    return both, tuple(made)


def _merged(
    kind: str, below: Iterable[Entry], above: Iterable[Entry], pack: str, made: list[Override], problems: list[Problem]
) -> list[Entry]:
    rows = list(below)
    position = {entry.id: index for index, entry in enumerate(rows)}
    shipped = set(position)
    for entry in above:
        if entry.override and entry.id not in shipped:
            found, allowed = f"override: true for '{entry.id}'", f"the id of a {kind} of the shipped pack"
            remedy = nearest(entry.id, shipped) or "remove 'override:', because it is new"
            problems.append(Problem(entry.where, entry.place, found, allowed, remedy))
        elif entry.id in shipped and not entry.override:
            found = f"the id of a {kind} of the shipped pack"
            remedy = "rename it, or add 'override: true' and 'reason:'"
            problems.append(Problem(entry.where, entry.place, found, "a new id", remedy))
        elif entry.id in shipped:
            rows[position[entry.id]] = entry
            made.append(Override(kind, entry.id, "replaced", entry.reason, pack))
        else:
            rows.append(entry)
    return rows


def _without(rules: tuple[Entry, ...], over: Layer, made: list[Override], problems: list[Problem]) -> list[Entry]:
    ids = {entry.id for entry in rules}
    off: set[str] = set()
    for rule_id, reason in over.disabled:
        if rule_id not in ids:
            remedy = nearest(rule_id, ids) or "remove the line"
            problems.append(Problem(over.pack_file, "disable", f"'{rule_id}'", "a rule of the shipped pack", remedy))
        elif reason:
            made.append(Override("rule", rule_id, "disabled", reason, over.name))
            off.add(rule_id)
    return [entry for entry in rules if entry.id not in off]


def _with_options(questions: tuple[Entry, ...], more: tuple[MoreOptions, ...], problems: list[Problem]) -> list[Entry]:
    rows = {entry.id: entry for entry in questions}
    for addition in more:
        entry = rows.get(addition.field)
        if entry is None or entry.item.kind != "choice":
            choices = [field for field, other in rows.items() if other.item.kind == "choice"]
            remedy = nearest(addition.field, choices) or "name a choice question"
            found = f"'{addition.field}'"
            problems.append(Problem(addition.where, addition.place, found, "the field of a choice question", remedy))
            continue
        question: Question = entry.item
        for option in addition.options:
            if option.value in question.values:
                found = f"the option '{option.value}', which is there already"
                problems.append(Problem(addition.where, addition.place, found, "a new value", "remove or rename it"))
        question = replace(question, options=(*question.options, *addition.options))
        rows[addition.field] = replace(entry, item=question)
    return list(rows.values())
