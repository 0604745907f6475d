"""The ways to ask an endpoint, best first: letters with log-probabilities, a JSON schema, and plain text read strictly.

A rung makes requests from texts and reads replies. Which rung a server can climb is found out on a few training rows.
"""

from __future__ import annotations

import json
import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..models.endpoint_wire import Reply
from ..records import Example, TaskCard, digest
from ..tasks.json_text import parse
from ..tasks.kinds import CLASSIFICATION, EXTRACTION
from ..tasks.schema import form, misfit, written
from . import prompts

LETTERS = string.ascii_uppercase[:20]
TOP = 20
LETTER_TEMPLATE = "{description}\nAnswer with the letter of the label that fits and with nothing else.\n{lines}"
FEWEST_TOKENS = 16
MOST_TOKENS = 1024
LABEL_SPARE = 24
# A label that is not among the alternatives is less likely than the last of them, by how much nobody says.
BELOW_LAST = 1.0

Body = Mapping[str, Any]
Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a reply says: an answer, with the log-probability of every label where the rung gives it."""

    label: str | None
    scores: tuple[float, ...] | None = None


class Rung(Protocol):
    """One way to ask."""

    name: str

    def body(self, text: str) -> Body:
        """The request for one text, without the model's name."""
        ...

    def read(self, reply: Reply) -> Said:
        """What a reply says; a label of None where it is no answer."""
        ...


def rungs(card: TaskCard, shots: Sequence[Example], answers: Sequence[str], seed: int) -> list[Rung]:
    """The rungs that fit a task, best first; `answers` are those of training rows, which tell how long one may be."""
    if card.kind == CLASSIFICATION:
        letters: list[Rung] = [Letters(card, shots, seed)] if len(card.labels) <= len(LETTERS) else []
        return [*letters, Choice(card, shots), Plain(card, shots, answers)]
    if card.kind == EXTRACTION:
        return [Form(card, shots, answers), Plain(card, shots, answers)]
    return [Plain(card, shots, answers)]


def settings() -> dict[str, Any]:
    """What in the wording of requests and in their reading may change a number."""
    return {
        "letter_template": LETTER_TEMPLATE,
        "letters": LETTERS,
        "top": TOP,
        "below_last": BELOW_LAST,
        "answer_tokens": [FEWEST_TOKENS, MOST_TOKENS, LABEL_SPARE],
    }


class Letters:
    """Every label has a letter, in an order that the seed shuffles; one token is written, and its alternatives read."""

    name = "letters"

    def __init__(self, card: TaskCard, shots: Sequence[Example], seed: int) -> None:
        self.card, self.shots = card, shots
        self.order = sorted(card.labels, key=lambda label: digest([seed, "letters", label]))
        self.letters = dict(zip(self.order, LETTERS, strict=False))

    def messages(self, text: str) -> list[Message]:
        """The chat that asks for a letter."""
        lines = "\n".join(f"{letter}. {label}" for label, letter in self.letters.items())
        system = LETTER_TEMPLATE.format(description=self.card.description, lines=lines)
        return chat(system, [(shot.text, self.letters[shot.label]) for shot in self.shots], text)

    def body(self, text: str) -> Body:
        """One token with its likeliest alternatives."""
        return _body(self.messages(text), 1) | {"logprobs": True, "top_logprobs": TOP}

    def read(self, reply: Reply) -> Said:
        """The letter whose spellings are likeliest together; no label without any of the letters."""
        found: dict[str, list[float]] = {}
        for token, value in reply.first:
            found.setdefault(token.strip(), []).append(value)
        if not set(found) & set(self.letters.values()):
            return Said(None)
        missing = min(value for _, value in reply.first) - BELOW_LAST
        scores = tuple(_together(found.get(self.letters[label], [missing])) for label in self.card.labels)
        return Said(self.card.labels[scores.index(max(scores))], scores)


class Choice:
    """A JSON object whose one field must be a label; which is written under the server's constraint, if it has one."""

    name = "schema"

    def __init__(self, card: TaskCard, shots: Sequence[Example]) -> None:
        self.card = card
        self.shots = [(shot.text, _as_json({"label": shot.label})) for shot in shots]
        self.schema = {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": list(card.labels)}},
            "required": ["label"],
            "additionalProperties": False,
        }

    def body(self, text: str) -> Body:
        """The instruction, and the schema with the labels."""
        tokens = max(len(label.encode("utf-8")) for label in self.card.labels) + LABEL_SPARE
        system = f'{instruction(self.card)}\nAnswer as JSON: {{"label": ...}}'
        return _body(chat(system, self.shots, text), tokens) | _format("label", self.schema, strict=True)

    def read(self, reply: Reply) -> Said:
        """The label, where the reply is an object of that field and no other."""
        found = _object(reply.text)
        label = found.get("label") if found is not None and set(found) == {"label"} else None
        return Said(label if isinstance(label, str) and label in self.card.labels else None)


class Form:
    """An extraction's object under the card's JSON schema."""

    name = "schema"

    def __init__(self, card: TaskCard, shots: Sequence[Example], answers: Sequence[str]) -> None:
        self.card, self.tokens = card, _tokens(answers)
        self.shots = [(shot.text, shot.label) for shot in shots]

    def body(self, text: str) -> Body:
        """The instruction, and the schema as the card has it: a field may be left out."""
        messages = chat(instruction(self.card), self.shots, text)
        return _body(messages, self.tokens) | _format("answer", dict(self.card.schema or {}), strict=False)

    def read(self, reply: Reply) -> Said:
        """The object, where it fits the schema."""
        return Said(_fitting(self.card, reply.text))


class Plain:
    """Plain text: a label in other capitals, in quotation marks or with a full stop is that label, nothing else is."""

    name = "text"

    def __init__(self, card: TaskCard, shots: Sequence[Example], answers: Sequence[str]) -> None:
        self.card = card
        self.shots = [(shot.text, shot.label) for shot in shots]
        self.tokens = (
            max(len(label.encode("utf-8")) for label in card.labels) + LABEL_SPARE if card.labels else _tokens(answers)
        )

    def body(self, text: str) -> Body:
        """The instruction alone."""
        return _body(chat(instruction(self.card), self.shots, text), self.tokens)

    def read(self, reply: Reply) -> Said:
        """The label, the object that fits the schema, or the text."""
        if self.card.kind == EXTRACTION:
            return Said(_fitting(self.card, reply.text))
        if self.card.kind != CLASSIFICATION:
            return Said(reply.text.strip() or None)
        plain = _plainly(reply.text)
        matching = [label for label in self.card.labels if _plainly(label) == plain]
        exact = [label for label in matching if label == reply.text.strip()]
        return Said((exact or matching)[0] if len(matching) == 1 or exact else None)


def chat(system: str, shots: Sequence[tuple[str, str]], text: str) -> list[Message]:
    """The instruction first, then the solved examples, the text last: what stays the same can be kept by the server."""
    turns = [{"role": "system", "content": system}]
    for document, answer in shots:
        turns += [{"role": "user", "content": document}, {"role": "assistant", "content": answer}]
    return [*turns, {"role": "user", "content": text}]


def instruction(card: TaskCard) -> str:
    """The words that local arms are tuned on, for the kind of task."""
    return prompts.templates(card.kind)[prompts.DEFAULT_TEMPLATE].format(
        description=card.description,
        labels=", ".join(card.labels),
        lines="\n".join(f"- {label}" for label in card.labels),
        form=form(card.schema) if card.schema is not None else "",
        thing=prompts.THINGS.get(card.kind, ""),
    )


def _body(messages: list[Message], tokens: int) -> dict[str, Any]:
    return {"messages": messages, "max_tokens": tokens, "temperature": 0}


def _format(name: str, schema: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    shaped = {"name": name, "strict": strict, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": shaped}}


def _tokens(answers: Sequence[str]) -> int:
    """How many tokens an answer may have: as many as the longest answer has signs, within bounds."""
    return min(MOST_TOKENS, max(FEWEST_TOKENS, *(len(answer) for answer in answers), 0))


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = parse(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _fitting(card: TaskCard, text: str) -> str | None:
    """The object in the text as the house writes it; None where it is none, or does not fit the card's schema."""
    found, schema = _object(text), card.schema or {}
    return None if found is None or next(iter(misfit(schema, [found]))) else written(found, schema)


def _plainly(text: str) -> str:
    return text.strip().strip("\"'`*“”„").rstrip(".").strip().casefold()


def _together(values: Sequence[float]) -> float:
    most = max(values)
    return most + math.log(math.fsum(math.exp(value - most) for value in values))
