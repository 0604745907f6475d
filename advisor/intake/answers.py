"""Reads an answers file (YAML or JSON) into frozen answers. Every mistake in it is reported at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from advisor.errors import InputError, Problem, nearest, shown
from advisor.knowledge import yaml_file
from advisor.knowledge.domain import CRITERIA, Question, Rulebook
from advisor.knowledge.price_overrides import FIELD as PRICES
from advisor.knowledge.price_overrides import PriceOverride, parse_overrides
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.token_prices import check_model

NOT_KNOWN = "not_known"
DOES_NOT_APPLY = "does_not_apply"
RANGE_KEYS = ("low", "likely", "high")
TEXT_LIMIT = 4000
MODEL_LIMIT = 120
MOST_KEYS = 1000
MOST = 1e15  # of a number whose question sets no bound


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user said about one question.

    `kind` tells which: a `word` (choice or model id), a `number` (low = likely = high), a `range`, `weights`
    (criterion to 0-5) or `does_not_apply`. *Not known* is the absence of an answer.
    """

    kind: Literal["word", "number", "range", "weights", "does_not_apply"]
    word: str = ""
    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    origin: Literal["stated", "detected", "measured"] = "stated"

    def plain(self) -> Any:
        """The answer in the form of an answers file."""
        if self.kind == "word":
            return self.word
        if self.kind == "number":
            return _whole(self.likely)
        if self.kind == "range":
            return {"low": _whole(self.low), "likely": _whole(self.likely), "high": _whole(self.high)}
        if self.kind == "weights":
            return {name: _whole(weight) for name, weight in self.weights.items()}
        return DOES_NOT_APPLY


@dataclass(frozen=True, slots=True)
class Answers:
    """The parsed answers of one assessment: a name, a description, an answer per field that was answered.

    `prices` are the user's own, in place of those of the price table.
    """

    name: str = ""
    description: str = ""
    given: Mapping[str, Answer] = field(default_factory=dict)
    prices: Mapping[str, PriceOverride] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def get(self, name: str) -> Answer | None:
        """The answer to one question, or None where it is not known."""
        return self.given.get(name)

    def plain(self) -> dict[str, Any]:
        """The content of an answers file that parses to these answers; fields in alphabetical order."""
        head = {"name": self.name, "description": self.description}
        body = {name: self.given[name].plain() for name in sorted(self.given)}
        own = {key: self.prices[key].plain() for key in sorted(self.prices)}
        return {key: value for key, value in head.items() if value} | body | ({PRICES: own} if own else {})

    def changed(self, changes: Mapping[str, Answer | None]) -> Answers:
        """The same answers with some replaced; None removes one."""
        given = {name: answer for name, answer in (dict(self.given) | dict(changes)).items() if answer is not None}
        return Answers(self.name, self.description, given, self.prices)


def read(path: Path, book: Rulebook) -> Answers:
    """The answers of a file. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    raw = yaml_file.read(path, problems, str(path))
    if problems:
        raise InputError(problems)
    return parse({} if raw is None else raw, book, str(path))


def parse_text(text: str | bytes, book: Rulebook, where: str = "answers") -> Answers:
    """The answers of YAML or JSON text. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    raw = yaml_file.parse(text.encode() if isinstance(text, str) else text, problems, where)
    if problems:
        raise InputError(problems)
    return parse({} if raw is None else raw, book, where)


def parse(raw: Any, book: Rulebook, where: str = "answers") -> Answers:
    """The answers of a plain mapping. Raises InputError that lists every problem in it."""
    problems: list[Problem] = []
    if not isinstance(raw, Mapping):
        raise InputError([Problem(where, "", shown(raw), "a mapping of fields to answers")])
    for place, found in (("", raw), *((str(key), value) for key, value in raw.items())):
        if isinstance(found, Mapping) and len(found) > MOST_KEYS:  # each would be told of, with its nearest neighbour
            raise InputError([Problem(where, place, f"{len(found):,} keys", f"at most {MOST_KEYS} keys")])
    texts = {key: _text(raw.get(key), key, where, problems) for key in ("name", "description")}
    given: dict[str, Answer] = {}
    own: dict[str, PriceOverride] = {}
    if raw.get(PRICES) is not None:
        own = parse_overrides(raw[PRICES], PriceTable.load(book.price_folder), where, problems)
    for name, value in raw.items():
        if name in texts or name == PRICES:
            continue
        question = book.questions.get(str(name))
        if question is None:
            remedy = nearest(str(name), book.questions) or "remove it, or see the list in docs/answers-format.md"
            problems.append(Problem(where, str(name), "an unknown field", "a field of the questionnaire", remedy))
            continue
        answer = parse_one(question, value, where, problems)
        if answer is not None:
            given[question.field] = answer
    if problems:
        raise InputError(problems)
    return Answers(texts["name"], texts["description"], given, own)


def parse_one(question: Question, value: Any, where: str, problems: list[Problem]) -> Answer | None:
    """The answer that `value` stands for; None where it is not known or (with a problem added) wrong."""
    if value is None or value == NOT_KNOWN:
        return None
    if value == DOES_NOT_APPLY:
        return Answer("does_not_apply")
    if question.kind == "choice":
        return _word(question, value, where, problems)
    if question.kind == "model":
        return _model(question, value, where, problems)
    if question.kind == "priorities":
        return _weights(question, value, where, problems)
    if isinstance(value, Mapping):
        return _range(question, value, where, problems)
    number = _number(question, value, question.field, where, problems)
    return None if number is None else Answer("number", low=number, likely=number, high=number)


def _text(value: Any, key: str, where: str, problems: list[Problem]) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, Mapping | list) or len(text) > TEXT_LIMIT:
        problems.append(Problem(where, key, shown(value), f"a text of at most {TEXT_LIMIT} characters"))
        return ""
    return text


def _word(question: Question, value: Any, where: str, problems: list[Problem]) -> Answer | None:
    if isinstance(value, str) and value in question.values:
        return Answer("word", word=value)
    allowed = "one of " + ", ".join(question.values) + f", or {NOT_KNOWN}"
    remedy = nearest(str(value), question.values)
    problems.append(Problem(where, question.field, shown(value), allowed, remedy))
    return None


def _model(question: Question, value: Any, where: str, problems: list[Problem]) -> Answer | None:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MODEL_LIMIT or not value.isprintable():
        allowed = "the id of a model, for example openai/gpt-6-luna"
        problems.append(Problem(where, question.field, shown(value), allowed))
        return None
    problem = check_model(value.strip(), where, question.field)
    if problem is not None:
        problems.append(problem)
        return None
    return Answer("word", word=value.strip())


def _weights(question: Question, value: Any, where: str, problems: list[Problem]) -> Answer | None:
    before = len(problems)
    if not isinstance(value, Mapping):
        problems.append(Problem(where, question.field, shown(value), "a mapping of criteria to 0-5"))
        return None
    for name, weight in value.items():
        place = f"{question.field}.{name}"
        if name not in CRITERIA:
            allowed = "one of " + ", ".join(CRITERIA)
            problems.append(Problem(where, place, "an unknown criterion", allowed, nearest(str(name), CRITERIA)))
        elif isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 5:
            problems.append(Problem(where, place, shown(weight), "a number from 0 to 5"))
    if len(problems) > before:
        return None
    if value and not any(value.values()) and len(value) == len(CRITERIA):
        problems.append(Problem(where, question.field, "0 for every criterion", "at least one above 0"))
        return None
    return Answer("weights", weights={name: float(weight) for name, weight in value.items()})


def _range(question: Question, value: Mapping[str, Any], where: str, problems: list[Problem]) -> Answer | None:
    before = len(problems)
    if set(value) != set(RANGE_KEYS):
        problems.append(Problem(where, question.field, shown(dict(value)), "a number, or {low: , likely: , high: }"))
        return None
    numbers = [_number(question, value[key], f"{question.field}.{key}", where, problems) for key in RANGE_KEYS]
    if len(problems) > before:
        return None
    low, likely, high = (number if number is not None else 0.0 for number in numbers)
    if not low <= likely <= high:
        found = f"low {_whole(low)}, likely {_whole(likely)}, high {_whole(high)}"
        problems.append(Problem(where, question.field, found, "low ≤ likely ≤ high", "put them in order"))
        return None
    return Answer("number" if low == high else "range", low=low, likely=likely, high=high)


def _number(question: Question, value: Any, place: str, where: str, problems: list[Problem]) -> float | None:
    allowed = _allowed(question)
    nan = isinstance(value, float) and math.isnan(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or nan:
        problems.append(Problem(where, place, shown(value), allowed, _number_remedy(value)))
        return None
    too_low = question.min is not None and value < question.min
    too_high = value > (MOST if question.max is None else question.max)
    if too_low or too_high or (question.kind == "integer" and value != int(value)):
        remedy = "write 0.9 for 90 %" if question.kind == "share" and 1 < value <= 100 else ""
        if too_high:  # the bound of a question without one is worth telling only where it is passed
            allowed = _allowed(replace(question, max=MOST if question.max is None else question.max))
        problems.append(Problem(where, place, shown(value), allowed, remedy))
        return None
    return float(value)


def _number_remedy(value: Any) -> str:
    if isinstance(value, str) and any(character.isdigit() for character in value):
        return "write digits only, with a point before decimals and without units, spaces or thousands separators"
    return f"write {NOT_KNOWN} if you do not know" if isinstance(value, str) else ""


def _allowed(question: Question) -> str:
    noun = "a whole number" if question.kind == "integer" else "a number"
    if question.min is not None and question.max is not None:
        noun += f" from {_whole(question.min)} to {_whole(question.max)}"
    elif question.min is not None:
        noun += f" of at least {_whole(question.min)}"
    return f"{noun}{' ' + question.unit if question.unit else ''}, or {NOT_KNOWN}"


def _whole(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number
