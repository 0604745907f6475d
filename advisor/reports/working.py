"""Reads the origin of an estimate apart: `formula: term [origin]; term [formula: …]` becomes formula and single inputs.

What is not written like that stays as it is, so nothing of an origin is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a formula: its name with its value, and where that comes from (or the formula that gives it)."""

    value: str
    origin: str


def formula(source: str) -> str:
    """The formula of an estimate, without its terms; the whole text where it is not a formula with terms."""
    return (_parts(source) or (source, []))[0]


def inputs(source: str) -> Iterator[Input]:
    """The terms of an estimate, each followed by the terms that it is itself worked out from."""
    parts = _parts(source)
    for term in parts[1] if parts else []:
        value, _, origin = term[:-1].partition(" [")
        yield Input(value, formula(origin))
        yield from inputs(origin)


def _parts(source: str) -> tuple[str, list[str]] | None:
    head, colon, rest = source.partition(": ")
    terms = _split(rest)
    if not colon or "[" in head or not all(term.endswith("]") and " [" in term for term in terms):
        return None
    return head, terms


def _split(text: str) -> list[str]:
    """The text between the semicolons that stand outside all brackets."""
    terms, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += {"[": 1, "]": -1}.get(letter, 0)
        if letter == ";" and depth == 0:
            terms.append(text[start:index].strip())
            start = index + 1
    return [*terms, text[start:].strip()]
