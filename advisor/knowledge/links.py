"""Checks that every name used in a rule pack leads somewhere and every bound fits the fact that it is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from advisor.errors import Problem, nearest, shown
from advisor.knowledge.conditions import Among, Bound, Compare, Condition, Known, Market, walk
from advisor.knowledge.domain import Rulebook
from advisor.knowledge.vocabulary import DERIVED_FACTS

PARAMETERS = "parameters.yaml"
# What the engine reads by name: numbers, each with its bounds, and tables by the options of a question.
NUMBERS = {
    "tie_margin": (0, 100),
    "min_answers": (0, 1000),
    "measured_points_per_10_percent": (0, 100),
    "measured_half_weight_items": (0, 1_000_000),
    "material_shortfall": (0, 1),
    "review_months": (0, 1200),
    "stale_weight": (0, 1),
    "robustness_concentration": (0, 1_000_000),
}
FORECAST_NUMBERS = {
    "contenders_cover": (0, 1),
    "confidence_error_limit": (0, 1000),
    "rules_variance": (0, 1_000_000),
    "published_points_per_z": (0, 100),
}
TABLES = {"examples_needed": "task_kind", "label_quality_factor": "label_quality"}
REQUIRED = (*NUMBERS, *TABLES)


def check(book: Rulebook, problems: list[Problem]) -> None:
    """Adds a problem for every dangling id: fact, option, parameter, market fact, source, technique, group, field."""
    for where, place, condition in _conditions(book):
        for node in walk(condition):
            _node(book, node, where, place, problems)
    for where, place, names in _cited(book):
        for name in names:
            if name not in book.sources:
                remedy = nearest(name, book.sources) or "add it to sources.yaml"
                problems.append(Problem(where, place, f"the source '{name}'", "a source of sources.yaml", remedy))
    _required(book, problems)
    _rules(book, problems)
    groups = {group.id for group in book.groups}
    for question in book.questions.values():
        _exists(question.group, groups, "group", "questions.yaml", f"question {question.field}: group", problems)
    for case in book.cases:
        for name in case.answers:
            _exists(name, book.questions, "question field", case.where, f"case {case.id}: answers", problems)


def _required(book: Rulebook, problems: list[Problem]) -> None:
    bounds = {**NUMBERS, **FORECAST_NUMBERS}
    for name in (*REQUIRED, *FORECAST_NUMBERS):
        parameter, place = book.parameters.get(name), f"parameter {name}"
        if parameter is None:
            if name in REQUIRED or _forecasts(book):
                remedy = nearest(name, set(book.parameters) - set(REQUIRED)) or "add it"
                allowed = "an entry, because the engine reads it"
                problems.append(Problem(PARAMETERS, place, "nothing", allowed, remedy))
            continue
        for begin, value in parameter.values:
            dated = f"{place}: value from {begin}"
            if name in TABLES:
                _table(book, value, TABLES[name], dated, problems)
            elif isinstance(value, dict) or (
                isinstance(value, int | float) and not bounds[name][0] <= value <= bounds[name][1]
            ):
                allowed = "a number from {:,} to {:,}".format(*bounds[name])
                problems.append(Problem(PARAMETERS, dated, shown(value), allowed, "write such a number"))


def _table(book: Rulebook, value: Any, field: str, place: str, problems: list[Problem]) -> None:
    """Adds a problem where a value is no table by the options of a question, or has a key that is none of them."""
    options = book.questions[field].values if field in book.questions else ()
    allowed = f"one number for each option of {field}: {', '.join(options)}"
    if not isinstance(value, dict):
        problems.append(Problem(PARAMETERS, place, shown(value), allowed, "write a mapping"))
        return
    for key in value:
        if options and key not in options:
            remedy = nearest(str(key), options) or "remove it"
            problems.append(Problem(PARAMETERS, place, shown(key), allowed, remedy))


def _forecasts(book: Rulebook) -> bool:
    from advisor.knowledge.quality_model import model_file  # numpy, which a sound pack does not need here

    return model_file(book) is not None


def _rules(book: Rulebook, problems: list[Problem]) -> None:
    ids = {rule.id for rule in book.rules}
    techniques = {technique.id for approach in book.approaches.values() for technique in approach.techniques}
    for rule in book.rules:
        for name in rule.techniques:
            _exists(name, techniques, "technique", rule.where, f"rule {rule.id}: techniques", problems)
        for name in rule.on_top_of:
            _exists(name, ids, "rule", rule.where, f"rule {rule.id}: on_top_of", problems)
        for key, answers in (("fires", rule.fires), ("not", rule.rests)):
            for name in answers or {}:
                place = f"rule {rule.id}: examples: {key}"
                _exists(name, book.questions, "question field", rule.where, place, problems)


def _exists(
    name: str, known: Iterable[str], noun: str, where: str, place: str, problems: list[Problem], remedy: str = ""
) -> None:
    if name not in known:
        remedy = nearest(name, known) or remedy or f"use a {noun} that exists, or add it"
        problems.append(Problem(where, place, f"'{name}'", f"a known {noun}", remedy))


def _conditions(book: Rulebook) -> Iterator[tuple[str, str, Condition]]:
    for rule in book.rules:
        yield rule.where, f"rule {rule.id}: when", rule.when
    for question in book.questions.values():
        if question.applies_when is not None:
            yield "questions.yaml", f"question {question.field}: applies_when", question.applies_when
    for approach in book.approaches.values():
        for technique in approach.techniques:
            yield "approaches.yaml", f"technique {technique.id}: when", technique.when


def _cited(book: Rulebook) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for rule in book.rules:
        yield rule.where, f"rule {rule.id}: source", rule.source
        for contest in rule.contested_by:
            yield rule.where, f"rule {rule.id}: contested_by", contest.source
    for parameter in book.parameters.values():
        yield "parameters.yaml", f"parameter {parameter.id}: source", parameter.source
    for fact in book.market.values():
        yield "market.yaml", f"fact {fact.id}: source", fact.source
    for case in book.cases:
        yield case.where, f"case {case.id}: source", case.source


def _node(book: Rulebook, node: Condition, where: str, place: str, problems: list[Problem]) -> None:
    if isinstance(node, Market):
        _exists(node.fact, book.market, "market fact", where, place, problems, "add it to market.yaml")
    elif isinstance(node, Among | Compare | Known):
        names = {*book.questions, *DERIVED_FACTS}
        if node.fact not in names:
            _exists(node.fact, names, "question field or derived fact", where, place, problems)
        elif isinstance(node, Among):
            _among(book, node, where, place, problems)
        elif isinstance(node, Compare):
            _compare(book, node, where, place, problems)


def _among(book: Rulebook, node: Among, where: str, place: str, problems: list[Problem]) -> None:
    question = book.questions.get(node.fact)
    if question is not None and question.kind == "model":
        return
    if question is None or question.kind != "choice":
        found, allowed = f"words for the number '{node.fact}'", "at_least, above, at_most, below or between"
        problems.append(Problem(where, place, found, allowed, "compare it with a number"))
        return
    for value in node.values:
        if value not in question.values:
            allowed = f"an option of {node.fact}: {', '.join(question.values)}"
            remedy = nearest(value, question.values) or "use one of the options"
            problems.append(Problem(where, place, f"'{value}'", allowed, remedy))


def _compare(book: Rulebook, node: Compare, where: str, place: str, problems: list[Problem]) -> None:
    question = book.questions.get(node.fact)
    if question is not None and not question.numeric:
        found, allowed = f"a bound for the choice '{node.fact}'", "is, is_not, in or not_in"
        problems.append(Problem(where, place, found, allowed, "name its options instead"))
    _bound(book, node.bound, where, place, problems)


def _bound(book: Rulebook, bound: Bound, where: str, place: str, problems: list[Problem]) -> None:
    if bound.parameter is None:
        return
    parameter = book.parameters.get(bound.parameter)
    if parameter is None:
        _exists(bound.parameter, book.parameters, "parameter", where, place, problems, "add it to parameters.yaml")
        return
    value: Any = parameter.on(date.max) if parameter.values else 0
    if bound.by is None and isinstance(value, dict) and "likely" not in value:
        found = f"the table '{bound.parameter}' without a key"
        problems.append(Problem(where, place, found, "{parameter: ID, by: FACT}", "add 'by:' with a choice question"))
    if bound.by is not None:
        question = book.questions.get(bound.by)
        table = value if isinstance(value, dict) else {}
        missing = [word for word in (question.values if question else ()) if word not in table]
        if question is None or question.kind != "choice" or not isinstance(value, dict):
            found, allowed = f"by: '{bound.by}'", "a choice question that the table is keyed by"
            problems.append(Problem(where, place, found, allowed, "name that question"))
        elif missing:
            found = f"no value for {', '.join(missing)}"
            problems.append(Problem(where, place, found, "one for each option", f"add them to {bound.parameter}"))
