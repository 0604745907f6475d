"""Reads a rule pack from its folder into a `Rulebook`. Everything wrong with it is reported together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from advisor.errors import InputError, Problem, shown
from advisor.knowledge import links, yaml_file
from advisor.knowledge.conditions import Always, Condition
from advisor.knowledge.domain import (
    APPROACHES,
    CRITERIA,
    GRADES,
    Approach,
    Case,
    Criterion,
    Group,
    MarketFact,
    Option,
    Parameter,
    Question,
    Rulebook,
    Source,
    Technique,
)
from advisor.knowledge.fields import Fields
from advisor.knowledge.rules import condition, label, read_rule

T = TypeVar("T")

_FILES = ("pack", "sources", "questions", "approaches", "criteria", "parameters", "market")
_RULE_FOLDERS = {"gates": "gate", "scores": "score", "notes": "note"}


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
    raw: dict[str, Any] = {}
    for name in _FILES:
        path = folder / f"{name}.yaml"
        raw[name] = yaml_file.read(path, problems)
    if any(value is None for value in raw.values()):
        return None
    pack = Fields(raw["pack"], problems, "pack.yaml", "")
    name, version, as_of = pack.text("name"), pack.text("version"), pack.day("as_of")
    pack.text("description", required=False)
    pack.close()
    top = partial(_top, problems)
    sources = top("sources.yaml", raw["sources"], "sources", _source)
    questions = Fields(raw["questions"], problems, "questions.yaml", "")
    groups = questions.rows("groups", partial(_group, problems))
    asked = questions.rows("questions", partial(_question, problems))
    questions.close()
    approaches = top("approaches.yaml", raw["approaches"], "approaches", _approach)
    criteria = top("criteria.yaml", raw["criteria"], "criteria", _criterion)
    parameters = top("parameters.yaml", raw["parameters"], "parameters", _parameter)
    market = top("market.yaml", raw["market"], "facts", _market)
    rules = [
        read_rule(entry, kind, problems, where)
        for kind_folder, kind in _RULE_FOLDERS.items()
        for where, entry in _entries(folder, kind_folder, "rules", problems)
    ]
    cases = [_case(problems, where, entry) for where, entry in _entries(folder, "cases", "cases", problems)]
    book = Rulebook(
        name=name,
        version=version,
        as_of=as_of or date.min,
        folder=folder,
        digest=digest(folder),
        groups=groups,
        questions=_index(asked, lambda question: question.field, "questions.yaml", "field", problems),
        approaches=_index(approaches, lambda item: item.id, "approaches.yaml", "id", problems),
        criteria=_index(criteria, lambda item: item.id, "criteria.yaml", "id", problems),
        parameters=_index(parameters, lambda item: item.id, "parameters.yaml", "id", problems),
        market=_index(market, lambda item: item.id, "market.yaml", "id", problems),
        sources=_index(sources, lambda item: item.id, "sources.yaml", "id", problems),
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        cases=tuple(cases),
    )
    _same_id_twice(book, problems)
    links.check(book, problems)
    return book


def digest(folder: Path) -> str:
    """The SHA-256 over the names and contents of the pack's data files: 64 hex digits."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".yaml", ".csv"}:
            total.update(path.relative_to(folder).as_posix().encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _entries(folder: Path, kind: str, key: str, problems: list[Problem]) -> Iterable[tuple[str, Any]]:
    for path in sorted((folder / kind).glob("*.yaml")):
        where = f"{kind}/{path.name}"
        raw = yaml_file.read(path, problems, where)
        if raw is None:
            continue
        fields = Fields(raw, problems, where, "")
        entries = fields.rows(key, lambda entry, _: entry)
        fields.close()
        for entry in entries:
            yield where, entry


def _top(
    problems: list[Problem], where: str, raw: Any, key: str, read_one: Callable[[list[Problem], Any, int], T]
) -> tuple[T, ...]:
    fields = Fields(raw, problems, where, "")
    rows = fields.rows(key, partial(read_one, problems))
    fields.close()
    return rows


def _index(
    items: Iterable[T], key: Callable[[T], str], where: str, field: str, problems: list[Problem]
) -> dict[str, T]:
    result: dict[str, T] = {}
    for item in items:
        name = key(item)
        if name in result:
            problems.append(Problem(where, name, f"the {field} twice", "each once", "rename or remove one of the two"))
        elif name:
            result[name] = item
    return result


def _same_id_twice(book: Rulebook, problems: list[Problem]) -> None:
    first: dict[str, str] = {}
    for rule in book.rules:
        if rule.id in first:
            found = f"the id twice (also in {first[rule.id]})"
            problems.append(Problem(rule.where, f"rule {rule.id}", found, "each id once", "rename one of the two"))
        first.setdefault(rule.id, rule.where)


def _source(problems: list[Problem], raw: Any, index: int) -> Source:
    fields = Fields(raw, problems, "sources.yaml", label("source", raw, index))
    published = fields.any("date", required=False) or fields.any("year", required=False)
    if published is None:
        fields.report("date", "nothing", "a date or a year", "add 'date:' or 'year:'")
    source = Source(
        id=fields.text("id"),
        title=fields.text("title"),
        publisher=fields.text("publisher"),
        published=str(published),
        grade=fields.choice("grade", GRADES),
        claim=fields.text("claim"),
        url=fields.text("url", required=False),
    )
    fields.close()
    return source


def _group(problems: list[Problem], raw: Any, index: int) -> Group:
    fields = Fields(raw, problems, "questions.yaml", label("group", raw, index))
    group = Group(fields.text("id"), fields.text("title"), fields.text("intro", required=False))
    fields.close()
    return group


def _question(problems: list[Problem], raw: Any, index: int) -> Question:
    fields = Fields(raw, problems, "questions.yaml", label("question", raw, index, "field"))
    kind = fields.choice("kind", ("choice", "integer", "number", "share", "usd", "model", "priorities"))
    low, high = fields.any("min", required=False), fields.any("max", required=False)
    question = Question(
        field=fields.text("field"),
        group=fields.text("group"),
        kind=kind,  # type: ignore[arg-type]
        ask=fields.text("ask"),
        help=fields.text("help"),
        why=fields.text("why"),
        unit=fields.text("unit", required=False),
        min=0.0 if low is None and kind in {"share", "usd"} else low,
        max=1.0 if kind == "share" else high,
        typical=_typical(fields) if kind in {"integer", "number", "share", "usd"} else (0.0, 0.0),
        range_allowed=fields.flag("range_allowed"),
        default=fields.any("default", required=False),
        options=fields.rows("options", partial(_option, problems), required=kind == "choice"),
        applies_when=condition(fields, "applies_when", required=False),
        effort=int(fields.number("effort", low=0, high=5)),
        express=fields.flag("express"),
    )
    fields.close()
    return question


def _typical(fields: Fields) -> tuple[float, float]:
    pair = fields.any("typical")
    if (
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(end, int | float) and not isinstance(end, bool) for end in pair)
        and 0 <= pair[0] < pair[1]
    ):
        return float(pair[0]), float(pair[1])
    if pair is not None:
        fields.report("typical", shown(pair), "[LOW, HIGH] with 0 ≤ LOW < HIGH")
    return 0.0, 1.0


def _option(problems: list[Problem], raw: Any, index: int) -> Option:
    fields = Fields(raw, problems, "questions.yaml", label("option", raw, index, "value"))
    option = Option(fields.text("value"), fields.text("label"), fields.text("help", required=False))
    fields.close()
    return option


def _approach(problems: list[Problem], raw: Any, index: int) -> Approach:
    fields = Fields(raw, problems, "approaches.yaml", label("approach", raw, index))
    approach_id = fields.choice("id", APPROACHES)
    techniques = fields.rows("techniques", partial(_technique, problems))
    if techniques and techniques[-1].when != Always():
        fields.report("techniques", "a last technique with a condition", "when: always on the last one")
    approach = Approach(approach_id, fields.text("title"), fields.text("summary"), techniques)
    fields.close()
    return approach


def _technique(problems: list[Problem], raw: Any, index: int) -> Technique:
    fields = Fields(raw, problems, "approaches.yaml", label("technique", raw, index))
    technique = Technique(fields.text("id"), fields.text("title"), fields.text("summary"), _when(fields))
    fields.close()
    return technique


def _criterion(problems: list[Problem], raw: Any, index: int) -> Criterion:
    fields = Fields(raw, problems, "criteria.yaml", label("criterion", raw, index))
    criterion_id = fields.choice("id", CRITERIA)
    weight = fields.number("weight", low=0, high=5)
    criterion = Criterion(criterion_id, fields.text("title"), fields.text("meaning"), weight)
    fields.close()
    return criterion


def _parameter(problems: list[Problem], raw: Any, index: int) -> Parameter:
    fields = Fields(raw, problems, "parameters.yaml", label("parameter", raw, index))

    def dated(entry: Any, row: int) -> tuple[date, Any]:
        value = Fields(entry, problems, "parameters.yaml", f"{fields.place}: values[{row}]")
        begin, amount = value.day("from"), value.any("value")
        numbers = amount.values() if isinstance(amount, dict) else [amount]
        if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
            value.report("value", shown(amount), "a number, or a mapping of numbers")
        value.close()
        return begin or date.min, amount

    values = fields.rows("values", dated)
    parameter = Parameter(
        id=fields.text("id"),
        title=fields.text("title"),
        unit=fields.text("unit"),
        source=fields.words("source"),
        values=tuple(sorted(values, key=lambda pair: pair[0])),
        review_by=fields.day("review_by", required=False),
    )
    fields.text("grade", required=False)
    fields.close()
    return parameter


def _market(problems: list[Problem], raw: Any, index: int) -> MarketFact:
    fields = Fields(raw, problems, "market.yaml", label("fact", raw, index))
    fact = MarketFact(
        id=fields.text("id"),
        title=fields.text("title"),
        statement=fields.text("statement"),
        begins=fields.day("from") or date.min,
        ends=fields.day("until", required=False),
        review_by=fields.day("review_by", required=False),
        source=fields.words("source"),
    )
    fields.close()
    return fact


def _when(fields: Fields) -> Condition:
    return condition(fields, "when") or Always()


def _case(problems: list[Problem], where: str, raw: Any) -> Case:
    fields = Fields(raw, problems, where, label("case", raw, 0))
    expect = Fields(fields.mapping("expect"), problems, where, f"{fields.place}: expect")
    wanted = expect.any("recommendation")
    allowed = wanted if isinstance(wanted, list) else [wanted]
    for approach in allowed:
        if approach not in APPROACHES:
            expect.report("recommendation", shown(approach), "one of " + ", ".join(APPROACHES))
    case = Case(
        id=fields.text("id"),
        title=fields.text("title"),
        source=fields.words("source"),
        answers=dict(fields.mapping("answers")),
        recommendation=tuple(allowed),
        status=expect.choice("status", ("advice", "tie", "abstain"), required=False, default="advice"),
        findings=expect.words("findings", required=False),
        where=where,
    )
    expect.close()
    fields.close()
    return case
